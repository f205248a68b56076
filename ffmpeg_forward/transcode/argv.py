"""The command of one ladder: one child that decodes once and publishes every rendition."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from ...core.house_grant import Way
from ..slate.scene import MAX_PIXELS
from ..supervise import Command
from .ladder import Hardware, Ladder, Rendition, VideoCodec

FFMPEG = "ffmpeg"
_PROBE_US = 2_000_000
_PROBE_BYTES = 5_000_000
_NETWORK_US = 10_000_000
_MOST_FPS = 120

Grant = Callable[[Way, str], str]
"""Makes a grant of our own for a stream (``app/stream``)."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """How H.264 is made. ``setup``: options before the input; ``upload``: the end of the filter."""

    codec: str
    setup: tuple[str, ...] = ()
    upload: str = "format=yuv420p"
    options: tuple[str, ...] = ()


_RENDER_NODE = "/dev/dri/renderD128"

SOFTWARE = Encoder("libx264", options=("-sc_threshold", "0"))
ENCODERS: dict[Hardware, Encoder] = {
    # The picture is decoded and scaled by the processor: that works with every source and driver,
    # and the encoder is what costs.
    Hardware.VAAPI: Encoder("h264_vaapi", ("-vaapi_device", _RENDER_NODE), "format=nv12,hwupload"),
    Hardware.NVENC: Encoder(
        "h264_nvenc", options=("-preset", "p4", "-rc", "cbr", "-forced-idr", "1")
    ),
    Hardware.QSV: Encoder(
        "h264_qsv",
        ("-init_hw_device", "qsv=hw", "-filter_hw_device", "hw"),
        "format=nv12",
        ("-forced_idr", "1"),
    ),
}


def ladder_command(ladder: Ladder, encoder: Encoder, rtmp_port: int, grant: Grant) -> Command:
    """Return the command, with fresh grants: it must be run within their minute."""
    base = f"rtmp://127.0.0.1:{rtmp_port}"
    tokens: list[str] = []

    def address(way: Way, stream: str) -> str:
        token = grant(way, f"{ladder.app}/{stream}")
        tokens.append(token)
        path = f"{quote(ladder.app, safe='')}/{quote(stream, safe='')}"
        return f"{base}/{path}?grant={quote(token, safe='')}"

    argv = [*_opening(encoder, address(Way.PLAY, ladder.stream))]
    copies = any(one.codec is VideoCodec.COPY for one in ladder.renditions)
    for one in ladder.renditions:
        argv += rendition_options(one, encoder, copies=copies)
        argv += _flv(address(Way.PUBLISH, ladder.stream_of(one)))
    return Command(tuple(argv), tuple(tokens))


def _opening(encoder: Encoder, source: str) -> list[str]:
    return [
        *(FFMPEG, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "warning"),
        *("-progress", "pipe:1"),
        *encoder.setup,
        # What the source's header promises and never sends is not waited for long.
        *("-analyzeduration", str(_PROBE_US), "-probesize", str(_PROBE_BYTES)),
        # Nor is it watched for its frame rate: that would take two seconds.
        *("-fpsprobesize", "0"),
        *("-rw_timeout", str(_NETWORK_US)),
        *("-max_pixels", str(MAX_PIXELS)),
        *("-i", source),
    ]


def _flv(target: str) -> list[str]:
    return ["-f", "flv", "-flvflags", "no_duration_filesize", target]


def single_command(
    rendition: Rendition, profile: str, encoder: Encoder, source: str, target: str
) -> tuple[str, ...]:
    """Return the command that makes one rendition of one address for another."""
    options = rendition_options(rendition, encoder, copies=False, profile=profile)
    form = ("-f", "mpegts", target) if target.startswith("srt:") else tuple(_flv(target))
    return (*_opening(encoder, source), *options, *form)


def rendition_options(
    one: Rendition, encoder: Encoder, *, copies: bool, profile: str = "main"
) -> list[str]:
    """Return the options of one output. ``copies``: the ladder passes the picture on as well, so
    key frames are where the source has them."""
    video = _video(one, encoder, copies=copies, profile=profile)
    return [*video, *_audio(one), "-sn", "-dn"]


def _video(one: Rendition, encoder: Encoder, *, copies: bool, profile: str) -> list[str]:
    if one.codec is VideoCodec.NONE:
        return ["-vn"]
    if one.codec is VideoCodec.COPY:
        return ["-map", "0:v:0", "-c:v", "copy"]
    rate = f"{one.video_kbps}k"
    # The longest distance is a limit only; where key frames really are is said by the expression.
    longest = str(int(one.gop_s * (one.fps or _MOST_FPS)) + 1) if not copies else "1200"
    options = ["-map", "0:v:0", "-vf", _filter(one, encoder), "-c:v", encoder.codec]
    if encoder.codec == SOFTWARE.codec:
        options += ["-preset", one.preset.value]
    return [
        *options,
        *encoder.options,
        *("-profile:v", profile, "-bf", "0", "-g", longest),
        *("-force_key_frames", "source" if copies else _grid(one.gop_s)),
        *("-b:v", rate, "-maxrate", rate, "-bufsize", f"{one.video_kbps * 2}k"),
    ]


def _grid(gop_s: float) -> str:
    """Key frames at the first picture of every ``gop_s`` of the source's time: the same in every
    rendition, whatever its frame rate and however often the child was started."""
    return f"expr:if(isnan(prev_forced_t),1,gt(floor(t/{gop_s:g}),floor(prev_forced_t/{gop_s:g})))"


def _filter(one: Rendition, encoder: Encoder) -> str:
    parts = [f"fps={one.fps}"] if one.fps else []
    if one.width or one.height:
        width = f"min({one.width}\\,iw)" if one.width else "iw"
        height = f"min({one.height}\\,ih)" if one.height else "ih"
        parts.append(
            f"scale=w={width}:h={height}:flags=bicubic"
            ":force_original_aspect_ratio=decrease:force_divisible_by=2"
        )
    else:
        parts.append("scale=w=trunc(iw/2)*2:h=trunc(ih/2)*2")
    return ",".join([*parts, encoder.upload])


def _audio(one: Rendition) -> list[str]:
    mapped = ["-map", "0:a:0" if one.codec is VideoCodec.NONE else "0:a:0?"]
    if one.audio_kbps == 0:
        return [*mapped, "-c:a", "copy"]
    channels = ["-ac", str(one.audio_channels)] if one.audio_channels else []
    return [*mapped, "-c:a", "aac", "-b:a", f"{one.audio_kbps}k", *channels]
