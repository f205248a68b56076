"""The server's half of RFC 6455, as far as a one-way stream of binary messages needs it."""

import base64
import hashlib
from collections.abc import Iterator

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_BINARY, _CLOSE, _PING, _PONG = 2, 8, 9, 10
MAX_CONTROL = 125
MAX_CLIENT_FRAME = 1 << 12


class WebSocketError(ValueError):
    """The viewer breaks the protocol, or sends more than a viewer has to say."""


def accept_value(key: bytes) -> str:
    """Return Sec-WebSocket-Accept for a Sec-WebSocket-Key."""
    # SHA-1 is what the RFC asks for here; it protects nothing.
    digest = hashlib.sha1(key + _GUID, usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


def frame(payload: bytes, opcode: int = _BINARY) -> bytes:
    size = len(payload)
    if size < 126:
        head = bytes([0x80 | opcode, size])
    elif size < 1 << 16:
        head = bytes([0x80 | opcode, 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([0x80 | opcode, 127]) + size.to_bytes(8, "big")
    return head + payload


class ClientFrames:
    """Reads what a viewer sends; ``feed`` gives the answers that have to be sent back.

    ``closed`` is set by a close frame.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.closed = False

    def feed(self, data: bytes) -> list[bytes]:
        """Raise WebSocketError for a frame that is not masked or too large."""
        self._buffer += data
        return list(self._answers())

    def _answers(self) -> Iterator[bytes]:
        while not self.closed and (found := self._take()) is not None:
            opcode, payload = found
            if opcode == _PING:
                yield frame(payload, _PONG)
            elif opcode == _CLOSE:
                self.closed = True
                yield frame(payload[:2], _CLOSE)

    def _take(self) -> tuple[int, bytes] | None:
        data = self._buffer
        if len(data) < 2:
            return None
        if not data[1] & 0x80:
            raise WebSocketError("the frame is not masked")
        size, at = data[1] & 0x7F, 2
        if size == 126:
            size, at = int.from_bytes(data[2:4], "big"), 4
        elif size == 127:
            raise WebSocketError("the frame is too large")
        if size > MAX_CLIENT_FRAME:
            raise WebSocketError("the frame is too large")
        if len(data) < at + 4 + size:
            return None
        mask = data[at : at + 4]
        body = data[at + 4 : at + 4 + size]
        opcode = data[0] & 0x0F
        del data[: at + 4 + size]
        return opcode, bytes(byte ^ mask[i % 4] for i, byte in enumerate(body))
