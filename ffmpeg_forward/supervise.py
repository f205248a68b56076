"""Decide to run a child again, and know at every moment how it is."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum

from ..core.log import get_logger
from ..core.redact import redact_text
from .backoff import Backoff
from .child import Child, Limits, Place
from .identity import command_digest
from .progress import Progress
from .reasons import reason_in_words

log = get_logger(__name__)

RING_LINES = 200
SHOWN_LINES = 20
"""How many of the last messages go into the log when a child ends."""
LIVE_AFTER_MS = 500
"""Media time from which a child counts as live: a refused publisher does not get so far."""
SETTLED_S = 10.0
"""A child that was live for so long starts anew with the shortest back-off."""


class ChildState(StrEnum):
    """How a supervised child is."""

    OFF = "off"
    STARTING = "starting"
    LIVE = "live"
    RETRYING = "retrying"


@dataclass(frozen=True, slots=True)
class Status:
    """``since_ms``: when ``state`` began, ms since the epoch; ``detail``: the last error or what
    is waited for, in words, empty when all is well; ``restarts``: since it was switched on."""

    state: ChildState
    since_ms: int
    detail: str = ""
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Command:
    """What to run, and which parts of it are secret wherever they turn up."""

    argv: tuple[str, ...] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def digest(self) -> str:
        return command_digest(self.argv)


Tell = Callable[[str], None]
Plan = Callable[[Tell], Awaitable[Command]]
"""Called before every run: waits until a run makes sense, saying meanwhile what it waits for."""


class Supervisor:
    """One named child, run again and again. ``run`` is cancelled to stop it."""

    def __init__(
        self,
        place: Place,
        *,
        limits: Limits | None = None,
        backoff: Backoff | None = None,
        leave: Callable[[], bool] = lambda: False,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        """``leave``: whether the child stays when ``run`` is cancelled, asked at that moment.
        ``on_progress`` is told everything that the child says of its progress."""
        self._leave = leave
        self._on_progress = on_progress
        self._place = place
        self._limits = limits or Limits()
        self._backoff = backoff or Backoff()
        self._secrets: tuple[str, ...] = ()
        self._ring: deque[str] = deque(maxlen=RING_LINES)
        # Of this run alone: an older one's error would be a wrong reason.
        self._last: deque[str] = deque(maxlen=SHOWN_LINES)
        self._ended: list[str] = []
        self.status = Status(ChildState.OFF, _now_ms())
        self.running_digest: str | None = None
        """Which command runs at this moment (``Command.digest``); None while none does."""
        self.running_pid: int | None = None

    @property
    def lines(self) -> list[str]:
        """The last messages of the child, redacted, oldest first."""
        return list(self._ring)

    @property
    def last_lines(self) -> list[str]:
        """The last ones of the run that ended last."""
        return self._ended

    def has_left_over(self) -> bool:
        """True when a process before us may have left a child running; ``run`` finds out."""
        return self._place.state.exists()

    async def run(self, plan: Plan) -> None:
        """Keep the child running until cancelled; take over the one that is there, if any.

        On the way out the child is ended, or left if that was asked for, and the state ``off``.
        """
        self.status = Status(ChildState.STARTING, _now_ms())
        try:
            async with self._place.owned():
                child = Child.take_over(self._place)
                while True:
                    why = await self._watch(child) if child else await self._run_once(plan)
                    child = None
                    self._set(ChildState.RETRYING, why, restarts=self.status.restarts + 1)
                    delay_s = self._backoff.delay_s()
                    log.warning(
                        "child.ended",
                        name=self._place.name,
                        reason=why,
                        again_in_s=round(delay_s, 1),
                        lines=list(self._last),
                    )
                    await asyncio.sleep(delay_s)
        finally:
            self.status = Status(ChildState.OFF, _now_ms())

    async def _run_once(self, plan: Plan) -> str:
        """Run the child to its end; return why it ended."""
        last_error = self.status.detail
        command = await plan(self._tell)
        self._tell(last_error)
        self._secrets = command.secrets
        try:
            child = Child.start(command.argv, self._place)
        except FileNotFoundError:
            return f"{command.argv[0]} is not installed"
        except OSError as exc:
            return f"{command.argv[0]} cannot be started: {exc.strerror}"
        log.info("child.started", name=self._place.name, pid=child.identity.pid)
        return await self._watch(child, taken_over=False)

    async def _watch(self, child: Child, *, taken_over: bool = True) -> str:
        if taken_over:
            log.info("child.taken_over", name=self._place.name, pid=child.identity.pid)
        self.running_digest = child.identity.command_sha256
        self.running_pid = child.identity.pid
        self._last.clear()
        live_at: float | None = None

        def on_progress(progress: Progress) -> None:
            nonlocal live_at
            if live_at is None and progress.out_time_ms >= LIVE_AFTER_MS:
                live_at = time.monotonic()
                since_ms = child.identity.started_ms if taken_over else _now_ms()
                self._set(ChildState.LIVE, since_ms=since_ms)
            if self._on_progress is not None:
                self._on_progress(progress)

        try:
            ending = await child.watch(self._limits, on_progress, self._keep, self._leave)
        finally:
            self.running_digest = self.running_pid = None
        if live_at is not None and time.monotonic() - live_at >= SETTLED_S:
            self._backoff.settle()
        self._ended = list(self._last)
        return reason_in_words(ending, self._last)

    def _keep(self, line: str) -> None:
        for secret in self._secrets:
            line = line.replace(secret, "***")
        line = redact_text(line)
        self._ring.append(line)
        self._last.append(line)

    def _tell(self, detail: str) -> None:
        self.status = replace(self.status, detail=detail)

    def _set(
        self,
        state: ChildState,
        detail: str = "",
        *,
        since_ms: int | None = None,
        restarts: int = -1,
    ) -> None:
        self.status = Status(
            state,
            _now_ms() if since_ms is None else since_ms,
            detail,
            self.status.restarts if restarts < 0 else restarts,
        )


def _now_ms() -> int:
    return int(time.time() * 1000)
