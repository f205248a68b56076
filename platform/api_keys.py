"""Routes of API keys."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..core.api_keys import MAX_KEYS, ApiKey
from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.errors import Conflict, Invalid, NotFound
from ..core.events import EventType
from ..core.scopes import Scope
from .services import ServicesDep

router = APIRouter(prefix=f"{API}/mgmt/api-keys", tags=["api keys"])


class ApiKeys(BaseModel):
    keys: list[ApiKey]


class NewApiKey(Body):
    """``expires_ms``: ms since the epoch; none: until it is removed."""

    label: Annotated[str, Field(min_length=1, max_length=80)]
    scope: Scope
    expires_ms: Annotated[int | None, Field(ge=0, le=10**14)] = None


class ApiKeyMade(BaseModel):
    """``key`` is shown this once."""

    id: str
    key: str


class ApiKeyId(Body):
    id: Annotated[str, Field(min_length=1, max_length=40)]


@router.post("/list")
async def list_api_keys(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[ApiKeys]:
    """Tell all keys, newest first; never the keys themselves."""
    return Reply(data=ApiKeys(keys=await services.admin.api_keys.all()))


@router.post("/create")
async def create_api_key(
    body: NewApiKey, services: ServicesDep, who: SignedIn
) -> Reply[ApiKeyMade]:
    """Make a key."""
    now = services.clock()
    if body.expires_ms is not None and body.expires_ms <= now:
        raise Invalid("the end of the key lies in the past", "Choose a later time.")
    made = await services.admin.api_keys.create(
        body.label.strip(), body.scope, body.expires_ms, who.name, now
    )
    if made is None:
        raise Conflict(
            f"there are {MAX_KEYS} keys already", "Remove one first.", key="too_many_api_keys"
        )
    kept, key = made
    await services.events.append(
        f"auth.key_created:{kept.id}",
        EventType.AUTH_KEY_CREATED,
        now,
        "",
        {"id": kept.id, "label": kept.label, "scope": kept.scope},
    )
    return Reply(data=ApiKeyMade(id=kept.id, key=key))


@router.post("/remove")
async def remove_api_key(body: ApiKeyId, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Make a key worthless at once."""
    gone = await services.admin.api_keys.remove(body.id)
    if gone is None:
        raise NotFound("there is no such key", "It may have been removed already.")
    await services.events.append(
        f"auth.key_removed:{gone.id}",
        EventType.AUTH_KEY_REMOVED,
        services.clock(),
        "",
        {"id": gone.id, "label": gone.label},
    )
    return Reply(data=None)
