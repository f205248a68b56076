"""The gatekeeper: answers the media server's callbacks and keeps the registry true."""

import contextlib
import functools
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI
from redis.exceptions import RedisError

from ..core.ahead import MadeAhead
from ..core.app import create_app
from ..core.auth import AdminStore, Authenticator, load_master_key
from ..core.epoch import StoreEpoch
from ..core.events import EventStream, EventType
from ..core.hook_queue import HookQueue
from ..core.hook_targets import HookTargetStore
from ..core.house_grant import HouseGrants
from ..core.known_streams import KnownStreamStore
from ..core.lua import LuaPipe
from ..core.outbound import Outbound
from ..core.play_rules import PassStore, PlayRuleStore
from ..core.publish_keys import PublishKeyStore
from ..core.publish_rules import PublishRulesStore
from ..core.publish_secret import PublishSecretStore
from ..core.registry import StreamRegistry, script_text
from ..core.rooms import RoomStore
from ..core.runner import Listener, Running, Service
from ..core.sealed import PLAY_RULE, Sealer
from ..core.settings import Settings
from ..core.signed import GrantSigner, PassSigner, house_key
from ..core.srs import open_srs
from ..core.store import open_redis
from ..core.viewer_list import ViewerList
from . import (
    keys,
    passes,
    play_front,
    play_preview,
    play_rules,
    play_test,
    play_unlock,
    publish_rules,
    rooms,
    secret,
    store_state,
    streams,
    viewers,
)
from .ask import WebhookAsker
from .door import Door
from .enforce import Enforcer
from .gate import Gate
from .gates import Gates
from .hls_log import HlsLog
from .hls_sessions import HlsSessions
from .library.play_gates import VodGates
from .receiver import Receiver
from .reconcile import Reconciler
from .spool import Spool
from .unlock import Unlocker

_ROUTES = (
    secret,
    streams,
    keys,
    publish_rules,
    play_rules,
    passes,
    play_front,
    play_preview,
    play_test,
    play_unlock,
    viewers,
    store_state,
    rooms,
)


@MadeAhead
def create_api() -> FastAPI:
    """Return the app of everything but the callbacks; ``app.state`` is filled by ``open_hooks``
    and has what services.py lists."""
    app = create_app("hooks", "Streamstead hooks")
    for part in _ROUTES:
        app.include_router(part.router)
    return app


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _tell_of_forgery(events: EventStream, url: str, key: str) -> None:
    """Somebody who knows the hook secret names files that are no segments."""
    now = now_ms()
    with contextlib.suppress(RedisError):
        await events.append(
            f"recording.refused:{url}:{now}",
            EventType.RECORDING_REFUSED,
            now,
            url,
            {"reason": key},
        )


@asynccontextmanager
async def open_hooks(settings: Settings) -> AsyncIterator[Running]:
    async with AsyncExitStack() as stack:
        master_key = load_master_key(settings.data.master_key)
        redis = await stack.enter_async_context(open_redis(settings))
        srs = await stack.enter_async_context(open_srs(settings.srs_api_port))
        app = create_api()
        state = app.state
        state.clock, state.srs, state.events = now_ms, srs, EventStream(redis)
        state.audit_folder = settings.data.audit
        state.authenticator = Authenticator(
            AdminStore(redis), master_key, settings.api_secret.get_secret_value()
        )
        state.epoch = StoreEpoch(redis, settings.data.store_id)
        pipe = LuaPipe.of(settings, script_text())
        stack.callback(pipe.close)
        state.registry = StreamRegistry(redis, lambda: state.epoch.value, pipe)
        state.publish_secret = PublishSecretStore(redis)
        state.publish_keys = PublishKeyStore(redis)
        state.publish_rules = PublishRulesStore(redis)
        state.known_streams = KnownStreamStore(redis)
        state.rooms = RoomStore(redis)
        state.play_rules, state.passes = PlayRuleStore(redis), PassStore(redis)
        state.pass_signer, state.sealer = PassSigner(master_key), Sealer(master_key, PLAY_RULE)
        state.unlocker = Unlocker(redis)
        state.viewer_list = ViewerList(redis)
        state.asker = WebhookAsker(
            HookTargetStore(redis, master_key), HookQueue(redis), Outbound(), state.sealer, now_ms
        )
        state.gates = Gates(settings.data.gates)
        state.vod_gates = VodGates(settings.data.vod_gates)
        state.hls_sessions = HlsSessions(
            state.gates,
            HlsLog(settings.data.hls_log),
            state.registry,
            settings.data.html,
            now_ms,
        )
        state.enforcer = Enforcer(
            state.registry,
            state.play_rules,
            state.passes,
            state.known_streams,
            state.publish_secret,
            state.publish_keys,
            state.publish_rules,
            srs,
            state.gates,
            now_ms,
        )
        reconciler = Reconciler(
            state.registry,
            state.epoch,
            state.publish_secret,
            state.enforcer,
            state.events,
            srs,
            now_ms,
        )
        state.grants = GrantSigner(master_key)
        spool = Spool(settings.data, now_ms, functools.partial(_tell_of_forgery, state.events))
        stack.callback(spool.close)
        state.gate = Gate(
            state.registry,
            spool,
            now_ms,
            reconciler.nudge,
            state.pass_signer,
            state.grants,
            HouseGrants(house_key(master_key)),
            state.asker,
            state.enforcer.look_at_limits,
        )
        door = functools.partial(
            Door, Receiver(state.gate), settings.hook_secret.get_secret_value()
        )
        yield Running(
            listeners=[Listener(app, port=settings.hooks_port, protocol=door)],
            loops=[
                reconciler.run(),
                state.enforcer.watch_bitrates(),
                state.hls_sessions.run(),
                spool.watch_rules(),
            ],
        )


SERVICE = Service("hooks", open_hooks, create_api)
