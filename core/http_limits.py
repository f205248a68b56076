"""The ends that uvicorn does not put to a request: its time, the size of its head, their number."""

import asyncio
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

REQUEST_S = 8.0
"""From the first moment of a request, or of a connection, to its last byte."""

MAX_CONNECTIONS = 800
"""Of one listener, and below the usual limit of open files of a process (1024)."""

MAX_HEADERS = 100
MAX_HEAD_BYTES = 32 * 1024
MAX_HEADS_BYTES = 1_000_000
"""Of all heads of this process that have begun and not ended."""

MORE_TIME = "streamstead.more_time"
"""Name in the scope of a request: a call that moves the end of its time."""

MAX_IGNORED_BYTES = 1_000_000
"""So much of a request that is answered already is read away: its sender comes to see the answer
that a reset could overtake."""


class LimitedHttp(HttpToolsProtocol):
    """uvicorn's HTTP/1.1. A request that is not complete in time, or whose head (trailers, chunk
    extensions) grows without end, closes the connection; so does one connection too many.

    Time begins anew with each request and ends with its last byte: answers may take for ever.
    An app that knows who is sending may give more: ``scope[MORE_TIME](moment)`` (loop time).
    """

    _all_unread: ClassVar[int] = 0

    _timer: asyncio.TimerHandle | None = None
    _unread = 0
    _ignored = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self.end_at(self.loop.time() + REQUEST_S)
        if len(self.connections) > MAX_CONNECTIONS:
            self.transport.abort()

    def end_at(self, moment: float) -> None:
        """Close the connection at ``moment`` (loop time) unless its request is complete then."""
        self._done_in_time()
        self._timer = self.loop.call_at(moment, self.transport.close)

    def more_time(self, moment: float) -> None:
        """Let the request that is under way end at ``moment``; nothing when it is complete."""
        if self._timer is not None:
            self.end_at(moment)

    def _done_in_time(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _count_unread(self, size: int) -> None:
        LimitedHttp._all_unread += size - self._unread
        self._unread = size

    def data_received(self, data: bytes) -> None:
        if self._timer is None:
            self.end_at(self.loop.time() + REQUEST_S)
        self._count_unread(self._unread + len(data))
        super().data_received(data)
        if self._unread > MAX_HEAD_BYTES or (
            self._unread and LimitedHttp._all_unread > MAX_HEADS_BYTES
        ):
            self.transport.abort()

    def on_message_begin(self) -> None:
        if self._timer is None:
            self.end_at(self.loop.time() + REQUEST_S)
        self._ignored = 0
        super().on_message_begin()
        cast(dict[str, Any], self.scope)[MORE_TIME] = self.more_time

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(self.headers) >= MAX_HEADERS:
            raise ValueError("too many headers")  # uvicorn answers 400
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._count_unread(0)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._count_unread(0)
        if self.cycle.response_complete:
            self._ignored += len(body)
            if self._ignored > MAX_IGNORED_BYTES:
                self.transport.abort()
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._count_unread(0)
        self._done_in_time()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.cycle.response_complete:
            self.cycle.body.clear()  # what the app did not want would stay until the next request
        super().on_response_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        self._count_unread(0)
        self._done_in_time()
        super().connection_lost(exc)
