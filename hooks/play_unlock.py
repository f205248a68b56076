"""The passphrase of a stream becomes a pass: for people who watch, without a session."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from ..core.app import API, Body, Reply
from ..core.errors import PlayRefused
from ..core.known_streams import KnownStreamStore
from ..core.log import get_logger
from ..core.play_rules import PHRASE, PlayKind
from .fields import Name
from .ruling import ruling_url
from .services import ServicesDep, client_address
from .unlock import MAX_PHRASE

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/hooks/play", tags=["watch"])

LIFETIME_MS = 12 * 3_600_000
_PLAYBACK = "s"


class Unlock(Body):
    """``app`` may be ``s``: then ``stream`` is a playback id."""

    app: Name
    stream: Name
    passphrase: Annotated[str, Field(min_length=1, max_length=MAX_PHRASE)]


class Unlocked(BaseModel):
    """``pass`` goes into the ``pass`` parameter of any play address of this stream."""

    model_config = ConfigDict(serialize_by_alias=True)

    pass_: Annotated[str, Field(alias="pass")]
    expires_ms: int


@router.post("/unlock")
async def unlock(body: Unlock, request: Request, services: ServicesDep) -> Reply[Unlocked]:
    """Exchange the passphrase for a pass of 12 h. Streams without one answer as a wrong one does,
    after the same work: nothing tells which streams there are."""
    asked = await _url(services.known_streams, body.app, body.stream)
    url = await ruling_url(services.registry, services.play_rules, asked)
    rule, _ = await services.play_rules.get(url)
    hashed = rule.phrase_hash if rule.kind is PlayKind.PASS else ""
    address = client_address(request)
    if not await services.unlocker.matches(hashed, body.passphrase, address):
        log.info("passphrase.wrong", ip=address)
        raise PlayRefused(
            "the passphrase is wrong",
            "Look at capital letters and spaces, or ask for it again.",
            key="passphrase_wrong",
        )
    expires_ms = services.clock() + LIFETIME_MS
    token = services.pass_signer.token(f"{PHRASE}{rule.phrase_generation}", url, expires_ms)
    return Reply(data=Unlocked.model_validate({"pass": token, "expires_ms": expires_ms}))


async def _url(known: KnownStreamStore, app: str, stream: str) -> str:
    """Return the stream that is meant; of an unknown playback id one that never exists."""
    if app != _PLAYBACK:
        return f"{app}/{stream}"
    return await known.url_of(stream) or f"{app}/{stream}"
