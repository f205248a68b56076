"""The API behind the admin page: everything is put together here."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from redis.exceptions import RedisError

from ..core.ahead import MadeAhead
from ..core.app import create_app
from ..core.auth import AdminStore, Authenticator, load_master_key
from ..core.events import LONG_BLOCK_MS, EventStream
from ..core.hook_queue import HookQueue
from ..core.hook_targets import HookTargetStore
from ..core.known_streams import KnownStreamStore
from ..core.outbound import Outbound
from ..core.play_rules import PassStore, PlayRuleStore
from ..core.publish_rules import PublishRulesStore
from ..core.registry import StreamRegistry
from ..core.runner import Listener, Running, Service
from ..core.settings import Settings
from ..core.signed import PassSigner
from ..core.srs import open_srs
from ..core.store import open_redis
from . import (
    api_keys,
    audit,
    beian_routes,
    hooks_deliveries,
    hooks_targets,
    sign_in,
    stats,
    streams,
    system,
    watch,
)
from .admin import Admin, FailureStore
from .alerts import notify_routes
from .alerts import routes as alert_routes
from .beian import BeianStore
from .facts import Facts
from .first_boot import first_boot
from .hook_worker import HookWorker
from .host import Host
from .host_events import HostEventPump
from .house import backups, configuration, containers, front, host_exec, https, upgrade
from .house import logs as house_logs
from .live import LiveFeed
from .media import MediaInfo
from .monitor import routes as monitor_routes
from .monitor.exporter import platform_figures
from .monitor.setup import open_monitor
from .services import Services
from .stats_recorder import Statistics
from .upgrade_force import UpgradeForce
from .viewing import Viewing


@MadeAhead
def create_api() -> FastAPI:
    """Return the app without anything behind it; ``app.state`` is filled by ``open_platform``."""
    app = create_app("platform", "Streamstead")
    for part in (
        api_keys,
        audit,
        hooks_deliveries,
        hooks_targets,
        sign_in,
        stats,
        streams,
        system,
        watch,
    ):
        app.include_router(part.router)
    for of_house in (
        configuration,
        backups,
        containers,
        front,
        host_exec,
        https,
        house_logs,
        upgrade,
    ):
        app.include_router(of_house.router)
    app.include_router(upgrade.public)
    app.include_router(beian_routes.router)
    for of_watch in (monitor_routes, alert_routes, notify_routes):
        app.include_router(of_watch.router)
    return app


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@asynccontextmanager
async def open_platform(settings: Settings) -> AsyncIterator[Running]:
    async with AsyncExitStack() as stack:
        redis = await stack.enter_async_context(open_redis(settings))
        srs = await stack.enter_async_context(open_srs(settings.srs_api_port))
        host = Host(settings.data.mgmt_socket)
        stack.push_async_callback(host.aclose)
        store = AdminStore(redis)
        registry = StreamRegistry(redis)
        waiting = await stack.enter_async_context(open_redis(settings, LONG_BLOCK_MS / 1000))
        events = EventStream(redis, waiting)
        facts = Facts(registry, srs)
        feed = LiveFeed(events, facts, host)
        master_key = load_master_key(settings.data.master_key)
        hook_targets, hook_queue = HookTargetStore(redis, master_key), HookQueue(redis)
        hook_worker = HookWorker(events, hook_targets, hook_queue, Outbound(), now_ms)
        statistics = Statistics(settings, events, registry, now_ms)
        stack.push_async_callback(statistics.aclose)
        monitor = await stack.enter_async_context(
            open_monitor(settings, redis, events, master_key, facts, host, feed, now_ms)
        )
        services = Services(
            settings=settings,
            admin=Admin(store, FailureStore(redis), settings.data, host),
            authenticator=Authenticator(store, master_key, settings.api_secret.get_secret_value()),
            registry=registry,
            publish_rules=PublishRulesStore(redis),
            events=events,
            srs=srs,
            facts=facts,
            feed=feed,
            host=host,
            media=MediaInfo(srs),
            viewing=Viewing(
                KnownStreamStore(redis),
                PlayRuleStore(redis),
                PassStore(redis),
                PassSigner(master_key),
            ),
            hook_targets=hook_targets,
            hook_queue=hook_queue,
            hook_worker=hook_worker,
            stats=statistics,
            monitor=monitor,
            beian=BeianStore(redis),
            clock=now_ms,
        )
        upgrade_force = UpgradeForce(redis, host)
        app = create_api()
        app.state.services = services
        app.state.authenticator = services.authenticator
        app.state.figures = platform_figures(monitor)
        app.state.audit_folder = settings.data.audit
        yield Running(
            listeners=[Listener(app, port=settings.platform_port)],
            loops=[
                feed.watch_events(),
                feed.keep_fresh(),
                events.keep_trimmed(),
                hook_worker.take_events(),
                hook_worker.send(),
                statistics.take_events(),
                statistics.keep_up(),
                HostEventPump(redis, host).run(),
                upgrade_force.look(),
                upgrade_force.show(),
                first_boot(redis, host).run(),
                *monitor.loops(),
                _finish_setup(services.admin),
            ],
        )


async def _finish_setup(admin: Admin) -> None:
    while True:
        try:
            await admin.finish_setup()
        except RedisError:
            await asyncio.sleep(1)
        else:
            return


SERVICE = Service("platform", open_platform, create_api)
