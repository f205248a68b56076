"""When to start a program again that ended."""

from collections.abc import Callable
from time import monotonic

FIRST_S = 1.0
LONGEST_S = 60.0
GOOD_AFTER_S = 30.0
"""So long healthy, and earlier failures are forgotten."""


class Backoff:
    """Delays of restarts: none after a first failure, then 1 s doubling to 60 s."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._healthy_since: float | None = None
        self._not_before = 0.0
        self.failures = 0

    @property
    def wait_s(self) -> float:
        """Seconds until the next start is allowed; 0 when it is allowed now."""
        return max(0.0, self._not_before - self._clock())

    def failed(self, hopeless: bool = False) -> None:
        """Count a failure; ``hopeless`` (a configuration error) waits the longest at once."""
        self._forget()
        self._healthy_since = None
        self.failures += 1
        delay = 0.0
        if hopeless:
            delay = LONGEST_S
        elif self.failures > 1:
            delay = min(LONGEST_S, FIRST_S * 2.0 ** min(self.failures - 2, 10))
        self._not_before = self._clock() + delay

    def healthy(self) -> None:
        """Note a good probe."""
        if self._healthy_since is None:
            self._healthy_since = self._clock()
        self._forget()

    def _forget(self) -> None:
        since = self._healthy_since
        if since is not None and self._clock() - since >= GOOD_AFTER_S:
            self.failures = 0

    def reset(self) -> None:
        """Forget everything: an operator asked for a start."""
        self.failures = 0
        self._not_before = 0.0
        self._healthy_since = None
