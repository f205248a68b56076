"""RTMP messages out of chunks and into chunks, without a socket. Source: RTMP 1.0, section 5.3."""

import struct
from dataclasses import dataclass, field

DEFAULT_CHUNK = 128
MAX_CHUNK = 1 << 20
MAX_MESSAGE = 8 << 20
MAX_CHANNELS = 64
EXTENDED = 0xFFFFFF

SET_CHUNK_SIZE = 1
ACK = 3
USER_CONTROL = 4
WINDOW_ACK = 5
AUDIO = 8
VIDEO = 9
DATA = 18
COMMAND = 20

# Length of the message header by format, section 5.3.1.2.
_HEADER = (11, 7, 3, 0)


class ChunkError(ValueError):
    """The peer does not speak RTMP, or a message is larger than anyone needs."""


@dataclass(frozen=True, slots=True)
class Message:
    """One RTMP message; ``timestamp`` in ms, modulo 2**32."""

    kind: int
    timestamp: int
    payload: bytes
    stream_id: int = 0


@dataclass(slots=True)
class _Channel:
    timestamp: int = 0
    delta: int = 0
    size: int = 0
    kind: int = 0
    stream_id: int = 0
    extended: bool = False
    seen: bool = False
    body: bytearray = field(default_factory=bytearray)


class ChunkReader:
    """Feed it bytes as they come; it gives back the messages that are complete.

    A "set chunk size" is obeyed here and not given out. The limits bound what a hostile peer can
    make us keep: ``max_message`` bytes in each of ``max_channels`` unfinished messages.
    """

    def __init__(self, *, max_message: int = MAX_MESSAGE, max_channels: int = MAX_CHANNELS) -> None:
        self._max_message = max_message
        self._max_channels = max_channels
        self._buffer = bytearray()
        self._channels: dict[int, _Channel] = {}
        self._chunk = DEFAULT_CHUNK

    def feed(self, data: bytes) -> list[Message]:
        """Raise ChunkError for bytes that cannot be RTMP; the connection is of no use then."""
        self._buffer += data
        found: list[Message] = []
        at = 0
        while True:
            end, message = self._chunk_at(at)
            if end is None:
                break
            at = end
            if message is not None:
                found.append(message)
        del self._buffer[:at]
        return found

    def _chunk_at(self, at: int) -> tuple[int | None, Message | None]:
        """Read one chunk; (None, None) when it is not all there: nothing is consumed then."""
        data = self._buffer
        if at >= len(data):
            return None, None
        form, cid = data[at] >> 6, data[at] & 0x3F
        at += 1
        if cid < 2:
            wide = cid + 1
            if at + wide > len(data):
                return None, None
            cid = 64 + int.from_bytes(data[at : at + wide], "little")
            at += wide
        channel = self._channels.get(cid)
        if channel is None:
            if len(self._channels) >= self._max_channels:
                raise ChunkError("too many chunk streams")
            channel = self._channels[cid] = _Channel()
        if form and not channel.seen:
            raise ChunkError("a chunk stream begins without its header")
        if form < 3 and channel.body:
            raise ChunkError("a message begins inside another one")
        header = bytes(data[at : at + _HEADER[form]])
        if len(header) < _HEADER[form]:
            return None, None
        at += len(header)

        stamp = int.from_bytes(header[:3], "big") if form < 3 else 0
        extended = channel.extended if form == 3 else stamp == EXTENDED
        if extended:
            if at + 4 > len(data):
                return None, None
            stamp = int.from_bytes(data[at : at + 4], "big")
            at += 4
        elif form == 3:
            stamp = channel.delta
        size = int.from_bytes(header[3:6], "big") if form < 2 else channel.size
        if size > self._max_message:
            raise ChunkError("the message is too large")
        take = min(self._chunk, size - len(channel.body))
        if at + take > len(data):
            return None, None

        if not channel.body:
            self._begin(channel, form, stamp, header)
        channel.extended = extended
        channel.body += data[at : at + take]
        if len(channel.body) < size:
            return at + take, None
        message = Message(channel.kind, channel.timestamp, bytes(channel.body), channel.stream_id)
        channel.body = bytearray()
        return at + take, self._obey(message)

    @staticmethod
    def _begin(channel: _Channel, form: int, stamp: int, header: bytes) -> None:
        if form == 0:
            channel.timestamp = stamp
            channel.delta = 0
            channel.stream_id = int.from_bytes(header[7:11], "little")
        else:
            if form < 3:
                channel.delta = stamp
            channel.timestamp = (channel.timestamp + channel.delta) & 0xFFFFFFFF
        if form < 2:
            channel.size = int.from_bytes(header[3:6], "big")
            channel.kind = header[6]
        channel.seen = True

    def _obey(self, message: Message) -> Message | None:
        if message.kind != SET_CHUNK_SIZE:
            return message
        if len(message.payload) < 4:
            raise ChunkError("a chunk size without a size")
        size = int.from_bytes(message.payload[:4], "big") & 0x7FFFFFFF
        if not 1 <= size <= MAX_CHUNK:
            raise ChunkError(f"a chunk size of {size} bytes")
        self._chunk = size
        return None


def encode(message: Message, channel: int = 3, chunk: int = DEFAULT_CHUNK) -> bytes:
    """Return the message as chunks of ``chunk`` bytes on ``channel`` (2 to 63)."""
    extended = message.timestamp >= EXTENDED
    stamp = struct.pack(">I", message.timestamp) if extended else b""
    out = bytearray([channel])
    out += min(message.timestamp, EXTENDED).to_bytes(3, "big")
    out += len(message.payload).to_bytes(3, "big")
    out.append(message.kind)
    out += message.stream_id.to_bytes(4, "little") + stamp
    for at in range(0, len(message.payload), chunk):
        if at:
            out.append(0xC0 | channel)
            out += stamp
        out += message.payload[at : at + chunk]
    return bytes(out)
