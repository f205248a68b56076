"""What an upgrade has done so far, on disk before it does the next thing.

``<data>/upgrade/run.json`` is the run that is under way, ``last.json`` the one that ended last. The
first is there exactly as long as something is left to be finished; whoever finds it may finish it.
"""

import json
import os
import time
from enum import StrEnum
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ...core.errors import StreamsteadError
from ...core.files import sync_directory, write_atomic
from ...core.paths import DataDir


class Kind(StrEnum):
    UPGRADE = "upgrade"
    ROLLBACK = "rollback"


class StepState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"


class Result(StrEnum):
    """How a run ended; a run that is under way has none."""

    DONE = "done"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"


class Phase(StrEnum):
    """What is at stake, and so what to do when a run is found interrupted.

    preparing: nothing that runs was touched; begin again. switching: go on. undoing: go back.
    """

    PREPARING = "preparing"
    SWITCHING = "switching"
    UNDOING = "undoing"


class Origin(StrEnum):
    """What is to be installed."""

    CHANNEL = "channel"
    """What the settings name as source."""
    ARCHIVE = "archive"
    """A signed archive on this machine."""
    TREE = "tree"
    """A checkout on this machine; trusted, for only root may name it."""
    RELEASE = "release"
    """A release that is built already."""


STEPS = (
    "check", "preflight", "fetch", "verify", "unpack", "build", "wait",
    "snapshot", "switch", "restart", "health", "confirm",
)  # fmt: skip
_CHANGING = STEPS[STEPS.index("snapshot") :]
# How long each takes beside the others, for the percentage.
_WEIGHTS = {"fetch": 3, "build": 8, "restart": 2, "health": 4}


class Problem(BaseModel):
    """A failure in words."""

    key: str
    message: str
    help: str

    @classmethod
    def of(cls, exc: Exception) -> "Problem":
        if isinstance(exc, StreamsteadError):
            return cls(key=exc.key, message=exc.message, help=exc.help)
        if isinstance(exc, OSError):
            what = f"{exc.filename or 'a file'}: {exc.strerror or exc}"
            return cls(key="upgrade_disk", message=what, help="Look at the disk, then try again.")
        return cls(
            key="upgrade_failed",
            message=f"something unforeseen: {type(exc).__name__}: {exc}"[:300],
            help="Read logs/upgrade.log in the data directory.",
        )


class Step(BaseModel):
    name: str
    state: StepState = StepState.WAITING
    at_ms: int | None = None
    message: str = ""


class Wish(BaseModel):
    """What was asked for. ``path``: of archive, tree or release. ``version``: empty for what the
    settings name. ``healthy_s``: how long the programs may take to become healthy. ``allow_older``:
    why an older release is wanted, in words of whoever is root; empty: it is not."""

    model_config = ConfigDict(extra="ignore")

    origin: Origin = Origin.CHANNEL
    kind: Kind = Kind.UPGRADE
    version: str = ""
    path: str = ""
    force: bool = False
    dry_run: bool = False
    by: str = "cli"
    allow_older: str = ""
    healthy_s: float = 60.0


class Run(BaseModel):
    """One run. ``before`` and ``target`` are names of folders in ``releases/``."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    id: str
    kind: Kind
    from_: str = Field(alias="from")
    to: str = ""
    started_ms: int
    ended_ms: int | None = None
    by: str
    dry_run: bool = False
    steps: list[Step] = []
    result: Result | None = None
    error: Problem | None = None

    wish: Wish
    before: str
    target: str = ""
    phase: Phase = Phase.PREPARING
    attempts: int = 0
    snapshot: str = ""
    media: str = ""
    """Process of the media server before: it must be the same afterwards, unless
    ``media_changes``."""
    media_changes: bool = False
    waits_for: list[str] = []

    @property
    def percent(self) -> int:
        if self.result is not None:
            return 100
        weight = {step.name: _WEIGHTS.get(step.name, 1) for step in self.steps}
        over = {StepState.DONE, StepState.SKIPPED, StepState.FAILED}
        done = sum(weight[step.name] for step in self.steps if step.state in over)
        return min(99, 100 * done // max(1, sum(weight.values())))

    def shown(self) -> dict[str, Any]:
        """Return what a page may know."""
        names = {"id", "kind", "from_", "to", "started_ms", "ended_ms", "by", "dry_run"}
        names |= {"steps", "error", "waits_for"}
        found = self.model_dump(mode="json", by_alias=True, include=names)
        return found | {"percent": self.percent, "result": self.result or ""}


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def new_run(wish: Wish, version: str, release: str) -> Run:
    """Return a run that has not begun. ``version`` and ``release`` are what runs now."""
    left_out = _CHANGING if wish.dry_run else ()
    at = now_ms()
    steps = [
        Step(name=name, state=StepState.SKIPPED if name in left_out else StepState.WAITING)
        for name in STEPS
    ]
    return Run.model_validate(
        {
            "id": f"{at:x}-{os.urandom(3).hex()}",
            "kind": wish.kind,
            "from": version,
            "started_ms": at,
            "by": wish.by,
            "dry_run": wish.dry_run,
            "steps": steps,
            "wish": wish,
            "before": release,
        }
    )


class Journal:
    """The files. Every write is atomic and reaches the disk before it returns."""

    def __init__(self, data: DataDir) -> None:
        self.folder = data.upgrade
        self._run = self.folder / "run.json"
        self._last = self.folder / "last.json"

    def read(self) -> Run | None:
        """Return the run that is under way."""
        return _read(self._run)

    def last(self) -> Run | None:
        """Return the run that ended last."""
        return _read(self._last)

    def write(self, run: Run) -> None:
        write_atomic(self._run, run.model_dump_json(by_alias=True, indent=1) + "\n", 0o600)

    def end(self, run: Run) -> None:
        """Keep ``run`` as the last one. A crash in here leaves a run that has a result."""
        self._sweep()
        self.write(run)
        write_atomic(self._last, run.model_dump_json(by_alias=True, indent=1) + "\n", 0o600)
        self._run.unlink(missing_ok=True)
        sync_directory(self.folder)

    def _sweep(self) -> None:
        """Remove what is left of writes that were cut off; those of whoever works on a run."""
        for name in (self._run.name, self._last.name, "previous", "building"):
            for left in self.folder.glob(f".{name}.*"):
                left.unlink(missing_ok=True)

    def stamp(self) -> tuple[int, int]:
        """Return a pair that changes with every write."""
        return _changed(self._run), _changed(self._last)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _read(path: Path) -> Run | None:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        return Run.model_validate(json.loads(raw))
    except ValueError:  # by somebody's hand: we write none that is broken
        path.replace(path.with_suffix(".broken"))
        return None
