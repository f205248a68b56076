"""The recorder: turns kept segments into recordings, and looks after them."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import ModuleType

from fastapi import FastAPI

from ...core.ahead import MadeAhead
from ...core.app import create_app
from ...core.auth import AdminStore, Authenticator, load_master_key
from ...core.events import LONG_BLOCK_MS, EventStream
from ...core.known_streams import KnownStreamStore
from ...core.media_limits import MediaLimitStore
from ...core.play_rules import PassStore, PlayRuleStore
from ...core.registry import StreamRegistry
from ...core.runner import Listener, Running, Service
from ...core.settings import Settings
from ...core.signed import PassSigner
from ...core.store import open_redis
from ..library import compat, own_routes, play_routes, routes, tus_routes
from ..library.buckets import Buckets
from ..library.catalogue import Catalogue
from ..library.films import Films
from ..library.make import Maker
from ..library.own_files import OwnFiles
from ..library.play_setup import open_play
from ..library.remove import Remover
from ..library.tus import UploadFolder
from ..storage import backup_routes, tencent_routes, upload_routes
from ..storage import routes as storage_routes
from ..storage.routes import MAX_TRIALS
from ..storage.targets import StorageTargetStore
from ..storage.tencent import TencentSetup
from ..storage.upload_settings import UploadSettingsStore
from ..storage.uploads import Uploads
from . import feed, retention_routes, rules_routes, schedule_routes
from .capture import Capture
from .feed import RecordingFeed
from .finish import Finisher
from .guard import Guard
from .metrics import RecorderFigures
from .retention_setup import open_retention
from .retention_store import RetentionStore
from .rules_store import RulesStore
from .schedule import Scheduler
from .tell import Teller

_ROUTES: tuple[ModuleType, ...] = (
    play_routes,
    rules_routes,
    schedule_routes,
    retention_routes,
    routes,
    own_routes,
    tus_routes,
    compat,
    feed,
    storage_routes,
    tencent_routes,
    upload_routes,
    backup_routes,
)


@MadeAhead
def create_api() -> FastAPI:
    """Return the app; ``app.state`` is filled by ``open_recorder`` and has what services.py
    lists."""
    app = create_app("recorder", "Streamstead recorder", raw=tus_routes.RAW_BODIES)
    for part in _ROUTES:
        app.include_router(part.router)
    app.include_router(rules_routes.compat)
    return app


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def open_recorder(settings: Settings) -> AsyncIterator[Running]:
    async with AsyncExitStack() as stack:
        data = settings.data
        for directory in (
            data.spool,
            data.record,
            data.library,
            data.upload,
            data.vlive,
            data.vod_gates,
        ):
            directory.mkdir(mode=0o750, exist_ok=True)
        master_key = load_master_key(data.master_key)
        redis = await stack.enter_async_context(open_redis(settings))
        waiting = await stack.enter_async_context(
            open_redis(settings, waits_s=LONG_BLOCK_MS / 1000)
        )
        app = create_api()
        state = app.state
        state.settings, state.clock, state.redis = settings, now_ms, redis
        state.events = EventStream(redis, waiting)
        state.audit_folder = settings.data.audit
        state.authenticator = Authenticator(
            AdminStore(redis), master_key, settings.api_secret.get_secret_value()
        )
        state.registry = StreamRegistry(redis)
        state.known_streams = KnownStreamStore(redis)
        state.play_rules, state.passes = PlayRuleStore(redis), PassStore(redis)
        state.pass_signer = PassSigner(master_key)
        state.catalogue = await Catalogue.open(data.record, data.library / "library.sqlite")
        stack.push_async_callback(state.catalogue.close)
        state.figures = RecorderFigures(state.catalogue, data.spool, now_ms)
        state.rules = RulesStore(redis, data.record_rules, state.events, now_ms)
        teller = Teller(state.catalogue, state.events, data.record, now_ms)
        state.capture = Capture(
            data,
            state.catalogue,
            lambda: state.rules.current,
            state.registry,
            state.events,
            now_ms,
            teller.resumed,
            lambda url: state.rules.set_manual(url, None),
        )
        scheduler = Scheduler(state.rules, state.capture.wake, now_ms)
        state.retention = RetentionStore(redis)
        state.guard = Guard(
            data.record, state.retention.limits, state.rules.set_disk_full, state.events, now_ms
        )
        state.finisher = Finisher(
            data.record,
            state.catalogue,
            lambda: state.rules.current,
            state.guard,
            lambda: None,
        )
        state.guard.subscribe(state.finisher.wake)
        state.targets = StorageTargetStore(redis, master_key, state.rules.set_default_target)
        state.trials = asyncio.Semaphore(MAX_TRIALS)
        state.tencent = TencentSetup(redis, state.targets, now_ms)
        buckets = Buckets(state.targets)

        def room() -> int:
            total, free = state.guard.free()
            return int(free - total * state.retention.limits()[1] / 100)

        state.finisher.room = room
        state.finisher.make = Maker(data.record, state.catalogue, buckets, room)
        folder = UploadFolder(data.upload, room, now_ms)
        films = Films(data.vlive, folder, MediaLimitStore(redis))
        state.own_files = OwnFiles(data.record, folder, state.catalogue, films, now_ms)
        state.importing = asyncio.Lock()
        state.remover = Remover(data.record, state.catalogue, state.capture, teller.removed)
        state.uploads = await stack.enter_async_context(
            Uploads.opened(
                data.record,
                data.library / "uploads.sqlite",
                state.catalogue,
                state.targets,
                UploadSettingsStore(redis),
                state.events,
                now_ms,
            )
        )
        state.remover.purge = state.uploads.purge
        retirer, state.disk = open_retention(
            data, state.catalogue, state.retention, state.guard, state.remover, buckets, now_ms
        )
        state.uploads.subscribe(lambda _: retirer.wake())
        state.feed = RecordingFeed()
        state.catalogue.subscribe(state.feed.changed)
        state.play, state.delivery = await stack.enter_async_context(
            open_play(
                data, redis, master_key, state.authenticator, state.catalogue, buckets, now_ms
            )
        )
        yield Running(
            listeners=[Listener(app, port=settings.recorder_port)],
            loops=[
                state.rules.run(),
                state.capture.run(),
                teller.run(),
                scheduler.run(),
                state.guard.run(),
                state.disk.run(),
                retirer.run(),
                state.finisher.run(),
                state.own_files.run(),
                state.remover.run(),
                state.uploads.run(),
                state.play.run(),
            ],
        )


SERVICE = Service("recorder", open_recorder, create_api)
