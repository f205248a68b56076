"""The manager's API on its unix socket: typed operations, never a shell."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ..core.errors import Invalid, MethodNotAllowed, StreamsteadError, UnknownPath
from ..core.version import VERSION
from .audit import SocketAudit
from .host_events import HostEvents
from .http import PING, error_reply, event_stream, reply, sse, with_pings
from .runtime.choose import Decision
from .services.common import MediaServer
from .status import ServiceStatus
from .supervisor import Supervisor

MAX_LINES = 1000


@dataclass(frozen=True, slots=True)
class Manager:
    """What the routes may use. ``request_stop`` begins the ordered stop and returns at once."""

    supervisor: Supervisor
    decision: Decision
    events: HostEvents
    request_stop: Callable[[], None]
    media_server: Callable[[], MediaServer] | None = None
    """Which one runs now; None: the one that was first decided."""


def create_app(
    manager: Manager, more: Sequence[BaseRoute] = (), audit_folder: Path | None = None
) -> Starlette:
    """Return the app; every answer is in the envelope of core/app.py.

    With ``audit_folder``, what is asked for at the socket itself is noted there.
    """

    async def healthz(_: Request) -> Response:
        return reply({"service": "mgmt", "version": VERSION})

    async def status(_: Request) -> Response:
        return reply(describe(manager, manager.supervisor.status()))

    async def stream(_: Request) -> Response:
        return event_stream(_events(manager))

    async def restart(request: Request) -> Response:
        await manager.supervisor.restart(request.path_params["name"])
        return reply(None)

    async def logs(request: Request) -> Response:
        raw = request.query_params.get("lines", "50")
        if not raw.isdigit() or not 1 <= int(raw) <= MAX_LINES:
            raise Invalid(f"lines must be a number from 1 to {MAX_LINES}", "Correct the field.")
        lines = await manager.supervisor.logs(request.path_params["name"], int(raw))
        return reply({"lines": lines})

    async def events(request: Request) -> Response:
        raw = request.query_params.get("after", "0")
        if not raw.isdigit():
            raise Invalid("after must be a number", "Correct the field.")
        return event_stream(_host_events(manager.events, int(raw)))

    async def stop(_: Request) -> Response:
        manager.request_stop()
        return reply(None)

    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/v1/status", status),
            Route("/v1/status/stream", stream),
            Route("/v1/services/{name}/restart", restart, methods=["POST"]),
            Route("/v1/services/{name}/logs", logs),
            Route("/v1/events/stream", events),
            Route("/v1/stop", stop, methods=["POST"]),
            *more,
        ],
        exception_handlers={
            StreamsteadError: _on_error,
            404: lambda _r, _e: error_reply(UnknownPath("there is nothing at this path")),
            405: lambda _r, _e: error_reply(
                MethodNotAllowed("this path does not take this method")
            ),
        },
    )
    if audit_folder is not None:
        app.add_middleware(SocketAudit, folder=audit_folder)
    return app


def describe(manager: Manager, services: list[ServiceStatus]) -> dict[str, Any]:
    """Return what ``GET /v1/status`` says."""
    return {
        "version": VERSION,
        "runtime": manager.decision.runtime,
        "runtime_reason": manager.decision.reason,
        "media_server": (
            manager.media_server() if manager.media_server else manager.decision.media_server
        ),
        "front_ports": list(manager.supervisor.ports("front")),
        "services": [service.as_dict() for service in services],
    }


async def _events(manager: Manager) -> AsyncIterator[bytes]:
    async for services in with_pings(manager.supervisor.follow()):
        yield PING if services is None else sse("status", describe(manager, services))


async def _host_events(events: HostEvents, after: int) -> AsyncIterator[bytes]:
    async for batch in with_pings(events.follow(after)):
        yield PING if batch is None else sse("events", batch)


async def _on_error(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, StreamsteadError)
    return error_reply(exc)
