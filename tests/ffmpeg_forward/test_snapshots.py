"""Small pictures of live streams, from segments by a real FFmpeg."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest
from redis.asyncio import Redis

from streamstead.core.app import create_app
from streamstead.core.auth import AdminStore, Authenticator
from streamstead.core.registry import Kind, Protocol, Session
from streamstead.ffmpeg_forward import snapshot_routes
from streamstead.ffmpeg_forward import snapshots as module
from streamstead.ffmpeg_forward.snapshots import Snapshots

from ..conftest import need
from .clips import make_clip, pixels, streams_of
from .conftest import until

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("has_ffmpeg")]
SECRET = "srs-v2-the-secret"


@pytest.fixture
def has_ffmpeg() -> None:
    need("ffmpeg")
    need("ffprobe")


@cache
def segment_of(*options: str) -> bytes:
    """Return a segment that begins with a key frame, as segments do."""
    with TemporaryDirectory() as folder:
        path = make_clip(Path(folder) / "a.ts", *options, seconds=1, size="640x360", fps=5)
        return path.read_bytes()


class House:
    """A data directory with streams that come and go."""

    def __init__(self, root: Path) -> None:
        self.html, self.folder = root / "html", root / "snapshots"
        self.folder.mkdir()
        self.live: dict[str, Session] = {}
        self.asked = 0
        self.snapshots = Snapshots(self.html, self.folder, self._publishers, 0.05, rest=0)

    def _publishers(self) -> dict[str, Session]:
        self.asked += 1
        return dict(self.live)

    def publish(self, stream: str, app: str = "live", since_ms: int = 0) -> None:
        self.live[f"{app}/{stream}"] = Session(
            *("id", Kind.PUBLISH, Protocol.RTMP, "__defaultVhost__"),
            *(app, stream, f"{app}/{stream}", "127.0.0.1", since_ms),
        )

    def segment(self, stream: str, name: str, *options: str, app: str = "live") -> None:
        """Write a segment as the newest one of the playlist."""
        directory = self.html / app
        directory.mkdir(parents=True, exist_ok=True)
        make_clip(directory / name, *options, seconds=1, size="960x540")
        (directory / f"{stream}.m3u8").write_text(
            f"#EXTM3U\n#EXTINF:1,\nold.ts\n#EXTINF:1,\n{name}?x=1\n"
        )

    def picture(self, stream: str, app: str = "live") -> Path:
        return self.folder / app / f"{stream}.jpg"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.snapshots.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def rounds(self, count: int = 3) -> None:
        """Wait until it has looked so many times more."""
        wanted = self.asked + count
        await until(lambda: self.asked >= wanted)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def test_a_live_stream_gets_a_small_picture_and_a_new_one_with_each_segment(
    house: House,
) -> None:
    dark = ("-vf", "drawbox=t=fill:c=black", "-c:v", "libx264")
    house.segment("cam", "cam-1.ts", *dark)
    house.publish("cam")
    async with house.running():
        await until(house.picture("cam").is_file)
        video = streams_of(house.picture("cam"))["video"]
        assert (video["codec_name"], video["width"], video["height"]) == ("mjpeg", 480, 270)
        assert max(pixels(house.picture("cam"))) < 40
        before = house.picture("cam").read_bytes()
        house.segment("cam", "cam-2.ts")
        await until(lambda: house.picture("cam").read_bytes() != before)
        assert max(pixels(house.picture("cam"))) > 100


async def test_the_picture_goes_when_the_stream_ends(house: House) -> None:
    house.segment("cam", "cam-1.ts")
    house.publish("cam")
    async with house.running():
        await until(house.picture("cam").is_file)
        house.live.clear()
        await until(lambda: not house.picture("cam").exists())
        await until(lambda: list(house.folder.iterdir()) == [])


async def test_what_an_earlier_process_left_goes_too(house: House) -> None:
    house.picture("old").parent.mkdir()
    house.picture("old").write_bytes(b"x")
    async with house.running():
        await until(lambda: list(house.folder.iterdir()) == [])


async def test_nothing_runs_for_what_has_not_changed_has_no_video_or_is_not_live(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    decode = module._decode

    async def counted(segment: Path) -> bytes:
        decoded.append(segment.name)
        return await decode(segment)

    monkeypatch.setattr(module, "_decode", counted)
    house.segment("idle", "idle-1.ts")
    house.segment("cam", "cam-1.ts")
    house.segment("song", "song-1.ts", "-vn")
    house.publish("cam")
    house.publish("song")
    house.publish("silent")  # without HLS
    async with house.running():
        await until(house.picture("cam").is_file)
        await house.rounds(5)
    assert decoded == ["cam-1.ts", "song-1.ts"]
    assert not house.picture("song").exists()


async def test_the_show_before_is_not_shown_again(house: House) -> None:
    house.segment("cam", "cam-1.ts")
    house.publish("cam", since_ms=time.time_ns() // 1_000_000 + 60_000)
    async with house.running():
        await house.rounds()
        assert not house.picture("cam").exists()
        house.publish("cam", since_ms=1)
        await until(house.picture("cam").is_file)


@pytest.mark.parametrize("name", ["../other/secret.ts", "/etc/passwd", "x.mp4", "gone.ts", ""])
async def test_an_odd_playlist_leads_nowhere(house: House, name: str) -> None:
    house.segment("secret", "secret.ts", app="other")
    (house.html / "live").mkdir()
    (house.html / "live" / "cam.m3u8").write_text(f"#EXTM3U\n#EXTINF:1,\n{name}\n")
    house.publish("cam")
    async with house.running():
        await house.rounds()
    assert not house.picture("cam").exists()


async def test_a_broken_segment_does_not_keep_others_from_theirs(house: House) -> None:
    house.segment("a", "a-1.ts")
    (house.html / "live" / "a-1.ts").write_bytes(b"broken" * 1000)
    house.segment("b", "b-1.ts")
    house.publish("a")
    house.publish("b")
    async with house.running():
        await until(house.picture("b").is_file)
    assert not house.picture("a").exists()


async def test_pictures_of_a_size_that_no_memory_holds_are_not_decoded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_PIXELS", 640 * 360)
    house.segment("a", "a-1.ts")
    (directory := house.html / "live").joinpath("b-1.ts").write_bytes(segment_of())
    (directory / "b.m3u8").write_text("#EXTM3U\n#EXTINF:1,\nb-1.ts\n")
    house.publish("a")
    house.publish("b")
    async with house.running():
        await until(house.picture("b").is_file)
    assert not house.picture("a").exists()


@pytest.fixture
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app("ffmpeg", "snapshots")
    app.include_router(snapshot_routes.router)
    app.state.snapshots = house.snapshots
    # With the secret nobody asks Redis.
    app.state.authenticator = Authenticator(AdminStore(Redis()), b"k" * 32, SECRET)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://ffmpeg/terraform/v1/ffmpeg/snapshot",
        headers={"Authorization": f"Bearer {SECRET}"},
    ) as found:
        yield found


async def test_the_page_gets_it_and_nobody_else(house: House, client: httpx.AsyncClient) -> None:
    house.picture("my show").parent.mkdir()
    house.picture("my show").write_bytes(b"\xff\xd8\xffpicture")
    reply = await client.get("/live/my%20show.jpg?at=1")
    assert (reply.status_code, reply.content) == (200, b"\xff\xd8\xffpicture")
    assert reply.headers["content-type"] == "image/jpeg"
    assert reply.headers["cache-control"] == "no-store"
    stranger = await client.get("/live/my%20show.jpg", headers={"Authorization": "Bearer x"})
    assert stranger.status_code == 401


@pytest.mark.parametrize(
    "path", ["/live/none.jpg", "/..%2f..%2fetc/passwd.jpg", f"/live/{'x' * 300}.jpg"]
)
async def test_what_is_not_there_is_404(client: httpx.AsyncClient, path: str) -> None:
    reply = await client.get(path)
    assert reply.status_code == 404
    assert reply.json()["data"]["key"] in ("snapshot_none", "unknown_path")
