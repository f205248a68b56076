"""Routes of the streams that the operator has named."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.errors import Conflict, NotFound
from ..core.known_streams import MAX_KBPS, KnownStream
from ..core.log import get_logger
from .evict import now_or_soon
from .fields import Name, StreamBody
from .services import Services, ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/hooks/streams", tags=["known streams"])

Title = Annotated[str, Field(max_length=200)]
Description = Annotated[str, Field(max_length=2000)]


class KnownStreams(BaseModel):
    streams: list[KnownStream]


class CreateStream(StreamBody):
    app: Name = "live"
    title: Title = ""
    description: Description = ""


class UpdateStream(StreamBody):
    """What is absent stays as it is."""

    title: Title | None = None
    description: Description | None = None
    enabled: bool | None = None
    own_keys_only: bool | None = None
    max_kbps: Annotated[int, Field(ge=0, le=MAX_KBPS)] | None = None


@router.post("/list")
async def list_streams(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[KnownStreams]:
    """List the known streams by name."""
    return Reply(data=KnownStreams(streams=await services.known_streams.all()))


@router.post("/create")
async def create(body: CreateStream, services: ServicesDep, _: SignedIn) -> Reply[KnownStream]:
    """Make a stream known; it gets a playback id, which tells viewers neither name nor key."""
    stream, new = await services.known_streams.ensure(
        body.app, body.stream, services.clock(), title=body.title, description=body.description
    )
    if not new:
        raise Conflict(f"{stream.url} is known already", "Change it instead.", key="stream_known")
    log.info("stream.added", stream=stream.url)
    return Reply(data=stream)


@router.post("/query")
async def query(body: StreamBody, services: ServicesDep, _: SignedIn) -> Reply[KnownStream]:
    """Return one stream."""
    return Reply(data=await services.known_streams.get(body.url()))


@router.post("/update")
async def update(body: UpdateStream, services: ServicesDep, _: SignedIn) -> Reply[KnownStream]:
    """Change a stream. Its publisher is disconnected when it may not publish any more."""
    url = body.url()
    changes = body.model_dump(exclude={"token", "app", "stream"}, exclude_none=True)
    had, now = await services.known_streams.update(url, changes)
    services.enforcer.look_at_limits()
    if had.enabled and not now.enabled:
        await now_or_soon(services.enforcer.stream_disabled(url))
    if now.own_keys_only and not had.own_keys_only:
        await now_or_soon(services.enforcer.publishers(url, "own_keys_only"))
    log.info("stream.changed", stream=url, fields=sorted(changes))
    return Reply(data=now)


@router.post("/remove")
async def remove(body: StreamBody, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Forget a stream with its keys, passes and play rule; its publisher is disconnected."""
    url = body.url()
    await services.known_streams.get(url)
    await _forget(services, url)
    await now_or_soon(services.enforcer.stream_disabled(url))
    await now_or_soon(services.enforcer.viewers(url))
    log.warning("stream.removed", stream=url)
    return Reply(data=None)


async def _forget(services: Services, url: str) -> None:
    """The stream itself goes last: when this breaks off in the middle, it can be done again."""
    await services.publish_keys.revoke_all(url)
    await services.passes.remove([one.id for one in await services.passes.of(url)])
    await services.play_rules.inherit(url)
    if not await services.known_streams.remove(url):
        raise NotFound(f"no stream is called {url}", "It was removed.", key="stream_unknown")
