"""One HTTP-FLV or WebSocket-FLV viewer: from its request to the last byte it is sent."""

import asyncio
from typing import TYPE_CHECKING, cast

from ..core.log import get_logger
from ..core.rtmp.flv import file_header
from . import http_head, websocket
from .clients import Client
from .flv_tag import Tag
from .http_head import Head, HeadReader, Refusal
from .websocket import ClientFrames, WebSocketError

if TYPE_CHECKING:
    from .flv_gateway import FlvGateway
    from .flv_hub import Hub

MAX_BUFFER = 4 << 20
"""Unsent bytes at which a viewer starts to miss pictures."""
RESUME_BUFFER = MAX_BUFFER // 4
STALLED_S = 30.0
FLUSH_S = 5.0
HEAD_TIMEOUT_S = 5.0

log = get_logger(__name__)


class FlvViewer(asyncio.Protocol):
    """A slow viewer skips to a later key frame; one that stands still is cut."""

    def __init__(self, gateway: "FlvGateway") -> None:
        self._gateway = gateway
        self._reader = HeadReader(self._on_head)
        self._frames: ClientFrames | None = None
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._websocket_key = b""
        self._started = False
        self._skipping_since: float | None = None
        self.client: Client | None = None
        self.hub: Hub | None = None
        self.dropped_tags = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(HEAD_TIMEOUT_S, self.cut)

    def data_received(self, data: bytes) -> None:
        try:
            if self._frames is not None:
                for answer in self._frames.feed(data):
                    self._transport.write(answer)
                if self._frames.closed:
                    self._transport.close()
            elif not self._reader.complete:
                self._reader.feed(data)
        except Refusal as refusal:
            self._answer(refusal.encode())
        except WebSocketError:
            self.cut()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
        if self.hub is not None:
            self.hub.discard(self)
        self._gateway.gone(self)

    def _on_head(self, head: Head) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if head.wants_websocket:
            self._websocket_key = head.headers.get("sec-websocket-key", "").encode("latin-1")
        peer = self._transport.get_extra_info("peername")
        ip = head.viewer_ip(str(peer[0]) if peer else "")
        self._task = asyncio.create_task(self._admit(head, ip))

    async def _admit(self, head: Head, ip: str) -> None:
        try:
            await self._gateway.admit(self, head, ip)
        except Refusal as refusal:
            self._answer(refusal.encode())
        except Exception:
            # A fault of ours must not leave the viewer waiting, and must show it nothing.
            log.exception("engine.viewer_failed")
            self.cut()

    def answer_preflight(self) -> None:
        self._answer(http_head.preflight())

    def _answer(self, reply: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(reply)
            self._close_soon()

    def start(self, audio: bool, video: bool, tags: list[Tag]) -> None:
        """Send the head of the answer and everything a decoder needs to begin."""
        self._started = True
        if self._websocket_key:
            self._frames = ClientFrames()
            accept = websocket.accept_value(self._websocket_key)
            self._transport.write(http_head.websocket_head(accept))
        else:
            self._transport.write(http_head.stream_head())
        header = Tag(file_header(audio, video))
        if video and not any(tag.is_key for tag in tags):
            self._skipping_since = self._now()
        self._write([header, *tags])

    def send(self, tag: Tag, entry: bool) -> None:
        waiting = self._transport.get_write_buffer_size()
        if self._skipping_since is not None:
            if not entry or waiting > RESUME_BUFFER:
                self.dropped_tags += 1
                return
            self._skipping_since = None
            # The headers may have changed while it did not listen.
            self._write([*(self.hub.headers if self.hub else []), tag])
            return
        if waiting > MAX_BUFFER:
            self._skipping_since = self._now()
            self.dropped_tags += 1
            return
        self._write([tag])

    def finish(self) -> None:
        """The stream is over: say so, as far as HTTP and the state of the answer allow."""
        if not self._started:
            self._answer(not_live().encode())
            return
        if self._frames is not None:
            self._transport.write(websocket.frame(b"\x03\xe8", opcode=8))
        self._close_soon()

    def cut(self) -> None:
        self._transport.abort()

    def is_stalled(self) -> bool:
        """Tell whether it has been too slow for a key frame for ``STALLED_S``."""
        since = self._skipping_since
        return (
            since is not None
            and self._now() - since > STALLED_S
            and self._transport.get_write_buffer_size() > 0
        )

    def _write(self, tags: list[Tag]) -> None:
        if self._transport.is_closing():
            return
        on_socket = self._frames is not None
        data = b"".join(tag.on_websocket if on_socket else tag.raw for tag in tags)
        self._transport.write(data)
        if self.client is not None:
            self.client.send_bytes += len(data)

    def _close_soon(self) -> None:
        """Close when all is sent; a viewer that does not read is cut."""
        self._transport.close()
        self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self.cut)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def not_live() -> Refusal:
    return Refusal(
        404,
        1003,
        "stream_not_live",
        "this stream is not live",
        "Start publishing, then open the address again.",
    )
