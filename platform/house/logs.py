"""Routes of what all programs wrote: a page of it, live, as a file; and the support bundle."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse, ServerSentEvent

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.live_feed import live_feed
from ..services import ServicesDep

router = APIRouter(prefix=f"{API}/mgmt", tags=["logs"])

QUERY_S = 20.0
BUNDLE_S = 120.0
MAX_SERVICES = 40
_BINARY = {"type": "string", "format": "binary"}

LogServiceName = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[a-z0-9_.-]+$")]
LogText = Annotated[str, Field(max_length=200)]


class LogLevel(StrEnum):
    """As a filter: this and what is worse."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogsRequest(Body):
    """``before``: ``older`` of the page before. ``text``: a part of the line, in any case."""

    services: Annotated[list[LogServiceName], Field(max_length=MAX_SERVICES)] = []
    level: LogLevel | None = None
    text: LogText = ""
    before: Annotated[str, Field(max_length=120)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 200


class LogEntry(BaseModel):
    """One line. ``fields``: the facts of a structured one; secrets are hidden everywhere."""

    id: str
    at_ms: int
    service: str
    level: LogLevel
    text: str
    fields: dict[str, Any]


class LogsPage(BaseModel):
    """``lines``: oldest first. ``older``: where to go on, null at the beginning. ``services``: all
    that have a log. ``notes``: what could not be read, in words."""

    lines: list[LogEntry]
    older: str | None
    services: list[str]
    notes: list[str]


class SupportBundle(BaseModel):
    """``parts``: the files in it; ``download`` gives the one that was made last."""

    name: str
    at_ms: int
    bytes: int
    parts: list[str]


def _wanted(services: str, level: LogLevel | None, text: str) -> str:
    return urlencode({"services": services, "level": level or "", "text": text})


ServicesQuery = Annotated[
    str,
    Query(max_length=1000, pattern=r"^[a-z0-9_.,-]*$", description="Names, separated by commas"),
]
LevelQuery = Annotated[LogLevel | None, Query()]
TextQuery = Annotated[str, Query(max_length=200)]


@router.post("/logs/query")
async def query_logs(body: LogsRequest, services: ServicesDep, _: SignedIn) -> Reply[LogsPage]:
    """Return the newest lines of all programs, or those before a page."""
    wanted = body.model_dump(mode="json", exclude={"token"})
    found = await services.host.call("POST", "/v1/logs/query", wanted, QUERY_S)
    return Reply(data=LogsPage.model_validate(found))


@router.get("/logs/live", response_class=EventSourceResponse)
async def live_logs(
    request: Request,
    services: ServicesDep,
    _: SignedIn,
    wanted_services: Annotated[ServicesQuery, Query(alias="services")] = "",
    level: LevelQuery = None,
    text: TextQuery = "",
) -> EventSourceResponse:
    """Follow what is written: events ``lines`` (``{lines, skipped}``), a comment every 15 s."""
    path = f"/v1/logs/live?{_wanted(wanted_services, level, text)}"

    async def lines() -> AsyncGenerator[ServerSentEvent, None]:
        async with aclosing(services.host.follow(path)) as found:
            async for name, data in found:
                yield ServerSentEvent(orjson.dumps(data).decode(), event=name)

    return await live_feed(request, lines, services.authenticator, services.clock, full=False)


@router.get(
    "/logs/download",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def download_logs(
    services: ServicesDep,
    _: SignedIn,
    wanted_services: Annotated[ServicesQuery, Query(alias="services")] = "",
    level: LevelQuery = None,
    text: TextQuery = "",
) -> StreamingResponse:
    """Return what is kept as a text file, oldest first; the newest 50 MB at most."""
    path = f"/v1/logs/download?{_wanted(wanted_services, level, text)}"
    return StreamingResponse(
        await services.host.download(path),
        media_type="text/plain; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="streamstead.log"',
            "Cache-Control": "no-store",
        },
    )


@router.post("/support-bundle")
async def make_support_bundle(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[SupportBundle]:
    """Gather what somebody who helps needs to know, without any secret, into one file."""
    found = await services.host.call("POST", "/v1/support-bundle", {}, BUNDLE_S)
    return Reply(data=SupportBundle.model_validate(found))


@router.get(
    "/support-bundle/download",
    response_class=Response,
    responses={200: {"content": {"application/gzip": {"schema": _BINARY}}}},
)
async def download_support_bundle(services: ServicesDep, _: SignedIn) -> StreamingResponse:
    """Return the bundle that was made last, a ``.tar.gz``."""
    return StreamingResponse(
        await services.host.download("/v1/support-bundle/download"),
        media_type="application/gzip",
        headers={
            "Content-Disposition": 'attachment; filename="streamstead-support.tar.gz"',
            "Cache-Control": "no-store",
        },
    )
