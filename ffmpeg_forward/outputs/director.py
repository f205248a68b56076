"""Which relays are to run, and what each of them does: from who is live and what is switched on.

It decides at once when a stream begins or ends, when an output is changed and when a schedule
begins or ends; every 15 s it looks again, for what it was not told. While Redis is away nothing
that runs is ended.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Protocol

from redis.exceptions import RedisError

from ...core.errors import StreamsteadError
from ...core.events import EventStream, EventType
from ...core.log import get_logger
from ...core.registry import Session, StreamRegistry
from ...core.runner import background
from ..programme.show import PREFIX as PROGRAMME_PREFIX
from ..relay.config import FORWARD, STREAM, DestinationConfig, RelayConfig, SourceConfig
from ..relays import Relays
from .output import Output, SourceKind
from .states import Route
from .store import OutputStore

log = get_logger(__name__)

LOOK_S = 15.0
_RETRY_S = 1.0
FORWARD_PREFIX = "out-"

_OF_INTEREST = (
    EventType.STREAM_PUBLISHED,
    EventType.STREAM_UNPUBLISHED,
    EventType.REGISTRY_REPAIRED,
    EventType.STORE_EMPTIED,
)

Publishers = Mapping[str, Session]
"""Live publishers by stream url."""

Destinations = Callable[[str], tuple[DestinationConfig, ...]]
"""What is switched on of the outputs of a programme."""


class Programmes(Protocol):
    """The programmes, as the director sees them."""

    @property
    def loaded(self) -> bool: ...

    def relays(self, live: Publishers, destinations: Destinations) -> Mapping[str, RelayConfig]:
        """Return what is to run, by programme id."""
        ...


Claims = Callable[[], Mapping[str, Route]]
"""Outputs that something else feeds now (a channel), by output id."""


class Director:
    """``run`` is an endless loop; ``wake`` may be called by anyone who has changed something."""

    def __init__(
        self,
        outputs: OutputStore,
        registry: StreamRegistry,
        events: EventStream,
        relays: Relays,
        rtmp_port: int,
        house_key: str,
        clock: Callable[[], int],
    ) -> None:
        self._outputs = outputs
        self._registry = registry
        self._events = events
        self._relays = relays
        self._rtmp_port = rtmp_port
        self._house_key = house_key
        self._clock = clock
        self._wake = asyncio.Event()
        self._asked = -LOOK_S
        self._claims: list[Claims] = []
        self._listeners: list[Callable[[], None]] = []
        self._sources: dict[str, str] = {}
        self._broken: dict[str, StreamsteadError] = {}
        self._running_programmes: set[str] = set()
        self.programmes: Programmes | None = None
        self.publishers: Publishers | None = None
        """Who was live when it was last known; None before that."""
        self._renditions: dict[str, str] = {}
        self._decided = False
        outputs.subscribe(self._wake.set)

    def wake(self) -> None:
        """Decide anew."""
        self._wake.set()

    def subscribe(self, decided: Callable[[], None]) -> None:
        """Call ``decided`` whenever it has decided."""
        self._listeners.append(decided)

    @property
    def decided(self) -> bool:
        """Whether it is known at all what is to run: until then nothing counts as idle."""
        return self._decided and (self.programmes is None or self.programmes.loaded)

    def add_claims(self, claims: Claims) -> None:
        """Let something else feed outputs; its own relays are not touched."""
        self._claims.append(claims)

    def route(self, output: Output) -> Route | None:
        """Return what feeds an output now; None for nothing."""
        claimed = self.claimed().get(output.id)
        if claimed is not None:
            return claimed
        if not output.wanted(self._clock()) or output.id in self._broken:
            return None
        if output.source.kind is SourceKind.PROGRAMME:
            id_ = output.source.programme
            running = id_ in self._running_programmes
            return Route(PROGRAMME_PREFIX + id_, "") if running else None
        url = self._sources.get(output.id)
        return None if url is None else Route(relay_name(url), url)

    def claimed(self) -> dict[str, Route]:
        """Return the outputs that something else feeds now."""
        return {id_: route for claims in self._claims for id_, route in claims().items()}

    def fault(self, output: Output) -> StreamsteadError | None:
        """Return why an output cannot run at all."""
        return self._broken.get(output.id)

    async def run(self) -> None:
        """Never returns."""
        # A plain task group cancels once, which a call to Redis may swallow (core/runner.py).
        async with background(self._follow(), self._look()):
            await asyncio.Event().wait()

    async def _follow(self) -> None:
        while True:
            try:
                newest = await self._events.last_id()
                self._ask_again()  # something may have happened before that
                async for event in self._events.follow(newest):
                    if event.type in _OF_INTEREST:
                        self._ask_again()
            except RedisError as exc:
                log.warning("outputs.events_unreadable", error=type(exc).__name__)
                await asyncio.sleep(1)

    def _ask_again(self) -> None:
        self._asked = -LOOK_S
        self._wake.set()

    async def _look(self) -> None:
        while True:
            self._wake.clear()
            wait_s = await self._round()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    async def _round(self) -> float:
        """Decide once; return how long to wait for the next time, in seconds."""
        await self._ask_registry()
        if self.publishers is None or not self._outputs.loaded:
            return _RETRY_S  # not known yet, so what a process before us left runs on
        now = self._clock()
        self._decide(now)
        self._decided = True
        for listener in self._listeners:
            listener()
        edges = (
            one.schedule.next_change_ms(now)
            for one in self._outputs.current
            if one.enabled and one.schedule is not None
        )
        edge = min((at for at in edges if at is not None), default=now + int(LOOK_S * 1000))
        longest_s = LOOK_S if self._asked >= 0 else _RETRY_S
        return min(longest_s, max(0.0, (edge - now) / 1000))

    async def _ask_registry(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._asked < LOOK_S and self.publishers is not None:
            return
        # Before it is asked: what happens while it answers is asked about again.
        self._asked = now
        try:
            if not self._outputs.loaded:
                await self._outputs.refresh()
            self.publishers = await self._registry.publishers()
            self._renditions = await self._registry.renditions()
        except RedisError as exc:
            self._asked = -LOOK_S
            log.warning("outputs.publishers_unknown", error=type(exc).__name__)

    def _decide(self, now: int) -> None:
        assert self.publishers is not None
        claimed = self.claimed()
        wanted = [one for one in self._outputs.current if one.wanted(now) and one.id not in claimed]
        self._broken = {}
        self._choose_sources(wanted)
        feeds: dict[str, list[DestinationConfig]] = {}
        for output, destination in self._destinations(wanted):
            url = self._sources.get(output.id)
            if url is not None:
                feeds.setdefault(url, []).append(destination)
        plan = {relay_name(url): self._forward(url, some) for url, some in feeds.items()}
        for name, config in plan.items():
            self._relays.want(name, config)
        self._relays.only(FORWARD_PREFIX, plan)
        self._decide_programmes(wanted)

    def _decide_programmes(self, wanted: list[Output]) -> None:
        programmes = self.programmes
        if programmes is None or not programmes.loaded or self.publishers is None:
            return

        def destinations(programme_id: str) -> tuple[DestinationConfig, ...]:
            mine = [one for one in wanted if one.source.programme == programme_id]
            return tuple(found for _, found in self._destinations(mine))

        found = programmes.relays(self.publishers, destinations)
        self._running_programmes = set(found)
        for id_, config in found.items():
            self._relays.want(PROGRAMME_PREFIX + id_, config)
        self._relays.only(PROGRAMME_PREFIX, (PROGRAMME_PREFIX + id_ for id_ in found))

    def _destinations(self, outputs: list[Output]) -> Iterator[tuple[Output, DestinationConfig]]:
        for output in outputs:
            try:
                yield output, self._outputs.destination(output)
            except StreamsteadError as exc:
                # Of another master key: the others have nothing to do with it.
                self._broken[output.id] = exc

    def _choose_sources(self, wanted: list[Output]) -> None:
        """Find the stream of each output; one that was chosen stays as long as it is live. A
        rendition is sent only to who names it."""
        assert self.publishers is not None
        before, self._sources = self._sources, {}
        for output in wanted:
            fits = {
                url: session
                for url, session in self.publishers.items()
                if output.source.matches(session.app, session.stream)
                and (output.source.stream or url not in self._renditions)
            }
            url = before.get(output.id)
            if url not in fits:
                url = max(fits, key=lambda it: (fits[it].since_ms, it), default=None)
            if url is not None:
                self._sources[output.id] = url

    def _forward(self, url: str, destinations: list[DestinationConfig]) -> RelayConfig:
        app, _, stream = url.rpartition("/")
        return RelayConfig(
            name=relay_name(url),
            mode=FORWARD,
            rtmp_port=self._rtmp_port,
            house_key=self._house_key,
            sources=(SourceConfig(id=url, kind=STREAM, app=app, stream=stream),),
            destinations=tuple(sorted(destinations, key=lambda one: one.id)),
        )


def relay_name(url: str) -> str:
    """Return the name of the relay that forwards a stream (``app/stream``)."""
    return FORWARD_PREFIX + hashlib.sha256(url.encode()).hexdigest()[:12]
