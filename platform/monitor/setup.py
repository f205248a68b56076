"""Put together what watches over the house."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from redis.asyncio import Redis

from ...core.events import EventStream
from ...core.outbound import Outbound
from ...core.settings import Settings
from ..alerts.alerts import Alerts
from ..alerts.deliver import Courier
from ..alerts.notifier import Notifier
from ..alerts.notify_store import NotifyStore
from ..facts import Facts
from ..host import Host
from ..live import LiveFeed
from .dashboard import Monitor
from .looks import Looks
from .prometheus import Prometheus
from .traffic import TrafficStore


@asynccontextmanager
async def open_monitor(
    settings: Settings,
    redis: Redis,
    events: EventStream,
    master_key: bytes,
    facts: Facts,
    host: Host,
    feed: LiveFeed,
    clock: Callable[[], int],
) -> AsyncIterator[Monitor]:
    """Yield it; nothing is looked at before its loops run."""
    looks = Looks(settings, redis, facts, host, clock)
    prometheus = Prometheus(settings)
    notifier = Notifier(redis, NotifyStore(redis, master_key), Courier(Outbound()), clock)
    alerts = Alerts(settings, redis, events, looks, notifier, clock)
    try:
        yield Monitor(looks, alerts, TrafficStore(redis), prometheus, feed, clock)
    finally:
        await looks.aclose()
        await prometheus.aclose()
