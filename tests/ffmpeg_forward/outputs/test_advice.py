"""What is said about a stream before a platform dislikes it."""

from dataclasses import replace
from typing import Any

import pytest

from streamstead.ffmpeg_forward.models import MediaFacts
from streamstead.ffmpeg_forward.outputs.advice import advise
from streamstead.ffmpeg_forward.outputs.presets import preset_of

GOOD = {
    "video_codec": "avc",
    "profile": "High",
    "width": 1920,
    "height": 1080,
    "fps": 30,
    "pix_fmt": "yuv420p",
    "gop_ms": 2000,
    "video_kbps": 4500,
    "audio_codec": "aac",
    "audio_rate": 48000,
    "audio_channels": 2,
    "audio_kbps": 128,
}


def keys(platform: str, **changes: Any) -> list[str]:
    found = advise(preset_of(platform), MediaFacts(**{**GOOD, **changes}))
    assert all(one.message and one.help for one in found)
    return [one.key for one in found]


@pytest.mark.parametrize("platform", ["youtube", "twitch", "facebook", "kick", "custom"])
def test_a_usual_stream_needs_no_advice(platform: str) -> None:
    assert keys(platform) == []


def test_nothing_is_said_while_nothing_is_known() -> None:
    assert advise(preset_of("twitch"), None) == []


@pytest.mark.parametrize(
    ("platform", "changes", "expected"),
    [
        ("twitch", {"video_codec": "hevc"}, ["output_codec"]),
        ("youtube", {"video_codec": "hevc"}, []),
        ("bilibili", {"video_codec": "av1"}, ["output_codec"]),
        ("custom", {"video_codec": "av1"}, []),
        ("twitch", {"gop_ms": 8000}, ["output_key_frames"]),
        ("twitch", {"gop_ms": 4100}, []),
        ("custom", {"gop_ms": 8000}, []),
        ("twitch", {"b_frames": True}, ["output_b_frames"]),
        ("twitch", {"audio_codec": "", "audio_rate": 0}, ["output_no_audio"]),
        ("twitch", {"audio_codec": "opus"}, ["output_audio_codec"]),
        ("twitch", {"audio_rate": 22050}, ["output_sample_rate"]),
        ("twitch", {"video_kbps": 9000}, ["output_bitrate"]),
        ("youtube", {"video_kbps": 9000}, []),
        ("twitch", {"pix_fmt": "yuv444p"}, ["output_pixel_format"]),
        ("twitch", {"video_codec": ""}, ["output_no_video"]),
        # The worst first, what is only worth knowing last.
        ("twitch", {"b_frames": True, "video_kbps": 9000}, ["output_bitrate", "output_b_frames"]),
    ],
)
def test_each_fault_is_named(platform: str, changes: dict[str, Any], expected: list[str]) -> None:
    assert keys(platform, **changes) == expected


def test_a_size_that_changes_while_live_is_named() -> None:
    found = advise(preset_of("twitch"), MediaFacts(**GOOD), size_changed=True)
    assert [one.key for one in found] == ["output_size_changed"]


def test_limits_are_those_of_the_platform() -> None:
    strict = replace(preset_of("custom"), max_kbps=1000)
    found = advise(strict, MediaFacts(**GOOD))
    assert [one.key for one in found] == ["output_bitrate"]
    assert "1000" in found[0].message
