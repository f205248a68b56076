"""The embedded media engine: nginx-rtmp under our supervision, speaking like SRS 5."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from ..core.errors import ConfigError
from ..core.log import get_logger
from ..core.rtmp.chunk import Message
from ..core.rtmp.client import open_rtmp
from ..core.runner import Listener, Running, Service
from ..core.settings import Settings
from .api import create_api
from .clients import Client, ClientTable, Kind
from .control import Control
from .dvr import Dvr
from .events import Events
from .flv_gateway import FlvGateway
from .gate import Gate
from .hls_watch import HlsWatch
from .hooks_client import HooksClient
from .http_client import Reply, request
from .journal import Journal
from .lifecycle import Lifecycle
from .monitor import Monitor
from .nginx import Nginx, allow_many_files
from .notify import open_door
from .reports import Reports
from .supervise import Supervisor

DRAIN_S = 2.0

log = get_logger(__name__)


async def pull(
    settings: Settings, token: str, app: str, name: str
) -> AsyncGenerator[Message, None]:
    """Play a stream from our own nginx until it ends; ``token`` shows that it is us."""
    async with open_rtmp(settings.rtmp_port, app) as client:
        await client.play(f"{name}?internal={token}")
        while True:
            yield await client.next()


@asynccontextmanager
async def open_engine(settings: Settings) -> AsyncIterator[Running]:
    """Adopt or start nginx, and open every door but the API's.

    Leaving the block in peace ends nginx too, after all its clients are reported gone; leaving
    it by an exception, as being killed does, leaves nginx running for the next shim.
    """
    allow_many_files()
    nginx = Nginx(settings)
    nginx.lock()
    boot = nginx.boot
    journal = Journal(nginx.state / "journal.jsonl")
    table = ClientTable(boot, journal)

    async def post(target: str, body: bytes, timeout_s: float) -> Reply:
        return await request(settings.hooks_port, "POST", target, body, timeout_s=timeout_s)

    hooks = HooksClient(post, settings.hook_secret.get_secret_value(), boot)
    events = Events()
    hls = HlsWatch(settings.data.html, nginx.apps, table, hooks, journal)
    dvr = Dvr(settings.data.dvr, hooks, events, on=settings.dvr)
    lifecycle = Lifecycle(table, hooks, hls, dvr)
    control = Control(settings.engine_stat_port, boot)
    monitor = Monitor(control, table, lifecycle, events)
    gateway = FlvGateway(table, hooks, lifecycle.end, partial(pull, settings, boot.internal_token))
    lifecycle.on_unpublish.append(gateway.close_stream)
    gate = Gate(boot, nginx.apps, table, hooks, lifecycle, monitor.check)
    supervisor = Supervisor(nginx, lifecycle, monitor, events)

    async def kick(client: Client) -> bool:
        return gateway.kick(client) if client.kind is Kind.FLV else await monitor.kick(client)

    async with AsyncExitStack() as doors:
        doors.callback(nginx.unlock)
        doors.callback(journal.close)
        try:
            await doors.enter_async_context(gateway.listen(settings.srs_http_port))
            await doors.enter_async_context(
                open_door(settings.engine_notify_port, boot.notify_token, gate.handle)
            )
        except OSError as exc:
            raise ConfigError(
                f"the engine cannot listen: {exc}", "Another program has the port, see ss -ltnp."
            ) from None
        table.adopt()
        await supervisor.begin()
        api = create_api(Reports(settings, boot, table, monitor, gateway, events), kick)
        yield Running(
            listeners=[Listener(api, port=settings.srs_api_port)],
            loops=[supervisor.run(), supervisor.watch(), monitor.run(), hls.run(), gateway.sweep()],
        )
        # First nginx: a recording must be whole before it is announced.
        await nginx.stop()
        lifecycle.end_all("engine stopped")
        await hooks.drain(DRAIN_S)


SERVICE = Service("engine", open_engine)
