"""The secret that encoders present, in the place where SRS-cloud and Oryx keep it."""

import secrets

from redis.asyncio import Redis

from .store import text


def room_field(stream: str) -> str:
    """Return the field of the secret that a room's streams of this name have."""
    return f"room-pub-{stream}"


class PublishSecretStore:
    """``SRS_AUTH_SECRET`` hash: ``pubSecret`` (clear text: the page shows it to its owner),
    ``pubNoAuth`` ("true": anyone may publish). ``SRS_SECRET_PUBLISH`` is the old copy of it."""

    KEY = "SRS_AUTH_SECRET"
    OLD_KEY = "SRS_SECRET_PUBLISH"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def ensure(self) -> str:
        """Return the secret; make one when there is none."""
        secret = await self.get()
        if secret is None:
            await self._redis.hsetnx(self.KEY, "pubSecret", secrets.token_hex(16))
            secret = await self.get()
        assert secret is not None
        return secret

    async def get(self) -> str | None:
        raw = await self._redis.hget(self.KEY, "pubSecret")
        return text(raw) if raw else None

    async def set(self, secret: str) -> None:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hset(self.KEY, "pubSecret", secret)
            pipe.set(self.OLD_KEY, secret)
            await pipe.execute()

    async def has_room(self, stream: str) -> bool:
        """Tell whether a room has a secret of its own for streams of this name."""
        return bool(await self._redis.hexists(self.KEY, room_field(stream)))

    async def no_auth(self) -> bool:
        return await self._redis.hget(self.KEY, "pubNoAuth") == "true"

    async def set_no_auth(self, off: bool) -> None:
        """``off`` True: publishers need no secret. Tracking of streams goes on in either case."""
        await self._redis.hset(self.KEY, "pubNoAuth", "true" if off else "false")
