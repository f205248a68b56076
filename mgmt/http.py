"""What the routes of the manager's socket share: envelope, checked bodies, streams of events."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ..core.errors import BodyTooLarge, Invalid, MalformedJson, StreamsteadError

MAX_BODY_BYTES = 2_000_000

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")


def reply(data: Any) -> Response:
    """Answer ``data``; a model is dumped."""
    if isinstance(data, BaseModel):
        data = data.model_dump(mode="json")
    return Response(orjson.dumps({"code": 0, "data": data}), media_type="application/json")


def error_reply(error: StreamsteadError) -> Response:
    data = {"message": error.message, "help": error.help, "key": error.key}
    raw = orjson.dumps({"code": error.code, "data": data})
    return Response(raw, status_code=error.status, media_type="application/json")


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
