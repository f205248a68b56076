"""What people, clocks and full disks do to recordings under way: nothing lost, doubled or stuck."""

import asyncio
import errno
import os
import shutil
import uuid
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.events import EventStream
from streamstead.hooks.library.recording import EndReason, Kind, Recording, State
from streamstead.hooks.recorder import inbox, stream_capture
from streamstead.hooks.recorder.segments import read_segments
from streamstead.hooks.recorder.tell import Teller

from .conftest import Recorder
from .media_server import SEGMENT_MS


def sources(recorder: Recorder, recording: Recording) -> list[int]:
    """Which segments of the media server are in it, counted from the first ever."""
    kept = read_segments(recorder.data.record / recording.id)
    return [(one.source - 1_700_000_000_000) // SEGMENT_MS for one in kept]


def over(count: int) -> Any:
    return lambda found: [one.state for one in found] == [State.FINISHING] * count


async def test_recording_goes_on_when_somebody_deletes_its_directory(recorder: Recorder) -> None:
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    (first,) = await recorder.until(lambda it: it and it[0].segments == 1, "one segment")
    shutil.rmtree(recorder.data.record / first.id)
    await recorder.segment()
    await recorder.segment()
    found = await recorder.until(lambda it: [one.segments for one in it[1:]] == [2], "the next one")
    assert (found[0].id, found[0].state) == (first.id, State.FAILED)
    assert found[0].problem == "recording_directory_lost"
    await recorder.unpublish()
    await recorder.until(lambda it: it[-1].state is State.FINISHING, "closed")


async def test_a_recording_whose_directory_went_before_its_end_is_closed(
    recorder: Recorder,
) -> None:
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    (first,) = await recorder.until(lambda it: it and it[0].segments == 1, "one segment")
    shutil.rmtree(recorder.data.record / first.id)
    await recorder.unpublish()
    await recorder.until(lambda it: it[0].state is State.FAILED, "given up")


@pytest.mark.parametrize("live", [False, True], ids=["gone", "live"])
async def test_however_much_waits_is_one_recording_in_its_order(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch, live: bool
) -> None:
    monkeypatch.setattr(stream_capture, "MAX_AT_ONCE", 3)
    recorder.use(replace(recorder.rules, grace_s=0))
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    await recorder.until(lambda it: it and it[0].segments == 1, "one segment")
    await recorder.stop()
    for _ in range(10):
        await recorder.segment()
    for path in (recorder.data.html / "live").glob("*.ts"):
        os.utime(path, (1, 1))  # the playlist has been as it is for long
    if not live:
        await recorder.unpublish()
    recorder.server.now_ms += 60_000
    await recorder.start()
    (found,) = await recorder.until(lambda it: it[0].segments == 11, "all of them")
    assert sources(recorder, found) == list(range(11))
    if live:
        await recorder.unpublish()
    (done,) = await recorder.until(over(1), "closed")
    assert done.holes == ()


@pytest.mark.parametrize("change", [{"disk_full": True}, {"record_all": False}])
async def test_what_was_kept_while_the_recorder_was_away_is_recorded_whatever_counts_now(
    recorder: Recorder, change: dict[str, Any]
) -> None:
    await recorder.publish()
    for _ in range(3):
        await recorder.segment()
    await recorder.unpublish()
    recorder.server.now_ms += 5_000
    recorder.rules = replace(recorder.rules, **change)
    await recorder.start()
    (done,) = await recorder.until(over(1), "closed")
    assert sources(recorder, done) == [0, 1, 2]


async def test_without_grace_the_last_segment_still_belongs_to_its_recording(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its callback comes after that of the end; here it takes its time.
    monkeypatch.setattr(stream_capture, "LEAST_GRACE_S", 1000.0)
    recorder.use(replace(recorder.rules, grace_s=0))
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    await recorder.until(lambda it: it and it[0].segments == 1, "one segment")
    assert recorder.capture is not None
    await recorder.unpublish()
    recorder.capture.wake()
    (stream,) = recorder.capture._streams.values()
    await recorder.until(lambda _: stream.gone_at is not None, "the end was noticed")
    await recorder.segment()
    await recorder.until(lambda it: it[0].segments == 2, "the last one")
    monkeypatch.setattr(stream_capture, "LEAST_GRACE_S", 0.1)
    recorder.capture.wake()
    (done,) = await recorder.until(over(1), "closed")
    assert sources(recorder, done) == [0, 1]


async def test_a_disk_that_takes_no_new_recording_is_not_littered(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorder.start()
    assert recorder.catalogue is not None
    add, tried = recorder.catalogue.add, asyncio.Event()

    async def full(_: Recording) -> None:
        tried.set()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(recorder.catalogue, "add", full)
    await recorder.publish()
    await recorder.segment()
    async with asyncio.timeout(30):
        await tried.wait()
    monkeypatch.setattr(recorder.catalogue, "add", add)
    recorder.capture.wake()  # type: ignore[union-attr]
    (found,) = await recorder.until(lambda it: it and it[0].segments == 1, "recorded after all")
    assert os.listdir(recorder.data.record) == [found.id]


def _name(order: int, source: int = 1, seq: int = 0, ms: int = 1000) -> str:
    return f"{order:016d}-{source}-{seq}-{ms}-pub1.ts"


def _stray_directory(folder: Path) -> None:
    (folder / _name(1)).mkdir(parents=True)


def _stray_link(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / _name(1)).symlink_to("/nowhere")


def _absurd_numbers(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / _name(1, source=10**25)).write_bytes(b"x")
    (folder / _name(2, ms=10**25)).write_bytes(b"x")


def _unknown_name(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / ".left.ts.tmp").write_bytes(b"x")
    (folder / "notes.txt").write_bytes(b"x")


@pytest.mark.parametrize("put", [_stray_directory, _stray_link, _absurd_numbers, _unknown_name])
async def test_strange_things_in_the_spool_stop_no_recording(recorder: Recorder, put: Any) -> None:
    put(recorder.data.spool / "live" / "cam")
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    await recorder.segment()
    (found,) = await recorder.until(lambda it: it and it[-1].segments == 2, "two segments")
    await recorder.unpublish()
    (done,) = await recorder.until(over(1), "closed")
    assert (done.id, sources(recorder, done)) == (found.id, [0, 1])


@pytest.mark.parametrize("content", [b"", b"no transport stream" * 100])
async def test_a_segment_that_is_garbage_costs_no_other(recorder: Recorder, content: bytes) -> None:
    good = recorder.server.pieces
    bad = recorder.data.root / "bad.ts"
    bad.write_bytes(content)
    recorder.server.pieces = [bad]
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    recorder.server.pieces = good
    await recorder.segment()
    await recorder.unpublish()
    (done,) = await recorder.until(over(1), "closed")
    assert sources(recorder, done) == [0, 1]


@pytest.mark.parametrize(
    ("app", "stream"),
    [
        ("live", "two words"),
        ("直播", "频道一"),
        ("100%", "50%20off"),
        ("it's", 'a "show" & more'),
        ("a" * 255, "b" * 238),
        ("live", "频" * 79),
    ],
)
async def test_every_name_that_the_media_server_can_write_is_recorded(
    recorder: Recorder, app: str, stream: str
) -> None:
    recorder.server.app, recorder.server.stream = app, stream
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    await recorder.segment(told=False)
    await recorder.segment()
    await recorder.unpublish()
    (done,) = await recorder.until(over(1), "closed")
    assert (done.app, done.stream) == (app, stream)
    assert sources(recorder, done) == [0, 1, 2]
    assert done.end_reason is EndReason.UNPUBLISHED


async def test_a_start_clears_out_what_nobody_needs(recorder: Recorder) -> None:
    spool = recorder.data.spool
    (spool / "live" / "gone").mkdir(parents=True)
    killed = spool / "live" / "cam" / f".{_name(1)}.abcdefgh"
    killed.parent.mkdir()
    killed.touch()
    os.utime(killed, (1, 1))
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    await recorder.until(lambda it: it and it[0].segments == 1, "one segment")
    assert not killed.exists()
    assert not (spool / "live" / "gone").exists()


def test_the_oldest_of_very_many_are_found_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "live" / "cam"
    folder.mkdir(parents=True)
    for n in range(20_000):
        (folder / _name(n + 1, source=1000 * n, seq=n)).touch()
    some = inbox.spooled_segments(tmp_path, "live", "cam")
    assert [one.order for one in some] == list(range(1, inbox.MAX_AT_ONCE + 1))


async def test_what_is_deleted_while_it_is_told_of_ends_nothing(
    recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    await recorder.start()
    catalogue = recorder.catalogue
    assert catalogue is not None
    events = EventStream(recorder.redis)
    append = events.append

    async def slowly(event_id: str, *rest: Any) -> None:
        await append(event_id, *rest)
        for one in await recorder.recordings():
            if one.id in event_id and one.stream == "gone":
                await catalogue.forget(one.id)

    monkeypatch.setattr(events, "append", slowly)
    teller = Teller(catalogue, events, recorder.data.record, recorder.now)
    task = asyncio.create_task(teller.run())
    for stream in ("gone", "stays"):
        one = Recording(str(uuid.uuid4()), Kind.LIVE, State.READY, "live", stream, recorder.now())
        (recorder.data.record / one.id).mkdir()
        await catalogue.add(one)
    await recorder.until(lambda it: [len(one.told) for one in it] == [2], "the other is told of")
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])
