"""Backups that are made by themselves."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from pydantic import BaseModel

from ...core.errors import Invalid, StreamsteadError
from ...core.log import get_logger
from ...core.weekly import Weekly, is_zone
from ..state_file import StateFile
from .faults import BackupBusy, PassphraseNeeded
from .jobs import Jobs
from .shelf import Shelf

log = get_logger(__name__)

LOOK_S = 20.0
RETRY_MS = 600_000
"""After a failure; twice as long after each further one."""


class ScheduleState(BaseModel):
    """``<data>/mgmt/backup.json``. ``days``: 0 is Monday, none is every day. ``since_ms``: what was
    due before is not made up for. ``failures``: of the one that is due now, in a row."""

    enabled: bool = False
    at: str = "04:00"
    zone: str = "UTC"
    days: list[int] = []
    keep: int = 7
    to: Literal["file", "bucket"] = "file"
    recordings: bool = False
    passphrase: str = ""
    since_ms: int = 0
    last_at_ms: int | None = None
    last_ok: bool | None = None
    last_error: str = ""
    failures: int = 0

    @property
    def weekly(self) -> Weekly:
        return Weekly(tuple(self.days) or tuple(range(7)), self.at, self.at, self.zone)

    def shown(self, now_ms: int) -> dict[str, Any]:
        """Return it as the page shows it."""
        facts = self.model_dump(exclude={"passphrase", "since_ms", "failures"})
        next_ms = self.weekly.next_start_ms(now_ms) if self.enabled else None
        if next_ms is not None and self.failures:
            next_ms = min(next_ms, self._again_ms)
        return facts | {"passphrase_set": bool(self.passphrase), "next_ms": next_ms}

    def due(self, now_ms: int) -> bool:
        """Tell whether one should have been made that was not, within the last day."""
        begun = self.weekly.active_since_ms(now_ms) if self.enabled else None
        if begun is None or begun <= self.since_ms:
            return False
        return begun > (self.last_at_ms or 0) or (self.failures > 0 and now_ms >= self._again_ms)

    @property
    def _again_ms(self) -> int:
        return (self.last_at_ms or 0) + (RETRY_MS << min(self.failures - 1, 10))


class Schedule:
    """``run`` is an endless loop."""

    def __init__(
        self, kept: StateFile[ScheduleState], jobs: Jobs, shelf: Shelf, clock: Callable[[], int]
    ) -> None:
        self._kept = kept
        self._jobs = jobs
        self._shelf = shelf
        self._clock = clock
        self.state = kept.read()

    def update(self, changes: dict[str, Any]) -> None:
        """Change it. Raises Invalid for an unknown zone, PassphraseNeeded, OSError."""
        changed = self.state.model_copy(update=changes)
        if not is_zone(changed.zone):
            raise Invalid(
                f"{changed.zone!r} is no time zone",
                "Say for example Europe/Berlin or UTC.",
                key="zone_unknown",
            )
        if changed.enabled and not changed.passphrase:
            raise PassphraseNeeded
        changed.since_ms, changed.failures = self._clock(), 0
        self._kept.write(changed)
        self.state = changed

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Make what is due, then remove what is too many; never returns."""
        while True:
            if self.state.due(self._clock()):
                await self._make()
            await sleep(LOOK_S)

    async def _make(self) -> None:
        state = self.state
        begun_ms = self._clock()
        self._jobs.created.clear()
        try:
            self._jobs.create(state.passphrase, state.recordings, state.to, "schedule")
        except BackupBusy:
            return  # it stays due
        await self._jobs.created.wait()
        last = self._jobs.last
        error = last.error.message if last is not None and last.error is not None else ""
        failures = self.state.failures + 1 if error else 0
        if not error:
            error = await self._prune(state)
        self._note(begun_ms, error, failures)

    async def _prune(self, state: ScheduleState) -> str:
        try:
            gone = await self._shelf.prune(state.to, state.keep)
        except (OSError, StreamsteadError) as exc:
            log.warning("backup.not_pruned", error=str(exc))
            return f"old ones could not be removed: {exc}"
        if gone:
            log.info("backup.pruned", ids=gone)
        return ""

    def _note(self, begun_ms: int, error: str, failures: int) -> None:
        facts = {"last_at_ms": begun_ms, "last_ok": not error, "last_error": error}
        facts["failures"] = failures
        self.state = self.state.model_copy(update=facts)
        try:
            self._kept.write(self.state)
        except OSError as exc:
            log.error("backup.schedule_not_kept", error=str(exc))


def now_ms() -> int:
    return time.time_ns() // 1_000_000
