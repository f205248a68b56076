"""What every step of a run works with, and how a step is noted."""

import contextlib
import errno
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ...core.log import get_logger
from ...core.paths import DataDir
from ...core.settings import Settings
from .checkup import Checkup
from .journal import Journal, Phase, Run, Step, StepState, now_ms
from .lock import UpgradeLock
from .manager_link import ManagerLink
from .place import Installed

log = get_logger(__name__)

RESERVE_BYTES = 256 << 10
TELL_EVERY_MS = 300


@dataclass(slots=True)
class Job:
    """One run being worked on."""

    settings: Settings
    journal: Journal
    lock: UpgradeLock
    run: Run
    installed: Installed
    link: ManagerLink
    checkup: Checkup
    _told_ms: int = 0

    @property
    def data(self) -> DataDir:
        return self.settings.data

    @property
    def work(self) -> Path:
        """Scratch folder of this run."""
        return self.data.upgrade / "work" / self.run.id

    def do(self, name: str, work: Callable[[], str]) -> None:
        """Do one step unless it is done; what it returns is its last word for people."""
        step = self.step(name)
        if step.state in (StepState.DONE, StepState.SKIPPED):
            return
        self._set(step, StepState.RUNNING, "")
        self.lock.renew(self.run.id)
        said = work()
        self._set(step, StepState.DONE, said)

    def skip(self, *names: str) -> None:
        for name in names:
            self._set(self.step(name), StepState.SKIPPED, "")

    def step(self, name: str) -> Step:
        """Return a step, added when the run has none of that name."""
        for step in self.run.steps:
            if step.name == name:
                return step
        self.run.steps.append(Step(name=name))
        return self.run.steps[-1]

    def tell(self, text: str) -> None:
        """Say how the running step goes on; not more often than anybody can read."""
        running = [step for step in self.run.steps if step.state is StepState.RUNNING]
        if not running or now_ms() - self._told_ms < TELL_EVERY_MS:
            return
        self._told_ms = now_ms()
        running[-1].message = text[:300]
        self.journal.write(self.run)

    def enter(self, phase: Phase) -> None:
        """Note what is at stake from here on."""
        self.run.phase, self.run.attempts = phase, 1
        self.journal.write(self.run)

    def fail_running(self) -> None:
        """Note that the running step failed; kept by the next write."""
        for step in self.run.steps:
            if step.state is StepState.RUNNING:
                step.state, step.at_ms = StepState.FAILED, now_ms()
                step.message = self.run.error.message if self.run.error else ""

    def keep_reserve(self) -> None:
        """Hold some room, so that the end of a run can be noted on a disk that is full."""
        path = self.data.upgrade / "reserve"
        if not path.exists():
            path.write_bytes(b"\0" * RESERVE_BYTES)

    def clean(self) -> None:
        """Remove what only this run needed."""
        with contextlib.suppress(OSError):
            (self.data.upgrade / "reserve").unlink(missing_ok=True)
        shutil.rmtree(self.data.upgrade / "work", ignore_errors=True)

    def _set(self, step: Step, state: StepState, message: str) -> None:
        step.state, step.at_ms, step.message = state, now_ms(), message[:300]
        log.info("upgrade.step", step=step.name, state=state, message=message)
        self.journal.write(self.run)


def is_full(exc: OSError) -> bool:
    return exc.errno in (errno.ENOSPC, errno.EDQUOT)
