"""Whoever records is woken at the minute, whatever the clock does meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from redis.asyncio import Redis

from streamstead.core.events import EventStream
from streamstead.hooks.record_rules import Schedule
from streamstead.hooks.recorder.rules_store import RulesStore
from streamstead.hooks.recorder.schedule import Scheduler

LIMIT_S = 60.0
SEVEN = round(datetime(2030, 6, 3, 19, 0, tzinfo=ZoneInfo("Europe/Berlin")).timestamp() * 1000)
EVENING = Schedule("s1", "Evening", "live/*", (0,), "19:00", "20:00", "Europe/Berlin")


class Clock:
    """Runs with the real time from where it was put."""

    def __init__(self) -> None:
        self.set(SEVEN - 500)

    def set(self, now_ms: int) -> None:
        self._ahead_ms = now_ms - asyncio.get_running_loop().time() * 1000

    def __call__(self) -> int:
        return round(self._ahead_ms + asyncio.get_running_loop().time() * 1000)


@pytest.fixture
async def clock() -> Clock:
    return Clock()


@pytest.fixture
async def store(redis: Redis, tmp_path: Path, clock: Clock) -> RulesStore:
    return RulesStore(redis, tmp_path / "recording.json", EventStream(redis), clock)


@pytest.fixture
async def woken(store: RulesStore, clock: Clock) -> AsyncIterator[asyncio.Queue[bool]]:
    """What was decided each time when somebody was woken."""
    queue = asyncio.Queue[bool]()
    scheduler = Scheduler(
        store, lambda: queue.put_nowait(store.current.decide("live/cam", clock()).record), clock
    )
    task = asyncio.create_task(scheduler.run())
    yield queue
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def until(woken: asyncio.Queue[bool], wanted: bool) -> None:
    """Wait for the decision; earlier ones may be of what the clock was before."""
    async with asyncio.timeout(LIMIT_S):
        while await woken.get() is not wanted:
            continue


async def test_it_begins_and_ends_on_time(
    store: RulesStore, woken: asyncio.Queue[bool], clock: Clock
) -> None:
    await store.edit(lambda rules: replace(rules, schedules=(EVENING,)))
    await until(woken, True)
    assert clock() >= SEVEN
    clock.set(SEVEN + 3_600_000 - 300)
    await store.edit(lambda rules: replace(rules, grace_s=1))  # anything that makes it look
    await until(woken, False)


async def test_a_clock_that_jumps_over_a_boundary_or_back_wakes_too(
    store: RulesStore, woken: asyncio.Queue[bool], clock: Clock
) -> None:
    clock.set(SEVEN - 7_200_000)
    await store.edit(lambda rules: replace(rules, schedules=(EVENING,)))
    clock.set(SEVEN + 60_000)
    await store.edit(lambda rules: replace(rules, grace_s=1))
    await until(woken, True)
    clock.set(SEVEN - 7_200_000)
    await store.edit(lambda rules: replace(rules, grace_s=2))
    await until(woken, False)
