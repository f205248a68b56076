"""The gatekeeper with a real Redis behind it and no media server beside it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.core.publish_secret import PublishSecretStore
from streamstead.core.registry import StreamRegistry
from streamstead.core.settings import Settings
from streamstead.hooks.gate import Gate
from streamstead.hooks.main import create_api
from streamstead.hooks.receiver import Receiver
from streamstead.hooks.segment import SegmentCheck

SRS_HTML = Path("/usr/local/srs/objs/nginx/html")
VERIFY = "/terraform/v1/hooks/srs/verify"
SECRET = "abc123"


@dataclass
class House:
    """The service under test and what the test may look at."""

    client: httpx.AsyncClient
    registry: StreamRegistry
    secrets: PublishSecretStore
    settings: Settings
    redis: Redis
    clock_ms: int = 1_000_000
    nudges: list[int] = field(default_factory=list)

    def now(self) -> int:
        self.clock_ms += 1
        return self.clock_ms

    async def post(self, body: dict[str, Any], hook: str | None = None) -> httpx.Response:
        secret = self.settings.hook_secret.get_secret_value() if hook is None else hook
        return await self.client.post(VERIFY, params={"hook": secret}, json=body)

    async def event_types(self) -> list[str]:
        return [fields["type"] for _, fields in await self.redis.xrange("STREAMSTEAD_EVENTS")]


@pytest.fixture
async def house(settings: Settings, redis: Redis) -> AsyncIterator[House]:
    registry, secrets = StreamRegistry(redis), PublishSecretStore(redis)
    app = create_api()
    async with httpx.AsyncClient(base_url="http://hooks") as client:
        built = House(client, registry, secrets, settings, redis)
        app.state.publish_secret = secrets
        app.state.authenticator = Authenticator(
            AdminStore(redis), b"k" * 32, settings.api_secret.get_secret_value()
        )
        gate = Gate(registry, SegmentCheck(SRS_HTML), built.now, lambda: built.nudges.append(1))
        receiver = Receiver(app, gate, settings.hook_secret.get_secret_value())
        client._transport = httpx.ASGITransport(receiver)
        await secrets.set(SECRET)
        yield built


@pytest.fixture
def publish(house: House) -> Callable[..., Awaitable[httpx.Response]]:
    """Send an on_publish as RTMP does."""

    async def send(client_id: str = "p1", **changes: Any) -> httpx.Response:
        body = {
            "server_id": "vid-1",
            "service_id": "svc-1",
            "action": "on_publish",
            "client_id": client_id,
            "ip": "203.0.113.7",
            "vhost": "__defaultVhost__",
            "app": "live",
            "tcUrl": "rtmp://203.0.113.1/live",
            "stream": "cam",
            "param": f"?secret={SECRET}",
        }
        return await house.post(body | changes)

    return send
