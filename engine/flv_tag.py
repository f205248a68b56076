"""FLV tags out of RTMP messages, and what a viewer needs to know about each."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from ..core.rtmp import amf, chunk
from ..core.rtmp.amf import AmfError
from ..core.rtmp.chunk import Message
from ..core.rtmp.flv import tag_bytes
from . import websocket

_AVC, _AAC = 7, 10
_KEY_FRAME = 1


@dataclass(frozen=True)
class Tag:
    """One tag with its trailing size, ready to send; ``on_websocket`` is framed once for all."""

    raw: bytes
    is_key: bool = False
    is_video: bool = False

    @cached_property
    def on_websocket(self) -> bytes:
        return websocket.frame(self.raw)


@dataclass(frozen=True, slots=True)
class Tracks:
    audio: bool
    video: bool


def announced_tracks(payload: bytes) -> Tracks | None:
    """Return what an onMetaData promises; None when it says nothing about codecs."""
    try:
        values = amf.decode(payload)
    except AmfError:
        return None
    about = next((value for value in values if isinstance(value, Mapping)), {})
    audio, video = about.get("audiocodecid"), about.get("videocodecid")
    if not audio and not video:
        return None
    return Tracks(audio=bool(audio), video=bool(video))


def tag_of(message: Message) -> Tag:
    raw = tag_bytes(message)
    return Tag(raw, is_key_frame(message), message.kind == chunk.VIDEO)


def is_key_frame(message: Message) -> bool:
    payload = message.payload
    is_key = message.kind == chunk.VIDEO and len(payload) > 1 and payload[0] >> 4 == _KEY_FRAME
    # A sequence header calls itself a key frame, but there is no picture in it.
    return is_key and not is_video_header(message)


def is_video_header(message: Message) -> bool:
    """Tell whether it is an AVC sequence header, which every decoder needs first."""
    payload = message.payload
    return (
        message.kind == chunk.VIDEO
        and len(payload) > 1
        and payload[0] & 0x0F == _AVC
        and payload[1] == 0
    )


def is_audio_header(message: Message) -> bool:
    """Tell whether it is an AAC sequence header."""
    payload = message.payload
    return (
        message.kind == chunk.AUDIO
        and len(payload) > 1
        and payload[0] >> 4 == _AAC
        and payload[1] == 0
    )
