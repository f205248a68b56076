"""What waits for a destination that takes less than it should: bounded, and thrown away by GOPs."""

from collections import deque
from collections.abc import Callable

from ...core.rtmp.chunk import DATA, VIDEO, Message
from ..splice.media import look

MAX_BYTES = 8 << 20


class Backlog:
    """First in, first out. When it is full, pictures are left out until a key frame finds it half
    empty, so that whatever is sent can be decoded; sound goes on while there is room for it.

    Payloads are shared with everybody else who has them: only references are kept.
    """

    def __init__(self, max_age_s: float, max_bytes: int = MAX_BYTES) -> None:
        self._items: deque[tuple[Message, float]] = deque()
        self._bytes = 0
        self._max_bytes = max_bytes
        self._max_age_s = max_age_s
        self._skipping = False
        self._blocked = False
        self.dropped = 0
        """GOPs of which pictures were left out."""

    def __len__(self) -> int:
        return len(self._items)

    @property
    def is_skipping(self) -> bool:
        """True while pictures are left out."""
        return self._skipping

    def wait_for_entry(self) -> None:
        """Leave out pictures until the next key frame, without counting that as a loss."""
        self._skipping = True

    def admit(self, message: Message, entry: bool, now_s: float) -> bool:
        """Tell whether the message goes on; count what does not.

        Headers always do, unless somebody sends nothing else.
        """
        if message.kind == DATA or look(message).header:
            return self._bytes < self._max_bytes * 3
        if self._skipping and entry:
            if self._blocked and not self._room(now_s, 0.5):
                self.dropped += message.kind == VIDEO
                return False
            self._skipping = self._blocked = False
        if message.kind == VIDEO:
            if not self._skipping and not self._room(now_s, 1.0):
                self._skipping = self._blocked = True
                self.dropped += 1
            return not self._skipping
        # Sound is small: it may take as much again. Before the first picture it must wait.
        return not self._skipping or (self._blocked and self._room(now_s, 2.0))

    def put(self, message: Message, now_s: float) -> None:
        self._items.append((message, now_s))
        self._bytes += len(message.payload)

    def drain(self, send: Callable[[Message], bool]) -> None:
        """Hand on the oldest as long as ``send`` says that more may come."""
        while self._items:
            message, _ = self._items.popleft()
            self._bytes -= len(message.payload)
            if not send(message):
                return

    def _room(self, now_s: float, share: float) -> bool:
        if not self._items:
            return True
        age_s = now_s - self._items[0][1]
        return self._bytes < self._max_bytes * share and age_s < self._max_age_s * share
