"""The home of FFmpeg children and relays: everything is put together here."""

import base64
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from types import ModuleType

from fastapi import FastAPI

from ..core.ahead import MadeAhead
from ..core.app import create_app
from ..core.auth import AdminStore, Authenticator, load_master_key
from ..core.events import LONG_BLOCK_MS, EventStream
from ..core.known_streams import KnownStreamStore
from ..core.publish_secret import PublishSecretStore
from ..core.registry import StreamRegistry
from ..core.runner import Listener, Running, Service
from ..core.settings import Settings
from ..core.signed import house_key
from ..core.store import open_redis
from . import routes, snapshot_routes
from .channels import compat as channel_compat
from .channels import routes as channel_routes
from .channels.setup import open_channels
from .child import Place
from .demo import NAME, Demo, DemoStore
from .metrics import children
from .outputs import compat, feed
from .outputs import routes as output_routes
from .outputs.setup import open_outputs
from .picture import Picture
from .programme import routes as programme_routes
from .programme.setup import open_programmes
from .relays import Relays
from .slate import routes as slate_routes
from .slate.files import SlateFiles
from .snapshots import Snapshots
from .supervise import Supervisor
from .transcode import compat as transcode_compat
from .transcode import routes as transcode_routes
from .transcode.setup import open_transcode

_ROUTES: tuple[ModuleType, ...] = (
    routes,
    output_routes,
    compat,
    feed,
    programme_routes,
    slate_routes,
    snapshot_routes,
    channel_routes,
    channel_compat,
    transcode_routes,
    transcode_compat,
)


@MadeAhead
def create_api() -> FastAPI:
    """Return the app; ``app.state`` is filled by ``open_ffmpeg`` and has what services.py lists."""
    raw = (slate_routes.RAW_BODIES, channel_compat.RAW_BODIES)
    app = create_app("ffmpeg_forward", "Streamstead outputs", raw=raw)
    for part in _ROUTES:
        app.include_router(part.router)
    app.include_router(channel_compat.limits)
    return app


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def open_ffmpeg(settings: Settings) -> AsyncIterator[Running]:
    async with AsyncExitStack() as stack:
        data = settings.data
        for directory in (data.vlive, data.slate, data.snapshots):
            directory.mkdir(mode=0o750, exist_ok=True)
        redis = await stack.enter_async_context(open_redis(settings))
        waiting = await stack.enter_async_context(
            open_redis(settings, waits_s=LONG_BLOCK_MS / 1000)
        )
        app = create_api()
        state = app.state
        state.settings, state.clock, state.redis = settings, now_ms, redis
        state.master_key = load_master_key(data.master_key)
        state.house_key = base64.b64encode(house_key(state.master_key)).decode()
        state.events = EventStream(redis, waiting)
        state.audit_folder = settings.data.audit
        state.authenticator = Authenticator(
            AdminStore(redis), state.master_key, settings.api_secret.get_secret_value()
        )
        state.registry = StreamRegistry(redis)
        state.known_streams = KnownStreamStore(redis)
        state.relays = Relays(data)
        state.slate_files = SlateFiles(data.slate, now_ms)
        state.slate_files.open()
        state.snapshots = Snapshots(data.html, data.snapshots, lambda: state.director.publishers)
        state.demo = Demo(
            DemoStore(redis),
            PublishSecretStore(redis),
            Picture(settings.rtmp_port),
            Supervisor(Place(data.run, NAME)),
            {settings.rtmp_port: "the media server", settings.hooks_port: "the publish check"},
        )
        outputs = await stack.enter_async_context(open_outputs(state))
        programmes = open_programmes(state)
        state.channels = open_channels(state)
        state.transcoder = await stack.enter_async_context(open_transcode(state))
        state.figures = children(state.relays, state.transcoder.keeper)
        yield Running(
            listeners=[Listener(app, port=settings.ffmpeg_port)],
            loops=[
                state.relays.run(),
                *outputs,
                *programmes,
                state.channels.keeper.run(settings.rtmp_port),
                state.demo.run(),
                state.snapshots.run(),
                state.transcoder.keeper.run(),
            ],
        )


SERVICE = Service("ffmpeg_forward", open_ffmpeg, create_api)
