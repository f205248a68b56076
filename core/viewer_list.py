"""Pages of the viewers: thousands of sessions, a hundred at a time."""

import heapq
from typing import Any

import orjson
from redis.asyncio import Redis

from .errors import Invalid
from .registry import Kind, Session, StreamRegistry
from .store import text

_STEP = 200


class ViewerList:
    """Reads what the registry writes: ``STREAMSTEAD_SESSIONS``, ``STREAMSTEAD_BYTES`` and
    ``STREAMSTEAD_PASS_VIEWERS``."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def page(
        self, app: str | None, stream: str | None, cursor: str | None, limit: int
    ) -> tuple[list[Session], int, str | None]:
        """Return (viewers, how many there are in all, cursor of the next page or None).

        The newest come first. Raises Invalid for a cursor that we never gave. Redis is read in
        steps, so that a callback never waits for the whole list.
        """
        before = _read_cursor(cursor)
        matching: dict[str, tuple[int, str]] = {}
        bodies: dict[str, str] = {}
        position = 0
        while True:
            # The library's types leave out that fields and values come as a dict.
            found: Any = await self._redis.hscan(StreamRegistry.SESSIONS, position, count=_STEP)
            position, batch = found
            for key, raw in batch.items():
                fields = orjson.loads(raw)
                if (
                    fields["kind"] == Kind.PLAY
                    and app in (None, fields["app"])
                    and stream in (None, fields["stream"])
                ):
                    client_id = text(key)
                    matching[client_id] = (fields["since_ms"], client_id)
                    bodies[client_id] = raw
            if position == 0:
                break
        left = [at for at in matching.values() if before is None or at < before]
        page = heapq.nlargest(limit + 1, left)
        following = page[limit - 1] if len(page) > limit else None
        sessions = [Session.from_json(bodies[client_id]) for _, client_id in page[:limit]]
        return sessions, len(matching), f"{following[0]}:{following[1]}" if following else None

    async def sent_bytes(self, client_ids: list[str]) -> dict[str, int]:
        """Return client id -> bytes sent as last sampled, for those that were sampled."""
        if not client_ids:
            return {}
        found = await self._redis.hmget(StreamRegistry.BYTES, client_ids)
        return {
            client_id: int(text(raw).partition(" ")[0])
            for client_id, raw in zip(client_ids, found, strict=True)
            if raw is not None
        }

    async def using(self, pass_id: str) -> int:
        """Return how many watch by a pass now."""
        return int(await self._redis.hget(StreamRegistry.PASS_VIEWERS, pass_id) or 0)


def _read_cursor(cursor: str | None) -> tuple[int, str] | None:
    if cursor is None:
        return None
    since, colon, client_id = cursor.partition(":")
    if not colon or not since.isascii() or not since.isdigit() or len(since) > 15:
        raise Invalid("the cursor is not one of ours", "Begin with the first page.")
    return int(since), client_id
