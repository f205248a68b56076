"""Windows of the week, such as every Friday from 20:00 to 22:00 in Berlin: when they are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")


@dataclass(frozen=True, slots=True)
class Weekly:
    """``days``: 0 is Monday; a window that passes midnight belongs to the day it begins.

    ``start`` and ``end`` are ``HH:MM`` in ``zone``; equal ones mean the whole day. Where clocks are
    put back a window is longer, never cut; one that would begin in an hour that is left out begins
    an hour later. All moments are ms since the epoch.
    """

    days: tuple[int, ...]
    start: str
    end: str
    zone: str

    def active(self, now_ms: int) -> bool:
        """Tell whether its time is now; never when the zone is not known."""
        return any(begin <= now_ms < end for begin, end in self._windows(now_ms, -1, 0))

    def active_since_ms(self, now_ms: int) -> int | None:
        """Return when the window that is now began; None when it is not its time."""
        begins = (begin for begin, end in self._windows(now_ms, -1, 0) if begin <= now_ms < end)
        return min(begins, default=None)

    def next_change_ms(self, now_ms: int) -> int | None:
        """Return when it begins or ends next; None for never."""
        edges = (edge for window in self._windows(now_ms, -1, 8) for edge in window)
        return min((edge for edge in edges if edge > now_ms), default=None)

    def next_start_ms(self, now_ms: int) -> int | None:
        """Return when it begins next; None for never."""
        begins = (begin for begin, _ in self._windows(now_ms, -1, 8))
        return min((begin for begin in begins if begin > now_ms), default=None)

    def _windows(self, now_ms: int, first: int, last: int) -> Iterator[tuple[int, int]]:
        """Yield (begin, end) of the windows that begin so many days from today."""
        zone = _zone(self.zone)
        if zone is None:
            return
        today = datetime.fromtimestamp(now_ms / 1000, zone).date()
        for n in range(first, last + 1):
            day = today + timedelta(days=n)
            if day.weekday() in self.days:
                yield _window(self.zone, self.start, self.end, day)


def is_clock(text: str) -> bool:
    """Tell whether a text is a time of day, ``HH:MM``."""
    return _CLOCK.fullmatch(text) is not None


def is_zone(name: str) -> bool:
    """Tell whether a time zone is known here, for example ``Europe/Berlin``. Reads a file."""
    return _zone(name) is not None


@lru_cache(maxsize=2048)
def _window(zone_name: str, start: str, stop: str, day: date) -> tuple[int, int]:
    """Return when the window of a day begins and ends; asked again for every segment."""
    zone = _zone(zone_name)
    until = day if stop > start else day + timedelta(days=1)
    first = datetime.combine(day, time.fromisoformat(start), zone)
    last = datetime.combine(until, time.fromisoformat(stop), zone)
    # Of an hour that comes twice: from the first one, until the second.
    return _ms(first), max(_ms(last), _ms(last.replace(fold=1)))


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
