"""The parameters of a source, as FFmpeg's encoders take them."""

import re
from dataclasses import dataclass
from fractions import Fraction

from ..splice.media import SlateParams

AAC_FRAME = 1024
"""Samples of one frame of AAC-LC."""

_RATES = tuple(
    Fraction(rate)
    for rate in (
        *("5", "8", "10", "12", "25/2", "15", "20", "24000/1001", "24", "25", "30000/1001", "30"),
        *("48", "50", "60000/1001", "60", "72", "90", "100", "120"),
    )
)
_SAMPLE_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000)
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}
_PIXELS = re.compile(r"yuvj?4(20|22|44)p(10le)?")
_PROFILE_PIXELS = {"baseline": "420p", "main": "420p", "high": "420p"}
_LEAST, _MOST = 16, 8192
DEFAULT_SAMPLE_RATE = 44100


@dataclass(frozen=True, slots=True)
class Format:
    """What is really encoded: whole and even numbers, rates that exist. ``profile`` and ``level``
    are "" where the encoder is to choose."""

    codec: str
    width: int
    height: int
    fps: Fraction
    profile: str
    level: str
    pix_fmt: str
    audio_rate: int
    audio_channels: int

    @property
    def layout(self) -> str:
        return _LAYOUTS[self.audio_channels]

    @property
    def frame_ms(self) -> Fraction:
        """How long a picture is shown."""
        return 1000 / self.fps

    @property
    def audio_frame_ms(self) -> Fraction:
        return Fraction(AAC_FRAME * 1000, self.audio_rate)


def make_format(params: SlateParams, codec: str) -> Format:
    """Return how a slate for such a source is encoded with ``codec`` (avc, hevc, av1)."""
    pix_fmt = params.pix_fmt if _PIXELS.fullmatch(params.pix_fmt) else "yuv420p"
    profile = _x264_profile(params.profile) if codec == "avc" == params.video_codec else ""
    if profile in _PROFILE_PIXELS and not pix_fmt.endswith("420p"):
        profile = ""
    if codec != "avc":
        pix_fmt = "yuv420p10le" if pix_fmt.endswith("10le") else "yuv420p"
    return Format(
        codec=codec,
        width=_even(params.width),
        height=_even(params.height),
        fps=_rate(params.fps),
        profile=profile,
        level=_level(params.level) if profile else "",
        pix_fmt=pix_fmt,
        audio_rate=params.audio_rate if params.audio_rate in _SAMPLE_RATES else DEFAULT_SAMPLE_RATE,
        audio_channels=params.audio_channels if params.audio_channels in _LAYOUTS else 2,
    )


def _even(size: int) -> int:
    return max(_LEAST, min(size, _MOST)) & ~1


def _rate(fps: float) -> Fraction:
    """Return the rate that cameras and encoders have nearest to a measured one."""
    if not 1 <= fps <= 240:
        return Fraction(30)
    nearest = min(_RATES, key=lambda rate: abs(rate - Fraction(fps)))
    if abs(nearest - Fraction(fps)) / nearest < Fraction(2, 100):
        return nearest
    return Fraction(fps).limit_denominator(100)


def _x264_profile(name: str) -> str:
    """Return what libx264 calls a profile; "" for those it cannot make or we do not know."""
    plain = name.lower().replace("constrained", "").strip()
    return plain if plain in ("baseline", "main", "high") else ""


def _level(level: object) -> str:
    """Return ``3.1`` for 3.1, "3.1" and 31; "" for what is no level."""
    found = re.fullmatch(r"([1-6])\.?([0-3])?", str(level).strip())
    return f"{found[1]}.{found[2] or 0}" if found else ""
