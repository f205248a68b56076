"""The live feed: everything first, then each change, to pages that are signed in."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import orjson
import pytest
from pydantic import BaseModel
from sse_starlette import ServerSentEvent

from streamstead.core.live_feed import CHECK_SESSION_MS, while_signed_in
from streamstead.ffmpeg_forward.outputs.director import relay_name
from streamstead.ffmpeg_forward.outputs.feed import (
    MAX_PAGES,
    FfmpegFeed,
)

from .conftest import API, SECRET, House, destination

CAM = relay_name("live/cam")


class Thing(BaseModel):
    id: str
    value: int = 0


async def one(events: AsyncGenerator[ServerSentEvent, None]) -> tuple[str, dict[str, Any]]:
    """Return the next event that says something."""
    async with asyncio.timeout(30):
        while True:
            event = await anext(events)
            data = orjson.loads(event.data or "")
            if any(data.values()) or "removed" not in data:
                return str(event.event), data


async def test_a_page_gets_everything_and_then_what_changes(house: House) -> None:
    made, other = await house.create(), await house.create()
    async with aclosing(house.services.feed.events()) as events:
        name, data = await one(events)
        assert name == "outputs"
        assert [it["id"] for it in data["outputs"]] == [made["id"], other["id"]]
        assert data["removed"] == []
        await house.post("outputs/update", id=other["id"], label="New name")
        _, data = await one(events)
        assert [it["label"] for it in data["outputs"]] == ["New name"]
        await house.post("outputs/remove", id=made["id"])
        _, data = await one(events)
        assert data["removed"] == [made["id"]]
        await house.publish()
        await house.until(lambda: CAM in house.relays.wanted)
        house.relays.tell(CAM, destinations={other["id"]: destination("live", bitrate_kbps=7)})
        while True:
            _, data = await one(events)
            if [it["bitrate_kbps"] for it in data["outputs"]] == [7]:
                break
        assert SECRET not in str(data)


async def test_kinds_that_are_told_whole_are_told_whole_with_every_change() -> None:
    things = [Thing(id="a"), Thing(id="b")]
    feed = FfmpegFeed()

    async def snapshot() -> list[Thing]:
        return list(things)

    feed.add("things", snapshot)
    async with aclosing(feed.events()) as first, aclosing(feed.events()) as second:
        assert len((await one(first))[1]["things"]) == 2
        assert len((await one(second))[1]["things"]) == 2
        things[0] = Thing(id="a", value=5)
        feed.changed("things")
        # Both hear of it, though only one of them looks.
        for events in (first, second):
            name, data = await one(events)
            assert name == "things"
            assert [it["value"] for it in data["things"]] == [5, 0]
        things.reverse()
        feed.changed("things")
        assert [it["id"] for it in (await one(first))[1]["things"]] == ["b", "a"]


async def test_a_kind_that_cannot_be_read_keeps_the_others_from_nothing() -> None:
    feed = FfmpegFeed()

    async def broken() -> list[Thing]:
        raise OSError("away")

    async def good() -> list[Thing]:
        return [Thing(id="a")]

    feed.add("broken", broken)
    feed.add("good", good)
    async with aclosing(feed.events()) as events:
        assert (await one(events))[0] == "good"


async def test_nobody_looking_costs_nothing() -> None:
    feed = FfmpegFeed()
    asked = 0

    async def snapshot() -> list[Thing]:
        nonlocal asked
        asked += 1
        return []

    feed.add("things", snapshot, partial=True)
    for _ in range(100):
        feed.changed("things")
    assert asked == 0


async def test_the_feed_ends_with_the_session_of_who_looks(house: House) -> None:
    services = house.services
    await house.create()
    credential = (await services.authenticator.issue()).token
    who = await services.authenticator.verify(credential)
    feed = while_signed_in(
        services.feed.events(), services.authenticator, credential, services.clock
    )
    async with aclosing(feed) as events:
        await one(events)
        await services.authenticator.revoke(who)
        house.clock_ms += CHECK_SESSION_MS + 1
        await house.create()
        with pytest.raises(StopAsyncIteration):
            await one(events)


async def test_there_is_a_limit_of_pages(house: House) -> None:
    house.services.feed._pages = {asyncio.Event() for _ in range(MAX_PAGES)}
    reply = await house.client.get(f"{API}/live")
    assert reply.status_code == 429
    assert reply.headers["retry-after"] == "30"
