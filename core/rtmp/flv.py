"""FLV files and pipes: tags out of bytes and into bytes. Source: Adobe FLV 10.1, annex E."""

from .chunk import MAX_MESSAGE, Message

HEADER = b"FLV"
_FILE_HEADER = 9
_TAG_HEADER = 11
_SIZE = 4
_KINDS = frozenset({8, 9, 18})


class FlvError(ValueError):
    """The bytes are not FLV, or a tag is larger than anyone needs."""


class FlvReader:
    """Feed it bytes as they come; it gives back the tags that are complete.

    It keeps no more than one unfinished tag, at most ``MAX_MESSAGE`` bytes.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._begun = False

    def feed(self, data: bytes) -> list[Message]:
        """Return the tags as messages, their timestamps in ms modulo 2**32. Raises FlvError."""
        self._buffer += data
        found: list[Message] = []
        at = 0 if self._begun else self._skip_header()
        if not self._begun:
            return found
        buffer = self._buffer
        while len(buffer) - at >= _TAG_HEADER:
            size = int.from_bytes(buffer[at + 1 : at + 4], "big")
            if size > MAX_MESSAGE:
                raise FlvError("a tag is too large")
            end = at + _TAG_HEADER + size
            if len(buffer) < end + _SIZE:
                break
            kind = buffer[at] & 0x1F
            if kind in _KINDS:
                stamp = int.from_bytes(buffer[at + 4 : at + 7], "big") | buffer[at + 7] << 24
                found.append(Message(kind, stamp, bytes(buffer[at + _TAG_HEADER : end])))
            elif int.from_bytes(buffer[end : end + _SIZE], "big") != _TAG_HEADER + size:
                raise FlvError("this is no tag")
            at = end + _SIZE
        del buffer[:at]
        return found

    def _skip_header(self) -> int:
        buffer = self._buffer
        if not HEADER.startswith(bytes(buffer[: len(HEADER)])):
            raise FlvError("this is not FLV")
        if len(buffer) < _FILE_HEADER:
            return 0
        offset = int.from_bytes(buffer[5:9], "big")
        if not _FILE_HEADER <= offset <= 1024:
            raise FlvError("this is not FLV")
        if len(buffer) < offset + _SIZE:
            return 0
        self._begun = True
        return offset + _SIZE


def file_header(audio: bool, video: bool) -> bytes:
    """Return the start of a FLV file. A reader may wait for ever for a kind that never comes."""
    return HEADER + bytes([1, audio * 4 | video]) + b"\x00\x00\x00\x09" + bytes(4)


def tag_bytes(message: Message) -> bytes:
    """Return the message as one tag with its trailing size."""
    size = len(message.payload)
    stamp = message.timestamp & 0xFFFFFFFF
    return (
        bytes([message.kind])
        + size.to_bytes(3, "big")
        + (stamp & 0xFFFFFF).to_bytes(3, "big")
        + bytes([stamp >> 24, 0, 0, 0])
        + message.payload
        + (size + _TAG_HEADER).to_bytes(4, "big")
    )
