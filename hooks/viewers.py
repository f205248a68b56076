"""Routes of the viewers: who watches, and disconnecting one of them."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.errors import NotFound
from ..core.log import get_logger
from ..core.registry import Kind, Protocol
from .fields import Name
from .services import Services, ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/hooks/viewers", tags=["viewers"])


class Viewer(BaseModel):
    """One viewer. ``pass_id``: a pass, ``phrase:<n>`` (passphrase), ``webhook:<n>``, ``operator``,
    or empty for a public stream. ``send_bytes`` as last sampled."""

    client_id: str
    app: str
    stream: str
    url: str
    protocol: Protocol
    ip: str
    user_agent: str
    since_ms: int
    pass_id: str
    pass_label: str | None
    send_bytes: int | None


class ViewerPage(BaseModel):
    """``cursor`` is for the next page; null on the last one."""

    viewers: list[Viewer]
    total: int
    cursor: str | None


class QueryViewers(Body):
    app: Name | None = None
    stream: Name | None = None
    cursor: Annotated[str, Field(max_length=300)] | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 100


class KickViewer(Body):
    """``block_s``: how long its address may not watch this stream again; 0 is not at all."""

    client_id: Name
    block_s: Annotated[int, Field(ge=0, le=30 * 86_400)] = 60


@router.post("/query")
async def query(body: QueryViewers, services: ServicesDep, _: SignedIn) -> Reply[ViewerPage]:
    """List viewers, the newest first, a page at a time."""
    sessions, total, cursor = await services.viewer_list.page(
        body.app, body.stream, body.cursor, body.limit
    )
    sent = await services.viewer_list.sent_bytes([one.client_id for one in sessions])
    labels = await _labels(services, {one.pass_id for one in sessions})
    viewers = [
        Viewer(
            client_id=one.client_id,
            app=one.app,
            stream=one.stream,
            url=one.url,
            protocol=one.protocol,
            ip=one.ip,
            user_agent=one.user_agent,
            since_ms=one.since_ms,
            pass_id=one.pass_id,
            pass_label=labels.get(one.pass_id),
            send_bytes=sent.get(one.client_id),
        )
        for one in sessions
    ]
    return Reply(data=ViewerPage(viewers=viewers, total=total, cursor=cursor))


@router.post("/kick")
async def kick(body: KickViewer, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Disconnect a viewer and keep its address away from this stream for a while."""
    session = await services.registry.session(body.client_id)
    if session is None or session.kind is not Kind.PLAY:
        raise NotFound("this viewer has left", "Look at the list again.", key="viewer_unknown")
    now_ms = services.clock()
    # First the block: a player that comes back at once must meet it.
    await services.registry.block_viewer(session, now_ms, now_ms + body.block_s * 1000)
    await services.enforcer.viewer(session)
    log.warning("viewer.kicked", stream=session.url, client_id=session.client_id, ip=session.ip)
    return Reply(data=None)


async def _labels(services: Services, pass_ids: set[str]) -> dict[str, str]:
    found = {}
    for pass_id in pass_ids:
        if pass_id.isalnum():  # the others are no passes of the store
            one = await services.passes.get(pass_id)
            if one is not None:
                found[pass_id] = one.label
    return found
