"""Encode a scene once, as tags of one loop."""

import asyncio
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from ...core.rtmp.chunk import AUDIO, VIDEO, Message
from ...core.rtmp.flv import FlvError, FlvReader
from ..fonts import FFMPEG, about
from ..gently import MediaFailed, run_to_end
from .format import Format
from .mp4_track import TrackError, read_track
from .scene import MAX_CLIP_S, Scene

STILL_MS = (2000, 4000)
"""How long the loop of a still is, from and to."""

ENCODE_LIMIT_S = 120.0
CLIP_LIMIT_S = 600.0
"""A minute of a large clip, on a small machine that is busy."""

_MOST_BYTES = 64 << 20
_STEADY_FRAME = 6
"""From this frame of silence on they are all the same."""

_PRIMING_FRAMES = 1
_BASE = (FFMPEG, "-v", "error", "-nostdin", "-hide_banner")
_ENCODERS = {
    "avc": ("libx264",),
    "hevc": ("libx265",),
    "av1": ("libsvtav1", "libaom-av1"),
}

# What a stream of each profile uses, so that the encoder really writes that profile.
_X264_TOOLS = {
    "high": "cabac=1:8x8dct=1",
    "main": "cabac=1:8x8dct=0",
    "baseline": "cabac=0:8x8dct=0:weightp=0",
}

Frames = list[tuple[bool, bytes]]
"""(is a key frame, tag body), in order."""


async def find_encoder(codec: str) -> str | None:
    """Return the name of this FFmpeg's encoder of avc, hevc or av1; None without one."""
    for name in _ENCODERS.get(codec, ()):
        told = await asyncio.to_thread(about, FFMPEG, "-h", f"encoder={name}")
        if f"Encoder {name} ".encode() in told:
            return name
    return None


def still_frames(form: Format) -> int:
    """Return how many pictures a still's loop has: so many that sound fits in, nearly whole."""
    least, most = (max(2, round(ms / form.frame_ms)) for ms in STILL_MS)

    def left_over(count: int) -> Fraction:
        frames = count * form.frame_ms / form.audio_frame_ms
        return abs(frames - round(frames))

    return min(range(least, most + 1), key=left_over)


async def encode_video(
    scene: Scene, form: Format, encoder: str, directory: Path
) -> tuple[bytes, Frames]:
    """Return (body of the header tag, one loop); the first frame is a key frame.

    Raises MediaFailed.
    """
    limit_s = ENCODE_LIMIT_S if scene.still else CLIP_LIMIT_S
    count = still_frames(form) if scene.still else int(MAX_CLIP_S * form.fps)
    loop = f",loop=loop={count - 1}:size=1" if scene.still else ""
    clock = f"settb=AVTB,setpts=N/({form.fps})/TB" if scene.still else f"fps={form.fps}"
    graph = f"{scene.graph};[v]format={form.pix_fmt}{loop},{clock}[out]"
    argv = [
        *(*_BASE, *scene.inputs, "-filter_complex", graph, "-map", "[out]", "-an"),
        *("-r", str(form.fps), "-frames:v", str(count), "-map_metadata", "-1"),
        *_codec_options(form, encoder, scene.still),
    ]
    if form.codec == "avc":
        output = ("-f", "flv", "-flvflags", "no_duration_filesize", "pipe:1")
        data = await run_to_end(
            [*argv, *output], limit_s=limit_s, cwd=directory, most_bytes=_MOST_BYTES
        )
        header, frames = _read_flv(data, VIDEO)
    else:
        path = directory / "video.mp4"
        await run_to_end(
            [*argv, "-f", "mp4", "-fs", str(_MOST_BYTES), "-y", f"file:{path}"],
            limit_s=limit_s,
            cwd=directory,
        )
        try:
            track = await asyncio.to_thread(lambda: read_track(path.read_bytes()))
        except (OSError, TrackError) as exc:
            raise MediaFailed(f"ffmpeg made no {form.codec}: {exc}") from None
        header, frames = track.header_payload(), list(track.payloads())
    if not frames or not frames[0][0]:
        raise MediaFailed("there is no picture in it", "Choose another file.", key="slate_empty")
    return header, frames


async def encode_silence(form: Format) -> tuple[bytes, bytes]:
    """Return the bodies of the audio header and of one frame of silence. Raises MediaFailed."""
    source = f"anullsrc=channel_layout={form.layout}:sample_rate={form.audio_rate}"
    argv = [
        *(*_BASE, "-f", "lavfi", "-i", source, "-frames:a", str(_STEADY_FRAME + 2)),
        *(*_aac_options(form), "-f", "flv", "pipe:1"),
    ]
    header, frames = _read_flv(await run_to_end(argv, limit_s=ENCODE_LIMIT_S), AUDIO)
    if len(frames) <= _STEADY_FRAME:
        raise MediaFailed("ffmpeg made no silence")
    return header, frames[_STEADY_FRAME][1]


async def encode_sound(scene: Scene, form: Format, frames: int) -> list[bytes]:
    """Return the clip's own sound as ``frames`` tag bodies, filled up with silence.

    Empty when the clip has none. Raises MediaFailed.
    """
    argv = [
        *(*_BASE, *scene.inputs, "-map", f"{scene.audio_input}?", "-vn"),
        *("-af", "aresample=async=1:first_pts=0,apad", "-frames:a", str(frames + _PRIMING_FRAMES)),
        *(*_aac_options(form), "-f", "flv", "-flvflags", "no_duration_filesize", "pipe:1"),
    ]
    try:
        data = await run_to_end(argv, limit_s=ENCODE_LIMIT_S, most_bytes=_MOST_BYTES)
    except MediaFailed as exc:
        if "does not contain any stream" in exc.message:
            return []
        raise
    _, found = _read_flv(data, AUDIO)
    return [body for _, body in found[_PRIMING_FRAMES:]]


def _read_flv(data: bytes, kind: int) -> tuple[bytes, Frames]:
    header = b""
    frames: Frames = []
    try:
        messages: Sequence[Message] = FlvReader().feed(data)
    except FlvError as exc:
        raise MediaFailed(f"ffmpeg made no FLV: {exc}") from None
    for message in messages:
        body = message.payload
        if message.kind != kind or len(body) < 2:
            continue
        if body[1] == 0:
            header = header or body
        elif body[1] == 1:
            frames.append((kind == AUDIO or body[0] >> 4 == 1, body))
    if not header:
        raise MediaFailed("ffmpeg made nothing of it", "Choose another file.", key="slate_empty")
    return header, frames


def _codec_options(form: Format, encoder: str, still: bool) -> list[str]:
    gop = str(max(1, round(form.fps)))
    kbps = _most_kbps(form)
    common = ["-c:v", encoder, "-pix_fmt", form.pix_fmt, "-g", gop, "-threads", "2"]
    bounds = ["-maxrate", f"{kbps}k", "-bufsize", f"{kbps}k"]
    if encoder == "libx264":
        tools = _X264_TOOLS.get(form.profile, "")
        preset = "veryfast" if still else "superfast"
        options = [*common, *bounds, "-preset", preset, "-bf", "0", "-crf", "23"]
        options += ["-keyint_min", gop, "-sc_threshold", "0"]
        options += ["-profile:v", form.profile] if form.profile else []
        options += ["-level:v", form.level] if form.level else []
        options += ["-tune", "stillimage"] if still else []
        return [*options, *(["-x264-params", tools] if tools else [])]
    if encoder == "libx265":
        params = f"keyint={gop}:min-keyint={gop}:scenecut=0:bframes=0:open-gop=0:log-level=error"
        options = [*common, "-preset", "ultrafast", "-crf", "26"]
        return [*options, "-tag:v", "hvc1", "-x265-params", f"{params}:pools=2:frame-threads=1"]
    if encoder == "libsvtav1":
        # Without this it takes three times the memory.
        small = "lp=1:pred-struct=1:lookahead=0"
        return [*common, "-preset", "10", "-crf", "40", "-svtav1-params", small]
    return [*common, "-cpu-used", "8", "-crf", "40", "-b:v", "0", "-row-mt", "1"]


def _most_kbps(form: Format) -> int:
    """As much as a quiet clip of that size needs; a loop is kept in memory."""
    return max(300, min(4000, form.width * form.height // 460))


def _aac_options(form: Format) -> list[str]:
    kbps = 64 * min(form.audio_channels, 4)
    rate = ("-ar", str(form.audio_rate), "-ac", str(form.audio_channels))
    return ["-c:a", "aac", *rate, "-b:a", f"{kbps}k"]
