"""Publish a stream to an RTMP server. Source: RTMP 1.0, and how FMLE and OBS do it.

One connection is one session. Payloads are never copied here: every destination of a relay
hands the same bytes to its own transport.
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from ...core.rtmp import amf, chunk
from ...core.rtmp.amf import AmfValue
from ...core.rtmp.chunk import ChunkError, ChunkReader, Message
from . import problems
from .connection import SentSoFar
from .dial import Said, within
from .limits import Limits
from .problems import Problem, PublishFailed, Step, without
from .rtmp_address import RtmpAddress
from .tcp_info import tcp_progress

CHUNK = 60_000
HANDSHAKE = 1536
CLOSE_S = 0.5
MAX_SAID_BYTES = 1 << 20
"""What a server may say within ``SAID_WINDOW_S``; a real one says a few hundred bytes."""
SAID_WINDOW_S = 60.0
_MAX_MESSAGE = 64 * 1024
_MAX_CHANNELS = 16
_WRITE_HIGH = 256 * 1024

_CONTROL, _COMMAND, _STREAM = 2, 3, 8
_CHANNELS = {chunk.AUDIO: 4, chunk.DATA: 5, chunk.VIDEO: 6}
_COMMANDS_AMF3 = 17
_PING, _PONG = struct.pack(">H", 6), struct.pack(">H", 7)
_FIRST_DATA = amf.encode("@setDataFrame")
_PASSED_DATA = frozenset({"onTextData", "onCuePoint", "onCaption", "onCaptionInfo"})
_AGENT = "FMLE/3.0 (compatible; FMSc/1.0)"

_CONNECT, _RELEASE, _ANNOUNCE, _CREATE, _PUBLISH = 1.0, 2.0, 3.0, 4.0, 5.0


@dataclass(frozen=True, slots=True)
class _Reply:
    """What a server answers: name and arguments of a command."""

    name: str
    number: float
    values: list[AmfValue]

    def about(self) -> tuple[str, str, str]:
        """Return level, code and description of a status."""
        for value in self.values:
            if isinstance(value, dict):
                found = [value.get(name) for name in ("level", "code", "description")]
                level, code, description = (one if isinstance(one, str) else "" for one in found)
                return level, code, description
        return "", "", ""


class RtmpPublisher(asyncio.Protocol):
    """Made connected (dial.py); then ``start``, any number of ``send``, ``close``.

    ``closed`` is set to why it ended: by the server, the network, or an error of theirs.
    """

    def __init__(self, address: RtmpAddress) -> None:
        loop = asyncio.get_running_loop()
        self.closed: asyncio.Future[Problem] = loop.create_future()
        self.on_writable: Callable[[], None] = lambda: None
        self.writable = True
        self._address = address
        self._loop = loop
        self._gone = asyncio.Event()
        self._transport: asyncio.Transport | None = None
        self._socket: socket.socket | None = None
        self._hello: bytearray | None = bytearray()
        self._reader = ChunkReader(max_message=_MAX_MESSAGE, max_channels=_MAX_CHANNELS)
        self._wanted: tuple[float, asyncio.Future[_Reply]] | None = None
        self._step = Step.HANDSHAKE
        self._stream_id = 1
        self._began = False
        self._received = self._acknowledged = self._window = 0
        self._said_bytes, self._said_since = 0, loop.time()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.set_write_buffer_limits(high=_WRITE_HIGH)

    def pause_writing(self) -> None:
        self.writable = False

    def resume_writing(self) -> None:
        self.writable = True
        self.on_writable()

    def data_received(self, data: bytes) -> None:
        if self.closed.done():
            return
        now = self._loop.time()
        if now - self._said_since > SAID_WINDOW_S:
            self._said_bytes, self._said_since = 0, now
        self._said_bytes += len(data)
        self._count(len(data))
        try:
            if self._said_bytes > MAX_SAID_BYTES:
                raise ChunkError("the server never stops talking")
            for message in self._messages(data):
                self._obey(message)
        except ChunkError:
            self._fail(problems.not_rtmp(self._address.where))

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone.set()
        if self._began:
            where = self._address.where
            self._fail(problems.lost(where) if exc is not None else problems.closed(where))
        elif self._step is Step.PUBLISH:
            # nginx-rtmp's way to refuse a key, and that of servers modelled on it.
            self._fail(problems.wrong_key())
        elif self._hello is None:
            self._fail(problems.rejected())
        else:
            self._fail(problems.not_rtmp(self._address.where))
        self.writable = False

    # What we do.

    async def start(
        self, sock: socket.socket, said: Said, limits: Limits, fourcc: tuple[str, ...] = ()
    ) -> None:
        """Shake hands and begin to publish. ``fourcc``: codecs of enhanced RTMP that will come.

        Raises PublishFailed.
        """
        self._socket = sock
        where = self._address.where
        said(Step.HANDSHAKE)
        async with within(limits.handshake_s, where, Step.HANDSHAKE):
            hello = self._wait_for(0.0)
            self._write(b"\x03" + bytes(8) + os.urandom(HANDSHAKE - 8))
            await hello
            await self._connect(fourcc)
        said(Step.PUBLISH)
        self._step = Step.PUBLISH
        async with within(limits.publish_s, where, Step.PUBLISH):
            await self._publish()
        self._began = True

    async def _connect(self, fourcc: tuple[str, ...]) -> None:
        address = self._address
        about: dict[str, AmfValue] = {
            "app": address.app,
            "type": "nonprivate",
            "flashVer": _AGENT,
            "swfUrl": address.tc_url,
            "tcUrl": address.tc_url,
        }
        if fourcc:
            about["fourCcList"] = list(fourcc)
        size = Message(chunk.SET_CHUNK_SIZE, 0, struct.pack(">I", CHUNK))
        self._write(chunk.encode(size, _CONTROL))
        await self._ask(_CONNECT, "connect", about)

    async def _publish(self) -> None:
        key = self._address.key
        self._command("releaseStream", _RELEASE, None, key)
        self._command("FCPublish", _ANNOUNCE, None, key)
        created = await self._ask(_CREATE, "createStream", None)
        if created.values and isinstance(created.values[-1], float):
            self._stream_id = int(created.values[-1]) & 0xFFFFFFFF
        began = self._wait_for(_PUBLISH)
        self._command(
            "publish", _PUBLISH, None, key, "live", stream_id=self._stream_id, channel=_STREAM
        )
        await began

    def send(self, message: Message, timestamp: int) -> None:
        """Hand over one message; ``timestamp`` in ms of this connection. Check ``writable``."""
        payload = message.payload
        if message.kind == chunk.DATA:
            payload = _as_published(payload)
        channel = _CHANNELS.get(message.kind)
        transport = self._transport
        if channel is None or not payload or transport is None or self.closed.done():
            return
        timestamp &= 0xFFFFFFFF
        stamp = timestamp if timestamp < chunk.EXTENDED else chunk.EXTENDED
        extended = timestamp.to_bytes(4, "big") if stamp == chunk.EXTENDED else b""
        size = len(payload)
        head = (
            bytes([channel])
            + stamp.to_bytes(3, "big")
            + size.to_bytes(3, "big")
            + bytes([message.kind])
            + self._stream_id.to_bytes(4, "little")
            + extended
        )
        if size <= CHUNK:
            transport.writelines((head, payload))
            return
        view = memoryview(payload)
        parts: list[bytes | memoryview] = [head, view[:CHUNK]]
        again = bytes([0xC0 | channel]) + extended
        for at in range(CHUNK, size, CHUNK):
            parts += (again, view[at : at + CHUNK])
        transport.writelines(parts)

    def progress(self) -> SentSoFar:
        """Return what the far end has confirmed; ``pending`` while something is on its way."""
        found = tcp_progress(self._socket) if self._socket is not None else None
        if found is None or self._transport is None:
            return SentSoFar(0, False)
        waiting = self._transport.get_write_buffer_size() > 0
        return SentSoFar(found.acked, found.pending or waiting)

    async def close(self) -> None:
        """Say goodbye, if that can be said quickly, and be gone."""
        transport = self._transport
        if transport is None:
            return
        if self._began and not self.closed.done():
            self._command("FCUnpublish", 6, None, self._address.key)
            self._command("deleteStream", 7, None, self._stream_id)
        self._fail(problems.closed(self._address.where))
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_S):
                    await self._gone.wait()
        finally:
            self.abort()

    def abandon(self) -> socket.socket | None:
        stale = None
        if self._socket is not None and not self._gone.is_set():
            with suppress(OSError):
                stale = self._socket.dup()
        self.abort()
        return stale

    def abort(self) -> None:
        """Be gone at once."""
        if self._transport is not None:
            self._transport.abort()

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _command(self, *values: AmfValue, stream_id: int = 0, channel: int = _COMMAND) -> None:
        body = Message(chunk.COMMAND, 0, amf.encode(*values), stream_id)
        self._write(chunk.encode(body, channel, CHUNK))

    async def _ask(self, number: float, name: str, argument: AmfValue) -> _Reply:
        reply = self._wait_for(number)
        self._command(name, number, argument)
        return await reply

    def _wait_for(self, number: float) -> "asyncio.Future[_Reply]":
        future: asyncio.Future[_Reply] = self._loop.create_future()
        self._wanted = number, future
        if self.closed.done():
            future.set_exception(PublishFailed(self.closed.result()))
        return future

    def _settle(self, reply: _Reply) -> None:
        if self._wanted is not None and not self._wanted[1].done():
            self._wanted[1].set_result(reply)

    def _fail(self, problem: Problem) -> None:
        """End the session for this reason; the first one counts."""
        if not self.closed.done():
            self.closed.set_result(problem)
        problem = self.closed.result()
        if self._wanted is not None and not self._wanted[1].done():
            self._wanted[1].set_exception(PublishFailed(problem))
        if self._transport is not None and not self._transport.is_closing():
            self._transport.close()

    # What the server says.

    def _messages(self, data: bytes) -> list[Message]:
        if self._hello is None:
            return self._reader.feed(data)
        self._hello += data
        if self._hello and self._hello[0] != 3:
            raise ChunkError("this is no RTMP")
        whole = 1 + 2 * HANDSHAKE
        if len(self._hello) < whole:
            return []
        hello, self._hello = bytes(self._hello), None
        self._write(hello[1 : 1 + HANDSHAKE])
        self._settle(_Reply("", 0.0, []))
        return self._reader.feed(hello[whole:])

    def _count(self, size: int) -> None:
        self._received += size
        if self._window and self._received - self._acknowledged >= self._window // 2:
            self._acknowledged = self._received
            body = struct.pack(">I", self._received & 0xFFFFFFFF)
            self._write(chunk.encode(Message(chunk.ACK, 0, body), _CONTROL))

    def _obey(self, message: Message) -> None:
        payload = message.payload
        if message.kind == chunk.WINDOW_ACK and len(payload) >= 4:
            self._window = int.from_bytes(payload[:4], "big")
        elif message.kind == chunk.USER_CONTROL and payload[:2] == _PING:
            pong = Message(chunk.USER_CONTROL, 0, _PONG + payload[2:6])
            self._write(chunk.encode(pong, _CONTROL))
        elif message.kind == chunk.COMMAND:
            self._hear(payload)
        elif message.kind == _COMMANDS_AMF3:
            self._hear(payload[1:])

    def _hear(self, payload: bytes) -> None:
        values = amf.decode_leading(payload)
        if not values or not isinstance(values[0], str):
            return
        number = values[1] if len(values) > 1 and isinstance(values[1], float) else 0.0
        reply = _Reply(values[0], number, values[2:])
        level, code, description = reply.about()
        # Servers quote the key that they refuse.
        description = without(description, self._address.secrets)
        if reply.name in ("onStatus", "onFCPublish"):
            self._hear_status(reply, level, code, description)
        elif reply.name == "close":
            self._fail(problems.closed(self._address.where, description))
        elif self._wanted is None or number != self._wanted[0]:
            return  # to releaseStream and FCPublish, of which many servers know nothing
        elif reply.name == "_result":
            self._settle(reply)
        elif reply.name == "_error":
            self._fail(problems.of_status(code, description))

    def _hear_status(self, reply: _Reply, level: str, code: str, description: str) -> None:
        if code == "NetStream.Publish.Start" and reply.name == "onStatus":
            if self._wanted is not None and self._wanted[0] == _PUBLISH:
                self._settle(reply)
        elif level == "error" or code.endswith((".BadName", ".Denied", ".Rejected", ".Failed")):
            self._fail(problems.of_status(code, description))
        elif code in ("NetConnection.Connect.Closed", "NetConnection.Connect.AppShutdown"):
            self._fail(problems.closed(self._address.where, description))


def _as_published(payload: bytes) -> bytes:
    """Return a data message as a publisher sends it; nothing for what players alone are told."""
    if payload.startswith(_FIRST_DATA):
        return payload
    name = amf.decode_leading(payload[:64])[:1]
    if name == ["onMetaData"]:
        return _FIRST_DATA + payload
    return payload if name and name[0] in _PASSED_DATA else b""
