"""Restarting with patience, on a nginx that does what the test says."""

import asyncio
from typing import Any, cast

import pytest

from streamstead.engine import supervise
from streamstead.engine.events import Events
from streamstead.engine.supervise import Supervisor


class ScriptedNginx:
    """Runs until ``end`` is called; ``fail`` makes every start end at once."""

    def __init__(self) -> None:
        self.boot = self
        self.starts = 0
        self.stops = 0
        self.fail = False
        self._running = asyncio.Event()
        self._ended = asyncio.Event()

    def alive(self) -> bool:
        return self._running.is_set()

    def start(self) -> None:
        self.starts += 1
        self._ended.clear()
        self._running.set()
        if self.fail:
            self.end()

    def end(self) -> None:
        self._running.clear()
        self._ended.set()

    async def wait(self) -> None:
        await self._ended.wait()

    async def stop(self) -> None:
        self.stops += 1
        self.end()

    async def adopt(self) -> bool:
        return False

    def last_error(self) -> str:
        return "bind() failed"

    def trim_log(self) -> None:
        return


class SilentMonitor:
    """Shows statistics or not, as ``stat`` says."""

    def __init__(self) -> None:
        self.stat: object | None = object()

    async def check(self, after_pause: bool = False) -> None:
        await asyncio.sleep(0)

    def nginx_ended(self) -> None:
        return


class Goodbyes:
    def __init__(self) -> None:
        self.reasons: list[str] = []

    def end_all(self, reason: str, kinds: object = None) -> None:
        self.reasons.append(reason)


def supervisor() -> tuple[Supervisor, ScriptedNginx, SilentMonitor, Goodbyes, Events]:
    nginx, monitor, goodbyes, events = ScriptedNginx(), SilentMonitor(), Goodbyes(), Events()
    found = Supervisor(cast(Any, nginx), cast(Any, goodbyes), cast(Any, monitor), events)
    return found, nginx, monitor, goodbyes, events


async def until(check: Any) -> None:
    async with asyncio.timeout(30):
        while not check():  # noqa: ASYNC110  the scripted parts have no event for it
            await asyncio.sleep(0.005)


async def test_a_start_that_keeps_failing_is_repeated_more_and_more_slowly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    real_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        if seconds in supervise.BACKOFF_S:
            pauses.append(seconds)
        await real_sleep(0)

    monkeypatch.setattr(supervise.asyncio, "sleep", sleep)
    found, nginx, _, goodbyes, events = supervisor()
    nginx.fail = True
    await found.begin()
    task = asyncio.create_task(found.run())
    async with asyncio.timeout(30):
        while nginx.starts < 8:
            await real_sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert pauses[:6] == [*supervise.BACKOFF_S[1:], supervise.BACKOFF_S[-1]]
    assert goodbyes.reasons[:2] == ["engine restarted", "nginx ended"]
    assert events.newest_first()[0].detail == "bind() failed"


async def test_a_nginx_that_hangs_is_ended_and_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervise, "WATCH_S", 0.005)
    monkeypatch.setattr(supervise, "HUNG_S", 0.03)
    found, nginx, monitor, _, events = supervisor()
    await found.begin()
    tasks = [asyncio.create_task(found.run()), asyncio.create_task(found.watch())]
    await asyncio.sleep(0.1)
    assert nginx.stops == 0
    monitor.stat = None
    await until(lambda: nginx.stops == 1)
    monitor.stat = object()
    await until(lambda: nginx.starts == 2)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert {event.key for event in events.newest_first()} == {"nginx_hung", "nginx_ended"}
