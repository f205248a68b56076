"""Files, cameras and raw streams as messages, by a real FFmpeg that never outlives its use."""

import asyncio
import signal
import subprocess
import sys
import textwrap
from contextlib import aclosing, suppress
from pathlib import Path

import psutil
import pytest

from streamstead.core.rtmp.chunk import AUDIO, VIDEO, Message
from streamstead.ffmpeg_forward.channels.way import Way
from streamstead.ffmpeg_forward.relay.config import ItemConfig, SourceConfig
from streamstead.ffmpeg_forward.sources.ffmpeg_source import (
    FfmpegSource,
    camera,
    reading_item,
)
from streamstead.ffmpeg_forward.sources.plan import Command
from streamstead.ffmpeg_forward.splice.tags import look

from ...conftest import wait_until
from ..clips import H264, decode_errors, ffmpeg, loudness, make_clip, save_flv, streams_of
from ..conftest import until
from .camera import PASSWORD, Camera
from .reading import all_of, key_frames, kinds

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("has_ffmpeg")]


def item(path: Path, **how: bool) -> ItemConfig:
    return ItemConfig("i", str(path), **how)


async def some_of(source: FfmpegSource, count: int) -> list[Message]:
    """Take a few messages and close the source."""
    found: list[Message] = []
    async with asyncio.timeout(60), aclosing(source.messages()) as messages:
        async for message in messages:
            found.append(message)
            if len(found) >= count:
                break
    return found


def fake(body: str, patience_s: float = 60.0) -> FfmpegSource:
    """A source whose child is this Python."""

    async def plan(_: Way | None) -> Command:
        return Command((sys.executable, "-u", "-c", textwrap.dedent(body)), b"", ("s3cret",))

    return FfmpegSource(plan, patience_s=patience_s)


async def test_a_file_that_players_know_is_copied(tmp_path: Path, no_child_left: None) -> None:
    clip = make_clip(tmp_path / "a.mp4")
    source = reading_item(item(clip))
    messages = await all_of(source)
    assert source.problem is None
    assert kinds(messages) == {VIDEO: 50, AUDIO: kinds(messages)[AUDIO]}
    headers = [look(one) for one in messages if look(one).header]
    assert {(one.kind, one.codec) for one in headers} == {("video", "avc"), ("audio", "aac")}
    copied = save_flv(tmp_path / "copy.flv", messages)
    assert ffmpeg("-i", str(copied), "-map", "0:v", "-f", "framemd5", "-c", "copy", "pipe:1")
    assert streams_of(copied)["video"]["profile"] == streams_of(clip)["video"]["profile"]
    assert decode_errors(copied) == ""


async def test_a_file_is_read_faster_than_it_plays_and_from_where_it_is_wanted(
    tmp_path: Path,
) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=4)
    messages = await all_of(reading_item(item(clip), start_at_ms=2000))
    assert kinds(messages)[VIDEO] == 50
    assert min(one.timestamp for one in messages) == 0


async def test_missing_sound_becomes_silence(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", sound_rate=0)
    messages = await all_of(reading_item(item(clip)))
    path = save_flv(tmp_path / "out.flv", messages)
    assert kinds(messages)[VIDEO] == 50
    assert abs(max(m.timestamp for m in messages if m.kind == AUDIO) - 2000) < 300
    assert loudness(path) == 0.0


@pytest.mark.parametrize(
    ("name", "options", "how"),
    [
        ("a.avi", ("-c:v", "mpeg4"), {}),
        ("a.mp4", H264, {"must_transcode": True}),
        ("a.mkv", ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p"), {}),
    ],
)
async def test_what_players_do_not_know_is_converted(
    tmp_path: Path, name: str, options: tuple[str, ...], how: dict[str, bool]
) -> None:
    clip = make_clip(tmp_path / name, *options, seconds=3, size="322x182")
    messages = await all_of(reading_item(item(clip, **how)))
    path = save_flv(tmp_path / "out.flv", messages)
    video = streams_of(path)["video"]
    assert (video["codec_name"], video["pix_fmt"]) == ("h264", "yuv420p")
    assert (video["width"], video["height"]) == (322, 182)
    assert key_frames(messages) == [0, 2000]


async def test_sound_is_converted_even_when_the_picture_may_not_be(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", *H264, "-c:a", "flac", sound_rate=48000)
    messages = await all_of(reading_item(item(clip, may_transcode=False)))
    audio = streams_of(save_flv(tmp_path / "out.flv", messages))["audio"]
    assert (audio["codec_name"], audio["sample_rate"]) == ("aac", "48000")


async def test_who_does_not_want_it_converted_is_told_of_the_codec(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.avi", "-c:v", "mpeg4")
    source = reading_item(item(clip, may_transcode=False))
    assert await all_of(source) == []
    assert source.problem is not None
    assert source.problem["key"] == "source_codec"
    assert "mpeg4" in source.problem["message"]


async def test_a_song_with_a_cover_is_sound_alone(tmp_path: Path) -> None:
    cover = tmp_path / "cover.png"
    ffmpeg("-f", "lavfi", "-i", "color=c=red:s=64x64", "-frames:v", "1", str(cover))
    song = tmp_path / "song.mp3"
    tone = ("-f", "lavfi", "-i", "sine=sample_rate=44100", "-i", str(cover), "-t", "1")
    cover_options = ("-map", "0", "-map", "1", "-disposition:v", "attached_pic")
    ffmpeg(*tone, *cover_options, str(song))
    messages = await all_of(reading_item(item(song)))
    assert set(kinds(messages)) == {AUDIO}
    assert {look(one).codec for one in messages if one.kind == AUDIO} == {"mp3"}


@pytest.mark.parametrize(
    "list_", ["#EXTM3U\n#EXTINF:2,\nfile:{}\n", "ffconcat version 1.0\nfile '{}'\n"]
)
async def test_a_file_that_lists_other_files_does_not_show_them(tmp_path: Path, list_: str) -> None:
    secret = make_clip(tmp_path / "secret.ts")
    trick = tmp_path / "film.mp4"
    trick.write_text(list_.format(secret))
    source = reading_item(item(trick))
    assert await all_of(source) == []
    assert source.problem is not None


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [("gone.mp4", None, "source_missing"), ("a.mp4", b"nothing" * 99, "source_broken")],
)
async def test_what_cannot_be_read_is_said_in_words(
    tmp_path: Path, name: str, content: bytes | None, key: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    source = reading_item(item(tmp_path / name))
    assert await all_of(source) == []
    assert source.problem is not None
    assert source.problem["key"] == key
    assert source.problem["message"]


async def test_closing_ends_and_reaps_the_child(tmp_path: Path, no_child_left: None) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=20, size="640x360")
    source = reading_item(item(clip))
    assert len(await some_of(source, 5)) == 5
    assert source.problem is None


async def test_who_reads_slowly_makes_the_child_wait(tmp_path: Path, no_child_left: None) -> None:
    """Else an hour of film would be in our memory after a minute."""
    noise = ("-vf", "noise=alls=60:allf=t", *H264, "-crf", "10")
    clip = make_clip(tmp_path / "a.mp4", *noise, seconds=6, size="640x360")
    source = reading_item(item(clip))
    async with aclosing(source.messages()) as messages:
        seen = await anext(messages)
        (child,) = psutil.Process().children()
        await until(lambda: child.status() == psutil.STATUS_SLEEPING)
        written = 0

        def stands() -> bool:
            nonlocal written
            before, written = written, child.io_counters().write_bytes + _written(child.pid)
            return written == before > 0

        await until(stands)
        assert written < clip.stat().st_size / 2
        count = [seen]
        async for message in messages:
            count.append(message)
    assert kinds(count)[VIDEO] == 150


def _written(pid: int) -> int:
    """Return the bytes a process has written to anything, pipes too."""
    for line in Path(f"/proc/{pid}/io").read_text().splitlines():
        if line.startswith("wchar"):
            return int(line.split()[1])
    return 0


async def test_a_child_that_is_killed_is_a_problem_in_words(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=20, size="640x360")
    source = reading_item(item(clip))
    async with aclosing(source.messages()) as messages:
        await anext(messages)
        psutil.Process().children()[0].kill()
        async for _ in messages:
            pass
    assert source.problem is not None
    assert source.problem["key"] == "source_closed"


async def test_a_child_that_hangs_is_given_up(no_child_left: None) -> None:
    source = fake("import time; time.sleep(600)", patience_s=0.5)
    assert await all_of(source) == []
    assert source.problem is not None
    assert source.problem["key"] == "source_timeout"


async def test_a_child_that_will_not_end_is_killed(no_child_left: None) -> None:
    source = fake("""
        import signal, sys, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        tag = bytes([9, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0x17]) + (12).to_bytes(4, "big")
        sys.stdout.buffer.write(b"FLV\\1\\5\\0\\0\\0\\x09\\0\\0\\0\\0" + tag)
        sys.stdout.buffer.flush()
        time.sleep(600)
    """)
    assert len(await some_of(source, 1)) == 1


async def test_what_is_no_media_is_a_problem(no_child_left: None) -> None:
    source = fake("print('hello' * 1000)")
    assert await all_of(source) == []
    assert source.problem is not None
    assert source.problem["key"] == "source_empty"


async def test_its_words_are_kept_without_secrets_and_bounded() -> None:
    source = fake("""
        import sys
        for number in range(500):
            print(number, "rtsp://u:s3cret@host/ key=s3cret", "x" * 9999, file=sys.stderr)
    """)
    await all_of(source)
    assert len(source.lines) == 200
    assert source.lines[-1].startswith("499 ")
    assert "s3cret" not in "".join(source.lines)
    assert max(map(len, source.lines)) <= 500


def test_the_child_ends_when_we_are_killed(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=20, size="640x360")
    code = f"""
        import asyncio
        from streamstead.ffmpeg_forward.relay.config import ItemConfig
        from streamstead.ffmpeg_forward.sources.ffmpeg_source import reading_item
        async def main():
            async for _ in reading_item(ItemConfig("i", {str(clip)!r})).messages():
                print("running", flush=True)
                await asyncio.sleep(600)
        asyncio.run(main())
    """
    argv = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE) as ours:
        assert ours.stdout is not None
        assert ours.stdout.readline() == b"running\n"
        (child,) = psutil.Process(ours.pid).children()
        ours.send_signal(signal.SIGKILL)
    wait_until(lambda: not _runs(child), "ffmpeg has ended with its parent")


def _runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    return False


def camera_of(url: str, silent: bool = False) -> SourceConfig:
    one = ItemConfig("c", url, is_file=False, allow_private=True, film=False)
    return SourceConfig("c", "camera", items=(one,), silent_audio=silent)


@pytest.mark.parametrize(
    ("sound", "silent"), [("pcm_alaw", False), ("", False), ("pcm_alaw", True)]
)
async def test_a_camera_is_read_over_tcp_with_sound_or_silence_and_its_password_kept(
    tmp_path: Path, sound: str, silent: bool, no_child_left: None
) -> None:
    async with Camera(tmp_path, sound) as one:
        source = camera(camera_of(one.url, silent))
        messages: list[Message] = []
        async with asyncio.timeout(60), aclosing(source.messages()) as coming:
            async for message in coming:
                messages.append(message)
                if len(messages) == 40:
                    commands = [child.cmdline() for child in psutil.Process().children()]
                    break
        assert any("pipe:0" in command for command in commands)
        assert PASSWORD not in str(commands) + "".join(source.lines)
        assert source.problem is None, source.lines
        assert {"RTP/AVP/TCP" in transport for transport in one.transports} == {True}
        await until(lambda: one.torn_down > 0)
    assert set(kinds(messages)) == {AUDIO, VIDEO}
    path = save_flv(tmp_path / "out.flv", messages)
    assert streams_of(path)["video"]["width"] == 320
    assert streams_of(path)["audio"]["codec_name"] == "aac"
    assert (loudness(path) > 0.02) is (sound != "" and not silent)


async def test_a_camera_that_wants_another_password_says_so(tmp_path: Path) -> None:
    async with Camera(tmp_path, password="changed") as one:
        source = camera(camera_of(one.url))
        assert await all_of(source) == []
    assert source.problem is not None
    assert source.problem["key"] == "source_refused"
    assert PASSWORD not in str(source.problem)


async def test_a_camera_that_goes_away_is_a_problem(tmp_path: Path, no_child_left: None) -> None:
    async with Camera(tmp_path) as one:
        source = camera(camera_of(one.url))
        async with asyncio.timeout(60), aclosing(source.messages()) as messages:
            await anext(messages)
            one.hang_up()
            async for _ in messages:
                pass
    assert source.problem is not None
    assert source.problem["key"].startswith("source_")
