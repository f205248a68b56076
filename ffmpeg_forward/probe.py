"""What is in a file or behind an address, asked with limits of time and amount.

The relays use it: standard library and orjson only.
"""

import asyncio
import shutil
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import orjson

from .channels.way import Way
from .gently import MediaFailed, run_to_end
from .sources import problems
from .sources.address import make_reading

FFPROBE = "ffprobe"
TIME_LIMIT_S = 15.0
_MOST_READ_BYTES = 5_000_000
_ANALYSE_US = 5_000_000
_MOST_TOLD_BYTES = 1 << 20
_MOST_TRACKS = 200

_FORMAT = ("start_time", "duration", "bit_rate", "nb_streams", "probe_score")
_VIDEO = ("codec_type", "codec_name", "profile", "width", "height", "pix_fmt", "level")
_AUDIO = ("codec_type", "codec_name", "profile", "sample_fmt", "sample_rate", "channels")
_EITHER = ("bit_rate", "start_time", "duration")
_ENTRIES = (
    f"format={','.join(_FORMAT)},format_name,size"
    f":stream=index,{','.join((*_VIDEO, *_AUDIO[3:], *_EITHER))}"
    ",channel_layout,avg_frame_rate,has_b_frames"
    ":stream_disposition=attached_pic:stream_tags=rotate:stream_side_data=rotation"
)


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """``format``, ``video`` and ``audio`` are as ffprobe gives them: sizes, channels and levels are
    numbers, all else is text, and what it does not know is absent. ``format`` has
    ``has_video`` and ``has_audio``. A track that is not there is None; a cover is no video."""

    format: dict[str, Any]
    video: dict[str, Any] | None
    audio: dict[str, Any] | None
    format_name: str = ""
    size_bytes: int = 0
    fps: float = 0.0
    rotated: bool = field(default=False)
    """It is shown turned by a quarter or more; a copy of the video alone loses that."""

    @property
    def duration_ms(self) -> int:
        """0 when it is not known: live, or behind a password (sources/address.py)."""
        return round(_number(self.format.get("duration")) * 1000)

    @property
    def kbps(self) -> int:
        return round(_number(self.format.get("bit_rate")) / 1000)

    @property
    def video_codec(self) -> str:
        """As ffprobe calls it (``h264``); "" without video."""
        return str(self.video["codec_name"]) if self.video else ""

    @property
    def audio_codec(self) -> str:
        return str(self.audio["codec_name"]) if self.audio else ""


async def probe(
    target: str, *, is_file: bool, timeout_s: float = TIME_LIMIT_S, way: Way | None = None
) -> ProbeResult:
    """Look into an absolute path or an address, this one by a ``way`` that is open.

    Raises MediaFailed, with the keys of sources/problems.py and gently.py.
    """
    if shutil.which(FFPROBE) is None:
        raise MediaFailed("ffprobe is not installed", "Run ./bootstrap again.", key="no_ffmpeg")
    way = way or Way(target)
    reading = await asyncio.to_thread(make_reading, way.url, is_file, 0, way.options)
    *options, flag, address = reading.args
    argv = [
        *(FFPROBE, "-v", "error", "-hide_banner", "-of", "json", "-show_entries", _ENTRIES),
        *("-probesize", str(_MOST_READ_BYTES), "-analyzeduration", str(_ANALYSE_US)),
        *(*options, flag, address),
    ]
    try:
        said = await run_to_end(
            argv,
            limit_s=timeout_s,
            feed=reading.feed,
            most_bytes=_MOST_TOLD_BYTES,
            secrets=(target, *reading.secrets),
            env=way.env,
        )
    except MediaFailed as exc:
        raise problems.forbidden() if way.refused else _in_words(exc) from None
    try:
        return _result(orjson.loads(said))
    except (orjson.JSONDecodeError, ValueError, TypeError, KeyError, AttributeError):
        raise problems.nothing() from None


def _in_words(failure: MediaFailed) -> MediaFailed:
    if failure.key == "ffmpeg_timeout":
        return MediaFailed(failure.message, failure.help, key="source_timeout")
    if failure.key == "ffmpeg_failed":
        return problems.of_words(failure.lines) or failure
    return failure


def _result(told: dict[str, Any]) -> ProbeResult:
    tracks = told["streams"][:_MOST_TRACKS]
    video = next((one for one in tracks if one.get("codec_type") == "video" and _moves(one)), None)
    audio = next(
        (one for one in tracks if one.get("codec_type") == "audio" and one.get("codec_name")), None
    )
    if video is None and audio is None:
        raise problems.nothing()
    about = told.get("format", {})
    return ProbeResult(
        format={
            **_some(about, _FORMAT),
            "has_video": video is not None,
            "has_audio": audio is not None,
        },
        video=_some(video, (*_VIDEO, *_EITHER)) if video else None,
        audio=_some(audio, (*_AUDIO, "channel_layout", *_EITHER)) if audio else None,
        format_name=str(about.get("format_name", "")),
        size_bytes=int(_number(about.get("size"))),
        fps=_rate(video.get("avg_frame_rate")) if video else 0.0,
        rotated=_is_rotated(video) if video else False,
    )


def _moves(track: dict[str, Any]) -> bool:
    cover = track.get("disposition", {}).get("attached_pic", 0)
    return bool(track.get("codec_name")) and not cover and int(track.get("width", 0)) > 0


def _is_rotated(video: dict[str, Any]) -> bool:
    told = [one.get("rotation", 0) for one in video.get("side_data_list", ())]
    told.append(video.get("tags", {}).get("rotate", 0))
    return any(round(_number(angle, signed=True)) % 360 for angle in told)


def _some(found: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: found[name] for name in names if name in found}


def _rate(text: object) -> float:
    try:
        return float(Fraction(str(text)))
    except (ValueError, ZeroDivisionError):
        return 0.0


def _number(value: object, signed: bool = False) -> float:
    """Return a finite number; 0 for what is none."""
    try:
        found = float(str(value))
    except ValueError:
        return 0.0
    return found if abs(found) < 1e15 and (signed or found >= 0) else 0.0
