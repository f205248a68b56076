"""What is in a file or behind an address, by a real ffprobe."""

import asyncio
from pathlib import Path

import psutil
import pytest

from streamstead.ffmpeg_forward.gently import MediaFailed
from streamstead.ffmpeg_forward.probe import probe

from ..conftest import need
from .clips import ffmpeg, make_clip

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("has_ffmpeg")]


@pytest.fixture
def has_ffmpeg() -> None:
    need("ffmpeg")
    need("ffprobe")


async def test_a_film_is_described_as_the_old_api_does(tmp_path: Path) -> None:
    found = await probe(str(make_clip(tmp_path / "a.mp4")), is_file=True)
    assert (found.video_codec, found.audio_codec, found.fps) == ("h264", "aac", 25.0)
    assert 1900 <= found.duration_ms <= 2100
    assert found.kbps > 0
    assert found.size_bytes == (tmp_path / "a.mp4").stat().st_size
    assert set(found.format) == {
        *("start_time", "duration", "bit_rate", "nb_streams", "probe_score"),
        *("has_video", "has_audio"),
    }
    assert found.video is not None
    assert set(found.video) == {
        *("codec_type", "codec_name", "profile", "width", "height", "pix_fmt", "level"),
        *("bit_rate", "start_time", "duration"),
    }
    assert isinstance(found.video["bit_rate"], str)
    assert found.audio is not None
    assert (found.audio["sample_rate"], found.audio["channels"]) == ("44100", 1)
    assert "channel_layout" in found.audio


async def test_a_film_without_sound_has_none(tmp_path: Path) -> None:
    found = await probe(str(make_clip(tmp_path / "a.mp4", sound_rate=0)), is_file=True)
    assert found.audio is None
    assert found.format["has_audio"] is False


async def test_a_cover_is_no_video(tmp_path: Path) -> None:
    cover, song = tmp_path / "cover.png", tmp_path / "song.mp3"
    ffmpeg("-f", "lavfi", "-i", "color=c=red:s=64x64", "-frames:v", "1", str(cover))
    tone = ("-f", "lavfi", "-i", "sine", "-i", str(cover), "-t", "1")
    ffmpeg(*tone, "-map", "0", "-map", "1", "-disposition:v", "attached_pic", str(song))
    found = await probe(str(song), is_file=True)
    assert (found.video, found.audio_codec) == (None, "mp3")


async def test_a_film_of_a_phone_held_upright_is_turned(tmp_path: Path) -> None:
    plain, turned = make_clip(tmp_path / "a.mp4"), tmp_path / "b.mp4"
    ffmpeg("-i", str(plain), "-c", "copy", "-metadata:s:v", "rotate=90", str(turned))
    if not (await probe(str(turned), is_file=True)).rotated:
        # FFmpeg 6 and later say it another way.
        ffmpeg("-display_rotation", "90", "-i", str(plain), "-c", "copy", str(turned))
    assert (await probe(str(turned), is_file=True)).rotated
    assert not (await probe(str(plain), is_file=True)).rotated


@pytest.mark.parametrize(
    ("target", "is_file", "key"),
    [
        ("/nowhere/a.mp4", True, "source_missing"),
        ("/etc/hostname", True, "source_broken"),
        ("http://127.0.0.1:1/a.mp4", False, "source_unreachable"),
        ("rtsp://admin:s3cret@127.0.0.1:1/a", False, "source_unreachable"),
        ("file:///etc/passwd", False, "source_address"),
        ("concat:/etc/passwd", False, "source_address"),
        ("http://", False, "source_address"),
        ("http://[::1/", False, "source_address"),
        ("http://host/a\nfile /etc/passwd", False, "source_address"),
    ],
)
async def test_what_cannot_be_read_is_said_in_words_without_secrets(
    target: str, is_file: bool, key: str
) -> None:
    with pytest.raises(MediaFailed) as failed:
        await probe(target, is_file=is_file)
    assert failed.value.key == key
    assert failed.value.message
    assert failed.value.help
    assert "s3cret" not in repr(failed.value.__dict__)


async def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(MediaFailed) as failed:
        await probe(f"http://127.0.0.1:{port}/a.mp4", is_file=False, timeout_s=0.5)
    assert failed.value.key == "source_timeout"
    assert psutil.Process().children(recursive=True) == []
    server.close()
    await server.wait_closed()


async def test_a_list_on_a_server_shows_no_file_of_this_machine(tmp_path: Path) -> None:
    secret = make_clip(tmp_path / "secret.ts")
    content = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:{secret}\n#EXT-X-ENDLIST\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        writer.write((head + content).encode())
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for user in ("", "user:password@"):
        with pytest.raises(MediaFailed):
            await probe(f"http://{user}127.0.0.1:{port}/a.m3u8", is_file=False)
    server.close()
    await server.wait_closed()
