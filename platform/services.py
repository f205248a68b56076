"""What the routes of this service may use; built in main.py or by a test."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from ..core.auth import Authenticator
from ..core.events import EventStream
from ..core.hook_queue import HookQueue
from ..core.hook_targets import HookTargetStore
from ..core.paths import DataDir
from ..core.publish_rules import PublishRulesStore
from ..core.registry import StreamRegistry
from ..core.settings import Settings
from ..core.srs import SrsApi
from .admin import Admin
from .beian import BeianStore
from .facts import Facts
from .hook_worker import HookWorker
from .host import Host
from .live import LiveFeed
from .media import MediaInfo
from .monitor.dashboard import Monitor
from .stats_recorder import Statistics
from .viewing import Viewing


@dataclass(frozen=True, slots=True)
class Services:
    """All of them, alive while the process serves."""

    settings: Settings
    admin: Admin
    authenticator: Authenticator
    registry: StreamRegistry
    publish_rules: PublishRulesStore
    events: EventStream
    srs: SrsApi
    facts: Facts
    feed: LiveFeed
    host: Host
    media: MediaInfo
    viewing: Viewing
    hook_targets: HookTargetStore
    hook_queue: HookQueue
    hook_worker: HookWorker
    stats: Statistics
    monitor: Monitor
    beian: BeianStore
    clock: Callable[[], int]
    """Milliseconds since the epoch."""

    @property
    def data(self) -> DataDir:
        return self.settings.data


def _services_of(request: Request) -> Services:
    return cast(Services, request.app.state.services)


ServicesDep = Annotated[Services, Depends(_services_of)]


def client_address(request: Request) -> str:
    """Return the caller's address as nginx saw it; it overwrites what the client sent."""
    direct = request.client.host if request.client else ""
    return request.headers.get("x-real-ip") or direct


def is_local(request: Request) -> bool:
    """Tell whether the caller sits on this machine and no other proxy stands between.

    A proxy of the owner's in front of us also connects from loopback: then it has added a
    forwarding header or asks for a public host name.
    """
    host = request.headers.get("host", "").rsplit(":", 1)[0]
    return (
        request.headers.get("x-real-ip") in ("127.0.0.1", "::1")
        and not request.headers.get("x-client-forwarded")
        and host in ("localhost", "127.0.0.1", "[::1]")
    )
