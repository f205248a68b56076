"""Routes of the dashboard: how the house is, how it was, and the traffic of the month."""

from fastapi import APIRouter

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ..services import ServicesDep
from .models import Dashboard, DashboardSeries, SeriesRequest, TrafficSettings, UpdateTraffic

router = APIRouter(prefix=f"{API}/mgmt", tags=["monitor"])


@router.post("/dashboard/summary")
async def summary(services: ServicesDep, _who: SignedIn, _: Body | None = None) -> Reply[Dashboard]:
    """Tell how the house is now."""
    return Reply(data=await services.monitor.summary())


@router.post("/dashboard/series")
async def series(
    services: ServicesDep, _who: SignedIn, body: SeriesRequest | None = None
) -> Reply[DashboardSeries]:
    """Tell how it was: from Prometheus, or from what the house keeps by itself."""
    body = body or SeriesRequest()
    return Reply(data=await services.monitor.series(body.range, body.names))


@router.post("/traffic/query")
async def traffic(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[TrafficSettings]:
    """Tell the traffic of the month, and the quota."""
    return Reply(data=await services.monitor.traffic())


@router.post("/traffic/update")
async def update_traffic(
    body: UpdateTraffic, services: ServicesDep, _: SignedIn
) -> Reply[TrafficSettings]:
    """Set the quota and how it is counted."""
    return Reply(data=await services.monitor.update_traffic(body))
