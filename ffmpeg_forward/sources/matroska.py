"""Messages as Matroska: how FFmpeg takes what enhanced RTMP has brought.

As FLV it reads HEVC, AV1 and the new tags only since 6.1. Source of the elements: RFC 9559.
"""

import struct
from collections.abc import Sequence

from ...core.rtmp.chunk import AUDIO, VIDEO, Message
from ..splice.media import MediaMeter
from ..splice.tags import look

_VIDEO_IDS = {
    "avc": b"V_MPEG4/ISO/AVC",
    "hevc": b"V_MPEGH/ISO/HEVC",
    "av1": b"V_AV1",
    "vp9": b"V_VP9",
}
_AUDIO_IDS = {"aac": b"A_AAC", "mp3": b"A_MPEG/L3", "opus": b"A_OPUS"}
_TRACKS = {VIDEO: 1, AUDIO: 2}
_MS = 1_000_000
"""Nanoseconds of one tick."""

_KEY = 0x80
_UNKNOWN_SIZE = b"\x01" + b"\xff" * 7
_EBML = (0x1A45DFA3, ((0x4286, 1), (0x42F7, 1), (0x42F2, 4), (0x42F3, 8)))


class MatroskaWriter:
    """``first``: what the stream begins with, its headers among it. A header that comes later is
    not told of: this form has no place for it."""

    def __init__(self, first: Sequence[Message]) -> None:
        self._meter = MediaMeter()
        self._headers: dict[int, bytes] = {}
        self._codecs: dict[int, str] = {}
        for message in first:
            self._meter.feed(message, message.timestamp)
            seen = look(message)
            if seen.header:
                self._headers.setdefault(message.kind, message.payload[seen.body :])
            if seen.header or seen.frame:
                self._codecs.setdefault(message.kind, seen.codec)

    @staticmethod
    def is_for(first: Sequence[Message]) -> bool:
        """Tell whether a stream that begins so needs this form."""
        return any(_is_new(one) for one in first)

    def head(self) -> bytes:
        """Return what comes before the first message."""
        numbers = b"".join(_element(name, _number(value)) for name, value in _EBML[1])
        kind = _element(0x4282, b"matroska") + _element(0x4287, b"\x04") + _element(0x4285, b"\x02")
        about = _element(0x2AD7B1, _number(_MS)) + _element(0x4D80, b"s") + _element(0x5741, b"s")
        return (
            _element(_EBML[0], numbers + kind)
            + bytes.fromhex("18538067")
            + _UNKNOWN_SIZE
            + _element(0x1549A966, about)
            + _element(0x1654AE6B, self._video_track() + self._audio_track())
        )

    def block(self, message: Message) -> bytes:
        """Return one message; b"" for what has no track."""
        seen = look(message)
        if not seen.frame or seen.codec != self._codecs.get(message.kind):
            return b""
        track = _TRACKS[message.kind]
        head = struct.pack(">BhB", 0x80 | track, 0, _KEY if seen.key or track == 2 else 0)
        at = max(0, message.timestamp + seen.cts_ms)
        block = _element(0xA3, head + message.payload[seen.body :])
        return _element(0x1F43B675, _element(0xE7, _number(at)) + block)

    def _video_track(self) -> bytes:
        info = self._meter.info()
        size = _element(0xB0, _number(info.width or 16)) + _element(
            0xBA, _number(info.height or 16)
        )
        return self._track(VIDEO, _VIDEO_IDS, _element(0xE0, size))

    def _audio_track(self) -> bytes:
        info = self._meter.info()
        rate = _element(0xB5, struct.pack(">d", info.audio_rate or 44100))
        channels = _element(0x9F, _number(info.audio_channels or 2))
        return self._track(AUDIO, _AUDIO_IDS, _element(0xE1, rate + channels))

    def _track(self, kind: int, ids: dict[str, bytes], about: bytes) -> bytes:
        codec = ids.get(self._codecs.get(kind, ""))
        if codec is None:
            self._codecs.pop(kind, None)
            return b""
        number = _number(_TRACKS[kind])
        parts = _element(0xD7, number) + _element(0x73C5, number) + _element(0x83, number)
        private = self._headers.get(kind)
        parts += _element(0x86, codec) + (_element(0x63A2, private) if private else b"")
        return _element(0xAE, parts + about)


def _is_new(message: Message) -> bool:
    if message.kind == AUDIO:
        return message.payload[:1] >= b"\x90" and message.payload[:1] < b"\xa0"
    return look(message).codec in ("hevc", "av1", "vp9") or message.payload[:1] >= b"\x80"


def _element(name: int, content: bytes) -> bytes:
    size = len(content) | 1 << 56
    return name.to_bytes((name.bit_length() + 7) // 8, "big") + size.to_bytes(8, "big") + content


def _number(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")
