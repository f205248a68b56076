"""``SRS_UPGRADING``, as operators and programs of SRS-cloud know it: a release to be forced is
taken from it, and whether an upgrade runs is shown in it."""

import asyncio
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ..core.errors import StreamsteadError, Upstream
from ..core.log import get_logger
from ..core.store import text
from .host import Host, HostRefused

log = get_logger(__name__)

LOOK_S = 30.0
BEGIN_S = 20.0
BUSY = 409


class UpgradingStore:
    """``SRS_UPGRADING``, a hash. ``force``: the release to go to, written by the operator;
    ``upgrading``: ``1`` while one runs, else ``0``; ``desc``: in words."""

    KEY = "SRS_UPGRADING"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        # Only what was taken is removed: another wish may have been written meanwhile.
        self._take = redis.register_script(
            "if redis.call('HGET', KEYS[1], 'force') == ARGV[1] then "
            "return redis.call('HDEL', KEYS[1], 'force') end return 0"
        )

    async def forced(self) -> str | None:
        found = await self._redis.hget(self.KEY, "force")
        return text(found) if found else None

    async def taken(self, version: str) -> None:
        await self._take(keys=(self.KEY,), args=(version,))

    async def show(self, run: dict[str, Any] | None) -> None:
        """Note what runs; None for nothing."""
        upgrading = run is not None and not run["result"]
        desc = f"{run['kind']} from {run['from']} to {run['to'] or '?'}" if run else ""
        facts: dict[Any, Any] = {"upgrading": "1" if upgrading else "0", "desc": desc}
        await self._redis.hset(self.KEY, mapping=facts)


class UpgradeForce:
    """Hands the wish on to the manager; it is removed when the manager has taken it, not before."""

    def __init__(self, redis: Redis, host: Host) -> None:
        self._store = UpgradingStore(redis)
        self._host = host

    async def look(self) -> None:
        """Never returns."""
        while True:
            try:
                await self._hand_on()
            except RedisError as exc:
                log.info("upgrade_force.waiting", error=type(exc).__name__)
            await asyncio.sleep(LOOK_S)

    async def show(self) -> None:
        """Keep the hash as the manager's journal is. Never returns."""
        while True:
            try:
                async for _, run in self._host.stream("/v1/upgrade/progress"):
                    await self._store.show(run)
            except (RedisError, Upstream):
                pass  # the manager is being renewed, perhaps by the very upgrade
            await asyncio.sleep(1.0)

    async def _hand_on(self) -> None:
        version = await self._store.forced()
        if version is None:
            return
        wish = {"version": version, "force": True, "by": "force"}
        try:
            await self._host.call("POST", "/v1/upgrade/start", wish, timeout_s=BEGIN_S)
        except HostRefused as exc:
            if exc.status == BUSY:
                return  # when that one has ended
            log.error("upgrade_force.refused", version=version[:80], reason=exc.message)
        except StreamsteadError:
            return  # the manager is away
        await self._store.taken(version)
