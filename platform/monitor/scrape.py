"""Ask our own services for their figures, as Prometheus does: it may be off, and they are not."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from prometheus_client.parser import text_string_to_metric_families

from ...core.loopback import NO_TLS
from ...core.metrics import PATH
from ...core.settings import Settings

TIMEOUT_S = 2.0

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Name -> labels -> value, of one service at one moment."""

    values: Mapping[str, Mapping[Labels, float]]

    def total(self, name: str, **labels: str) -> float | None:
        """Return the sum of those that have these labels; None when there is no such figure."""
        if name not in self.values:
            return None
        wanted = set(labels.items())
        return sum(value for of, value in self.values[name].items() if wanted <= set(of))

    def by(self, name: str, label: str) -> dict[str, float]:
        """Return the sum for each value of one label."""
        found: dict[str, float] = {}
        for of, value in self.values.get(name, {}).items():
            key = dict(of).get(label, "")
            found[key] = found.get(key, 0.0) + value
        return found


def parse(text: str) -> Figures:
    """Read the text form. Raises ValueError."""
    values: dict[str, dict[Labels, float]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name.startswith("streamstead_"):
                labels = tuple(sorted(sample.labels.items()))
                values.setdefault(sample.name, {})[labels] = float(sample.value)
    return Figures(values)


class Scraper:
    """Loopback only; a service that does not answer is left out."""

    def __init__(self, settings: Settings) -> None:
        self._ports = {
            "hooks": settings.hooks_port,
            "recorder": settings.recorder_port,
            "ffmpeg_forward": settings.ffmpeg_port,
        }
        self._client = httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=NO_TLS)

    async def look(self) -> dict[str, Figures]:
        """Return the figures by service."""
        found = await asyncio.gather(*(self._ask(port) for port in self._ports.values()))
        both = zip(self._ports, found, strict=True)
        return {name: figures for name, figures in both if figures is not None}

    async def _ask(self, port: int) -> Figures | None:
        try:
            reply = await self._client.get(f"http://127.0.0.1:{port}{PATH}")
            return parse(reply.text) if reply.status_code == 200 else None
        except (httpx.HTTPError, ValueError):
            return None

    async def aclose(self) -> None:
        await self._client.aclose()


@dataclass(slots=True)
class CallbackRates:
    """Callbacks a second and how long they take, from counters that only grow."""

    _count: float | None = None
    _buckets: dict[float, float] = field(default_factory=dict)
    _at_s: float = 0.0

    def take(self, figures: Figures, at_s: float) -> tuple[float | None, float | None]:
        """Return (a second, 95th percentile in ms) since the figures before; None when unknown or
        when there was no callback. ``at_s``: a clock that nobody sets."""
        count = figures.total("streamstead_callback_seconds_count")
        if count is None:
            return None, None
        buckets = {
            float(dict(labels)["le"]): value
            for labels, value in figures.values["streamstead_callback_seconds_bucket"].items()
        }
        before, was, since = self._count, self._buckets, at_s - self._at_s
        self._count, self._buckets, self._at_s = count, buckets, at_s
        if before is None or count < before or since <= 0:
            return None, None
        grown = {le: value - was.get(le, 0.0) for le, value in buckets.items()}
        return (count - before) / since, _percentile(grown, 0.95)


def _percentile(buckets: Mapping[float, float], part: float) -> float | None:
    """Return milliseconds, as ``histogram_quantile`` has it."""
    total = max(buckets.values(), default=0.0)
    if total <= 0:
        return None
    wanted, below, lower = part * total, 0.0, 0.0
    for le in sorted(buckets):
        if buckets[le] >= wanted:
            if le == float("inf"):
                return lower * 1000
            share = (wanted - below) / max(buckets[le] - below, 1e-9)
            return (lower + (le - lower) * share) * 1000
        below, lower = buckets[le], le
    return lower * 1000
