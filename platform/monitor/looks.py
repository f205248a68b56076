"""The newest picture of the house: every 5 s, cheaply, and at once when something happens.

While nobody publishes and no page is open, Redis is asked some ten times a minute.
"""

import asyncio
import sqlite3
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from redis.asyncio import Redis
from redis.exceptions import RedisError

from ...core.errors import StreamsteadError, Upstream
from ...core.events import EventType
from ...core.log import get_logger
from ...core.settings import Settings
from ..facts import Facts, Stream
from ..host import Host, HostStatus, ServiceState
from .forecast import full_in_days
from .history import History, Sample
from .machine import Machine, MachineFacts
from .output_facts import OutputFacts, look_at_outputs
from .redis_facts import RedisFacts, look_at_redis
from .scrape import CallbackRates, Figures, Scraper
from .slow_facts import SlowFacts
from .traffic_book import TrafficBook

log = get_logger(__name__)

EVERY_S = 5.0
SOME_S = 15.0
"""Our own services are asked so often while nobody publishes and no page is open."""

OFTEN_S = 10.0
"""Redis and the manager: everything else depends on them."""

RARELY_S = 30.0
"""So often it is asked whether somebody publishes, when nothing has told so."""

FORECAST_S = 600.0
TRAFFIC_S = 60.0
HOST_RETRY_S = 1.0
MIN_GAP_S = 0.5

_STREAM_NEWS = {EventType.STREAM_PUBLISHED.value, EventType.STREAM_UNPUBLISHED.value}
_NEWS = _STREAM_NEWS | {
    EventType.OUTPUT_LOST.value,
    EventType.OUTPUT_FAILED.value,
    EventType.OUTPUT_LIVE.value,
    EventType.OUTPUT_ENDED.value,
    EventType.RECORDING_STARTED.value,
    EventType.RECORDING_FINISHED.value,
}


@dataclass(slots=True)
class View:
    """What is known now. None: it cannot be known at the moment, or nobody has looked yet.

    ``host_away_s`` and ``redis_away_s``: seconds for which they have not answered.
    """

    at_ms: int = 0
    machine: MachineFacts | None = None
    full_in_days: float | None = None
    services: list[ServiceState] | None = None
    host: HostStatus | None = None
    host_away_s: float = 0.0
    redis: RedisFacts | None = None
    redis_away_s: float = 0.0
    streams: list[Stream] = field(default_factory=list)
    figures: dict[str, Figures] = field(default_factory=dict)
    outputs: OutputFacts | None = None
    callbacks_rate: float | None = None
    callback_p95_ms: float | None = None
    slow: SlowFacts = field(default_factory=SlowFacts)

    @property
    def viewers(self) -> int:
        return sum(stream.viewers.total for stream in self.streams)


class Looks:
    """``run`` and ``follow_host`` are endless loops."""

    def __init__(
        self,
        settings: Settings,
        redis: Redis,
        facts: Facts,
        host: Host,
        clock: Callable[[], int],
        every_s: float = EVERY_S,
    ) -> None:
        self._settings = settings
        self._redis = redis
        self._facts = facts
        self._host = host
        self._clock = clock
        self._every_s = every_s
        self._machine = Machine(settings.data.root)
        self._scraper = Scraper(settings)
        self._rates = CallbackRates()
        self._wake = asyncio.Event()
        self._due: dict[str, float] = {}
        self._asking: asyncio.Task[None] | None = None
        self._host_lost_at: float | None = None
        self._redis_lost_at: float | None = None
        self._pages: Callable[[], int] = lambda: 0
        self.history = History(settings.data.stats / "monitor.db", every_s)
        self.book = TrafficBook(settings.data.stats / "traffic.db")
        self.view = View()

    def count_pages(self, pages: Callable[[], int]) -> None:
        """Look more closely while ``pages()`` is not 0."""
        self._pages = pages

    async def aclose(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
        await self._scraper.aclose()

    def nudge(self, event_type: str) -> None:
        """Something has happened: look at once at what it may have changed."""
        if event_type in _NEWS:
            self._due["some"] = 0.0
            if event_type in _STREAM_NEWS:
                self._due["streams"] = 0.0
            self._wake.set()
        elif event_type.startswith(("certificate.", "backup.", "upgrade.")):
            self._due["slow"] = 0.0
            self._wake.set()

    def hurry(self) -> None:
        """Look at everything at once: a page was opened, or the host has told something."""
        self._wake.set()

    async def follow_host(self) -> None:
        """Keep what the manager tells of programs; never returns."""
        while True:
            try:
                async for name, data in self._host.stream("/v1/status/stream"):
                    if name == "status":
                        self._take_host(HostStatus.model_validate(data))
            except (Upstream, ValueError) as exc:
                if self._host_lost_at is None:
                    log.warning("host_status.lost", error=type(exc).__name__)
            if self._host_lost_at is None:
                self._host_lost_at = time.monotonic()
            await asyncio.sleep(HOST_RETRY_S)

    def _take_host(self, status: HostStatus) -> None:
        self._host_lost_at = None
        changed = self.view.services != status.services
        self.view.host, self.view.services = status, status.services
        if changed:
            self.hurry()

    async def run(self, after: Callable[[View], Awaitable[None]]) -> None:
        """Look, await ``after`` with the view, pause; never returns."""
        while True:
            began = time.monotonic()
            await self.look()
            await after(self.view)
            left_s = max(MIN_GAP_S, self._every_s - (time.monotonic() - began))
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s):
                    await self._wake.wait()
            self._wake.clear()

    async def look(self) -> View:
        """Look at what is due."""
        now = time.monotonic()
        view = self.view
        view.at_ms = self._clock()
        try:
            view.machine = self._machine.look()
        except OSError as exc:
            log.warning("machine.not_measured", error=exc.strerror)
        # An event makes it due at once; between two looks of the rhythm nothing is asked twice.
        if self._is_due("host", now, OFTEN_S):
            await self._look_at_host()
        if self._is_due("streams", now, self._every_s if self._closely() else RARELY_S):
            await self._look_at_streams()
        if self._is_due("redis", now, OFTEN_S):
            await self._look_at_redis(now)
        if self._is_due("some", now, self._every_s if self._closely() else SOME_S):
            await self._look_at_services(now)
        if (self._asking is None or self._asking.done()) and self._is_due(
            "slow", now, SlowFacts.EVERY_S
        ):
            # It takes as long as the manager lets us wait: not in the rhythm of the looks.
            self._asking = asyncio.create_task(view.slow.look(self._host))
        if self._is_due("traffic", now, TRAFFIC_S):
            await self._in_thread(self._count_traffic)
        if self._is_due("forecast", now, FORECAST_S):
            await self._in_thread(self._forecast)
        lost = self._host_lost_at
        view.host_away_s = max(0.1, time.monotonic() - lost) if lost is not None else 0.0
        if lost is not None:
            view.services = None
        await self._remember()
        return view

    async def _look_at_host(self) -> None:
        """The stream of its status tells at once what changes, but not that it hangs."""
        try:
            self._take_host(await self._host.status())
        except Upstream:
            self._host_lost_at = self._host_lost_at or time.monotonic()
            self._due["host"] = 0.0

    def _closely(self) -> bool:
        return bool(self.view.streams) or self._pages() > 0

    def _is_due(self, what: str, now: float, period_s: float) -> bool:
        # A little early is in time: the rhythm of the looks is not exact.
        if now < self._due.get(what, 0.0) - 0.5:
            return False
        self._due[what] = now + period_s
        return True

    async def _look_at_streams(self) -> None:
        try:
            self.view.streams = await self._facts.live()
        except RedisError:
            self._due["redis"] = 0.0  # look whether Redis is away

    async def _look_at_redis(self, now: float) -> None:
        try:
            self.view.redis = await look_at_redis(self._redis)
        except RedisError:
            self.view.redis = None
            self._redis_lost_at = self._redis_lost_at or now
            self._due["redis"] = 0.0
        else:
            self._redis_lost_at = None
        lost = self._redis_lost_at
        self.view.redis_away_s = max(0.1, now - lost) if lost is not None else 0.0

    async def _look_at_services(self, now: float) -> None:
        view = self.view
        view.figures = await self._scraper.look()
        hooks, outputs = view.figures.get("hooks"), view.figures.get("ffmpeg_forward")
        if hooks is not None:
            view.callbacks_rate, view.callback_p95_ms = self._rates.take(hooks, now)
        else:
            view.callbacks_rate = view.callback_p95_ms = None
        view.outputs = None
        if outputs is not None:
            with suppress(StreamsteadError):
                view.outputs = await look_at_outputs(self._settings, outputs)

    def _count_traffic(self) -> None:
        machine = self.view.machine
        if machine is not None:
            self.book.note(machine.counters, machine.boot_id, machine.at_ms)

    def _forecast(self) -> None:
        self.view.full_in_days = full_in_days(self.history, self._clock())

    async def _remember(self) -> None:
        machine = self.view.machine
        if machine is None:
            return
        write = self.history.note(self.view.at_ms, sample_of(self.view, machine))
        if write is not None:
            await self._in_thread(write)

    async def _in_thread(self, work: Callable[[], None]) -> None:
        """What cannot be kept on a full or broken disk is lost, and the house goes on."""
        try:
            await asyncio.to_thread(work)
        except (OSError, sqlite3.Error) as exc:
            log.warning("monitor.not_kept", error=str(exc))


def sample_of(view: View, machine: MachineFacts) -> Sample:
    """Return what is kept of a look; None for what could not be known."""
    disk = machine.disks[0]
    return {
        "cpu": machine.cpu_percent,
        "memory": machine.memory_percent,
        "disk": 100 - disk.free_percent,
        "net_rx": float(machine.rx_bps),
        "net_tx": float(machine.tx_bps),
        "streams": float(len(view.streams)),
        "viewers": float(view.viewers),
        "outputs_live": float(view.outputs.live) if view.outputs is not None else None,
        "callbacks_rate": view.callbacks_rate,
        "callback_p95_ms": view.callback_p95_ms,
    }
