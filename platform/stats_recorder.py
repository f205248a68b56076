"""The statistics at work: takes the events, keeps the files in order and answers questions.

Nothing of it runs on the event loop: one thread writes, two answer.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from typing import ParamSpec, TypeVar

from pydantic import ValidationError
from redis.exceptions import RedisError

from ..core.errors import RateLimited
from ..core.events import Event, EventStream
from ..core.files import write_atomic
from ..core.log import get_logger
from ..core.registry import Session, SessionState, StreamRegistry
from ..core.settings import Settings
from .session_log import MAX_ROWS, OF_INTEREST, OpenSession, Seen, SessionLog
from .stats_country import Countries
from .stats_files import DayFiles
from .stats_queries import StatsReader
from .stats_upkeep import Upkeep

log = get_logger(__name__)

GROUP = "stats"
READERS = 2
MAX_WAITING = 8
ROUND_S = 600.0
STEADY_MS = 60_000
_RETRY_S = (1.0, 2.0, 5.0, 10.0, 30.0)
_SAY_AGAIN_S = 300.0

P = ParamSpec("P")
T = TypeVar("T")


class Statistics:
    """Owned by the service; ``take_events`` and ``keep_up`` are its endless loops."""

    def __init__(
        self,
        settings: Settings,
        events: EventStream,
        registry: StreamRegistry,
        clock: Callable[[], int],
        max_rows: int = MAX_ROWS,
    ) -> None:
        """``max_rows`` limits the sessions of a day."""
        self._root = settings.data.stats
        self._events = events
        self._registry = registry
        self._clock = clock
        max_bytes = settings.stats_max_mb * 1_000_000
        files = DayFiles(self._root)
        self._files = files
        self._log = SessionLog(
            files,
            clock,
            Countries(settings.geoip_db).find,
            max_rows=max_rows,
            max_bytes=max_bytes,
            keep_days=settings.stats_days,
        )
        self._upkeep = Upkeep(files, settings.stats_days, max_bytes)
        self._reader = StatsReader(files)
        self._writing = ThreadPoolExecutor(1, "stats-write")
        self._reading = ThreadPoolExecutor(READERS, "stats-read")
        self._waiting = 0
        self._told_failure: float | None = None

    async def ask(self, question: Callable[[StatsReader], T]) -> T:
        """Answer in a thread. Raises RateLimited when too many ask; and as StatsReader does."""
        if self._waiting >= MAX_WAITING:
            raise RateLimited(
                "too many questions about statistics at once", "Wait a little.", retry_after_s=10
            )
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._reading, question, self._reader)
        finally:
            self._waiting -= 1

    async def aclose(self) -> None:
        """End the threads and close the files, once the loops have ended."""
        await self._write(self._files.close)
        await asyncio.to_thread(self._writing.shutdown)
        await asyncio.to_thread(self._reading.shutdown)

    async def take_events(self) -> None:
        """Write what happens; never returns. What was not written is not acknowledged."""
        while True:
            try:
                async for batch in self._events.consume(GROUP):
                    await self.record(batch)
                    await self._events.ack(GROUP, batch)
            except RedisError as exc:
                log.warning("stats.events_unreadable", error=type(exc).__name__)
                await asyncio.sleep(1)

    async def record(self, batch: Sequence[Event]) -> None:
        """Write a batch, however often it takes: the disk may be full for a while."""
        events = [event for event in batch if event.type in OF_INTEREST]
        failures = 0
        while events:
            try:
                await self._write(self._log.record, events)
            except (sqlite3.Error, OSError) as exc:
                await self._failed("stats.not_written", exc)
                await asyncio.sleep(_RETRY_S[min(failures, len(_RETRY_S) - 1)])
                failures += 1
            else:
                break
        if failures:
            self._told_failure = None
            log.info("stats.written_again")

    async def keep_up(self, round_s: float = ROUND_S) -> None:
        """Do what time asks for, round after round; never returns."""
        last = (self._clock(), time.monotonic_ns() // 1_000_000)
        while True:
            now = (self._clock(), time.monotonic_ns() // 1_000_000)
            # A clock that jumped may jump back: then nothing is removed for its age this time.
            is_steady = abs((now[0] - last[0]) - (now[1] - last[1])) < STEADY_MS
            has_run = now != last and is_steady
            last = now
            try:
                await self.compare()
                await self.shorten_addresses()
                await self._write(self._tidy, has_run)
            except RedisError as exc:
                log.warning("stats.not_compared", error=type(exc).__name__)
            except (sqlite3.Error, OSError) as exc:
                await self._failed("stats.not_tidied", exc)
            await asyncio.sleep(round_s)

    async def compare(self) -> None:
        """End what the registry does not have any more, add what we missed.

        Only events that were lost (Redis emptied, or read by nobody for days) make a difference.
        The files are asked before the registry: what is open there has been in the registry, so
        what the registry lacks is over.
        """
        opened = await self._write(self._log.open_sessions)
        registered = await self._registry.client_ids("")
        newest = {one.client_id: one for one in sorted(opened, key=lambda one: one.started_ms)}
        gone = [
            one
            for one in opened
            if one.client_id not in registered or newest[one.client_id] is not one
        ]
        found = [
            await self._registry.session(client_id)
            for client_id in registered
            if client_id not in newest
        ]
        missed = [seen for session in found if (seen := _seen(session))]
        now = self._clock()
        await self._write(self._apply, gone, missed, now, bool(opened or missed))

    async def shorten_addresses(self) -> None:
        """Cut addresses a day after the session began, without keeping new sessions waiting."""
        now = self._clock()
        for day in await self._write(self._upkeep.days_to_cut, now):
            after: int | None = 0
            while after is not None:
                after = await self._write(self._upkeep.cut_chunk, day, after, now)

    def _apply(
        self, gone: Sequence[OpenSession], missed: Sequence[Seen], now: int, anyone: bool
    ) -> None:
        mark = self._root / "checked"
        if gone:
            # They were there when we last looked, maybe days ago.
            try:
                last_seen_ms = int(mark.read_text(encoding="ascii"))
            except (OSError, ValueError):
                last_seen_ms = now
            self._log.lose(gone, min(last_seen_ms, now))
            log.info("stats.ends_missed", count=len(gone))
        if missed:
            self._log.add(missed)
        if anyone:
            write_atomic(mark, str(now), 0o640)

    def _tidy(self, clock_is_steady: bool) -> None:
        now = self._clock()
        if clock_is_steady:
            self._upkeep.remove_old(now)
        self._upkeep.remove_surplus(now)
        self._upkeep.remove_put_aside(now)
        self._log.count_again()

    async def _write(self, do: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._writing, lambda: do(*args, **kwargs))

    async def _failed(self, event: str, exc: Exception) -> None:
        """Log the first failure and then every five minutes: a full disk needs no flood."""
        now = time.monotonic()
        if self._told_failure is None or now - self._told_failure > _SAY_AGAIN_S:
            self._told_failure = now
            log.error(event, error=str(exc))
        if type(exc) is sqlite3.DatabaseError:  # its subclasses are failures of other kinds
            with suppress(sqlite3.Error, OSError):
                await self._write(self._log.put_aside_broken)


def _seen(session: Session | None) -> Seen | None:
    # Which of two publishers is the right one is not decided yet.
    if session is None or session.state is not SessionState.LIVE:
        return None
    try:
        return Seen.model_validate(asdict(session))
    except ValidationError:
        return None  # its events are left out as well
