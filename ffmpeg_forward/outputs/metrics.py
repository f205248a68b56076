"""Figures of outputs for Prometheus, as they are when they are asked for."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from prometheus_client import REGISTRY, CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from .output import Output, OutputState
from .states import States

_LABELS = ("output", "platform")
_STATE = "streamstead_output_state"


class OutputMetrics:
    """A collector. Counters begin at 0 again with each run of the output."""

    def __init__(
        self, outputs: Callable[[], Iterable[Output]], states: States, clock: Callable[[], int]
    ) -> None:
        self._outputs = outputs
        self._states = states
        self._clock = clock

    def describe(self) -> Iterable[Metric]:
        """Nothing is collected for finding out what there is."""
        return ()

    def collect(self) -> Iterator[Metric]:
        state = GaugeMetricFamily(_STATE, "1 for the state it is in", labels=(*_LABELS, "state"))
        bitrate = GaugeMetricFamily(
            "streamstead_output_bitrate_kbps", "What is being sent", labels=_LABELS
        )
        uptime = GaugeMetricFamily(
            "streamstead_output_live_seconds", "Since it has been live", labels=_LABELS
        )
        counted = {
            "bytes_acked": CounterMetricFamily(
                "streamstead_output_bytes", "What the far end has accepted", labels=_LABELS
            ),
            "drops": CounterMetricFamily(
                "streamstead_output_drops", "Groups of pictures left out", labels=_LABELS
            ),
            "restarts": CounterMetricFamily(
                "streamstead_output_restarts", "Connections that broke", labels=_LABELS
            ),
        }
        for output in self._outputs():
            it = self._states.standing(output)
            labels = (output.id, output.platform)
            for one in OutputState:
                state.add_metric((*labels, one.value), float(one is it.state))
            bitrate.add_metric(labels, float(it.facts.get("bitrate_kbps") or 0))
            since = it.facts.get("live_since_ms")
            uptime.add_metric(labels, max(0.0, (self._clock() - since) / 1000) if since else 0.0)
            for name, family in counted.items():
                family.add_metric(labels, float(it.facts.get(name) or 0))
        yield from (state, bitrate, uptime, *counted.values())

    @contextmanager
    def registered(self, registry: CollectorRegistry = REGISTRY) -> Iterator[None]:
        """Be asked as long as the block lasts."""
        registry.register(self)
        try:
            yield
        finally:
            registry.unregister(self)
