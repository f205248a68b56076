"""Watch the disk, and give up the least valuable work first; the live stream is never touched."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Literal

from redis.exceptions import RedisError

from ...core.events import EventStream, EventType
from ...core.log import get_logger

log = get_logger(__name__)

LOOK_S = 2.0
MARGIN_PERCENT = 1.0
"""So much more than the limit must be free before work goes on: no flapping."""

Work = Literal["thumbnails", "mp4", "recording", "upload"]
Stoppable = Literal["thumbnails", "mp4", "recording"]

STEPS: tuple[tuple[Stoppable, float], ...] = (("thumbnails", 1.0), ("mp4", 0.8), ("recording", 0.6))
"""What stops below which part of the stop limit: with 5 %, at 5, 4 and 3 % of free space."""


class Level(StrEnum):
    """``critical``: some work has stopped."""

    OK = "ok"
    LOW = "low"
    CRITICAL = "critical"


_EVENTS = {
    Level.OK: EventType.DISK_OK,
    Level.LOW: EventType.DISK_LOW,
    Level.CRITICAL: EventType.DISK_CRITICAL,
}


class Guard:
    """``run`` is an endless loop. ``limits`` returns (warn, stop), percent of free space;
    ``set_full`` stops recording, or lets it go on."""

    def __init__(
        self,
        root: Path,
        limits: Callable[[], tuple[float, float]],
        set_full: Callable[[bool], Awaitable[None]],
        events: EventStream,
        clock: Callable[[], int],
    ) -> None:
        self._root = root
        self._limits = limits
        self._set_full = set_full
        self._events = events
        self._clock = clock
        self._listeners: list[Callable[[], None]] = []
        self._told: tuple[Level, tuple[Stoppable, ...]] = (Level.OK, ())
        self._full: bool | None = None
        self.level = Level.OK
        self.stopped: tuple[Stoppable, ...] = ()
        """Work that there is no room for at the moment."""

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever the level or what is stopped changes."""
        self._listeners.append(changed)

    def allows(self, work: Work) -> bool:
        """Tell whether there is room for a kind of work. Uploads free space: they always go on."""
        return work not in self.stopped

    def free(self) -> tuple[int, int]:
        """Return (total, free) bytes of the disk. Raises OSError."""
        found = os.statvfs(self._root)
        return found.f_blocks * found.f_frsize, found.f_bavail * found.f_frsize

    async def run(self) -> None:
        """Never returns."""
        while True:
            try:
                await self.look()
            except OSError as exc:
                log.error("disk.not_measured", error=exc.strerror)
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        """Measure once. Raises OSError."""
        total, free = await asyncio.to_thread(self.free)
        percent = 100 * free / total if total else 100.0
        before = (self.level, self.stopped)
        self.stopped, self.level = self._judge(percent)
        full = "recording" in self.stopped
        if full is not self._full:
            # Also at the start: the file of the rules may still say what was before.
            await self._set_full(full)
            self._full = full
        if (self.level, self.stopped) != before:
            log.warning(
                "disk.level",
                level=self.level.value,
                free_percent=round(percent, 1),
                stopped=self.stopped,
            )
            for listener in self._listeners:
                listener()
        await self._tell(percent, free, total)

    def _judge(self, percent: float) -> tuple[tuple[Stoppable, ...], Level]:
        warn, stop = self._limits()
        stopped = tuple(
            work
            for work, part in STEPS
            if percent < stop * part + (MARGIN_PERCENT if work in self.stopped else 0)
        )
        if stopped:
            return stopped, Level.CRITICAL
        low = percent < warn + (MARGIN_PERCENT if self.level is not Level.OK else 0)
        return (), Level.LOW if low else Level.OK

    async def _tell(self, percent: float, free: int, total: int) -> None:
        """Tell what changed; until Redis has taken it, at every look again."""
        news = (self.level, self.stopped)
        if news == self._told:
            return
        now, type_ = self._clock(), _EVENTS[self.level]
        data = {
            "free_percent": round(percent, 1),
            "free_bytes": free,
            "total_bytes": total,
            "stopped": list(self.stopped),
        }
        try:
            await self._events.append(f"{type_.value}:{now}", type_, now, "", data)
        except RedisError as exc:
            log.warning("disk_level.not_told", error=type(exc).__name__)
        else:
            self._told = news
