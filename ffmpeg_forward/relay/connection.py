"""What a destination needs of whatever carries media to it, and how such a connection fares."""

import asyncio
import socket
import struct
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from ...core.rtmp.chunk import Message
from .limits import Limits
from .problems import Problem

_RATE_S = 5.0


class State(StrEnum):
    """How a destination is. ``waiting``: for media; ``failed``: not tried again by itself."""

    WAITING = "waiting"
    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    RETRYING = "retrying"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class SentSoFar:
    """``acked``: bytes that the far end has accepted, on this connection. ``pending``: more is on
    its way; without it, no progress means only that there was nothing to send."""

    acked: int
    pending: bool


class Connection(Protocol):
    """One session of publishing. ``closed`` is set to why it ended, if it did so by itself."""

    closed: "asyncio.Future[Problem]"
    writable: bool
    on_writable: Callable[[], None]
    """Called when ``writable`` has become true again."""

    def send(self, message: Message, timestamp: int) -> None:
        """Hand over one message, ``timestamp`` in ms from the begin of this connection."""

    def progress(self) -> SentSoFar: ...

    async def close(self) -> None:
        """End it within a second."""

    def abandon(self) -> socket.socket | None:
        """Be gone at once, as nothing gets through; return what is left of the connection.

        The far end knows nothing of that and may hold our place for minutes, so ``reset`` it when
        there is a way to it again.
        """


def reset(stale: socket.socket) -> None:
    """Break a connection so that the far end learns of it now."""
    with suppress(OSError):
        stale.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    stale.close()


class Watch:
    """Looks at one connection now and then; times in seconds of a clock that never goes back."""

    def __init__(self, connection: Connection, limits: Limits, now_s: float) -> None:
        self._connection = connection
        self._limits = limits
        self._began_s = self._grown_s = now_s
        self._first_s: float | None = None
        self._samples: deque[tuple[float, int]] = deque()
        self.acked = connection.progress().acked
        self.is_stuck = False

    @property
    def kbps(self) -> int:
        """What was accepted in the last seconds."""
        if len(self._samples) < 2:
            return 0
        (begin_s, before), (end_s, after) = self._samples[0], self._samples[-1]
        return round((after - before) * 8 / 1000 / (end_s - begin_s)) if end_s > begin_s else 0

    @property
    def has_accepted(self) -> bool:
        return self._first_s is not None

    def look(self, now_s: float) -> tuple[State, bool]:
        """Return how it is, and whether something was accepted since the last look."""
        sent = self._connection.progress()
        grew = sent.acked > self.acked
        if grew:
            self.acked, self._grown_s = sent.acked, now_s
            self._first_s = now_s if self._first_s is None else self._first_s
        self._samples.append((now_s, self.acked))
        while now_s - self._samples[0][0] > _RATE_S:
            self._samples.popleft()
        silent_s = now_s - self._grown_s
        self.is_stuck = sent.pending and silent_s > self._limits.stuck_s
        if sent.pending and silent_s > self._limits.fresh_s:
            return State.STALLED, grew
        if self._first_s is None or now_s - self._first_s < self._limits.proven_s:
            return State.CONNECTING, grew
        return (State.LIVE if silent_s <= self._limits.fresh_s else State.WAITING), grew
