"""What is told of programs and of the engine: once for each happening."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from streamstead.mgmt.containers import news as news_module
from streamstead.mgmt.containers.news import DOWN_AFTER_S, RESTARTS_EVERY_S, News
from streamstead.mgmt.host_events import HostEvents
from streamstead.mgmt.runtime.protocol import EngineNews
from streamstead.mgmt.status import LastExit, ServiceStatus, State

Until = Callable[[Callable[[], object]], Awaitable[None]]


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def events(tmp_path: Path) -> HostEvents:
    return HostEvents(tmp_path)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def news(events: HostEvents, clock: Clock) -> News:
    return News(events, clock)


def told(events: HostEvents) -> list[str]:
    return [one["type"] for one in events.after(0)]


def status(state: State, detail: str = "") -> list[ServiceStatus]:
    return [ServiceStatus("hooks", state, 0, 0, 1, detail)]


def test_a_program_that_stays_down_is_told_of_once_and_again_when_it_is_up(
    news: News, clock: Clock, events: HostEvents
) -> None:
    assert not news.look(status(State.RUNNING))
    assert news.look(status(State.BACKOFF, "ended: why"))
    clock.now += DOWN_AFTER_S
    assert not news.look(status(State.BACKOFF, "ended: why"))
    for _ in range(5):
        clock.now += 30
        news.look(status(State.BACKOFF, "again"))
    assert told(events) == ["service.down"]
    assert events.after(0)[0]["data"]["reason"] == "ended: why"
    assert news.look(status(State.RUNNING))
    clock.now += 60
    news.look(status(State.RUNNING))
    assert told(events) == ["service.down", "service.up"]


def test_a_flap_is_no_news(news: News, clock: Clock, events: HostEvents) -> None:
    for _ in range(20):
        news.look(status(State.RUNNING))
        clock.now += 1
        news.look(status(State.UNHEALTHY))
        clock.now += 1
    assert told(events) == []


def test_a_first_start_and_what_is_off_are_no_news(
    news: News, clock: Clock, events: HostEvents
) -> None:
    for state in (State.STARTING, State.OFF, State.STOPPED):
        news.look(status(state))
        clock.now += 100
        news.look(status(state))
    assert told(events) == []


def test_a_crash_loop_is_told_of_once_a_minute(
    news: News, clock: Clock, events: HostEvents
) -> None:
    for number in range(10):
        news.ended("hooks", LastExit(number, 1, "ended", ()))
        clock.now += 1
    assert told(events) == ["service.changed"]
    clock.now += RESTARTS_EVERY_S
    news.ended("hooks", LastExit(99, 1, "ended", ()))
    assert told(events) == ["service.changed"] * 2


async def test_an_engine_is_lost_when_it_stays_away(
    news: News, events: HostEvents, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news_module, "ENGINE_AFTER_S", 0.05)
    for _ in range(3):
        news.engine(EngineNews(reachable=False, reason="gone"))
        news.engine(EngineNews(reachable=True))
    await asyncio.sleep(0.1)
    assert told(events) == []
    news.engine(EngineNews(reachable=False, reason="gone"))
    await until(lambda: told(events))
    news.engine(EngineNews(reachable=True))
    news.engine(EngineNews(reachable=True))
    assert told(events) == ["engine.lost", "engine.back"]
