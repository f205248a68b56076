"""How long to wait before a child is run again."""

import random
import time
from collections import deque
from collections.abc import Callable

FIRST_S = 1.0
LONGEST_S = 60.0
BUDGET = 20
WINDOW_S = 600.0
_JITTER = 0.2


class Backoff:
    """1 s (``first_s``), doubling to 60 s, each give or take a fifth so that many children do not
    march in step.

    A child that was good for a while begins there again (``settle``), but more than ``BUDGET``
    restarts within ``WINDOW_S`` wait the longest time whatever it did in between.
    """

    def __init__(
        self,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.monotonic,
        first_s: float = FIRST_S,
    ) -> None:
        self._rng = rng or random.SystemRandom()
        self._clock = clock
        self._first_s = self._next_s = first_s
        self._recent: deque[float] = deque(maxlen=BUDGET)

    def settle(self) -> None:
        """Note that the child did its work for a while."""
        self._next_s = self._first_s

    def delay_s(self) -> float:
        """Count one restart and return how long to wait before it, at most ``LONGEST_S``."""
        now = self._clock()
        spent = len(self._recent) == BUDGET and now - self._recent[0] < WINDOW_S
        self._recent.append(now)
        base = LONGEST_S if spent else self._next_s
        self._next_s = min(self._next_s * 2, LONGEST_S)
        return min(base * self._rng.uniform(1 - _JITTER, 1 + _JITTER), LONGEST_S)
