"""The event stream with a real Redis: groups lose nothing, and it stays bounded."""

import pytest
from redis.asyncio import Redis

from streamstead.core import events
from streamstead.core.events import Event, EventStream, EventType

pytestmark = pytest.mark.integration

GROUP = "readers"


async def add(stream: EventStream, count: int, first: int = 0) -> None:
    for number in range(first, first + count):
        await stream.append(f"e{number}", EventType.STREAM_PUBLISHED, number, "live/cam", {})


async def read(stream: EventStream, count: int, batch: int = 50) -> list[Event]:
    """Read without acknowledging, as a process does that dies in time."""
    found: list[Event] = []
    async for some in stream.consume(GROUP, batch=batch):
        found += some
        if len(found) >= count:
            break
    return found


async def test_a_new_group_begins_with_everything_still_kept(redis: Redis) -> None:
    stream = EventStream(redis)
    await add(stream, 3)
    assert [event.event_id for event in await read(stream, 3)] == ["e0", "e1", "e2"]


async def test_what_was_not_acknowledged_comes_again_first(redis: Redis) -> None:
    stream = EventStream(redis)
    await add(stream, 120)
    first = await read(stream, 100)
    await stream.ack(GROUP, first[:70])
    await add(stream, 1, first=120)
    again = await read(stream, 51)
    assert [event.event_id for event in again] == [f"e{number}" for number in range(70, 121)]


async def test_a_group_that_vanished_with_the_data_is_made_again(redis: Redis) -> None:
    stream = EventStream(redis)
    await add(stream, 1)
    reader = stream.consume(GROUP)
    assert len(await anext(reader)) == 1
    await redis.flushall()
    await add(stream, 1, first=1)
    assert [event.event_id for event in await anext(reader)] == ["e1"]


async def test_entries_trimmed_before_they_were_acknowledged_do_not_stop_the_reader(
    redis: Redis,
) -> None:
    stream = EventStream(redis)
    await add(stream, 10)
    await read(stream, 10)
    await redis.xtrim(EventStream.KEY, maxlen=0, approximate=False)
    await add(stream, 1, first=10)
    assert [event.event_id for event in await read(stream, 1, batch=3)] == ["e10"]


async def test_trimming_keeps_what_some_group_has_not_acknowledged(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "KEEP_EVENTS", 10)
    stream = EventStream(redis)
    await add(stream, 1000)
    found = await read(stream, 1000)
    await stream.ack(GROUP, found[:300])
    newest_ms = int(found[-1].entry_id.partition("-")[0])
    await stream.trim(newest_ms)
    kept = [fields["id"] for _, fields in await redis.xrange(EventStream.KEY)]
    assert set(kept) >= {f"e{number}" for number in range(300, 1000)}
    assert len(kept) < 850
    await stream.ack(GROUP, found)
    await stream.trim(newest_ms)
    assert 10 <= await redis.xlen(EventStream.KEY) < 200


async def test_what_is_too_old_goes_even_unread(redis: Redis) -> None:
    stream = EventStream(redis)
    await add(stream, 500)
    newest_ms = int((await stream.last_id()).partition("-")[0])
    await stream.trim(newest_ms + events.MAX_AGE_MS + 1000)
    assert await redis.xlen(EventStream.KEY) < 200
