"""The live feed of the page: one watcher of the events, any number of pages.

Others may give it more to tell (``tell``): each page gets the newest of each name.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress

import orjson
from redis.exceptions import RedisError
from sse_starlette import ServerSentEvent

from ..core.errors import Upstream
from ..core.events import EventStream, EventType
from ..core.log import get_logger
from .facts import Facts, Stream
from .host import Host, ServiceState

log = get_logger(__name__)

MIN_GAP_S = 0.25
REFRESH_S = 2.0
SERVICES_S = 2.0
MAX_PAGES = 200

_OF_INTEREST = {
    EventType.STREAM_PUBLISHED,
    EventType.STREAM_UNPUBLISHED,
    EventType.VIEWER_JOINED,
    EventType.VIEWER_LEFT,
}


class LiveFeed:
    """Keeps the newest picture of the house while somebody looks, and tells all pages of changes.

    Nobody looking costs one blocked read of Redis, nothing of the media server.
    """

    def __init__(self, events: EventStream, facts: Facts, host: Host) -> None:
        self._events = events
        self._facts = facts
        self._host = host
        self._wake = asyncio.Event()
        self._changed = asyncio.Condition()
        self._pages = 0
        self._version = 0
        self._streams: list[Stream] = []
        self._at_ms = 0
        self._services: list[ServiceState] = []
        self._more: dict[str, tuple[int, object]] = {}
        self._passing: set[str] = set()
        self._openers: list[Callable[[], None]] = []
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def pages_open(self) -> int:
        return self._pages

    def on_page(self, opened: Callable[[], None]) -> None:
        """Call ``opened`` whenever a page begins to look."""
        self._openers.append(opened)

    def tell(self, name: str, data: object, *, lasting: bool = True) -> None:
        """Tell all pages of something under a name of its own; what is ``lasting`` is also told to
        those that come when all pages were closed meanwhile."""
        if not lasting:
            self._passing.add(name)
        number = self._more.get(name, (0, None))[0] + 1
        self._more[name] = (number, data)
        task = asyncio.get_running_loop().create_task(self._tell_pages())
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)

    @property
    def full(self) -> bool:
        return self._pages >= MAX_PAGES

    async def watch_events(self) -> None:
        """Wake the feed for every event that changes what a page shows; never returns."""
        while True:
            try:
                async for event in self._events.follow(await self._events.last_id()):
                    if event.type in _OF_INTEREST:
                        self._wake.set()
            except RedisError as exc:
                log.warning("events.unreadable", error=type(exc).__name__)
                await asyncio.sleep(1)
                self._wake.set()  # something may have happened meanwhile

    async def keep_fresh(self) -> None:
        """Take a new picture on every event, and every 2 s while a page is open; never returns."""
        asked_services = 0.0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(REFRESH_S):
                    await self._wake.wait()
            self._wake.clear()
            if self._pages == 0:
                continue
            now = time.monotonic()
            changed = await self._look_at_streams()
            if now - asked_services >= SERVICES_S:
                asked_services = now
                changed = await self._look_at_services() or changed
            if changed:
                await self._tell_pages()
            await asyncio.sleep(MIN_GAP_S)

    async def _tell_pages(self) -> None:
        self._version += 1
        async with self._changed:
            self._changed.notify_all()

    async def _look_at_streams(self) -> bool:
        before = self._streams
        try:
            self._streams = await self._facts.live()
        except RedisError:
            return False  # the page dims what is older than 10 s
        self._at_ms = time.time_ns() // 1_000_000
        return bool(self._streams) or before != self._streams

    async def _look_at_services(self) -> bool:
        before = self._services
        try:
            self._services = (await self._host.status()).services
        except Upstream:
            return False
        return before != self._services

    async def pages(self) -> AsyncGenerator[ServerSentEvent, None]:
        """Yield what one page needs: everything at once, then each change."""
        self._pages += 1
        for opened in self._openers:
            opened()
        try:
            changed = await self._look_at_streams()
            if await self._look_at_services() or changed:
                # The next look finds nothing new: the pages that are open hear of it now.
                await self._tell_pages()
            seen = self._version
            sent_services: list[ServiceState] | None = None
            sent_at_ms: int | None = None
            sent: dict[str, int] = {}
            while True:
                if sent_at_ms != self._at_ms:
                    sent_at_ms = self._at_ms
                    streams = [one.model_dump(mode="json") for one in self._streams]
                    yield _event("streams", {"at_ms": self._at_ms, "streams": streams})
                if sent_services != self._services:
                    sent_services = self._services
                    services = [one.model_dump(mode="json") for one in sent_services]
                    yield _event("services", {"services": services})
                for name, (number, data) in list(self._more.items()):
                    if sent.get(name) != number:
                        sent[name] = number
                        yield _event(name, data)
                seen = await self._newer_than(seen)
        finally:
            self._pages -= 1
            if self._pages == 0:
                for name in self._passing:
                    self._more.pop(name, None)

    async def _newer_than(self, seen: int) -> int:
        async with self._changed:
            await self._changed.wait_for(lambda: self._version != seen)
        return self._version


def _event(name: str, data: object) -> ServerSentEvent:
    return ServerSentEvent(orjson.dumps(data).decode(), event=name)
