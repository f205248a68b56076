"""One program's keeper: brings what runs to what is wanted, again and again."""

import asyncio
import errno
import time
from collections.abc import Callable
from time import monotonic

from ..core.errors import Invalid, StreamsteadError
from ..core.log import get_logger
from ..core.redact import redact_text
from ..core.runner import EX_CONFIG
from .backoff import Backoff
from .config_files import ConfigFiles
from .health import Finding, Verdict, probe
from .helper import Helper, NoHelp
from .runtime.logfile import plain
from .runtime.protocol import UNKNOWN_PID, Ended, EngineAway, ImageMissing, Instance, Runtime
from .runtime.spec import ServiceSpec
from .status import WAITS_FOR_TURN, Health, LastExit, ServiceStatus, State
from .turns import LONGEST_S as LONGEST_TURN_S
from .turns import Turns

log = get_logger(__name__)

RECONCILE_S = 10.0
START_POLL_S = 0.1
NEEDS_PATIENCE_S = 20.0
"""A first start waits so long for what it needs, then goes on: it can report better than we."""
LAST_LINES = 50
LONGEST_PATIENCE = 8
"""A start may take so many times as long as it should, the more the more often it failed."""
_MARKS = ("bind() to", "[ERROR]", "[emerg]")
"""How nginx and SRS mark the line that says why; what they write after it says less."""


class Unit:
    """Keeps one program as its spec says. ``run`` ends only by cancellation."""

    def __init__(
        self,
        spec: ServiceSpec,
        runtime: Runtime,
        files: ConfigFiles,
        on_change: Callable[[], None],
        note: str = "",
    ) -> None:
        self.spec = spec
        self.runtime = runtime
        self.healthy = asyncio.Event()
        self.helper: Helper = NoHelp()
        self.turns = Turns()
        self.health: Health | None = None
        self.last_exit: LastExit | None = None
        self._files = files
        self._on_change = on_change
        self._note = note
        self._wake = asyncio.Event()
        self._backoff = Backoff()
        self._state = State.STARTING
        self._detail = ""
        self._since_ms = int(time.time() * 1000)
        self._restarts = 0
        self._instance: Instance | None = None
        self._started_at = 0.0
        self._starting = True
        self._failing_since: float | None = None
        self._ended: Ended | None = None
        self._restart_asked = False
        self._held: tuple[State, str] | None = None
        self._applied = ""
        self._busy = asyncio.Lock()

    @property
    def status(self) -> ServiceStatus:
        pid = self._instance.pid if self._instance else None
        detail = self._detail or (self._note if self._state is State.RUNNING else "")
        return ServiceStatus(
            self.spec.name, self._state, self._since_ms, self._restarts, pid, detail
        )

    @property
    def rank(self) -> int:
        """When its turn comes, where several programs are replaced: the lowest first."""
        return self.spec.order

    async def run(self, needs: list["Unit"]) -> None:
        """Start once what is needed is healthy (unless it runs already), then keep it so."""
        if await self._runs_already() is None:
            await self._wait_for(needs)
        while True:
            self._wake.clear()
            try:
                async with self._busy:
                    pause_s = await self._step()
            except EngineAway as exc:
                pause_s = await self._without_engine(exc)
            except (OSError, StreamsteadError) as exc:
                pause_s = await self._could_not(exc)
            await self._sleep(pause_s)

    @property
    def held(self) -> bool:
        """Whether it is not to run."""
        return self._held is not None

    @property
    def held_for(self) -> str:
        """Why it is not to run; empty when it is."""
        return self._held[1] if self._held else ""

    def hold(self, state: State, reason: str) -> None:
        """Stop it, or do not start it, until ``release``; it is shown as ``state`` meanwhile."""
        self._held = (state, reason)
        self.turns.leave(self)
        self.healthy.clear()
        self._set(state, reason)
        self._wake.set()

    def release(self) -> None:
        """Let it run again."""
        if self._held is not None:
            self._held = None
            self._set(State.STARTING, "")
            self.ask_restart()

    def runs(self, spec_hash: str) -> bool:
        """Tell whether what runs was started by the spec with this hash."""
        return self._instance is not None and self._instance.spec_hash == spec_hash

    def look(self) -> None:
        """Look now instead of at the next turn."""
        self._wake.set()

    def ended(self, event: Ended) -> None:
        """Take the news that a process of this program is gone."""
        if self._instance is not None and event.pid in (self._instance.pid, UNKNOWN_PID):
            self._ended = event
            self._wake.set()

    async def change(self, spec: ServiceSpec, runtime: Runtime | None = None) -> None:
        """Go on by another spec of the same program, and in another runtime where one is given.

        Raises Invalid, with what the program says, when it refuses its new files, and Upstream when
        its runtime does not answer; everything is as before then. A reload has been told when this
        returns; a restart has begun.
        """
        runtime = runtime or self.runtime
        async with self._busy:
            before = self.spec, self._files, self.runtime
            files = self._files.of(spec)
            # Asked first: a runtime that is away must not leave half of a change behind.
            await runtime.inspect(spec.name)
            undo = files.write()
            try:
                complaint = await runtime.check(spec)
                if complaint is not None:
                    said = _essence(complaint.splitlines() or ["no reason given"])
                    raise Invalid(
                        f"{spec.name} refuses this configuration: {redact_text(plain(said))[:300]}",
                        "Nothing was changed; correct what was given.",
                        key="configuration_refused",
                    )
                if runtime is not self.runtime:
                    await self.runtime.stop(spec.name, spec.stop_grace_s)
                    self._instance = None
                    self.healthy.clear()
                self.spec, self._files, self.runtime = spec, files, runtime
                if self._instance is not None and self._instance.spec_hash == spec.hash:
                    await self._reload_if_changed()
            except BaseException:
                undo()
                self.spec, self._files, self.runtime = before
                raise
        self._wake.set()

    def ask_restart(self) -> None:
        """Restart now, whatever the back-off says."""
        self._restart_asked = True
        self._backoff.reset()
        self._wake.set()

    async def stop(self) -> None:
        """Stop the program; ``run`` must have been cancelled before."""
        self.turns.leave(self)
        await self.runtime.stop(self.spec.name, self.spec.stop_grace_s)
        self._instance = None
        self.healthy.clear()
        self._set(State.STOPPED, "")

    async def logs(self, lines: int = LAST_LINES) -> list[str]:
        found = await self.runtime.logs(self.spec.name, lines)
        return [redact_text(plain(line)) for line in found]

    async def _runs_already(self) -> Instance | None:
        try:
            return await self.runtime.inspect(self.spec.name)
        except (OSError, StreamsteadError):
            return None

    async def _wait_for(self, needs: list["Unit"]) -> None:
        missing = [unit for unit in needs if not unit.healthy.is_set() and not unit.held]
        if not missing:
            return
        self._set(State.STARTING, "waits for " + ", ".join(u.spec.name for u in missing))
        try:
            async with asyncio.timeout(NEEDS_PATIENCE_S):
                for unit in missing:
                    await unit.healthy.wait()
        except TimeoutError:
            log.warning("service.needs_missing", name=self.spec.name)
        if self._held is None:
            self._set(State.STARTING, "")

    async def _step(self) -> float:
        """Do what is due; return after how many seconds to look again."""
        found = await self.runtime.inspect(self.spec.name)
        if self._held is not None:
            return await self._keep_away(found)
        if self._instance is not None and (found is None or found.pid != self._instance.pid):
            await self._note_end()
            if self._held is not None:
                return 0.0  # given up over this end
        self._ended = None
        if self._restart_asked and found is not None:
            self._restart_asked = False
            await self._halt(again=True)
            found = None
        if found is None or found.spec_hash != self.spec.hash:
            self._restart_asked = False
            if found is None and self._backoff.wait_s > 0:
                return self._backoff.wait_s
            if found is not None and not self.turns.take(self):
                return await self._wait_for_turn(found)
            return await self._start()
        if self._instance is None:
            await self._adopt(found)
        await self._reload_if_changed()
        return await self._judge(await self._probe())

    async def _wait_for_turn(self, found: Instance) -> float:
        """Leave what runs as it is; the turn wakes us."""
        if self._instance is None:
            await self._adopt(found)
        self._set(State.STARTING, WAITS_FOR_TURN)
        return RECONCILE_S

    async def _keep_away(self, found: Instance | None) -> float:
        assert self._held is not None
        state, reason = self._held
        self._restart_asked = False
        if found is not None:
            await self._halt()
        self._instance = self.health = None
        self._set(state, reason)
        return RECONCILE_S

    async def _probe(self) -> Finding:
        finding = await probe(self.spec.health)
        now_ms = int(time.time() * 1000)
        self.health = Health(finding.verdict is Verdict.GOOD, finding.detail, now_ms)
        return finding

    async def _start(self) -> float:
        if self._state is not State.STARTING:
            self._set(State.STARTING, "")
        self._files.write()
        complaint = await self.runtime.check(self.spec)
        if complaint is not None:
            said = complaint.splitlines() or ["its configuration is refused, without a word"]
            raise StreamsteadError(_essence(said))
        # Whatever ran before is no news any more: it is stopped on purpose.
        self._instance = None
        self._take(await self.runtime.ensure(self.spec), fresh=True)
        return START_POLL_S

    async def _adopt(self, instance: Instance) -> None:
        await self.runtime.adopted(self.spec)
        self._take(instance, fresh=False)

    def _take(self, instance: Instance, fresh: bool) -> None:
        self._instance = instance
        self._ended = None
        self._failing_since = None
        self._started_at = monotonic()
        self._starting = fresh
        if fresh:
            self._mark_applied(instance.pid)
        self._on_change()

    async def _note_end(self) -> None:
        """The program is gone and nobody asked for it."""
        ended = self._ended
        self._instance = None
        self._ended = None
        self.healthy.clear()
        self.health = None
        reason = ended.reason if ended else "ended"
        self._set(State.STARTING, reason)
        last = [line for line in await self.logs() if line]
        hopeless = ended is not None and ended.status == EX_CONFIG
        told = f"{reason}: {_essence(last[-10:])[:300]}" if last else reason
        now_ms = int(time.time() * 1000)
        self.last_exit = LastExit(now_ms, ended.status if ended else None, reason, tuple(last))
        self.helper.ended(self.spec.name, self.last_exit)
        self._failed(await self._explained(told), hopeless)

    async def _explained(self, reason: str) -> str:
        """Add what the machine tells of the cause."""
        cause = await self.helper.explain(self.spec)
        return f"{cause} ({reason})" if cause else reason

    def _failed(self, reason: str, hopeless: bool = False) -> None:
        self.turns.leave(self)
        self._backoff.failed(hopeless)
        self._restarts += 1
        wait_s = self._backoff.wait_s
        log.warning("service.failed", name=self.spec.name, reason=reason, next_try_s=round(wait_s))
        if hopeless:
            self._set(State.FAILED, reason)
        elif wait_s > 0:
            self._set(State.BACKOFF, f"{reason} (next try after {wait_s:.0f} s)")
        else:
            self._set(State.STARTING, reason)
        self.helper.failing(self.spec, reason, self._backoff.failures)

    async def _without_engine(self, exc: EngineAway) -> float:
        """What runs goes on without the engine, and is asked itself how it is."""
        self.turns.leave(self)
        if self._held is None and (await self._probe()).verdict is Verdict.GOOD:
            self.healthy.set()
            self._set(State.RUNNING, exc.message)
        else:
            self.healthy.clear()
            self._set(self._state, exc.message)
        return RECONCILE_S

    async def _could_not(self, exc: Exception) -> float:
        """A runtime that fails, or a program that does not even start."""
        self.turns.leave(self)
        reason = _in_words(exc)
        if isinstance(exc, ImageMissing):
            self.helper.image_missing(self.spec)
        if self._instance is None:
            self._failed(await self._explained(reason))
            return max(self._backoff.wait_s, START_POLL_S)
        # It ran when we last looked, so not knowing is no reason to count it as gone.
        self._set(self._state, reason)
        return RECONCILE_S

    async def _halt(self, again: bool = False) -> None:
        self._instance = None
        self.healthy.clear()
        await self.runtime.stop(self.spec.name, self.spec.stop_grace_s, again=again)

    async def _judge(self, finding: Finding) -> float:
        """Draw the conclusion from a probe; return the pause until the next one."""
        check = self.spec.health
        now = monotonic()
        if finding.verdict is Verdict.GOOD:
            self._backoff.healthy()
            since_ms = None if self._starting or not self._instance else self._instance.started_ms
            since_ms = since_ms if not self.healthy.is_set() else None
            self._set(State.RUNNING, finding.detail, since_ms)
            self._starting = False
            self._failing_since = None
            self.healthy.set()
            self.turns.leave(self)
            return min(check.every_s, RECONCILE_S)
        if now - self._started_at > LONGEST_TURN_S:
            self.turns.leave(self)
        if finding.verdict is Verdict.BUSY:
            self._set(State.STARTING, finding.detail)
            return 0.5
        # A machine that is too slow for one start is not made faster by more of them.
        patience_s = check.start_s * min(1 + self._backoff.failures, LONGEST_PATIENCE)
        if self._starting and now - self._started_at < patience_s:
            return START_POLL_S if now - self._started_at < 5 else 1.0
        self.healthy.clear()
        self._failing_since = self._failing_since or now
        patience_s = check.fail_s - (now - self._failing_since)
        if not self._starting and patience_s > 0:
            self._set(State.UNHEALTHY, finding.detail)
            return max(0.1, min(1.0, patience_s))
        self._failed(await self._explained(f"restarted, because it did not work: {finding.detail}"))
        self._restart_asked = True
        return 0.0

    async def _reload_if_changed(self) -> None:
        number = self.spec.reload_signal
        assert self._instance is not None
        now = f"{self._instance.pid} {self.spec.files_digest}"
        if number is None or now == self._applied or self._files.applied(self._instance.pid):
            return
        undo = self._files.write()
        complaint = await self.runtime.check(self.spec)
        if complaint is not None:
            undo()
            log.error("service.reload_refused", name=self.spec.name, said=complaint)
            return
        await self.runtime.signal(self.spec.name, number)
        self._mark_applied(self._instance.pid)
        log.info("service.reloaded", name=self.spec.name)

    def _mark_applied(self, pid: int) -> None:
        # Kept here too: a full disk must not make it reload again and again.
        self._applied = f"{pid} {self.spec.files_digest}"
        try:
            self._files.mark_applied(pid)
        except OSError as exc:
            log.warning("service.mark_not_kept", name=self.spec.name, error=str(exc))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _set(self, state: State, detail: str, since_ms: int | None = None) -> None:
        if state is self._state and detail == self._detail:
            return
        if state is not self._state:
            self._since_ms = since_ms or int(time.time() * 1000)
        self._state = state
        self._detail = detail
        self._on_change()


def _essence(lines: list[str]) -> str:
    """Return the line that matters: the latest with the strongest mark, else the last."""
    for mark in _MARKS:
        for line in reversed(lines):
            if mark in line:
                return line
    return lines[-1]


def _in_words(exc: Exception) -> str:
    if isinstance(exc, OSError) and exc.errno == errno.ENOSPC:
        return "the disk is full: it is tried again when there is room"
    reason = redact_text(str(exc))
    if "no space left on device" in reason.lower():
        return f"the disk is full: it is tried again when there is room ({reason[:200]})"
    return reason
