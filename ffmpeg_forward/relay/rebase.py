"""Timestamps of one connection."""

from ...core.rtmp.chunk import DATA, Message
from ..splice.media import look

_WRAP = 1 << 32
_HALF = 1 << 31


class Rebase:
    """Lets every connection begin at 0, however long the timeline has run. What comes out grows
    with every frame of a track and has no limit; what goes in may wrap around at 2**32."""

    def __init__(self) -> None:
        self._last_in: int | None = None
        self._now = 0
        self._out: dict[int, int] = {}

    def of(self, message: Message) -> int:
        """Return the timestamp to send a message with, ms."""
        if self._last_in is None:
            # Headers and metadata that are repeated carry the time of when they were new.
            if message.kind == DATA or look(message).header:
                return 0
            self._last_in = message.timestamp
        elif message.kind == DATA or look(message).header:
            # It must not push the frames behind it: the other track may be ahead of them.
            return self._now if message.kind == DATA else self._out.get(message.kind, 0)
        step = (message.timestamp - self._last_in + _HALF) % _WRAP - _HALF
        self._last_in = message.timestamp
        self._now += step
        found = max(self._now, self._out.get(message.kind, -1) + 1)
        self._out[message.kind] = found
        return found
