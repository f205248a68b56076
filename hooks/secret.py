"""Routes of the publish secret."""

import re
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..core.app import API, Body, Reply, Version
from ..core.auth import SignedIn
from ..core.errors import Invalid, NotBooted
from ..core.log import get_logger
from ..core.version import VERSION
from .services import ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/hooks", tags=["publish secret"])

MIN_LENGTH = 8
_ALLOWED = re.compile(r"[A-Za-z0-9._~-]+")


class PublishSecret(BaseModel):
    publish: str


class UpdateRequest(Body):
    secret: Annotated[str, Field(max_length=128)]


class DisableRequest(Body):
    """``pubNoAuth`` true: anyone may publish."""

    pubNoAuth: bool  # noqa: N815


class Empty(BaseModel):
    pass


def check_secret(secret: str) -> None:
    """Raise Invalid for one that is easily guessed or that encoders would change."""
    if len(secret) < MIN_LENGTH or not _ALLOWED.fullmatch(secret):
        raise Invalid(
            "the secret is too short or has a character that encoders would change",
            f"Use at least {MIN_LENGTH} letters, digits, dots, dashes or underscores.",
            key="secret_weak",
        )


@router.get("/versions")
@router.post("/versions")
async def versions() -> Reply[Version]:
    """Tell the version of Streamstead."""
    return Reply(data=Version(version=VERSION))


@router.post("/srs/secret")
@router.post("/srs/secret/query")
async def query(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[PublishSecret]:
    """Return the secret every encoder presents."""
    secret = await services.publish_secret.get()
    if secret is None:
        raise NotBooted("the publish secret is not made yet", "Try again in a few seconds.")
    return Reply(data=PublishSecret(publish=secret))


@router.post("/srs/secret/update")
async def update(body: UpdateRequest, services: ServicesDep, _: SignedIn) -> Reply[Empty]:
    """Change the secret; streams already live go on."""
    check_secret(body.secret)
    await services.publish_secret.set(body.secret)
    log.info("publish_secret.changed")
    return Reply(data=Empty())


@router.post("/srs/secret/disable")
async def disable(body: DisableRequest, services: ServicesDep, _: SignedIn) -> Reply[Empty]:
    """Switch the check of the secret off or on; streams are tracked in either case."""
    await services.publish_secret.set_no_auth(body.pubNoAuth)
    log.warning("publish_secret.check", off=body.pubNoAuth)
    return Reply(data=Empty())
