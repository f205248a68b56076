"""Routes of live rooms, as Oryx has them; the fields of its assistant are kept without effect."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.errors import NotFound
from ..core.log import get_logger
from ..core.names import check_name
from ..core.rooms import Room
from .evict import end_publishers_of_room, now_or_soon
from .fields import Name
from .secret import check_secret
from .services import ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/live/room", tags=["rooms"])


class Rooms(BaseModel):
    rooms: list[Room]


class CreateRoom(Body):
    title: Annotated[str, Field(min_length=1, max_length=200)]


class RoomId(Body):
    uuid: Name


class WholeRoom(Body):
    """A room as it shall be; what is absent is empty. Fields that begin with ``ai`` are kept."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, str | bool | int | float | None] = Field(init=False)

    uuid: Name
    title: Annotated[str, Field(min_length=1, max_length=200)]
    stream: Name
    secret: Annotated[str, Field(max_length=128)]
    stage_uuid: Annotated[str, Field(max_length=64)] = ""
    roomToken: Annotated[str, Field(max_length=64)] = ""  # noqa: N815
    created_at: Annotated[str, Field(max_length=64)] = ""
    assistant: bool = False


@router.post("/create")
async def create(body: CreateRoom, services: ServicesDep, _: SignedIn) -> Reply[Room]:
    """Make a room: a stream name that nobody guesses and a secret for it alone."""
    room = await services.rooms.create(body.title, services.clock())
    log.info("room.made", room=room.uuid, stream=room.stream)
    return Reply(data=room)


@router.post("/query")
async def query(body: RoomId, services: ServicesDep, _: SignedIn) -> Reply[Room]:
    """Return one room."""
    return Reply(data=await services.rooms.get(body.uuid))


@router.post("/update")
async def update(body: WholeRoom, services: ServicesDep, _: SignedIn) -> Reply[Room]:
    """Put a whole room in the place of the one of that uuid. Its publisher is disconnected when
    stream or secret are others now."""
    check_name(body.stream, "stream")
    check_secret(body.secret)
    room = Room.model_validate(body.model_dump(exclude={"token"}))
    had = await services.rooms.replace(room)
    if (had.stream, had.secret) != (room.stream, room.secret):
        await now_or_soon(end_publishers_of_room(services, had.stream))
    log.info("room.changed", room=room.uuid, stream=room.stream)
    return Reply(data=room)


@router.post("/list")
async def list_rooms(services: ServicesDep, _who: SignedIn, _: Body | None = None) -> Reply[Rooms]:
    """List all rooms, the oldest first."""
    return Reply(data=Rooms(rooms=await services.rooms.all()))


@router.post("/remove")
async def remove(body: RoomId, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Remove a room with its secret; its publisher is disconnected."""
    room = await services.rooms.remove(body.uuid)
    if room is None:
        raise NotFound(
            "there is no room of this uuid", "Look at the list again.", key="room_unknown"
        )
    await now_or_soon(end_publishers_of_room(services, room.stream))
    log.warning("room.removed", room=room.uuid, stream=room.stream)
    return Reply(data=None)
