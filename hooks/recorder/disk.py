"""How full the disk is, what of it recordings take, and when it will be full."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import orjson

from ...core.files import write_atomic
from ...core.log import get_logger
from ..library.catalogue import Catalogue
from .guard import Guard, Level, Stoppable

log = get_logger(__name__)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
SAMPLES = 7 * 24
"""One an hour: the trend is that of a week."""

SPOOL_S = 5.0
"""The spool is added up no more often."""


@dataclass(frozen=True, slots=True)
class DiskFacts:
    """``full_in_days``: until new recordings stop, if it goes on as in the last week at most; None
    while it does not fill, or is not known yet."""

    total_bytes: int
    free_bytes: int
    free_percent: float
    level: Level
    spool_bytes: int
    record_bytes: int
    stopped: tuple[Stoppable, ...]
    full_in_days: float | None


class DiskMeter:
    """``run`` is an endless loop. ``path``: JSON of ``[ms, free bytes]`` of the last week."""

    def __init__(
        self,
        guard: Guard,
        catalogue: Catalogue,
        spool: Path,
        path: Path,
        stop_percent: Callable[[], float],
        clock: Callable[[], int],
    ) -> None:
        self._guard = guard
        self._catalogue = catalogue
        self._spool = spool
        self._path = path
        self._stop_percent = stop_percent
        self._clock = clock
        self._samples = _read(path)
        self._spool_bytes = 0
        self._spool_at = -SPOOL_S

    async def run(self) -> None:
        """Never returns."""
        while True:
            try:
                await asyncio.to_thread(self.sample)
            except OSError as exc:
                log.warning("disk.not_sampled", error=exc.strerror)
            await asyncio.sleep(HOUR_MS / 4000)

    def sample(self) -> None:
        """Note how much is free, once an hour. Blocks. Raises OSError."""
        now = self._clock()
        self._samples = [one for one in self._samples if one[0] <= now]
        if self._samples and now - self._samples[-1][0] < HOUR_MS:
            return
        _, free = self._guard.free()
        self._samples = [*self._samples, (now, free)][-SAMPLES:]
        write_atomic(self._path, orjson.dumps(self._samples), 0o640)

    async def facts(self) -> DiskFacts:
        """Measure now. Raises OSError, sqlite3.Error."""
        loop_now = asyncio.get_running_loop().time()
        if loop_now - self._spool_at >= SPOOL_S:
            self._spool_at = loop_now
            self._spool_bytes = await asyncio.to_thread(_bytes_below, self._spool)
        total, free = await asyncio.to_thread(self._guard.free)
        totals = await self._catalogue.totals()
        return DiskFacts(
            total,
            free,
            round(100 * free / total, 1) if total else 100.0,
            self._guard.level,
            self._spool_bytes,
            totals.local_bytes,
            self._guard.stopped,
            self._full_in_days(total, free),
        )

    def _full_in_days(self, total: int, free: int) -> float | None:
        if not self._samples:
            return None
        at_ms, was_free = self._samples[0]
        took_ms, used = self._clock() - at_ms, was_free - free
        if took_ms < HOUR_MS or used <= 0:
            return None
        left = max(0.0, free - total * self._stop_percent() / 100)
        return round(left / used * took_ms / DAY_MS, 1)


def _bytes_below(root: Path) -> int:
    found = 0
    for folder, _, names in os.walk(root):
        for name in names:
            try:
                found += os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:  # taken by a recording meanwhile
                continue
    return found


def _read(path: Path) -> list[tuple[int, int]]:
    """Return the samples; none when they were lost, for the trend shows itself again."""
    try:
        return [(int(at_ms), int(free)) for at_ms, free in orjson.loads(path.read_bytes())]
    except (OSError, ValueError, TypeError):
        return []
