"""All that channels need, put together."""

import asyncio
from dataclasses import dataclass

from ...core.media_limits import MediaLimitStore
from ...core.resolver import Resolver
from ..services import Services
from . import models
from .arrive import Arrivals
from .files import OwnFiles
from .intake import AT_ONCE, Intake
from .keeper import Keeper
from .plan import Planner
from .store import ChannelStore
from .views import shown


@dataclass(frozen=True, slots=True)
class ChannelPart:
    """What routes of channels use; ``keeper.run`` is an endless loop."""

    store: ChannelStore
    files: OwnFiles
    limits: MediaLimitStore
    intake: Intake
    arrivals: Arrivals
    keeper: Keeper


def open_channels(services: Services) -> ChannelPart:
    """Return what is to be kept as ``app.state.channels``; outputs must be open already."""
    store = ChannelStore(services.redis, services.master_key)
    files = OwnFiles(services.settings.data)
    limits = MediaLimitStore(services.redis)
    rtmp_port = services.settings.rtmp_port
    outputs = services.outputs
    planner = Planner(store, files, outputs, rtmp_port, services.house_key)
    keeper = Keeper(
        store, outputs, files, planner, services.relays, services.events, services.clock
    )
    intake = Intake(store, files, limits, outputs, Resolver(), asyncio.Semaphore(AT_ONCE))

    async def snapshot() -> list[models.Channel]:
        return [shown(one, keeper) for one in store.current]

    services.director.add_claims(keeper.claims)
    keeper.on_claims(services.director.wake)
    services.feed.add("channels", snapshot)
    keeper.subscribe(lambda: services.feed.changed("channels"))
    arrivals = Arrivals(services.settings.data, limits)
    return ChannelPart(store, files, limits, intake, arrivals, keeper)
