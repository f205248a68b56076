"""Everyone who is connected, and what we told the control plane about them."""

import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from .boot import Boot
from .fields import Notify
from .journal import Journal


class Kind(StrEnum):
    """How a client is connected; the value is SRS's ``type`` in the list of clients."""

    PUBLISH = "fmle-publish"
    PLAY = "rtmp-play"
    FLV = "flv-play"
    INTERNAL = "internal"
    """A pull of our own FLV gateway: never announced, never counted."""


class Phase(StrEnum):
    ASKING = "asking"
    """The control plane has not answered yet."""
    LIVE = "live"
    DUPLICATE = "duplicate"
    """Accepted by the control plane, but the stream has a publisher: nginx will refuse it."""


@dataclass(slots=True)
class Client:
    """One publisher or player. ``cid`` is nginx's number of its connection, None for FLV viewers.

    ``send_bytes`` is what we sent to the client; it stays 0 for RTMP players, whose bytes nginx
    does not count one by one.
    """

    id: str
    kind: Kind
    app: str
    stream: str
    ip: str
    tc_url: str
    param: str
    page_url: str = ""
    swf_url: str = ""
    cid: int | None = None
    since_ms: int = 0
    phase: Phase = Phase.ASKING
    send_bytes: int = 0
    recv_bytes: int = 0
    misses: int = 0
    """How often in a row the statistics did not show it."""

    @property
    def url(self) -> str:
        return f"/{self.app}/{self.stream}"

    @property
    def by_rtmp(self) -> bool:
        return self.kind is not Kind.FLV


class ClientTable:
    """Clients by id. What is LIVE is also in the journal, so that a killed shim finds it again."""

    def __init__(self, boot: Boot, journal: Journal) -> None:
        self._boot = boot
        self._journal = journal
        self._by_id: dict[str, Client] = {}

    def __iter__(self) -> Iterator[Client]:
        return iter(list(self._by_id.values()))

    def get(self, client_id: str) -> Client | None:
        return self._by_id.get(client_id)

    def by_cid(self, cid: int) -> Client | None:
        return self._by_id.get(self.rtmp_id(cid))

    def rtmp_id(self, cid: int) -> str:
        """Return the id of a connection of this nginx: the same before and after our restart.

        nginx counts connections in memory that all its workers share, so a worker that was
        started again never gives out an old number.
        """
        return f"{self._boot.boot_id}-{cid}"

    def add_rtmp(self, notify: Notify, kind: Kind) -> Client:
        client = Client(
            id=self.rtmp_id(notify.cid),
            kind=kind,
            app=notify.app,
            stream=notify.name,
            ip=notify.ip,
            tc_url=notify.tc_url,
            param="" if kind is Kind.INTERNAL else notify.param,
            page_url=notify.page_url,
            swf_url=notify.swf_url,
            cid=notify.cid,
            since_ms=_now_ms(),
        )
        self._by_id[client.id] = client
        return client

    def add_flv(self, app: str, stream: str, ip: str, param: str, page_url: str) -> Client:
        client = Client(
            id=f"{self._boot.boot_id}-f{secrets.token_hex(4)}",
            kind=Kind.FLV,
            app=app,
            stream=stream,
            ip=ip,
            tc_url=f"rtmp://__defaultVhost__/{app}",
            param=param,
            page_url=page_url,
            since_ms=_now_ms(),
        )
        self._by_id[client.id] = client
        return client

    def adopt(self) -> None:
        """Take over what the journal of our predecessor holds."""
        for fields in list(self._journal.remembered.clients.values()):
            kind, phase = Kind(fields["kind"]), Phase(fields["phase"])
            client = Client(**{**fields, "kind": kind, "phase": phase, "misses": 0})
            self._by_id[client.id] = client

    def settle(self, client: Client, phase: Phase) -> None:
        """Accepted: from here on its end will be announced, even by our successor."""
        client.phase = phase
        self._journal.add(client)

    def remove(self, client: Client) -> bool:
        """Forget a client; False when somebody did already."""
        if self._by_id.get(client.id) is not client:
            return False
        del self._by_id[client.id]
        if client.phase is not Phase.ASKING:
            self._journal.remove(client.id)
        return True

    def publisher(self, app: str, stream: str) -> Client | None:
        """Return the one publisher of a stream that is live."""
        for client in self._by_id.values():
            if (
                client.kind is Kind.PUBLISH
                and client.phase is Phase.LIVE
                and client.stream == stream
                and client.app == app
            ):
                return client
        return None

    def settled(self) -> list[Client]:
        return [c for c in self._by_id.values() if c.phase is not Phase.ASKING]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
