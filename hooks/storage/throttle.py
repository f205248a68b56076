"""Send no faster than the operator allows, and know how fast it is."""

import threading
import time
from collections import deque
from collections.abc import Callable

_BURST_S = 0.25
_LOOK_S = 0.1
"""Who waits looks so often whether it is still wanted."""

_WINDOW_S = 10.0


class Stopped(Exception):
    """What was being sent is not wanted any more."""


class TokenBucket:
    """One for all that is sent together; threads wait in ``take``. A new rate counts at once."""

    def __init__(self, bytes_per_s: float = 0) -> None:
        """0 is no limit."""
        self._rate = float(bytes_per_s)
        self._level = 0.0
        self._at = time.monotonic()
        self._changed = threading.Condition()

    def set_rate(self, bytes_per_s: float) -> None:
        """0 is no limit."""
        with self._changed:
            self._refill()
            self._rate = float(bytes_per_s)
            self._changed.notify_all()

    def take(self, size: int, stopped: Callable[[], bool]) -> None:
        """Wait until so many bytes may go. Raises Stopped as soon as ``stopped`` says so."""
        with self._changed:
            left = float(size)
            while True:
                if stopped():
                    raise Stopped
                if self._rate <= 0:
                    return
                self._refill()
                # Bit by bit: who sends small pieces need not wait for who sends large ones.
                granted = min(left, self._level)
                self._level -= granted
                left -= granted
                if left < 1:
                    return
                self._changed.wait(min(_LOOK_S, left / self._rate))

    def _refill(self) -> None:
        now = time.monotonic()
        gained = (now - self._at) * self._rate
        self._level = min(self._level + gained, self._rate * _BURST_S)
        self._at = now


class SpeedMeter:
    """Bytes a second over the last 10 s. Threads may call it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seconds: deque[tuple[int, int]] = deque()
        self._began: float | None = None
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        """So many bytes went just now."""
        with self._lock:
            now = self._clock()
            self._drop_old(now)
            if not self._seconds:
                self._began = now
            second, sum_ = self._seconds[-1] if self._seconds else (-1, 0)
            if second == int(now):
                self._seconds[-1] = (second, sum_ + size)
            else:
                self._seconds.append((int(now), size))

    def bytes_per_s(self) -> float:
        """Return 0 when nothing went lately."""
        with self._lock:
            now = self._clock()
            self._drop_old(now)
            if not self._seconds or self._began is None:
                return 0.0
            span_s = min(_WINDOW_S, max(1.0, now - self._began))
            return sum(sum_ for _, sum_ in self._seconds) / span_s

    def _drop_old(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] < now - _WINDOW_S:
            self._seconds.popleft()
