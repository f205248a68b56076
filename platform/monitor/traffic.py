"""The traffic of the month: what is in the plan of the machine, and where it will end."""

import sqlite3
from dataclasses import asdict, dataclass, fields, replace
from datetime import UTC, date, datetime
from typing import Any, Literal

import orjson
from redis.asyncio import Redis

from ...core.errors import Invalid
from .models import Traffic
from .traffic_book import TrafficBook, month_of

GB = 1_000_000_000
MIN_SPAN_DAYS = 0.25
"""A forecast from less would be a guess."""


@dataclass(frozen=True, slots=True)
class TrafficPlan:
    """``interface``: empty for the one that leads to the internet."""

    quota_gb: float | None = None
    resets_on_day: int = 1
    count: Literal["out", "both"] = "out"
    interface: str = ""


class TrafficStore:
    """``STREAMSTEAD_TRAFFIC`` string: TrafficPlan as JSON. ``plan`` is what was read last."""

    KEY = "STREAMSTEAD_TRAFFIC"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self.plan = TrafficPlan()

    async def load(self) -> None:
        """Raises RedisError."""
        raw = await self._redis.get(self.KEY)
        if raw:
            stored = orjson.loads(raw)
            known = {one.name for one in fields(TrafficPlan)}
            self.plan = TrafficPlan(**{k: v for k, v in stored.items() if k in known})

    async def change(self, changes: dict[str, Any], interfaces: list[str]) -> None:
        """Raises Invalid for an interface that is none."""
        plan = replace(self.plan, **changes)
        if plan.interface and plan.interface not in interfaces:
            raise Invalid(
                f"there is no interface {plan.interface!r}",
                f"There are: {', '.join(interfaces)}.",
                key="traffic_interface",
            )
        await self._redis.set(self.KEY, orjson.dumps(asdict(plan)))
        self.plan = plan


def traffic_now(book: TrafficBook, plan: TrafficPlan, way_out: str, now_ms: int) -> Traffic:
    """Return how much of the month is used. Blocks; what cannot be read counts as nothing."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    first, after = month_of(now.date(), plan.resets_on_day)
    interface = plan.interface or way_out
    try:
        rx, tx = book.used(interface, first, after)
        since = max(first, book.began(interface) or now.date())
    except (OSError, sqlite3.Error):
        rx, tx, since = 0, 0, now.date()
    used = tx if plan.count == "out" else rx + tx
    return Traffic(
        month=first.isoformat(),
        interface=interface,
        rx_bytes=rx,
        tx_bytes=tx,
        used_bytes=used,
        quota_bytes=round(plan.quota_gb * GB) if plan.quota_gb is not None else None,
        forecast_bytes=_forecast(used, since, after, now),
        resets_on=after.isoformat(),
        since=since.isoformat(),
    )


def _forecast(used: int, since: date, after: date, now: datetime) -> int | None:
    begun = datetime(since.year, since.month, since.day, tzinfo=UTC)
    end = datetime(after.year, after.month, after.day, tzinfo=UTC)
    passed = (now - begun).total_seconds() / 86_400
    if passed < MIN_SPAN_DAYS:
        return None
    left = (end - now).total_seconds() / 86_400
    return round(used + used / passed * left)
