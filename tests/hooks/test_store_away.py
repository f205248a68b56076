"""Redis away or emptied: nobody new is let in, nobody is thrown out, and it heals by itself."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from redis import Redis as SyncRedis

from streamstead.core.epoch import StoreState
from streamstead.core.events import EventType
from streamstead.core.lua import LuaPipe
from streamstead.core.registry import script_text
from streamstead.core.settings import Settings
from streamstead.core.srs import SrsApi
from streamstead.hooks.enforce import Enforcer
from streamstead.hooks.reconcile import Reconciler

from ..conftest import RedisServer
from .conftest import SECRET, House
from .test_reconcile import NoGates, Server

pytestmark = pytest.mark.integration

PUBLISH = {
    "action": "on_publish", "client_id": "p1", "ip": "203.0.113.7", "app": "live",
    "vhost": "__defaultVhost__", "stream": "cam", "param": f"?secret={SECRET}",
    "tcUrl": "rtmp://h/live",
}  # fmt: skip
PLAY = PUBLISH | {"action": "on_play", "client_id": "v1"}


@pytest.fixture
async def pipe(house: House, settings: Settings) -> AsyncIterator[LuaPipe]:
    """The gatekeeper's own way to Redis, as in service."""
    pipe = LuaPipe.of(settings, script_text())
    house.registry._run = pipe
    yield pipe
    pipe.close()


@pytest.fixture
async def reconciler(house: House, pipe: LuaPipe) -> AsyncIterator[Reconciler]:
    transport = httpx.MockTransport(Server().answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://srs") as client:
        srs = SrsApi(client)
        enforcer = Enforcer(
            house.registry, house.rules, house.passes, house.known, house.secrets, house.keys,
            house.limits, srs, NoGates(), house.now,
        )  # fmt: skip
        yield Reconciler(
            house.registry, house.epoch, house.secrets, enforcer, house.events, srs, house.now
        )


async def until_accepted(house: House, body: dict[str, Any]) -> None:
    for _ in range(400):
        if (await house.post(body)).status_code == 200:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("not let in within 20 s")


async def test_without_redis_new_ones_are_refused_and_sessions_live_on(
    house: House, pipe: LuaPipe, redis_process: RedisServer
) -> None:
    assert (await house.post(PUBLISH)).status_code == 200
    assert (await house.post(PLAY)).status_code == 200
    redis_process.kill()
    for body in (PUBLISH | {"client_id": "p2", "stream": "b"}, PLAY | {"client_id": "v2"}):
        reply = await house.post(body)
        assert (reply.status_code, reply.json()["data"]["key"]) == (503, "redis_unavailable")
    redis_process.start()
    await until_accepted(house, PLAY | {"client_id": "v3"})
    assert (await house.registry.sessions()).keys() == {"p1", "v1", "v3"}
    assert await house.registry.viewers() == {"live/cam": {"rtmp": 2}}


async def test_an_emptied_redis_refuses_and_tells_until_the_operator_accepts(
    house: House, reconciler: Reconciler, redis_server: SyncRedis
) -> None:
    assert (await house.post(PUBLISH)).status_code == 200
    redis_server.flushall()
    for body in (PUBLISH | {"client_id": "p2", "stream": "b"}, PLAY | {"client_id": "v2"}):
        reply = await house.post(body)
        assert (reply.status_code, reply.json()["data"]["key"]) == (503, "store_emptied")
    await reconciler._know_store()
    await reconciler._know_store()
    assert (await house.event_types()).count(EventType.STORE_EMPTIED) == 1
    assert house.epoch.state is StoreState.EMPTIED
    assert await house.secrets.get() is None, "nothing is made in a store we do not know"
    assert (await house.post(PUBLISH)).status_code == 503
    await house.epoch.accept()
    await reconciler._know_store()
    secret = await house.secrets.get()
    assert (await house.post(PUBLISH | {"param": f"?secret={secret}"})).status_code == 200
