"""Routes of the links that are handed to viewers."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.errors import NotFound
from ..core.log import get_logger
from ..core.names import VOD_APP
from ..core.play_rules import Pass as StoredPass
from .evict import now_or_soon
from .fields import Label, Name, TimeMs, WatchedBody, check_future
from .services import Services, ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/hooks/play/passes", tags=["passes"])


class Pass(BaseModel):
    """One link for viewers. ``max_viewers`` 0: any number may use it at once."""

    id: str
    app: str
    stream: str
    label: str
    created_ms: int
    expires_ms: int | None
    revoked: bool
    max_viewers: int
    uses: int
    last_used_ms: int | None


class Passes(BaseModel):
    passes: list[Pass]


class PassToken(BaseModel):
    """What goes into a link as ``?pass=``."""

    token: str


class NewPass(BaseModel):
    """A pass and its token; the token may be asked for again."""

    model_config = ConfigDict(serialize_by_alias=True)

    pass_: Annotated[Pass, Field(alias="pass")]
    token: str


class CreatePass(WatchedBody):
    label: Label
    expires_ms: TimeMs | None = None
    max_viewers: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class PassBody(Body):
    id: Name


@router.post("/list")
async def list_passes(body: WatchedBody, services: ServicesDep, _: SignedIn) -> Reply[Passes]:
    """List the passes of one stream, the newest first."""
    found = await services.passes.of(body.url())
    used = await services.passes.used()
    return Reply(data=Passes(passes=[_shown(one, *used.get(one.id, (0, None))) for one in found]))


@router.post("/create")
async def create(body: CreatePass, services: ServicesDep, _: SignedIn) -> Reply[NewPass]:
    """Make a pass for a stream, which becomes known, or with the app ``vod`` for a recording."""
    now_ms = services.clock()
    url = body.url()
    check_future(body.expires_ms, now_ms)
    if body.app != VOD_APP:
        await services.known_streams.ensure(body.app, body.stream, now_ms)
    made = await services.passes.create(
        url, body.app, body.stream, body.label, now_ms, body.expires_ms, body.max_viewers
    )
    log.info("pass.made", stream=url, pass_id=made.id)
    fields = {"pass": _shown(made, 0, None), "token": _token(services, made)}
    return Reply(data=NewPass.model_validate(fields))


@router.post("/token")
async def token(body: PassBody, services: ServicesDep, _: SignedIn) -> Reply[PassToken]:
    """Return the token of a pass again."""
    return Reply(data=PassToken(token=_token(services, await _find(services, body.id))))


@router.post("/revoke")
async def revoke(body: PassBody, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Make a pass worthless for ever; viewers who came by it are disconnected."""
    found = await _find(services, body.id)
    await services.passes.revoke(found.id)
    await now_or_soon(services.enforcer.viewers(found.url))
    log.warning("pass.revoked", stream=found.url, pass_id=found.id)
    return Reply(data=None)


async def _find(services: Services, pass_id: str) -> StoredPass:
    found = await services.passes.get(pass_id)
    if found is None:
        raise NotFound("there is no such pass", "Look at the list again.", key="pass_unknown")
    return found


def _token(services: Services, found: StoredPass) -> str:
    return services.pass_signer.token(found.id, found.url, found.expires_ms)


def _shown(found: StoredPass, uses: int, last_used_ms: int | None) -> Pass:
    return Pass(
        id=found.id,
        app=found.app,
        stream=found.stream,
        label=found.label,
        created_ms=found.created_ms,
        expires_ms=found.expires_ms,
        revoked=found.revoked,
        max_viewers=found.max_viewers,
        uses=uses,
        last_used_ms=last_used_ms,
    )
