"""How a client ends: the one place that says goodbye to the control plane in the right order."""

from collections.abc import Callable, Collection

from ..core.log import get_logger
from .callbacks import Action
from .clients import Client, ClientTable, Kind, Phase
from .dvr import Dvr
from .hls_watch import HlsWatch
from .hooks_client import HooksClient

log = get_logger(__name__)


class Lifecycle:
    def __init__(self, table: ClientTable, hooks: HooksClient, hls: HlsWatch, dvr: Dvr) -> None:
        self._table = table
        self._hooks = hooks
        self._hls = hls
        self._dvr = dvr
        self.on_unpublish: list[Callable[[str, str], None]] = []
        """Called with (app, stream) when a stream has lost its publisher."""

    def end(self, client: Client, reason: str) -> None:
        """Forget an accepted client and announce its end; a second call does nothing."""
        if not self._table.remove(client) or client.kind is Kind.INTERNAL:
            return
        log.info(
            "engine.client_ended", client=client.id, kind=client.kind, url=client.url, why=reason
        )
        if client.kind is not Kind.PUBLISH:
            self._hooks.tell(Action.STOP, client)
        elif client.phase is Phase.LIVE:
            self._hls.announce(client)
            self._dvr.announce(client)
            self._hooks.tell(Action.UNPUBLISH, client)
            for call in self.on_unpublish:
                call(client.app, client.stream)
        # A duplicate publisher gets on_close alone, as SRS does it.
        if client.by_rtmp:
            self._hooks.tell(Action.CLOSE, client)

    def end_all(self, reason: str, kinds: Collection[Kind] = frozenset(Kind)) -> None:
        """Players first, so that no viewer outlives its stream in the control plane."""
        ending = [client for client in self._table.settled() if client.kind in kinds]
        for client in sorted(ending, key=lambda client: client.kind is Kind.PUBLISH):
            self.end(client, reason)
