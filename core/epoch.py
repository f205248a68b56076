"""Is this the store we know? Redis without its data must refuse everybody, never let them in.

Rules live in Redis only: were it emptied, a protected stream would look like a public one. So the
store has an id, and the same id is kept in a file beside it.
"""

import secrets
from enum import StrEnum
from pathlib import Path

import orjson
from redis.asyncio import Redis

from .errors import ConfigError
from .files import write_atomic
from .log import get_logger
from .play_rules import DEFAULT, PlayRule, PlayRuleStore
from .store import text

log = get_logger(__name__)


class StoreState(StrEnum):
    STARTING = "starting"
    READY = "ready"
    EMPTIED = "emptied"
    """Redis lacks the id that the file has, or has another one."""


class StoreEpoch:
    """``STREAMSTEAD_EPOCH`` string and the file ``config/store-id`` (0600), equal when all is well.

    ``value`` is what every decision is made with: the id in the file, "" before ``ensure`` has
    been successful for the first time on a new machine.
    """

    KEY = "STREAMSTEAD_EPOCH"

    def __init__(self, redis: Redis, path: Path) -> None:
        self._redis = redis
        self._path = path
        self.state = StoreState.STARTING
        self.value = self._read()

    def _read(self) -> str:
        try:
            return self._path.read_text(encoding="ascii").strip()
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as exc:
            raise ConfigError(
                f"{self._path} cannot be read ({type(exc).__name__})",
                "Correct its owner and mode; it holds the id of the settings store.",
            ) from None

    async def ensure(self) -> bool:
        """Compare; on a new machine write id and default rule first. True when the store was found
        emptied just now (and not before). Raises RedisError, OSError."""
        stored = await self._redis.get(self.KEY)
        if self.value == "":
            if stored is None:
                await self._seed(secrets.token_hex(16))
                stored = await self._redis.get(self.KEY)
            value = text(stored)
            write_atomic(self._path, value.encode(), 0o600)
            self.value = value
        before = self.state
        self.state = StoreState.READY if stored == self.value else StoreState.EMPTIED
        if self.state is StoreState.EMPTIED and before is not StoreState.EMPTIED:
            log.error("store.emptied", advice="restore a backup, or: streamstead store accept")
            return True
        return False

    async def look(self) -> StoreState:
        """Return how it is at this moment; ``state`` changes by ``ensure`` alone, which tells."""
        if self.value == "":
            return StoreState.STARTING
        ours = await self._redis.get(self.KEY) == self.value
        return StoreState.READY if ours else StoreState.EMPTIED

    async def accept(self) -> None:
        """Take the store as it is, with the public default rule where there is none."""
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(self.KEY, self.value)
            pipe.hsetnx(PlayRuleStore.KEY, DEFAULT, _default_rule())
            await pipe.execute()
        self.state = StoreState.READY
        log.warning("store.accepted")

    async def _seed(self, value: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.setnx(self.KEY, value)
            pipe.hsetnx(PlayRuleStore.KEY, DEFAULT, _default_rule())
            await pipe.execute()


def _default_rule() -> str:
    return orjson.dumps(PlayRule()).decode()
