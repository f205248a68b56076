"""Bitrates of a stream from counters of bytes that the media server moves on by steps."""

from collections import deque

SPAN_MS = 10_000
STILL_MS = 8_000
"""SRS counts an RTMP stream every 3 s and one that comes by WebRTC every 5 s: counters that stand
still for less tell nothing."""


class Bitrate:
    """What one stream receives and sends, over about 10 s."""

    def __init__(self) -> None:
        self._steps: deque[tuple[int, int, int]] = deque()
        """(ms since the epoch, bytes received, bytes sent), each with another count received."""

    def note(self, at_ms: int, recv_bytes: int, send_bytes: int) -> None:
        """Take in what the counters say now."""
        if self._steps and recv_bytes < self._steps[-1][1]:
            self._steps.clear()  # another publisher
        if not self._steps or recv_bytes > self._steps[-1][1]:
            self._steps.append((at_ms, recv_bytes, send_bytes))
        while len(self._steps) > 2 and self._steps[1][0] <= at_ms - SPAN_MS:
            self._steps.popleft()

    def kbps(self, now_ms: int) -> tuple[int, int] | None:
        """Return (received, sent) in kbit/s; None while too little is known."""
        if not self._steps:
            return None
        first, last = self._steps[0], self._steps[-1]
        if now_ms - last[0] >= STILL_MS:
            return 0, 0
        span_ms = last[0] - first[0]
        if span_ms <= 0:
            return None
        return (last[1] - first[1]) * 8 // span_ms, max(0, last[2] - first[2]) * 8 // span_ms
