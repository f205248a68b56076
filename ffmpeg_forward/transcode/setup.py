"""Puts transcoding together."""

import base64
import functools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from ...core.house_grant import HouseGrants
from ...core.registry import Session
from ...core.renditions import Renditions
from ...core.srs import open_srs
from ..services import Services
from .cores import BusyMeter
from .guard import Guard
from .hardware import HardwareEncoders
from .keeper import Keeper
from .metrics import TranscodeMetrics
from .oryx import Oryx, OryxStore
from .service import Ladders, Sources, Transcoder, note_source, protect
from .store import LadderStore
from .variants import describe
from .work import Work

KIND = "transcodes"


@asynccontextmanager
async def open_transcode(services: Services) -> AsyncIterator[Transcoder]:
    """Yield what the routes use; its ``keeper.run`` is one of the service's loops."""
    settings = services.settings
    async with open_srs(settings.srs_api_port) as srs:
        grants = HouseGrants(base64.b64decode(services.house_key))
        store = LadderStore(services.redis, describe)
        ladders = Ladders(store, grants, settings.rtmp_port)
        oryx = Oryx(OryxStore(services.redis, services.master_key), grants, settings.rtmp_port)
        sources, hardware = Sources(srs), HardwareEncoders()
        load = BusyMeter()
        guard = Guard(settings.data.config / "transcode-speed.json", load)

        async def works(live: Mapping[str, Session], renditions: Mapping[str, str]) -> list[Work]:
            return [
                *await ladders.works(live, renditions),
                *await oryx.works(live, renditions),
            ]

        keeper = Keeper(
            store=store,
            works=works,
            registry=services.registry,
            renditions=Renditions(services.redis),
            events=services.events,
            guard=guard,
            load=load,
            hardware=hardware,
            facts=sources.facts,
            note=functools.partial(note_source, store),
            protect=functools.partial(protect, store),
            run_dir=settings.data.run,
            stop_mark=settings.data.stop_mark,
            clock=services.clock,
        )
        transcoder = Transcoder(store, keeper, guard, hardware, sources, oryx)
        services.feed.add(KIND, transcoder.snapshot)
        keeper.changed = lambda: services.feed.changed(KIND)
        store.subscribe(keeper.changed)
        with TranscodeMetrics(keeper).registered():
            yield transcoder
