"""How many programs go out from here, for Prometheus; outputs and transcodes tell of themselves."""

from collections.abc import Iterable

from prometheus_client import Metric

from ..core.metrics import Figures, gauges
from .relays import Relays
from .transcode.keeper import Keeper


def children(relays: Relays, keeper: Keeper) -> Figures:
    """Return what counts the processes that this service has begun."""

    async def figures() -> Iterable[Metric]:
        counts = [
            ("relay", float(len(relays.names))),
            ("transcode", float(sum(1 for _ in keeper.figures()))),
        ]
        return (gauges("children", "Processes that are kept", "kind", counts),)

    return figures
