"""The ordinary life of a stream on a real engine: publish, watch in every way, stop."""

import asyncio
import re
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import websockets

if TYPE_CHECKING:
    from .conftest import Engine, Publish, Tools

pytestmark = pytest.mark.integration

PUBLISH_FIELDS = {
    *("server_id", "service_id", "action", "client_id", "ip", "vhost", "app", "tcUrl"),
    *("stream", "param", "stream_url", "stream_id"),
}
HLS_FIELDS = {*PUBLISH_FIELDS, *("duration", "cwd", "file", "url", "m3u8", "m3u8_url", "seq_no")}


def test_a_stream_from_the_first_callback_to_the_last(
    engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    child = publish(engine.rtmp("s1", f"secret={tools.SECRET}&name=victim&app=x&clientid=1"))
    body = engine.hooks.wait("s1", "on_publish")
    first = engine.hooks.wait("s1", "on_hls")
    assert set(body) == PUBLISH_FIELDS
    assert (body["app"], body["vhost"], body["ip"]) == ("live", "__defaultVhost__", "127.0.0.1")
    assert body["param"] == f"?secret={tools.SECRET}&name=victim&app=x&clientid=1"
    assert body["stream_url"] == "/live/s1"
    assert "victim" not in {b.get("stream") for b in engine.hooks.seen}

    assert set(first) == HLS_FIELDS
    assert re.fullmatch(r"live/s1-\d{13}\.ts", first["url"])
    assert Path(first["file"]).is_file()
    assert Path(first["m3u8"]) == engine.playlist("s1")
    assert (first["seq_no"], first["duration"]) == (0, 1.0)
    assert tools.probe(str(engine.playlist("s1"))) == ["aac", "h264"]
    assert engine.playlist("s1").stat().st_mode & 0o044 == 0o044
    assert engine.playlist("s1").parent.stat().st_mode & 0o055 == 0o055

    stream = tools.eventually(
        lambda: (s := engine.stream("s1")) and s["video"] and s["kbps"]["recv_30s"] and s,
        "the facts of the stream",
    )
    assert stream["publish"] == {"active": True, "cid": body["client_id"]}
    assert (stream["video"]["codec"], stream["video"]["width"]) == ("H264", 320)
    assert stream["audio"]["codec"] == "AAC"
    assert stream["clients"] == 1

    child.terminate()
    engine.hooks.wait("s1", "on_close")
    assert engine.hooks.actions("s1") == ["on_connect", "on_publish", "on_unpublish", "on_close"]
    told = engine.hooks.actions("s1", hls=True)
    assert told[-3:] == ["on_hls", "on_unpublish", "on_close"]
    names = [b["file"] for b in engine.hooks.of("s1", "on_hls")]
    assert len(names) == len(set(names))
    assert [b["seq_no"] for b in engine.hooks.of("s1", "on_hls")] == list(range(len(names)))
    assert engine.stream("s1") is None
    assert engine.clients("s1") == []


def test_every_callback_carries_the_hook_secret(
    engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    publish(engine.rtmp("hooked", f"secret={tools.SECRET}"))
    engine.hooks.wait("hooked", "on_hls")
    secret = engine.settings.hook_secret.get_secret_value()
    prefix = "/terraform/v1/hooks/srs"
    assert set(engine.hooks.paths) == {f"{prefix}/{d}?hook={secret}" for d in ("verify", "hls")}


@pytest.mark.parametrize("query", ["secret=wrong", "secret=", ""])
def test_a_publisher_that_the_control_plane_refuses_leaves_no_trace(
    engine: "Engine", publish: "Publish", tools: "Tools", query: str
) -> None:
    name = f"refused{len(query)}"
    child = publish(engine.rtmp(name, query))
    engine.hooks.wait(name, "on_close")
    assert child.wait(60) != 0
    assert engine.hooks.actions(name) == ["on_connect", "on_publish", "on_close"]
    assert engine.stream(name) is None
    assert engine.clients(name) == []
    assert not engine.playlist(name).exists()


def test_watching_by_rtmp_and_flv_is_announced_and_counted(
    engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    publish(engine.rtmp("seen", f"secret={tools.SECRET}"))
    engine.until_live("seen")
    assert tools.probe(engine.flv("seen", "token=v1")) == ["aac", "h264"]
    assert tools.probe(engine.rtmp("seen", "token=v2")) == ["aac", "h264"]
    engine.hooks.wait("seen", "on_stop", 2)
    flv, rtmp = engine.hooks.of("seen", "on_play")
    assert (flv["param"], flv["tcUrl"]) == ("?token=v1", "rtmp://__defaultVhost__/live")
    assert rtmp["param"] == "?token=v2"
    of_flv = [b["action"] for b in engine.hooks.seen if b["client_id"] == flv["client_id"]]
    assert of_flv == ["on_play", "on_stop"]
    engine.hooks.wait("seen", "on_close")
    of_rtmp = [b["action"] for b in engine.hooks.seen if b["client_id"] == rtmp["client_id"]]
    assert of_rtmp == ["on_connect", "on_play", "on_stop", "on_close"]
    stream = engine.stream("seen")
    assert stream is not None
    assert stream["clients"] == 1  # our own pull may linger, but it is nobody


async def test_a_websocket_viewer_gets_flv(
    engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    publish(engine.rtmp("ws", f"secret={tools.SECRET}"))
    await asyncio.to_thread(engine.until_live, "ws")
    async with websockets.connect(engine.flv("ws", scheme="ws"), proxy=None) as socket:
        async with asyncio.timeout(60):
            data = b""
            while len(data) < 20000:
                part = await socket.recv()
                assert isinstance(part, bytes)
                data += part
        await socket.ping()
    assert data.startswith(b"FLV\x01\x05")
    await asyncio.to_thread(engine.hooks.wait, "ws", "on_stop")


def test_a_flv_viewer_starts_with_a_key_frame_at_once_when_others_watch(
    engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    child = publish(engine.rtmp("fast", f"secret={tools.SECRET}"))
    engine.until_live("fast")
    with engine.http.stream("GET", engine.flv("fast")) as first:
        chunks = first.iter_raw()
        next(chunks)
        # Nothing more comes: what the second one gets was kept for it.
        child.send_signal(signal.SIGSTOP)
        with engine.http.stream("GET", engine.flv("fast")) as second:
            data = next(second.iter_raw())
            assert second.headers["content-type"] == "video/x-flv"
            assert second.headers["access-control-allow-origin"] == "*"
    assert data.startswith(b"FLV\x01\x05\0\0\0\x09")


def test_no_stream_is_404_with_a_reason(engine: "Engine") -> None:
    reply = engine.http.get(engine.flv("nobody"))
    assert reply.status_code == 404
    assert reply.json()["data"]["key"] == "stream_not_live"
    assert engine.hooks.of("nobody") == []


def test_a_refused_flv_viewer_gets_403_with_a_body(
    engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    publish(engine.rtmp("closed", f"secret={tools.SECRET}"))
    engine.until_live("closed")
    before = engine.hooks.allow
    engine.hooks.allow = lambda body: body["action"] != "on_play"
    try:
        reply = engine.http.get(engine.flv("closed"))
        assert tools.probe(engine.rtmp("closed")) == []
    finally:
        engine.hooks.allow = before
    assert reply.status_code == 403
    assert reply.json()["data"]["key"] == "play_refused"
    assert [c["type"] for c in engine.clients("closed")] == ["fmle-publish"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/live/..%2f..%2fetc.flv", 404),
        ("/live/..flv", 400),
        ("/live/a%00b.flv", 400),
        ("/live/s1.ts", 404),
        ("/", 404),
        ("/live/" + "x" * 200 + ".flv", 400),
        ("/live/" + "x" * 20000 + ".flv", 431),
    ],
)
def test_strange_paths_have_their_answers(engine: "Engine", path: str, status: int) -> None:
    url = f"http://127.0.0.1:{engine.settings.srs_http_port}{path}"
    assert engine.http.get(url).status_code == status


def test_kicking_ends_a_publisher_and_a_viewer(
    engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    child = publish(engine.rtmp("kicked", f"secret={tools.SECRET}"))
    owner = engine.until_live("kicked")["client_id"]
    with engine.http.stream("GET", engine.flv("kicked")) as reply:
        chunks = reply.iter_raw()
        next(chunks)
        viewer = engine.hooks.wait("kicked", "on_play")["client_id"]
        both = {owner: "fmle-publish", viewer: "flv-play"}
        tools.eventually(
            lambda: {c["id"]: c["type"] for c in engine.clients("kicked")} == both,
            "both are listed",
        )
        assert engine.kick(viewer)["code"] == 0
        engine.hooks.wait("kicked", "on_stop")
    assert engine.kick(owner)["code"] == 0
    engine.hooks.wait("kicked", "on_unpublish")
    assert child.wait(60) != 0
    assert engine.kick(owner) == {"code": 2049}
    assert engine.kick("no-such-client") == {"code": 2049}


def test_a_second_publisher_is_refused_as_srs_does_it(
    engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    first = publish(engine.rtmp("twice", f"secret={tools.SECRET}"))
    owner = engine.hooks.wait("twice", "on_hls")["client_id"]
    second = publish(engine.rtmp("twice", f"secret={tools.SECRET}&n=2"))
    assert second.wait(60) != 0
    other = engine.hooks.wait("twice", "on_close")["client_id"]
    assert other != owner
    told = [b["action"] for b in engine.hooks.seen if b["client_id"] == other]
    assert told == ["on_connect", "on_publish", "on_close"]
    stream = engine.stream("twice")
    assert stream is not None
    assert stream["publish"]["cid"] == owner
    assert first.poll() is None


def test_the_end_of_the_stream_ends_its_flv_viewers(
    engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    child = publish(engine.rtmp("ending", f"secret={tools.SECRET}"))
    engine.until_live("ending")
    with engine.http.stream("GET", engine.flv("ending")) as reply:
        chunks = reply.iter_raw()
        next(chunks)
        child.terminate()
        for _ in chunks:  # runs to its end, not into a timeout
            pass
    engine.hooks.wait("ending", "on_stop")


def test_segment_names_are_never_used_again(
    engine: "Engine", publish: "Publish", tools: "Tools"
) -> None:
    names: list[str] = []
    for count in (1, 2):
        child = publish(engine.rtmp("again", f"secret={tools.SECRET}"))
        engine.hooks.wait("again", "on_hls", len(names) + 1)
        child.terminate()
        engine.hooks.wait("again", "on_unpublish", count)
        names = [b["file"] for b in engine.hooks.of("again", "on_hls")]
    assert len(names) == len(set(names)) >= 4


def test_the_api_has_srs_shapes_and_says_what_it_cannot(engine: "Engine") -> None:
    versions = engine.api("/api/v1/versions")
    assert versions["data"]["version"].startswith("5.0.")
    assert versions["engine"] == "embedded"
    assert {"rtmp", "hls", "flv"} <= set(versions["capabilities"])
    assert not {"srt", "webrtc", "hevc"} & set(versions["capabilities"])
    assert engine.api("/api/v1/vhosts/")["vhosts"][0]["name"] == "__defaultVhost__"
    assert engine.api("/api/v1/summaries")["data"]["self"]["pid"] == engine.nginx_pid
    assert engine.api("/healthz")["data"]["service"] == "engine"
    for method, path in [
        ("POST", "/rtc/v1/whip/?app=live&stream=x"),
        ("GET", "/rtc/v1/play/"),
        ("GET", "/api/v1/raw?rpc=query"),
        ("GET", "/nothing"),
    ]:
        reply = engine.http.request(method, engine.api_url(path))
        assert reply.status_code == 501
        assert reply.json()["capabilities"] == versions["capabilities"]


def test_a_forgotten_slash_is_a_302_as_with_srs(engine: "Engine") -> None:
    reply = engine.http.get(engine.api_url("/api/v1/clients?count=20"))
    assert reply.status_code == 302
    assert reply.headers["location"].endswith("/api/v1/clients/?count=20")


def test_lists_are_cut_as_srs_cuts_them(engine: "Engine") -> None:
    for query in ("?start=5", "?count=1", "?start=-1&count=x", "?start=99999999999999"):
        assert engine.api(f"/api/v1/clients/{query}")["code"] == 0
