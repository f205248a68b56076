"""How much of this machine own films and cameras may take."""

from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from .store import text

DEFAULT_KBPS = 5_000
DEFAULT_QUOTA_MB = 20_000
MAX_KBPS = 1_000_000
MAX_QUOTA_MB = 100_000_000


@dataclass(frozen=True, slots=True)
class MediaLimits:
    """``vlive_kbps``, ``camera_kbps``: the largest bitrate of one source. ``quota_mb``: of all
    films in ``vlive/`` together, 10**6 bytes each; 0 is no limit but the disk."""

    vlive_kbps: int = DEFAULT_KBPS
    camera_kbps: int = DEFAULT_KBPS
    quota_mb: int = DEFAULT_QUOTA_MB

    @property
    def quota_bytes(self) -> int | None:
        return self.quota_mb * 1_000_000 or None


class MediaLimitStore:
    """``SRS_SYS_LIMITS`` hash: ``vlive``, ``camera`` (kbps, as Oryx), ``quota`` (MB). What is
    absent, or no number, counts as the default."""

    KEY = "SRS_SYS_LIMITS"
    _FIELDS = ("vlive", "camera", "quota")

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self) -> MediaLimits:
        """Raises RedisError."""
        vlive, camera, quota = await self._redis.hmget(self.KEY, list(self._FIELDS))
        return MediaLimits(
            _number(vlive, DEFAULT_KBPS, MAX_KBPS) or DEFAULT_KBPS,
            _number(camera, DEFAULT_KBPS, MAX_KBPS) or DEFAULT_KBPS,
            _number(quota, DEFAULT_QUOTA_MB, MAX_QUOTA_MB),
        )

    async def set(
        self,
        *,
        vlive_kbps: int | None = None,
        camera_kbps: int | None = None,
        quota_mb: int | None = None,
    ) -> MediaLimits:
        """Change those that are given; return all. Raises RedisError."""
        given = zip(self._FIELDS, (vlive_kbps, camera_kbps, quota_mb), strict=True)
        changes: dict[Any, Any] = {name: value for name, value in given if value is not None}
        if changes:
            await self._redis.hset(self.KEY, mapping=changes)
        return await self.get()


def _number(raw: str | bytes | None, otherwise: int, most: int) -> int:
    stored = text(raw) if raw is not None else ""
    if not (stored.isascii() and stored.isdigit()) or len(stored) > 15:
        return otherwise
    return min(int(stored), most)
