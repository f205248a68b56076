"""Streams that the operator has named: what they are called, and what holds for them alone."""

import secrets
import string
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field
from redis.asyncio import Redis

from .errors import Conflict, NotFound
from .names import check_stream
from .store import text

MAX_STREAMS = 5_000
MAX_KBPS = 1_000_000

_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 12

_CREATE = """
local had = redis.call('HGET', KEYS[1], ARGV[1])
if had then return {0, had} end
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return {-1, ''} end
if redis.call('HSETNX', KEYS[2], ARGV[2], ARGV[1]) == 0 then return {-2, ''} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return {1, ARGV[3]}
"""

_SWAP = """
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""

_REMOVE = """
local raw = redis.call('HGET', KEYS[1], ARGV[1])
if not raw then return 0 end
redis.call('HDEL', KEYS[2], cjson.decode(raw).playback_id)
redis.call('HDEL', KEYS[1], ARGV[1])
return 1
"""


class KnownStream(BaseModel):
    """One stream by name. ``playback_id`` may be given to viewers: it tells neither the name nor a
    key. ``max_kbps`` 0: the general limit holds."""

    app: str
    stream: str
    url: str
    title: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=2000)] = ""
    playback_id: str
    enabled: bool = True
    """False: nobody may publish it."""
    own_keys_only: bool = False
    """True: the global secret does not open it, only its own keys do."""
    max_kbps: Annotated[int, Field(ge=0, le=MAX_KBPS)] = 0
    created_ms: int


class KnownStreamStore:
    """Owns two hashes.

    - ``STREAMSTEAD_STREAMS``: url (``live/cam``) -> KnownStream as JSON; at most 5000.
    - ``STREAMSTEAD_PLAYBACK_IDS``: playback id (12 of ``[a-z0-9]``) -> url.
    """

    KEY = "STREAMSTEAD_STREAMS"
    IDS = "STREAMSTEAD_PLAYBACK_IDS"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._create = redis.register_script(_CREATE)
        self._swap = redis.register_script(_SWAP)
        self._remove = redis.register_script(_REMOVE)

    async def all(self) -> list[KnownStream]:
        """Return all of them, by url."""
        raw = await self._redis.hvals(self.KEY)
        found = [KnownStream.model_validate_json(value) for value in raw]
        return sorted(found, key=lambda one: one.url)

    async def find(self, url: str) -> KnownStream | None:
        raw = await self._redis.hget(self.KEY, url)
        return None if raw is None else KnownStream.model_validate_json(raw)

    async def get(self, url: str) -> KnownStream:
        """Return one. Raises NotFound."""
        found = await self.find(url)
        if found is None:
            raise _unknown(url)
        return found

    async def url_of(self, playback_id: str) -> str | None:
        """Return the url that a playback id stands for."""
        raw = await self._redis.hget(self.IDS, playback_id)
        return None if raw is None else text(raw)

    async def ensure(
        self, app: str, stream: str, now_ms: int, *, title: str = "", description: str = ""
    ) -> tuple[KnownStream, bool]:
        """Return (the stream, whether it is new); what it says already stays as it is.

        Raises Invalid for a name that could never be published, Conflict when there are too many.
        """
        url = check_stream(app, stream)
        while True:
            wanted = KnownStream(
                app=app,
                stream=stream,
                url=url,
                title=title,
                description=description,
                playback_id="".join(secrets.choice(_ALPHABET) for _ in range(_ID_LENGTH)),
                created_ms=now_ms,
            )
            done, raw = await self._create(
                keys=(self.KEY, self.IDS),
                args=(url, wanted.playback_id, _json(wanted), MAX_STREAMS),
            )
            if done == -1:
                raise Conflict(
                    f"there are {MAX_STREAMS} streams already",
                    "Remove those that are not used any more.",
                    key="too_many_streams",
                )
            if done != -2:  # -2: this playback id belongs to another stream
                return KnownStream.model_validate_json(raw), done == 1

    async def update(self, url: str, changes: dict[str, Any]) -> tuple[KnownStream, KnownStream]:
        """Change some fields. Returns (as it was, as it is). Raises NotFound."""
        while True:
            raw = await self._redis.hget(self.KEY, url)
            if raw is None:
                raise _unknown(url)
            had = KnownStream.model_validate_json(raw)
            now = KnownStream.model_validate(had.model_dump() | changes)
            if await self._swap(keys=(self.KEY,), args=(url, raw, _json(now))):
                return had, now

    async def remove(self, url: str) -> bool:
        """Forget a stream and its playback id; False when it was not known."""
        return bool(await self._remove(keys=(self.KEY, self.IDS), args=(url,)))


def _json(stream: KnownStream) -> bytes:
    return orjson.dumps(stream.model_dump())


def _unknown(url: str) -> NotFound:
    return NotFound(
        f"no stream is called {url}", "Look at the list of streams again.", key="stream_unknown"
    )
