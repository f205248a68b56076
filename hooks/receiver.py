"""The door SRS knocks at: a plain ASGI app, because FastAPI's own work would be most of a call.

``POST <path>?hook=<hook secret>`` with any callback. Accepted: 200 ``{"code":0,...}``; anything
else is a refusal to SRS.
"""

import hmac
import time
from urllib.parse import parse_qs

import orjson
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Receive, Scope, Send

from ..core.app import API
from ..core.errors import (
    BodyTooLarge,
    Forbidden,
    MethodNotAllowed,
    StreamsteadError,
)
from ..core.log import get_logger
from .callback import parse
from .gate import Gate

log = get_logger(__name__)

PATHS = frozenset({f"{API}/hooks/srs/verify", f"{API}/hooks/srs/hls"})
MAX_BODY_BYTES = 64 * 1024

_ACCEPTED = orjson.dumps({"code": 0, "data": None})
_HEADERS = [(b"content-type", b"application/json")]

_CALLS = Counter("streamstead_callbacks", "Callbacks of the media server", ["action", "answer"])
_SECONDS = Histogram(
    "streamstead_callback_seconds",
    "Time to answer a callback",
    buckets=(0.0005, 0.001, 0.002, 0.004, 0.006, 0.01, 0.025, 0.1, 0.5, 2.0),
)


class Receiver:
    """Answers the two callback paths itself and hands everything else to ``app``."""

    def __init__(self, app: ASGIApp, gate: Gate, hook_secret: str) -> None:
        self._app = app
        self._gate = gate
        self._hook_secret = hook_secret.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in PATHS:
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        action, status, body = "none", 200, _ACCEPTED
        try:
            self._check_caller(scope)
            callback = parse(await _read_body(receive))
            action = callback.action.value
            await self._gate.decide(callback)
        except StreamsteadError as exc:
            status = exc.status
            body = orjson.dumps(
                {
                    "code": exc.code,
                    "data": {"message": exc.message, "help": exc.help, "key": exc.key},
                }
            )
        except Exception:
            # A fault of ours must refuse, not hang: SRS would wait and then let nobody in either.
            log.exception("callback.failed", action=action)
            status, body = 500, orjson.dumps({"code": StreamsteadError.code, "data": None})
        _CALLS.labels(action, "accepted" if status == 200 else "refused").inc()
        _SECONDS.observe(time.perf_counter() - begun)
        length = (b"content-length", str(len(body)).encode())
        await send(
            {"type": "http.response.start", "status": status, "headers": [*_HEADERS, length]}
        )
        await send({"type": "http.response.body", "body": body})

    def _check_caller(self, scope: Scope) -> None:
        if scope["method"] != "POST":
            raise MethodNotAllowed("callbacks are sent by POST", "Correct the SRS configuration.")
        presented = parse_qs(scope["query_string"]).get(b"hook", [])
        if len(presented) != 1 or not hmac.compare_digest(presented[0], self._hook_secret):
            log.warning("callback.forged", client=(scope.get("client") or ("",))[0])
            raise Forbidden(
                "the hook secret is wrong",
                "Callbacks come from our own media server only.",
                key="hook_secret_wrong",
            )


async def _read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > MAX_BODY_BYTES:
            raise BodyTooLarge("the callback is too large", "Is this really SRS?")
        if not message.get("more_body", False):
            return bytes(body)
