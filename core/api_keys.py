"""API keys: credentials of programs, each with a name, a scope and, if wanted, an end."""

import hmac
import secrets
from hashlib import sha256
from typing import Annotated

from pydantic import BaseModel, Field
from redis.asyncio import Redis

from .scopes import Scope
from .store import text

PREFIX = "ssk_"
MAX_KEYS = 100
_ID_BYTES = 6
_SECRET_BYTES = 32
_USED_GAP_MS = 60_000


class ApiKey(BaseModel):
    """What is kept of a key; times in ms since the epoch. The key itself is shown once."""

    id: str
    label: Annotated[str, Field(min_length=1, max_length=80)]
    scope: Scope
    hint: str
    """Its last four characters."""
    created_ms: int
    created_by: str
    expires_ms: int | None = None
    last_used_ms: int | None = None


class _Stored(ApiKey):
    digest: str
    """SHA-256 of the key: it is random and long, so nothing slower is needed."""


class ApiKeyStore:
    """``STREAMSTEAD_API_KEYS`` hash, id to JSON (``ApiKey`` with ``digest``), and
    ``STREAMSTEAD_API_KEYS_USED`` hash, id to the time of the last use in ms, to the minute."""

    KEY = "STREAMSTEAD_API_KEYS"
    USED = "STREAMSTEAD_API_KEYS_USED"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._noted: dict[str, int] = {}
        self._add = redis.register_script(
            "if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end "
            "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) return 1"
        )

    async def create(
        self, label: str, scope: Scope, expires_ms: int | None, by: str, now_ms: int
    ) -> tuple[ApiKey, str] | None:
        """Make a key; return it with its secret, or None when there are too many."""
        key_id = secrets.token_hex(_ID_BYTES)
        key = f"{PREFIX}{key_id}_{secrets.token_urlsafe(_SECRET_BYTES)}"
        stored = _Stored(
            id=key_id,
            label=label,
            scope=scope,
            hint=key[-4:],
            created_ms=now_ms,
            created_by=by,
            expires_ms=expires_ms,
            digest=_digest(key),
        )
        raw = stored.model_dump_json(exclude={"last_used_ms"})
        if not await self._add(keys=(self.KEY,), args=(key_id, raw, MAX_KEYS)):
            return None
        return _public(stored, None), key

    async def all(self) -> list[ApiKey]:
        """Return all, newest first."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(self.KEY)
            pipe.hgetall(self.USED)
            kept, used = await pipe.execute()
        found = [_Stored.model_validate_json(raw) for raw in kept.values()]
        keys = [_public(one, int(used[one.id]) if one.id in used else None) for one in found]
        return sorted(keys, key=lambda key: -key.created_ms)

    async def remove(self, key_id: str) -> ApiKey | None:
        """Make a key worthless at once; return what it was, None when there is none."""
        raw = await self._redis.hget(self.KEY, key_id)
        if raw is None:
            return None
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(self.KEY, key_id)
            pipe.hdel(self.USED, key_id)
            await pipe.execute()
        return _public(_Stored.model_validate_json(text(raw)), None)

    async def find(self, credential: str, now_ms: int) -> ApiKey | None:
        """Return the key of this credential; None when it is unknown, wrong or has ended."""
        key_id, _, secret = credential.removeprefix(PREFIX).partition("_")
        if not secret or len(credential) > 200:
            return None
        raw = await self._redis.hget(self.KEY, key_id)
        if raw is None:
            return None
        stored = _Stored.model_validate_json(text(raw))
        if not hmac.compare_digest(stored.digest, _digest(credential)):
            return None
        if stored.expires_ms is not None and stored.expires_ms <= now_ms:
            return None
        if now_ms - self._noted.get(key_id, 0) >= _USED_GAP_MS:
            self._noted[key_id] = now_ms
            await self._redis.hset(self.USED, key_id, str(now_ms))
        return _public(stored, now_ms)


def _digest(credential: str) -> str:
    return sha256(credential.encode()).hexdigest()


def _public(stored: _Stored, last_used_ms: int | None) -> ApiKey:
    return ApiKey(
        **stored.model_dump(exclude={"digest", "last_used_ms"}), last_used_ms=last_used_ms
    )
