"""What holds for every publisher: who is let in, and how much of everything."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from redis.asyncio import Redis

from .known_streams import MAX_KBPS
from .publish_secret import PublishSecretStore

_NO_AUTH_FIELD = "pubNoAuth"

Count = Annotated[int, Field(ge=0, le=100_000)]
Kbps = Annotated[int, Field(ge=0, le=MAX_KBPS)]
BlockSeconds = Annotated[int, Field(ge=0, le=86_400)]


class PublishRules(BaseModel):
    """The switches and limits of publishing; 0 is no limit."""

    no_auth: bool = False
    """True: publishers need no secret and no key. Streams are tracked in either case."""
    known_only: bool = False
    """True: only streams that were added beforehand may be published."""
    secret_in_name: bool = False
    """True: the secret may be part of the stream name, for encoders that send no parameters."""
    max_streams: Count = 0
    """Streams live at once."""
    max_kbps: Kbps = 0
    """Bitrate of one stream; a publisher above it for 10 s is disconnected."""
    max_attempts: Count = 30
    """Failed attempts of one address in a minute; then it is refused without a look."""
    kick_block_s: BlockSeconds = 10
    """How long a disconnected stream is refused, so that its encoder does not win it back."""


class PublishRulesStore:
    """``STREAMSTEAD_PUBLISH_RULES`` hash: fields as in PublishRules but ``no_auth``; switches are
    ``true`` or ``false``; an absent field has its default. ``no_auth`` is ``pubNoAuth`` of
    ``SRS_AUTH_SECRET``, where SRS-cloud and Oryx keep it."""

    KEY = "STREAMSTEAD_PUBLISH_RULES"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self) -> PublishRules:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(self.KEY)
            pipe.hget(PublishSecretStore.KEY, _NO_AUTH_FIELD)
            stored, no_auth = await pipe.execute()
        return PublishRules.model_validate({**stored, "no_auth": no_auth == "true"})

    async def update(self, changes: dict[str, Any]) -> PublishRules:
        """Change some; all of them at once or none. Values must have been checked."""
        changes = dict(changes)
        no_auth = changes.pop("no_auth", None)
        async with self._redis.pipeline(transaction=True) as pipe:
            if changes:
                pipe.hset(self.KEY, mapping={name: _word(value) for name, value in changes.items()})
            if no_auth is not None:
                pipe.hset(PublishSecretStore.KEY, _NO_AUTH_FIELD, _word(no_auth))
            await pipe.execute()
        return await self.get()


def _word(value: bool | int) -> str:
    return str(value).lower()
