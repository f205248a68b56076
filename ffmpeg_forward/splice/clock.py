"""The clock of a source: its 32-bit timestamps become one time that only goes forward.

Timestamps wrap around, go back when an encoder begins anew, and leap. Sound and picture do so one
after the other, and stay together only when both take the same leap: what follows the other
track's leap is put where that one went.
"""

from dataclasses import dataclass

LEAP_MS = 3000
"""A step beyond the time that really passed by more than this is a leap, not a pause."""

BACK_MS = 100
"""A track that goes back by more begins anew."""

NEAR_MS = 1500
"""How far sound and picture of the same moment may be from each other."""

_FIRST_STEP_MS = 20


@dataclass(slots=True)
class _Stretch:
    """Between two leaps; ``stamp`` came last, at ``at`` of our time."""

    stamp: int
    at: int


@dataclass(slots=True)
class _Track:
    stretch: _Stretch
    stamp: int
    at: int
    came_ms: int
    step_ms: int = _FIRST_STEP_MS


class SourceClock:
    """``top``: the latest time given out, in ms."""

    def __init__(self) -> None:
        self._tracks: dict[int, _Track] = {}
        self._stretch: _Stretch | None = None
        self.top = 0

    def place(self, track: int, stamp: int, now_ms: int) -> int:
        """Return the time in ms of what has timestamp ``stamp`` and came at ``now_ms``.

        Within a track it may go back by less than ``BACK_MS``, as the source's timestamps do.
        """
        known = self._tracks.get(track)
        stretch = self._stretch
        if stretch is None:
            stretch = _Stretch(stamp, 0)
            at = 0
        elif known is not None and _follows(known, stamp, now_ms):
            stretch = known.stretch
            at = known.at + _distance(known.stamp, stamp)
        elif _is_near(stretch, stamp) and not _goes_back(known, stretch, stamp):
            # A hole in this track alone, or it follows the leap of the other one.
            at = stretch.at + _distance(stretch.stamp, stamp)
        else:
            at = self.top + (known.step_ms if known else _FIRST_STEP_MS)
            stretch = _Stretch(stamp, at)
        if known is None or known.stretch is not stretch:
            # What a leap leads to is the newest stretch; the other track may follow there.
            self._stretch = stretch
        stretch.stamp, stretch.at = stamp, at
        if known is None:
            self._tracks[track] = _Track(stretch, stamp, at, now_ms)
        else:
            step = at - known.at
            if known.stretch is stretch and 0 < step <= LEAP_MS:
                known.step_ms = step
            known.stretch, known.stamp, known.at, known.came_ms = stretch, stamp, at, now_ms
        self.top = max(self.top, at)
        return at


def _follows(known: _Track, stamp: int, now_ms: int) -> bool:
    passed_ms = max(0, now_ms - known.came_ms)
    return -BACK_MS <= _distance(known.stamp, stamp) <= LEAP_MS + passed_ms


def _is_near(stretch: _Stretch, stamp: int) -> bool:
    return abs(_distance(stretch.stamp, stamp)) <= NEAR_MS


def _goes_back(known: _Track | None, stretch: _Stretch, stamp: int) -> bool:
    """True when a track would be put before where it was: then it begins anew."""
    if known is None:
        return False
    at = stretch.at + _distance(stretch.stamp, stamp)
    return at < known.at - (0 if known.stretch is stretch else BACK_MS)


def _distance(before: int, after: int) -> int:
    """Return how far it is from one timestamp to another, whichever wrapped around."""
    return ((after - before + 0x80000000) & 0xFFFFFFFF) - 0x80000000
