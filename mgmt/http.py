"""What the routes of the manager's socket share: who may speak to it, envelope, checked bodies,
streams of events.
"""

import asyncio
import os
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from ..core.audit import AUDITED_HEADER
from ..core.errors import BodyTooLarge, Invalid, MalformedJson, RateLimited, StreamsteadError
from ..core.http_limits import LimitedHttp
from ..core.log import get_logger
from ..core.runner import Listener
from .runtime.account import Account

log = get_logger(__name__)

MAX_BODY_BYTES = 2_000_000

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def door(app: ASGIApp, path: Path, account: Account) -> Listener:
    """Return the manager's socket: for root, for ourselves and for the platform, and nobody else.

    Its group and mode say so to the kernel; and whoever connects is looked at once more, for these
    could be changed by hand.
    """
    known = frozenset((0, os.geteuid(), account.web.uid))

    class Door(LimitedHttp):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            super().connection_made(transport)
            uid = _peer(transport)
            if uid not in known:
                log.warning("socket.refused", uid=uid)
                self.transport.abort()
            self.client = (f"uid:{uid}", 0)  # of a unix socket there is no other address

    return Listener(app, uds=path, uds_mode=0o660, uds_group=account.web_gid, protocol=Door)


def _peer(transport: asyncio.BaseTransport) -> int | None:
    """Return the user who connected; None when it cannot be told."""
    try:
        raw = transport.get_extra_info("socket").getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
        )
    except (OSError, AttributeError):
        return None
    return int(struct.unpack("3i", raw)[1])


def by_root(request: Request) -> bool:
    """Tell whether it is root who asks, by the command line; where the manager is not root, who it
    runs as. The platform is never root, and says of itself that it hands on what others ask."""
    peer = request.client.host if request.client else ""
    return peer in ("uid:0", f"uid:{os.geteuid()}") and AUDITED_HEADER not in request.headers


def reply(data: Any) -> Response:
    """Answer ``data``; a model is dumped."""
    if isinstance(data, BaseModel):
        data = data.model_dump(mode="json")
    return Response(orjson.dumps({"code": 0, "data": data}), media_type="application/json")


def error_reply(error: StreamsteadError) -> Response:
    data = {"message": error.message, "help": error.help, "key": error.key}
    raw = orjson.dumps({"code": error.code, "data": data})
    headers = {}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.retry_after_s)
    return Response(raw, error.status, headers, media_type="application/json")


async def body(request: Request, model: type[M]) -> M:
    """Read the JSON body as ``model``; none counts as an empty object. Raises Invalid."""
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > MAX_BODY_BYTES:
            raise BodyTooLarge(f"the body is larger than {MAX_BODY_BYTES} bytes", "Send less.")
    try:
        return model.model_validate(orjson.loads(bytes(raw) or b"{}"))
    except orjson.JSONDecodeError:
        raise MalformedJson("the body is not valid JSON", "Check brackets and commas.") from None
    except ValidationError as exc:
        first = exc.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "body"
        raise Invalid(f"{where}: {first['msg']}", "Correct the field.") from None


def post(path: str, work: Callable[[Request], Awaitable[Any]]) -> Route:
    """Make a route whose function returns the ``data`` of the answer."""

    async def endpoint(request: Request) -> Response:
        return reply(await work(request))

    return Route(path, endpoint, methods=["POST"])


def get(path: str, work: Callable[[Request], Awaitable[Any]]) -> Route:
    """The same for GET."""

    async def endpoint(request: Request) -> Response:
        return reply(await work(request))

    return Route(path, endpoint, methods=["GET"])


def event_stream(events: AsyncIterator[bytes]) -> Response:
    """Answer server-sent events; make each by ``sse``."""
    return StreamingResponse(events, media_type="text/event-stream")


def sse(name: str, data: Any) -> bytes:
    """One server-sent event."""
    return b"event: " + name.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"


PING = b": ping\n\n"
PING_S = 15.0


async def with_pings(follow: AsyncIterator[T]) -> AsyncIterator[T | None]:
    """Yield what comes, and None whenever nothing has come for a while."""
    following = asyncio.ensure_future(anext(follow))
    try:
        while True:
            done, _ = await asyncio.wait([following], timeout=PING_S)
            if not done:
                yield None
                continue
            yield following.result()
            following = asyncio.ensure_future(anext(follow))
    finally:
        following.cancel()
