"""Clients that lie, speak another codec or do what no encoder does, against the real nginx."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from streamstead.core.rtmp import amf, chunk
from streamstead.core.rtmp.chunk import Message
from streamstead.core.rtmp.client import RtmpClient, RtmpError, open_rtmp

if TYPE_CHECKING:
    from .conftest import Engine, Publish, Tools

pytestmark = pytest.mark.integration

AAC_HEADER = b"\xaf\x00\x12\x08\x56\xe5\x00"
AAC_FRAME = b"\xaf\x01" + bytes(300)


@asynccontextmanager
async def publisher(
    engine: "Engine", name: str, app: str = "live", **about: str
) -> AsyncIterator[RtmpClient]:
    """Enter ``app`` and publish ``name``; what the server says later is read by the caller."""
    async with open_rtmp(engine.settings.rtmp_port, app, **about) as client:
        send_publish(client, name)
        await client.drain()
        yield client


def send_publish(client: RtmpClient, name: str) -> None:
    client.command("publish", 3, None, name, "live", stream_id=1, channel=8)


async def until_closed(client: RtmpClient) -> None:
    with pytest.raises((RtmpError, ConnectionError)):
        await asyncio.wait_for(read_on(client), 60)


async def read_on(client: RtmpClient) -> None:
    while True:
        await client.next()


async def wait(engine: "Engine", stream: str, action: str) -> dict[str, object]:
    return await asyncio.to_thread(engine.hooks.wait, stream, action)


async def test_hevc_by_enhanced_rtmp_is_cut_with_a_reason(engine: "Engine", tools: "Tools") -> None:
    async with asyncio.TaskGroup() as both:
        both.create_task(be_cut_for_hevc(engine, tools, "hevc", with_sound=False))
        both.create_task(be_cut_for_hevc(engine, tools, "hevcaac", with_sound=True))


async def be_cut_for_hevc(engine: "Engine", tools: "Tools", name: str, with_sound: bool) -> None:
    async with publisher(engine, f"{name}?secret={tools.SECRET}") as client:
        await wait(engine, name, "on_publish")
        feeding = asyncio.create_task(feed_hevc(client, with_sound))
        try:
            await until_closed(client)
        finally:
            feeding.cancel()
            await asyncio.gather(feeding, return_exceptions=True)
    body = await wait(engine, name, "on_close")
    assert body["action"] == "on_close"
    assert engine.hooks.actions(name)[-2:] == ["on_unpublish", "on_close"]
    events = engine.api("/api/v1/summaries")["data"]["self"]["events"]
    mine = [
        e for e in events if e["key"] == "unsupported_codec" and f"/live/{name} " in e["detail"]
    ]
    assert len(mine) == 1
    assert "HEVC" in mine[0]["detail"]
    assert "engine.unsupported_codec" in engine.log.read_text()


async def feed_hevc(client: RtmpClient, with_sound: bool) -> None:
    at = 0
    while True:
        kind = 0 if at == 0 else 1
        frame = bytes([0x90 | kind]) + b"hvc1" + bytes(3) + bytes(2000)
        client.send(Message(chunk.VIDEO, at, frame, 1), 6)
        if with_sound:
            client.send(Message(chunk.AUDIO, at, AAC_FRAME if at else AAC_HEADER, 1), 4)
        await client.drain()
        at += 40
        await asyncio.sleep(0.04)


async def test_sound_without_picture_is_served_by_flv_and_rtmp(
    engine: "Engine", tools: "Tools"
) -> None:
    async with publisher(engine, f"radio?secret={tools.SECRET}") as client:
        await asyncio.to_thread(engine.until_live, "radio")
        feeding = asyncio.create_task(feed_sound(client))
        url = engine.flv("radio")
        data = await asyncio.to_thread(first_bytes, engine, url, 2000)
        feeding.cancel()
        await asyncio.gather(feeding, return_exceptions=True)
    assert data.startswith(b"FLV\x01\x04")


async def feed_sound(client: RtmpClient) -> None:
    about = amf.encode(
        "@setDataFrame", "onMetaData", {"audiocodecid": 10, "audiosamplerate": 44100}
    )
    client.send(Message(chunk.DATA, 0, about, 1), 4)
    for at in range(0, 20000, 23):
        client.send(Message(chunk.AUDIO, at, AAC_FRAME if at else AAC_HEADER, 1), 4)
        await client.drain()
        await asyncio.sleep(0.023)


def first_bytes(engine: "Engine", url: str, size: int) -> bytes:
    with engine.http.stream("GET", url, timeout=30) as reply:
        data = b""
        chunks = reply.iter_raw()
        while len(data) < size:
            data += next(chunks)
    return data


@pytest.mark.parametrize(
    "name", ["../../etc/x", "a/b", "..", ".hidden", "a b", "a\nb", "x" * 200, "a;b", "a%2e"]
)
async def test_a_name_that_is_no_file_name_is_refused_before_anyone_is_asked(
    engine: "Engine", name: str
) -> None:
    async with publisher(engine, f"{name}?secret=never-asked") as client:
        await until_closed(client)
    assert not any("never-asked" in body.get("param", "") for body in engine.hooks.seen)
    assert list(engine.settings.data.html.rglob("x*")) == []
    assert {p.name for p in engine.settings.data.html.iterdir()} == {"live"}


async def test_a_name_beyond_ascii_is_streamed_watched_and_measured(
    engine: "Engine", tools: "Tools", publish: "Publish"
) -> None:
    publish(engine.rtmp("直播", f"secret={tools.SECRET}"))
    body = await wait(engine, "直播", "on_hls")
    assert body["url"] == f"live/{Path(str(body['file'])).name}"
    stream = await asyncio.to_thread(
        tools.eventually, lambda: (s := engine.stream("直播")) and s["video"] and s, "its facts"
    )
    assert stream["recv_bytes"] > 0
    data = await asyncio.to_thread(first_bytes, engine, engine.flv("直播"), 100)
    assert data.startswith(b"FLV")


async def test_an_unknown_application_is_refused(engine: "Engine") -> None:
    with pytest.raises((RtmpError, ConnectionError)):
        async with publisher(engine, "s?secret=good", app="other") as client:
            await until_closed(client)


async def test_fields_of_the_connection_cannot_smuggle_parameters(
    engine: "Engine", tools: "Tools"
) -> None:
    forged = "x&name=victim&call=play&clientid=1&app=other&addr=9.9.9.9"
    about = {"flashVer": forged[:30], "swfUrl": forged, "pageUrl": forged}
    tc_url = f"rtmp://127.0.0.1/live?{forged}"
    async with publisher(engine, f"honest?secret={tools.SECRET}", tc_url=tc_url, **about):
        body = await wait(engine, "honest", "on_publish")
    assert (body["app"], body["stream"], body["ip"]) == ("live", "honest", "127.0.0.1")
    assert body["tcUrl"] == tc_url
    await wait(engine, "honest", "on_close")


async def test_control_characters_in_the_flash_version_do_not_blind_the_statistics(
    engine: "Engine", tools: "Tools", publish: "Publish"
) -> None:
    nasty = "<&>\x01\x02\x08\x7f\\\"'"
    publish(engine.rtmp("normal", f"secret={tools.SECRET}"))
    await asyncio.to_thread(engine.until_live, "normal")
    async with open_rtmp(engine.settings.rtmp_port, "live", flashVer=nasty) as client:
        await client.play("normal")
        await asyncio.to_thread(
            tools.eventually,
            lambda: (s := engine.stream("normal")) and s["video"],
            "the facts of the stream",
        )
        assert engine.api("/healthz")["code"] == 0


async def test_one_connection_cannot_take_a_second_role(engine: "Engine", tools: "Tools") -> None:
    async with publisher(engine, f"role1?secret={tools.SECRET}") as client:
        await asyncio.to_thread(engine.until_live, "role1")
        send_publish(client, f"role2?secret={tools.SECRET}")
        await until_closed(client)
    await wait(engine, "role1", "on_close")
    assert engine.hooks.of("role2") == []


async def test_nobody_plays_with_a_guessed_internal_token(
    engine: "Engine", tools: "Tools", publish: "Publish"
) -> None:
    publish(engine.rtmp("inner", f"secret={tools.SECRET}"))
    await asyncio.to_thread(engine.until_live, "inner")
    for guess in ("", "x", "ü"):
        async with open_rtmp(engine.settings.rtmp_port, "live") as client:
            await client.play(f"inner?internal={guess}")
            await until_closed(client)
    assert [c["type"] for c in engine.clients("inner")] == ["fmle-publish"]


async def test_a_publisher_that_leaves_while_it_is_judged_is_undone(
    engine: "Engine", tools: "Tools"
) -> None:
    slow = asyncio.Event()
    loop = asyncio.get_running_loop()

    def hesitate(body: dict[str, object]) -> bool:
        if body["action"] == "on_publish" and body["stream"] == "hasty":
            loop.call_soon_threadsafe(slow.set)
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0.3), loop).result(30)
        return True

    before, engine.hooks.allow = engine.hooks.allow, hesitate
    try:
        async with publisher(engine, "hasty?secret=good"):
            await asyncio.wait_for(slow.wait(), 30)
        await wait(engine, "hasty", "on_close")
    finally:
        engine.hooks.allow = before
    assert set(engine.hooks.actions("hasty")) == {
        *("on_connect", "on_publish", "on_unpublish", "on_close"),
    }
    assert engine.clients("hasty") == []


async def test_a_call_without_nginx_token_is_not_heard(engine: "Engine") -> None:
    url = f"http://127.0.0.1:{engine.settings.engine_notify_port}/guess"
    body = "app=live&flashver=&swfurl=&tcurl=&pageurl=&addr=&clientid=1&call=publish&name=a&type=b"
    assert engine.http.post(url, content=body).status_code == 404
    stat = f"http://127.0.0.1:{engine.settings.engine_stat_port}"
    for path in ("/stat", "/guess/stat", "/control/drop/client"):
        assert engine.http.get(stat + path).status_code == 404
