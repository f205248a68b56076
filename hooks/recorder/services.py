"""What the routes and loops of the recorder may use; ``app.state`` has it, filled in main.py."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Protocol, cast

from fastapi import Depends, Request
from redis.asyncio import Redis

from ...core.auth import Authenticator
from ...core.events import EventStream
from ...core.known_streams import KnownStreamStore
from ...core.play_rules import PassStore, PlayRuleStore
from ...core.registry import StreamRegistry
from ...core.settings import Settings
from ...core.signed import PassSigner
from ..library.catalogue import Catalogue
from ..library.delivery import Delivery
from ..library.own_files import OwnFiles
from ..library.play import Play
from ..library.remove import Remover
from ..storage.targets import StorageTargetStore
from ..storage.tencent import TencentSetup
from .capture import Capture
from .disk import DiskMeter
from .finish import Finisher
from .guard import Guard
from .retention_store import RetentionStore
from .rules_store import RulesStore

if TYPE_CHECKING:
    from ..storage.uploads import Uploads
    from .feed import RecordingFeed


class Services(Protocol):
    """All of them, alive while the process serves; attributes of ``app.state``."""

    settings: Settings
    redis: Redis
    events: EventStream
    authenticator: Authenticator
    registry: StreamRegistry
    known_streams: KnownStreamStore
    play_rules: PlayRuleStore
    passes: PassStore
    pass_signer: PassSigner
    catalogue: Catalogue
    rules: RulesStore
    capture: Capture
    remover: Remover
    guard: Guard
    retention: RetentionStore
    disk: DiskMeter
    finisher: Finisher
    own_files: OwnFiles
    importing: asyncio.Lock
    targets: StorageTargetStore
    trials: asyncio.Semaphore
    tencent: TencentSetup
    uploads: "Uploads"
    feed: "RecordingFeed"
    play: Play
    delivery: Delivery
    clock: Callable[[], int]
    """Milliseconds since the epoch."""


def services_of(request: Request) -> Services:
    """Return what this request may use."""
    return cast(Services, request.app.state)


ServicesDep = Annotated[Services, Depends(services_of)]
