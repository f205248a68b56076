"""Where programmes are kept."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import replace

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ...core.errors import Conflict, NotFound
from ...core.log import get_logger
from ...core.store import text
from .programme import Programme

log = get_logger(__name__)

MAX_PROGRAMMES = 8
"""Each of them is a process of its own while it is on."""

COMPARE_S = 30.0
_ATTEMPTS = 20
_SWAP = """
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) return 1 end
if ARGV[2] == '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return -1 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


class ProgrammeStore:
    """``STREAMSTEAD_PROGRAMMES`` hash: programme id -> Programme JSON; 8 at most.

    ``current`` is what was read last: while Redis is away it goes on to count.
    """

    KEY = "STREAMSTEAD_PROGRAMMES"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._swap = redis.register_script(_SWAP)
        self._listeners: list[Callable[[], None]] = []
        self._raw: dict[str, str] | None = None
        self.current: tuple[Programme, ...] = ()

    @property
    def loaded(self) -> bool:
        """Whether ``current`` was ever read."""
        return self._raw is not None

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after every change."""
        self._listeners.append(changed)

    async def refresh(self) -> None:
        """Read everything again; tells who listens when it has changed. Raises RedisError."""
        found = await self._redis.hgetall(self.KEY)
        raw = {text(id_): text(one) for id_, one in found.items()}
        if raw == self._raw:
            return
        programmes = []
        for id_, one in raw.items():
            try:
                programmes.append(Programme.from_json(one))
            except (ValueError, KeyError, TypeError, AttributeError) as exc:
                log.error("programme.unreadable", id=id_, error=type(exc).__name__)
        self._raw = raw
        self.current = tuple(sorted(programmes, key=lambda one: (one.created_ms, one.id)))
        for listener in self._listeners:
            listener()

    async def run(self) -> None:
        """Notice what changes without us (a restored backup); never returns."""
        while True:
            try:
                await self.refresh()
            except RedisError as exc:
                log.warning("programmes.not_read", error=type(exc).__name__)
            await asyncio.sleep(COMPARE_S)

    async def all(self) -> tuple[Programme, ...]:
        """Return every programme, oldest first. Raises RedisError before the first read."""
        if not self.loaded:
            await self.refresh()
        return self.current

    async def get(self, programme_id: str) -> Programme:
        """Raises NotFound, RedisError."""
        raw = await self._redis.hget(self.KEY, programme_id)
        if raw is None:
            raise _unknown()
        return Programme.from_json(raw)

    async def create(self, programme: Programme) -> Programme:
        """Add one. Raises Conflict (``too_many_programmes``)."""
        made = replace(programme, id=secrets.token_hex(4))
        if not await self._write(made.id, "", made.to_json()):
            raise Conflict("there is such a programme already", "Look at the list again.")
        return made

    async def change(self, programme_id: str, edit: Callable[[Programme], Programme]) -> Programme:
        """Replace one by ``edit(programme)``, whoever else changes it. Raises NotFound, Conflict,
        and what ``edit`` does."""
        for _ in range(_ATTEMPTS):
            raw = await self._redis.hget(self.KEY, programme_id)
            if raw is None:
                raise _unknown()
            after = edit(Programme.from_json(raw))
            if await self._write(programme_id, text(raw), after.to_json()):
                return after
        raise Conflict("the programme is being changed by somebody else", "Try again.")

    async def remove(self, programme_id: str) -> None:
        """Forget one. Raises NotFound."""
        for _ in range(_ATTEMPTS):
            raw = await self._redis.hget(self.KEY, programme_id)
            if raw is None:
                raise _unknown()
            if await self._write(programme_id, text(raw), ""):
                return
        raise Conflict("the programme is being changed by somebody else", "Try again.")

    async def _write(self, programme_id: str, before: str, after: str) -> bool:
        verdict = int(
            await self._swap(keys=(self.KEY,), args=(programme_id, before, after, MAX_PROGRAMMES))
        )
        if verdict == -1:
            raise Conflict(
                f"there are {MAX_PROGRAMMES} programmes already",
                "Remove one that is no longer used.",
                key="too_many_programmes",
            )
        if verdict == 1:
            await self.refresh()
        return verdict == 1


def _unknown() -> NotFound:
    return NotFound(
        "there is no such programme", "Look at the list again.", key="programme_unknown"
    )
