"""What a stream of media messages is like."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...core.rtmp.amf import AmfValue, decode_leading
from ...core.rtmp.chunk import Message
from . import aac, av1, h264, hevc, mp3
from .picture import Picture
from .tags import Look, look

__all__ = ["Look", "MediaInfo", "MediaMeter", "SlateParams", "look", "metadata_of", "usual_fps"]


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a stream is like; "" and 0 are unknown. ``b_frames``: pictures are shown in another
    order than they are sent. ``gop_ms``: from one key frame to the next."""

    video_codec: str = ""
    profile: str = ""
    level: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    pix_fmt: str = ""
    b_frames: bool = False
    gop_ms: int = 0
    video_kbps: int = 0
    audio_codec: str = ""
    audio_rate: int = 0
    audio_channels: int = 0
    audio_kbps: int = 0


@dataclass(frozen=True, slots=True)
class SlateParams:
    """What a slate must be like, so that decoders need not change at a joint."""

    video_codec: str
    width: int
    height: int
    fps: float
    profile: str
    level: str
    pix_fmt: str
    audio_rate: int
    audio_channels: int

    @classmethod
    def of(cls, info: MediaInfo) -> "SlateParams | None":
        """Return what fits behind such a stream; None while its picture is not known."""
        if not info.video_codec or not info.width or not info.height:
            return None
        return cls(
            info.video_codec,
            info.width,
            info.height,
            usual_fps(info.fps) or 30.0,
            info.profile,
            info.level,
            info.pix_fmt or "yuv420p",
            info.audio_rate or 48000,
            info.audio_channels or 2,
        )


_USUAL_FPS = (
    *(5, 10, 12, 12.5, 15, 20, 24000 / 1001, 24, 25),
    *(30000 / 1001, 30, 48, 50, 60000 / 1001, 60, 90, 100, 120),
)


def usual_fps(fps: float) -> float:
    """Return the rate that a measured one is most likely meant to be; 0 for none."""
    if not 1 <= fps <= 240:
        return 0.0
    usual = min(_USUAL_FPS, key=lambda rate: abs(rate - fps))
    return usual if abs(usual - fps) / usual < 0.02 else float(round(fps))


WINDOW_MS = 10_000
_BUCKET_MS = 1000
_LONGEST_STEP_MS = 2000
"""A longer step from one timestamp to the next is a jump, not the length of a frame."""

_DESCRIBE: Mapping[str, Callable[[bytes], Picture]] = {
    "avc": h264.describe,
    "hevc": hevc.describe,
    "av1": av1.describe,
}
_LEGACY_RATES = (5512, 11025, 22050, 44100)


def metadata_of(payload: bytes) -> Mapping[str, AmfValue] | None:
    """Return the members of an onMetaData, None for other data. Never raises."""
    if payload[:1] != b"\x02":
        return None
    values = decode_leading(payload[: 64 << 10])
    if values and values[0] == "@setDataFrame":
        del values[0]
    if len(values) < 2 or values[0] != "onMetaData" or not isinstance(values[1], Mapping):
        return None
    return values[1]


class _Track:
    """One kind of media: sums of the last seconds, by the stream's own clock."""

    def __init__(self) -> None:
        self._buckets: deque[list[int]] = deque()
        self._last = 0
        self._begun = False

    def add(self, timestamp: int, size: int, now_ms: int) -> int:
        """Return how much later than the frame before it this one is; 0 after a jump."""
        step = (timestamp - self._last) & 0xFFFFFFFF if self._begun else 0
        self._last, self._begun = timestamp, True
        if step > _LONGEST_STEP_MS:
            step = 0
        number = now_ms // _BUCKET_MS
        if not self._buckets or self._buckets[-1][0] != number:
            self._buckets.append([number, 0, 0, 0])
            while self._buckets[0][0] <= number - WINDOW_MS // _BUCKET_MS:
                self._buckets.popleft()
        bucket = self._buckets[-1]
        bucket[1] += size
        bucket[2] += step
        bucket[3] += step > 0
        return step

    def kbps(self) -> int:
        size, length = (sum(bucket[at] for bucket in self._buckets) for at in (1, 2))
        return round(size * 8 / length) if length else 0

    def rate(self) -> float:
        length, frames = (sum(bucket[at] for bucket in self._buckets) for at in (2, 3))
        return frames * 1000 / length if length else 0.0


class MediaMeter:
    """Measures a stream over its last ten seconds; cheap enough for every message."""

    def __init__(self) -> None:
        self._video = _Track()
        self._audio = _Track()
        self._video_codec = self._audio_codec = ""
        self._picture = Picture()
        self._sound = (0, 0)
        self._meta_size = (0, 0)
        self._meta_fps = 0.0
        self._cts: tuple[int, int] | None = None
        self._since_key_ms = -1
        self._gop_ms = 0

    def feed(self, message: Message, now_ms: int) -> None:
        """``now_ms``: when it came. Never raises, whatever the message is."""
        self.take(message, look(message), now_ms)

    def take(self, message: Message, seen: Look, now_ms: int) -> None:
        """Like ``feed``, for who has looked at the message already."""
        if seen.kind == "video":
            self._take_video(message, seen, now_ms)
        elif seen.kind == "audio":
            self._take_audio(message, seen, now_ms)
        elif seen.kind == "data":
            self._take_metadata(message.payload)

    def info(self) -> MediaInfo:
        picture = self._picture
        measured = self._video.rate()
        return MediaInfo(
            video_codec=self._video_codec,
            profile=picture.profile,
            level=picture.level,
            width=picture.width or self._meta_size[0],
            height=picture.height or self._meta_size[1],
            fps=round(measured or self._meta_fps or picture.fps, 3),
            pix_fmt=picture.pix_fmt,
            b_frames=self._cts is not None and self._cts[0] != self._cts[1],
            gop_ms=self._gop_ms,
            video_kbps=self._video.kbps(),
            audio_codec=self._audio_codec,
            audio_rate=self._sound[0],
            audio_channels=self._sound[1],
            audio_kbps=self._audio.kbps(),
        )

    def _take_video(self, message: Message, seen: Look, now_ms: int) -> None:
        if seen.header:
            self._video_codec = seen.codec
            self._cts = None
            describe = _DESCRIBE.get(seen.codec)
            self._picture = describe(message.payload[seen.body :]) if describe else Picture()
        elif seen.frame:
            self._video_codec = seen.codec
            step = self._video.add(message.timestamp, len(message.payload), now_ms)
            low, high = self._cts or (seen.cts_ms, seen.cts_ms)
            self._cts = min(low, seen.cts_ms), max(high, seen.cts_ms)
            if self._since_key_ms >= 0:
                self._since_key_ms += step
            if seen.key:
                self._gop_ms = max(0, self._since_key_ms)
                self._since_key_ms = 0

    def _take_audio(self, message: Message, seen: Look, now_ms: int) -> None:
        if seen.header:
            self._audio_codec = seen.codec
            if seen.codec == "aac":
                found = aac.describe(message.payload[seen.body :])
                self._sound = (found.rate, found.channels) if found else (0, 0)
            elif seen.codec == "opus":
                self._sound = 48000, (message.payload[seen.body + 9 :] or b"\2")[0]
        elif seen.frame:
            if seen.codec not in ("aac", self._audio_codec):
                self._sound = _sound_of(message.payload, seen)
            self._audio_codec = seen.codec
            self._audio.add(message.timestamp, len(message.payload), now_ms)

    def _take_metadata(self, payload: bytes) -> None:
        told = metadata_of(payload)
        if told is not None:
            size = (_number(told, "width"), _number(told, "height"))
            self._meta_size = (int(size[0]), int(size[1]))
            self._meta_fps = _number(told, "framerate")


def _sound_of(payload: bytes, seen: Look) -> tuple[int, int]:
    if seen.codec == "mp3":
        return mp3.describe(payload[seen.body :])
    if seen.codec == "opus":
        return 48000, 2
    if seen.codec == "speex":
        return 16000, 1
    if seen.codec in ("alaw", "ulaw"):
        return 8000, 1 + (payload[0] & 1)
    return (_LEGACY_RATES[payload[0] >> 2 & 3], 1 + (payload[0] & 1)) if seen.body == 1 else (0, 0)


def _number(told: Mapping[str, AmfValue], name: str) -> float:
    found = told.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return 0.0
    return float(found) if 0 < found <= 16384 else 0.0
