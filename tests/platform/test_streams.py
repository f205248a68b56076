"""The list of live streams, kicking, the live feed and the watch page's question."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import pytest
from sse_starlette import ServerSentEvent

from streamstead.core.auth import COOKIE
from streamstead.core.live_feed import while_signed_in
from streamstead.core.runner import background

from .conftest import API, Page

RECORDED = Path(__file__).parent.parent / "fixtures/srs/api/streams.json"


@pytest.fixture
async def owner(page: Page) -> Page:
    await page.initialise()
    return page


async def test_a_live_stream_is_listed_with_what_the_server_measures(owner: Page) -> None:
    owner.media.streams = json.loads(RECORDED.read_text())["streams"]
    await owner.publish("livestream")
    reply = await owner.client.post(f"{API}/streams/query", json={})
    [stream] = reply.json()["data"]["streams"]
    assert stream["url"] == "live/livestream"
    assert stream["video"] == {
        "codec": "H264",
        "profile": "Baseline",
        "level": "3",
        "width": 640,
        "height": 360,
    }
    assert stream["audio"]["sample_rate"] == 44100
    assert stream["viewers"]["total"] == 0


async def test_the_list_is_there_while_the_media_server_is_away(owner: Page) -> None:
    await owner.publish()
    owner.media.away = True
    reply = await owner.client.post(f"{API}/streams/query", json={})
    [stream] = reply.json()["data"]["streams"]
    assert (stream["url"], stream["video"], stream["facts_at_ms"]) == ("live/cam", None, None)


@pytest.mark.parametrize("block_s", [None, 0, 3600])
async def test_kicking_disconnects_and_keeps_the_encoder_away_as_long_as_the_rules_say(
    owner: Page, block_s: int | None
) -> None:
    if block_s is not None:
        await owner.services.publish_rules.update({"kick_block_s": block_s})
    await owner.publish()
    body = {"vhost": "__defaultVhost__", "app": "live", "stream": "cam"}
    before_ms = owner.services.clock()
    reply = await owner.client.post(f"{API}/streams/kickoff", json=body)
    assert reply.json() == {"code": 0, "data": None}
    assert owner.media.kicked == ["p1"]
    assert await owner.services.registry.publishers() == {}
    until = await owner.redis.hget("STREAMSTEAD_KICKED", "live/cam")
    if block_s == 0:
        assert until is None
    else:
        wanted_ms = 1000 * (10 if block_s is None else block_s)
        assert before_ms <= int(until or 0) - wanted_ms <= owner.services.clock()


async def test_kicking_a_stream_that_is_not_live_is_404(owner: Page) -> None:
    body = {"vhost": "__defaultVhost__", "app": "live", "stream": "nobody"}
    reply = await owner.client.post(f"{API}/streams/kickoff", json=body)
    assert (reply.status_code, reply.json()["data"]["key"]) == (404, "stream_not_live")


async def test_kicking_while_the_media_server_is_away_says_so(owner: Page) -> None:
    await owner.publish()
    owner.media.away = True
    body = {"vhost": "__defaultVhost__", "app": "live", "stream": "cam"}
    reply = await owner.client.post(f"{API}/streams/kickoff", json=body)
    assert reply.status_code == 502
    assert reply.json()["data"]["help"]


async def test_the_feed_tells_a_page_at_once_and_on_every_change(owner: Page) -> None:
    feed = owner.services.feed
    async with (
        background(feed.watch_events(), feed.keep_fresh()),
        aclosing(feed.pages()) as pages,
        asyncio.timeout(30),
    ):
        first = json.loads((await anext(pages)).data or "")
        assert first["streams"] == []
        await asyncio.sleep(0)
        await owner.publish()
        while True:
            event = await anext(pages)
            if event.event == "streams" and json.loads(event.data or "")["streams"]:
                break
        await owner.services.registry.finish("p1", 1, "test")
        while True:
            event = await anext(pages)
            if event.event == "streams" and not json.loads(event.data or "")["streams"]:
                break


async def next_streams(pages: AsyncGenerator[ServerSentEvent, None]) -> list[object]:
    async for event in pages:
        if event.event == "streams":
            return list(json.loads(event.data or "")["streams"])
    raise AssertionError("the feed ended")


async def test_what_a_page_finds_as_it_opens_the_open_ones_hear_too(owner: Page) -> None:
    await owner.publish()
    async with (
        aclosing(owner.services.feed.pages()) as open_page,
        aclosing(owner.services.feed.pages()) as next_page,
        asyncio.timeout(30),
    ):
        assert await next_streams(open_page)
        await owner.services.registry.finish("p1", 1, "test")
        assert await next_streams(next_page) == []
        assert await next_streams(open_page) == []


async def test_the_feed_of_a_page_ends_with_its_session(
    owner: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamstead.core.live_feed.CHECK_SESSION_MS", -1)
    token = owner.client.cookies[COOKIE]
    feed = owner.services.feed
    async with (
        background(feed.watch_events(), feed.keep_fresh()),
        aclosing(
            while_signed_in(feed.pages(), owner.services.authenticator, token, owner.services.clock)
        ) as events,
        asyncio.timeout(30),
    ):
        await anext(events)
        await owner.client.post(f"{API}/logout", json={})
        with pytest.raises(StopAsyncIteration):
            await anext(events)
