"""What every service tells Prometheus at ``GET /metrics`` of its own loopback port.

nginx leads nobody there. Labels have few values: what has a name that people choose (streams,
events, targets) is counted together, or only its largest are named.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest

PATH = "/metrics"
CONTENT_TYPE = CONTENT_TYPE_LATEST

Figures = Callable[[], Awaitable[Iterable[Metric]]]
"""Measures what is not counted all along; ``app.state.figures`` of a service. Must not raise."""


@dataclass(frozen=True, slots=True)
class _Together:
    more: Iterable[Metric]

    def collect(self) -> Iterator[Metric]:
        yield from REGISTRY.collect()
        yield from self.more


def exposition(more: Iterable[Metric] = ()) -> bytes:
    """Return everything that this process counts, and ``more``, as text."""
    return generate_latest(cast(CollectorRegistry, _Together(more)))


def gauge(name: str, about: str, value: float) -> Metric:
    """Return one figure without labels; the prefix of our names is added."""
    return GaugeMetricFamily(f"streamstead_{name}", about, value=value)


def gauges(name: str, about: str, label: str, values: Iterable[tuple[str, float]]) -> Metric:
    """Return a figure for each value of one label."""
    family = GaugeMetricFamily(f"streamstead_{name}", about, labels=(label,))
    for of, value in values:
        family.add_metric((of,), value)
    return family
