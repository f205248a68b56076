"""The page's API with a real Redis and recorded replies of the media server."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import httpx
import pytest
from argon2 import PasswordHasher
from redis.asyncio import Redis

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.core.epoch import StoreEpoch
from streamstead.core.events import EventStream
from streamstead.core.hook_queue import HookQueue
from streamstead.core.hook_targets import HookTargetStore
from streamstead.core.known_streams import KnownStreamStore
from streamstead.core.outbound import Outbound
from streamstead.core.play_rules import PassStore, PlayRuleStore
from streamstead.core.publish_rules import PublishRulesStore
from streamstead.core.registry import Kind, Protocol, Session, StreamRegistry
from streamstead.core.settings import Settings
from streamstead.core.signed import PassSigner
from streamstead.core.srs import SrsApi
from streamstead.platform.admin import Admin, FailureStore
from streamstead.platform.beian import BeianStore
from streamstead.platform.facts import Facts
from streamstead.platform.hook_worker import HookWorker
from streamstead.platform.host import Host
from streamstead.platform.live import LiveFeed
from streamstead.platform.main import create_api, now_ms
from streamstead.platform.media import MediaInfo
from streamstead.platform.monitor.setup import open_monitor
from streamstead.platform.services import Services
from streamstead.platform.stats_recorder import Statistics
from streamstead.platform.viewing import Viewing

from .hook_office import Office, office_on
from .manager import PasswordManager

CODE = "the-setup-code"
PASSWORD = "correct horse"
API = "/terraform/v1/mgmt"
VISITOR = {"x-real-ip": "203.0.113.9", "host": "live.example.com:2022"}


class Media:
    """Answers as a media server does; a test fills the lists."""

    def __init__(self) -> None:
        self.away = False
        self.streams: list[dict[str, object]] = []
        self.kicked: list[str] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("refused")
        path = request.url.path
        if request.method == "DELETE":
            self.kicked.append(path.rsplit("/", 1)[1])
            return httpx.Response(200, json={"code": 0})
        if path == "/api/v1/versions":
            data = {"version": "5.0.216"}
            return httpx.Response(200, json={"code": 0, "pid": "1", "service": "s", "data": data})
        return httpx.Response(200, json={"code": 0, "streams": self.streams, "clients": []})


@dataclass
class Page:
    """The API as a browser sees it through nginx, and the stores behind it."""

    client: httpx.AsyncClient
    services: Services
    media: Media
    redis: Redis

    async def initialise(self) -> None:
        body = {"password": PASSWORD, "setup_code": CODE}
        reply = await self.client.post(f"{API}/init", json=body)
        assert reply.status_code == 200, reply.text

    async def publish(self, stream: str = "cam", client_id: str = "p1") -> None:
        session = Session(
            client_id=client_id,
            kind=Kind.PUBLISH,
            protocol=Protocol.RTMP,
            vhost="__defaultVhost__",
            app="live",
            stream=stream,
            url=f"live/{stream}",
            ip="203.0.113.7",
            since_ms=now_ms(),
        )
        await self.redis.hset("SRS_AUTH_SECRET", "pubSecret", "s3cret-s3cret")
        assert (await self.services.registry.publish(session, "s3cret-s3cret")).yes


@pytest.fixture
async def page(settings: Settings, redis: Redis) -> AsyncIterator[Page]:
    settings.data.setup_code.write_text(CODE + "\n")
    media = Media()
    host = Host(settings.data.mgmt_socket)
    passwords = PasswordManager(settings)
    transport = httpx.MockTransport(media.answer)
    async with (
        httpx.AsyncClient(transport=transport, base_url="http://srs") as upstream,
        AsyncExitStack() as stack,
    ):
        srs = SrsApi(upstream)
        epoch = StoreEpoch(redis, settings.data.store_id)
        await epoch.ensure()
        store, events = AdminStore(redis), EventStream(redis)
        registry = StreamRegistry(redis, lambda: epoch.value)
        facts = Facts(registry, srs)
        hook_targets, hook_queue = HookTargetStore(redis, b"k" * 32), HookQueue(redis)
        statistics = Statistics(settings, events, registry, now_ms)
        feed = LiveFeed(events, facts, host)
        monitor = open_monitor(settings, redis, events, b"k" * 32, facts, host, feed, now_ms)
        services = Services(
            settings=settings,
            admin=Admin(
                store,
                FailureStore(redis),
                settings.data,
                passwords,
                PasswordHasher(time_cost=1, memory_cost=64, parallelism=1),
            ),
            authenticator=Authenticator(store, b"k" * 32, settings.api_secret.get_secret_value()),
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
                PassSigner(b"k" * 32),
            ),
            hook_targets=hook_targets,
            hook_queue=hook_queue,
            hook_worker=HookWorker(events, hook_targets, hook_queue, Outbound(), now_ms),
            stats=statistics,
            monitor=await stack.enter_async_context(monitor),
            beian=BeianStore(redis),
            clock=now_ms,
        )
        app = create_api()
        app.state.services = services
        app.state.authenticator = services.authenticator
        app.state.audit_folder = settings.data.audit
        settings.data.audit.mkdir(exist_ok=True)
        asgi = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(
            transport=asgi, base_url="http://live.example.com", headers=VISITOR
        ) as client:
            yield Page(client, services, media, redis)
        await statistics.aclose()
    await host.aclose()
    await passwords.aclose()


@pytest.fixture
def office(redis: Redis) -> Office:
    """The webhook worker; nothing is sent until it is at work."""
    return office_on(redis)
