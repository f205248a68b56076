"""How much of the line uploads may take."""

from dataclasses import asdict, dataclass

import orjson
from redis.asyncio import Redis

MAX_PARALLEL = 8
BYTES_PER_KBIT = 125


@dataclass(frozen=True, slots=True)
class UploadSettings:
    """``limit_kbps``: kilobits a second of all uploads together, 0 for no limit; ``parallel``: so
    many transfers to one target at once."""

    limit_kbps: int = 0
    parallel: int = 4

    @property
    def bytes_per_s(self) -> int:
        return self.limit_kbps * BYTES_PER_KBIT

    @classmethod
    def from_json(cls, raw: str | bytes | None) -> "UploadSettings":
        """Read what is stored; what is missing or makes no sense is as at first."""
        first = cls()
        try:
            stored = orjson.loads(raw or b"{}")
            limit, parallel = (
                int(stored.get("limit_kbps", first.limit_kbps)),
                int(stored.get("parallel", first.parallel)),
            )
        except (ValueError, TypeError, AttributeError):
            return first
        return cls(max(0, limit), min(max(1, parallel), MAX_PARALLEL))


class UploadSettingsStore:
    """``STREAMSTEAD_STORAGE_SETTINGS`` string: UploadSettings as JSON."""

    KEY = "STREAMSTEAD_STORAGE_SETTINGS"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self) -> UploadSettings:
        return UploadSettings.from_json(await self._redis.get(self.KEY))

    async def set(self, settings: UploadSettings) -> None:
        await self._redis.set(self.KEY, orjson.dumps(asdict(settings)))
