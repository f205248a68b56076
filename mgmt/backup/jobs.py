"""One backup, or one way back to it, at a time: begun, followed, told."""

import asyncio
import sys
import time
from typing import Any

import orjson
from pydantic import BaseModel

from ...core.errors import StreamsteadError, Upstream
from ...core.event_types import EventType
from ...core.files import write_atomic
from ...core.log import get_logger
from ..house import House
from ..state_file import StateFile
from . import swap
from .anew import begin_anew
from .faults import BackupBusy, BackupFailed
from .info import Info, made_by, new_id
from .shelf import Shelf
from .swap import Phase, RestoreState

log = get_logger(__name__)

LIMIT_S = 13 * 3600.0
HEALTHY_S = 120.0
HOPELESS = 4
"""So many ends in a row say enough of a program."""

RELAYS_S = 2.5
"""Programs that send on hear of a stop within so long."""

_WELL = {"running", "off"}


class Problem(BaseModel):
    message: str
    help: str
    key: str


class JobState(BaseModel):
    """As platform/house/backups.py shows it."""

    id: str
    kind: str
    state: str = "running"
    step: str = "collecting"
    done_bytes: int = 0
    total_bytes: int = 0
    started_ms: int
    ended_ms: int | None = None
    error: Problem | None = None


class LastJob(BaseModel):
    """``<data>/mgmt/backup-job.json``: the one that runs, or how the last one ended."""

    job: JobState | None = None


class Jobs:
    """``run`` is an endless loop that does what was begun."""

    def __init__(self, house: House, shelf: Shelf) -> None:
        self._house = house
        self._shelf = shelf
        self._kept = StateFile(house.folder, "backup-job", LastJob)
        self._todo: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.running: JobState | None = None
        self.last = self._kept.read().job
        self.created = asyncio.Event()
        """Set whenever one has ended."""

    def create(self, passphrase: str | None, media: bool, where: str, by: str) -> JobState:
        """Begin a backup. Raises BackupBusy."""
        id_ = new_id(by, time.time())
        return self._begin("create", id_, passphrase, where, media=media, by=by)

    def restore(self, id_: str, passphrase: str | None, where: str) -> JobState:
        """Begin the way back. Raises BackupBusy."""
        return self._begin("stage", id_, passphrase, where)

    def _begin(
        self, kind: str, id_: str, passphrase: str | None, where: str, **more: Any
    ) -> JobState:
        if self.running is not None:
            raise BackupBusy
        shown = "create" if kind == "create" else "restore"
        self.running = JobState(id=id_, kind=shown, started_ms=_now_ms())
        self._keep(self.running)
        root = str(self._house.data.root)
        asked = {"kind": kind, "data": root, "id": id_, "passphrase": passphrase, "where": where}
        self._todo.put_nowait(asked | more)
        return self.running

    async def run(self) -> None:
        """Do what was begun; first of all, see a restore to its end that a start belongs to."""
        await self._after_start()
        while True:
            job = await self._todo.get()
            try:
                result = await self._work(job)
                if job["kind"] == "stage":
                    await self._exchange(job["id"])
                self._shelf.forget()
                self._ended("done")
                self._tell_created(Info.model_validate(result), job)
            except (StreamsteadError, OSError) as exc:
                self._failed(exc, job)

    async def _work(self, job: dict[str, Any]) -> dict[str, Any]:
        """Run the worker; return its result. Raises StreamsteadError."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", f"{__package__}.worker"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd="/",
        )
        assert child.stdin is not None
        assert child.stdout is not None
        last: dict[str, Any] = {}
        try:
            async with asyncio.timeout(LIMIT_S):
                child.stdin.write(orjson.dumps(job))
                child.stdin.close()
                async for raw in child.stdout:
                    last = orjson.loads(raw)
                    self._follow(last)
                await child.wait()
        except TimeoutError:
            raise Upstream("it took too long", "Leave recordings out.") from None
        except (orjson.JSONDecodeError, BrokenPipeError):
            last = {}
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
        if "error" in last:
            raise BackupFailed(**last["error"])
        if "result" not in last:
            raise BackupFailed(
                f"the program that does it ended with status {child.returncode}",
                "Look at: streamstead logs mgmt",
            )
        return dict(last["result"])

    def _follow(self, said: dict[str, Any]) -> None:
        if self.running is not None and "step" in said:
            self.running.step = said["step"]
            self.running.done_bytes, self.running.total_bytes = said["done"], said["total"]

    async def _exchange(self, id_: str) -> None:
        """Stop everything and begin anew with the files of the backup; does not return."""
        assert self.running is not None
        self.running.step = "stopping"
        data = self._house.data
        state = RestoreState(
            phase=Phase.SWAP,
            id=id_,
            job_id=self.running.id,
            started_ms=self.running.started_ms,
            names=swap.exchanged_names(data),
        )
        log.warning("restore.exchanging", id=id_)
        await self._stop_all()
        swap.state_file(data).write(state)
        begin_anew(data)

    async def _stop_all(self) -> None:
        # The mark tells programs that outlive their service to end as well.
        write_atomic(self._house.data.stop_mark, "", 0o644)
        await self._house.supervisor.stop_all()
        await asyncio.sleep(RELAYS_S)

    async def _after_start(self) -> None:
        data = self._house.data
        kept = swap.state_file(data)
        state = kept.read() if kept.path.exists() else RestoreState()
        if state.phase is Phase.TRYING:
            self.running = self._restore_job(state, "checking")
            problem = await self._problem()
            if problem:
                log.error("restore.unhealthy", id=state.id, why=problem)
                await self._stop_all()
                kept.write(state.model_copy(update={"phase": Phase.BACK, "why": problem}))
                begin_anew(data)
            log.info("restore.done", id=state.id)
            self._ended("done")
            self._house.events.tell(EventType.BACKUP_RESTORED, {"id": state.id})
        elif state.phase is Phase.WENT_BACK:
            self.running = self._restore_job(state, "going_back")
            still = await self._problem()
            self.running.error = Problem(
                message=f"the house was not healthy with the backup: {state.why}",
                help=f"It is as it was before, and not healthy either: {still}"
                if still
                else "Everything is as it was before. Look at the logs of that program.",
                key="backup_restore_unhealthy",
            )
            self._ended("rolled_back")
            what = {"id": state.id, "kind": "restore", "reason": state.why}
            self._house.events.tell(EventType.BACKUP_FAILED, what)
        elif self.last is not None and self.last.state == "running":
            self._cut_off(self.last)
        await asyncio.to_thread(swap.clean, data)

    def _restore_job(self, state: RestoreState, step: str) -> JobState:
        return JobState(id=state.id, kind="restore", step=step, started_ms=state.started_ms)

    async def _problem(self) -> str:
        """Wait until all programs run; return why they do not, "" when they do."""
        sick = ""
        try:
            async with asyncio.timeout(HEALTHY_S):
                async for services in self._house.supervisor.follow():
                    sick = "; ".join(
                        f"{one.name} is {one.state}" + (f" ({one.detail})" if one.detail else "")
                        for one in services
                        if one.state not in _WELL
                    )
                    if not sick:
                        return ""
                    if any(one.state == "failed" or one.restarts >= HOPELESS for one in services):
                        break
        except TimeoutError:
            pass
        return sick[:500]

    def _ended(self, how: str) -> None:
        assert self.running is not None
        self.running.state, self.running.ended_ms = how, _now_ms()
        self.last, self.running = self.running, None
        self._keep(self.last)
        self.created.set()

    def _keep(self, job: JobState) -> None:
        try:
            self._kept.write(LastJob(job=job))
        except OSError as exc:
            log.error("backup.job_not_kept", error=str(exc))

    def _cut_off(self, job: JobState) -> None:
        """Tell of one that an earlier manager did not see to its end."""
        self.running = job
        why = BackupFailed(
            "the manager was started anew in the middle of it",
            "Look at the list whether it is there all the same, or begin again.",
        )
        self._failed(why, {"id": job.id, "kind": job.kind, "by": made_by(job.id)})

    def _failed(self, exc: Exception, job: dict[str, Any]) -> None:
        assert self.running is not None
        message, advice, key = str(exc), "Look at the disk.", "backup_failed"
        if isinstance(exc, StreamsteadError):
            message, advice, key = exc.message, exc.help, exc.key
        log.error("backup.failed", id=job["id"], kind=job["kind"], reason=message)
        self.running.error = Problem(message=message, help=advice, key=key)
        kind = self.running.kind
        self._ended("failed")
        if kind == "create":  # a passphrase that is wrong is no news for others
            what = {"id": job["id"], "kind": kind, "reason": message, "by": job["by"]}
            self._house.events.tell(EventType.BACKUP_FAILED, what)

    def _tell_created(self, info: Info, job: dict[str, Any]) -> None:
        log.info("backup.created", id=info.id, bytes=info.bytes, where=job["where"])
        what = {"id": info.id, "bytes": info.bytes, "where": job["where"], "by": info.by}
        self._house.events.tell(EventType.BACKUP_CREATED, what)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
