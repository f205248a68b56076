"""A thousand publishers and twenty thousand viewers come and go, and callbacks go astray.

The media server here is a model: it has clients and lists, and its callbacks are lost, repeated or
come late, as they do when this service or the network fails. It asks by the real code, over the
real Redis; afterwards its own list is the truth.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from streamstead.core.lua import LuaPipe
from streamstead.core.registry import StreamRegistry, script_text
from streamstead.core.settings import Settings
from streamstead.core.srs import SrsApi
from streamstead.hooks.enforce import Enforcer
from streamstead.hooks.reconcile import PERIOD_S, Reconciler

from .conftest import SECRET, House

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

PUBLISHERS, VIEWERS = 1_000, 20_000
SEED = 20261
TC_URLS = {"rtmp": "rtmp://h/live", "flv": "rtmp://__defaultVhost__/live", "srt": "srt://h/live"}
TYPES = {"rtmp": "rtmp-play", "flv": "flv-play", "srt": "srt-play"}


@dataclass
class Client:
    id: str
    stream: str
    publish: bool
    protocol: str

    def listed(self) -> dict[str, Any]:
        kind = "fmle-publish" if self.publish else TYPES[self.protocol]
        return {
            "id": self.id, "url": f"/live/{self.stream}", "type": kind, "publish": self.publish,
            "ip": "203.0.113.1", "alive": 1.0, "send_bytes": 7,
        }  # fmt: skip

    def callback(self, action: str) -> dict[str, Any]:
        return {
            "action": action, "client_id": self.id, "ip": "203.0.113.1", "app": "live",
            "vhost": "__defaultVhost__", "stream": self.stream, "param": f"?secret={SECRET}",
            "tcUrl": TC_URLS[self.protocol],
        }  # fmt: skip


@dataclass
class Media:
    """The model: who is connected, and the callbacks that have not arrived yet."""

    chance: random.Random
    clients: dict[str, Client] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    pending: list[dict[str, Any]] = field(default_factory=list)
    number: int = 0
    life: int = 1

    def come(self, publish: bool) -> None:
        self.number += 1
        stream = f"s{self.chance.randrange(PUBLISHERS)}"
        protocol = "rtmp" if publish else self.chance.choice(list(TC_URLS))
        one = Client(f"{self.life}-{self.number}", stream, publish, protocol)
        self.tell(one.callback("on_publish" if publish else "on_play"))
        if publish and stream in self.owners:
            self.tell(one.callback("on_close"))  # busy: asked first, refused then
            return
        if publish:
            self.owners[stream] = one.id
        self.clients[one.id] = one

    def go(self) -> None:
        one = self.clients.pop(self.chance.choice(list(self.clients)))
        if one.publish:
            del self.owners[one.stream]
            self.tell(one.callback("on_unpublish"))
            self.tell(one.callback("on_close"))
        else:
            self.tell(one.callback("on_stop"))

    def restart(self) -> None:
        """Everybody is gone, and nobody says so."""
        self.clients.clear()
        self.owners.clear()
        self.life += 1

    def tell(self, body: dict[str, Any]) -> None:
        astray = self.chance.random()
        if astray < 0.05:
            return
        self.pending.append(body)
        if astray < 0.10:
            self.pending.append(body)

    def due(self) -> list[dict[str, Any]]:
        """Take what arrives now: most of it, with neighbours in another order."""
        stay = [body for body in self.pending if self.chance.random() < 0.1]
        now = [body for body in self.pending if body not in stay] if len(stay) < 50 else []
        if not now:
            now, stay = self.pending, []
        self.pending = stay
        for place in range(len(now) - 1):
            if self.chance.random() < 0.1:
                now[place], now[place + 1] = now[place + 1], now[place]
        return now

    def answer(self, request: httpx.Request) -> httpx.Response:
        about = {"code": 0, "pid": str(self.life), "service": f"life{self.life}"}
        start, count = (int(request.url.params.get(name, 0)) for name in ("start", "count"))
        match request.url.path:
            case "/api/v1/versions":
                return httpx.Response(200, json=about | {"data": {}})
            case "/api/v1/clients/":
                some = [one.listed() for one in list(self.clients.values())[start : start + count]]
                return httpx.Response(200, json=about | {"clients": some})
            case "/api/v1/streams/":
                live = list(self.owners.items())[start : start + count]
                some = [
                    {"id": name, "name": name, "vhost": "v", "app": "live", "url": f"/live/{name}",
                     "publish": {"active": True, "cid": owner}}
                    for name, owner in live
                ]  # fmt: skip
                return httpx.Response(200, json=about | {"streams": some})
        return httpx.Response(404)

    def viewers(self) -> dict[str, dict[str, int]]:
        counts = Counter(
            (f"live/{one.stream}", one.protocol) for one in self.clients.values() if not one.publish
        )
        found: dict[str, dict[str, int]] = {}
        for (url, protocol), count in counts.items():
            found.setdefault(url, {})[protocol] = count
        return found


class NoGates:
    def close(self, app: str, stream: str, sid: str) -> None:
        raise AssertionError("nobody watches by HLS here")

    def streams(self) -> Iterator[tuple[str, str]]:
        return iter(())

    def unlink_all(self, app: str, stream: str) -> None:
        raise AssertionError("nobody watches by HLS here")


@pytest.fixture
def media() -> Media:
    return Media(random.Random(SEED))


@pytest.fixture
async def pipe(settings: Settings) -> AsyncIterator[LuaPipe]:
    pipe = LuaPipe.of(settings, script_text())
    yield pipe
    pipe.close()


@pytest.fixture
async def reconciler(house: House, media: Media, pipe: LuaPipe) -> AsyncIterator[Reconciler]:
    house.registry._run = pipe
    transport = httpx.MockTransport(media.answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://srs") as client:
        srs = SrsApi(client)
        enforcer = Enforcer(
            house.registry, house.rules, house.passes, house.known, house.secrets, house.keys,
            house.limits, srs, NoGates(), house.now,
        )  # fmt: skip
        yield Reconciler(
            house.registry, house.epoch, house.secrets, enforcer, house.events, srs, house.now
        )


async def check_equal(registry: StreamRegistry, media: Media, redis: Redis) -> None:
    sessions = await registry.sessions()
    assert sessions.keys() == media.clients.keys()
    publishers = await registry.publishers()
    assert {url: one.client_id for url, one in publishers.items()} == {
        f"live/{name}": owner for name, owner in media.owners.items()
    }
    assert await registry.viewers() == media.viewers()
    assert await redis.hlen(StreamRegistry.PASS_VIEWERS) == 0
    assert await redis.hlen(StreamRegistry.BYTES) <= len(media.clients)


async def test_the_registry_equals_the_media_servers_list_after_one_period(
    house: House, media: Media, reconciler: Reconciler
) -> None:
    comers = ["publish"] * PUBLISHERS + ["play"] * VIEWERS
    media.chance.shuffle(comers)
    restarts = {len(comers) // 3, 2 * len(comers) // 3}
    for number, kind in enumerate(comers):
        media.come(kind == "publish")
        if media.clients and media.chance.random() < 0.75:
            media.go()
        if number in restarts:
            media.restart()
        if number % 100 == 0:
            await asyncio.gather(*(house.post(body) for body in media.due()))
            house.clock_ms += 100
        if number % 4000 == 0:
            await reconciler.once()
    while media.pending:
        await asyncio.gather(*(house.post(body) for body in media.due()))
    assert len(media.clients) > 500, "the model must end with people in it"
    house.clock_ms += int(PERIOD_S * 1000)
    await reconciler.once()
    await check_equal(house.registry, media, house.redis)
    assert await reconciler.once() == 0, "there was nothing left to repair"


async def test_every_repair_is_an_event(house: House, media: Media, reconciler: Reconciler) -> None:
    for _ in range(200):
        media.come(media.chance.random() < 0.2)
    await asyncio.gather(*(house.post(body) for body in media.due()))
    media.pending.clear()
    await reconciler.once()
    media.restart()
    before = len(await house.registry.sessions())
    house.clock_ms += int(PERIOD_S * 1000)
    events = (await house.event_types()).count("registry.repaired")
    assert await reconciler.once() == before
    assert (await house.event_types()).count("registry.repaired") == events + before
    await check_equal(house.registry, media, house.redis)
