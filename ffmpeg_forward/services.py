"""What the routes and loops of ffmpeg_forward may use; ``app.state`` has it, filled in main.py."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Protocol, cast

from fastapi import Depends, Request
from redis.asyncio import Redis

from ..core.auth import Authenticator
from ..core.events import EventStream
from ..core.known_streams import KnownStreamStore
from ..core.registry import StreamRegistry
from ..core.settings import Settings
from .demo import Demo
from .outputs.store import OutputStore
from .programme.store import ProgrammeStore
from .relays import Relays
from .slate.files import SlateFiles
from .snapshots import Snapshots

if TYPE_CHECKING:
    from .channels.setup import ChannelPart
    from .outputs.director import Director
    from .outputs.feed import FfmpegFeed
    from .outputs.states import States
    from .outputs.trial import Trials


class Services(Protocol):
    """All of them, alive while the process serves; attributes of ``app.state``."""

    settings: Settings
    redis: Redis
    events: EventStream
    authenticator: Authenticator
    master_key: bytes
    registry: StreamRegistry
    known_streams: KnownStreamStore
    demo: Demo
    relays: Relays
    programmes: ProgrammeStore
    outputs: OutputStore
    director: "Director"
    states: "States"
    feed: "FfmpegFeed"
    trials: "Trials"
    channels: "ChannelPart"
    slate_files: SlateFiles
    snapshots: Snapshots
    house_key: str
    """For RelayConfig: what signs grants, base64."""
    clock: Callable[[], int]
    """Milliseconds since the epoch."""


def services_of(request: Request) -> Services:
    """Return what this request may use."""
    return cast(Services, request.app.state)


ServicesDep = Annotated[Services, Depends(services_of)]
