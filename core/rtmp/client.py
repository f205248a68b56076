"""A small RTMP client on asyncio streams: enough to play from a media server on this machine."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from . import amf, chunk
from .amf import AmfValue
from .chunk import ChunkReader, Message

HANDSHAKE = 1536
OUR_CHUNK = 4096
READ_BYTES = 1 << 16
CONNECT_TIMEOUT_S = 5.0
_PING, _PONG, _BUFFER_LENGTH = 6, 7, 3


class RtmpError(ConnectionError):
    """The server refused, or went away in the middle of the conversation."""


class RtmpClient:
    """One connection. ``connect`` first, then ``create_stream``, then ``play``."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._chunks = ChunkReader()
        self._ready: list[Message] = []
        self._received = 0
        self._acknowledged = 0
        self._window = 0

    async def handshake(self) -> None:
        self._writer.write(b"\x03" + bytes(8) + os.urandom(HANDSHAKE - 8))
        reply = await self._reader.readexactly(1 + 2 * HANDSHAKE)
        self._writer.write(reply[1 : 1 + HANDSHAKE])
        size = struct.pack(">I", OUR_CHUNK)
        self._writer.write(chunk.encode(Message(chunk.SET_CHUNK_SIZE, 0, size), 2))

    def send(self, message: Message, channel: int = 3) -> None:
        self._writer.write(chunk.encode(message, channel, OUR_CHUNK))

    def command(self, *values: AmfValue, stream_id: int = 0, channel: int = 3) -> None:
        self.send(Message(chunk.COMMAND, 0, amf.encode(*values), stream_id), channel)

    async def drain(self) -> None:
        await self._writer.drain()

    async def connect(self, app: str, tc_url: str, **more: AmfValue) -> None:
        """Raise RtmpError when the server does not want us."""
        about: Mapping[str, AmfValue] = {
            "app": app,
            "flashVer": "LNX 9,0,124,2",
            "tcUrl": tc_url,
            "fpad": False,
            "capabilities": 15,
            "audioCodecs": 4071,
            "videoCodecs": 252,
            "videoFunction": 1,
            **more,
        }
        self.command("connect", 1, about)
        await self._result()

    async def create_stream(self) -> None:
        self.command("createStream", 2, None)
        await self._result()

    async def play(self, stream: str) -> None:
        """Ask for ``stream`` (its query included); media follows in ``messages``."""
        self.command("play", 3, None, stream, stream_id=1, channel=8)
        body = struct.pack(">HII", _BUFFER_LENGTH, 1, 1000)
        self.send(Message(chunk.USER_CONTROL, 0, body), 2)
        await self.drain()

    async def _result(self) -> None:
        await self.drain()
        while True:
            message = await self.next()
            if message.kind != chunk.COMMAND:
                continue
            name = amf.decode(message.payload)[0]
            if name == "_result":
                return
            if name in ("_error", "close"):
                raise RtmpError("the server refused the connection")

    async def next(self) -> Message:
        """Return the next message; housekeeping is answered here. Raises RtmpError at the end."""
        while True:
            while self._ready:
                message = self._ready.pop(0)
                if message.kind == chunk.WINDOW_ACK and len(message.payload) >= 4:
                    self._window = int.from_bytes(message.payload[:4], "big")
                elif message.kind == chunk.USER_CONTROL:
                    self._answer_ping(message.payload)
                else:
                    return message
            data = await self._reader.read(READ_BYTES)
            if not data:
                raise RtmpError("the server closed the connection")
            self._count(len(data))
            self._ready = self._chunks.feed(data)

    def _answer_ping(self, payload: bytes) -> None:
        if payload[:2] == struct.pack(">H", _PING):
            pong = struct.pack(">H", _PONG) + payload[2:6]
            self.send(Message(chunk.USER_CONTROL, 0, pong), 2)

    def _count(self, size: int) -> None:
        self._received += size
        if self._window and self._received - self._acknowledged >= self._window // 2:
            self._acknowledged = self._received
            self.send(Message(chunk.ACK, 0, struct.pack(">I", self._received & 0xFFFFFFFF)), 2)


@asynccontextmanager
async def open_rtmp(
    port: int, app: str, host: str = "127.0.0.1", tc_url: str = "", **more: AmfValue
) -> AsyncIterator[RtmpClient]:
    """Connect, shake hands and enter ``app``. Raises RtmpError, OSError or TimeoutError."""
    async with asyncio.timeout(CONNECT_TIMEOUT_S):
        reader, writer = await asyncio.open_connection(host, port, limit=1 << 20)
    try:
        client = RtmpClient(reader, writer)
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                await client.handshake()
                await client.connect(app, tc_url or f"rtmp://{host}:{port}/{app}", **more)
                await client.create_stream()
        except asyncio.IncompleteReadError as exc:
            raise RtmpError("the server closed the connection") from exc
        yield client
    finally:
        writer.close()
