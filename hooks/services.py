"""What the routes of this service may use; ``app.state`` has it, filled in main.py or by a test."""

from collections.abc import Callable
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request

from ..core.auth import Authenticator
from ..core.epoch import StoreEpoch
from ..core.known_streams import KnownStreamStore
from ..core.play_rules import PassStore, PlayRuleStore
from ..core.publish_keys import PublishKeyStore
from ..core.publish_rules import PublishRulesStore
from ..core.publish_secret import PublishSecretStore
from ..core.registry import StreamRegistry
from ..core.rooms import RoomStore
from ..core.sealed import Sealer
from ..core.signed import GrantSigner, PassSigner
from ..core.srs import SrsApi
from ..core.viewer_list import ViewerList
from .enforce import Enforcer
from .gate import Asker, Gate
from .gates import Gates
from .hls_sessions import HlsSessions
from .library.play_gates import VodGates
from .unlock import Unlocker


class Services(Protocol):
    """All of them, alive while the process serves; attributes of ``app.state``."""

    authenticator: Authenticator
    publish_secret: PublishSecretStore
    publish_keys: PublishKeyStore
    publish_rules: PublishRulesStore
    known_streams: KnownStreamStore
    play_rules: PlayRuleStore
    passes: PassStore
    pass_signer: PassSigner
    sealer: Sealer
    unlocker: Unlocker
    rooms: RoomStore
    registry: StreamRegistry
    viewer_list: ViewerList
    enforcer: Enforcer
    asker: Asker
    gate: Gate
    grants: GrantSigner
    gates: Gates
    vod_gates: VodGates
    hls_sessions: HlsSessions
    epoch: StoreEpoch
    srs: SrsApi
    clock: Callable[[], int]
    """Milliseconds since the epoch."""


def services_of(request: Request) -> Services:
    """Return what this request may use."""
    return cast(Services, request.app.state)


ServicesDep = Annotated[Services, Depends(services_of)]


def client_address(request: Request) -> str:
    """Return the caller's address as nginx saw it; it overwrites what the client sent."""
    direct = request.client.host if request.client else ""
    return request.headers.get("x-real-ip") or direct
