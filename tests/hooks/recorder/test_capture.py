"""From segments to recordings: nothing lost, nothing twice, whoever is away meanwhile."""

import asyncio
import os
from dataclasses import replace
from pathlib import Path

import pytest

from streamstead.hooks.library.recording import EndReason, HoleReason, Recording, State
from streamstead.hooks.record_rules import RecordRules
from streamstead.hooks.recorder.segments import read_segments

from .conftest import Recorder
from .media_server import SEGMENT_MS


def sources(recorder: Recorder, recording: Recording) -> list[int]:
    """Which segments of the media server are in it, counted from the first ever."""
    kept = read_segments(recorder.data.record / recording.id)
    return [(one.source - 1_700_000_000_000) // SEGMENT_MS for one in kept]


def has(count: int) -> object:
    return lambda found: len(found) == 1 and found[0].segments == count


def closed(count: int = 1) -> object:
    return lambda found: sum(one.state is State.FINISHING for one in found) == count


async def test_a_stream_is_recorded_and_closed_after_the_grace_time(recorder: Recorder) -> None:
    await recorder.start()
    await recorder.publish()
    for _ in range(4):
        await recorder.segment()
    (under_way,) = await recorder.until(has(4), "four segments")
    assert under_way.state is State.RECORDING
    assert (under_way.width, under_way.height) == (160, 90)
    growing = (recorder.data.record / under_way.id / "index.m3u8").read_text()
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in growing
    await recorder.unpublish()
    (done,) = await recorder.until(closed(), "closed")
    assert done.end_reason is EndReason.UNPUBLISHED
    assert done.duration_ms == 4 * SEGMENT_MS
    assert done.holes == ()
    assert sources(recorder, done) == [0, 1, 2, 3]
    assert (recorder.data.record / done.id / "index.m3u8").read_text().endswith("#EXT-X-ENDLIST\n")
    assert list((recorder.data.spool).rglob("*.ts")) == []


async def test_a_reconnect_within_the_grace_time_goes_on_in_the_same_recording(
    recorder: Recorder,
) -> None:
    recorder.rules = replace(recorder.rules, grace_s=60)
    await recorder.start()
    await recorder.publish("one")
    await recorder.segment("one")
    await recorder.segment("one")
    await recorder.unpublish("one")
    recorder.server.now_ms += 9_000
    await recorder.publish("two")
    await recorder.segment("two")
    (found,) = await recorder.until(has(3), "three segments in one recording")
    (hole,) = read_holes(recorder)
    assert (hole.reason, hole.missing_ms) == (HoleReason.ENCODER_AWAY, 9_000)
    kept = read_segments(recorder.data.record / found.id)
    assert [one.discontinuity for one in kept] == [False, False, True]


def read_holes(recorder: Recorder) -> list[object]:
    assert recorder.capture is not None
    (stream,) = recorder.capture._streams.values()
    assert stream.take is not None
    return list(stream.take.holes)


async def test_without_grace_every_publish_has_a_recording_of_its_own(recorder: Recorder) -> None:
    recorder.use(replace(recorder.rules, grace_s=0))
    await recorder.start()
    for client in ("one", "two"):
        await recorder.publish(client)
        await recorder.segment(client)
        await recorder.segment(client)
        await recorder.unpublish(client)
    found = await recorder.until(closed(2), "two recordings")
    assert [sources(recorder, one) for one in found] == [[0, 1], [2, 3]]


async def test_segments_whose_callbacks_were_lost_are_found_in_the_playlist(
    recorder: Recorder,
) -> None:
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    for _ in range(3):
        await recorder.segment(told=False)
    await recorder.segment()
    (found,) = await recorder.until(has(5), "five segments")
    assert sources(recorder, found) == [0, 1, 2, 3, 4]
    assert read_holes(recorder) == []


async def test_a_stream_whose_callbacks_never_come_is_recorded_all_the_same(
    recorder: Recorder,
) -> None:
    await recorder.start()
    recorder.stop_hooks()
    await recorder.publish()
    for _ in range(3):
        await recorder.segment()
    (found,) = await recorder.until(has(3), "three segments")
    assert sources(recorder, found) == [0, 1, 2]


async def test_what_left_the_playlist_before_anyone_came_is_named(recorder: Recorder) -> None:
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    await recorder.until(has(1), "one segment")
    recorder.stop_hooks()
    await recorder.stop()
    for _ in range(12):
        await recorder.segment()
    await recorder.start()
    recorder.start_hooks()
    await recorder.segment()
    await recorder.until(has(9), "what is still listed")
    (hole,) = read_holes(recorder)
    assert (hole.reason, hole.at_ms, hole.missing_ms) == (HoleReason.LOST, 1000, 5000)
    assert hole.detail == "segments 1 to 5 did not arrive"


async def test_a_recorder_that_comes_back_goes_on_without_loss_or_repetition(
    recorder: Recorder,
) -> None:
    await recorder.start()
    await recorder.publish()
    for _ in range(3):
        await recorder.segment()
    await recorder.until(has(3), "three segments")
    await recorder.stop()
    for _ in range(20):  # far more than the playlist lists
        await recorder.segment()
    await recorder.start()
    (found,) = await recorder.until(has(23), "all of them")
    assert sources(recorder, found) == list(range(23))
    assert recorder.resumed == [found.id]
    await recorder.unpublish()
    (done,) = await recorder.until(closed(), "closed")
    assert done.holes == ()


async def test_two_shows_that_waited_in_the_spool_become_two_recordings(recorder: Recorder) -> None:
    await recorder.publish("one")
    for _ in range(2):
        await recorder.segment("one")
    await recorder.unpublish("one")
    recorder.server.now_ms += 3_600_000
    await recorder.publish("two")
    for _ in range(2):
        await recorder.segment("two")
    await recorder.unpublish("two")
    recorder.server.now_ms += 5_000
    await recorder.start()
    found = await recorder.until(closed(2), "two recordings")
    assert [sources(recorder, one)[0] for one in found] == [0, 3602]


async def test_segments_of_a_finished_recording_are_not_taken_again(recorder: Recorder) -> None:
    await recorder.start()
    await recorder.publish("one")
    await recorder.segment("one")
    await recorder.segment("one")
    await recorder.unpublish("one")
    await recorder.until(closed(), "the first is closed")
    await recorder.stop()
    await recorder.start()
    await recorder.publish("two")
    await recorder.segment("two")
    await recorder.unpublish("two")
    found = await recorder.until(closed(2), "the second is closed")
    assert [sources(recorder, one) for one in found] == [[0, 1], [2]]


async def test_other_codecs_begin_another_recording(
    recorder: Recorder, other_pieces: list[Path]
) -> None:
    recorder.use(replace(recorder.rules, grace_s=60, on_codec_change="split"))
    await recorder.start()
    await recorder.publish("one")
    await recorder.segment("one")
    await recorder.unpublish("one")
    recorder.server.pieces = other_pieces
    await recorder.publish("two")
    await recorder.segment("two")
    found = await recorder.until(lambda it: len(it) == 2, "two recordings")
    assert found[0].end_reason is EndReason.CODEC
    assert [one.width for one in found] == [160, 192]


async def test_other_codecs_stay_in_one_recording_when_told_so(
    recorder: Recorder, other_pieces: list[Path]
) -> None:
    recorder.use(replace(recorder.rules, grace_s=60, on_codec_change="join"))
    await recorder.start()
    await recorder.publish("one")
    await recorder.segment("one")
    await recorder.unpublish("one")
    recorder.server.pieces = other_pieces
    await recorder.publish("two")
    await recorder.segment("two")
    (found,) = await recorder.until(has(2), "two segments")
    assert read_segments(recorder.data.record / found.id)[1].discontinuity


@pytest.mark.parametrize(
    ("limit", "reason"),
    [({"max_length_s": 2}, EndReason.LENGTH), ({"max_size_mb": 1}, EndReason.SIZE)],
)
async def test_a_limit_splits_without_losing_anything(
    recorder: Recorder, limit: dict[str, int], reason: EndReason, tmp_path: Path
) -> None:
    if "max_size_mb" in limit:
        whole = b"".join(piece.read_bytes() for piece in recorder.server.pieces)
        big = tmp_path / "big.ts"
        # The same pictures, and so much stuffing that two of them are too much.
        big.write_bytes(whole + (b"\x47\x1f\xff\x10" + b"\xff" * 184) * 3000)
        recorder.server.pieces = [big]
    recorder.use(replace(recorder.rules, **limit))
    await recorder.start()
    await recorder.publish()
    for _ in range(5):
        await recorder.segment()
    await recorder.unpublish()
    found = await recorder.until(closed(3), "three recordings")
    assert [sources(recorder, one) for one in found] == [[0, 1], [2, 3], [4]]
    assert found[0].end_reason is reason


async def test_a_rule_that_ends_closes_the_recording(recorder: Recorder) -> None:
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    await recorder.until(has(1), "one segment")
    recorder.use(RecordRules(grace_s=1))
    (done,) = await recorder.until(closed(), "closed")
    assert done.end_reason is EndReason.RULES
    await recorder.segment()
    recorder.capture.wake()  # type: ignore[union-attr]
    await asyncio.sleep(0)
    assert len(await recorder.recordings()) == 1


async def test_ending_by_hand_closes_at_once_and_the_rule_begins_the_next(
    recorder: Recorder,
) -> None:
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    (found,) = await recorder.until(has(1), "one segment")
    assert recorder.capture is not None
    done = await recorder.capture.end(found.id)
    assert (done.state, done.end_reason) == (State.FINISHING, EndReason.OPERATOR)
    await recorder.segment()
    both = await recorder.until(
        lambda it: [one.segments for one in it] == [1, 1], "the next one, with its segment"
    )
    assert [sources(recorder, one) for one in both] == [[0], [1]]


def left_behind(recorder: Recorder, piece: int, ending: str = "") -> None:
    """The media server is killed in the middle of a segment that it has told nobody of; one that
    gives it its name at the end only (``ending``) has begun a packet of it, too."""
    left = recorder.data.html / "live" / f"cam-{recorder.server.now_ms}.ts{ending}"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(recorder.server.pieces[piece].read_bytes() + b"\x47" * bool(ending))
    then = left.stat().st_mtime - 60
    os.utime(left, (then, then))
    recorder.server.now_ms += 1_500


ENDINGS = pytest.mark.parametrize("ending", ["", ".tmp"], ids=["by-its-name", "unfinished"])


@ENDINGS
async def test_a_segment_that_a_killed_media_server_left_behind_is_saved(
    recorder: Recorder, ending: str
) -> None:
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    await recorder.until(has(1), "one segment")
    left_behind(recorder, 1, ending)
    await recorder.unpublish()
    (done,) = await recorder.until(closed(), "closed")
    assert done.segments == 2
    assert abs(done.duration_ms - 2000) < 200
    kept = (recorder.data.record / done.id).glob("*.ts")
    assert [one.stat().st_size % 188 for one in kept] == [0, 0]
    assert not list(recorder.data.spool.rglob("*.ts"))


@ENDINGS
async def test_what_a_killed_media_server_left_behind_comes_before_the_next_session(
    recorder: Recorder, ending: str
) -> None:
    recorder.rules = replace(recorder.rules, grace_s=60)
    await recorder.start()
    await recorder.publish("one")
    await recorder.segment("one")
    await recorder.until(has(1), "one segment")
    left_behind(recorder, 1, ending)
    await recorder.unpublish("one")
    await recorder.publish("two")
    await recorder.segment("two")
    (found,) = await recorder.until(has(3), "all three")
    kept = read_segments(recorder.data.record / found.id)
    assert [one.run for one in kept] == ["one", "one", "two"]


@pytest.mark.parametrize("absent", [False, True], ids=["recorder-there", "recorder-away"])
async def test_what_a_server_that_was_killed_in_its_first_segment_left_behind_begins_the_recording(
    recorder: Recorder, absent: bool
) -> None:
    recorder.rules = replace(recorder.rules, grace_s=60)
    if not absent:
        await recorder.start()
    await recorder.publish("one")
    left_behind(recorder, 0)
    await recorder.unpublish("one")
    await recorder.publish("two")
    left_behind(recorder, 1)
    await recorder.unpublish("two")
    await recorder.publish("three")
    # The first that is told of is not the first of its session.
    await recorder.segment("three", told=False)
    await recorder.segment("three")
    if absent:
        await recorder.start()
    (found,) = await recorder.until(has(4), "all four")
    kept = read_segments(recorder.data.record / found.id)
    assert [one.run for one in kept] == ["one", "two", "three", "three"]
    assert [one.discontinuity for one in kept] == [False, True, True, False]
    assert read_holes(recorder) == []


async def test_what_a_killed_server_left_behind_is_recorded_when_nobody_comes_back(
    recorder: Recorder,
) -> None:
    await recorder.start()
    await recorder.publish()
    left_behind(recorder, 0)
    await recorder.unpublish()
    (done,) = await recorder.until(closed(), "closed")
    assert (done.segments, sources(recorder, done)) == (1, [0])


async def test_what_was_left_behind_while_nobody_wanted_it_is_not_recorded(
    recorder: Recorder,
) -> None:
    recorder.use(RecordRules(grace_s=60))
    await recorder.start()
    await recorder.publish("one")
    left_behind(recorder, 0)
    await recorder.unpublish("one")
    recorder.use(RecordRules(record_all=True, grace_s=60))
    await recorder.publish("two")
    await recorder.segment("two")
    await recorder.segment("two")
    (found,) = await recorder.until(has(2), "what came since")
    kept = read_segments(recorder.data.record / found.id)
    assert [one.run for one in kept] == ["two", "two"]
