"""The home of FFmpeg children: everything is put together here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from ..core.app import create_app
from ..core.auth import AdminStore, Authenticator, load_master_key
from ..core.publish_secret import PublishSecretStore
from ..core.runner import Listener, Running, Service
from ..core.settings import Settings
from ..core.store import open_redis
from . import routes
from .child import Place
from .demo import NAME, Demo, DemoStore
from .picture import Picture
from .supervise import Supervisor


def create_api() -> FastAPI:
    """Return the app without anything behind it; ``app.state`` is filled by ``open_ffmpeg``."""
    app = create_app("ffmpeg_forward", "Streamstead outputs")
    app.include_router(routes.router)
    return app


@asynccontextmanager
async def open_ffmpeg(settings: Settings) -> AsyncIterator[Running]:
    async with open_redis(settings) as redis:
        demo = Demo(
            DemoStore(redis),
            PublishSecretStore(redis),
            Picture(settings.rtmp_port),
            Supervisor(Place(settings.data.run, NAME)),
            {settings.rtmp_port: "the media server", settings.hooks_port: "the publish check"},
        )
        app = create_api()
        app.state.demo = demo
        app.state.authenticator = Authenticator(
            AdminStore(redis),
            load_master_key(settings.data.master_key),
            settings.api_secret.get_secret_value(),
        )
        yield Running(listeners=[Listener(app, port=settings.ffmpeg_port)], loops=[demo.run()])


SERVICE = Service("ffmpeg_forward", open_ffmpeg, create_api)
