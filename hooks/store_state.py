"""Routes for when Redis has lost its data: everybody is refused until the operator decides."""

from fastapi import APIRouter
from pydantic import BaseModel

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.epoch import StoreState
from ..core.errors import NotBooted
from ..core.log import get_logger
from .services import ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/hooks/store", tags=["store"])


class Store(BaseModel):
    """``emptied``: Redis is not the one we know; nobody may publish or watch."""

    state: StoreState


@router.post("/query")
async def query(services: ServicesDep, _who: SignedIn, _: Body | None = None) -> Reply[Store]:
    """Tell whether the settings store still is the one we know."""
    return Reply(data=Store(state=await services.epoch.look()))


@router.post("/accept")
async def accept(services: ServicesDep, _who: SignedIn, _: Body | None = None) -> Reply[Store]:
    """Take the store as it is: keys, passes and rules that were in it are gone for good."""
    state = await services.epoch.look()
    if state is StoreState.STARTING:
        raise NotBooted("this service is starting", "Try again in a second.")
    if state is StoreState.EMPTIED:
        await services.epoch.accept()
        await services.publish_secret.ensure()
    return Reply(data=Store(state=await services.epoch.look()))
