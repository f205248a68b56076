"""Publishers that may not go on because a rule has changed."""

from .services import Services

ROOM = "room"


async def end_publishers_of_room(services: Services, stream: str) -> None:
    """Disconnect whoever publishes a room's stream by the room's secret, in any application."""
    for session in (await services.registry.publishers()).values():
        if session.stream == stream and session.key_id == ROOM:
            await services.enforcer.publisher(session, "room_changed")
