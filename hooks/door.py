"""The door SRS knocks at, below ASGI: a server's own work would be most of a callback.

``POST <path>?hook=<hook secret>`` with any callback is answered here. Every other request goes on
to uvicorn together with its connection, as if there were no such door.
"""

import asyncio
import hmac
from http import HTTPStatus
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.server import ServerState

from ..core.app import API
from ..core.errors import (
    BodyTooLarge,
    Forbidden,
    MethodNotAllowed,
    StreamsteadError,
)
from ..core.http_limits import MAX_CONNECTIONS, MAX_IGNORED_BYTES, REQUEST_S, LimitedHttp
from ..core.log import get_logger
from .callback_request import MAX_BODY_BYTES, CallbackRequest
from .receiver import Receiver

log = get_logger(__name__)

PATHS = frozenset({f"{API}/hooks/srs/verify".encode(), f"{API}/hooks/srs/hls".encode()})
MAX_HEAD_BYTES = 8 * 1024


class Door(asyncio.Protocol):
    """One connection; uvicorn makes them. Requests are answered in turn, one at a time.

    ``REQUEST_S`` after the connection or the answer before, a request must have arrived in whole.
    """

    def __init__(
        self,
        receiver: Receiver,
        hook_secret: str,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._receiver = receiver
        self._hook_secret = hook_secret.encode()
        self._uvicorn = (config, server_state, app_state)
        self._connections = cast(set[Any], server_state.connections)
        self._tasks = server_state.tasks
        self._loop = _loop or asyncio.get_running_loop()
        self._buffer = bytearray()
        self._request: CallbackRequest | None = None
        self._busy = self._jammed = self._stopping = False
        self._ignored: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)
        self._until = self._loop.time() + REQUEST_S
        self._timer = self._loop.call_at(self._until, self._look_at_time)
        if len(self._connections) > MAX_CONNECTIONS:
            self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        self._timer.cancel()

    def shutdown(self) -> None:
        """Called by uvicorn when the service stops: what has begun is answered."""
        self._stopping = True
        if not (self._busy or self._request or self._buffer):
            self._transport.close()

    def _look_at_time(self) -> None:
        now = self._loop.time()
        if not self._busy and now >= self._until:
            self._transport.abort()
        else:
            self._timer = self._loop.call_at(max(self._until, now + 1), self._look_at_time)

    def data_received(self, data: bytes) -> None:
        if self._ignored is not None:
            self._ignored += len(data)
            if self._ignored > MAX_IGNORED_BYTES:
                self._transport.abort()
            return
        self._buffer += data
        if not (self._busy or self._jammed):
            self._read()
        elif len(self._buffer) > MAX_BODY_BYTES:
            self._transport.pause_reading()

    def pause_writing(self) -> None:
        self._jammed = True  # answers are not fetched: no more of them

    def resume_writing(self) -> None:
        self._jammed = False
        self._go_on()

    def _go_on(self) -> None:
        if not (self._busy or self._jammed or self._transport.is_closing()):
            self._transport.resume_reading()
            if self._buffer:
                self._read()

    def _read(self) -> None:
        """Take the next request out of the buffer, as far as it is there."""
        try:
            if self._request is None and not self._read_head():
                return
            assert self._request is not None
            self._read_body(self._request)
        except StreamsteadError as exc:
            self._refuse(exc)

    def _read_head(self) -> bool:
        line_end = self._buffer.find(b"\r\n")
        if line_end < 0 and len(self._buffer) < MAX_HEAD_BYTES:
            return False
        words = bytes(self._buffer[:line_end]).split(b" ", 2)
        if len(words) != 3 or words[1].partition(b"?")[0] not in PATHS:
            self._hand_over()
            return False
        end = self._buffer.find(b"\r\n\r\n") + 4
        if end < 4 and len(self._buffer) < MAX_HEAD_BYTES:
            return False
        if not 4 <= end <= MAX_HEAD_BYTES:
            raise BodyTooLarge("the head of the callback is too large", "Is this really SRS?")
        self._request = CallbackRequest(bytes(self._buffer[:end]))
        del self._buffer[:end]
        self._check(self._request)
        if self._request.awaits_go and len(self._buffer) < self._request.length:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _check(self, request: CallbackRequest) -> None:
        """Refuse by the head alone, before anything of the body is kept."""
        if request.method != b"POST":
            raise MethodNotAllowed("callbacks are sent by POST", "Correct the SRS configuration.")
        if not hmac.compare_digest(request.hook, self._hook_secret):
            client = (self._transport.get_extra_info("peername") or ("",))[0]
            log.warning("callback.forged", client=client)
            raise Forbidden(
                "the hook secret is wrong",
                "Callbacks come from our own media server only.",
                key="hook_secret_wrong",
            )
        if request.length > MAX_BODY_BYTES:
            raise BodyTooLarge("the callback is too large", "Is this really SRS?")

    def _read_body(self, request: CallbackRequest) -> None:
        if request.chunked:
            request.read_chunks(bytes(self._buffer))
            self._buffer.clear()
            if not request.complete:
                return
            body = bytes(request.body)
        elif len(self._buffer) < request.length:
            return
        else:
            body = bytes(self._buffer[: request.length])
            del self._buffer[: request.length]
        self._request, self._busy = None, True
        task = self._loop.create_task(self._answer(body, request.keep_alive))
        self._tasks.add(task)  # uvicorn waits for these when it stops
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, body: bytes, keep_alive: bool) -> None:
        status, reply = await self._receiver.answer(body)
        self._busy = False
        if keep_alive and not self._stopping:
            self._write(status, reply)
            self._until = self._loop.time() + REQUEST_S
            self._go_on()
        else:
            self._write(status, reply, b"connection: close\r\n")
            self._transport.close()

    def _refuse(self, error: StreamsteadError) -> None:
        status, reply = self._receiver.refuse(error)
        if self._request is not None and self._request.method == b"HEAD":
            reply = b""
        self._write(status, reply, b"connection: close\r\n")
        # A close with unread bytes would be a reset, which may overtake the answer.
        self._transport.write_eof()
        self._ignored = 0
        self._buffer.clear()

    def _write(self, status: int, body: bytes, headers: bytes = b"") -> None:
        if not self._transport.is_closing():
            head = (
                f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
                f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            )
            self._transport.write(b"".join((head.encode(), headers, b"\r\n", body)))

    def _hand_over(self) -> None:
        self._connections.discard(self)
        self._timer.cancel()
        heir = LimitedHttp(*self._uvicorn, self._loop)
        heir.connection_made(self._transport)
        heir.end_at(self._until)
        self._transport.set_protocol(heir)
        heir.data_received(bytes(self._buffer))
