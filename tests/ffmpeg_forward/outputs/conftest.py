"""Outputs as the service has them: real Redis, and relays that only write down what is asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import httpx
import orjson
import pytest
from fastapi import FastAPI
from redis.asyncio import Redis

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.core.events import EventStream
from streamstead.core.registry import Kind, Protocol, Session, StreamRegistry
from streamstead.core.runner import background
from streamstead.core.settings import Settings
from streamstead.ffmpeg_forward.main import create_api
from streamstead.ffmpeg_forward.outputs.output import Output
from streamstead.ffmpeg_forward.outputs.setup import open_outputs
from streamstead.ffmpeg_forward.relay.config import RelayConfig
from streamstead.ffmpeg_forward.services import Services

from ..conftest import until

MASTER_KEY = b"k" * 32
SECRET = "abcd-1234-very-secret-9876"
API = "/terraform/v1/ffmpeg"
NO_LIMIT: dict[str, Any] = {}


class FakeRelays:
    """Writes down what is wanted; a test says what the relays would tell."""

    def __init__(self) -> None:
        self.wanted: dict[str, RelayConfig] = {}
        self.calls: list[tuple[str, str]] = []
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self.told: dict[str, dict[str, Any]] = {}
        self.left_over: set[str] = set()
        self._subscribers: list[Callable[[str], None]] = []

    @property
    def names(self) -> set[str]:
        return set(self.wanted) | self.left_over

    def subscribe(self, changed: Callable[[str], None]) -> None:
        self._subscribers.append(changed)

    def want(self, name: str, config: RelayConfig) -> None:
        if self.wanted.get(name) != config:
            self.calls.append(("want", name))
        self.wanted[name] = config

    def drop(self, name: str) -> None:
        self.calls.append(("drop", name))
        self.wanted.pop(name, None)
        self.left_over.discard(name)
        self.told.pop(name, None)

    def only(self, prefix: str, names: Any) -> None:
        keep = set(names)
        for name in self.names:
            if name.startswith(prefix) and name not in keep:
                self.drop(name)

    def status(self, name: str) -> dict[str, Any] | None:
        return self.told.get(name)

    def command(self, name: str, **command: Any) -> bool:
        self.commands.append((name, command))
        return name in self.wanted

    def tell(self, name: str, **status: Any) -> None:
        """A relay says how it is."""
        self.told[name] = status
        for changed in self._subscribers:
            changed(name)


def destination(state: str, **more: Any) -> dict[str, Any]:
    """What a relay tells of one destination."""
    return {
        "state": state,
        "since_ms": 1_000,
        "live_since_ms": 1_000 if state == "live" else None,
        "bitrate_kbps": 2500,
        "bytes_acked": 10_000,
        "accepted_at_ms": 1_000,
        "drops": 0,
        "attempts": 0,
        "restarts": 0,
        "next_try_ms": None,
        "problem": None,
        "lines": [],
        **more,
    }


@dataclass
class House:
    """Everything of outputs, and the caller of its API."""

    app: FastAPI
    client: httpx.AsyncClient
    relays: FakeRelays
    redis: Redis
    registry: StreamRegistry
    clock_ms: int = 1_900_000_000_000
    replies: list[str] = field(default_factory=list)

    @property
    def services(self) -> Services:
        return cast(Services, self.app.state)

    async def post(self, path: str, status: int = 200, **body: Any) -> Any:
        """Call the API; return ``data``."""
        reply = await self.client.post(f"{API}/{path}", json=body)
        self.replies.append(reply.text)
        assert reply.status_code == status, reply.text
        return reply.json()["data"]

    async def create(self, **body: Any) -> dict[str, Any]:
        source = {"kind": "stream", "app": "live", "stream": "cam"}
        made: dict[str, Any] = await self.post(
            "outputs/create",
            **{"platform": "youtube", "key": SECRET, "source": source, "enabled": True} | body,
        )
        return made

    async def publish(self, stream: str = "cam", app: str = "live", client: str = "") -> None:
        """A publisher begins; as the gatekeeper notes it, with its event."""
        session = Session(
            client_id=client or f"c-{stream}",
            kind=Kind.PUBLISH,
            protocol=Protocol.RTMP,
            vhost="__defaultVhost__",
            app=app,
            stream=stream,
            url=f"{app}/{stream}",
            ip="127.0.0.1",
            since_ms=self.now(),
        )
        await self.registry.found(session, self.now())

    async def unpublish(self, stream: str = "cam", client: str = "") -> None:
        await self.registry.finish(client or f"c-{stream}", self.now(), "on_unpublish")

    async def until(self, check: Callable[[], bool]) -> None:
        await until(check)

    async def output(self, output_id: str) -> dict[str, Any]:
        found = (await self.post("outputs/list"))["outputs"]
        return next(one for one in found if one["id"] == output_id)

    async def events(self) -> list[dict[str, Any]]:
        """What was told of outputs, oldest first."""
        entries = await self.redis.xrange(EventStream.KEY)
        found = [{**one, "data": orjson.loads(one["data"])} for _, one in entries]
        return [one for one in found if one["type"].startswith("output.")]

    async def until_events(self, *types: str) -> list[dict[str, Any]]:
        """Wait until exactly these were told."""
        end = asyncio.get_running_loop().time() + 30
        while True:
            found = await self.events()
            if [one["type"] for one in found] == list(types):
                return found
            assert asyncio.get_running_loop().time() < end, found
            await asyncio.sleep(0.02)

    def now(self) -> int:
        self.clock_ms += 1
        return self.clock_ms

    def stored(self, output_id: str) -> Output:
        found = self.services.outputs.known(output_id)
        assert found is not None
        return found


Opener = Callable[..., Any]


@pytest.fixture
def opened(settings: Settings, redis: Redis) -> Opener:
    """Open the outputs of this house, any number of times one after the other."""

    @asynccontextmanager
    async def open_(relays: FakeRelays | None = None) -> AsyncIterator[House]:
        app = create_api()
        state = app.state
        relays = relays or FakeRelays()
        secret = settings.api_secret.get_secret_value()
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(
                httpx.AsyncClient(
                    transport=httpx.ASGITransport(app, raise_app_exceptions=False),
                    base_url="http://ffmpeg",
                    headers={"authorization": f"Bearer {secret}"},
                )
            )
            house = House(app, client, relays, redis, StreamRegistry(redis))
            state.settings, state.redis, state.master_key = settings, redis, MASTER_KEY
            state.clock, state.house_key = house.now, "aG91c2U="
            state.events, state.registry = EventStream(redis), house.registry
            state.relays, state.programmes = relays, SimpleNamespace(current=(), loaded=False)
            state.authenticator = Authenticator(AdminStore(redis), MASTER_KEY, secret)
            settings.data.slate.mkdir(exist_ok=True)
            loops = await stack.enter_async_context(open_outputs(house.services))
            async with background(*loops):
                await until(lambda: house.services.director.publishers is not None)
                yield house

    return open_


@pytest.fixture
async def house(opened: Opener) -> AsyncIterator[House]:
    async with opened() as found:
        yield found
