"""What a media message is.

Tags of FLV as Adobe wrote it, and of enhanced RTMP (E-RTMP v2: FourCC instead of a number).
"""

from dataclasses import dataclass

from ...core.rtmp.chunk import AUDIO, DATA, VIDEO, Message

_VIDEO = {2: "h263", 3: "screen", 4: "vp6", 5: "vp6a", 7: "avc", 12: "hevc", 13: "av1"}
_AUDIO = {
    0: "pcm",
    1: "adpcm",
    2: "mp3",
    3: "pcm",
    4: "nellymoser",
    5: "nellymoser",
    6: "nellymoser",
    7: "alaw",
    8: "ulaw",
    10: "aac",
    11: "speex",
    13: "opus",
    14: "mp3",
}
_FOURCC = {
    b"avc1": "avc",
    b"hvc1": "hevc",
    b"hev1": "hevc",
    b"vvc1": "vvc",
    b"av01": "av1",
    b"vp08": "vp8",
    b"vp09": "vp9",
    b"mp4a": "aac",
    b"Opus": "opus",
    b"fLaC": "flac",
    b".mp3": "mp3",
    b"ac-3": "ac3",
    b"ec-3": "eac3",
}
_LEGACY_PACKETS = frozenset({"avc", "hevc", "av1"})
_KEY, _COMMAND = 1, 5
_START, _FRAMES, _END, _FRAMES_X, _METADATA, _START_TS, _TRACKS, _EXTRA = range(8)
_WITH_CTS = frozenset({"avc", "hevc", "vvc"})

NEEDS_HEADER = frozenset({"avc", "hevc", "vvc", "av1", "aac", "flac"})
"""Codecs that nobody can decode before their header."""


@dataclass(frozen=True, slots=True)
class Look:
    """``header``: a codec's configuration. ``key``: a picture that needs no other one.
    ``frame``: picture or sound, no header and nothing else. ``cts_ms``: how much later than its
    timestamp a picture is shown. ``body``: where the codec's own bytes begin in the payload.
    """

    kind: str
    codec: str = ""
    header: bool = False
    key: bool = False
    frame: bool = False
    cts_ms: int = 0
    end_of_sequence: bool = False
    body: int = 0


_DATA_LOOK = Look("data")
_OTHER = Look("other")
_COLOUR = "colour"
"""``Look.codec`` of what enhanced RTMP tells of colours: neither header nor frame."""


def look(message: Message) -> Look:
    """Return what a message is; "other" for what is cut off, unknown or not of the first track."""
    kind = message.kind
    if kind == VIDEO:
        return _look_at_video(message.payload)
    if kind == AUDIO:
        return _look_at_audio(message.payload)
    return _DATA_LOOK if kind == DATA else _OTHER


def _look_at_video(payload: bytes) -> Look:
    if len(payload) < 2:
        return _OTHER
    first = payload[0]
    frame_type = first >> 4 & 7
    if first & 0x80:
        return _look_at_enhanced("video", payload, first & 15, frame_type)
    codec = _VIDEO.get(first & 15, "")
    if not codec or frame_type == _COMMAND:
        return _OTHER
    key = frame_type == _KEY
    if codec not in _LEGACY_PACKETS:
        return Look("video", codec, key=key, frame=True, body=1)
    if len(payload) < 5:
        return _OTHER
    packet = payload[1]
    if packet == 2:
        return Look("video", codec, end_of_sequence=True)
    if packet > 2 or len(payload) == 5:
        return _OTHER
    if packet == 0:
        return Look("video", codec, header=True, body=5)
    return Look("video", codec, key=key, frame=True, cts_ms=_signed(payload, 2), body=5)


def _look_at_audio(payload: bytes) -> Look:
    if len(payload) < 2:
        return _OTHER
    number = payload[0] >> 4
    if number == 9:
        return _look_at_enhanced("audio", payload, payload[0] & 15, 0)
    codec = _AUDIO.get(number, "")
    if not codec:
        return _OTHER
    if codec != "aac":
        return Look("audio", codec, frame=True, body=1)
    if payload[1] > 1 or len(payload) == 2:
        return _OTHER
    return Look("audio", codec, header=payload[1] == 0, frame=payload[1] == 1, body=2)


def _look_at_enhanced(kind: str, payload: bytes, packet: int, frame_type: int) -> Look:
    at = 1
    while packet == _EXTRA:
        # Something beside the packet itself, such as a finer timestamp: stepped over.
        if at + 4 > len(payload):
            return _OTHER
        size = payload[at] + 1
        at += 1
        if size == 256:
            size = int.from_bytes(payload[at : at + 2], "big") + 1
            at += 2
        at += size
        if at >= len(payload):
            return _OTHER
        packet = payload[at] & 15
        at += 1
    codec = _FOURCC.get(payload[at : at + 4], "")
    at += 4
    # Further tracks: destinations show one, and it comes outside of these.
    if (
        packet >= _TRACKS
        or not codec
        or (codec in _WITH_CTS | {"av1", "vp8", "vp9"}) != (kind == "video")
    ):
        return _OTHER
    if packet == _END:
        return Look(kind, codec, end_of_sequence=True)
    if kind == "video" and packet == _METADATA:
        return Look(kind, _COLOUR)
    if at >= len(payload):
        return _OTHER
    if packet == _START or (kind == "video" and packet == _START_TS):
        return Look(kind, codec, header=True, body=at)
    if kind == "audio":
        return Look(kind, codec, frame=True, body=at) if packet == _FRAMES else _OTHER
    if frame_type == _COMMAND:
        return _OTHER
    cts_ms = 0
    if packet == _FRAMES and codec in _WITH_CTS:
        if len(payload) < at + 4:
            return _OTHER
        cts_ms = _signed(payload, at)
        at += 3
    return Look(kind, codec, key=frame_type == _KEY, frame=True, cts_ms=cts_ms, body=at)


def _signed(payload: bytes, at: int) -> int:
    found = int.from_bytes(payload[at : at + 3], "big")
    return found - (1 << 24) if found & 0x800000 else found


def is_colour(seen: Look) -> bool:
    """True for what enhanced RTMP tells of colours (HDR); it belongs to the next picture."""
    return seen.codec == _COLOUR
