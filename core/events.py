"""What happened: one Redis Stream that every service may read."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson
from redis.asyncio import Redis

from .store import text

MAX_EVENTS = 10_000
"""The stream is trimmed to about this many entries: Redis is never a log."""

READ_BLOCK_MS = 1_000


class EventType(StrEnum):
    """Every type of event; the value is what stands in the stream."""

    STREAM_PUBLISHED = "stream.published"
    STREAM_UNPUBLISHED = "stream.unpublished"
    VIEWER_JOINED = "viewer.joined"
    VIEWER_LEFT = "viewer.left"
    SEGMENT_READY = "segment.ready"
    REGISTRY_REPAIRED = "registry.repaired"
    AUTH_SIGNED_IN = "auth.signed_in"
    AUTH_REFUSED = "auth.refused"
    AUTH_PASSWORD_CHANGED = "auth.password_changed"  # noqa: S105


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

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

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

    async def follow(self, after: str) -> AsyncIterator[Event]:
        """Yield events younger than ``after``, for ever. Raises RedisError when Redis is away."""
        while True:
            found: Any = await self._redis.xread({self.KEY: after}, count=100, block=READ_BLOCK_MS)
            # RESP2 gives a list of pairs, RESP3 a dict of lists of lists.
            pairs = found.items() if isinstance(found, dict) else found or []
            for _, batches in pairs:
                entries = batches[0] if isinstance(found, dict) else batches
                for entry_id, fields in entries:
                    after = text(entry_id)
                    yield Event(
                        entry_id=after,
                        event_id=fields["id"],
                        type=fields["type"],
                        at_ms=int(fields["at_ms"]),
                        stream=fields["stream"],
                        data=orjson.loads(fields["data"]),
                    )
