"""Routes of the keys that open one stream each."""

from fastapi import APIRouter
from pydantic import BaseModel

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.errors import Invalid, NotFound
from ..core.log import get_logger
from ..core.publish_keys import StoredKey
from .evict import now_or_soon
from .fields import Label, Name, StreamBody, TimeMs, check_future
from .services import Services, ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/hooks/keys", tags=["publish keys"])


class PublishKey(BaseModel):
    """One key; its secret is told once, when it is made. ``hint``: the last characters of it."""

    id: str
    app: str
    stream: str
    label: str
    hint: str
    enabled: bool
    created_ms: int
    expires_ms: int | None
    last_used_ms: int | None
    last_used_ip: str | None


class PublishKeys(BaseModel):
    keys: list[PublishKey]


class NewKey(BaseModel):
    """``secret`` is shown this once."""

    key: PublishKey
    secret: str


class CreateKey(StreamBody):
    label: Label
    expires_ms: TimeMs | None = None


class KeyBody(Body):
    id: Name


class UpdateKey(KeyBody):
    """What is absent stays as it is; ``expires_ms`` null: the key never expires."""

    label: Label | None = None
    enabled: bool | None = None
    expires_ms: TimeMs | None = None


@router.post("/list")
async def list_keys(body: StreamBody, services: ServicesDep, _: SignedIn) -> Reply[PublishKeys]:
    """List the keys of one stream, the oldest first."""
    found = await services.publish_keys.list(body.url())
    return Reply(data=PublishKeys(keys=await _shown(services, found)))


@router.post("/create")
async def create(body: CreateKey, services: ServicesDep, _: SignedIn) -> Reply[NewKey]:
    """Make a key; a stream not known yet becomes known."""
    now_ms = services.clock()
    check_future(body.expires_ms, now_ms)
    await services.known_streams.ensure(body.app, body.stream, now_ms)
    key, secret = await services.publish_keys.create(
        body.app, body.stream, body.label, body.expires_ms, now_ms
    )
    log.info("key.made", stream=key.url, key_id=key.id)
    return Reply(data=NewKey(key=(await _shown(services, [key]))[0], secret=secret))


@router.post("/update")
async def update(body: UpdateKey, services: ServicesDep, _: SignedIn) -> Reply[PublishKey]:
    """Change a key. Its publisher is disconnected when the key opens nothing any more."""
    sent = body.model_fields_set
    if ("label" in sent and body.label is None) or ("enabled" in sent and body.enabled is None):
        raise Invalid("label and enabled may not be null", "Leave them out to keep them.")
    changes = body.model_dump(include=sent & {"label", "enabled", "expires_ms"})
    key = await services.publish_keys.update(body.id, changes)
    if not key.opens(services.clock()):
        await now_or_soon(services.enforcer.publisher_of_key(key.id))
    log.info("key.changed", stream=key.url, key_id=key.id, fields=sorted(changes))
    return Reply(data=(await _shown(services, [key]))[0])


@router.post("/rotate")
async def rotate(body: KeyBody, services: ServicesDep, _: SignedIn) -> Reply[NewKey]:
    """Give a key a new secret; whoever publishes by the old one is disconnected."""
    key, secret = await services.publish_keys.rotate(body.id, services.clock())
    await now_or_soon(services.enforcer.publisher_of_key(key.id))
    log.warning("key.rotated", stream=key.url, key_id=key.id)
    return Reply(data=NewKey(key=(await _shown(services, [key]))[0], secret=secret))


@router.post("/revoke")
async def revoke(body: KeyBody, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Remove a key for ever; whoever publishes by it is disconnected."""
    key = await services.publish_keys.revoke(body.id)
    if key is None:
        raise NotFound("there is no such key", "Look at the list of keys again.", key="key_unknown")
    await now_or_soon(services.enforcer.publisher_of_key(key.id))
    log.warning("key.revoked", stream=key.url, key_id=key.id)
    return Reply(data=None)


async def _shown(services: Services, keys: list[StoredKey]) -> list[PublishKey]:
    used = await services.publish_keys.used(key.id for key in keys)
    shown = []
    for key in keys:
        last_ms, last_ip = used.get(key.id, (None, None))
        fields = key.model_dump(exclude={"url", "digest", "rotated_ms"})
        shown.append(PublishKey(**fields, last_used_ms=last_ms, last_used_ip=last_ip))
    return shown
