"""The HTTP-FLV and WebSocket-FLV door: who may watch, which pull serves it, when it ends."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from ..core.log import get_logger
from .callbacks import Action
from .clients import Client, ClientTable, Phase
from .fields import is_stream_name, join_param
from .flv_hub import LINGER_S, Hub, Pull
from .flv_viewer import FlvViewer, not_live
from .hooks_client import HooksClient
from .http_head import Head, Refusal

MAX_VIEWERS = 500
SWEEP_S = 5.0
SUFFIX = ".flv"

Key = tuple[str, str]

log = get_logger(__name__)


class FlvGateway:
    """``end`` announces that an accepted viewer has gone."""

    def __init__(
        self,
        table: ClientTable,
        hooks: HooksClient,
        end: Callable[[Client, str], None],
        pull: Pull,
        max_viewers: int = MAX_VIEWERS,
    ) -> None:
        self._table = table
        self._hooks = hooks
        self._end = end
        self._pull = pull
        self._max_viewers = max_viewers
        self._hubs: dict[Key, Hub] = {}
        self._pulls: dict[Hub, asyncio.Task[None]] = {}
        self._viewers: dict[str, FlvViewer] = {}
        self._sent: Counter[Key] = Counter()
        self._pulled: Counter[Key] = Counter()

    async def admit(self, viewer: FlvViewer, head: Head, ip: str) -> None:
        """Let a viewer in, or raise the Refusal it gets."""
        if head.method == "OPTIONS":
            viewer.answer_preflight()
            return
        app, stream = _address(head)
        if self._table.publisher(app, stream) is None:
            raise not_live()
        if len(self._viewers) >= self._max_viewers:
            help_text = "Watch by HLS: it has no such limit."
            raise Refusal(503, 4000, "too_many_viewers", "too many viewers by FLV", help_text)
        page = head.headers.get("referer", "")
        client = self._table.add_flv(app, stream, ip, join_param(head.query), page)
        self._viewers[client.id] = viewer
        viewer.client = client
        try:
            allowed = await self._hooks.ask(Action.PLAY, client)
        except BaseException:
            self._forget(client)
            self._hooks.tell(Action.STOP, client)
            raise
        if not allowed:
            self._forget(client)
            raise Refusal(403, 3000, "play_refused", "you may not watch this stream")
        self._table.settle(client, Phase.LIVE)
        if self._table.publisher(app, stream) is None:
            raise not_live()
        viewer.hub = self._hub(app, stream)
        viewer.hub.add(viewer)

    def _forget(self, client: Client) -> None:
        self._viewers.pop(client.id, None)
        self._table.remove(client)

    def gone(self, viewer: FlvViewer) -> None:
        """The connection is closed, whoever closed it."""
        client = viewer.client
        if client is None or self._viewers.pop(client.id, None) is None:
            return
        self._sent[client.app, client.stream] += client.send_bytes
        if client.phase is not Phase.ASKING:
            self._end(client, "viewer gone")

    def kick(self, client: Client) -> bool:
        viewer = self._viewers.get(client.id)
        if viewer is not None:
            viewer.cut()
        return viewer is not None

    def close_stream(self, app: str, stream: str) -> None:
        """The publisher is gone: end the pull, and with it all viewers."""
        hub = self._hubs.pop((app, stream), None)
        if hub is not None:
            self._pulls[hub].cancel()
        self._sent.pop((app, stream), None)
        self._pulled.pop((app, stream), None)

    def traffic(self, app: str, stream: str) -> tuple[int, int]:
        """Return (bytes sent to viewers, bytes we pulled ourselves) of a live stream."""
        key = (app, stream)
        hub = self._hubs.get(key)
        sent = sum(v.client.send_bytes for v in self._of(key) if v.client is not None)
        pulled = self._pulled[key] + (hub.pulled_bytes if hub else 0)
        return self._sent[key] + sent, pulled

    def _of(self, key: Key) -> list[FlvViewer]:
        return [
            v
            for v in self._viewers.values()
            if v.client is not None and (v.client.app, v.client.stream) == key
        ]

    def _hub(self, app: str, stream: str) -> Hub:
        key = (app, stream)
        hub = self._hubs.get(key)
        if hub is None:
            hub = self._hubs[key] = Hub(app, stream, self._pull)
            self._pulls[hub] = asyncio.create_task(self._run_hub(key, hub))
        return hub

    async def _run_hub(self, key: Key, hub: Hub) -> None:
        try:
            await hub.run()
        finally:
            del self._pulls[hub]
            # Not when the stream has ended, or has a new publisher and a new pull already.
            if self._hubs.get(key) is hub:
                del self._hubs[key]
                self._pulled[key] += hub.pulled_bytes

    async def sweep(self) -> None:
        """End pulls that nobody watches and viewers that do not read."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(SWEEP_S)
            for hub in list(self._hubs.values()):
                if hub.idle_since is not None and loop.time() - hub.idle_since > LINGER_S:
                    self._pulls[hub].cancel()
            for viewer in list(self._viewers.values()):
                if viewer.is_stalled() and viewer.client is not None:
                    log.info("engine.viewer_stalled", client=viewer.client.id)
                    viewer.cut()

    @asynccontextmanager
    async def listen(self, port: int, host: str = "127.0.0.1") -> AsyncIterator[None]:
        """Serve until the block is left. Raises OSError when the port is taken."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: FlvViewer(self), host, port, backlog=512)
        try:
            yield
        finally:
            server.close()
            for task in list(self._pulls.values()):
                task.cancel()
            await asyncio.gather(*self._pulls.values(), return_exceptions=True)


def _address(head: Head) -> Key:
    if head.method != "GET":
        raise Refusal(405, 4005, "method_not_allowed", "only GET is allowed here")
    parts = head.path.split("/")
    if len(parts) != 3 or not parts[2].endswith(SUFFIX):
        raise Refusal(404, 4004, "unknown_path", "streams are at /<app>/<stream>.flv")
    app, stream = parts[1], parts[2].removesuffix(SUFFIX)
    if not is_stream_name(app) or not is_stream_name(stream):
        raise Refusal(400, 1004, "bad_stream_name", "this cannot be the name of a stream")
    if head.wants_websocket and not head.headers.get("sec-websocket-key"):
        raise Refusal(400, 1004, "bad_request", "a WebSocket without a key")
    return app, stream
