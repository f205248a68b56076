"""What FFmpeg asks of the guard: real FFmpeg, and servers that try to lead it elsewhere."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from streamstead.ffmpeg_forward.channels.guard import Guard
from streamstead.ffmpeg_forward.channels.way import Way, open_way
from streamstead.ffmpeg_forward.gently import MediaFailed
from streamstead.ffmpeg_forward.probe import probe

from ..clips import ffmpeg, make_clip

SITE = "site.example.com"


async def here(host: str, port: int) -> list[str]:
    """Every name leads to this machine, but one, which is where clouds keep their secrets."""
    return ["169.254.169.254"] if host.startswith("metadata") else ["127.0.0.1"]


class Site:
    """A web server that notes the paths it is asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.files: dict[str, bytes] = {}
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            path = head.split(b" ")[1].decode()
            self.asked.append(path)
            body = self.files.get(path)
            if body is None:
                writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
            elif body.startswith(b"http"):
                where = body.decode()
                writer.write(f"HTTP/1.1 302 Found\r\nLocation: {where}\r\n".encode())
                writer.write(b"Content-Length: 0\r\n\r\n")
            else:
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                writer.write(body)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    found = Site()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.port = server.sockets[0].getsockname()[1]
    yield found
    server.close()


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    root = tmp_path_factory.mktemp("segment")
    path = make_clip(root / "clip.mp4", seconds=1)
    ffmpeg("-i", str(path), "-c", "copy", str(root / "clip.ts"))
    return (root / "clip.ts").read_bytes()


@asynccontextmanager
async def lenient(url: str) -> AsyncIterator[Callable[[], Awaitable[str]]]:
    """A way to this machine as if it were allowed at first and the operator never had said so:
    the guard alone stands between FFmpeg and what it is led to."""
    async with Guard.opened(here, allow_private=False) as guard:

        async def ask() -> str:
            try:
                await probe(url, is_file=False, way=Way(url, {}, guard.env, guard))
            except MediaFailed as exc:
                return exc.key
            return ""

        yield ask


async def test_media_comes_through_the_guard(site: Site, segment: bytes) -> None:
    site.files = {
        "/index.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
        f"http://other.example.com:{site.port}/0.ts\n#EXT-X-ENDLIST\n".encode(),
        "/0.ts": segment,
        "/moved.ts": f"http://{SITE}:{site.port}/0.ts".encode(),
    }
    for path in ("index.m3u8", "0.ts", "moved.ts"):
        url = f"http://{SITE}:{site.port}/{path}"
        async with open_way(url, allow_private=True, film=True, resolve=here) as way:
            found = await probe(url, is_file=False, way=way)
        assert (found.video_codec, found.audio_codec) == ("h264", "aac"), path
        assert not way.refused


async def test_a_redirect_and_a_playlist_lead_to_no_forbidden_address(
    site: Site, segment: bytes
) -> None:
    for target in ("http://metadata.example.com", "http://169.254.169.254"):
        site.files = {
            "/index.m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n"
            f"{target}/0.ts\n#EXT-X-ENDLIST\n".encode(),
            "/moved.ts": f"{target}/0.ts".encode(),
        }
        for path in ("index.m3u8", "moved.ts"):
            url = f"http://{SITE}:{site.port}/{path}"
            async with open_way(url, allow_private=True, film=True, resolve=here) as way:
                with pytest.raises(MediaFailed) as failed:
                    await probe(url, is_file=False, way=way)
            assert way.refused, (target, path)
            assert failed.value.key == "channel_private_address"


async def test_a_name_that_leads_elsewhere_a_moment_later_is_not_followed(site: Site) -> None:
    site.files = {"/0.ts": b"x"}
    async with lenient(f"http://{SITE}:{site.port}/0.ts") as ask:
        assert await ask() == "channel_private_address"
    async with lenient(f"https://{SITE}:{site.port}/0.ts") as ask:
        assert await ask() == "channel_private_address"
    assert site.asked == []


async def test_a_playlist_leads_to_no_file(site: Site, tmp_path: Path, segment: bytes) -> None:
    secret = tmp_path / "secret.ts"
    secret.write_bytes(segment)
    for text in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile://{secret}\n#EXT-X-ENDLIST\n",
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n",
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nconcat:{secret}\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {secret}\n",
    ):
        site.files = {"/index.m3u8": text.encode()}
        url = f"http://{SITE}:{site.port}/index.m3u8"
        async with open_way(url, allow_private=True, film=True, resolve=here) as way:
            with pytest.raises(MediaFailed):
                await probe(url, is_file=False, way=way)


async def raw(guard: Guard, request: bytes) -> bytes:
    port = int(guard.env["http_proxy"].rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(30):
        found = await reader.read()
    writer.close()
    return found


async def test_one_connection_carries_one_request_and_nothing_but_reading(site: Site) -> None:
    site.files = {"/a": b"first", "/b": b"second"}
    async with Guard.opened(here, allow_private=True) as guard:
        base = f"http://{SITE}:{site.port}"
        two = f"GET {base}/a HTTP/1.1\r\nHost: x\r\n\r\nGET {base}/b HTTP/1.1\r\nHost: x\r\n\r\n"
        assert (await raw(guard, two.encode())).endswith(b"first")
        assert site.asked == ["/a"]
        for method in ("POST", "PUT", "DELETE"):
            assert await raw(guard, f"{method} {base}/a HTTP/1.1\r\n\r\n".encode()) == b""
        for line in ("GET /a HTTP/1.1", "GET ftp://x/ HTTP/1.1", "CONNECT x HTTP/1.1", "x"):
            assert await raw(guard, f"{line}\r\n\r\n".encode()) == b""
        assert await raw(guard, b"GET " + b"x" * 20_000) == b""
        assert site.asked == ["/a"]
    with pytest.raises(OSError, match=r"refused|Connect"):
        await raw(guard, b"x\r\n\r\n")
