"""Routes of the dashboard: how the house is, how it was, and the traffic of the month."""

from fastapi import APIRouter

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import NotSupported
from ..services import ServicesDep
from .models import Dashboard, DashboardSeries, SeriesRequest, TrafficSettings, UpdateTraffic

router = APIRouter(prefix=f"{API}/mgmt", tags=["monitor"])


@router.post("/dashboard/summary")
async def summary(services: ServicesDep, _who: SignedIn, _: Body | None = None) -> Reply[Dashboard]:
    """Tell how the house is now."""
    raise NotSupported("the dashboard is not built yet")


@router.post("/dashboard/series")
async def series(
    services: ServicesDep, _who: SignedIn, body: SeriesRequest | None = None
) -> Reply[DashboardSeries]:
    """Tell how it was: from Prometheus, or from what the house keeps by itself."""
    raise NotSupported("the dashboard is not built yet")


@router.post("/traffic/query")
async def traffic(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[TrafficSettings]:
    """Tell the traffic of the month, and the quota."""
    raise NotSupported("the dashboard is not built yet")


@router.post("/traffic/update")
async def update_traffic(
    body: UpdateTraffic, services: ServicesDep, _: SignedIn
) -> Reply[TrafficSettings]:
    """Set the quota and how it is counted."""
    raise NotSupported("the dashboard is not built yet")
