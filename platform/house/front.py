"""Routes of the public door: HLS delivery, homepage, proxies, embedding, RTMPS; and the doctor.

They hand typed operations to the manager, which checks every value and tests the configuration
before it goes live: a refused one changes nothing.
"""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ..services import ServicesDep
from .proof import Proven

router = APIRouter(prefix=f"{API}/mgmt", tags=["front"])

CHANGE_S = 40.0
"""A change is tested by the program itself, and read back from the media server."""

DOCTOR_S = 90.0

Url = Annotated[str, Field(max_length=2000)]
Location = Annotated[str, Field(min_length=1, max_length=200)]
Host = Annotated[str, Field(min_length=1, max_length=255)]


class EmbedRule(StrEnum):
    """Which other sites may show our players in a frame."""

    ANY = "any"
    NONE = "none"
    LIST = "list"


class FrontProxy(BaseModel):
    """What lies below ``location`` is fetched from ``backend``."""

    location: str
    backend: str


class FrontPending(BaseModel):
    """A change that is kept and not yet in effect, and what it waits for."""

    name: str
    reason: str


class HlsInEffect(BaseModel):
    """What the media server does now, read from the configuration that it runs with."""

    server: str
    fragment_s: float
    window_s: float
    per_viewer: bool


class FrontState(BaseModel):
    """``hls``: nginx serves HLS files itself. ``https_ready``: 443 is open, so that redirect, HSTS
    and RTMPS can be had. ``rtmps_possible``: empty, or why RTMPS cannot be had here. ``in_effect``
    is null while the media server does not run."""

    hls: bool
    noHlsCtx: bool  # noqa: N815 - as Oryx calls it
    hlsLowLatency: bool  # noqa: N815
    homepage: str
    proxies: list[FrontProxy]
    redirect_https: bool
    hsts: bool
    rtmps: bool
    rtmps_port: int
    rtmps_possible: str
    embed: EmbedRule
    embed_hosts: list[str]
    pending: list[FrontPending]
    https_ready: bool
    in_effect: HlsInEffect | None


class FrontUpdate(Body):
    """Fields that are absent stay as they are. ``embed_hosts``: host names or origins, such as
    ``example.com``, ``*.example.com`` or ``https://example.com:8443``."""

    redirect_https: bool | None = None
    hsts: bool | None = None
    rtmps: bool | None = None
    embed: EmbedRule | None = None
    embed_hosts: Annotated[list[Host], Field(max_length=50)] | None = None


class NginxHls(Body):
    enabled: bool


class NginxHomepage(Body):
    """``homepage``: where ``/`` leads to; empty for the page of this house."""

    homepage: Url


class NginxProxy(Body):
    """``backend`` empty removes the entry."""

    location: Location
    backend: Url = ""


class HpHls(BaseModel):
    """``noHlsCtx``: playlists without a session of the media server for every viewer."""

    noHlsCtx: bool  # noqa: N815


class HpHlsUpdate(Body):
    """``now``: do not wait until nobody is live."""

    noHlsCtx: bool  # noqa: N815
    now: bool = False


class HlsLl(BaseModel):
    """``hlsLowLatency``: short segments and a short window."""

    hlsLowLatency: bool  # noqa: N815


class HlsLlUpdate(Body):
    """``now``: do not wait until nobody is live."""

    hlsLowLatency: bool  # noqa: N815
    now: bool = False


class Pubkey(Proven):
    """``key``: one line of OpenSSH, such as ``ssh-ed25519 AAAA... me``. With ``enabled`` false it
    is removed again, and all that were added this way when it is empty."""

    enabled: bool
    key: Annotated[str, Field(max_length=8000)] = ""


class PubkeyState(BaseModel):
    """Fingerprints (SHA256) of the keys that were added this way."""

    fingerprints: list[str]


class DoctorLevel(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class DoctorItem(BaseModel):
    """One thing that was looked at; ``help`` says what to do when it is not well."""

    id: str
    level: DoctorLevel
    title: str
    message: str
    help: str = ""


class DoctorReport(BaseModel):
    items: list[DoctorItem]
    at_ms: int


async def _change(services: ServicesDep, **fields: Any) -> FrontState:
    state = await services.host.call("POST", "/v1/front/update", fields, CHANGE_S)
    return FrontState.model_validate(state)


async def _state(services: ServicesDep) -> FrontState:
    state = await services.host.call("POST", "/v1/front/query", {}, CHANGE_S)
    return FrontState.model_validate(state)


@router.post("/front/query")
async def front_state(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[FrontState]:
    """Tell how the public door is set, and what is not yet in effect."""
    return Reply(data=await _state(services))


@router.post("/front/update")
async def update_front(
    body: FrontUpdate, services: ServicesDep, _who: SignedIn
) -> Reply[FrontState]:
    """Change redirect, HSTS, RTMPS or embedding."""
    fields = body.model_dump(mode="json", exclude={"token"}, exclude_none=True)
    return Reply(data=await _change(services, **fields))


@router.post("/nginx/hls")
async def serve_hls(body: NginxHls, services: ServicesDep, _who: SignedIn) -> Reply[FrontState]:
    """Let nginx serve HLS from disk, or ask the media server for it."""
    return Reply(data=await _change(services, hls=body.enabled))


@router.post("/nginx/homepage")
async def set_homepage(
    body: NginxHomepage, services: ServicesDep, _who: SignedIn
) -> Reply[FrontState]:
    """Lead ``/`` to another address."""
    return Reply(data=await _change(services, homepage=body.homepage))


@router.post("/nginx/proxy")
async def set_proxy(body: NginxProxy, services: ServicesDep, _who: SignedIn) -> Reply[FrontState]:
    """Fetch what lies below a location from another server."""
    proxy = {"location": body.location, "backend": body.backend}
    return Reply(data=await _change(services, proxy=proxy))


@router.post("/hphls/query")
async def high_performance_hls(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[HpHls]:
    """Tell whether HLS is served without a session for every viewer."""
    return Reply(data=HpHls(noHlsCtx=(await _state(services)).noHlsCtx))


@router.post("/hphls/update")
async def update_high_performance_hls(
    body: HpHlsUpdate, services: ServicesDep, _who: SignedIn
) -> Reply[FrontState]:
    """Serve HLS with or without a session of the media server for every viewer."""
    return Reply(data=await _change(services, no_hls_ctx=body.noHlsCtx, now=body.now))


@router.post("/hlsll/query")
async def low_latency_hls(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[HlsLl]:
    """Tell whether HLS is cut into short segments."""
    return Reply(data=HlsLl(hlsLowLatency=(await _state(services)).hlsLowLatency))


@router.post("/hlsll/update")
async def update_low_latency_hls(
    body: HlsLlUpdate, services: ServicesDep, _who: SignedIn
) -> Reply[FrontState]:
    """Cut HLS into short segments (soon seen, many requests) or long ones (late, few)."""
    return Reply(data=await _change(services, hls_low_latency=body.hlsLowLatency, now=body.now))


@router.post("/pubkey")
async def change_pubkey(body: Pubkey, services: ServicesDep, _who: SignedIn) -> Reply[PubkeyState]:
    """Let the holder of an SSH key sign in as root on this server, or no longer."""
    fields = body.model_dump(mode="json", exclude={"token"})
    state = await services.host.call("POST", "/v1/pubkey", fields, CHANGE_S)
    return Reply(data=PubkeyState.model_validate(state))


@router.post("/doctor/run")
async def run_doctor(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[DoctorReport]:
    """Look over the whole machine, with advice; takes some seconds."""
    report = await services.host.call("GET", "/v1/doctor", {}, DOCTOR_S)
    return Reply(data=DoctorReport.model_validate(report))
