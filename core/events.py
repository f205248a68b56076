"""What happened: one Redis Stream that every service may read."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from .event_types import EventType as EventType
from .log import get_logger
from .store import text

log = get_logger(__name__)

MAX_EVENTS = 50_000
"""The stream never grows beyond about this many entries (some 40 MB): Redis is never a log. It is
reached only when a consumer group stands still."""

KEEP_EVENTS = 1_000
"""So many of the newest stay when every group has acknowledged them, for pages and for people."""

MAX_AGE_MS = 7 * 86_400_000
"""Nothing older stays, read or not."""

READ_BLOCK_MS = 1_500
LONG_BLOCK_MS = 20_000
"""Of a connection that is there for waiting only (``open_redis`` with ``waits_s``)."""

BATCH = 200
TRIM_PERIOD_S = 60.0


@dataclass(frozen=True, slots=True)
class Event:
    """``entry_id`` is Redis's own; ``event_id`` is the same for the same happening."""

    entry_id: str
    event_id: str
    type: str
    at_ms: int
    stream: str
    data: dict[str, Any]


class EventStream:
    """``STREAMSTEAD_EVENTS``, a Redis Stream. Fields of an entry: ``id`` (deterministic), ``type``,
    ``at_ms``, ``stream`` (``app/stream`` or empty), ``data`` (JSON object, no secrets)."""

    KEY = "STREAMSTEAD_EVENTS"

    def __init__(self, redis: Redis, waiting: Redis | None = None) -> None:
        """``waiting``: a client that may block for ``LONG_BLOCK_MS``, so that an idle house asks
        Redis less often."""
        self._redis = redis
        self._waiting = waiting or redis
        self._block_ms = LONG_BLOCK_MS if waiting else READ_BLOCK_MS

    async def append(
        self, event_id: str, type_: EventType, at_ms: int, stream: str, data: dict[str, Any]
    ) -> None:
        """Add one event. Callbacks do it inside their Lua script instead (core/registry.lua)."""
        fields: dict[Any, Any] = {
            "id": event_id,
            "type": type_.value,
            "at_ms": at_ms,
            "stream": stream,
            "data": orjson.dumps(data),
        }
        await self._redis.xadd(self.KEY, fields, maxlen=MAX_EVENTS, approximate=True)

    async def last_id(self) -> str:
        """Return the entry id of the newest event, ``0-0`` when there is none."""
        newest = await self._redis.xrevrange(self.KEY, count=1)
        return text(newest[0][0]) if newest else "0-0"

    async def position(self, since_ms: int) -> str:
        """Return the entry id after which everything is that happened since a time."""
        # Not the time alone: a Redis whose clock was set back would tell of nothing for long.
        return min(await self.last_id(), f"{max(0, since_ms)}-0", key=_order)

    async def follow(self, after: str) -> AsyncIterator[Event]:
        """Yield events younger than ``after``, for ever. Raises RedisError when Redis is away."""
        while True:
            found: Any = await self._waiting.xread(
                {self.KEY: after}, count=100, block=self._block_ms
            )
            for event in _events_of(found):
                after = event.entry_id
                yield event

    async def consume(
        self, group: str, consumer: str = "1", batch: int = BATCH
    ) -> AsyncIterator[list[Event]]:
        """Yield batches for a consumer group, for ever; each must be given to ``ack`` once its
        effect is durable.

        What was read and not acknowledged by an earlier life of this consumer comes first. A new
        group begins with everything still kept. Raises RedisError when Redis is away; a group that
        vanished with the data of Redis is made again.
        """
        await self._make_group(group)
        position = "0"
        while True:
            try:
                found: Any = await self._waiting.xreadgroup(
                    group, consumer, {self.KEY: position}, count=batch, block=self._block_ms
                )
            except ResponseError as exc:
                if "NOGROUP" not in str(exc):
                    raise
                await self._make_group(group)
                continue
            events = list(_events_of(found))
            if events:
                yield events
                if position != ">":
                    position = events[-1].entry_id
            elif position != ">":
                # Entries that were trimmed before they were acknowledged have no fields.
                position = _last_id_of(found) or ">"

    async def ack(self, group: str, events: Sequence[Event]) -> None:
        """Tell that these are dealt with."""
        if events:
            await self._redis.xack(self.KEY, group, *(event.entry_id for event in events))

    async def _make_group(self, group: str) -> None:
        try:
            await self._redis.xgroup_create(self.KEY, group, id="0", mkstream=True)
        except ResponseError as exc:
            if "BUSYGROUP" not in str(exc):
                raise

    async def trim(self, now_ms: int) -> None:
        """Drop what every group has acknowledged, except the newest, and what is too old."""
        groups: Any = await self._redis.xinfo_groups(self.KEY)
        done: list[tuple[int, int]] = []
        for group in groups:
            pending: Any = await self._redis.xpending(self.KEY, group["name"])
            oldest = pending["min"] if pending["pending"] else group["last-delivered-id"]
            done.append(_order(text(oldest)))
        newest: Any = await self._redis.xrevrange(self.KEY, count=KEEP_EVENTS)
        if len(newest) < KEEP_EVENTS:
            keep_from = (0, 0)
        else:
            keep_from = min([_order(text(newest[-1][0])), *done])
        keep_from = max(keep_from, (now_ms - MAX_AGE_MS, 0))
        await self._redis.xtrim(self.KEY, minid=f"{keep_from[0]}-{keep_from[1]}", approximate=True)

    async def keep_trimmed(self) -> None:
        """Trim once a minute; never returns."""
        while True:
            await asyncio.sleep(TRIM_PERIOD_S)
            try:
                await self.trim(time.time_ns() // 1_000_000)
            except RedisError as exc:
                log.info("events.not_trimmed", error=type(exc).__name__)


def _entries_of(found: Any) -> list[tuple[Any, Any]]:
    """Flatten a reply: RESP2 gives a list of pairs, RESP3 a dict of lists of lists."""
    if isinstance(found, dict):
        return [entry for batches in found.values() for batch in batches for entry in batch]
    return [entry for _, entries in found or [] for entry in entries]


def _events_of(found: Any) -> list[Event]:
    return [
        Event(
            entry_id=text(entry_id),
            event_id=fields["id"],
            type=fields["type"],
            at_ms=int(fields["at_ms"]),
            stream=fields["stream"],
            data=orjson.loads(fields["data"]),
        )
        for entry_id, fields in _entries_of(found)
        if fields
    ]


def _last_id_of(found: Any) -> str:
    entries = _entries_of(found)
    return text(entries[-1][0]) if entries else ""


def _order(entry_id: str) -> tuple[int, int]:
    at_ms, _, number = entry_id.partition("-")
    return int(at_ms), int(number or 0)
