"""Routes of the programs of this house: what runs, starting and stopping it, its images."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from enum import StrEnum
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field
from sse_starlette import ServerSentEvent

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Upstream
from ...core.live_feed import live_feed
from ..services import ServicesDep

router = APIRouter(prefix=f"{API}/mgmt/containers", tags=["containers"])

CALL_S = 60.0
"""A program may need its grace to stop, an engine may be slow; a pull is not waited for."""


class ContainersAction(StrEnum):
    QUERY = "query"
    ENABLED = "enabled"
    SWITCH = "switch"
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    UPGRADE = "upgrade"
    ROLLBACK_IMAGE = "rollback_image"
    LOGS = "logs"
    STATS = "stats"


class AskContainers(Body):
    """``name``: our name, or one of SRS-cloud (``srs``, ``srs-server``, ``srsDev``, ``srs-hooks``,
    ``tencent``, ``node-exporter``). ``force``: though somebody is live."""

    action: ContainersAction
    name: Annotated[str | None, Field(max_length=64)] = None
    enabled: bool | None = None
    lines: Annotated[int, Field(ge=1, le=1000)] = 100
    force: bool = False


class ContainerRow(BaseModel):
    """As in SRS-cloud: ``{}`` when it does not run. ``ID`` is the pid of a process."""

    ID: str | None = None
    State: str | None = None
    Status: str | None = None


class ServicePort(BaseModel):
    """``public``: reached from other machines."""

    port: int
    proto: str
    public: bool


class ServiceHealth(BaseModel):
    ok: bool
    detail: str
    at_ms: int


class ServiceExit(BaseModel):
    """``status`` is negative for a signal, null when nobody could read it."""

    at_ms: int
    status: int | None
    reason: str
    lines: list[str]


class ImagePull(BaseModel):
    """``state``: running, done or failed. ``total_bytes`` is 0 while it is not known."""

    name: str
    image: str
    done_bytes: int
    total_bytes: int
    state: str
    message: str
    at_ms: int


class HouseService(BaseModel):
    """One program. ``state``: starting, running, unhealthy, backoff, stopped, failed or off.

    ``cpu_percent``: of one core. ``enabled`` false: switched off by the operator or for the reason
    in ``detail``.
    """

    name: str
    enabled: bool
    can_disable: bool
    container: ContainerRow
    kind: str
    state: str
    since_ms: int
    restarts: int
    pid: int | None
    detail: str
    image: str
    digest: str
    version: str
    ports: list[ServicePort]
    cpu_percent: float | None
    memory_bytes: int | None
    memory_limit_bytes: int | None
    pids: int | None
    health: ServiceHealth | None
    last_exit: ServiceExit | None
    can_rollback_image: bool = False
    media_server: str = ""
    """Of ``media``: srs-server, srs-dev or engine."""
    pull: ImagePull | None = None


class ServiceLines(BaseModel):
    lines: list[str]


class ServiceStats(BaseModel):
    name: str
    cpu_percent: float | None
    memory_bytes: int | None
    pids: int | None
    at_ms: int


@router.post("")
async def containers(
    services: ServicesDep, who: SignedIn, body: AskContainers
) -> Reply[list[HouseService] | list[ServiceStats] | ServiceLines | None]:
    """Query the programs, or do something with one of them; what takes long goes on by itself."""
    found = await services.host.call(
        "POST",
        "/v1/containers",
        body.model_dump(mode="json", exclude={"token"}, exclude_none=True),
        timeout_s=CALL_S,
    )
    data = _typed(body.action, found)
    if body.action is ContainersAction.QUERY:
        await _tell_media_version(services, data)
    return Reply(data=data)


async def _tell_media_version(services: ServicesDep, rows: Any) -> None:
    """The media server tells its version by its own API, which mgmt does not ask."""
    for row in rows:
        if row.name == "media" and not row.version and row.pid:
            row.version = (await services.media.get()).version


def _typed(
    action: ContainersAction, found: Any
) -> list[HouseService] | list[ServiceStats] | ServiceLines | None:
    if action is ContainersAction.QUERY:
        return [HouseService.model_validate(one) for one in found]
    if action is ContainersAction.STATS:
        return [ServiceStats.model_validate(one) for one in found]
    return ServiceLines.model_validate(found) if action is ContainersAction.LOGS else None


@router.get("/progress", response_class=Response)
async def containers_progress(request: Request, services: ServicesDep, who: SignedIn) -> Response:
    """Server-sent events ``pull``: images as they are fetched, those under way at once."""

    async def events() -> AsyncGenerator[ServerSentEvent, None]:
        # The client connects again when the manager is being renewed.
        with suppress(Upstream):
            async with aclosing(services.host.follow("/v1/containers/progress")) as found:
                async for name, pull in found:
                    yield ServerSentEvent(event=name, data=orjson.dumps(pull).decode())

    return await live_feed(request, events, services.authenticator, services.clock, full=False)
