"""The route that sets up a bucket at Tencent Cloud (as SRS-cloud and Oryx)."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ..recorder.services import ServicesDep
from .routes import Region

router = APIRouter(prefix=f"{API}/tencent", tags=["storage"])


class TencentKey(Body):
    """Names of the first two are SRS-cloud's. ``region`` empty: where this machine is known to
    stand. ``public_read``: what is in the bucket may be read by anybody who knows its address."""

    secret_id: Annotated[str, Field(alias="secretId", min_length=1, max_length=200)]
    secret_key: Annotated[str, Field(alias="secretKey", min_length=1, max_length=500)]
    region: Region = ""
    public_read: Annotated[bool, Field(alias="publicRead")] = False


@router.post("/cam/secret")
async def set_secret(body: TencentKey, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Make a bucket with this key of a Tencent Cloud account, once, and use it as a storage."""
    target = await services.tencent.set_up(
        body.secret_id, body.secret_key, body.region, body.public_read
    )
    services.uploads.target_changed(target.id)
    return Reply(data=None)
