"""Routes of the house itself: versions, environment, status, API secret, API description."""

from contextlib import suppress
from typing import Any

from fastapi import APIRouter
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel
from redis.exceptions import RedisError

from ..core.app import API, Body, Reply, Version
from ..core.auth import SignedIn
from ..core.errors import NotFound, StreamsteadError, Upstream
from ..core.paths import share_dir
from ..core.version import VERSION
from .beian import Beian
from .host import HostStatus, ServiceState
from .services import ServicesDep

router = APIRouter(prefix=API, tags=["system"])


class Check(BaseModel):
    upgrading: bool


class Capabilities(BaseModel):
    srt: bool
    webrtc: bool
    hevc: bool


class Envs(BaseModel):
    """Ports are strings as in Oryx; ``https`` tells whether the page may be had by HTTPS.
    ``rtmpsPort``, ``title`` and ``icp`` are empty when there is none."""

    mgmtDocker: bool  # noqa: N815
    platformDocker: bool  # noqa: N815
    candidate: bool
    rtmpPort: str  # noqa: N815
    httpPort: str  # noqa: N815
    srtPort: str  # noqa: N815
    rtcPort: str  # noqa: N815
    https: bool
    mediaServer: str  # noqa: N815
    capabilities: Capabilities
    rtmpsPort: str  # noqa: N815
    title: str
    icp: str


class Releases(BaseModel):
    stable: str
    latest: str


class Status(BaseModel):
    version: str
    releases: Releases | None
    upgrading: bool
    strategy: str
    runtime: str
    runtime_reason: str
    services: list[ServiceState]


@router.get("/host/versions")
@router.get("/mgmt/versions")
@router.post("/mgmt/versions")
async def versions() -> Reply[Version]:
    """Tell the version of Streamstead."""
    return Reply(data=Version(version=VERSION))


@router.get("/mgmt/check")
@router.post("/mgmt/check")
async def check(services: ServicesDep) -> Reply[Check]:
    """Tell whether an upgrade is running."""
    return Reply(data=Check(upgrading=(await _upgrade_status(services))["running"]))


@router.get("/mgmt/envs")
@router.post("/mgmt/envs")
async def envs(services: ServicesDep) -> Reply[Envs]:
    """Tell ports and abilities; the page makes its addresses from them."""
    settings = services.settings
    media = await services.media.get()
    status = await _host_status(services)
    footer = Beian()
    # The addresses are needed without Redis too.
    with suppress(RedisError):
        footer = await services.beian.read()
    rtmps = settings.rtmps_port if settings.rtmps_port in status.front_ports else ""
    return Reply(
        data=Envs(
            mgmtDocker=status.runtime == "docker",
            platformDocker=False,
            candidate=bool(settings.candidate),
            rtmpPort=str(settings.rtmp_port),
            httpPort=str(settings.http_port),
            srtPort=str(settings.srt_port),
            rtcPort=str(settings.rtc_port),
            https=settings.web_https_port in status.front_ports,
            mediaServer=media.server,
            capabilities=Capabilities(srt=media.srt, webrtc=media.webrtc, hevc=media.hevc),
            rtmpsPort=str(rtmps),
            title=footer.title or "",
            icp=footer.icp or "",
        )
    )


@router.post("/mgmt/status")
async def status(services: ServicesDep, _who: SignedIn, _: Body | None = None) -> Reply[Status]:
    """Tell the state of every supervised program."""
    host = await _host_status(services)
    upgrade = await _upgrade_status(services)
    known = upgrade["releases"]
    return Reply(
        data=Status(
            version=VERSION,
            releases=Releases(stable=known["stable"], latest=known["latest"])
            if known["stable"] and known["latest"]
            else None,
            upgrading=upgrade["running"],
            strategy=upgrade["strategy"],
            runtime=host.runtime,
            runtime_reason=host.runtime_reason,
            services=host.services,
        )
    )


async def _upgrade_status(services: ServicesDep) -> dict[str, Any]:
    """What concerns ``check`` and ``status``; these answer while mgmt is being renewed, too."""
    try:
        found: dict[str, Any] = await services.host.call("GET", "/v1/upgrade/status")
    except StreamsteadError:
        nothing = {"stable": None, "latest": None}
        found = {"running": False, "strategy": "manual", "releases": nothing}
    return found


async def _host_status(services: ServicesDep) -> HostStatus:
    try:
        return await services.host.status()
    except Upstream as exc:
        return HostStatus(runtime_reason=exc.message)


@router.post("/mgmt/secret/query")
async def api_secret(services: ServicesDep, _who: SignedIn, _: Body | None = None) -> Reply[str]:
    """Return the API secret: the credential of programs, sent as Bearer."""
    return Reply(data=services.settings.api_secret.get_secret_value())


@router.get("/openapi.json", include_in_schema=False)
async def openapi() -> Response:
    """Answer the description of all services; it was made when this release was built."""
    path = share_dir() / "openapi.json"
    if not path.is_file():
        path = share_dir() / "ui" / "openapi.json"
    if not path.is_file():
        raise NotFound("the API description was not installed", "Run ./bootstrap again.")
    headers: dict[str, Any] = {"Cache-Control": "no-cache"}
    return FileResponse(path, media_type="application/json", headers=headers)
