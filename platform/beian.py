"""What stands at the foot and in the title of the pages: filing numbers and the site's name."""

from pydantic import BaseModel
from redis.asyncio import Redis

from ..core.errors import Invalid
from ..core.store import text

MAX_ENTRIES = 16


class Beian(BaseModel):
    """``icp``: number of the ICP filing that mainland China asks for; ``title``: name of the site;
    ``police``: number of the filing at the police. ``more``: entries of other names."""

    icp: str | None = None
    title: str | None = None
    police: str | None = None
    more: dict[str, str] = {}


class BeianStore:
    """``SRS_BEIAN`` hash: ``icp``, ``title``, ``police`` and others, to text for all."""

    KEY = "SRS_BEIAN"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        # Counted and written together, so that it never grows beyond its bound.
        self._put = redis.register_script(
            "if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 "
            "and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 0 end "
            "redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) return 1"
        )

    async def read(self) -> Beian:
        raw = await self._redis.hgetall(self.KEY)
        found = {text(name): text(value) for name, value in raw.items()}
        known = {name: found.pop(name, None) for name in ("icp", "title", "police")}
        return Beian(**known, more=found)

    async def put(self, name: str, value: str) -> None:
        """Set one entry; "" removes it. Raises Invalid when there are too many."""
        if not value:
            await self._redis.hdel(self.KEY, name)
        elif not await self._put(keys=(self.KEY,), args=(name, value, MAX_ENTRIES)):
            raise Invalid(
                f"there are {MAX_ENTRIES} entries already", "Remove one first, by an empty text."
            )
