"""Where ladders are kept, and what everybody else must know of them, written at once."""

import secrets
from collections.abc import Callable, Sequence

import orjson
from redis.asyncio import Redis

from ...core.errors import Conflict, NotFound
from ...core.registry import StreamRegistry
from ...core.renditions import Renditions, Variant
from ...core.store import text
from .ladder import MAX_LADDERS, Ladder, check_ladder

_ATTEMPTS = 20

# KEYS  1 STREAMSTEAD_TRANSCODES  2 STREAMSTEAD_RENDITIONS  3 STREAMSTEAD_LADDERS
# ARGV  1 id  2 JSON it must have now ("" = none)  3 new JSON  4 how many there may be  5 source url
#       6 {"id", "variants"}  7... urls of the renditions
# Reply: 1 done, 0 it is not what it was, -1 too many, -2 the source has a ladder, -3 the source is
# a rendition, or {-4, url}: that name belongs to something else.
_WRITE = """
local id, before, source = ARGV[1], ARGV[2], ARGV[5]
local had = redis.call('HGET', KEYS[1], id) or ''
if had ~= before then return {0} end
if before == '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[4]) then return {-1} end
local function owner(url)
  local raw = redis.call('HGET', KEYS[3], url)
  return raw and cjson.decode(raw).id or id
end
if owner(source) ~= id then return {-2} end
if redis.call('HEXISTS', KEYS[2], source) == 1 then return {-3} end
for at = 7, #ARGV do
  local of = redis.call('HGET', KEYS[2], ARGV[at])
  if owner(ARGV[at]) ~= id or (of and of ~= source) then return {-4, ARGV[at]} end
end
if before ~= '' then
  local was = cjson.decode(before)
  redis.call('HDEL', KEYS[3], was.app .. '/' .. was.stream)
end
redis.call('HSET', KEYS[1], id, ARGV[3])
redis.call('HSET', KEYS[3], source, ARGV[6])
for at = 7, #ARGV do redis.call('HSET', KEYS[2], ARGV[at], source) end
return {1}
"""

# The same KEYS; ARGV 1 id. The renditions stay what they are until `forget`.
_REMOVE = """
local raw = redis.call('HGET', KEYS[1], ARGV[1])
if not raw then return 0 end
local was = cjson.decode(raw)
redis.call('HDEL', KEYS[3], was.app .. '/' .. was.stream)
redis.call('HDEL', KEYS[1], ARGV[1])
return 1
"""

# KEYS  1 STREAMSTEAD_RENDITIONS  2 STREAMSTEAD_LADDERS  3 SRS_STREAM_ACTIVE
# ARGV  1... urls of renditions that no ladder has any more
_FORGET = """
for at = 1, #ARGV do
  local url = ARGV[at]
  local source = redis.call('HGET', KEYS[1], url)
  local raw = source and redis.call('HGET', KEYS[2], source)
  local wanted = false
  if raw then
    local app = source:match('^(.*)/')
    for _, one in ipairs(cjson.decode(raw).variants) do
      wanted = wanted or app .. '/' .. one.stream == url
    end
  end
  if source and not wanted and redis.call('HEXISTS', KEYS[3], url) == 0 then
    redis.call('HDEL', KEYS[1], url)
  end
end
return 1
"""

# KEYS  1 STREAMSTEAD_LADDERS   ARGV  1 source url  2 id  3 {"id", "variants"}
_DESCRIBE = """
local raw = redis.call('HGET', KEYS[1], ARGV[1])
if not raw or cjson.decode(raw).id ~= ARGV[2] or raw == ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


class LadderStore:
    """``STREAMSTEAD_TRANSCODES`` hash: ladder id -> Ladder JSON; 100 at most. With it, for everyone
    else, the two hashes of core/renditions.py.

    ``describe``: what players are told of a ladder.
    """

    KEY = "STREAMSTEAD_TRANSCODES"

    def __init__(self, redis: Redis, describe: Callable[[Ladder], Sequence[Variant]]) -> None:
        self._redis = redis
        self._describe = describe
        self._write = redis.register_script(_WRITE)
        self._remove = redis.register_script(_REMOVE)
        self._forget = redis.register_script(_FORGET)
        self._note = redis.register_script(_DESCRIBE)
        self._listeners: list[Callable[[], None]] = []

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after every change."""
        self._listeners.append(changed)

    async def all(self) -> list[Ladder]:
        """Return every ladder, oldest first. Raises RedisError."""
        raw = await self._redis.hvals(self.KEY)
        found = [Ladder.model_validate_json(one) for one in raw]
        return sorted(found, key=lambda one: (one.created_ms, one.id))

    async def get(self, ladder_id: str) -> Ladder:
        """Raises NotFound, RedisError."""
        raw = await self._redis.hget(self.KEY, ladder_id)
        if raw is None:
            raise _unknown()
        return Ladder.model_validate_json(raw)

    async def create(self, ladder: Ladder) -> Ladder:
        """Add a ladder. Raises Invalid, Conflict, RedisError."""
        if not await self._put(ladder, ""):
            raise Conflict("there is such a ladder already", "Look at the list again.")
        return ladder

    async def change(self, ladder_id: str, edit: Callable[[Ladder], Ladder]) -> Ladder:
        """Replace a ladder by ``edit(ladder)``, whoever else changes it. Raises NotFound, Invalid,
        Conflict, RedisError."""
        for _ in range(_ATTEMPTS):
            raw = await self._redis.hget(self.KEY, ladder_id)
            if raw is None:
                raise _unknown()
            before = Ladder.model_validate_json(raw)
            after = edit(before)
            if after == before or await self._put(after, text(raw)):
                return after
        raise Conflict("the ladder is being changed by somebody else", "Try again.")

    async def remove(self, ladder_id: str) -> None:
        """Forget a ladder. Its renditions are protected as before until they are over. Raises
        NotFound, RedisError."""
        keys = (self.KEY, Renditions.KEY, Renditions.LADDERS)
        if not await self._remove(keys=keys, args=(ladder_id,)):
            raise _unknown()
        self._tell()

    async def forget(self, urls: Sequence[str]) -> None:
        """Let streams be ordinary ones that no ladder makes any more and nobody publishes. Raises
        RedisError."""
        if urls:
            keys = (Renditions.KEY, Renditions.LADDERS, StreamRegistry.ACTIVE)
            await self._forget(keys=keys, args=tuple(urls))

    async def protect(self, targets: Sequence[str], source: str) -> None:
        """Let what is published under these urls be protected as its source is. Raises
        RedisError."""
        if targets:
            await self._redis.hset(Renditions.KEY, mapping=dict.fromkeys(targets, source))

    async def note(self, ladder: Ladder, variants: Sequence[Variant]) -> None:
        """Write down what is known of the renditions now that they run. Raises RedisError."""
        await self._note(
            keys=(Renditions.LADDERS,), args=(ladder.url, ladder.id, _told(ladder.id, variants))
        )

    async def _put(self, ladder: Ladder, before: str) -> bool:
        check_ladder(ladder)
        told = _told(ladder.id, self._describe(ladder))
        verdict, *more = await self._write(
            keys=(self.KEY, Renditions.KEY, Renditions.LADDERS),
            args=(
                ladder.id,
                before,
                ladder.model_dump_json(),
                MAX_LADDERS,
                ladder.url,
                told,
                *ladder.rendition_urls,
            ),
        )
        if verdict < 0:
            raise _refusal(int(verdict), ladder, text(more[0]) if more else "")
        if verdict == 1:
            self._tell()
        return bool(verdict == 1)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def new_ladder_id() -> str:
    """Return an id that no other ladder has."""
    return secrets.token_hex(4)


def _told(ladder_id: str, variants: Sequence[Variant]) -> bytes:
    return orjson.dumps({"id": ladder_id, "variants": [one.model_dump() for one in variants]})


def _unknown() -> NotFound:
    return NotFound("there is no such ladder", "Look at the list again.", key="transcode_unknown")


def _refusal(verdict: int, ladder: Ladder, name: str) -> Conflict:
    if verdict == -1:
        return Conflict(
            f"there are {MAX_LADDERS} ladders already",
            "Remove one that is no longer used.",
            key="transcode_too_many",
        )
    if verdict == -2:
        return Conflict(
            f"{ladder.url} has a ladder already", "Change that one.", key="transcode_exists"
        )
    if verdict == -3:
        return Conflict(
            f"{ladder.url} is itself a rendition",
            "Choose the stream that it is made from.",
            key="transcode_of_rendition",
        )
    return Conflict(
        f"the name {name} is used by another ladder",
        "Give the rendition another name.",
        key="transcode_name_taken",
    )
