"""What the manager has to tell, put into the event stream of the house, in order and once."""

import asyncio
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ..core.errors import Upstream
from ..core.events import MAX_EVENTS, EventStream
from ..core.log import get_logger
from .host import Host

log = get_logger(__name__)

RETRY_S = 1.0


class HostEventPump:
    """``STREAMSTEAD_HOST_EVENTS``: number of the last event of mgmt that is in the stream."""

    KEY = "STREAMSTEAD_HOST_EVENTS"

    def __init__(self, redis: Redis, host: Host) -> None:
        self._redis = redis
        self._host = host
        # The number and the event together: a crash between the two would lose or repeat one.
        self._add = redis.register_script(
            "if tonumber(redis.call('GET', KEYS[1]) or '0') >= tonumber(ARGV[1]) then return 0 end "
            "redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'id', ARGV[3], "
            "'type', ARGV[4], 'at_ms', ARGV[5], 'stream', '', 'data', ARGV[6]) "
            "redis.call('SET', KEYS[1], ARGV[1]) return 1"
        )

    async def run(self) -> None:
        """Follow mgmt; never returns."""
        while True:
            try:
                after = int(await self._redis.get(self.KEY) or 0)
                async for _, batch in self._host.stream(f"/v1/events/stream?after={after}"):
                    for one in batch:
                        await self._take(one)
            except (RedisError, Upstream) as exc:
                log.info("host_events.waiting", error=type(exc).__name__)
            await asyncio.sleep(RETRY_S)

    async def _take(self, one: dict[str, Any]) -> None:
        facts = (one["seq"], MAX_EVENTS, one["id"], one["type"], one["at_ms"])
        await self._add(keys=(self.KEY, EventStream.KEY), args=(*facts, orjson.dumps(one["data"])))
