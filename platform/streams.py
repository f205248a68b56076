"""Routes of the live streams: list, kick and live feed."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sse_starlette import EventSourceResponse

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.errors import NotFound
from ..core.live_feed import live_feed
from ..core.log import get_logger
from ..core.registry import DEFAULT_VHOST, stream_url
from .facts import Stream
from .services import ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=API)


Name = Annotated[str, Field(min_length=1, max_length=255)]


class StreamsReply(BaseModel):
    streams: list[Stream]


class KickRequest(Body):
    vhost: Name = DEFAULT_VHOST
    app: Name
    stream: Name


@router.post("/mgmt/streams/query", tags=["streams"])
async def query(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[StreamsReply]:
    """List the live streams."""
    return Reply(data=StreamsReply(streams=await services.facts.live()))


@router.post("/mgmt/streams/kickoff", tags=["streams"])
async def kickoff(body: KickRequest, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Disconnect a publisher and refuse the stream for a while (``kick_block_s`` of the publish
    rules, 10 s at first), so that its encoder does not win it back at once."""
    url = stream_url(body.vhost, body.app, body.stream)
    session = await services.registry.publisher(url)
    if session is None:
        raise NotFound(f"{url} is not live", "Look at the list again.", key="stream_not_live")
    block_s = (await services.publish_rules.get()).kick_block_s
    now = services.clock()
    await services.registry.block(url, now, now + block_s * 1000, session.client_id)
    await services.srs.kick(session.client_id)
    # Its on_unpublish usually comes first; when the server had no such client it never comes.
    await services.registry.finish(session.client_id, services.clock(), "kicked")
    log.info("stream.kicked", stream=url, client_id=session.client_id)
    return Reply(data=None)


@router.get("/mgmt/live", tags=["streams"], response_class=EventSourceResponse)
async def live(request: Request, services: ServicesDep, _: SignedIn) -> EventSourceResponse:
    """Follow the house: events ``streams`` and ``services``, a comment every 15 s."""
    return await live_feed(
        request,
        services.feed.pages,
        services.authenticator,
        services.clock,
        full=services.feed.full,
    )
