"""The buckets that recordings may go to: who they are, with their keys under seal."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import orjson
from redis.asyncio import Redis

from ...core.errors import Conflict, NotFound
from ...core.sealed import STORAGE, Sealer
from ...core.store import text

MAX_TARGETS = 16
_ATTEMPTS = 20
_SWAP = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


@dataclass(frozen=True, slots=True)
class StorageTarget:
    """``endpoint`` empty: the provider's own by region. ``delivery``: ``through`` this server, or
    ``redirect`` players to the bucket. ``health_*``: how the last use of it went; ``health_ok``
    None before the first."""

    id: str
    label: str
    provider: str
    bucket: str
    region: str = ""
    endpoint: str = ""
    prefix: str = ""
    access_key: str = ""
    sealed_secret: str = ""
    path_style: bool = False
    storage_class: str = ""
    acl: str = ""
    public_url: str = ""
    delivery: str = "through"
    enabled: bool = True
    created_ms: int = 0
    health_ok: bool | None = None
    health_key: str = ""
    health_message: str = ""
    health_ms: int = 0

    @classmethod
    def from_json(cls, raw: str | bytes) -> "StorageTarget":
        """Read what is stored; fields of other versions are ignored."""
        stored: dict[str, Any] = orjson.loads(raw)
        return cls(**{one.name: stored[one.name] for one in fields(cls) if one.name in stored})

    def to_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    def key_of(self, name: str) -> str:
        """Return the object's key of a name below the prefix."""
        lead = self.prefix.strip("/")
        return f"{lead}/{name}" if lead else name


class StorageTargetStore:
    """- ``STREAMSTEAD_STORAGE_TARGETS`` hash: target id -> StorageTarget JSON; 16 at most.
    - ``STREAMSTEAD_STORAGE_DEFAULT`` string: id of the one that is used where none is named.

    ``default_changed`` is told the id of the default target ("" for none) whenever it changes.
    """

    KEY = "STREAMSTEAD_STORAGE_TARGETS"
    DEFAULT = "STREAMSTEAD_STORAGE_DEFAULT"

    def __init__(
        self,
        redis: Redis,
        master_key: bytes,
        default_changed: Callable[[str], Awaitable[None]],
    ) -> None:
        self._redis = redis
        self._sealer = Sealer(master_key, STORAGE)
        self._default_changed = default_changed
        self._swap = redis.register_script(_SWAP)

    async def all(self) -> list[StorageTarget]:
        """Return every target, oldest first."""
        found = [StorageTarget.from_json(raw) for raw in await self._redis.hvals(self.KEY)]
        return sorted(found, key=lambda one: (one.created_ms, one.id))

    async def get(self, target_id: str) -> StorageTarget:
        """Raises NotFound."""
        raw = await self._redis.hget(self.KEY, target_id)
        if raw is None:
            raise _unknown()
        return StorageTarget.from_json(raw)

    async def default_id(self) -> str:
        """Return the id of the default target; "" for none."""
        return text(await self._redis.get(self.DEFAULT) or "")

    async def places(self) -> dict[str, tuple[str, str]]:
        """Return id -> (bucket, region) of every target."""
        return {one.id: (one.bucket, one.region) for one in await self.all()}

    def secret(self, target: StorageTarget) -> str:
        """Return its secret key. Raises SealBroken."""
        return self._sealer.open(target.sealed_secret)

    def seal(self, target: StorageTarget, secret_key: str) -> StorageTarget:
        """Return the target with another secret key."""
        return replace(target, sealed_secret=self._sealer.seal(secret_key))

    async def create(self, target: StorageTarget, secret_key: str) -> StorageTarget:
        """Add a target; the first one becomes the default. Raises Conflict."""
        made = self.seal(replace(target, id=target.id or secrets.token_hex(6)), secret_key)
        if await self._redis.hlen(self.KEY) >= MAX_TARGETS:
            raise Conflict(
                f"there are {MAX_TARGETS} storages already",
                "Remove one first.",
                key="too_many_storages",
            )
        if not await self._redis.hsetnx(self.KEY, made.id, made.to_json()):
            raise Conflict("there is such a storage already", "Look at the list again.")
        if not await self.default_id():
            await self.set_default(made.id)
        return made

    async def change(
        self, target_id: str, edit: Callable[[StorageTarget], StorageTarget]
    ) -> StorageTarget:
        """Replace a target by ``edit(target)``, whoever else changes it. Raises NotFound."""
        for _ in range(_ATTEMPTS):
            raw = await self._redis.hget(self.KEY, target_id)
            if raw is None:
                raise _unknown()
            changed = edit(StorageTarget.from_json(raw))
            values = [target_id, raw, changed.to_json()]
            if await self._swap(keys=[self.KEY], args=values):
                return changed
        raise Conflict("the storage is being changed by somebody else", "Try again.")

    async def remove(self, target_id: str) -> None:
        """Forget a target; what lies in its bucket stays there. Raises NotFound."""
        if not await self._redis.hdel(self.KEY, target_id):
            raise _unknown()
        if await self.default_id() == target_id:
            others = await self.all()
            await self.set_default(others[0].id if others else "")

    async def set_default(self, target_id: str) -> None:
        """Use this one where none is named; "" for none. Raises NotFound."""
        if target_id:
            await self.get(target_id)
            await self._redis.set(self.DEFAULT, target_id)
        else:
            await self._redis.delete(self.DEFAULT)
        await self._default_changed(target_id)


def _unknown() -> NotFound:
    return NotFound(
        "there is no such storage",
        "It may have been removed: look at the list again.",
        key="storage_unknown",
    )
