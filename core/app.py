"""The FastAPI app all services share: one envelope, one answer to every error, limits."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, Literal, TypeVar

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from redis.exceptions import RedisError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .audit import AuditTrail
from .errors import (
    BodyTooLarge,
    Invalid,
    MalformedJson,
    MethodNotAllowed,
    MissingField,
    RateLimited,
    RequestTimeout,
    StoreUnavailable,
    StreamsteadError,
    UnknownPath,
    UnsupportedMediaType,
)
from .log import get_logger
from .metrics import CONTENT_TYPE, PATH, Figures, exposition
from .version import VERSION

log = get_logger(__name__)

API = "/terraform/v1"
MAX_BODY_BYTES = 1_000_000
BODY_TIMEOUT_S = 6.0
"""Shorter than the time of a whole request (core/http_limits.py): so there is an answer."""

MAX_HELD_BYTES = 1_500_000
"""Of all bodies that have begun and not ended: many that never end must not fill the memory."""


T = TypeVar("T")


class Reply(BaseModel, Generic[T]):
    """Every good answer: ``{"code": 0, "data": ...}``; ``data`` is always present."""

    code: Literal[0] = 0
    data: T


class ErrorData(BaseModel):
    """What a person and a program need to know about a failure."""

    message: str
    help: str
    key: str


class ErrorReply(BaseModel):
    """Every bad answer; ``code`` as in core/errors.py."""

    code: int
    data: ErrorData


class Body(BaseModel):
    """Base of request bodies: unknown fields are errors; ``token`` may carry the session."""

    model_config = ConfigDict(extra="forbid")

    token: Annotated[str | None, Field(description="Session token, instead of a header")] = None


class Version(BaseModel):
    """Without a leading ``v``."""

    version: str


class Health(BaseModel):
    service: str
    version: str


class Json(Response):
    """A JSON answer written by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


def error_response(error: StreamsteadError) -> Response:
    """Answer an error in the envelope."""
    reply = {
        "code": error.code,
        "data": {"message": error.message, "help": error.help, "key": error.key},
    }
    headers = {}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.retry_after_s)
    return Json(reply, error.status, headers)


@dataclass(frozen=True, slots=True)
class RawBodies:
    """Paths below ``prefix`` take bodies of this type and length and read them piece by piece; they
    must check who is calling before the first piece."""

    prefix: str
    content_type: str
    max_bytes: int


class BodyGuard:
    """Refuse a body that is no JSON, too large or too slow before anything keeps it in memory.

    Only JSON is read: a form of another site can then never carry a request of ours.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, raw: Sequence[RawBodies] = ()) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._raw = raw
        self._held_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        raw = next((one for one in self._raw if path.startswith(one.prefix)), None)
        try:
            has_body = self._check_headers(Headers(scope=scope), raw)
        except StreamsteadError as exc:
            await error_response(exc)(scope, receive, send)
            return
        if has_body and raw is None:
            await self._read(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _check_headers(self, headers: Headers, raw: RawBodies | None) -> bool:
        length = headers.get("content-length", "0")
        if length == "0" and "transfer-encoding" not in headers:
            return False
        most = self._max_bytes if raw is None else raw.max_bytes
        if length.isdigit() and int(length) > most:
            raise self._too_large(most)
        wanted = "application/json" if raw is None else raw.content_type
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != wanted:
            raise UnsupportedMediaType(
                f"the content type is {kind or 'absent'}, not {wanted}",
                "Send the body as JSON with the header Content-Type: application/json."
                if raw is None
                else f"Send the body with the header Content-Type: {wanted}.",
            )
        return True

    async def _read(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen = held = 0
        done = False
        end = asyncio.get_running_loop().time() + BODY_TIMEOUT_S

        async def limited() -> Message:
            nonlocal seen, held, done
            if done:
                return await receive()  # only waits for the client to go away
            try:
                async with asyncio.timeout_at(end):
                    message = await receive()
            except TimeoutError:
                raise RequestTimeout(
                    f"the body did not arrive within {BODY_TIMEOUT_S:.0f} s",
                    "Send the request again on a better connection.",
                ) from None
            seen += len(message.get("body", b""))
            done = not message.get("more_body", False)
            if seen > self._max_bytes:
                raise self._too_large(self._max_bytes)
            self._held_bytes -= held
            held = 0 if done else seen
            self._held_bytes += held
            if self._held_bytes > MAX_HELD_BYTES:
                raise RateLimited(
                    "too many bodies arrive at the same time",
                    "Try again in a few seconds.",
                    retry_after_s=5,
                )
            return message

        try:
            await self._app(scope, limited, send)
        finally:
            self._held_bytes -= held

    def _too_large(self, most: int) -> BodyTooLarge:
        return BodyTooLarge(
            f"the body is larger than {most} bytes",
            "Send less; large files have an upload of their own.",
        )


def create_app(
    name: str,
    title: str,
    max_body_bytes: int = MAX_BODY_BYTES,
    raw: RawBodies | tuple[RawBodies, ...] = (),
) -> FastAPI:
    """Return an app with envelope, error answers, body limits, ``GET /healthz`` and ``/metrics``.

    ``app.state.figures`` (core/metrics.py), if there is one, adds to what ``/metrics`` tells.
    """
    app = FastAPI(
        title=title,
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        responses={"4XX": {"model": ErrorReply}, "5XX": {"model": ErrorReply}},
    )
    app.add_exception_handler(StreamsteadError, _on_known)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RedisError, _on_redis)
    app.add_exception_handler(Exception, _on_unknown)
    raw = (raw,) if isinstance(raw, RawBodies) else raw
    app.add_middleware(AuditTrail)
    app.add_middleware(BodyGuard, max_bytes=max_body_bytes, raw=raw)

    @app.get("/healthz", include_in_schema=False)
    async def healthz() -> Reply[Health]:
        return Reply(data=Health(service=name, version=VERSION))

    @app.get(PATH, include_in_schema=False)
    async def metrics(request: Request) -> Response:
        figures: Figures | None = getattr(request.app.state, "figures", None)
        more = await figures() if figures is not None else ()
        return Response(exposition(more), media_type=CONTENT_TYPE)

    return app


async def _on_known(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, StreamsteadError)
    return error_response(exc)


async def _on_validation(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, RequestValidationError)
    first = exc.errors()[0]
    if first["type"] == "json_invalid":
        return error_response(
            MalformedJson("the body is not valid JSON", "Check brackets, quotes and commas.")
        )
    where = ".".join(str(part) for part in first["loc"][1:]) or "body"
    if first["type"] == "missing":
        return error_response(MissingField(f"{where} is missing", f"Send the field {where}."))
    if first["type"] == "extra_forbidden":
        return error_response(
            Invalid(f"{where} is not a field of this call", "Remove it.", key="unknown_field")
        )
    # Never the value itself: it may be a password.
    return error_response(Invalid(f"{where}: {first['msg']}", "Correct the field."))


async def _on_http(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)
    if isinstance(exc.__cause__, StreamsteadError):
        return error_response(exc.__cause__)  # raised by BodyGuard while FastAPI read the body
    if exc.status_code == 404:
        return error_response(
            UnknownPath(
                "there is nothing at this path", f"The calls are listed at {API}/openapi.json."
            )
        )
    if exc.status_code == 405:
        return error_response(
            MethodNotAllowed(
                f"this path does not take {request.method}",
                f"The methods are listed at {API}/openapi.json.",
            )
        )
    error = MalformedJson("the body cannot be read", "Send a JSON object.")
    return error_response(error)


async def _on_redis(_: Request, exc: Exception) -> Response:
    log.error("redis.unavailable", error=type(exc).__name__)
    return error_response(
        StoreUnavailable(
            "the settings store (Redis) does not answer",
            "It is restarted by itself; try again in a few seconds.",
        )
    )


async def _on_unknown(_: Request, exc: Exception) -> Response:
    log.error("request.failed", exc_info=exc)
    return error_response(
        StreamsteadError("something failed that has no name yet", "The log of this service has it.")
    )
