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


class Level(StrEnum):
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
        self.level = Level.OK

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` whenever the level changes."""
        self._listeners.append(changed)

    def allows(self, work: Work) -> bool:
        """Tell whether there is room for a kind of work. Uploads free space: they always go on."""
        if work == "upload":
            return True
        return self.level is not Level.CRITICAL

    def free(self) -> tuple[int, int]:
        """Return (total, free) bytes of the disk."""
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
        total, free = self.free()
        percent = 100 * free / total if total else 100.0
        level = self._level_of(percent)
        if level is self.level:
            return
        was, self.level = self.level, level
        log.warning("disk.level", level=level.value, free_percent=round(percent, 1))
        if Level.CRITICAL in (was, level):
            await self._set_full(level is Level.CRITICAL)
        for listener in self._listeners:
            listener()
        await self._tell(level, percent)

    def _level_of(self, percent: float) -> Level:
        warn, stop = self._limits()
        if self.level is Level.CRITICAL:
            stop += MARGIN_PERCENT
        if percent < stop:
            return Level.CRITICAL
        if self.level is not Level.OK:
            warn += MARGIN_PERCENT
        return Level.LOW if percent < warn else Level.OK

    async def _tell(self, level: Level, percent: float) -> None:
        now = self._clock()
        type_ = _EVENTS[level]
        try:
            await self._events.append(
                f"{type_.value}:{now}", type_, now, "", {"free_percent": round(percent, 1)}
            )
        except RedisError as exc:
            log.warning("disk_level.not_told", error=type(exc).__name__)
