"""Keys that open one stream to one publisher each. The store keeps digests, never a secret."""

import hashlib
import secrets
from collections.abc import Iterable
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field
from redis.asyncio import Redis

from .errors import Conflict, NotFound
from .known_streams import KnownStreamStore
from .store import text

MAX_KEYS = 5_000
MAX_KEYS_PER_STREAM = 50
HINT_LENGTH = 4

_CREATE = """
local stream, id, json, digest = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
if redis.call('HEXISTS', KEYS[3], stream) == 0 then return 'unknown' end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return 'full' end
local mine = 0
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  if field:sub(1, #stream + 1) == stream .. ' ' and #field == #stream + 65 then mine = mine + 1 end
end
if mine >= tonumber(ARGV[6]) then return 'stream_full' end
if redis.call('HSETNX', KEYS[1], id, json) == 0 then return 'taken' end
redis.call('HSET', KEYS[2], stream .. ' ' .. digest, id)
return 'made'
"""

_SWAP = """
local had = redis.call('HGET', KEYS[1], ARGV[1])
if had ~= ARGV[2] then return 0 end
local old, new = cjson.decode(had), cjson.decode(ARGV[3])
redis.call('HDEL', KEYS[2], old.url .. ' ' .. old.digest)
redis.call('HSET', KEYS[2], new.url .. ' ' .. new.digest, ARGV[1])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""

_REVOKE = """
local raw = redis.call('HGET', KEYS[1], ARGV[1])
if not raw then return '' end
local had = cjson.decode(raw)
redis.call('HDEL', KEYS[2], had.url .. ' ' .. had.digest)
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return raw
"""

_REVOKE_ALL = """
local stream, gone = ARGV[1], 0
local all = redis.call('HGETALL', KEYS[2])
for i = 1, #all, 2 do
  local field, id = all[i], all[i + 1]
  if field:sub(1, #stream + 1) == stream .. ' ' and #field == #stream + 65 then
    redis.call('HDEL', KEYS[2], field)
    redis.call('HDEL', KEYS[1], id)
    redis.call('HDEL', KEYS[3], id)
    gone = gone + 1
  end
end
return gone
"""


class StoredKey(BaseModel):
    """One key as Redis holds it. ``digest`` is SHA-256 of the secret in hex, ``hint`` its last four
    characters, so that an operator can tell two keys apart."""

    id: str
    url: str
    app: str
    stream: str
    label: Annotated[str, Field(max_length=100)]
    digest: str
    hint: str
    enabled: bool = True
    created_ms: int
    expires_ms: int | None = None
    rotated_ms: int = 0
    """When its secret was last made anew; who came before then came by an older one."""

    def opens(self, now_ms: int) -> bool:
        """Tell whether a publisher may use it now."""
        return self.enabled and (self.expires_ms is None or self.expires_ms > now_ms)


class PublishKeyStore:
    """Owns three hashes; every change of a key is one script.

    - ``STREAMSTEAD_KEYS``: key id (8 hex) -> StoredKey as JSON; at most 5000, 50 a stream.
    - ``STREAMSTEAD_KEY_DIGESTS``: ``<url> <digest>`` -> key id. A digest counts for its own stream.
    - ``STREAMSTEAD_KEY_USED``: key id -> ``<ms> <ip>`` of the last publisher; the gate writes it.
    """

    KEY = "STREAMSTEAD_KEYS"
    DIGESTS = "STREAMSTEAD_KEY_DIGESTS"
    USED = "STREAMSTEAD_KEY_USED"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._create = redis.register_script(_CREATE)
        self._swap = redis.register_script(_SWAP)
        self._revoke = redis.register_script(_REVOKE)
        self._revoke_all = redis.register_script(_REVOKE_ALL)

    async def list(self, url: str) -> list[StoredKey]:
        """Return the keys of one stream, the oldest first."""
        found = [
            StoredKey.model_validate_json(raw)
            for raw in await self._redis.hvals(self.KEY)
            if orjson.loads(raw)["url"] == url
        ]
        return sorted(found, key=lambda one: (one.created_ms, one.id))

    async def get(self, key_id: str) -> StoredKey:
        """Return one. Raises NotFound."""
        raw = await self._redis.hget(self.KEY, key_id)
        if raw is None:
            raise _unknown(key_id)
        return StoredKey.model_validate_json(raw)

    async def used(self, key_ids: Iterable[str]) -> dict[str, tuple[int, str]]:
        """Return key id -> (ms, address) of the last publisher, for those that were used."""
        wanted = list(key_ids)
        if not wanted:
            return {}
        found = await self._redis.hmget(self.USED, wanted)
        pairs = {
            key_id: text(raw).partition(" ")
            for key_id, raw in zip(wanted, found, strict=True)
            if raw is not None
        }
        return {key_id: (int(ms), ip) for key_id, (ms, _, ip) in pairs.items()}

    async def create(
        self, app: str, stream: str, label: str, expires_ms: int | None, now_ms: int
    ) -> tuple[StoredKey, str]:
        """Return (the key, its secret); the secret is never known again.

        The stream must be known (KnownStreamStore.ensure). Raises NotFound, or Conflict when there
        are too many keys.
        """
        while True:
            secret = _new_secret()
            key = StoredKey(
                id=secrets.token_hex(4),
                url=f"{app}/{stream}",
                app=app,
                stream=stream,
                label=label,
                digest=digest_of(secret),
                hint=secret[-HINT_LENGTH:],
                created_ms=now_ms,
                expires_ms=expires_ms,
            )
            done = await self._create(
                keys=(self.KEY, self.DIGESTS, KnownStreamStore.KEY),
                args=(key.url, key.id, _json(key), key.digest, MAX_KEYS, MAX_KEYS_PER_STREAM),
            )
            match done:
                case "made":
                    return key, secret
                case "unknown":
                    raise NotFound(
                        f"no stream is called {key.url}", "Add it first.", key="stream_unknown"
                    )
                case "full":
                    raise _too_many(f"there are {MAX_KEYS} keys already")
                case "stream_full":
                    raise _too_many(f"{key.url} has {MAX_KEYS_PER_STREAM} keys already")
            # "taken": another key has this id

    async def update(self, key_id: str, changes: dict[str, Any]) -> StoredKey:
        """Change some fields. Raises NotFound."""
        while True:
            raw = await self._redis.hget(self.KEY, key_id)
            if raw is None:
                raise _unknown(key_id)
            now = StoredKey.model_validate(orjson.loads(raw) | changes)
            args = (key_id, raw, _json(now))
            if await self._swap(keys=(self.KEY, self.DIGESTS), args=args):
                return now

    async def rotate(self, key_id: str, now_ms: int) -> tuple[StoredKey, str]:
        """Give a key a new secret; the old one opens nothing from now on. Raises NotFound."""
        secret = _new_secret()
        changes = {
            "digest": digest_of(secret),
            "hint": secret[-HINT_LENGTH:],
            "rotated_ms": now_ms,
        }
        return await self.update(key_id, changes), secret

    async def revoke(self, key_id: str) -> StoredKey | None:
        """Remove a key for ever; returns what it was, None when there was none."""
        raw = await self._revoke(keys=(self.KEY, self.DIGESTS, self.USED), args=(key_id,))
        return StoredKey.model_validate_json(raw) if raw else None

    async def revoke_all(self, url: str) -> int:
        """Remove every key of a stream; returns how many."""
        done = await self._revoke_all(keys=(self.KEY, self.DIGESTS, self.USED), args=(url,))
        return int(done)


def digest_of(secret: str) -> str:
    """Return what is stored of a secret. It is random and long, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _new_secret() -> str:
    return secrets.token_hex(16)  # 128 bits, and no character that an encoder would change


def _json(key: StoredKey) -> bytes:
    return orjson.dumps(key.model_dump())


def _unknown(key_id: str) -> NotFound:
    return NotFound(
        f"there is no key {key_id!r}", "Look at the list of keys again.", key="key_unknown"
    )


def _too_many(message: str) -> Conflict:
    return Conflict(message, "Revoke those that are not used any more.", key="too_many_keys")
