"""The gatekeeper's API with real stores; the media server is a list that a test fills."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.core.errors import StreamsteadError
from streamstead.core.registry import Protocol
from streamstead.core.rooms import RoomStore
from streamstead.core.sealed import PLAY_RULE, Sealer
from streamstead.core.srs import SrsApi
from streamstead.core.viewer_list import ViewerList
from streamstead.hooks.enforce import Enforcer
from streamstead.hooks.gate import PlayRequest
from streamstead.hooks.gates import Gates
from streamstead.hooks.library.play_gates import VodGates
from streamstead.hooks.main import create_api
from streamstead.hooks.unlock import Unlocker

from ..conftest import MASTER_KEY, House

PREFIX = "/terraform/v1/hooks/"
API_SECRET = "the-api-secret-of-a-program"
VISITOR = {"x-real-ip": "198.51.100.7"}


class Media:
    """Disconnects whom it is told to, and remembers it."""

    def __init__(self) -> None:
        self.kicked: list[str] = []
        self.away = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("refused")
        assert request.method == "DELETE", request.url
        self.kicked.append(request.url.path.rsplit("/", 1)[1])
        return httpx.Response(200, json={"code": 0})


@dataclass
class Api:
    """The API as the page sees it through nginx, and what lies behind it."""

    client: httpx.AsyncClient
    house: House
    media: Media
    gates: Gates
    enforcer: Enforcer
    rooms: RoomStore
    unlocker: Unlocker
    sealer: Sealer

    async def post(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Call as a signed-in program; ``path`` is below ``hooks/`` unless it begins with ``/``."""
        headers = {"authorization": f"Bearer {API_SECRET}"}
        return await self.client.post(_path(path), json=body or {}, headers=headers)

    async def good(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Call; return ``data`` of an answer that must be good."""
        reply = await self.post(path, body)
        assert reply.status_code == 200, f"{path}: {reply.text}"
        return reply.json()["data"]

    async def bad(self, path: str, body: dict[str, Any] | None = None) -> tuple[int, str]:
        """Call; return (status, key) of an answer that must be an error."""
        reply = await self.post(path, body)
        assert reply.json()["code"] != 0, f"{path}: {reply.text}"
        return reply.status_code, reply.json()["data"]["key"]

    async def visit(self, path: str, body: dict[str, Any], **headers: str) -> httpx.Response:
        """Call without a session."""
        return await self.client.post(_path(path), json=body, headers=VISITOR | headers)

    async def publish(
        self, secret: str, stream: str = "cam", client_id: str = "p1", app: str = "live"
    ) -> str:
        """Publish by RTMP; return "" when let in, else the key of the refusal."""
        reply = await self.house.post(
            {
                "action": "on_publish",
                "client_id": client_id,
                "ip": "203.0.113.7",
                "vhost": "__defaultVhost__",
                "app": app,
                "tcUrl": f"rtmp://203.0.113.1/{app}",
                "stream": stream,
                "param": f"?secret={secret}",
            }
        )
        return "" if reply.status_code == 200 else str(reply.json()["data"]["key"])

    async def play(
        self, token: str = "", stream: str = "cam", client_id: str = "v1", protocol: str = "rtmp"
    ) -> str:
        """Watch; return "" when let in, else the key of the refusal."""
        request = PlayRequest(
            app="live",
            stream=stream,
            protocol=Protocol(protocol),
            ip="203.0.113.50",
            client_id=client_id,
            user_agent="VLC/3.0",
            pass_token=token,
        )
        try:
            await self.house.gate.play(request)
        except StreamsteadError as exc:
            return exc.key
        return ""

    async def contents(self) -> dict[str, Any]:
        """Return everything that is in Redis."""
        redis, found = self.house.redis, {}
        for name in sorted(await redis.keys()):
            match await redis.type(name):
                case "hash":
                    found[name] = await redis.hgetall(name)
                case "stream":
                    found[name] = await redis.xrange(name)
                case "zset":
                    found[name] = await redis.zrange(name, 0, -1, withscores=True)
                case "string":
                    found[name] = await redis.get(name)
                case other:
                    raise AssertionError(f"{name} is a {other}")
        return found

    async def live(self) -> list[str]:
        return sorted(await self.house.registry.publishers())


def _path(path: str) -> str:
    return f"/terraform/v1{path}" if path.startswith("/") else PREFIX + path


@pytest.fixture
async def api(house: House, tmp_path: Path) -> AsyncIterator[Api]:
    redis, media = house.redis, Media()
    upstream = httpx.AsyncClient(transport=httpx.MockTransport(media.answer), base_url="http://srs")
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    app = create_api()
    state = app.state
    state.clock, state.srs, state.events = house.now, SrsApi(upstream), house.events
    state.authenticator = Authenticator(AdminStore(redis), MASTER_KEY, API_SECRET)
    state.epoch, state.registry, state.gate = house.epoch, house.registry, house.gate
    state.publish_secret, state.publish_keys = house.secrets, house.keys
    state.publish_rules, state.known_streams = house.limits, house.known
    state.play_rules, state.passes, state.pass_signer = house.rules, house.passes, house.signer
    state.rooms, state.viewer_list = RoomStore(redis), ViewerList(redis)
    state.sealer, state.unlocker = Sealer(MASTER_KEY, PLAY_RULE), Unlocker(redis, hasher)
    state.gates, state.asker = Gates(tmp_path / "gates"), house.servers
    state.vod_gates = VodGates(tmp_path / "vod_gates")
    state.enforcer = Enforcer(
        house.registry,
        house.rules,
        house.passes,
        house.known,
        house.secrets,
        house.keys,
        house.limits,
        state.srs,
        state.gates,
        house.now,
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with upstream, httpx.AsyncClient(transport=transport, base_url="http://hooks") as client:
        yield Api(
            client,
            house,
            media,
            state.gates,
            state.enforcer,
            state.rooms,
            state.unlocker,
            state.sealer,
        )
