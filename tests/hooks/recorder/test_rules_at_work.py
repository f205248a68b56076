"""What the rules want is what is recorded: by schedule, by hand, and while there is room."""

import asyncio
from dataclasses import replace

from streamstead.hooks.library.recording import EndReason, Recording, State
from streamstead.hooks.record_rules import RecordRules, Schedule
from streamstead.hooks.recorder.segments import read_segments

from .conftest import LIMIT_S, Recorder

MINUTE_MS = 60_000


def has(segments: int, recordings: int = 1) -> object:
    return lambda found: len(found) == recordings and found[-1].segments == segments


def closed(count: int = 1) -> object:
    return lambda found: [one.state for one in found] == [State.FINISHING] * count


def sources(recorder: Recorder, recording: Recording) -> list[int]:
    return [one.seq for one in read_segments(recorder.data.record / recording.id)]


async def test_a_schedule_begins_and_ends_a_recording_of_a_live_stream(
    recorder: Recorder,
) -> None:
    """It is Tuesday, 22:13:20 UTC."""
    show = Schedule("s1", "Show", "live/*", (1,), "22:15", "22:16", "UTC")
    recorder.use(RecordRules(grace_s=1, schedules=(show,)))
    await recorder.start()
    await recorder.publish()
    for _ in range(2):
        await recorder.segment()
    recorder.server.now_ms += 2 * MINUTE_MS
    for _ in range(3):
        await recorder.segment()
    await recorder.until(has(3), "what came in time")
    recorder.server.now_ms += MINUTE_MS
    assert recorder.capture is not None
    recorder.capture.wake()
    (done,) = await recorder.until(closed(), "closed on time")
    assert done.end_reason is EndReason.SCHEDULE
    assert sources(recorder, done) == [2, 3, 4]


async def test_by_hand_it_is_recorded_until_the_publisher_leaves(recorder: Recorder) -> None:
    recorder.use(RecordRules(grace_s=1))
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    recorder.use(replace(recorder.rules, manual={"live/cam": "on"}))
    await recorder.segment()
    await recorder.until(lambda found: len(found) == 1, "recorded by hand")
    await recorder.unpublish()
    (done,) = await recorder.until(closed(), "closed with the publisher")
    assert done.end_reason is EndReason.UNPUBLISHED
    async with asyncio.timeout(LIMIT_S):
        while recorder.rules.manual:  # noqa: ASYNC110 - rules know no events here
            await asyncio.sleep(0.02)


async def test_a_disk_without_room_ends_it_and_room_begins_the_next(recorder: Recorder) -> None:
    await recorder.start()
    await recorder.publish()
    await recorder.segment()
    await recorder.until(has(1), "one segment")
    recorder.use(replace(recorder.rules, disk_full=True))
    (done,) = await recorder.until(closed(), "closed")
    assert (done.end_reason, done.segments) == (EndReason.DISK, 1)
    await recorder.segment()
    recorder.use(replace(recorder.rules, disk_full=False))
    await recorder.segment()
    both = await recorder.until(lambda found: len(found) == 2, "the next one")
    await recorder.until(lambda found: found[-1].segments >= 1, "its first segment")
    assert both[0].id == done.id
    assert sources(recorder, both[0]) == [0]
