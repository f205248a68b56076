"""All that goes to one target: in which order, how many at once, and when to try again.

Targets know nothing of each other, so one that is away holds up no other.
"""

import asyncio
import sqlite3
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from ...core.errors import NotFound
from ...core.log import get_logger
from ..library.recording import State, UploadState
from .errors import StorageFailed
from .object_store import ObjectStore
from .throttle import Stopped
from .upload_hub import (
    FIRST_RETRY_S,
    WHOLE_TARGET,
    Hub,
    Trouble,
    disk_failed,
    in_thread,
    is_ours,
    retry_s,
    trouble_fact,
    unexpected,
)
from .upload_job import Job, Unit
from .upload_send import Changed, Sender

log = get_logger(__name__)

BACKLOG_EVERY = 8
"""Live recordings go first, but each time after so many the others have their turn."""

TOLD_AFTER = 2
"""So many failures in a row are an outage that is told of; a single one is weather."""

MOST_PATIENCE = 10.0
"""Times the usual one; a slow line needs it."""

MARKED_AT_ONCE = 10
TELL_PROGRESS_S = 1.0


class Lane:
    """``run`` is an endless loop; all methods belong into the event loop."""

    def __init__(self, target_id: str, hub: Hub, told_trouble: bool = False) -> None:
        """``told_trouble``: that it is away was told, by an earlier process perhaps."""
        self.target_id = target_id
        self.jobs: dict[str, Job] = {}
        self.trouble: Trouble | None = None
        self._hub = hub
        self._wake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._asking = 0
        self._picks = 0
        self._store: ObjectStore | None = None
        self._patience = 1.0
        self._told_progress = 0.0
        self._told_trouble = told_trouble
        self._known = False
        self._leaving: dict[str, Job] = {}

    def wake(self) -> None:
        self._wake.set()

    def take(self, job: Job) -> bool:
        """Begin with a recording; False while something of it is still under way."""
        if job.recording.id in self._leaving:
            return False
        self.jobs[job.recording.id] = job
        self.wake()
        return True

    def let_go(self, id_: str) -> None:
        """Send nothing more of a recording."""
        job = self.jobs.pop(id_, None)
        if job is None:
            return
        job.stopped.set()
        if not job.idle:
            self._leaving[id_] = job

    async def drop(self, id_: str) -> None:
        """The same; nothing of it is under way when this returns."""
        self.let_go(id_)
        while id_ in self._leaving and self._tasks:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    def renew(self) -> None:
        """The target was changed: use it as it is now, and at once."""
        self._store, self._patience = None, 1.0
        self.try_now()

    def try_now(self) -> None:
        """Do not wait for the next try."""
        if self.trouble is not None:
            now = asyncio.get_running_loop().time()
            self.trouble = Trouble(
                self.trouble.failed, self.trouble.since_ms, now, self.trouble.times
            )
        self.wake()

    def next_try_ms(self, job: Job) -> int | None:
        """Return when a recording is tried again, ms since the epoch; None when it runs."""
        now = asyncio.get_running_loop().time()
        at = max(job.not_before, self.trouble.next_try if self.trouble is not None else 0.0)
        if at == 0.0 or (self.trouble is None and at <= now):
            return None
        return self._hub.clock() + round(max(0.0, at - now) * 1000)

    async def run(self) -> None:
        """Never returns."""
        try:
            while True:
                self._wake.clear()
                self._begin_what_may()
                await self._tell_progress()
                await self._tell_trouble()
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._wait_s()):
                        await self._wake.wait()
        finally:
            for job in (*self.jobs.values(), *self._leaving.values()):
                job.stopped.set()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _wait_s(self) -> float | None:
        """Return how long nothing happens by itself."""
        if not self.jobs:
            return None if self._agreed() else FIRST_RETRY_S
        now = asyncio.get_running_loop().time()
        dues = [job.not_before for job in self.jobs.values()]
        dues += [due for job in self.jobs.values() if (due := job.playlist_due()) is not None]
        if self.trouble is not None:
            dues = [max(due, self.trouble.next_try) for due in dues] + [self.trouble.next_try]
        if self._tasks or not self._agreed():
            dues.append(now + TELL_PROGRESS_S)
        # What is due and was not begun waits for something else, which wakes us.
        return min((due - now for due in dues if due > now), default=None)

    def _begin_what_may(self) -> None:
        while True:
            unit = self._pick()
            if unit is None:
                return
            unit.job.began(unit)
            self._asking += unit.asks
            task = asyncio.get_running_loop().create_task(self._carry_out(unit))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _pick(self) -> Unit | None:
        now = asyncio.get_running_loop().time()
        parallel = self._hub.parallel()
        if len(self._tasks) >= 2 * parallel:
            return None
        may_ask = self._asking < parallel
        if self.trouble is not None:
            # One tries whether it is over, and not always the same.
            may_ask = self._asking == 0 and now >= self.trouble.next_try
        if not may_ask:
            return None
        for job in self._in_order():
            if job.not_before > now and self.trouble is None:
                continue
            unit = job.next_unit(now)
            if unit is not None:
                if unit.asks:
                    self._picks += 1
                    job.served = self._picks
                return unit
        return None

    def _in_order(self) -> list[Job]:
        """Live ones by turns, then the others by age; of those that failed, the longest ago
        first."""
        jobs = sorted(
            self.jobs.values(),
            key=lambda job: (job.failures, job.recording.started_ms, job.recording.id),
        )
        live = sorted((job for job in jobs if job.live), key=lambda job: (job.failures, job.served))
        rest = [job for job in jobs if not job.live]
        if self._picks % BACKLOG_EVERY == BACKLOG_EVERY - 1:
            return [*rest, *live]
        return [*live, *rest]

    async def _carry_out(self, unit: Unit) -> None:
        job, fine, begun_s = unit.job, False, asyncio.get_running_loop().time()
        try:
            if unit.asks:
                await self._note_begun(job)
            await in_thread(partial(self._work, unit))
            fine = True
        except Stopped:
            pass
        except Changed:
            job.begin_again()
        except StorageFailed as exc:
            # Sending that was broken off on our own side looks like a broken connection.
            if not job.stopped.is_set():
                await self._failed(job, exc, begun_s)
        except NotFound:
            self.let_go(job.recording.id)  # deleted meanwhile
        except FileNotFoundError as exc:
            await self._lost(job, exc)
        except OSError as exc:
            await self._failed(job, disk_failed(exc), begun_s)
        except sqlite3.Error as exc:
            await self._books_failed(job, exc)
        except Exception as exc:
            # One recording that nobody thought of must not stop all the others.
            log.exception("upload.broke_down", id=job.recording.id)
            job.failures += 1
            job.not_before = asyncio.get_running_loop().time() + retry_s(job.failures + 3)
            await self._mark(job, unexpected(exc))
        finally:
            self._asking -= unit.asks
            job.ended(unit, fine)
            self._note_left(job)
            self.wake()
        if fine:
            await self._went_well(unit)

    def _note_left(self, job: Job) -> None:
        id_ = job.recording.id
        if job.idle and self._leaving.get(id_) is job:
            del self._leaving[id_]
            self._hub.freed(id_)

    def _work(self, unit: Unit) -> None:
        job = unit.job
        store: Any = None
        if unit.asks:
            if self._store is None:
                self._store = self._hub.open_store(self.target_id, self._patience)
            store = self._store
        unit.work(
            Sender(
                self._hub.db,
                store,
                job.book,
                job.directory,
                job.recording.prefix,
                partial(job.sent, unit),
            )
        )

    async def _note_begun(self, job: Job) -> None:
        one = job.recording
        if one.upload is UploadState.WAITING:
            changes: dict[str, Any] = {"upload": UploadState.UPLOADING}
            if not one.uploaded_bytes and one.verified_ms is None:
                store = await in_thread(
                    lambda: self._hub.open_store(self.target_id, self._patience)
                )
                changes["prefix"] = store.target.prefix.strip("/")
            if job.stopped.is_set():
                raise Stopped
            job.recording = await self._hub.change(one.id, **changes)

    async def _went_well(self, unit: Unit) -> None:
        job = unit.job
        if unit.asks:
            self._known = True
            job.failures, job.not_before = 0, 0.0
            if self.trouble is not None:
                await self._recovered()
            await self._clear(job)
        if job.verified and self.jobs.get(job.recording.id) is job:
            await self._verified(job)

    async def _verified(self, job: Job) -> None:
        id_ = job.recording.id
        self.let_go(id_)
        with suppress(NotFound):
            done = await self._hub.change(
                id_,
                upload=UploadState.VERIFIED,
                verified_ms=self._hub.clock(),
                uploaded_bytes=job.total_bytes,
                upload_bytes=job.total_bytes,
            )
            await in_thread(lambda: self._hub.db.forget(id_, self.target_id))
            log.info("upload.verified", id=id_, target=self.target_id, bytes=job.total_bytes)
            self._hub.verified(done)

    async def _failed(self, job: Job, failed: StorageFailed, begun_s: float) -> None:
        now = asyncio.get_running_loop().time()
        log.warning("upload.failed", id=job.recording.id, target=self.target_id, reason=failed.key)
        if failed.key not in WHOLE_TARGET:
            job.failures += 1
            job.not_before = now + retry_s(job.failures)
            await self._mark(job, failed)
            return
        self._known = True
        before = self.trouble
        # Others that were under way when it began say nothing new.
        new = before is None or begun_s >= before.next_try
        times = (before.times if before is not None else 0) + new
        if new:
            job.failures += 1  # another one tries next time
            if failed.key == "storage_timeout":
                self._patience = min(self._patience * 2, MOST_PATIENCE)
                self._store = None
        self.trouble = Trouble(
            failed,
            before.since_ms if before is not None else self._hub.clock(),
            now + retry_s(times) if new or before is None else before.next_try,
            times,
        )
        active = sorted(self.jobs.values(), key=lambda one: (one is not job, not one.live))
        for one in active[:MARKED_AT_ONCE]:
            await self._mark(one, failed)

    async def _recovered(self) -> None:
        assert self.trouble is not None
        log.info("upload.target_back", target=self.target_id, was=self.trouble.failed.key)
        if self.trouble.failed.key == "storage_no_bucket":
            self._hub.bucket_back(self.target_id)
        self.trouble = None
        for job in list(self.jobs.values()):
            job.failures, job.not_before = 0, 0.0
            await self._clear(job)

    async def _mark(self, job: Job, failed: StorageFailed) -> None:
        """Say with the recording what is wrong, unless something else is."""
        one = job.recording
        words = {
            "problem": failed.key,
            "problem_text": failed.message,
            "problem_help": failed.help,
        }
        if (one.problem and not is_ours(one.problem)) or job.recording.problem_text == words[
            "problem_text"
        ]:
            return
        with suppress(NotFound, OSError, sqlite3.Error):
            job.recording = await self._hub.change(one.id, **words)

    async def _clear(self, job: Job) -> None:
        if is_ours(job.recording.problem) and job.recording.state is not State.DELETING:
            with suppress(NotFound, OSError, sqlite3.Error):
                job.recording = await self._hub.change(
                    job.recording.id, problem="", problem_text="", problem_help=""
                )

    async def _lost(self, job: Job, exc: FileNotFoundError) -> None:
        """A file is neither here nor in the bucket: that nothing will mend by itself."""
        name = Path(str(exc.filename or "")).name
        log.error("upload.file_missing", id=job.recording.id, name=name)
        self.let_go(job.recording.id)
        with suppress(NotFound, OSError, sqlite3.Error):
            await self._hub.change(
                job.recording.id,
                upload=UploadState.FAILED,
                problem="upload_file_missing",
                problem_text=f"{name} of this recording is neither on the disk nor in the bucket",
                problem_help="Put it back into the recording's directory and try again.",
            )

    async def _books_failed(self, job: Job, exc: sqlite3.Error) -> None:
        log.error("uploads.books_failed", error=str(exc))
        job.failures += 1
        job.not_before = asyncio.get_running_loop().time() + retry_s(job.failures)
        broken = isinstance(exc, sqlite3.DatabaseError) and not isinstance(
            exc, (sqlite3.OperationalError, sqlite3.IntegrityError, sqlite3.ProgrammingError)
        )
        if broken:
            with suppress(sqlite3.Error, OSError):
                await in_thread(self._hub.db.make_again)
            for one in self.jobs.values():
                one.begin_again()

    def _agreed(self) -> bool:
        """Tell whether everybody knows how the target is."""
        return not self._known or self._outage() == self._told_trouble

    def _outage(self) -> bool:
        if self.trouble is None:
            return False
        return self._told_trouble or self.trouble.times >= TOLD_AFTER

    async def _tell_trouble(self) -> None:
        if self._agreed():
            return
        outage = self._outage()
        failed = self.trouble.failed if self.trouble is not None else None
        since_ms = self.trouble.since_ms if self.trouble is not None else self._hub.clock()
        with suppress(RedisError, OSError, sqlite3.Error):
            await self._hub.tell(self.target_id, failed if outage else None, since_ms)
            self._told_trouble = outage
            name, value = trouble_fact(self.target_id), "1" if outage else None
            await in_thread(lambda: self._hub.db.set_fact(name, value))

    async def _tell_progress(self) -> None:
        now = asyncio.get_running_loop().time()
        if now - self._told_progress < TELL_PROGRESS_S:
            return
        self._told_progress = now
        for job in list(self.jobs.values()):
            told = (job.done_bytes, job.total_bytes)
            if told == job.told_bytes or job.recording.upload is not UploadState.UPLOADING:
                continue
            with suppress(NotFound, OSError, sqlite3.Error):
                await self._hub.change(
                    job.recording.id, uploaded_bytes=told[0], upload_bytes=told[1]
                )
                job.told_bytes = told
