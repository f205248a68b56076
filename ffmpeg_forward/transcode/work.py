"""One thing to transcode while its source is live, and the child that does it."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from ...core.files import write_atomic
from ...core.log import get_logger
from ..backoff import Backoff
from ..child import Child, Limits, Place
from ..identity import load_identity
from ..models import Problem
from ..progress import Progress
from ..supervise import ChildState, Command, Supervisor, Tell
from .argv import Encoder
from .cores import cpu_seconds
from .guard import Estimate
from .ladder import Hardware, Rendition
from .problems import LOST, SLOW, problem_of_run

log = get_logger(__name__)

PREFIX = "transcode-"
LIMITS = Limits(start_s=20.0, stall_s=8.0, grace_s=0.7)
"""FFmpeg ends at once when it is asked to, unless it waits for a source that is silent: then it
would wait for ever, and has nothing to lose."""
GIVE_UP_AFTER = 8
"""Runs in a row that came to nothing."""
_SETTLED_MS = 10_000
SLOW_BELOW = 0.9
SLOW_S = 20.0
_WINDOW_S = 6.0
LOST_S = 6.0
"""A rendition may be away for so long before everything is started anew."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is wanted. ``digest`` changes when what runs must be started anew; ``source`` and
    ``targets`` are urls of streams; ``build`` makes a command with fresh grants."""

    id: str
    digest: str
    source: str
    targets: tuple[str, ...]
    renditions: tuple[Rendition, ...]
    hardware: Hardware
    build: Callable[[Encoder], Command]


class Pace:
    """How fast media time goes on compared with the clock, over some seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()
        self._slow_since: float | None = None

    def reset(self) -> None:
        self._seen.clear()
        self._slow_since = None

    def feed(self, media_ms: int) -> None:
        """Note how much media was written."""
        now = self._clock()
        if self._seen and media_ms < self._seen[-1][1]:
            self.reset()
        self._seen.append((now, media_ms))
        while len(self._seen) > 2 and now - self._seen[1][0] >= _WINDOW_S:
            self._seen.popleft()
        speed = self.speed
        if speed is None or speed >= SLOW_BELOW:
            self._slow_since = None
        elif self._slow_since is None:
            self._slow_since = now

    @property
    def speed(self) -> float | None:
        """1.0 keeps up; None when it cannot be told yet."""
        if len(self._seen) < 2:
            return None
        (first, first_ms), (last, last_ms) = self._seen[0], self._seen[-1]
        if last - first < _WINDOW_S / 2:
            return None
        return round((last_ms - first_ms) / (last - first) / 1000, 2)

    @property
    def slow(self) -> bool:
        """True when it has been too slow for 20 s."""
        return self._slow_since is not None and self._clock() - self._slow_since >= SLOW_S


class Job:
    """Runs one work until ``stop``. ``client_id``: of the source's publisher."""

    def __init__(
        self,
        work: Work,
        client_id: str,
        encoder: Encoder,
        estimate: Estimate,
        run_dir: Path,
        protect: Callable[[Work], Awaitable[None]],
        leave: Callable[[], bool] = lambda: False,
        changed: Callable[[], None] = lambda: None,
        backoff: Backoff | None = None,
    ) -> None:
        self.work = work
        self.client_id = client_id
        self.estimate = estimate
        self.adopted = False
        """True as long as an earlier life of this service has told of what runs."""
        self._encoder = encoder
        self._protect = protect
        self._changed = changed
        self._told_live = False
        self._note = note_path(run_dir, work.id)
        self._pace = Pace()
        self.described = False
        """True when players have been told what is known of the source."""
        self._supervisor = Supervisor(
            place_of(run_dir, work.id),
            limits=LIMITS,
            backoff=backoff,
            leave=leave,
            on_progress=self._on_progress,
        )
        self._task: asyncio.Task[None] | None = None
        self._good_restarts = 0
        self._missing_since: float | None = None
        self._lost = False
        self._cpu: tuple[float, float, int] | None = None
        self.cores = 0.0
        """Cores that the child uses, by the last two looks."""

    def start(self, group: asyncio.TaskGroup) -> None:
        self._task = group.create_task(self._supervisor.run(self._plan))

    async def stop(self) -> None:
        """End the child, or leave it if that was asked for; returns when that is done."""
        if self._task is not None:
            while not self._task.done():
                self._task.cancel()
                await asyncio.wait([self._task], timeout=0.5)

    @property
    def source(self) -> str:
        return self.work.source

    @property
    def state(self) -> ChildState:
        return self._supervisor.status.state

    @property
    def since_ms(self) -> int:
        return self._supervisor.status.since_ms

    @property
    def restarts(self) -> int:
        return self._supervisor.status.restarts

    @property
    def gave_up(self) -> bool:
        return self._supervisor.status.restarts - self._good_restarts >= GIVE_UP_AFTER

    @property
    def speed(self) -> float | None:
        return self._pace.speed if self.state is ChildState.LIVE else None

    @property
    def lines(self) -> list[str]:
        return self._supervisor.lines

    @property
    def problem(self) -> Problem | None:
        status = self._supervisor.status
        if status.state is ChildState.LIVE:
            return SLOW if self._pace.slow else None
        if self._lost:
            return LOST
        if not status.detail:
            return None
        return problem_of_run(status.detail, self._supervisor.last_lines)

    def look(self, now_s: float, now_ms: int) -> None:
        """Note how it does; call it now and then."""
        status = self._supervisor.status
        if status.state is ChildState.LIVE and now_ms - status.since_ms >= _SETTLED_MS:
            self._good_restarts, self._lost = status.restarts, False
        pid = self._supervisor.running_pid
        used = cpu_seconds(pid) if pid is not None else None
        if pid is None or used is None:
            self._cpu, self.cores = None, 0.0
            return
        if self._cpu is not None and self._cpu[2] == pid and now_s - self._cpu[0] >= 1:
            self.cores = max(0.0, (used - self._cpu[1]) / (now_s - self._cpu[0]))
        if self._cpu is None or self._cpu[2] != pid or now_s - self._cpu[0] >= 1:
            self._cpu = (now_s, used, pid)

    def misses(self, missing: bool, now_s: float) -> bool:
        """Tell whether a rendition has been away for so long that it must be started anew."""
        if not missing or self.state is not ChildState.LIVE:
            self._missing_since = None
            return False
        if self._missing_since is None:
            self._missing_since = now_s
        return now_s - self._missing_since >= LOST_S

    async def again(self, group: asyncio.TaskGroup) -> None:
        """Start it anew because a rendition is lost."""
        await self.stop()
        self._lost, self._missing_since, self._good_restarts = True, None, 0
        self.start(group)

    async def _plan(self, tell: Tell) -> Command:
        self._pace.reset()
        self._told_live = False
        await self._protect(self.work)
        command = self.work.build(self._encoder)
        note = {"argv": command.digest, "work": self.work.digest, "client_id": self.client_id}
        try:
            await asyncio.to_thread(write_atomic, self._note, orjson.dumps(note))
        except OSError as exc:
            # Without it a later life of this service starts the child anew instead.
            log.info("transcode.not_noted", id=self.work.id, error=exc.strerror)
        return command

    def _on_progress(self, progress: Progress) -> None:
        if progress.out_time_ms:
            self._pace.feed(progress.out_time_ms)
        if self.state is ChildState.LIVE and not self._told_live:
            self._told_live = True
            self._changed()


def place_of(run_dir: Path, work_id: str) -> Place:
    return Place(run_dir, f"{PREFIX}{work_id}")


def note_path(run_dir: Path, work_id: str) -> Path:
    """Where is written what a running child was started for."""
    return run_dir / f"{PREFIX}{work_id}.json"


def left_over(run_dir: Path) -> list[str]:
    """Return the ids of works of which an earlier life of this service left a child, perhaps."""
    lead = f"ffmpeg-{PREFIX}"
    return [
        path.stem.removeprefix(lead) for path in run_dir.glob(f"{lead}*.json") if path.is_file()
    ]


def runs_as_wanted(run_dir: Path, work: Work, client_id: str) -> bool:
    """Tell whether the child that was left does just this."""
    identity = load_identity(place_of(run_dir, work.id).state)
    if identity is None or not identity.is_alive():
        return False
    wanted = {"argv": identity.command_sha256, "work": work.digest, "client_id": client_id}
    try:
        return bool(orjson.loads(note_path(run_dir, work.id).read_bytes()) == wanted)
    except (OSError, ValueError):
        return False


async def end_left_over(run_dir: Path, work_id: str) -> None:
    """End a child that nobody wants any more."""
    place = place_of(run_dir, work_id)
    async with place.owned():
        child = Child.take_over(place)
        if child is not None:
            log.info("transcode.ended_left_over", id=work_id, pid=child.identity.pid)
            with suppress(TimeoutError):
                async with asyncio.timeout(0):
                    await child.watch(LIMITS, lambda _: None, lambda _: None)
    note_path(run_dir, work_id).unlink(missing_ok=True)
