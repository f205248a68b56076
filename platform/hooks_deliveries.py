"""Routes of the delivery log: what was sent to whom, what came back, and sending it again."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.errors import Invalid
from ..core.hook_queue import SHOWN_BYTES, DeliveryState, HookDelivery, again
from ..core.log import get_logger
from .services import ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/mgmt/hooks/deliveries", tags=["webhooks"])

DeliveryId = Annotated[str, Field(min_length=1, max_length=100)]


class Delivery(BaseModel):
    """One message to one server. ``request`` and ``reply`` are bodies, cut to 4 kB; ``status`` and
    ``took_ms`` are those of the last try; ``next_ms`` is when a pending one is tried next."""

    id: str
    target_id: str
    event_id: str
    type: str
    at_ms: int
    state: DeliveryState
    attempts: int
    next_ms: int | None
    status: int | None
    took_ms: int | None
    error: str | None
    request: str
    reply: str


class Deliveries(BaseModel):
    """Newest first; ``cursor`` asks for the next page, null at the end."""

    deliveries: list[Delivery]
    cursor: str | None


class DeliveriesQuery(Body):
    target_id: Annotated[str | None, Field(max_length=40)] = None
    cursor: Annotated[str | None, Field(max_length=120)] = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class DeliveryRequest(Body):
    id: DeliveryId


def show_delivery(delivery: HookDelivery) -> Delivery:
    return Delivery(
        id=delivery.id,
        target_id=delivery.target_id,
        event_id=delivery.event_id,
        type=delivery.type,
        at_ms=delivery.at_ms,
        state=delivery.state,
        attempts=delivery.attempts,
        next_ms=delivery.next_ms,
        status=delivery.status,
        took_ms=delivery.took_ms,
        error=delivery.error,
        request=delivery.request[:SHOWN_BYTES],
        reply=delivery.reply,
    )


def _read_cursor(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    at_ms, _, last_id = cursor.partition("-")
    if not (at_ms.isascii() and at_ms.isdigit() and len(at_ms) <= 15 and last_id):
        raise Invalid("cursor is not one of ours", "Begin again without it.", key="cursor_invalid")
    return int(at_ms), last_id


@router.post("/query")
async def query(
    services: ServicesDep, _: SignedIn, body: DeliveriesQuery | None = None
) -> Reply[Deliveries]:
    """List what was sent and what waits, newest event first."""
    body = body or DeliveriesQuery()
    if body.target_id is None:
        ids = [target.id for target in await services.hook_targets.all()]
    else:
        ids = [(await services.hook_targets.get(body.target_id)).id]
    found = await services.hook_queue.log(ids, _read_cursor(body.cursor), body.limit)
    cursor = f"{found[-1].at_ms}-{found[-1].id}" if len(found) == body.limit else None
    return Reply(data=Deliveries(deliveries=[show_delivery(one) for one in found], cursor=cursor))


@router.post("/resend")
async def resend(body: DeliveryRequest, services: ServicesDep, _: SignedIn) -> Reply[Delivery]:
    """Send a finished message again, as a new delivery; try a waiting one now."""
    found = await services.hook_queue.get(body.id)
    await services.hook_targets.get(found.target_id)
    now = services.clock()
    if found.state is DeliveryState.PENDING and await services.hook_queue.hurry(found, now):
        found = replace(found, next_ms=now)
    else:
        found = again(found, now)
        await services.hook_queue.add(found, now)
    services.hook_worker.wake()
    return Reply(data=show_delivery(found))
