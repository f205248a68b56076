"""The gatekeeper: answers the media server's callbacks and keeps the registry true."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI

from ..core.app import create_app
from ..core.auth import AdminStore, Authenticator, load_master_key
from ..core.publish_secret import PublishSecretStore
from ..core.registry import StreamRegistry
from ..core.runner import Listener, Running, Service
from ..core.settings import Settings
from ..core.srs import open_srs
from ..core.store import open_redis
from . import secret
from .gate import Gate
from .receiver import Receiver
from .reconcile import Reconciler
from .segment import SegmentCheck


def create_api() -> FastAPI:
    """Return the app of everything but the callbacks; ``app.state`` is filled by ``open_hooks``."""
    app = create_app("hooks", "Streamstead hooks")
    app.include_router(secret.router)
    return app


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def open_hooks(settings: Settings) -> AsyncIterator[Running]:
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_redis(settings))
        srs = await stack.enter_async_context(open_srs(settings.srs_api_port))
        registry = StreamRegistry(redis)
        secrets = PublishSecretStore(redis)
        reconciler = Reconciler(registry, secrets, srs, now_ms)
        app = create_api()
        app.state.publish_secret = secrets
        app.state.authenticator = Authenticator(
            AdminStore(redis),
            load_master_key(settings.data.master_key),
            settings.api_secret.get_secret_value(),
        )
        gate = Gate(registry, SegmentCheck(settings.data.html), now_ms, reconciler.nudge)
        receiver = Receiver(app, gate, settings.hook_secret.get_secret_value())
        yield Running(
            listeners=[Listener(receiver, port=settings.hooks_port)], loops=[reconciler.run()]
        )


SERVICE = Service("hooks", open_hooks, create_api)
