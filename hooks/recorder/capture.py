"""Make recordings of kept segments: begin, go on across reconnects, split, close.

The disk is the truth. Events only say where to look; what they miss is found by looking at the
spool every few seconds and at the media server's playlists a little less often.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress

from redis.exceptions import RedisError

from ...core.errors import NotFound, StreamsteadError
from ...core.events import Event, EventStream, EventType
from ...core.log import get_logger
from ...core.paths import DataDir
from ...core.registry import StreamRegistry
from ...core.runner import background
from ..library.catalogue import Catalogue
from ..library.recording import EndReason, Recording, State
from ..record_rules import RecordRules
from .inbox import clear_out, spooled_streams
from .stream_capture import WINDOW_S, House, StreamCapture
from .take import Take
from .window import clear_stale

log = get_logger(__name__)

LOOK_S = 5.0
"""The spool is looked through so often even when nobody says that there is something."""

LOOK_BACK_MS = 60_000
"""What happened so long before a start, or while Redis was away, is heard of too."""

TIDY_S = 3600.0
"""What was left behind and nobody wants is looked for so often."""

PARALLEL = 4
_OF_INTEREST = {
    EventType.SEGMENT_READY,
    EventType.STREAM_PUBLISHED,
    EventType.STREAM_UNPUBLISHED,
    EventType.RECORDING_RULES_CHANGED,
}


class Capture:
    """``run`` is an endless loop. ``rules`` returns the rules as they are now; ``wake`` makes it
    look at once."""

    def __init__(
        self,
        data: DataDir,
        catalogue: Catalogue,
        rules: Callable[[], RecordRules],
        registry: StreamRegistry,
        events: EventStream,
        clock: Callable[[], int],
        resumed: Callable[[str], None],
        forget_manual: Callable[[str], Awaitable[None]],
    ) -> None:
        """``resumed`` is told the id of every recording that goes on after a restart;
        ``forget_manual`` the stream whose publisher left: what was asked by hand ends with it."""
        self._house = House(
            data.html, data.spool, data.record, catalogue, rules, clock, begun_ms=clock()
        )
        self._spool, self._record = data.spool, data.record
        self._rules_file = data.record_rules
        self._catalogue = catalogue
        self._rules = rules
        self._registry = registry
        self._events = events
        self._clock = clock
        self._resumed = resumed
        self._forget_manual = forget_manual
        self._streams: dict[str, StreamCapture] = {}
        self._asked_registry = -1e9
        self._tidied_at = -TIDY_S
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Look through the spool and at the publishers now."""
        self._asked_registry = -1e9
        self._wake.set()

    def recording_of(self, url: str) -> str | None:
        """Return the id of the stream's recording that is under way."""
        stream = self._streams.get(url)
        return stream.take.id if stream is not None and stream.take is not None else None

    async def end(self, id_: str) -> Recording:
        """Close a recording now; a rule that still wants the stream begins the next one.

        Raises NotFound when it is not under way.
        """
        for stream in self._streams.values():
            if stream.take is not None and stream.take.id == id_:
                async with stream.lock:
                    while stream.take is not None and stream.take.id == id_:
                        await stream.sweep()
                        if stream.take is None or stream.take.id != id_:
                            break  # a limit has just ended it
                        if not stream.behind:
                            await stream.close(EndReason.OPERATOR)
                self.wake()
                return await self._catalogue.get(id_)
        raise NotFound(
            "this recording is not under way",
            "It may have ended by itself: look at the list again.",
            key="recording_not_running",
        )

    async def run(self) -> None:
        """Never returns."""
        await self._resume()
        # A plain task group cancels once, which a call to Redis may swallow (core/runner.py).
        async with background(self._follow(), self._look()):
            await asyncio.Event().wait()

    async def _follow(self) -> None:
        while True:
            try:
                since = await self._events.position(self._clock() - LOOK_BACK_MS)
                async for event in self._events.follow(since):
                    if event.type == EventType.STREAM_PUBLISHED:
                        self._note_publisher(event)
                    if event.type in _OF_INTEREST:
                        if event.type != EventType.SEGMENT_READY:
                            self._asked_registry = -1e9
                        self._wake.set()
            except RedisError as exc:
                log.warning("capture.events_unreadable", error=type(exc).__name__)
                await asyncio.sleep(1)
                self.wake()

    def _note_publisher(self, event: Event) -> None:
        """What its media server leaves behind is wanted even if it is gone before the next look."""
        found, since_ms = event.data, event.data["since_ms"]
        if since_ms < self._rules_changed_ms():
            return  # whether it was wanted then is not known any more
        if self._rules().decide(event.stream, since_ms).record:
            stream = self._stream(found["app"], found["stream"])
            stream.published(found["client_id"], since_ms)

    def _rules_changed_ms(self) -> int:
        try:
            return self._rules_file.stat().st_mtime_ns // 1_000_000
        except OSError:
            return 0

    async def _look(self) -> None:
        while True:
            self._wake.clear()
            try:
                wait_s = await self._round()
            except (OSError, sqlite3.Error, StreamsteadError) as exc:
                log.error("capture.failed", error=str(exc))
                wait_s = LOOK_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._wake.wait()

    async def _round(self) -> float:
        """Look at everything once; return how long to wait for the next time, in seconds."""
        await self._tidy()
        await self._ask_registry()
        for app, name in await asyncio.to_thread(spooled_streams, self._spool):
            self._stream(app, name)
        await self._release_by_hand()
        rules, now = self._rules(), self._clock()
        for url, session in (self._house.publishers or {}).items():
            if rules.decide(url, now).record:
                self._stream(session.app, session.stream)
        limit = asyncio.Semaphore(PARALLEL)
        async with asyncio.TaskGroup() as group:
            for stream in list(self._streams.values()):
                group.create_task(self._care_for(stream, limit))
        self._forget_idle()
        return self._until_next_close()

    async def _tidy(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._tidied_at >= TIDY_S:
            self._tidied_at = now
            await asyncio.to_thread(clear_out, self._spool)
            await asyncio.to_thread(clear_stale, self._house.html)

    async def _release_by_hand(self) -> None:
        """What was started or stopped by hand holds until the publisher has left for good."""
        rules, now = self._rules(), asyncio.get_running_loop().time()
        if self._house.publishers is None:
            return
        for url in rules.manual:
            app, _, name = url.partition("/")
            stream = self._stream(app, name)
            if url in self._house.publishers:
                continue
            if stream.gone_at is None:
                stream.gone_at = now
            over = stream.take is None and not stream.awaits_rest
            if over and now - stream.gone_at >= rules.grace_s:
                await self._forget_manual(url)

    def _stream(self, app: str, name: str) -> StreamCapture:
        url = f"{app}/{name}"
        if url not in self._streams:
            self._streams[url] = StreamCapture(self._house, app, name)
        return self._streams[url]

    def _forget_idle(self) -> None:
        now = asyncio.get_running_loop().time()
        for url, stream in list(self._streams.items()):
            live = self._house.publishers is None or url in self._house.publishers
            # Its segments may still be listed for a while and must be known then.
            quiet = stream.gone_at is not None and now - stream.gone_at > 600
            if stream.take is None and not live and quiet:
                del self._streams[url]

    def _until_next_close(self) -> float:
        now, wait_s = asyncio.get_running_loop().time(), LOOK_S
        for stream in self._streams.values():
            if stream.behind:
                return 0
            if stream.take is not None:
                wait_s = min(wait_s, WINDOW_S)
            due_at = stream.due_at()
            if due_at is not None:
                wait_s = min(wait_s, max(0.05, due_at - now))
        return wait_s

    async def _ask_registry(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._asked_registry < LOOK_S:
            return
        # Before it is asked: what happens meanwhile may not be in the answer, and asks again.
        self._asked_registry = now
        try:
            self._house.publishers = await self._registry.publishers()
        except RedisError:
            self._asked_registry = -1e9
            return  # who is live is not known: nothing is closed meanwhile
        for url, stream in self._streams.items():
            if url in self._house.publishers:
                stream.gone_at = None
            elif stream.gone_at is None:
                stream.gone_at = now

    async def _care_for(self, stream: StreamCapture, limit: asyncio.Semaphore) -> None:
        async with limit, stream.lock:
            try:
                await stream.sweep()
                await stream.close_if_over()
            except (OSError, sqlite3.Error, StreamsteadError) as exc:
                # A full disk, mostly. What is in the spool stays there until it works again.
                log.error("capture.stream_waits", stream=stream.url, error=str(exc))

    async def _resume(self) -> None:
        """Go on with what was under way when this process ended."""
        for recording in await self._catalogue.work(state=State.RECORDING):
            take = Take(self._record, recording.id)
            try:
                await asyncio.to_thread(take.mend)
            except OSError as exc:  # a full disk: its books are read again when it takes writes
                log.error("recording.waits", id=recording.id, error=str(exc))
            stream = self._stream(recording.app, recording.stream)
            if stream.take is not None:
                # Only one can be under way: the older one ended by a kill before its last word.
                await self._close_older(stream)
            await stream.resume(take)
            if take.last is not None:
                log.warning("recording.resumed", id=take.id, stream=stream.url)
                self._resumed(recording.id)

    async def _close_older(self, stream: StreamCapture) -> None:
        try:
            await stream.close(EndReason.RECOVERED)
        except (OSError, sqlite3.Error, StreamsteadError) as exc:
            # The next start tries again: it must not keep the others from going on.
            log.error("capture.stream_waits", stream=stream.url, error=str(exc))
