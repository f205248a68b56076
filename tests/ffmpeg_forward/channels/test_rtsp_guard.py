"""What FFmpeg asks of an RTSP server of others: real FFmpeg, and servers that send it elsewhere."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from streamstead.ffmpeg_forward.channels.rtsp_guard import Answers, RtspGuard
from streamstead.ffmpeg_forward.channels.way import Way, open_way
from streamstead.ffmpeg_forward.gently import MediaFailed
from streamstead.ffmpeg_forward.probe import probe

from ..sources.camera import PASSWORD, USER, Camera

GOOD = b'RTSP/1.0 401 Unauthorized\r\nWWW-Authenticate: Basic realm="RTSP/1.0 200 x"\r\n\r\n'
AWAY = (
    b"RTSP/1.0 302 Found\r\nLocation: rtsp://a/\r\n\r\n",
    b"RTSP/1.0 301\r\n\r\n",
    b"RTSP/x\t 0302\n",
    b"RTSP/ +302 \n",
    b"R\rTS\rP/1.0 3\r02 \n",
    b"$\0\0\4abcd  RTSP/1.0 305 \n",
    b"RTSP/" + b"x" * 300,
    b"RTSP/1.0 200 OK\r\n\r\nRTSP/1.0 302 \r\n",
)


class Server:
    """Answers whatever it is asked with the same, and notes the first lines of it."""

    def __init__(self, answer: bytes = b"") -> None:
        self.answer = answer
        self.asked: list[str] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
                self.asked.append(head[0].decode())
                number = next(line for line in head if line.startswith(b"CSeq"))
                status, _, rest = self.answer.partition(b"\r\n")
                writer.write(b"\r\n".join([status, number, rest]))
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def servers() -> AsyncIterator[list[Server]]:
    """Two of them, on this machine."""
    made = [Server(), Server(b"RTSP/1.0 404 Not Found\r\n\r\n")]
    listening = [await asyncio.start_server(one.serve, "127.0.0.1", 0) for one in made]
    for one, server in zip(made, listening, strict=True):
        one.port = server.sockets[0].getsockname()[1]
    yield made
    for server in listening:
        server.close()


async def test_a_server_sends_ffmpeg_nowhere_else(servers: list[Server]) -> None:
    bad, other = servers
    target = f"rtsp://127.0.0.1:{other.port}/x"
    bad.answer = f"RTSP/1.0 302 Found\r\nLocation: {target}\r\n\r\n".encode()
    async with RtspGuard.opened(f"rtsp://cam.example.com:{bad.port}/x", "127.0.0.1") as guard:
        with pytest.raises(MediaFailed) as failed:
            await probe(guard.url, is_file=False, way=Way(guard.url, guard=guard))
    assert failed.value.key == "channel_private_address"
    assert bad.asked != []
    assert other.asked == []


async def test_a_camera_is_read_through_the_guard(tmp_path: Path) -> None:
    async with Camera(tmp_path) as camera, RtspGuard.opened(camera.url, "127.0.0.1") as guard:
        found = await probe(guard.url, is_file=False, timeout_s=30, way=Way(guard.url, guard=guard))
    assert found.video_codec == "h264"
    assert not guard.refused


async def test_servers_of_others_are_reached_by_the_guard_and_own_ones_directly() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34"]

    for scheme in ("rtsp", "rtsps"):
        url = f"{scheme}://{USER}:{PASSWORD}@cam.example.com/x?a=b"
        async with open_way(url, allow_private=False, film=False, resolve=resolve) as way:
            assert way.url.startswith(f"rtsp://{USER}:{PASSWORD}@127.0.0.1:")
            assert way.url.endswith("/x?a=b")
            assert isinstance(way.guard, RtspGuard)
        async with open_way(url, allow_private=True, film=False, resolve=resolve) as way:
            assert "127.0.0.1" not in way.url


def blocks(told: bytes, size: int) -> list[bytes]:
    return [told[at : at + size] for at in range(0, len(told), size)]


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_an_answer_that_leads_away_is_seen_however_it_comes(size: int) -> None:
    for away in AWAY:
        answers = Answers()
        assert any(answers.lead_away(one) for one in blocks(GOOD * 2 + away, size)), away


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_other_answers_pass(size: int) -> None:
    answers = Answers()
    told = GOOD + b"RTSP/1.0 200 OK\r\nContent-Location: rtsp://a/\r\n\r\nv=0\r\n" + bytes(5000)
    assert not any(answers.lead_away(one) for one in blocks(told, size))
