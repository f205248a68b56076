"""What the first look at the house shows, put together from what others know."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal, cast

from redis.exceptions import RedisError

from ...core.log import get_logger
from ..alerts.alerts import Alerts
from ..live import LiveFeed
from .incidents import Incidents
from .looks import Looks, View
from .models import (
    Dashboard,
    DashboardLine,
    DashboardSeries,
    DiskUse,
    NetworkRates,
    OutputCounts,
    PrometheusState,
    RecordingCounts,
    SeriesName,
    SeriesRange,
    Traffic,
    TrafficSettings,
    UpdateTraffic,
    UsedBytes,
)
from .prometheus import QUERIES, Prometheus
from .sentence import sentence
from .traffic import TrafficStore, traffic_now

log = get_logger(__name__)

RANGES: dict[SeriesRange, tuple[int, int]] = {
    "1h": (3_600, 15),
    "6h": (6 * 3_600, 60),
    "24h": (86_400, 300),
    "7d": (7 * 86_400, 1_800),
    "30d": (30 * 86_400, 7_200),
}
"""Seconds back, and seconds a point: some 240 to 360 points."""

UNITS: dict[str, Literal["percent", "bps", "count", "per_second", "ms"]] = {
    "cpu": "percent",
    "memory": "percent",
    "disk": "percent",
    "net_rx": "bps",
    "net_tx": "bps",
    "streams": "count",
    "viewers": "count",
    "outputs_live": "count",
    "callbacks_rate": "per_second",
    "callback_p95_ms": "ms",
}
TRAFFIC_S = 60.0
LOADED_RETRY_S = 1.0


class Monitor:
    """``loops`` belong to the process; the rest is for routes."""

    def __init__(
        self,
        looks: Looks,
        alerts: Alerts,
        traffic: TrafficStore,
        prometheus: Prometheus,
        feed: LiveFeed,
        clock: Callable[[], int],
    ) -> None:
        self.looks = looks
        self.alerts = alerts
        self._plan = traffic
        self._prometheus = prometheus
        self._feed = feed
        self._clock = clock
        self._traffic: Traffic | None = None
        self._traffic_at = -TRAFFIC_S
        self._looked = False
        self.incidents = Incidents()
        alerts.on_event(self.incidents.take)
        alerts.subscribe(self._tell_alerts)
        looks.count_pages(lambda: feed.pages_open)
        feed.on_page(looks.hurry)

    @property
    def view(self) -> View:
        return self.looks.view

    def loops(self) -> list[Coroutine[Any, Any, None]]:
        """Return what must run beside everything else, for ever."""
        return [
            self.run(),
            self.looks.follow_host(),
            self.alerts.take_events(),
            self.alerts.notifier.run(),
        ]

    async def run(self) -> None:
        """Look, judge and tell the pages; never returns."""
        while True:
            try:
                await self._plan.load()
            except RedisError:
                await asyncio.sleep(LOADED_RETRY_S)
            else:
                break
        await self.alerts.load_all()
        await self.looks.run(self._after)

    async def _after(self, view: View) -> None:
        now = time.monotonic()
        if now - self._traffic_at >= TRAFFIC_S:
            self._traffic_at = now
            self._traffic = await self._count_traffic()
        self._looked = True
        await self.alerts.judge(view, self._traffic)
        if self._feed.pages_open:
            summary = (await self.summary()).model_dump(mode="json")
            self._feed.tell("summary", summary, lasting=False)

    def _tell_alerts(self) -> None:
        shown = [one.model_dump(mode="json") for one in self.alerts.listed()]
        self._feed.tell("alerts", {"alerts": shown})

    async def _count_traffic(self) -> Traffic:
        machine = self.view.machine
        way_out = machine.interface if machine is not None else ""
        return await asyncio.to_thread(
            traffic_now, self.looks.book, self._plan.plan, way_out, self._clock()
        )

    async def summary(self) -> Dashboard:
        """Return how the house is; looks first if nobody has looked yet."""
        view = self.view if self.view.machine is not None else await self.looks.look()
        machine = view.machine
        assert machine is not None, "a machine without /proc"
        traffic = self._traffic or await self._count_traffic()
        outputs = view.outputs
        recorder = view.figures.get("recorder")
        active = recorder.total("streamstead_recordings", state="recording") if recorder else None
        recordings = RecordingCounts(active=int(active or 0))
        counts = (
            OutputCounts(live=outputs.live, retrying=outputs.retrying, failed=outputs.failed)
            if outputs
            else OutputCounts()
        )
        return Dashboard(
            at_ms=view.at_ms,
            sentence=sentence(
                self.alerts.firing() if self._looked else None,
                len(view.streams),
                view.viewers,
                counts.live,
                recordings.active,
            ),
            cpu_percent=round(machine.cpu_percent, 1),
            cores=machine.cores,
            load1=round(machine.load1, 2),
            memory=UsedBytes(used_bytes=machine.memory_used, total_bytes=machine.memory_total),
            swap=UsedBytes(used_bytes=machine.swap_used, total_bytes=machine.swap_total),
            disks=[
                DiskUse(
                    path=disk.path,
                    used_bytes=disk.used_bytes,
                    total_bytes=disk.total_bytes,
                    full_in_days=view.full_in_days if number == 0 else None,
                )
                for number, disk in enumerate(machine.disks)
            ],
            network=NetworkRates(
                interface=machine.interface, rx_bps=machine.rx_bps, tx_bps=machine.tx_bps
            ),
            traffic=traffic,
            streams=len(view.streams),
            viewers=view.viewers,
            outputs=counts,
            recordings=recordings,
            uptime_s=max(0, (view.at_ms - machine.boot_ms) // 1000),
            alerts=self.alerts.counts(),
            incidents=self.incidents.newest(),
            prometheus=prometheus_state(view),
        )

    async def series(
        self, range_: SeriesRange, names: Sequence[SeriesName] | None
    ) -> DashboardSeries:
        """Return how it was: from Prometheus where that knows at least as much."""
        wanted = list(dict.fromkeys(names or cast(Sequence[SeriesName], tuple(QUERIES))))
        back_s, step_s = RANGES[range_]
        to_ms = self._clock()
        from_ms = to_ms - back_s * 1000
        source: Literal["prometheus", "own"] = "own"
        try:
            found = await asyncio.to_thread(
                self.looks.history.points, wanted, from_ms, to_ms, step_s
            )
        except (OSError, sqlite3.Error) as exc:
            log.warning("history.unreadable", error=str(exc))
            found = {name: [] for name in wanted}
        if prometheus_state(self.view).on:
            other = await self._prometheus.series(wanted, from_ms, to_ms, step_s)
            if other is not None and _known_from(other) <= _known_from(found) + 2 * step_s * 1000:
                found, source = other, "prometheus"
        lines = [DashboardLine(name=name, unit=UNITS[name], points=found[name]) for name in wanted]
        first = from_ms // (step_s * 1000) * step_s * 1000
        return DashboardSeries(source=source, step_s=step_s, from_ms=first, series=lines)

    async def traffic(self) -> TrafficSettings:
        """Return the plan and what is used of it."""
        plan, machine = self._plan.plan, self.view.machine
        if machine is None:
            machine = (await self.looks.look()).machine
        self._traffic = await self._count_traffic()
        return TrafficSettings(
            quota_gb=plan.quota_gb,
            resets_on_day=plan.resets_on_day,
            count=plan.count,
            interface=plan.interface,
            interfaces=sorted(machine.counters) if machine is not None else [],
            traffic=self._traffic,
        )

    async def update_traffic(self, body: UpdateTraffic) -> TrafficSettings:
        """Change the plan. Raises Invalid, RedisError."""
        changes = {
            name: getattr(body, name)
            for name in body.model_fields_set - {"token"}
            if name == "quota_gb" or getattr(body, name) is not None
        }
        known = await self.traffic()
        await self._plan.change(changes, known.interfaces)
        self.looks.hurry()
        return await self.traffic()


def prometheus_state(view: View) -> PrometheusState:
    """Return whether Prometheus runs, and why not."""
    if view.services is None:
        return PrometheusState(on=False, reason="the manager does not answer")
    for service in view.services:
        if service.name == "prometheus":
            on = service.state == "running"
            return PrometheusState(on=on, reason="" if on else service.detail or service.state)
    return PrometheusState(on=False, reason="it is not installed")


def _known_from(series: dict[str, list[tuple[int, float | None]]]) -> int:
    """Return the time of the first point that is known of any line."""
    known = [at for line in series.values() for at, value in line if value is not None]
    return min(known, default=1 << 62)
