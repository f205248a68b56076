"""How a file, an address or a raw stream becomes FLV: copied where players know it, else encoded.

Nothing is slowed down to real time here: the splicer takes what it has room for, and the pipe
makes FFmpeg wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from ..channels.way import Way
from ..fonts import FFMPEG
from ..probe import ProbeResult, probe
from ..relay.config import HouseFormat, ItemConfig
from ..slate.scene import MAX_PIXELS
from . import problems
from .address import libavformat, make_reading

_BASE = (FFMPEG, "-v", "warning", "-hide_banner", "-nostdin", "-nostats")
_BOUNDED = ("-max_pixels", str(MAX_PIXELS))
_OUT = ("-max_interleave_delta", "1000000", "-flush_packets", "1", "-f", "flv")
_OUT_PIPE = (*_OUT, "-flvflags", "no_duration_filesize", "pipe:1")
_SILENCE_RATE = 44100
_SILENCE = ("-f", "lavfi", "-i", f"anullsrc=channel_layout=stereo:sample_rate={_SILENCE_RATE}")
_AAC = ("-c:a", "aac", "-b:a", "128k", "-ac", "2")
_AAC_RATES = frozenset({"44100", "48000"})
_MP3_RATES = frozenset({"11025", "22050", "44100"})
"""FLV knows no other ones of MP3."""

_PLAIN_PIXELS = frozenset({"", "yuv420p", "yuvj420p"})
_LONGEST_SIDE = 1920
_MOST_FPS = 60
_KEY_FRAME_S = 2
_FPS_MODE = 60
"""First libavformat of an FFmpeg that knows ``-fps_mode`` for sure (6.0)."""

_MAX_KNOWN = 100


@dataclass(frozen=True, slots=True)
class Command:
    """``feed``: all of its standard input, unless messages are written there."""

    argv: tuple[str, ...] = field(repr=False)
    feed: bytes = field(default=b"", repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict)


Plan = Callable[[Way | None], Awaitable[Command]]
"""The way is that to an address; None without one."""

# What is behind addresses: asking opens a connection of its own, and some cameras have only two.
_known: dict[str, ProbeResult] = {}


def forget(item: ItemConfig) -> None:
    """Ask anew next time what is there: it could not be read as expected."""
    _known.pop(item.target, None)


async def plan_item(
    item: ItemConfig, start_ms: int, silent: bool, way: Way | None = None
) -> Command:
    """Return how to read an item from ``start_ms`` on; ``silent`` replaces its sound.

    Raises MediaFailed (sources/problems.py).
    """
    found = None if item.is_file else _known.get(item.target)
    if found is None:
        found = await probe(item.target, is_file=item.is_file, way=way)
        if not item.is_file:
            while len(_known) >= _MAX_KNOWN:
                _known.pop(next(iter(_known)))
            _known[item.target] = found
    way = way or Way(item.target)
    reading = await asyncio.to_thread(make_reading, way.url, item.is_file, start_ms, way.options)
    has_sound = found.audio is not None and not silent
    if found.video is None and not has_sound:
        raise problems.nothing()
    argv = [*_BASE, *_BOUNDED, "-fflags", "+genpts", "-thread_queue_size", "256", *reading.args]
    if not has_sound:
        argv += [*_SILENCE, "-map", "0:V:0?", "-map", "1:a:0", "-shortest"]
    else:
        argv += ["-map", "0:V:0?", "-map", "0:a:0"]
    argv += ["-map_metadata", "-1", "-sn", "-dn"]
    argv += _video_options(found, item)
    copied = has_sound and _may_copy_sound(found, item)
    argv += ["-c:a", "copy"] if copied else _sound_options(found, item)
    secrets = () if item.is_file else (item.target, *reading.secrets)
    return Command((*argv, *_OUT_PIPE), reading.feed, secrets, way.env)


def _video_options(found: ProbeResult, item: ItemConfig) -> list[str]:
    if found.video is None:
        return ["-vn"]
    copied = found.video_codec == "h264"
    plain = found.video.get("pix_fmt", "") in _PLAIN_PIXELS and not found.rotated
    if copied and not item.must_transcode and (plain or not item.may_transcode):
        return ["-c:v", "copy"]
    if not item.may_transcode and not item.must_transcode:
        raise problems.of_codec(found.video_codec)
    bound = f"w='min({_LONGEST_SIDE},iw)':h='min({_LONGEST_SIDE},ih)'"
    filters = f"scale={bound}:force_original_aspect_ratio=decrease:force_divisible_by=2,setsar=1"
    if item.must_transcode and item.width and item.height:
        size = f"{item.width}:{item.height}"
        filters = f"scale={size}:force_original_aspect_ratio=decrease:force_divisible_by=2"
        filters += f",pad={size}:(ow-iw)/2:(oh-ih)/2,setsar=1"
    if found.fps > _MOST_FPS:
        filters += f",fps={_MOST_FPS}"
    small = max(found.video.get("width", 0), found.video.get("height", 0)) <= 1280
    kbps = 3500 if small else 6000
    return [
        *("-vf", f"{filters},format=yuv420p"),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "22", "-bf", "0"),
        *("-maxrate", f"{kbps}k", "-bufsize", f"{kbps}k", "-sc_threshold", "0"),
        *("-force_key_frames", f"expr:gte(t,n_forced*{_KEY_FRAME_S})"),
    ]


def _may_copy_sound(found: ProbeResult, item: ItemConfig) -> bool:
    rate = (found.audio or {}).get("sample_rate", "")
    if item.must_transcode and item.audio_rate and rate != str(item.audio_rate):
        return False
    return found.audio_codec == "aac" or (found.audio_codec == "mp3" and rate in _MP3_RATES)


def _sound_options(found: ProbeResult, item: ItemConfig) -> list[str]:
    rate = str((found.audio or {}).get("sample_rate", ""))
    if item.must_transcode and item.audio_rate:
        rate = str(item.audio_rate)
    return [*_AAC, "-ar", rate if rate in _AAC_RATES else str(_SILENCE_RATE)]


async def plan_normaliser(house: HouseFormat, _: Way | None = None) -> Command:
    """Return how a raw stream on standard input becomes the house format."""
    version = await asyncio.to_thread(libavformat)
    size = f"{house.width}:{house.height}"
    gop = str(house.fps * _KEY_FRAME_S)
    rate = f"{house.video_kbps}k"
    return Command(
        (
            *(*_BASE, *_BOUNDED),
            # A parser would go on with the first size for ever; this way the decoder is told of
            # each new one. And what is read for analysing must not be thrown away.
            *("-fflags", "+noparse", "-analyzeduration", "1000000", "-probesize", "500000"),
            *("-fpsprobesize", "0", "-format_whitelist", "flv,matroska", "-i", "pipe:0"),
            *("-map", "0:v:0?", "-map", "0:a:0?"),
            "-vf",
            f"scale={size}:force_original_aspect_ratio=decrease:force_divisible_by=2"
            f",pad={size}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p",
            *("-r", str(house.fps), "-fps_mode" if version >= _FPS_MODE else "-vsync", "cfr"),
            *("-c:v", "libx264", "-preset", "veryfast", "-tune", "zerolatency"),
            *("-profile:v", "high", "-x264-params", "8x8dct=1:cabac=1", "-sc_threshold", "0"),
            *("-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-g", gop, "-keyint_min", gop),
            *("-af", "aresample=async=1000", "-c:a", "aac", "-b:a", f"{house.audio_kbps}k"),
            *("-ar", str(house.audio_rate), "-ac", "2", *_OUT_PIPE),
        )
    )
