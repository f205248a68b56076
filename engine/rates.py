"""Bit rates from byte counters that only grow."""

from collections import deque
from collections.abc import Collection, Hashable
from dataclasses import dataclass

WINDOW_S = 30.0


@dataclass(frozen=True, slots=True)
class Kbps:
    """Averages over the last ``WINDOW_S``, or over less when it is not that long ago; kbit/s."""

    recv_30s: int = 0
    send_30s: int = 0


class Rates:
    """Samples of (received, sent) bytes by key. Times are seconds of a clock that never jumps."""

    def __init__(self) -> None:
        self._samples: dict[Hashable, deque[tuple[float, int, int]]] = {}

    def sample(self, key: Hashable, now: float, received: int, sent: int) -> None:
        samples = self._samples.setdefault(key, deque())
        if samples and (received < samples[-1][1] or sent < samples[-1][2]):
            samples.clear()  # the counters began again
        samples.append((now, received, sent))
        while samples[0][0] < now - WINDOW_S:
            samples.popleft()

    def keep_only(self, keys: Collection[Hashable]) -> None:
        for key in self._samples.keys() - set(keys):
            del self._samples[key]

    def kbps(self, key: Hashable) -> Kbps:
        samples = self._samples.get(key)
        if not samples or samples[-1][0] <= samples[0][0]:
            return Kbps()
        (began, first_in, first_out), (ended, last_in, last_out) = samples[0], samples[-1]
        bits = 8 / 1000 / (ended - began)
        return Kbps(round((last_in - first_in) * bits), round((last_out - first_out) * bits))
