"""Who may publish and play by RTMP: nginx asks us, we ask the control plane."""

import secrets
from collections.abc import Awaitable, Callable, Collection

from ..core.log import get_logger
from .boot import Boot
from .callbacks import Action
from .clients import Client, ClientTable, Kind, Phase
from .fields import Notify, is_stream_name
from .hooks_client import HooksClient
from .lifecycle import Lifecycle

TOLD_TIMEOUT_S = 1.0
INTERNAL = "internal="

log = get_logger(__name__)


class Gate:
    """``check_now`` reads nginx's statistics and ends whoever is gone."""

    def __init__(
        self,
        boot: Boot,
        apps: Collection[str],
        table: ClientTable,
        hooks: HooksClient,
        lifecycle: Lifecycle,
        check_now: Callable[[], Awaitable[None]],
    ) -> None:
        self._boot = boot
        self._apps = apps
        self._table = table
        self._hooks = hooks
        self._lifecycle = lifecycle
        self._check_now = check_now

    async def handle(self, notify: Notify) -> bool:
        """Answer one call of nginx; False refuses the client."""
        if notify.call in ("publish_done", "play_done"):
            client = self._table.by_cid(notify.cid)
            if client is not None and client.phase is not Phase.ASKING:
                self._lifecycle.end(client, notify.call)
            return True
        if notify.app not in self._apps or not is_stream_name(notify.name):
            log.warning("engine.bad_stream_name", ip=notify.ip, app=notify.app)
            return False
        if self._table.by_cid(notify.cid) is not None:
            # One connection, one role: nginx would announce only the last one's end.
            log.warning("engine.second_role_refused", ip=notify.ip)
            return False
        if notify.call == "publish":
            return await self._publish(notify)
        return await self._play(notify)

    async def _publish(self, notify: Notify) -> bool:
        await self._clear_ghost(notify.app, notify.name)
        client = self._table.add_rtmp(notify, Kind.PUBLISH)
        if not await self._ask(client, Action.PUBLISH, Action.UNPUBLISH):
            return False
        taken = self._table.publisher(client.app, client.stream) is not None
        self._table.settle(client, Phase.DUPLICATE if taken else Phase.LIVE)
        log.info("engine.published", client=client.id, url=client.url, duplicate=taken)
        return True

    async def _play(self, notify: Notify) -> bool:
        given = notify.param.removeprefix("?").removeprefix(INTERNAL)
        if notify.param.startswith(f"?{INTERNAL}"):
            if not secrets.compare_digest(given.encode(), self._boot.internal_token.encode()):
                return False
            self._table.settle(self._table.add_rtmp(notify, Kind.INTERNAL), Phase.LIVE)
            return True
        client = self._table.add_rtmp(notify, Kind.PLAY)
        if not await self._ask(client, Action.PLAY, Action.STOP):
            return False
        self._table.settle(client, Phase.LIVE)
        return True

    async def _ask(self, client: Client, action: Action, undo: Action) -> bool:
        """Ask for on_connect and ``action``; a client that leaves meanwhile is undone."""
        asked = Action.CONNECT
        try:
            if not await self._hooks.ask(Action.CONNECT, client):
                self._table.remove(client)
                return False
            asked = action
            if await self._hooks.ask(action, client):
                return True
        except BaseException:
            self._table.remove(client)
            if asked is action:
                self._hooks.tell(undo, client)
            self._hooks.tell(Action.CLOSE, client)
            raise
        self._table.remove(client)
        self._hooks.tell(Action.CLOSE, client)
        log.info("engine.refused", client=client.id, action=action, url=client.url)
        return False

    async def _clear_ghost(self, app: str, stream: str) -> None:
        """Make sure that a publisher we believe in is still there before a new one is asked about.

        After a crash of nginx's worker the encoder may be back before we have noticed.
        """
        ghost = self._table.publisher(app, stream)
        if ghost is None:
            return
        await self._check_now()
        if self._table.get(ghost.id) is None:
            await self._hooks.told(ghost, TOLD_TIMEOUT_S)
