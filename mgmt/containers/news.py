"""What is told of programs and of the engine: once for each happening, not for every flap."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from ...core.event_types import EventType
from ..host_events import HostEvents
from ..runtime.protocol import EngineNews
from ..status import LastExit, ServiceStatus, State

DOWN_AFTER_S = 5.0
UP_AFTER_S = 5.0
ENGINE_AFTER_S = 5.0
RESTARTS_EVERY_S = 60.0
"""A program that ends and is back at once is told of no more often."""
_QUIET = (State.OFF, State.STOPPED)


@dataclass(slots=True)
class _Seen:
    """``down``: it was told that it is down, since then (ms). ``since``: of the state now."""

    good: bool = False
    since: float = 0.0
    down_ms: int = 0
    began: bool = False
    """It was well once; a first start is no news."""


class News:
    """Follows the status of all programs. ``clock`` is monotonic, in seconds."""

    def __init__(self, events: HostEvents, clock: Callable[[], float] = time.monotonic) -> None:
        self._events = events
        self._clock = clock
        self._seen: dict[str, _Seen] = {}
        self._restarts: dict[str, float] = {}
        self._lost: asyncio.TimerHandle | None = None
        self._told_lost = 0

    def look(self, statuses: list[ServiceStatus]) -> bool:
        """Take what is; return whether something waits to be told."""
        now, waiting = self._clock(), False
        for status in statuses:
            good = status.state is State.RUNNING
            seen = self._seen.setdefault(status.name, _Seen(since=now))
            if status.state in _QUIET:
                self._seen[status.name] = _Seen(since=now)
                continue
            if good != seen.good:
                seen.good, seen.since = good, now
            waiting = self._judge(status, seen, now - seen.since) or waiting
        return waiting

    def _judge(self, status: ServiceStatus, seen: _Seen, age_s: float) -> bool:
        if seen.good:
            seen.began = True
            if not seen.down_ms:
                return False
            if age_s < UP_AFTER_S:
                return True
            down_s = max(0, (_now_ms() - seen.down_ms) // 1000)
            facts = {"name": status.name, "down_s": down_s}
            self._events.tell(
                EventType.SERVICE_UP, facts, f"service.up:{status.name}:{seen.down_ms}"
            )
            seen.down_ms = 0
            return False
        # One that never ran is told of only when it fails: it may take its time.
        begins = not seen.began and status.state is State.STARTING
        if seen.down_ms or begins:
            return False
        if age_s < DOWN_AFTER_S:
            return True
        seen.down_ms = _now_ms()
        self._events.tell(
            EventType.SERVICE_DOWN,
            {"name": status.name, "state": status.state.value, "reason": status.detail},
            f"service.down:{status.name}:{seen.down_ms}",
        )
        return False

    def ended(self, name: str, how: LastExit) -> None:
        """Tell that a program ended and is started again, but no crash loop line by line."""
        now = self._clock()
        if now - self._restarts.get(name, -RESTARTS_EVERY_S) < RESTARTS_EVERY_S:
            return
        self._restarts[name] = now
        self._events.tell(
            EventType.SERVICE_CHANGED,
            {"name": name, "what": "restarted", "reason": how.reason},
            f"service.changed:{name}:{how.at_ms}",
        )

    def changed(self, name: str, what: str) -> None:
        """Tell what the operator did: on, off, or the media server that was chosen."""
        self._events.tell(EventType.SERVICE_CHANGED, {"name": name, "what": what})

    def engine(self, news: EngineNews) -> None:
        """Tell that the Docker Engine is lost, when it stays so, and that it is back."""
        if self._lost is not None:
            self._lost.cancel()
            self._lost = None
        if not news.reachable:
            loop = asyncio.get_running_loop()
            self._lost = loop.call_later(ENGINE_AFTER_S, self._tell_lost, news.reason)
        elif self._told_lost:
            facts = {"away_s": (_now_ms() - self._told_lost) // 1000}
            self._events.tell(EventType.ENGINE_BACK, facts, f"engine.back:{self._told_lost}")
            self._told_lost = 0

    def _tell_lost(self, reason: str) -> None:
        self._lost = None
        if not self._told_lost:
            self._told_lost = _now_ms()
            self._events.tell(
                EventType.ENGINE_LOST, {"reason": reason}, f"engine.lost:{self._told_lost}"
            )

    async def run(self, follow: AsyncIterator[list[ServiceStatus]]) -> None:
        """Look whenever something changed, and each second while something waits."""
        following = asyncio.ensure_future(anext(follow))
        statuses: list[ServiceStatus] = []
        try:
            while True:
                waiting = self.look(statuses)
                done, _ = await asyncio.wait([following], timeout=1.0 if waiting else None)
                if done:
                    statuses = following.result()
                    following = asyncio.ensure_future(anext(follow))
        finally:
            following.cancel()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
