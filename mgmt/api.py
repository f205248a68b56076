"""The manager's API on its unix socket: typed operations, never a shell."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ..core.errors import Invalid, MethodNotAllowed, StreamsteadError, UnknownPath
from ..core.version import VERSION
from .runtime.choose import Decision
from .status import ServiceStatus
from .supervisor import Supervisor

PING_S = 15.0
MAX_LINES = 1000


@dataclass(frozen=True, slots=True)
class Manager:
    """What the routes may use. ``request_stop`` begins the ordered stop and returns at once."""

    supervisor: Supervisor
    decision: Decision
    request_stop: Callable[[], None]


def create_app(manager: Manager) -> Starlette:
    """Return the app; every answer is in the envelope of core/app.py."""

    async def healthz(_: Request) -> Response:
        return _reply({"service": "mgmt", "version": VERSION})

    async def status(_: Request) -> Response:
        return _reply(describe(manager, manager.supervisor.status()))

    async def stream(_: Request) -> Response:
        return StreamingResponse(_events(manager), media_type="text/event-stream")

    async def restart(request: Request) -> Response:
        await manager.supervisor.restart(request.path_params["name"])
        return _reply(None)

    async def logs(request: Request) -> Response:
        raw = request.query_params.get("lines", "50")
        if not raw.isdigit() or not 1 <= int(raw) <= MAX_LINES:
            raise Invalid(f"lines must be a number from 1 to {MAX_LINES}", "Correct the field.")
        lines = await manager.supervisor.logs(request.path_params["name"], int(raw))
        return _reply({"lines": lines})

    async def stop(_: Request) -> Response:
        manager.request_stop()
        return _reply(None)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/v1/status", status),
            Route("/v1/status/stream", stream),
            Route("/v1/services/{name}/restart", restart, methods=["POST"]),
            Route("/v1/services/{name}/logs", logs),
            Route("/v1/stop", stop, methods=["POST"]),
        ],
        exception_handlers={
            StreamsteadError: _on_error,
            404: lambda _r, _e: _error(UnknownPath("there is nothing at this path")),
            405: lambda _r, _e: _error(MethodNotAllowed("this path does not take this method")),
        },
    )


def describe(manager: Manager, services: list[ServiceStatus]) -> dict[str, Any]:
    """Return what ``GET /v1/status`` says."""
    return {
        "version": VERSION,
        "runtime": manager.decision.runtime,
        "runtime_reason": manager.decision.reason,
        "media_server": manager.decision.media_server,
        "front_ports": list(manager.supervisor.ports("front")),
        "services": [service.as_dict() for service in services],
    }


async def _events(manager: Manager) -> AsyncIterator[bytes]:
    follow = manager.supervisor.follow()
    following = asyncio.ensure_future(anext(follow))
    try:
        while True:
            done, _ = await asyncio.wait([following], timeout=PING_S)
            if not done:
                yield b": ping\n\n"
                continue
            data = orjson.dumps(describe(manager, following.result()))
            yield b"event: status\ndata: " + data + b"\n\n"
            following = asyncio.ensure_future(anext(follow))
    finally:
        following.cancel()


def _reply(data: Any) -> Response:
    return Response(orjson.dumps({"code": 0, "data": data}), media_type="application/json")


async def _on_error(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, StreamsteadError)
    return _error(exc)


def _error(error: StreamsteadError) -> Response:
    data = {"message": error.message, "help": error.help, "key": error.key}
    body = orjson.dumps({"code": error.code, "data": data})
    return Response(body, status_code=error.status, media_type="application/json")
