"""The statistics at work: a real Redis, real files, and whatever may happen to both."""

import asyncio
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path

import orjson
import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis

from streamstead.core.epoch import StoreEpoch
from streamstead.core.errors import RateLimited
from streamstead.core.events import Event, EventStream
from streamstead.core.registry import Kind, Protocol, Session, StreamRegistry
from streamstead.core.runner import background
from streamstead.core.settings import Settings
from streamstead.platform.stats_queries import Range, SessionRow
from streamstead.platform.stats_recorder import MAX_WAITING, Statistics

from ..conftest import wait_until
from .visits import DAY_S, NOON, Book, Visit

AT = NOON * 1000
DAY_MS = DAY_S * 1000
WAIT_S = 30.0
ROOT = Path(__file__).parents[2]


async def until(check: Callable[[], bool], what: str) -> None:
    """Wait for a condition on disk or in Redis; fail naming it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(WAIT_S):
            while not check():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            return
    pytest.fail(f"not within {WAIT_S} s: {what}")


class House:
    """Statistics of a data directory, with a clock of the test's."""

    def __init__(self, settings: Settings, redis: Redis, registry: StreamRegistry) -> None:
        self.settings = settings
        self.registry = registry
        self.redis = redis
        self.now_ms = AT
        self.stats = self.restarted()

    def restarted(self) -> Statistics:
        self.stats = Statistics(
            self.settings, EventStream(self.redis), self.registry, lambda: self.now_ms
        )
        return self.stats

    def running(self) -> AbstractAsyncContextManager[None]:
        return background(self.stats.take_events())

    def rows(self) -> list[SessionRow]:
        return Book(self.settings.data.stats).rows()

    async def viewer(self, client_id: str, since_ms: int = AT) -> Session:
        session = Session(
            client_id=client_id,
            kind=Kind.PLAY,
            protocol=Protocol.FLV,
            vhost="__defaultVhost__",
            app="live",
            stream="cam",
            url="live/cam",
            ip="203.0.113.7",
            since_ms=since_ms,
            user_agent="VLC",
        )
        assert (await self.registry.play(session)).yes
        return session


@pytest.fixture
async def house(settings: Settings, redis: Redis) -> AsyncIterator[House]:
    epoch = StoreEpoch(redis, settings.data.store_id)
    await epoch.ensure()
    house = House(settings, redis, StreamRegistry(redis, lambda: epoch.value))
    yield house
    await house.stats.aclose()


async def test_what_the_registry_tells_is_written(house: House, redis_server: SyncRedis) -> None:
    async with house.running():
        await house.viewer("v1")
        await house.registry.finish("v1", AT + 4_000, "on_stop")
        await house.registry.close("v1", AT + 4_001, 700, 70)
        await house.viewer("v2", AT + 5_000)
        await until(lambda: len(house.rows()) == 2, "both viewers are written")
        await until(lambda: house.rows()[1].send_bytes == 700, "the exact bytes are written")
        await until(lambda: lag(redis_server) == 0, "all of it is acknowledged")
    young, old = house.rows()
    assert (old.client_id, old.ended_ms, old.recv_bytes) == ("v1", AT + 4_000, 70)
    assert (old.reason, old.user_agent, young.ended_ms) == ("on_stop", "VLC", None)


async def test_what_could_not_be_written_comes_again(house: House) -> None:
    """The place is taken by a file at first: every write fails."""
    house.settings.data.stats.write_text("in the way")
    async with house.running():
        await house.viewer("v1")
        await until(lambda: house.stats._told_failure is not None, "the failure is noticed")
        await house.registry.finish("v1", AT + 4_000, "on_stop")
        house.settings.data.stats.unlink()
        await until(lambda: [row.ended_ms for row in house.rows()] == [AT + 4_000], "it is written")


@pytest.fixture
def small_disk(settings: Settings) -> Iterator[Path]:
    """A file system of its own with 2 MB."""
    place = settings.data.stats
    place.mkdir()
    argv = ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(argv, capture_output=True).returncode:
        pytest.skip("a file system cannot be mounted here (needs root)")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


async def test_a_full_disk_stops_nothing_and_loses_nothing(house: House, small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    visits = [Visit(f"v{n}", AT + n, AT + n + 1_000) for n in range(300)]
    await house.stats.record([visit.began() for visit in visits])
    with suppress(OSError):
        ballast.write_bytes(bytes(2_000_000))
    events = [
        event for visit in visits for event in (visit.ended(), visit.closed(AT + 9_000, 5, 5))
    ]
    more = [Visit(f"w{n}", AT + n, ip="198.51.100.9").began() for n in range(2_000)]
    task = asyncio.create_task(house.stats.record(events + more))
    await until(lambda: house.stats._told_failure is not None, "the disk is full")
    assert not task.done()
    ballast.unlink()
    bigger = ["mount", "-o", "remount,size=40m", str(small_disk)]
    await asyncio.to_thread(subprocess.run, bigger, check=True)
    async with asyncio.timeout(WAIT_S):
        await task
    rows = house.rows()
    assert len(rows) == 2_300
    assert {row.ended_ms for row in rows if row.client_id == "v7"} == {AT + 1_007}


async def test_a_file_that_breaks_while_in_use_is_replaced(house: House) -> None:
    visits = [Visit(f"v{n}", AT + n, AT + n + 1_000) for n in range(2_000)]
    await house.stats.record([visit.began() for visit in visits])
    await house.stats.aclose()
    path = house.settings.data.stats / "2026-09-21.sqlite"
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    async with asyncio.timeout(WAIT_S):
        await house.restarted().record([Visit("new", AT).began()])
    assert [row.client_id for row in house.rows()] == ["new"]
    assert path.with_name(path.name + ".broken-1").exists()


async def test_sessions_that_the_registry_lost_end_when_they_were_last_seen(house: House) -> None:
    async with house.running():
        session = await house.viewer("v1")
        await until(lambda: len(house.rows()) == 1, "the viewer is written")
    house.now_ms = AT + 60_000
    await house.stats.compare()
    assert house.rows()[0].ended_ms is None, "it is there"
    await house.stats.aclose()
    await house.redis.flushall()
    house.now_ms = AT + DAY_MS  # nobody looked for a day
    await house.restarted().compare()
    (row,) = house.rows()
    assert (row.ended_ms, row.reason) == (AT + 60_000, "lost")
    assert session.since_ms == row.started_ms


async def test_sessions_whose_events_were_lost_are_added(house: House) -> None:
    await house.viewer("v1")
    await house.viewer("v2", AT + 1_000)
    await house.redis.delete(EventStream.KEY)
    await house.stats.compare()
    assert [row.client_id for row in house.rows()] == ["v2", "v1"]
    async with house.running():
        await house.registry.finish("v1", AT + 9_000, "on_stop")
        await until(lambda: house.rows()[1].ended_ms == AT + 9_000, "the end of v1 is written")


async def test_of_two_sessions_with_one_client_id_the_younger_may_be_there(house: House) -> None:
    await house.stats.record([Visit("v1", AT - 9_000).began()])
    await house.viewer("v1")
    await house.stats.record([Visit("v1", AT).began()])
    await house.stats.compare()
    assert [(row.started_ms, row.reason) for row in house.rows()] == [
        (AT, ""),
        (AT - 9_000, "lost"),
    ]


async def test_a_clock_that_jumps_removes_nothing(house: House) -> None:
    await house.stats.record([Visit("v1", AT, AT + 1).ended()])
    rounds: list[int] = []
    jump_ms = 400 * DAY_MS

    def clock() -> int:
        rounds.append(0)
        return house.now_ms + len(rounds) * jump_ms + time.monotonic_ns() // 1_000_000

    house.stats._clock = clock
    path = house.settings.data.stats / "2026-09-21.sqlite"
    async with background(house.stats.keep_up(0.01)):
        await until(lambda: len(rounds) > 20, "some rounds are done")
        assert path.exists()
        jump_ms = 0
        house.now_ms += 400 * DAY_MS
        await until(lambda: not path.exists(), "a steady clock removes what is old")


async def test_addresses_are_shortened_in_the_course_of_time(house: House) -> None:
    await house.stats.record([Visit("v1", AT, ip="203.0.113.77").began()])
    house.now_ms = AT + DAY_MS + 1
    await house.stats.shorten_addresses()
    assert house.rows()[0].ip == "203.0.113.0/24"


async def test_too_many_questions_at_once_are_refused(house: House) -> None:
    go_on = threading.Event()
    waiting = [
        asyncio.create_task(house.stats.ask(lambda _: go_on.wait(WAIT_S)))
        for _ in range(MAX_WAITING)
    ]
    await asyncio.sleep(0)  # the tasks have begun
    with pytest.raises(RateLimited):
        await house.stats.ask(lambda _: None)
    go_on.set()
    assert await asyncio.gather(*waiting) == [True] * MAX_WAITING


CONSUMER = """
import asyncio, sys, time
from pathlib import Path
from streamstead.core.events import EventStream
from streamstead.core.registry import StreamRegistry
from streamstead.core.runner import background
from streamstead.core.settings import Settings
from streamstead.core.store import open_redis
from streamstead.platform.stats_recorder import Statistics

async def main() -> None:
    settings = Settings.model_validate_json(sys.stdin.readline())
    max_rows, batch, now_ms = (int(word) for word in sys.argv[1:])
    async with open_redis(settings) as redis:
        class Slow(EventStream):
            def consume(self, group, consumer="1"):
                return super().consume(group, consumer, batch)
            async def ack(self, group, events):
                # Committed and not acknowledged: here it is killed, or told to go on.
                print("committed", flush=True)
                if await asyncio.to_thread(sys.stdin.readline) == "":
                    return
                await super().ack(group, events)
        await Statistics(
            settings, Slow(redis), StreamRegistry(redis), lambda: now_ms, max_rows
        ).take_events()

asyncio.run(main())
"""


def plain(settings: Settings) -> str:
    """Return the settings as one line that a child can read back."""
    fields = settings.model_dump(mode="json")
    for name in ("api_secret", "hook_secret", "redis_password"):
        fields[name] = getattr(settings, name).get_secret_value()
    return orjson.dumps(fields).decode() + "\n"


@pytest.mark.parametrize("max_rows", [1_000_000, 40])
def test_a_kill_between_commit_and_acknowledgement_doubles_nothing(
    settings: Settings, redis_server: SyncRedis, max_rows: int
) -> None:
    visits = [Visit(f"v{n}", AT + n * 100, AT + n * 100 + 30_000 + n) for n in range(150)]
    events = sorted(
        [event for visit in visits for event in (visit.began(), visit.ended())],
        key=lambda one: one.at_ms,
    )
    for one in events:
        append(redis_server, one)
    kills = 0
    while lag(redis_server) > 0:
        child = subprocess.Popen(
            [sys.executable, "-c", CONSUMER, str(max_rows), "25", str(AT + 3_600_000)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(plain(settings))
        child.stdin.flush()
        for _ in range(4):  # four batches go well, the fifth is cut
            assert child.stdout.readline() == "committed\n"
            before = lag(redis_server)
            child.stdin.write("go on\n")
            child.stdin.flush()
            wait_until(lambda: lag(redis_server) < before, "the batch is acknowledged", WAIT_S)  # noqa: B023
            if lag(redis_server) == 0:
                break
        else:
            assert child.stdout.readline() == "committed\n"
        child.kill()
        child.wait()
        child.stdin.close()
        child.stdout.close()
        kills += 1
        assert kills < 60
    assert kills >= 3
    book = Book(settings.data.stats, AT + 3_600_000)
    answer = book.reader.viewers(Range(NOON, NOON + 120), 1)
    assert answer.total.sessions == 150
    assert len(book.rows()) == min(150, max_rows)
    assert book.log.open_sessions() == []
    assert answer.total.watch_ms == sum(30_000 + n for n in range(150))


def append(redis: SyncRedis, event: Event) -> None:
    fields = {
        "id": event.event_id,
        "type": event.type,
        "at_ms": event.at_ms,
        "stream": event.stream,
        "data": orjson.dumps(event.data),
    }
    redis.xadd(EventStream.KEY, fields)  # type: ignore[arg-type]


def lag(redis: SyncRedis) -> int:
    """Return how many events the group has not acknowledged."""
    groups = redis.xinfo_groups(EventStream.KEY)
    if not groups:
        return int(redis.xlen(EventStream.KEY))
    (group,) = groups
    last = group["last-delivered-id"]
    return int(group["pending"]) + len(redis.xrange(EventStream.KEY, min=f"({last}"))
