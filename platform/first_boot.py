"""What is done once for every installation, step by step; each is marked when it has succeeded."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ..core.errors import StreamsteadError
from ..core.log import get_logger
from .host import Host

log = get_logger(__name__)

RETRY_S = 10.0


@dataclass(frozen=True, slots=True)
class BootStep:
    """``label`` is the mark and never changes; a new one runs once on every installation."""

    label: str
    work: Callable[[], Awaitable[None]]


class FirstBoot:
    """``SRS_FIRST_BOOT``, a hash: label -> ``1`` when the step is done.

    Every step may be done again: a crash between the work and the mark repeats it.
    """

    KEY = "SRS_FIRST_BOOT"

    def __init__(self, redis: Redis, steps: list[BootStep]) -> None:
        self._redis = redis
        self._steps = steps

    async def run(self) -> None:
        """Do what was not done yet, in order; returns when all of it is done."""
        while True:
            try:
                await self._once()
            except (RedisError, StreamsteadError) as exc:
                log.warning("first_boot.waiting", error=type(exc).__name__)
                await asyncio.sleep(RETRY_S)
            else:
                return

    async def _once(self) -> None:
        done = await self._redis.hgetall(self.KEY)
        for step in self._steps:
            if done.get(step.label) == "1":
                continue
            await step.work()
            await self._redis.hset(self.KEY, step.label, "1")
            log.info("first_boot.done", step=step.label)


class NodeStore:
    """``SRS_TENCENT_LH``, a hash: facts of this installation. ``node`` is its id, made once."""

    KEY = "SRS_TENCENT_LH"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def settle(self) -> None:
        facts = {"node": str(uuid.uuid4()), "cloud": "BIN", "region": "local", "platform": "linux"}
        for name, value in facts.items():
            await self._redis.hsetnx(self.KEY, name, value)


class OldUpgradeChoice:
    """Takes over what SRS-cloud kept in Redis about upgrades: ``SRS_UPGRADE_STRATEGY`` and, where a
    person has saved it, ``SRS_UPGRADE_WINDOW``."""

    STRATEGY, WINDOW = "SRS_UPGRADE_STRATEGY", "SRS_UPGRADE_WINDOW"

    def __init__(self, redis: Redis, host: Host) -> None:
        self._redis = redis
        self._host = host

    async def take_over(self) -> None:
        wish: dict[str, object] = {}
        strategy = await self._redis.hget(self.STRATEGY, "strategy")
        if strategy in ("auto", "manual"):
            wish["strategy"] = strategy
        window = await self._redis.hgetall(self.WINDOW)
        start, duration = window.get("start", ""), window.get("duration", "")
        usable = start.isdigit() and duration.isdigit() and 1 <= int(duration) <= 24
        if window.get("update") and usable:
            wish["window"] = {"start": int(start) % 24, "duration": int(duration)}
        if wish:
            await self._host.call("POST", "/v1/upgrade/settings", wish)


def first_boot(redis: Redis, host: Host) -> FirstBoot:
    """Return the steps of this release."""
    steps = [
        BootStep("v1-node", NodeStore(redis).settle),
        BootStep("v1-upgrade-choice", OldUpgradeChoice(redis, host).take_over),
    ]
    return FirstBoot(redis, steps)
