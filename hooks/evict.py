"""End sessions that a changed rule no longer allows."""

from collections.abc import Awaitable

from ..core.errors import Upstream
from ..core.log import get_logger
from .enforce import ROOM
from .services import Services

log = get_logger(__name__)


async def now_or_soon(ending: Awaitable[object]) -> None:
    """Await what ends sessions. While the media server does not answer, the change that was made
    stays and the next reconciliation ends them; the caller must still get its answer."""
    try:
        await ending
    except Upstream as exc:
        log.warning("enforce.postponed", reason=exc.key)


async def end_publishers_of_room(services: Services, stream: str) -> None:
    """Disconnect whoever publishes a room's stream by the room's secret, in any application."""
    for session in (await services.registry.publishers()).values():
        if session.stream == stream and session.key_id == ROOM:
            await services.enforcer.publisher(session, "room_changed")
