"""Compare the registry with the media server's own lists and repair it.

Callbacks are lost when this process or the media server dies; the lists are the truth.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from redis.exceptions import RedisError

from ..core.epoch import StoreEpoch, StoreState
from ..core.errors import StreamsteadError
from ..core.events import EventStream, EventType
from ..core.log import get_logger
from ..core.publish_secret import PublishSecretStore
from ..core.registry import (
    DEFAULT_VHOST,
    Kind,
    Protocol,
    Session,
    SessionState,
    StreamRegistry,
    Verdict,
)
from ..core.srs import SrsApi, SrsClient, SrsStream, SrsVersion
from .enforce import HLS_PREFIX, Enforcer

log = get_logger(__name__)

T = TypeVar("T")

PERIOD_S = 15.0
WATCH_S = 1.0
"""How often the media server's process id is looked at, so that its restart is seen soon."""

YOUNG_MS = 2_000
"""A session younger than this may not be in the list yet: SRS asks before it registers."""

AT_ONCE = 100

NUDGES_S = (0.2, 0.8, 2.5)

_PROTOCOLS = {
    "fmle": Protocol.RTMP,
    "flash": Protocol.RTMP,
    "haivision": Protocol.RTMP,
    "rtmp": Protocol.RTMP,
    "srt": Protocol.SRT,
    "rtc": Protocol.WEBRTC,
    "flv": Protocol.FLV,
    "hls": Protocol.HLS,
}


class Reconciler:
    """Runs for ever; ``nudge`` makes it look three times within the next seconds."""

    def __init__(
        self,
        registry: StreamRegistry,
        epoch: StoreEpoch,
        secrets: PublishSecretStore,
        enforcer: Enforcer,
        events: EventStream,
        srs: SrsApi,
        clock: Callable[[], int],
    ) -> None:
        self._events = events
        self._registry = registry
        self._epoch = epoch
        self._enforcer = enforcer
        self._secrets = secrets
        self._srs = srs
        self._clock = clock
        self._nudged = asyncio.Event()
        self._process: tuple[str, str] | None = None

    def nudge(self) -> None:
        self._nudged.set()

    async def run(self) -> None:
        """Reconcile at start, on a restart of the media server, when nudged and every 15 s."""
        next_s = 0.0
        while True:
            try:
                if time.monotonic() >= next_s:
                    await self._know_store()
                restarted = await self._has_restarted()
                if restarted or time.monotonic() >= next_s:
                    await self.once()
                    next_s = time.monotonic() + PERIOD_S
            except (StreamsteadError, RedisError) as exc:
                log.info("reconcile.postponed", error=type(exc).__name__)
            await self._wait()

    async def _know_store(self) -> None:
        """Tell an emptied store; a good one gets what the first publisher needs."""
        if await self._epoch.ensure():
            now = self._clock()
            await self._events.append(f"store.emptied:{now}", EventType.STORE_EMPTIED, now, "", {})
        if self._epoch.state is StoreState.READY:
            await self._secrets.ensure()

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(WATCH_S):
                await self._nudged.wait()
        if not self._nudged.is_set():
            return
        self._nudged.clear()
        for delay_s in NUDGES_S:
            await asyncio.sleep(delay_s)
            with suppress(StreamsteadError, RedisError):  # the periodic one comes anyway
                await self.once()

    async def _has_restarted(self) -> bool:
        version = await self._srs.version()
        process = _process_of(version)
        restarted = self._process is not None and process != self._process
        if restarted:
            log.warning("media.restarted", before=self._process, now=process)
        self._process = process
        return restarted

    async def once(self) -> int:
        """Repair the registry; returns how many entries were wrong. Raises Upstream, RedisError."""
        listed_ms = self._clock()
        process = _process_of(await self._srs.version())
        clients = {client.id: client for client in await self._srs.clients()}
        streams = await self._srs.streams()
        if _process_of(await self._srs.version()) != process:
            return 0  # it restarted while we read: the lists may belong to two lives
        sessions = await self._registry.sessions()
        gone = [
            client_id
            for client_id in sessions
            # The front serves HLS viewers, see hls_sessions.py.
            if client_id not in clients and not client_id.startswith(HLS_PREFIX)
        ]
        added = [
            _session(client, listed_ms)
            for client_id, client in clients.items()
            if client_id not in sessions and client.url.count("/") >= 2
        ]
        repaired = await _count(
            gone, lambda one: self._registry.lost(one, self._clock(), listed_ms - YOUNG_MS)
        )
        repaired += await _count(added, lambda one: self._registry.found(one, self._clock()))
        repaired += await self._promote(_owners(streams, clients))
        await self._registry.sample_bytes(
            {client.id: (client.send_bytes, client.recv_bytes) for client in clients.values()},
            self._clock(),
        )
        if self._epoch.state is StoreState.READY:
            await self._enforcer.viewers()
            await self._enforcer.publishers()
        if repaired:
            log.warning("registry.repaired", entries=repaired)
        return repaired

    async def _promote(self, owners: dict[str, str]) -> int:
        """Give streams to the publisher the server names, when we have it as a challenger."""
        promoted = 0
        if not owners:
            return promoted
        for session in (await self._registry.sessions()).values():
            if (
                session.state is SessionState.CHALLENGER
                and owners.get(session.url) == session.client_id
            ):
                done = await self._registry.promote(session, self._clock())
                promoted += done.yes
        return promoted


async def _count(items: list[T], repair: Callable[[T], Awaitable[Verdict]]) -> int:
    """Repair them, many at a time because they share their way to Redis; return how many were."""
    done = 0
    for first in range(0, len(items), AT_ONCE):
        some = items[first : first + AT_ONCE]
        done += sum(verdict.yes for verdict in await asyncio.gather(*map(repair, some)))
    return done


def _process_of(version: SrsVersion) -> tuple[str, str]:
    """``(pid, service id)``: both are new after a restart."""
    return version.pid, version.service


def _owners(streams: list[SrsStream], clients: dict[str, SrsClient]) -> dict[str, str]:
    """Return stream url -> client id of the publisher the server takes for live.

    A stream names its publisher, except a WebRTC one: then it is the client of that type. A second
    publisher about to be refused is listed as a client too, so that list alone proves nothing.
    """
    owners = {
        client.url.strip("/"): client.id
        for client in clients.values()
        if client.publish and client.type.startswith("rtc")
    }
    for stream in streams:
        if stream.publish.active and stream.publish.cid in clients:
            owners[stream.url.strip("/")] = stream.publish.cid
    return owners


def _session(client: SrsClient, now_ms: int) -> Session:
    """Make the entry of a client whose callback never reached us; its query is unknown."""
    app, _, stream = client.url.strip("/").partition("/")
    return Session(
        client_id=client.id,
        kind=Kind.PUBLISH if client.publish else Kind.PLAY,
        protocol=_PROTOCOLS.get(client.type.partition("-")[0], Protocol.RTMP),
        vhost=DEFAULT_VHOST,
        app=app,
        stream=stream,
        url=f"{app}/{stream}",
        ip=client.ip,
        since_ms=now_ms - int(client.alive * 1000),
    )
