"""Slates: like the source that was lost, kept, and never more than a small machine can carry."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from streamstead.core.rtmp.chunk import AUDIO, VIDEO
from streamstead.ffmpeg_forward.gently import MediaFailed
from streamstead.ffmpeg_forward.slate import encode, shelf
from streamstead.ffmpeg_forward.slate.kit import SlateLook, make_slate, note
from streamstead.ffmpeg_forward.splice.media import MediaMeter, SlateParams
from streamstead.ffmpeg_forward.splice.slate import Slate
from streamstead.ffmpeg_forward.splice.tags import look

from ...conftest import need
from ..clips import decode_errors, ffmpeg, loudness, make_clip, pixels, save_flv, streams_of
from ..conftest import until

PARAMS = SlateParams("avc", 320, 180, 25.0, "High", "3.1", "yuv420p", 44100, 2)
CARD = SlateLook(title="Evening show", subtitle="Back soon")

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("has_ffmpeg")]


@pytest.fixture
def has_ffmpeg() -> None:
    need("ffmpeg")
    need("ffprobe")


def names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


def pictures(slate: Slate) -> list[int]:
    return [one.timestamp for one in slate.frames if one.kind == VIDEO]


def key_frames(slate: Slate) -> list[int]:
    return [one.timestamp for one in slate.frames if one.kind == VIDEO and look(one).key]


@pytest.mark.parametrize(
    ("params", "profile", "level", "rate"),
    [
        (PARAMS, "High", 31, "25/1"),
        (replace(PARAMS, profile="main", level="4.0", fps=29.97), "Main", 40, "30000/1001"),
        (
            replace(PARAMS, profile="Constrained Baseline", level="3", width=426, height=240),
            "Constrained Baseline",
            30,
            "25/1",
        ),
        (replace(PARAMS, audio_rate=48000, audio_channels=1, fps=60.0), "High", 31, "60/1"),
        (replace(PARAMS, pix_fmt="yuvj420p"), "High", 31, "25/1"),
    ],
)
async def test_a_slate_has_the_parameters_of_the_source(
    tmp_path: Path, params: SlateParams, profile: str, level: int, rate: str
) -> None:
    slate = await make_slate(params, CARD, tmp_path / "cache")

    path = save_flv(tmp_path / "slate.flv", slate.messages)
    video, audio = streams_of(path)["video"], streams_of(path)["audio"]
    assert (video["profile"], video["level"]) == (profile, level)
    assert (video["width"], video["height"]) == (params.width, params.height)
    assert (video["pix_fmt"], video["has_b_frames"]) == (params.pix_fmt, 0)
    numerator, denominator = (int(part) for part in rate.split("/"))
    step = 1000 * denominator / numerator
    assert pictures(slate) == [round(number * step) for number in range(len(pictures(slate)))]
    assert (audio["codec_name"], audio["sample_rate"]) == ("aac", str(params.audio_rate))
    assert audio["channels"] == params.audio_channels
    assert decode_errors(path) == ""
    assert slate.params == params
    assert note(params, slate) == ""


async def test_what_is_measured_of_a_slate_asks_for_that_slate_again(tmp_path: Path) -> None:
    """Else a programme would make one slate after the other while it shows one."""
    slate = await make_slate(PARAMS, CARD, tmp_path)
    meter = MediaMeter()
    for turn in range(4):
        for one in slate.messages:
            at_ms = turn * slate.loop_ms + one.timestamp
            meter.feed(replace(one, timestamp=at_ms), at_ms)
    measured = SlateParams.of(meter.info())
    assert measured is not None
    again = await make_slate(measured, CARD, tmp_path)
    assert [one.payload for one in again.frames] == [one.payload for one in slate.frames]


async def test_the_loop_of_a_card_is_short_small_and_begins_again_without_a_seam(
    tmp_path: Path,
) -> None:
    slate = await make_slate(replace(PARAMS, width=1280, height=720), CARD, tmp_path)

    assert 2000 <= slate.loop_ms <= 4100
    assert key_frames(slate) == [
        at for at in range(0, slate.loop_ms, 1000) if at in pictures(slate)
    ]
    assert all(look(one).cts_ms == 0 for one in slate.frames)
    assert slate.loop_ms - pictures(slate)[-1] == 40
    sounds = [one.timestamp for one in slate.frames if one.kind == AUDIO]
    assert abs(slate.loop_ms - sounds[-1] - 1024 / 44.1) < 6
    assert slate.silence is not None
    assert {one.payload for one in slate.frames if one.kind == AUDIO} == {slate.silence.payload}
    assert sum(len(one.payload) for one in slate.messages) < 200_000
    stamps = [one.timestamp for one in slate.messages]
    assert stamps == sorted(stamps)


async def test_a_card_shows_its_words_and_silence(tmp_path: Path) -> None:
    slate = await make_slate(PARAMS, CARD, tmp_path / "cache")
    path = save_flv(tmp_path / "slate.flv", slate.messages)
    picture = pixels(path, "320x180")
    assert max(picture) > 180, "bright letters"
    assert sorted(picture)[len(picture) // 2] < 80, "on dark ground"
    assert loudness(path) == 0.0
    other = await make_slate(PARAMS, replace(CARD, title="Morning"), tmp_path / "cache")
    assert pixels(save_flv(tmp_path / "other.flv", other.messages), "320x180") != picture


@pytest.mark.parametrize(
    "title", ["%{localtime} 50% 'off' \\n:[x],;", "x" * 500, "\x00\n\t", "🎬 晚间 Übung"]
)
async def test_no_title_breaks_the_command(tmp_path: Path, title: str) -> None:
    slate = await make_slate(PARAMS, replace(CARD, title=title), tmp_path)
    assert pictures(slate)


async def test_an_own_picture_is_scaled_and_keeps_its_shape(tmp_path: Path) -> None:
    picture = tmp_path / "own.png"
    ffmpeg("-f", "lavfi", "-i", "color=c=white:s=200x200", "-frames:v", "1", str(picture))
    slate = await make_slate(PARAMS, SlateLook("picture", path=picture), tmp_path / "cache")
    shown = pixels(save_flv(tmp_path / "slate.flv", slate.messages), "32x18")
    row = shown[9 * 32 : 10 * 32]
    assert row[16] > 220
    assert row[0] < 60
    assert row[31] < 60


@pytest.mark.parametrize(("audio", "heard"), [("own", True), ("silent", False)])
async def test_an_own_clip_is_one_loop_with_its_own_sound_or_silence(
    tmp_path: Path, audio: str, heard: bool
) -> None:
    clip = make_clip(tmp_path / "own.mp4", size="200x200", seconds=2.5, fps=30)
    look_ = SlateLook("clip", path=clip, audio=audio)
    slate = await make_slate(PARAMS, look_, tmp_path / "cache")
    path = save_flv(tmp_path / "slate.flv", slate.messages)
    assert 2400 <= slate.loop_ms <= 2600
    assert key_frames(slate)[:2] == [0, 1000]
    assert streams_of(path)["video"]["width"] == 320
    assert (loudness(path) > 0.02) is heard
    assert decode_errors(path) == ""


async def test_a_clip_without_sound_is_silent_when_its_own_is_wanted(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "own.mkv", seconds=1, sound_rate=0)
    slate = await make_slate(PARAMS, SlateLook("clip", path=clip, audio="own"), tmp_path / "cache")
    assert {one.kind for one in slate.frames} == {AUDIO, VIDEO}


@pytest.mark.parametrize("codec", ["hevc", "av1"])
async def test_newer_codecs_stay_what_they_are(tmp_path: Path, codec: str) -> None:
    if await encode.find_encoder(codec) is None:
        pytest.skip(f"this ffmpeg has no encoder for {codec}")
    params = replace(PARAMS, video_codec=codec, profile="Main")
    slate = await make_slate(params, CARD, tmp_path)
    looks = [look(one) for one in slate.messages if one.kind == VIDEO]
    assert {one.codec for one in looks} == {codec}
    assert looks[0].header
    assert slate.params == params
    meter = MediaMeter()
    for one in slate.messages:
        meter.feed(one, one.timestamp)
    assert (meter.info().width, meter.info().height) == (320, 180)


async def test_without_an_encoder_for_the_codec_it_is_h264_and_says_so(tmp_path: Path) -> None:
    wanted = replace(PARAMS, video_codec="vp9")
    slate = await make_slate(wanted, CARD, tmp_path)
    assert slate.params.video_codec == "avc"
    assert "vp9" in note(wanted, slate)


async def test_a_slate_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await make_slate(PARAMS, CARD, tmp_path)
    monkeypatch.setenv("PATH", "")
    again = await make_slate(PARAMS, CARD, tmp_path)
    assert again == first
    with pytest.raises(MediaFailed, match="ffmpeg"):
        await make_slate(replace(PARAMS, width=640), CARD, tmp_path)


async def test_two_relays_that_want_the_same_make_it_once(tmp_path: Path) -> None:
    both = await asyncio.gather(*(make_slate(PARAMS, CARD, tmp_path) for _ in range(2)))
    assert both[0] == both[1]
    assert len([one for one in names(tmp_path) if one.endswith(".slate")]) == 1


async def test_a_damaged_one_is_made_anew(tmp_path: Path) -> None:
    slate = await make_slate(PARAMS, CARD, tmp_path)
    kept = next(tmp_path / one for one in names(tmp_path) if one.endswith(".slate"))
    whole = kept.read_bytes()
    for damage in (b"", b"{}\nFLV", whole[:10], whole.replace(b"FLV", b"XYZ", 1)):
        kept.write_bytes(damage)
        assert shelf.load(tmp_path, kept.stem) is None
    kept.write_bytes(whole[:-100])
    assert await make_slate(PARAMS, CARD, tmp_path) == slate


def test_what_was_wanted_longest_ago_goes_first(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"{number}.slate").write_bytes(b"x" * 100)
        os.utime(tmp_path / f"{number}.slate", (number, number))
    shelf.sweep(tmp_path, ".work-", most=4, most_bytes=350)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["3.slate", "4.slate", "5.slate"]


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / ".work-old").mkdir()
    (tmp_path / ".work-old" / "video.mp4").write_bytes(b"x")
    os.utime(tmp_path / ".work-old", (1, 1))
    (tmp_path / ".work-young").mkdir()
    shelf.sweep(tmp_path, ".work-")
    assert [one.name for one in tmp_path.iterdir()] == [".work-young"]


async def test_a_disk_that_takes_nothing_is_no_reason_to_do_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    slate = await make_slate(PARAMS, CARD, tmp_path / "file" / "cache")
    assert pictures(slate)


@pytest.mark.parametrize("kind", ["picture", "clip"])
async def test_a_file_that_is_gone_is_said_to_be(tmp_path: Path, kind: str) -> None:
    for path in (None, tmp_path / "gone.png", tmp_path / "gone.mp4"):
        with pytest.raises(MediaFailed) as failed:
            await make_slate(PARAMS, SlateLook(kind, path=path), tmp_path)
        assert failed.value.key == "slate_file_missing"


async def test_a_broken_file_is_a_problem_in_words_and_leaves_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "own.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\x00" * 1000)
    with pytest.raises(MediaFailed) as failed:
        await make_slate(PARAMS, SlateLook("picture", path=broken), tmp_path / "cache")
    assert failed.value.message
    assert names(tmp_path / "cache") == [".lock"]


async def test_a_clip_that_is_a_list_of_other_files_is_not_followed(tmp_path: Path) -> None:
    make_clip(tmp_path / "secret.ts")
    trick = tmp_path / "own.mp4"
    trick.write_text(f"#EXTM3U\n#EXTINF:2,\nfile:{tmp_path}/secret.ts\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaFailed):
        await make_slate(PARAMS, SlateLook("clip", path=trick), tmp_path / "cache")


async def test_cancelling_ends_ffmpeg_and_leaves_nothing(tmp_path: Path) -> None:
    large = replace(PARAMS, width=3840, height=2160, fps=60.0)
    task = asyncio.create_task(make_slate(large, CARD, tmp_path))
    await until(lambda: _children("libx264") != [])
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert _children("libx264") == []
    assert names(tmp_path) == [".lock"]


def _children(word: str) -> list[psutil.Process]:
    """Return our children whose command holds a word."""
    found = []
    for one in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            if word in " ".join(one.cmdline()):
                found.append(one)
    return found


def test_who_makes_slates_stays_small() -> None:
    code = (
        "import sys, streamstead.ffmpeg_forward.slate.kit,"
        " streamstead.ffmpeg_forward.sources.ffmpeg_source;"
        "print(*(sys.modules.keys() & {'pydantic', 'fastapi', 'redis', 'httpx', 'structlog'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
