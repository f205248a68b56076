"""The door that nginx-rtmp knocks at: one small POST a connection, answered 200 or 403."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import cast

import httptools

from ..core.log import get_logger
from .fields import BadNotify, Notify, parse_notify

MAX_BODY = 16 << 10
READ_TIMEOUT_S = 5.0

Handler = Callable[[Notify], Awaitable[bool]]

log = get_logger(__name__)


class _Door(asyncio.Protocol):
    """One call. When nginx hangs up, because the client did, the question is cancelled."""

    def __init__(self, token: str, handle: Handler) -> None:
        self._target = f"/{token}".encode()
        self._handle = handle
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._body = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        sock = cast(socket.socket, transport.get_extra_info("socket"))
        # nginx sends head and body apart: a delayed ACK between them would cost 40 ms.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(READ_TIMEOUT_S, self._transport.abort)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._answer(400)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > MAX_BODY:
            self._answer(413)

    def on_message_complete(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is None and not self._transport.is_closing():
            self._task = asyncio.create_task(self._decide())

    async def _decide(self) -> None:
        if self._url != self._target:
            self._answer(404)
            return
        try:
            notify = parse_notify(bytes(self._body))
        except BadNotify as exc:
            log.warning("engine.bad_notify", reason=str(exc))
            self._answer(403)
            return
        try:
            allowed = await self._handle(notify)
        except Exception:
            # A fault of ours must not keep nginx waiting, and must let nobody in.
            log.exception("engine.notify_failed", call=notify.call)
            allowed = False
        self._answer(200 if allowed else 403)

    def _answer(self, status: int) -> None:
        if not self._transport.is_closing():
            head = f"HTTP/1.0 {status} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            self._transport.write(head.encode())
            self._transport.close()


@asynccontextmanager
async def open_door(port: int, token: str, handle: Handler) -> AsyncIterator[None]:
    """Listen on loopback until the block is left. Raises OSError when the port is taken."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Door(token, handle), "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()
