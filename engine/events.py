"""The last things worth telling a person, kept in memory and shown in the summaries."""

import time
from collections import deque
from dataclasses import dataclass

from ..core.log import get_logger

KEEP = 50

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    at_ms: int
    key: str
    detail: str


class Events:
    """A bounded list; every entry is also a log line ``engine.<key>``."""

    def __init__(self) -> None:
        self._last: deque[Event] = deque(maxlen=KEEP)

    def add(self, key: str, detail: str, **facts: str | int) -> None:
        """Note an event; ``key`` is stable and in snake case, ``detail`` is for people."""
        self._last.append(Event(time.time_ns() // 1_000_000, key, detail))
        log.warning(f"engine.{key}", detail=detail, **facts)

    def newest_first(self) -> list[Event]:
        return list(reversed(self._last))
