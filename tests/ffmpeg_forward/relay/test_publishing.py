"""Media that arrive: at nginx-rtmp, at SRS if there is one, over TLS."""

import asyncio
import os
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamstead.core.rtmp.chunk import Message
from streamstead.core.rtmp.flv import FlvReader
from streamstead.ffmpeg_forward.relay.connection import State
from streamstead.ffmpeg_forward.relay.hub import Hub
from streamstead.ffmpeg_forward.relay.opening import Network
from streamstead.ffmpeg_forward.relay.problems import Step
from streamstead.ffmpeg_forward.relay.tls import Trust

from ...conftest import free_port, need, wait_until
from ..conftest import until
from ..sinks import Authority, RtmpSink, TlsFront, tls_front
from .conftest import Show, is_media, running, said, sent, until_state

pytestmark = pytest.mark.integration


def media_of(path: Path) -> list[Message]:
    """Return what a sink has kept so far."""
    return [one for one in FlvReader().feed(path.read_bytes()) if is_media(one)]


def kept(sink: RtmpSink, key: str) -> Path:
    return next(path for path in sink.recordings() if path.name.startswith(f"{key}-"))


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def front(authority: Authority, sink: RtmpSink) -> Iterator[TlsFront]:
    certificate = authority.issue("localhost", "127.0.0.1")
    with tls_front(sink.root, certificate, sink.port) as found:
        yield found


async def test_all_pictures_and_sound_arrive_and_time_begins_at_0(
    sink: RtmpSink, clip: list[Message]
) -> None:
    steps: list[Step] = []
    show = Show(clip, Hub(), begin_ms=5_000_000)
    async with running(show.run()), sent(show, sink.url("whole"), said=steps.append) as it:
        await until_state(it, State.LIVE)
        await until(lambda: len(media_of(kept(sink, "whole"))) > 120)
        status = it.status()
    assert steps == [
        Step.DNS,
        Step.CONNECT,
        Step.HANDSHAKE,
        Step.PUBLISH,
        Step.MEDIA,
        Step.ACCEPTED,
    ]
    assert status.live_since_ms
    assert status.accepted_at_ms
    assert status.bytes_acked > 10_000
    assert (status.problem, status.drops, status.attempts) == (None, 0, 0)
    await until(lambda: sink.sessions("whole")[0].ended_s is not None)
    media = media_of(kept(sink, "whole"))
    assert media[0].timestamp == 0
    payloads = [one.payload for one in clip if is_media(one)]
    begin = payloads.index(media[0].payload)  # the first picture
    assert begin < 3
    assert [one.payload for one in media[:120]] == payloads[begin : begin + 120]


async def test_an_app_may_have_several_parts_and_a_key_a_query(sink: RtmpSink, show: Show) -> None:
    async with sent(show, sink.url("cam?auth=x/y&n=1", "deep/er")) as it:
        await until_state(it, State.LIVE)
        assert "auth=x" not in said(it)
    session = sink.sessions("cam")[0]
    assert (session.app, session.args) == ("deep/er", "auth=x/y&n=1")


async def test_leaving_says_goodbye_so_that_the_key_is_free_at_once(
    sink: RtmpSink, show: Show
) -> None:
    for count in (1, 2):
        async with sent(show, sink.url("again")) as it:
            await until_state(it, State.LIVE)
        assert len(sink.sessions("again")) == count
        await until(lambda: sink.sessions("again")[-1].ended_s is not None)


async def test_timestamps_beyond_16_million_are_understood(
    sink: RtmpSink, clip: list[Message]
) -> None:
    """After 4.7 hours a timestamp needs its extension, in the middle of a large picture too."""
    hub = Hub()
    async with sent(Show(clip, hub), sink.url("long")) as it:
        hub.send(clip[:40])
        await until_state(it, State.LIVE)
        picture = next(one for one in clip if is_media(one) and one.payload[0] == 0x17)
        large = Message(picture.kind, 0x1100000, picture.payload + bytes(200_000))
        after = Message(clip[41].kind, 0x1100100, clip[41].payload)
        hub.send([large, after])
        await until(lambda: media_of(kept(sink, "long"))[-1].payload == after.payload)
    first, second = media_of(kept(sink, "long"))[-2:]
    assert first.payload == large.payload
    assert first.timestamp > 0xFFFFFF
    assert second.timestamp - first.timestamp == 0x100


async def test_two_destinations_get_the_same_and_neither_knows_of_the_other(
    sink: RtmpSink, show: Show
) -> None:
    async with sent(show, sink.url("one")) as one, sent(show, sink.url("two", "second")) as two:
        await until_state(one, State.LIVE)
        await until_state(two, State.LIVE)
    assert [s.app for s in (*sink.sessions("one"), *sink.sessions("two"))] == ["live", "second"]


async def test_over_tls_the_name_is_sent_and_the_certificate_checked(
    sink: RtmpSink, front: TlsFront, authority: Authority, show: Show
) -> None:
    network = Network(trust=Trust(lambda: ssl.create_default_context(cafile=authority.file)))
    async with sent(show, front.url("safe", host="localhost"), network=network) as it:
        await until_state(it, State.LIVE)
        assert it.status().bytes_acked > 1000
    assert len(sink.sessions("safe")) == 1
    await until(lambda: front.server_names == ["localhost"])


async def test_any_certificate_is_taken_when_it_is_not_to_be_checked(
    sink: RtmpSink, front: TlsFront, show: Show
) -> None:
    async with sent(show, front.url("unsafe"), verify_tls=False) as it:
        await until_state(it, State.LIVE)
    assert len(sink.sessions("unsafe")) == 1


async def test_a_name_with_a_dead_address_first_is_reached_by_the_next(
    sink: RtmpSink, show: Show
) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.9", "127.0.0.1"]

    url = f"rtmp://sink.example:{sink.port}/live/named"
    async with sent(show, url, network=Network(resolve=resolve)) as it:
        await until_state(it, State.LIVE)


@pytest.fixture(scope="module")
def srs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """A real SRS that asks us about publishers; yields its port and that of the question."""
    binary = os.environ.get("STREAMSTEAD_SRS_BIN", "")
    if not Path(binary).is_file():
        pytest.skip("there is no SRS on this machine (STREAMSTEAD_SRS_BIN)")
    root, port, hook = tmp_path_factory.mktemp("srs"), free_port(), free_port()
    conf = root / "srs.conf"
    conf.write_text(
        f"listen {port}; max_connections 100; daemon off; srs_log_tank console;\n"
        f"pid {root}/srs.pid; heartbeat {{ enabled off; }} stats {{ disk; }}\n"
        "vhost __defaultVhost__ { http_hooks { enabled on;\n"
        f"on_publish http://127.0.0.1:{hook}/; }} }}\n"
    )
    with (root / "log").open("wb") as log:
        argv = [binary, "-c", str(conf)]
        child = subprocess.Popen(argv, stdout=log, stderr=log, cwd=root)
    try:
        wait_until(lambda: _listens(port), "SRS listens")
        yield port, hook
    finally:
        child.terminate()
        child.wait(30)


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


async def _answering(port: int, code: int) -> asyncio.Server:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"code":%d}' % code
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    return await asyncio.start_server(answer, "127.0.0.1", port)


async def test_srs_plays_what_we_publish(srs: tuple[int, int], show: Show) -> None:
    port, hook = srs
    url = f"rtmp://127.0.0.1:{port}/live/good"
    async with await _answering(hook, 0), sent(show, f"{url}?secret=x") as it:
        await until_state(it, State.LIVE)
        argv = [need("ffprobe"), "-v", "error", "-show_entries", "stream=codec_name"]
        argv += ["-of", "csv=p=0", "-analyzeduration", "1000000", url]
        probe = await asyncio.create_subprocess_exec(*argv, stdout=subprocess.PIPE)
        output, _ = await asyncio.wait_for(probe.communicate(), 60)
        assert {b"aac", b"h264"} <= set(output.split())


async def test_srs_refusing_by_its_callback_means_a_wrong_key(
    srs: tuple[int, int], show: Show
) -> None:
    port, hook = srs
    async with await _answering(hook, 1), sent(show, f"rtmp://127.0.0.1:{port}/live/bad") as it:
        await until(lambda: it.status().attempts > 0)
        problem = it.status().problem
        assert problem is not None
        assert problem.key == "output_wrong_key"
