"""Where the rules of retention are kept."""

import asyncio
from collections.abc import Callable

from redis.asyncio import Redis

from ...core.log import get_logger
from .retention_rules import Retention

log = get_logger(__name__)


class RetentionStore:
    """``STREAMSTEAD_RETENTION`` string: Retention as JSON.

    ``known`` is False until Redis has answered once: nothing is removed by rules that nobody knows.
    A Redis that lost its data means the defaults, by which everything stays.
    """

    KEY = "STREAMSTEAD_RETENTION"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._lock = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []
        self.current = Retention()
        self.known = False

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after every change."""
        self._listeners.append(changed)

    def limits(self) -> tuple[float, float]:
        """Return the percent of free space below which to warn, and below which to stop work."""
        return self.current.warn_percent, self.current.stop_percent

    async def load(self) -> Retention:
        """Read the rules again. Raises RedisError."""
        async with self._lock:
            raw = await self._redis.get(self.KEY)
            if raw is None and self.known:
                # It lost its data under our eyes: what was set still counts.
                await self._redis.set(self.KEY, self.current.to_json())
            elif raw is not None:
                try:
                    self.current = Retention.from_json(raw)
                except (ValueError, TypeError, AttributeError) as exc:
                    log.error("retention.unreadable", error=type(exc).__name__)
            self.known = True
            return self.current

    async def edit(self, change: Callable[[Retention], Retention]) -> Retention:
        """Replace the rules by ``change(rules)``. Raises RedisError, and what ``change`` does."""
        await self.load()
        async with self._lock:
            rules = change(self.current)
            if rules != self.current:
                await self._redis.set(self.KEY, rules.to_json())
                self.current = rules
        for listener in self._listeners:
            listener()
        return rules
