"""Figures of transcodes for Prometheus, as they are when they are asked for."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from .keeper import Keeper, TranscodeState

_LABELS = ("transcode", "stream")


class TranscodeMetrics:
    """A collector of what runs or was refused. Restarts begin at 0 again with each start."""

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    def describe(self) -> Iterable[Metric]:
        """Nothing is collected for finding out what there is."""
        return ()

    def collect(self) -> Iterator[Metric]:
        state = GaugeMetricFamily(
            "streamstead_transcode_state", "1 for the state it is in", labels=(*_LABELS, "state")
        )
        cpu = GaugeMetricFamily(
            "streamstead_transcode_cpu_percent", "Of all cores that may be used", labels=_LABELS
        )
        speed = GaugeMetricFamily(
            "streamstead_transcode_speed", "Media time per real time", labels=_LABELS
        )
        restarts = CounterMetricFamily(
            "streamstead_transcode_restarts", "Runs that ended by themselves", labels=_LABELS
        )
        for work_id, source, how, again in self._keeper.figures():
            labels = (work_id, source)
            for one in TranscodeState:
                state.add_metric((*labels, one.value), float(one is how.state))
            cpu.add_metric(labels, how.cpu_percent)
            speed.add_metric(labels, how.speed)
            restarts.add_metric(labels, float(again))
        yield from (state, cpu, speed, restarts)

    @contextmanager
    def registered(self, registry: CollectorRegistry = REGISTRY) -> Iterator[None]:
        """Be asked as long as the block lasts."""
        registry.register(self)
        try:
            yield
        finally:
            registry.unregister(self)
