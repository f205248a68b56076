"""Figures of the recorder for Prometheus and for the alerts."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily

from ...core.log import get_logger
from ...core.metrics import gauge
from ..library.catalogue import Catalogue
from ..library.catalogue_query import Query
from ..library.recording import State, UploadState
from .inbox import spooled_segments, spooled_streams

log = get_logger(__name__)

_COUNTED = {
    "recording": Query(limit=1, state=State.RECORDING.value),
    "finishing": Query(limit=1, state=State.FINISHING.value),
    "failed": Query(limit=1, state=State.FAILED.value),
}
_UPLOADS = {
    "waiting": Query(limit=1, uploads=(UploadState.WAITING.value,)),
    "uploading": Query(limit=1, uploads=(UploadState.UPLOADING.value,)),
    "failed": Query(limit=1, uploads=(UploadState.FAILED.value,)),
}


class RecorderFigures:
    """Call it for the figures. The library is counted anew only after something has changed."""

    def __init__(self, catalogue: Catalogue, spool: Path, clock: Callable[[], int]) -> None:
        self._catalogue = catalogue
        self._spool = spool
        self._clock = clock
        self._changed = True
        self._counts: dict[str, dict[str, int]] = {"recordings": {}, "uploads": {}}
        catalogue.subscribe(lambda _: self._note())

    def _note(self) -> None:
        self._changed = True

    async def __call__(self) -> Iterable[Metric]:
        try:
            await self._count()
            waiting, oldest_ms = await asyncio.to_thread(_backlog, self._spool)
        except (OSError, sqlite3.Error) as exc:
            log.warning("metrics.not_measured", error=type(exc).__name__)
            return ()
        behind_s = max(0, self._clock() - oldest_ms) / 1000 if oldest_ms else 0.0
        families = [
            gauge("spool_backlog_seconds", "Age of the oldest segment that waits", behind_s),
            gauge("spool_backlog_segments", "Segments that wait for the recorder", waiting),
        ]
        for name, counts in self._counts.items():
            family = GaugeMetricFamily(f"streamstead_{name}", f"{name} by state", labels=("state",))
            for state, count in counts.items():
                family.add_metric((state,), count)
            families.append(family)
        return families

    async def _count(self) -> None:
        if not self._changed:
            return
        self._changed = False  # first: what changes meanwhile is counted next time
        try:
            for name, queries in (("recordings", _COUNTED), ("uploads", _UPLOADS)):
                for state, query in queries.items():
                    self._counts[name][state] = (await self._catalogue.page(query)).total
        except BaseException:
            self._changed = True
            raise


def _backlog(root: Path) -> tuple[int, int]:
    """Return how many segments wait and when the oldest of them came, ms; 0 for none."""
    count, oldest = 0, 0
    for app, stream in spooled_streams(root):
        found = spooled_segments(root, app, stream)
        count += len(found)
        if found:
            at_ms = found[0].arrived.at_ms
            oldest = min(oldest, at_ms) if oldest else at_ms
    return count, oldest
