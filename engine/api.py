"""SRS's HTTP API, as far as this engine has something to say."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ..core.log import get_logger
from ..core.metrics import CONTENT_TYPE, PATH, exposition, gauge
from ..core.version import VERSION
from .clients import Client
from .reports import CAPABILITIES, ENGINE, Reports

NO_SUCH_CLIENT = 2049
NO_SUCH_STREAM = 2048
NOT_SUPPORTED = 4011
NOT_ANSWERING = 4009
MIN_COUNT = 10
MAX_COUNT = 1000
LISTS = ("vhosts", "streams", "clients")

log = get_logger(__name__)

Kick = Callable[[Client], Awaitable[bool]]


def create_api(reports: Reports, kick: Kick) -> Starlette:
    """Build the application. ``kick`` cuts a client, False when it was gone already."""
    api = _Api(reports, kick)
    get = ["GET"]
    return Starlette(
        routes=[
            Route("/healthz", api.healthz, methods=get),
            Route(PATH, api.metrics, methods=get),
            Route("/api/v1/versions", api.versions, methods=get),
            Route("/api/v1/features", api.features, methods=get),
            Route("/api/v1/summaries", api.summaries, methods=get),
            Route("/api/v1/rusages", api.rusages, methods=get),
            Route("/api/v1/vhosts/", api.vhosts, methods=get),
            Route("/api/v1/streams/", api.streams, methods=get),
            Route("/api/v1/streams/{id}", api.stream, methods=get),
            Route("/api/v1/clients/", api.clients, methods=get),
            Route("/api/v1/clients/{id}", api.client, methods=get),
            Route("/api/v1/clients/{id}", api.kick, methods=["DELETE"]),
            *(Route(f"/api/v1/{name}", add_slash, methods=get) for name in LISTS),
            Route("/{path:path}", not_supported, methods=["GET", "POST", "PUT", "DELETE"]),
        ]
    )


def answer(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json")


async def add_slash(request: Request) -> Response:
    """SRS lists want a slash at the end, and SRS sends whoever forgets it there."""
    return RedirectResponse(str(request.url.replace(path=f"{request.url.path}/")), 302)


async def not_supported(request: Request) -> Response:
    return answer(
        {
            "code": NOT_SUPPORTED,
            "error": f"not supported by engine {ENGINE!r}",
            "engine": ENGINE,
            "capabilities": CAPABILITIES,
        },
        501,
    )


class _Api:
    def __init__(self, reports: Reports, kick: Kick) -> None:
        self._reports = reports
        self._kick = kick

    def _data(self, data: dict[str, Any]) -> Response:
        return answer({**self._reports.base(), "data": data})

    async def healthz(self, _: Request) -> Response:
        """200 while nginx answers; 503 tells the supervisor to look."""
        if not self._reports.nginx_answers:
            about = {
                "message": "nginx does not answer",
                "help": "See engine-nginx.log in the folder of logs.",
                "key": "engine_not_answering",
            }
            return answer({"code": NOT_ANSWERING, "data": about}, 503)
        return answer({"code": 0, "data": {"service": "engine", "version": VERSION}})

    async def metrics(self, _: Request) -> Response:
        reports = self._reports
        figures = (
            gauge("engine_nginx_up", "1 while nginx answers", float(reports.nginx_answers)),
            gauge("engine_streams", "Streams that nginx knows", len(reports.streams())),
            gauge("engine_clients", "Clients that nginx knows", len(reports.clients())),
        )
        return Response(exposition(figures), media_type=CONTENT_TYPE)

    async def versions(self, _: Request) -> Response:
        return self._data(self._reports.versions())

    async def features(self, _: Request) -> Response:
        return self._data(self._reports.features())

    async def summaries(self, _: Request) -> Response:
        return self._data(self._reports.summaries())

    async def rusages(self, _: Request) -> Response:
        return self._data(self._reports.rusages())

    async def vhosts(self, _: Request) -> Response:
        return answer({**self._reports.base(), "vhosts": self._reports.vhosts()})

    async def streams(self, request: Request) -> Response:
        page = _page(self._reports.streams(), request)
        return answer({**self._reports.base(), "streams": page})

    async def stream(self, request: Request) -> Response:
        found = self._reports.stream(request.path_params["id"])
        if found is None:
            return answer({"code": NO_SUCH_STREAM})
        return answer({**self._reports.base(), "stream": found})

    async def clients(self, request: Request) -> Response:
        page = _page(self._reports.clients(), request)
        return answer({**self._reports.base(), "clients": page})

    async def client(self, request: Request) -> Response:
        client = self._reports.find(request.path_params["id"])
        if client is None:
            return answer({"code": NO_SUCH_CLIENT})
        return answer({**self._reports.base(), "client": self._reports.client(client)})

    async def kick(self, request: Request) -> Response:
        client = self._reports.find(request.path_params["id"])
        try:
            if client is None or not await self._kick(client):
                return answer({"code": NO_SUCH_CLIENT})
        except (OSError, TimeoutError) as exc:
            log.warning("engine.kick_failed", reason=repr(exc))
            return answer({"code": NOT_ANSWERING, "error": "nginx does not answer"}, 502)
        log.info("engine.kicked", client=client.id)
        return answer(self._reports.base())


def _page(items: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
    """Cut out ``start`` and ``count``; SRS never gives fewer than ten, so neither do we."""
    start = _number(request.query_params.get("start"), 0)
    count = _number(request.query_params.get("count"), MIN_COUNT)
    return items[start : start + min(max(count, MIN_COUNT), MAX_COUNT)]


def _number(text: str | None, default: int) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else default
