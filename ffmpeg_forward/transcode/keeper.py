"""Keeps every enabled ladder running while its source is live, and nothing else."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from redis.exceptions import RedisError

from ...core.errors import NotSupported, StreamsteadError
from ...core.events import EventStream, EventType
from ...core.log import get_logger
from ...core.registry import Session, StreamRegistry
from ...core.renditions import Renditions
from ...core.runner import background
from ..models import Problem
from ..supervise import ChildState
from .argv import SOFTWARE
from .cores import BusyMeter
from .guard import Guard
from .hardware import HardwareEncoders
from .problems import no_hardware, refused
from .store import LadderStore
from .variants import SourceFacts
from .work import Job, Work, end_left_over, left_over, runs_as_wanted

log = get_logger(__name__)

LOOK_S = 3.0
"""Between looks when nothing happens."""
NO_LADDER_LOOK_S = 30.0
"""The same while there is no ladder at all: only what nobody told us can be found then."""
ORPHANED_S = 30.0
"""A rendition that no ladder makes any more stays protected for at least so long."""
_AWAKE = frozenset({EventType.STREAM_PUBLISHED, EventType.STREAM_UNPUBLISHED})


class TranscodeState(StrEnum):
    """How a ladder is. ``refused``: the machine cannot carry it now; it begins by itself when it
    can. ``failed``: it is not tried again until the source is published anew or somebody asks."""

    OFF = "off"
    WAITING = "waiting"
    STARTING = "starting"
    LIVE = "live"
    RETRYING = "retrying"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class How:
    """How one work is. ``cpu_percent``: of what this process may use; ``speed``: 1.0 keeps up."""

    state: TranscodeState
    since_ms: int
    cpu_percent: float = 0.0
    speed: float = 0.0
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class _Held:
    """A work that is not run though it is wanted; ``key``: of what this was found out."""

    how: How
    key: tuple[str, str]
    source: str


Works = Callable[[Mapping[str, Session], Mapping[str, str]], Awaitable[list[Work]]]
"""Tells what is wanted, given live publishers by url and the source by rendition."""
Facts = Callable[[str], Awaitable[SourceFacts | None]]
"""Tells what is known of a stream that is live."""
Note = Callable[[Work, SourceFacts], Awaitable[None]]
"""Writes down for players what is known of the renditions."""
Protect = Callable[[Work], Awaitable[None]]
"""Returns when it is sure whose rule protects what a work publishes."""


class Keeper:
    """``run`` follows until cancelled. When the house is stopped everything ends then; else it
    stays for the process that comes after us."""

    def __init__(
        self,
        *,
        store: LadderStore,
        works: Works,
        registry: StreamRegistry,
        renditions: Renditions,
        events: EventStream,
        guard: Guard,
        load: BusyMeter,
        hardware: HardwareEncoders,
        facts: Facts,
        note: Note,
        protect: Protect,
        run_dir: Path,
        stop_mark: Path,
        clock: Callable[[], int],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._works = works
        self._registry = registry
        self._renditions = renditions
        self._events = events
        self._guard = guard
        self._load = load
        self._hardware = hardware
        self._facts = facts
        self._note = note
        self._protect = protect
        self._run_dir = run_dir
        self._stop_mark = stop_mark
        self._clock = clock
        self.changed = changed
        self._jobs: dict[str, Job] = {}
        self._held: dict[str, _Held] = {}
        self._idle: dict[str, tuple[TranscodeState, int]] = {}
        self._orphaned: dict[str, float] = {}
        self._awake = asyncio.Event()
        self._swept = False
        self._told: dict[str, How] = {}
        self._going = False
        store.subscribe(self.wake)

    def wake(self) -> None:
        """Look now."""
        self._awake.set()

    def forgive(self, work_id: str) -> None:
        """Try again what was given up or refused."""
        self._held.pop(work_id, None)
        self.wake()

    @property
    def used(self) -> tuple[float, float]:
        """Cores that all transcodes use now, and by reckoning."""
        return self._used_but("")

    def _used_but(self, work_id: str) -> tuple[float, float]:
        jobs = [job for id_, job in self._jobs.items() if id_ != work_id]
        cores = self._guard.cores.usable
        reckoned = sum(job.estimate.percent for job in jobs) * cores / 100
        return sum(job.cores for job in jobs), reckoned

    def used_without(self, work_id: str) -> tuple[float, float]:
        """The same without one of them."""
        return self._used_but(work_id)

    def how(self, work_id: str, *, enabled: bool) -> How:
        """Tell how a work is."""
        job = self._jobs.get(work_id)
        if job is not None:
            self._idle.pop(work_id, None)
            return How(
                TranscodeState(job.state.value if job.state is not ChildState.OFF else "starting"),
                job.since_ms,
                round(job.cores / self._guard.cores.usable * 100, 1),
                job.speed or 0.0,
                job.problem,
            )
        held = self._held.get(work_id)
        if held is not None and enabled:
            return held.how
        state = TranscodeState.WAITING if enabled else TranscodeState.OFF
        if self._idle.get(work_id, ("", 0))[0] is not state:
            self._idle[work_id] = (state, self._clock())
        return How(state, self._idle[work_id][1])

    def figures(self) -> Iterator[tuple[str, str, How, int]]:
        """Give id, source, how it is and its restarts of all that is wanted and has a source."""
        for work_id in {**self._jobs, **self._held}:
            job = self._jobs.get(work_id)
            source = job.source if job else self._held[work_id].source
            yield work_id, source, self.how(work_id, enabled=True), job.restarts if job else 0

    def lines(self, work_id: str) -> list[str]:
        """Return the last words of a work's child, redacted."""
        job = self._jobs.get(work_id)
        return job.lines if job else []

    async def run(self) -> None:
        """Follow what is wanted and what is live until cancelled."""
        # A plain task group cancels once, which a call to Redis may swallow (core/runner.py).
        async with background(self._follow()), asyncio.TaskGroup() as group:
            try:
                while True:
                    self._awake.clear()
                    self._look()
                    try:
                        await self._round(group)
                    except RedisError as exc:
                        # What runs goes on; who left and who came is found out afterwards.
                        log.info("transcode.not_looked", error=type(exc).__name__)
                    await self._tell_changes()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._pause_s()):
                            await self._awake.wait()
            finally:
                self._going = True
                await asyncio.gather(*(job.stop() for job in self._jobs.values()))

    def _pause_s(self) -> float:
        busy = self._jobs or self._held or self._orphaned or self._told
        return LOOK_S if busy else NO_LADDER_LOOK_S

    def _is_left(self) -> bool:
        """Tell whether children stay when this process goes: the next one takes them over."""
        return self._going and not self._stop_mark.exists()

    async def _follow(self) -> None:
        after = ""
        while True:
            try:
                after = after or await self._events.last_id()
                async for event in self._events.follow(after):
                    after = event.entry_id
                    if event.type in _AWAKE:
                        self.wake()
            except RedisError:
                await asyncio.sleep(1)

    def _look(self) -> None:
        now_s, now_ms = time.monotonic(), self._clock()
        with suppress(OSError, ValueError):
            self._load.look(now_s)
        for job in self._jobs.values():
            job.look(now_s, now_ms)

    async def _round(self, group: asyncio.TaskGroup) -> None:
        live = await self._registry.publishers()
        renditions = await self._renditions.all()
        works = {work.id: work for work in await self._works(live, renditions)}
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError  # swallowed on the way by redis-py, see core/runner.py
        if not self._swept:
            await self._sweep(works, live)
            self._swept = True
        await self._end_unwanted(works, live)
        for work in works.values():
            session = live.get(work.source)
            if session is not None:
                await self._keep(group, work, session, live)
        await self._forget(renditions, live)

    async def _sweep(self, works: Mapping[str, Work], live: Mapping[str, Session]) -> None:
        """End what an earlier life of this service left and is not wanted now."""
        for work_id in left_over(self._run_dir):
            work = works.get(work_id)
            session = live.get(work.source) if work else None
            if work is None or session is None:
                await end_left_over(self._run_dir, work_id)

    async def _end_unwanted(self, works: Mapping[str, Work], live: Mapping[str, Session]) -> None:
        ending: list[Job] = []
        for work_id, job in list(self._jobs.items()):
            work = works.get(work_id)
            session = live.get(work.source) if work else None
            same = work is not None and work.digest == job.work.digest
            if not same or session is None or session.client_id != job.client_id:
                ending.append(job)
                del self._jobs[work_id]
        await asyncio.gather(*(job.stop() for job in ending))
        for work_id in set(self._held) - set(works):
            del self._held[work_id]
        for work_id, held in list(self._held.items()):
            work = works[work_id]
            session = live.get(work.source)
            if session is None or held.key != (work.digest, session.client_id):
                del self._held[work_id]

    async def _keep(
        self,
        group: asyncio.TaskGroup,
        work: Work,
        session: Session,
        live: Mapping[str, Session],
    ) -> None:
        job = self._jobs.get(work.id)
        if job is None:
            held = self._held.get(work.id)
            if held is None or held.how.state is TranscodeState.REFUSED:
                await self._begin(group, work, session)
        elif job.gave_up:
            problem = job.problem
            del self._jobs[work.id]
            await job.stop()
            self._hold(work, session, TranscodeState.FAILED, problem)
        elif job.misses(not all(url in live for url in work.targets), time.monotonic()):
            log.warning("transcode.rendition_lost", id=work.id, stream=work.source)
            await job.again(group)
        elif job.state is ChildState.LIVE and not job.described:
            # The media server knows the source's size a little later than the source itself.
            await self._describe(job)

    async def _begin(self, group: asyncio.TaskGroup, work: Work, session: Session) -> None:
        encoder = await self._hardware.encoder(work.hardware)
        if encoder is None:
            problem = no_hardware(work.hardware.value)
            self._hold(work, session, TranscodeState.FAILED, problem)
            return
        adopted = runs_as_wanted(self._run_dir, work, session.client_id)
        try:
            estimate = await self._guard.estimate(
                work.renditions,
                await self._facts(work.source),
                self.used,
                hardware=encoder is not SOFTWARE,
            )
        except NotSupported as exc:
            problem = Problem(key=exc.key, message=exc.message, help=exc.help)
            self._hold(work, session, TranscodeState.FAILED, problem)
            return
        if not adopted:
            await end_left_over(self._run_dir, work.id)
            if not estimate.ok:
                problem = refused(estimate.percent, estimate.free_percent)
                self._hold(work, session, TranscodeState.REFUSED, problem)
                return
        self._held.pop(work.id, None)
        job = Job(
            work,
            session.client_id,
            encoder,
            estimate,
            self._run_dir,
            self._protect,
            self._is_left,
            self.wake,
        )
        self._jobs[work.id] = job
        job.adopted = adopted
        job.start(group)

    async def _describe(self, job: Job) -> None:
        facts = await self._facts(job.source)
        if facts is not None and facts.width:
            await self._note(job.work, facts)
            job.described = True

    def _hold(
        self, work: Work, session: Session, state: TranscodeState, problem: Problem | None
    ) -> None:
        before = self._held.get(work.id)
        since_ms = self._clock()
        if before is not None and before.how.state is state:
            since_ms = before.how.since_ms
        how = How(state, since_ms, problem=problem)
        self._held[work.id] = _Held(how, (work.digest, session.client_id), work.source)

    async def _forget(self, renditions: Mapping[str, str], live: Mapping[str, Session]) -> None:
        """Let names be free again that no ladder uses and nobody publishes."""
        wanted = {url for ladder in await self._store.all() for url in ladder.rendition_urls}
        now = time.monotonic()
        gone = {url for url in renditions if url not in wanted and url not in live}
        self._orphaned = {url: self._orphaned.get(url, now) for url in gone}
        free = [url for url, since in self._orphaned.items() if now - since >= ORPHANED_S]
        await self._store.forget(free)

    async def _tell_changes(self) -> None:
        """Tell pages and everybody else what has changed."""
        now = {work_id: self.how(work_id, enabled=True) for work_id in [*self._jobs, *self._held]}
        before, self._told = self._told, now
        if now != before:
            self.changed()
        for work_id, how in now.items():
            had = before.get(work_id)
            if had is None or had.state is not how.state:
                await self._event(work_id, how)

    async def _event(self, work_id: str, how: How) -> None:
        kind = {
            TranscodeState.LIVE: EventType.TRANSCODE_STARTED,
            TranscodeState.FAILED: EventType.TRANSCODE_FAILED,
            TranscodeState.REFUSED: EventType.TRANSCODE_FAILED,
        }.get(how.state)
        if kind is None:
            return
        job = self._jobs.get(work_id)
        if job is not None and job.adopted and how.state is TranscodeState.LIVE:
            job.adopted = False
            return  # it was told of when it began
        one = job or self._held.get(work_id)
        data: dict[str, object] = {"id": work_id}
        if how.problem is not None:
            data |= {"reason": how.problem.key, "message": how.problem.message}
        with suppress(RedisError, StreamsteadError):
            await self._events.append(
                f"{kind.value}:{work_id}:{how.since_ms}",
                kind,
                self._clock(),
                one.source if one else "",
                data,
            )
