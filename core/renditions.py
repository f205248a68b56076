"""Which streams are renditions of others: one stream in several sizes, to be watched as one."""

from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict
from redis.asyncio import Redis

from .store import text


class Variant(BaseModel):
    """What a player is told of a rendition. ``bandwidth`` is in bit/s; 0 and "" are not known;
    ``sound``: it has no picture."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    stream: str
    bandwidth: int
    width: int = 0
    height: int = 0
    fps: int = 0
    codecs: str = ""
    sound: bool = False


class Renditions:
    """Two hashes, written with the ladders by whoever makes the renditions.

    - ``STREAMSTEAD_RENDITIONS``: url of a rendition -> url of its source. Who may watch the source
      may watch this. It stays while the rendition can still be live, whatever became of the ladder.
    - ``STREAMSTEAD_LADDERS``: url of a source -> ``{"id", "variants": [Variant, ...]}``.
    """

    KEY = "STREAMSTEAD_RENDITIONS"
    LADDERS = "STREAMSTEAD_LADDERS"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def source_of(self, url: str) -> str | None:
        """Return what a stream is a rendition of; None when it is none. Raises RedisError."""
        raw = await self._redis.hget(self.KEY, url)
        return None if raw is None else text(raw)

    async def all(self) -> dict[str, str]:
        """Return the source by rendition, as urls. Raises RedisError."""
        found: dict[Any, Any] = await self._redis.hgetall(self.KEY)
        return {text(url): text(source) for url, source in found.items()}


def read_variants(raw: str) -> list[Variant]:
    """Read a list of variants as the registry gives it; "" is none."""
    return [Variant.model_validate(one) for one in orjson.loads(raw)] if raw else []
