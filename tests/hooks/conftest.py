"""The gatekeeper with a real Redis behind it and no media server beside it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from redis.asyncio import Redis

from streamstead.core.epoch import StoreEpoch
from streamstead.core.events import EventStream
from streamstead.core.house_grant import HouseGrants
from streamstead.core.known_streams import KnownStreamStore
from streamstead.core.paths import DataDir
from streamstead.core.play_rules import PassStore, PlayRule, PlayRuleStore
from streamstead.core.publish_keys import PublishKeyStore
from streamstead.core.publish_rules import PublishRulesStore
from streamstead.core.publish_secret import PublishSecretStore
from streamstead.core.registry import Session, StreamRegistry
from streamstead.core.signed import GrantSigner, PassSigner, house_key
from streamstead.hooks.gate import Gate, PlayRequest
from streamstead.hooks.receiver import Receiver
from streamstead.hooks.spool import Spool

SRS_HTML = Path("/usr/local/srs/objs/nginx/html")
SECRET = "abc123"
MASTER_KEY = b"k" * 32


class Servers:
    """The owner's servers: say yes unless told otherwise."""

    def __init__(self) -> None:
        self.refuse: Exception | None = None
        self.asked: list[str] = []

    async def may_publish(self, session: Session, param: str) -> None:
        self.asked.append(f"publish {session.url} {param}")
        if self.refuse:
            raise self.refuse

    async def may_play(self, rule: PlayRule, request: PlayRequest) -> None:
        self.asked.append(f"play {request.url} {request.query}")
        if self.refuse:
            raise self.refuse


@dataclass
class House:
    """The gatekeeper under test and what the test may look at."""

    receiver: Receiver
    gate: Gate
    registry: StreamRegistry
    secrets: PublishSecretStore
    known: KnownStreamStore
    keys: PublishKeyStore
    limits: PublishRulesStore
    rules: PlayRuleStore
    passes: PassStore
    signer: PassSigner
    grants: GrantSigner
    epoch: StoreEpoch
    events: EventStream
    servers: Servers
    redis: Redis
    clock_ms: int = 1_000_000
    nudges: list[int] = field(default_factory=list)
    began: Callable[[], None] = lambda: None
    """Called when somebody may publish."""

    def now(self) -> int:
        self.clock_ms += 1
        return self.clock_ms

    async def post(self, body: dict[str, Any] | bytes) -> httpx.Response:
        """Send a callback as the door hands it on."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        status, reply = await self.receiver.answer(content)
        return httpx.Response(status, content=reply)

    async def event_types(self) -> list[str]:
        return [fields["type"] for _, fields in await self.redis.xrange(EventStream.KEY)]


class RecordedDir(DataDir):
    """A data directory whose HLS files lie where those of the recorded callbacks lay."""

    @property
    def html(self) -> Path:
        return SRS_HTML


@pytest.fixture
async def house(redis: Redis, tmp_path: Path) -> AsyncIterator[House]:
    epoch = StoreEpoch(redis, tmp_path / "store-id")
    await epoch.ensure()
    registry = StreamRegistry(redis, lambda: epoch.value)
    servers, signer, grants = Servers(), PassSigner(MASTER_KEY), GrantSigner(MASTER_KEY)
    nudges: list[int] = []
    spool = Spool(RecordedDir(tmp_path), lambda: built.now())
    gate = Gate(
        registry,
        spool,
        lambda: built.now(),
        lambda: nudges.append(1),
        signer,
        grants,
        HouseGrants(house_key(MASTER_KEY)),
        servers,
        lambda: built.began(),
    )
    built = House(
        Receiver(gate),
        gate,
        registry,
        PublishSecretStore(redis),
        KnownStreamStore(redis),
        PublishKeyStore(redis),
        PublishRulesStore(redis),
        PlayRuleStore(redis),
        PassStore(redis),
        signer,
        grants,
        epoch,
        EventStream(redis),
        servers,
        redis,
        nudges=nudges,
    )
    await built.secrets.set(SECRET)
    yield built
    spool.close()


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
