"""Look at nginx's statistics every second: who is gone, who should not be there, how fast."""

import asyncio
import time
from dataclasses import replace

from ..core.log import get_logger
from .clients import Client, ClientTable, Kind, Phase
from .codecs import unsupported
from .control import Control
from .events import Events
from .lifecycle import Lifecycle
from .rates import Rates
from .stat import BadStat, Stat, StatStream

PERIOD_S = 1.0
MISSES = 3
"""How many looks in a row must miss a client, or see a stranger, before it counts."""
CODEC_AFTER_MS = 5000

log = get_logger(__name__)


class Monitor:
    def __init__(
        self, control: Control, table: ClientTable, lifecycle: Lifecycle, events: Events
    ) -> None:
        self._control = control
        self._table = table
        self._lifecycle = lifecycle
        self._events = events
        self._lock = asyncio.Lock()
        self._pid = 0
        self._looked_ms = 0
        self._strangers: dict[int, int] = {}
        self._judged: set[str] = set()
        self.stat: Stat | None = None
        """The last look; None while nginx does not answer."""
        self.rates = Rates()

    async def run(self) -> None:
        while True:
            await self.check()
            await asyncio.sleep(PERIOD_S)

    async def check(self, after_pause: bool = False) -> None:
        """Look once; a nginx that does not answer changes nothing but ``stat``.

        ``after_pause``: nobody can have been let in meanwhile, so whoever is not there is gone.
        """
        async with self._lock:
            now_ms = time.time_ns() // 1_000_000
            try:
                stat = self._named(await self._control.stat())
            except (OSError, TimeoutError, BadStat) as exc:
                log.info("engine.stat_failed", reason=repr(exc))
                self.stat = None
                return
            restarted = self._pid not in (0, stat.pid)
            if restarted:
                self._events.add("worker_restarted", "nginx's worker died; encoders reconnect")
            self._pid = stat.pid
            self.stat = stat
            self._end_the_missing(stat, now_ms if after_pause else restarted * self._looked_ms)
            self._looked_ms = now_ms
            self._measure(stat)
            await self._drop_strangers(stat)
            await self._drop_unsupported(stat, now_ms)

    def nginx_ended(self) -> None:
        """Forget everything about the nginx that is gone; its clients are ended by the caller."""
        self._pid = 0
        self.stat = None
        self._strangers.clear()

    def stream(self, app: str, name: str) -> StatStream | None:
        streams = self.stat.streams if self.stat else ()
        return next((s for s in streams if s.app == app and s.name == name), None)

    def _named(self, stat: Stat) -> Stat:
        """Put the real names in: nginx-rtmp prints every letter beyond ASCII as a space."""
        streams: list[StatStream] = []
        for stream in stat.streams:
            known = (self._table.by_cid(client.cid) for client in stream.clients)
            client = next((c for c in known if c is not None), None)
            streams.append(replace(stream, name=client.stream) if client else stream)
        return replace(stat, streams=tuple(streams))

    def _end_the_missing(self, stat: Stat, certain_before_ms: int) -> None:
        """End clients missed often enough, and at once those let in before ``certain_before_ms``.

        Who was let in later may belong to the new worker and just not be listed yet.
        """
        seen = {client.cid: (stream, client) for stream, client in stat.clients()}
        for client in self._table.settled():
            if client.cid is None:
                continue
            if client.cid not in seen:
                client.misses += 1
                if client.misses >= MISSES or client.since_ms < certain_before_ms:
                    self._lifecycle.end(client, "not in the statistics")
                continue
            stream, shown = seen[client.cid]
            client.misses = 0
            if shown.publishing:
                client.recv_bytes = stream.bytes_in
                self._promote(client)

    def _promote(self, client: Client) -> None:
        """A publisher that we took for a duplicate got the stream after all."""
        if client.phase is Phase.DUPLICATE:
            self._table.settle(client, Phase.LIVE)

    def _measure(self, stat: Stat) -> None:
        now = time.monotonic()
        for stream in stat.streams:
            key = (stream.app, stream.name)
            self.rates.sample(key, now, stream.bytes_in, stream.bytes_out)
        self.rates.sample((), now, stat.bytes_in, stat.bytes_out)
        self.rates.keep_only([(), *((s.app, s.name) for s in stat.streams)])

    async def _drop_strangers(self, stat: Stat) -> None:
        """Cut whoever plays or publishes without our having let it in."""
        counts: dict[int, int] = {}
        for stream, client in stat.clients():
            if self._table.by_cid(client.cid) is None:
                counts[client.cid] = self._strangers.get(client.cid, 0) + 1
                if counts[client.cid] >= MISSES:
                    self._events.add("stranger_dropped", f"{client.address} on {stream.name}")
                    await self._drop(stream.app, client.cid)
        self._strangers = counts

    async def _drop_unsupported(self, stat: Stat, now_ms: int) -> None:
        self._judged &= {client.id for client in self._table}
        for stream in stat.streams:
            publisher = self._table.publisher(stream.app, stream.name)
            if publisher is None or now_ms - publisher.since_ms < CODEC_AFTER_MS:
                continue
            reason = unsupported(stream)
            if reason is not None and publisher.cid is not None:
                if publisher.id not in self._judged:
                    detail = f"{publisher.url} was cut: {reason}"
                    self._events.add("unsupported_codec", detail, client=publisher.id)
                    self._judged.add(publisher.id)
                await self._drop(stream.app, publisher.cid)

    async def _drop(self, app: str, cid: int) -> None:
        try:
            await self._control.drop(app, cid)
        except (OSError, TimeoutError) as exc:
            log.warning("engine.drop_failed", cid=cid, reason=repr(exc))

    async def kick(self, client: Client) -> bool:
        """Cut an RTMP client. Raises OSError or TimeoutError when nginx does not answer."""
        return client.cid is not None and await self._control.drop(client.app, client.cid)

    def players(self, app: str, stream: str) -> list[Client]:
        return [
            c
            for c in self._table.settled()
            if c.app == app and c.stream == stream and c.kind in (Kind.PLAY, Kind.FLV)
        ]
