"""A disk that fills: the least valuable work stops first, and goes on by itself."""

from pathlib import Path

import pytest
from redis.asyncio import Redis

from streamstead.core.events import EventStream
from streamstead.hooks.library.catalogue import Catalogue
from streamstead.hooks.recorder.disk import DiskMeter
from streamstead.hooks.recorder.guard import Guard, Level

from ...conftest import RedisServer

DAY_MS = 86_400_000


class Disk(Guard):
    """A guard of a disk of 1000 bytes, of which the test says how many are free."""

    def __init__(self, redis: Redis) -> None:
        super().__init__(
            Path("/"), lambda: (10.0, 5.0), self._note_full, EventStream(redis), lambda: 1_000
        )
        self.full: list[bool] = []
        self.free_bytes = 500
        self.changes = 0
        self.subscribe(self._note_change)

    def free(self) -> tuple[int, int]:
        return 1000, self.free_bytes

    async def _note_full(self, full: bool) -> None:
        self.full.append(full)

    def _note_change(self) -> None:
        self.changes += 1

    async def at(self, free_bytes: int) -> str:
        """Measure that; return the level, and what stands still."""
        self.free_bytes = free_bytes
        await self.look()
        return " ".join((self.level.value, *self.stopped))


@pytest.fixture
def disk(redis: Redis) -> Disk:
    return Disk(redis)


async def types(redis: Redis) -> list[str]:
    return [fields["type"] for _, fields in await redis.xrange(EventStream.KEY)]


async def test_work_stops_from_the_least_valuable_on(disk: Disk) -> None:
    assert await disk.at(500) == "ok"
    assert await disk.at(100) == "ok"
    assert await disk.at(99) == "low"
    assert await disk.at(50) == "low"
    assert await disk.at(49) == "critical thumbnails"
    assert await disk.at(39) == "critical thumbnails mp4"
    assert [disk.allows("thumbnails"), disk.allows("mp4"), disk.allows("recording")] == [
        False,
        False,
        True,
    ]
    assert disk.full == [False]
    assert await disk.at(29) == "critical thumbnails mp4 recording"
    assert disk.full == [False, True]
    assert await disk.at(0) == "critical thumbnails mp4 recording"
    assert disk.allows("upload")


async def test_work_goes_on_only_with_some_room_to_spare(disk: Disk) -> None:
    await disk.at(0)
    assert await disk.at(39) == "critical thumbnails mp4 recording"
    assert await disk.at(40) == "critical thumbnails mp4"
    assert disk.full == [True, False]
    assert await disk.at(50) == "critical thumbnails"
    assert await disk.at(60) == "low"
    assert await disk.at(109) == "low"
    assert await disk.at(110) == "ok"


async def test_a_disk_at_the_limit_does_not_flap(disk: Disk, redis: Redis) -> None:
    for free in (49, 51, 49, 52, 48, 59, 49):
        assert await disk.at(free) == "critical thumbnails"
    assert disk.changes == 1
    assert await types(redis) == ["disk.critical"]


async def test_the_operator_is_told_of_every_step(disk: Disk, redis: Redis) -> None:
    for free in (500, 90, 45, 20, 500):
        await disk.at(free)
    assert await types(redis) == ["disk.low", "disk.critical", "disk.critical", "disk.ok"]
    newest = (await redis.xrevrange(EventStream.KEY, count=2))[1]
    assert '"stopped":["thumbnails","mp4","recording"]' in newest[1]["data"]
    assert '"free_percent":2.0' in newest[1]["data"]


async def test_what_redis_did_not_take_is_told_when_it_is_back(
    disk: Disk, redis: Redis, redis_process: RedisServer
) -> None:
    redis_process.kill()
    assert await disk.at(20) == "critical thumbnails mp4 recording"
    assert disk.full == [True]
    redis_process.start()
    await disk.at(20)
    await disk.at(20)
    assert await types(redis) == ["disk.critical"]


async def test_at_the_start_the_rules_hear_how_it_is_now(disk: Disk) -> None:
    await disk.at(500)
    assert disk.full == [False]
    await disk.at(500)
    assert disk.full == [False]


class Meter(DiskMeter):
    """A meter whose time the test moves."""

    def __init__(self, disk: Disk, catalogue: Catalogue, root: Path) -> None:
        self.now_ms = 1_700_000_000_000
        spool = root / "spool"
        path = root / "disk.json"
        super().__init__(disk, catalogue, spool, path, lambda: 5.0, lambda: self.now_ms)


async def test_the_meter_says_what_lies_where_and_when_it_is_full(
    disk: Disk, tmp_path: Path
) -> None:
    (tmp_path / "record").mkdir()
    cam = tmp_path / "spool" / "live" / "cam"
    cam.mkdir(parents=True)
    (cam / "a.ts").write_bytes(b"x" * 30)
    (cam / "b.ts").write_bytes(b"x" * 12)
    catalogue = await Catalogue.open(tmp_path / "record", tmp_path / "library.sqlite")
    meter = Meter(disk, catalogue, tmp_path)
    await disk.at(500)
    meter.sample()
    facts = await meter.facts()
    assert (facts.total_bytes, facts.free_bytes, facts.free_percent) == (1000, 500, 50.0)
    assert (facts.level, facts.spool_bytes, facts.record_bytes) == (Level.OK, 42, 0)
    assert facts.full_in_days is None
    meter.now_ms += 2 * DAY_MS
    await disk.at(250)
    again = Meter(disk, catalogue, tmp_path)
    again.now_ms = meter.now_ms
    assert (await again.facts()).full_in_days == 1.6
    await disk.at(600)
    assert (await again.facts()).full_in_days is None
    await disk.at(20)
    facts = await again.facts()
    assert facts.full_in_days == 0
    assert facts.stopped == ("thumbnails", "mp4", "recording")
    await catalogue.close()


async def test_the_trend_is_that_of_a_week_and_survives_a_broken_file(
    disk: Disk, tmp_path: Path
) -> None:
    (tmp_path / "record").mkdir()
    (tmp_path / "disk.json").write_bytes(b"{broken")
    catalogue = await Catalogue.open(tmp_path / "record", tmp_path / "library.sqlite")
    meter = Meter(disk, catalogue, tmp_path)
    for _ in range(400):
        meter.sample()
        meter.now_ms += 30 * 60_000
    await disk.at(500 - 84)
    facts = await meter.facts()
    assert facts.full_in_days == pytest.approx((500 - 84 - 50) / 84 * 7, abs=0.2)
    await catalogue.close()
