"""Live rooms as Oryx keeps them: a title, a stream name made for it, and a secret of its own."""

import secrets
import uuid
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, ConfigDict, Field
from redis.asyncio import Redis

from .errors import Conflict, Invalid, NotFound
from .publish_secret import PublishSecretStore, room_field
from .registry import rfc3339

MAX_ROOMS = 1_000
MAX_ROOM_BYTES = 32 * 1024

_CREATE = """
if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return 'full' end
if redis.call('HSETNX', KEYS[2], ARGV[3], ARGV[4]) == 0 then return 'taken' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 'made'
"""

_SWAP = """
local had = redis.call('HGET', KEYS[1], ARGV[1])
if had ~= ARGV[2] then return 'changed' end
if ARGV[4] ~= ARGV[5] and redis.call('HEXISTS', KEYS[2], ARGV[5]) == 1 then return 'taken' end
redis.call('HDEL', KEYS[2], ARGV[4])
redis.call('HSET', KEYS[2], ARGV[5], ARGV[6])
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 'made'
"""

_REMOVE = """
local raw = redis.call('HGET', KEYS[1], ARGV[1])
if not raw then return '' end
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], 'room-pub-' .. cjson.decode(raw).stream)
return raw
"""


class Room(BaseModel):
    """One room. Every further field (those of Oryx's assistant begin with ``ai``) is kept as it
    was given and has no effect here."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, Any] = Field(init=False)

    uuid: str
    title: Annotated[str, Field(max_length=200)]
    stream: str
    """Name of its stream; any application."""
    secret: str
    """What its publisher presents; the global secret does not count for this stream."""
    stage_uuid: str = ""
    roomToken: str = ""  # noqa: N815
    created_at: str = ""
    assistant: bool = False

    @property
    def further(self) -> set[str]:
        """Names of the fields that have no effect here."""
        return set(self.__pydantic_extra__)


class RoomStore:
    """``SRS_LIVE_ROOM`` hash: uuid -> Room as JSON, at most 1000. The secret stands again in
    ``SRS_AUTH_SECRET``, field ``room-pub-<stream>``, where the gate finds it."""

    KEY = "SRS_LIVE_ROOM"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._create = redis.register_script(_CREATE)
        self._swap = redis.register_script(_SWAP)
        self._remove = redis.register_script(_REMOVE)
        self._keys = (self.KEY, PublishSecretStore.KEY)

    async def all(self) -> list[Room]:
        """Return all rooms, the oldest first."""
        found = [Room.model_validate_json(raw) for raw in await self._redis.hvals(self.KEY)]
        return sorted(found, key=lambda one: (one.created_at, one.uuid))

    async def get(self, room_id: str) -> Room:
        """Return one. Raises NotFound."""
        return Room.model_validate_json(await self._raw(room_id))

    async def _raw(self, room_id: str) -> str | bytes:
        raw = await self._redis.hget(self.KEY, room_id)
        if raw is None:
            raise NotFound(
                "there is no room of this uuid", "Look at the list again.", key="room_unknown"
            )
        return raw

    async def create(self, title: str, now_ms: int) -> Room:
        """Make a room with a new stream name and secret. Raises Conflict when there are 1000."""
        while True:
            room = Room(
                uuid=str(uuid.uuid4()),
                title=title,
                stream=secrets.token_hex(6),
                secret=secrets.token_hex(8).upper(),
                stage_uuid=str(uuid.uuid4()),
                roomToken=str(uuid.uuid4()),
                created_at=rfc3339(now_ms),
            )
            args = (room.uuid, _json(room), room_field(room.stream), room.secret, MAX_ROOMS)
            done = await self._create(keys=self._keys, args=args)
            if done == "made":
                return room
            if done == "full":
                raise Conflict(
                    f"there are {MAX_ROOMS} rooms already",
                    "Remove those that are not used any more.",
                    key="too_many_rooms",
                )

    async def replace(self, room: Room) -> Room:
        """Put a whole room in the place of the one of that uuid; returns what it was.

        Raises NotFound; Conflict when another room has the stream; Invalid when it is too large or
        has a field that is no room's.
        """
        while True:
            raw = await self._raw(room.uuid)
            had = Room.model_validate_json(raw)
            new = {name for name in room.further - had.further if not name.startswith("ai")}
            if new:
                raise Invalid(
                    f"{sorted(new)[0]} is not a field of a room", "Remove it.", key="unknown_field"
                )
            json = _json(room)
            if len(json) > MAX_ROOM_BYTES:
                raise Invalid(
                    f"the room is larger than {MAX_ROOM_BYTES} bytes", "Shorten its texts."
                )
            args = (
                room.uuid,
                raw,
                json,
                room_field(had.stream),
                room_field(room.stream),
                room.secret,
            )
            done = await self._swap(keys=self._keys, args=args)
            if done == "made":
                return had
            if done == "taken":
                raise Conflict(
                    "another room has this stream", "Choose another name.", key="room_stream_taken"
                )

    async def remove(self, room_id: str) -> Room | None:
        """Remove a room and its secret; returns what it was, None when there was none."""
        raw = await self._remove(keys=self._keys, args=(room_id,))
        return Room.model_validate_json(raw) if raw else None


def _json(room: Room) -> bytes:
    try:
        return orjson.dumps(room.model_dump())
    except orjson.JSONEncodeError:
        raise Invalid(
            "a field of the room has a name or number that cannot be stored", "Leave it out."
        ) from None
