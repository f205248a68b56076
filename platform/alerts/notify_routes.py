"""Routes of notification targets: who is told of alerts."""

from fastapi import APIRouter

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import NotSupported
from ..services import ServicesDep
from .models import (
    CreateNotifyTarget,
    NotifyRequest,
    NotifyTarget,
    NotifyTargets,
    NotifyTested,
    UpdateNotifyTarget,
)

router = APIRouter(prefix=f"{API}/mgmt/notify", tags=["alerts"])


@router.post("/list")
async def list_targets(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[NotifyTargets]:
    """List who is told, and what the kinds of targets need to know."""
    raise NotSupported("notifications are not built yet")


@router.post("/create")
async def create_target(
    body: CreateNotifyTarget, services: ServicesDep, _: SignedIn
) -> Reply[NotifyTarget]:
    """Add somebody to tell."""
    raise NotSupported("notifications are not built yet")


@router.post("/update")
async def update_target(
    body: UpdateNotifyTarget, services: ServicesDep, _: SignedIn
) -> Reply[NotifyTarget]:
    """Change what is given; the rest stays."""
    raise NotSupported("notifications are not built yet")


@router.post("/remove")
async def remove_target(body: NotifyRequest, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Forget a target, and what waits for it."""
    raise NotSupported("notifications are not built yet")


@router.post("/test")
async def try_target(
    body: NotifyRequest, services: ServicesDep, _: SignedIn
) -> Reply[NotifyTested]:
    """Send a test message now and tell what the other side answered."""
    raise NotSupported("notifications are not built yet")
