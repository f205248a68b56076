"""What players are told of the renditions, so that they can choose and switch by themselves."""

from dataclasses import dataclass

from ...core.renditions import Variant
from .ladder import Ladder, Rendition, VideoCodec

_ASSUMED_FPS = 30
_MOST_FPS = 60
"""Of a source whose rate is not known. A level that is too high keeps nobody away."""
_LEAST_LEVEL = 30
_AAC_LC = "mp4a.40.2"
_KEPT_AUDIO_KBPS = 160
"""Of sound that is passed on as it is."""
_CONTAINER = 1.1
"""What MPEG-TS adds, and how far a peak goes beyond the average."""

# level_idc, largest picture and picture rate in macroblocks (H.264, table A-1).
_LEVELS: tuple[tuple[int, int, int], ...] = (
    (10, 99, 1_485),
    (11, 396, 3_000),
    (12, 396, 6_000),
    (20, 396, 11_880),
    (21, 792, 19_800),
    (22, 1_620, 20_250),
    (30, 1_620, 40_500),
    (31, 3_600, 108_000),
    (32, 5_120, 216_000),
    (40, 8_192, 245_760),
    (42, 8_704, 522_240),
    (50, 22_080, 589_824),
    (51, 36_864, 983_040),
    (52, 36_864, 2_073_600),
)
_PROFILES = {"Baseline": "42e0", "Main": "4d40", "High": "6400"}


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What the media server says of the stream that is transcoded; 0 and "" are not known.
    ``profile`` and ``level`` are H.264's, as ``High`` and ``3.1``."""

    width: int = 0
    height: int = 0
    profile: str = ""
    level: str = ""
    codec: str = ""


def level_of(width: int, height: int, fps: int) -> int:
    """Return the level_idc that a picture of this size and rate needs, 31 for level 3.1."""
    blocks = -(-width // 16) * -(-height // 16)
    for level, most, most_a_second in _LEVELS:
        if blocks <= most and blocks * fps <= most_a_second:
            return level
    return _LEVELS[-1][0]


def size_of(rendition: Rendition, source: SourceFacts) -> tuple[int, int]:
    """Return the size that comes out, (0, 0) when the source's is not known."""
    if rendition.codec is VideoCodec.NONE or not (source.width and source.height):
        return 0, 0
    if rendition.codec is VideoCodec.COPY:
        return source.width, source.height
    factor = min(
        1.0,
        (rendition.width or source.width) / source.width,
        (rendition.height or source.height) / source.height,
    )
    return _even(source.width * factor), _even(source.height * factor)


def _even(points: float) -> int:
    return max(2, int(points / 2 + 0.5) * 2)


def describe(ladder: Ladder, source: SourceFacts | None = None) -> list[Variant]:
    """Return what the master playlist says, in the order of the ladder."""
    facts = source or SourceFacts()
    return [_variant(ladder.stream_of(one), one, facts) for one in ladder.renditions]


def _variant(stream: str, one: Rendition, source: SourceFacts) -> Variant:
    width, height = size_of(one, source)
    kbps = _video_kbps(one, source) + (one.audio_kbps or _KEPT_AUDIO_KBPS)
    return Variant(
        stream=stream,
        bandwidth=int(kbps * 1000 * _CONTAINER),
        width=width,
        height=height,
        fps=one.fps,
        codecs=_codecs(one, source, width, height),
        sound=one.codec is VideoCodec.NONE,
    )


def _video_kbps(one: Rendition, source: SourceFacts) -> int:
    if one.codec is VideoCodec.NONE:
        return 0
    if one.video_kbps:
        return one.video_kbps
    # A tenth of a bit a point is usual for what encoders send.
    points = source.width * source.height or 1920 * 1080
    return points * _ASSUMED_FPS // 10_000


def _codecs(one: Rendition, source: SourceFacts, width: int, height: int) -> str:
    """A wrong word here would keep players away, so what is not sure is not said."""
    if one.audio_kbps == 0:
        return ""
    if one.codec is VideoCodec.NONE:
        return _AAC_LC
    if one.codec is VideoCodec.COPY:
        profile = _PROFILES.get(source.profile)
        if source.codec != "H264" or profile is None or not _is_level(source.level):
            return ""
        return f"avc1.{profile}{_level_idc(source.level):02x},{_AAC_LC}"
    if not width:
        return ""
    level = max(_LEAST_LEVEL, level_of(width, height, one.fps or _MOST_FPS))
    return f"avc1.{_PROFILES['Main']}{level:02x},{_AAC_LC}"


def _is_level(text: str) -> bool:
    whole, _, part = text.partition(".")
    return whole.isdigit() and (part.isdigit() or not part) and len(text) <= 3


def _level_idc(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 10 + int(part or 0)
