"""Routes of upgrades: which releases there are, going to one and back, and when."""

from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from enum import StrEnum
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field
from sse_starlette import ServerSentEvent

from ...core.app import API, Body, Reply, Version
from ...core.auth import SignedIn
from ...core.errors import StreamsteadError, Upstream
from ...core.live_feed import live_feed
from ...core.version import VERSION
from ..host import Host
from ..services import ServicesDep
from .proof import Proven

router = APIRouter(prefix=f"{API}/mgmt", tags=["upgrade"])
public = APIRouter(prefix=f"{API}/releases", tags=["upgrade"])

CHECK_S = 60.0
BEGIN_S = 20.0

ReleaseName = Annotated[
    str,
    Field(
        min_length=1,
        max_length=80,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$",
        description="v1.2.3, 1.2.3, stable or latest",
    ),
]


class UpgradeStrategy(StrEnum):
    """``auto``: to ``stable`` by itself, inside the window. ``manual``: only when told."""

    AUTO = "auto"
    MANUAL = "manual"


class UpgradeChannel(StrEnum):
    """Where the button of the page goes to."""

    STABLE = "stable"
    LATEST = "latest"


class UpgradeSource(StrEnum):
    """Where releases come from: an index with signed archives, or signed tags of a repository."""

    INDEX = "index"
    GITHUB = "github"
    GITEE = "gitee"
    GIT = "git"


class BeginUpgrade(Body):
    """``force``: though the window is closed, somebody is live or a program is not healthy."""

    version: ReleaseName | None = None
    force: bool = False
    dry_run: bool = False


class BeginRollback(Proven):
    """Without ``version``: to the release before."""

    version: ReleaseName | None = None
    force: bool = False


class UpgradeBegun(BaseModel):
    """``version`` is what runs now; ``id`` names the run that has begun."""

    version: str
    id: str


class ChooseStrategy(Body):
    """Without ``strategy`` the other one is taken, as SRS-cloud does."""

    strategy: UpgradeStrategy | None = None


class ChosenStrategy(BaseModel):
    strategy: UpgradeStrategy


class UpgradeWindow(BaseModel):
    """``start``: hour of the day in ``zone``. Open from then for ``duration`` hours, the end not
    included; ``next_open_ms``: when it opens next, now when it is open."""

    start: int
    duration: int
    zone: str
    open: bool
    next_open_ms: int


class ChangeWindow(Body):
    start: Annotated[int, Field(ge=0, le=23)]
    duration: Annotated[int, Field(ge=1, le=24, description="Hours")]
    zone: Annotated[
        str | None, Field(max_length=64, description="IANA time zone, such as Europe/Berlin")
    ] = None


class UpgradeSettings(BaseModel):
    """``keys``: public keys that are trusted beside those of the installed release: minisign keys
    (``RW...``) for archives, ``ssh-ed25519 ...`` for tags. ``pinned``: those of the release."""

    channel: UpgradeChannel
    source: UpgradeSource
    url: str
    keys: list[str]
    pinned: list[str]


class ChangeUpgradeSettings(Proven):
    """What is absent stays as it is. Another channel alone needs no password."""

    channel: UpgradeChannel | None = None
    source: UpgradeSource | None = None
    url: Annotated[
        str | None,
        Field(max_length=500, description="Address of the index, of the repository, or OWNER/NAME"),
    ] = None
    keys: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=1000)]] | None, Field(max_length=20)
    ] = None


class UpgradeProblem(BaseModel):
    key: str
    message: str
    help: str


class UpgradeStep(BaseModel):
    """``state``: waiting, running, done, failed or skipped; ``at_ms``: when it became so."""

    model_config = ConfigDict(extra="ignore")

    name: str
    state: str
    at_ms: int | None
    message: str


class UpgradeRun(BaseModel):
    """One upgrade or rollback. ``result``: empty while it runs, else done, rolled_back or failed.
    ``to`` is empty until it is known; ``by``: page, auto, cli, force or script."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    id: str
    kind: str
    from_: Annotated[str, Field(alias="from")]
    to: str
    started_ms: int
    ended_ms: int | None
    by: str
    dry_run: bool
    steps: list[UpgradeStep]
    percent: int
    result: str
    error: UpgradeProblem | None


class KnownReleases(BaseModel):
    """``at_ms``: when they were looked up; ``error``: why the last look-up failed."""

    stable: str | None
    latest: str | None
    at_ms: int | None
    error: UpgradeProblem | None


class UpgradeStatus(BaseModel):
    """``in_image``: the house is renewed from outside, by a newer image, and begins no run itself.
    ``last``: the run that ended last; ``waits_for``: ``window`` and ``live_streams``, as far as
    an upgrade that begins now would have to wait for them before it may touch the media server."""

    model_config = ConfigDict(extra="ignore")

    version: str
    release: str
    in_image: bool
    running: bool
    run: UpgradeRun | None
    last: UpgradeRun | None
    rollback_to: str | None
    releases: KnownReleases
    strategy: UpgradeStrategy
    channel: UpgradeChannel
    source: UpgradeSource
    live_streams: int
    waits_for: list[str]


class PublicReleases(BaseModel):
    """What SRS-cloud's release service answers: versions with a leading ``v``."""

    stable: str
    latest: str
    api: str


@router.post("/upgrade")
async def upgrade(services: ServicesDep, who: SignedIn, body: BeginUpgrade) -> Reply[UpgradeBegun]:
    """Begin an upgrade; follow it by ``upgrade/progress``."""
    found = await _ask(services.host, "/start", body, BEGIN_S, by="page")
    return Reply(data=UpgradeBegun.model_validate(found))


@router.post("/upgrade/rollback")
async def rollback(
    services: ServicesDep, who: SignedIn, body: BeginRollback | None = None
) -> Reply[UpgradeBegun]:
    """Go back to an installed release."""
    found = await _ask(services.host, "/rollback", body or BeginRollback(), BEGIN_S, by="page")
    return Reply(data=UpgradeBegun.model_validate(found))


@router.post("/upgrade/check")
async def look_for_releases(
    services: ServicesDep, who: SignedIn, _: Body | None = None
) -> Reply[UpgradeStatus]:
    """Look for new releases now."""
    found = await services.host.call("POST", "/v1/upgrade/check", timeout_s=CHECK_S)
    return Reply(data=UpgradeStatus.model_validate(found))


@router.post("/upgrade/status")
async def upgrade_status(
    services: ServicesDep, who: SignedIn, _: Body | None = None
) -> Reply[UpgradeStatus]:
    """Tell what runs, what may be had, and how the last upgrade went."""
    found = await services.host.call("GET", "/v1/upgrade/status")
    return Reply(data=UpgradeStatus.model_validate(found))


@router.get("/upgrade/progress", response_class=Response)
async def upgrade_progress(request: Request, services: ServicesDep, who: SignedIn) -> Response:
    """Server-sent events ``run``: the run as it is, at once and after every change. It is read from
    disk, so a client that connects again after our own restart goes on where it was."""

    async def events() -> AsyncGenerator[ServerSentEvent, None]:
        # The client connects again when the manager, too, is being renewed.
        with suppress(Upstream):
            async with aclosing(services.host.follow("/v1/upgrade/progress")) as found:
                async for name, run in found:
                    yield ServerSentEvent(event=name, data=orjson.dumps(run).decode())

    return await live_feed(request, events, services.authenticator, services.clock, full=False)


@router.post("/strategy")
async def strategy(
    services: ServicesDep, who: SignedIn, body: ChooseStrategy | None = None
) -> Reply[ChosenStrategy]:
    """Choose whether upgrades happen by themselves."""
    wanted = body.strategy if body else None
    if wanted is None:
        now = await services.host.call("GET", "/v1/upgrade/settings")
        auto = now["strategy"] == UpgradeStrategy.AUTO
        wanted = UpgradeStrategy.MANUAL if auto else UpgradeStrategy.AUTO
    found = await _change(services.host, {"strategy": wanted})
    return Reply(data=ChosenStrategy(strategy=found["strategy"]))


@router.post("/window/query")
async def window_query(
    services: ServicesDep, who: SignedIn, _: Body | None = None
) -> Reply[UpgradeWindow]:
    """Tell when upgrades may touch what is live."""
    found = await services.host.call("GET", "/v1/upgrade/settings")
    return Reply(data=UpgradeWindow.model_validate(found["window"]))


@router.post("/window/update")
async def window_update(
    services: ServicesDep, who: SignedIn, body: ChangeWindow
) -> Reply[UpgradeWindow]:
    """Choose the window."""
    window = {"start": body.start, "duration": body.duration}
    found = await _change(
        services.host, {"window": window | ({} if body.zone is None else {"zone": body.zone})}
    )
    return Reply(data=UpgradeWindow.model_validate(found["window"]))


@router.post("/upgrade/settings/query")
async def settings_query(
    services: ServicesDep, who: SignedIn, _: Body | None = None
) -> Reply[UpgradeSettings]:
    """Tell where releases come from and whose signatures count."""
    found = await services.host.call("GET", "/v1/upgrade/settings")
    return Reply(data=UpgradeSettings.model_validate(found))


@router.post("/upgrade/settings/update")
async def settings_update(
    services: ServicesDep, who: SignedIn, body: ChangeUpgradeSettings
) -> Reply[UpgradeSettings]:
    """Choose where releases come from and whose signatures count."""
    given = body.model_dump(exclude={"token"}, exclude_none=True, mode="json")
    return Reply(data=UpgradeSettings.model_validate(await _change(services.host, given)))


@public.get("")
@public.post("")
async def releases(services: ServicesDep) -> PublicReleases:
    """Answer without envelope, as the release service of SRS-cloud does."""
    stable = latest = VERSION
    try:
        known = (await services.host.call("GET", "/v1/upgrade/status"))["releases"]
        stable, latest = known["stable"] or VERSION, known["latest"] or VERSION
    except StreamsteadError:
        pass  # what runs here is a release at least
    return PublicReleases(stable=f"v{stable}", latest=f"v{latest}", api=f"v{VERSION}")


@public.get("/versions")
async def release_service_version() -> Reply[Version]:
    """Tell the version of what answers ``releases``."""
    return Reply(data=Version(version=VERSION))


async def _ask(host: Host, path: str, body: Body, timeout_s: float, by: str) -> Any:
    given = body.model_dump(exclude={"token"}, exclude_none=True, mode="json")
    return await host.call("POST", f"/v1/upgrade{path}", given | {"by": by}, timeout_s=timeout_s)


async def _change(host: Host, given: dict[str, Any]) -> Any:
    return await host.call("POST", "/v1/upgrade/settings", given, BEGIN_S)
