"""Keeping segments before their callback is answered."""

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from streamstead.core.errors import Invalid
from streamstead.core.paths import DataDir
from streamstead.hooks.callback import parse
from streamstead.hooks.record_rules import RecordRules
from streamstead.hooks.recorder.inbox import spooled_segments, spooled_streams
from streamstead.hooks.spool import Spool, run_tag


class Clock:
    now_ms = 1_700_000_000_000

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def data(tmp_path: Path) -> DataDir:
    data = DataDir(tmp_path)
    for folder in (data.config, data.spool, data.html / "live"):
        folder.mkdir(parents=True)
    RecordRules(record_all=True).save(data.record_rules)
    return data


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def spool(data: DataDir, clock: Clock) -> AsyncIterator[Spool]:
    spool = Spool(data, clock)
    yield spool
    spool.close()


def segment(data: DataDir, source: int, **changes: Any) -> Any:
    path = data.html / "live" / f"cam-{source}.ts"
    path.write_bytes(b"x")
    body = {
        "action": "on_hls",
        "client_id": "abc",
        "vhost": "__defaultVhost__",
        "app": "live",
        "stream": "cam",
        "duration": 2.04,
        "file": str(path),
        "seq_no": 7,
    }
    return parse(orjson.dumps(body | changes))


async def test_a_segment_is_linked_under_a_name_that_tells_all(spool: Spool, data: DataDir) -> None:
    await spool.take(segment(data, 1000))
    assert spooled_streams(data.spool) == [("live", "cam")]
    (one,) = spooled_segments(data.spool, "live", "cam")
    assert (one.arrived.source, one.arrived.seq, one.arrived.ms) == (1000, 7, 2040)
    assert one.arrived.run == "abc"
    assert one.arrived.path.samefile(data.html / "live/cam-1000.ts")


async def test_it_survives_the_media_servers_clean_up(spool: Spool, data: DataDir) -> None:
    await spool.take(segment(data, 1000))
    (data.html / "live/cam-1000.ts").unlink()
    (one,) = spooled_segments(data.spool, "live", "cam")
    assert one.arrived.path.read_bytes() == b"x"


async def test_order_goes_on_when_the_clock_jumps_back_and_over_a_restart(
    data: DataDir, clock: Clock
) -> None:
    first = Spool(data, clock)
    await first.take(segment(data, 1))
    clock.now_ms -= 3_600_000
    await first.take(segment(data, 2))
    first.close()
    second = Spool(data, clock)
    await second.take(segment(data, 3))
    second.close()
    found = spooled_segments(data.spool, "live", "cam")
    assert [one.arrived.source for one in found] == [1, 2, 3]


async def test_what_no_rule_wants_is_not_kept(data: DataDir, clock: Clock) -> None:
    RecordRules(record_all=True, globs=("other/*",)).save(data.record_rules)
    spool = Spool(data, clock)
    await spool.take(segment(data, 1000))
    spool.close()
    assert spooled_streams(data.spool) == []


async def test_a_change_of_the_rules_counts_without_a_restart(spool: Spool, data: DataDir) -> None:
    watching = asyncio.create_task(spool.watch_rules())
    source = 0

    async def is_kept() -> bool:
        nonlocal source
        source += 1
        await spool.take(segment(data, source))
        found = spooled_segments(data.spool, "live", "cam")
        return bool(found) and found[-1].arrived.source == source

    assert await is_kept()
    RecordRules().save(data.record_rules)
    for wanted in (False, True):
        RecordRules(record_all=wanted).save(data.record_rules)
        for _ in range(300):
            if await is_kept() is wanted:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError("the new rule does not count")
    watching.cancel()


@pytest.mark.parametrize("broken", ["", "{", "[]", '{"record_all": 7}'])
async def test_a_broken_copy_of_the_rules_stops_nothing(
    data: DataDir, clock: Clock, broken: str
) -> None:
    data.record_rules.write_text(broken)
    spool = Spool(data, clock)
    await spool.take(segment(data, 1000))
    spool.close()


@pytest.mark.parametrize(
    ("file", "key"),
    [
        ("/etc/passwd", "segment_outside"),
        ("../config/cam-5.ts", "segment_outside"),
        ("other/cam-5.ts", "segment_foreign"),
        ("live/another-5.ts", "segment_foreign"),
        ("live/cam.ts", "segment_foreign"),
    ],
)
async def test_a_forged_path_is_refused(spool: Spool, data: DataDir, file: str, key: str) -> None:
    with pytest.raises(Invalid) as refused:
        await spool.take(segment(data, 1000, file=file))
    assert refused.value.key == key
    assert spooled_streams(data.spool) == []


async def test_a_link_to_a_secret_is_refused(spool: Spool, data: DataDir) -> None:
    callback = segment(data, 1000)
    path = data.html / "live/cam-1000.ts"
    path.unlink()
    path.symlink_to(data.record_rules)
    with pytest.raises(Invalid) as refused:
        await spool.take(callback)
    assert refused.value.key == "segment_not_regular"
    assert spooled_streams(data.spool) == []


async def test_an_application_that_is_a_link_elsewhere_is_refused(
    spool: Spool, data: DataDir, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "cam-5.ts").write_bytes(b"secret")
    (data.html / "away").symlink_to(elsewhere)
    file = str(data.html / "away/cam-5.ts")
    with pytest.raises(Invalid) as refused:
        await spool.take(segment(data, 1000, app="away", file=file))
    assert refused.value.key == "segment_foreign"


async def test_a_segment_that_is_gone_already_holds_nobody_up(spool: Spool, data: DataDir) -> None:
    callback = segment(data, 1000)
    (data.html / "live/cam-1000.ts").unlink()
    assert (await spool.take(callback))["seq_no"] == 7


@pytest.fixture
def far_away(data: DataDir) -> Iterator[Path]:
    """The spool on another file system."""
    shared_memory = Path("/dev/shm")
    if shared_memory.stat().st_dev == data.root.stat().st_dev:
        pytest.skip("needs a second file system")
    far = Path(tempfile.mkdtemp(dir=shared_memory))
    data.spool.rmdir()
    data.spool.symlink_to(far)
    yield far
    shutil.rmtree(far)


async def test_another_file_system_gets_a_copy(data: DataDir, clock: Clock, far_away: Path) -> None:
    spool = Spool(data, clock)
    await spool.take(segment(data, 1000))
    spool.close()
    (one,) = spooled_segments(data.spool, "live", "cam")
    assert one.arrived.path.read_bytes() == b"x"
    assert len(os.listdir(far_away / "live/cam")) == 1


def test_a_publish_session_has_a_name_that_fits_a_file() -> None:
    assert run_tag("1a2b3c4d") == "1a2b3c4d"
    assert run_tag("../../x").isalnum()
    assert run_tag("a" * 200).isalnum()


async def test_a_forged_path_is_told_once_a_minute(data: DataDir, clock: Clock) -> None:
    told: list[tuple[str, str]] = []

    async def tell(url: str, key: str) -> None:
        told.append((url, key))

    spool = Spool(data, clock, tell)
    for later_ms in (0, 1_000, 60_000):
        clock.now_ms += later_ms
        with pytest.raises(Invalid):
            await spool.take(segment(data, 1000, file="/etc/passwd"))
    spool.close()
    assert told == [("live/cam", "segment_outside")] * 2
