"""Bring recordings into their buckets, while they are made and afterwards.

The catalogue says what is to go where; each target has a lane of its own (upload_worker.py). What
is in a bucket is known from ``uploads.sqlite``, and looked at again whenever that is lost.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError

from ...core.errors import Conflict, NotFound, StreamsteadError
from ...core.events import EventStream, EventType
from ...core.log import get_logger
from ...core.sealed import SealBroken
from ..library.catalogue import Catalogue
from ..library.recording import Recording, State, UploadState
from .errors import StorageFailed
from .object_store import READ_S, ObjectStore
from .targets import StorageTarget, StorageTargetStore
from .throttle import TokenBucket
from .upload_db import Book, UploadDb
from .upload_hub import (
    NO_PROBLEM,
    REMOVED,
    SWITCHED_OFF,
    Fault,
    Hub,
    in_thread,
    is_ours,
    trouble_fact,
)
from .upload_job import Job
from .upload_send import delete_all
from .upload_settings import UploadSettings, UploadSettingsStore
from .upload_view import UNDER_WAY, UNFINISHED, UploadView, view_of
from .upload_worker import Lane

log = get_logger(__name__)

AGREE_S = 15.0
"""Targets and settings are read again so often, by whomever they were changed."""

RETRY_S = 2.0
MAX_JOBS = 200
"""So many recordings that are over wait in memory for one target; the others in the catalogue."""

FEW_JOBS = 50


class Uploads:
    """``run`` is an endless loop; everything else may be called from the event loop."""

    def __init__(
        self,
        root: Path,
        catalogue: Catalogue,
        targets: StorageTargetStore,
        settings: UploadSettingsStore,
        events: EventStream,
        clock: Callable[[], int],
        db: UploadDb,
        read_s: float = READ_S,
    ) -> None:
        """``root``: ``DataDir.record``; ``read_s``: so long a bucket may keep silent."""
        self._root = root
        self._catalogue = catalogue
        self._target_store = targets
        self._setting_store = settings
        self._events = events
        self._clock = clock
        self._db = db
        self._read_s = read_s
        self._bucket = TokenBucket()
        self.settings = UploadSettings()
        self._targets: dict[str, StorageTarget] | None = None
        self._lanes: dict[str, Lane] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._changed: set[str] = set()
        self._full: set[str] = set()
        self._worked: set[str] = set()
        self._refilled: set[str] = set()
        self._scan = True
        self._agreed_at = -AGREE_S
        self._configured = 0
        self._wake = asyncio.Event()
        self._verified: list[Callable[[Recording], None]] = []
        self._hub = Hub(
            db,
            clock,
            lambda: self.settings.parallel,
            catalogue.change,
            self._note_verified,
            self._tell,
            self._note_change,
            self._note_bucket_back,
            self._open_store,
        )

    @classmethod
    @asynccontextmanager
    async def opened(
        cls,
        root: Path,
        db: Path,
        catalogue: Catalogue,
        targets: StorageTargetStore,
        settings: UploadSettingsStore,
        events: EventStream,
        clock: Callable[[], int],
        read_s: float = READ_S,
    ) -> AsyncIterator["Uploads"]:
        """Yield it with its books open. Raises sqlite3.Error, OSError."""
        books = await asyncio.to_thread(UploadDb, db)
        uploads = cls(root, catalogue, targets, settings, events, clock, books, read_s)
        stop = catalogue.subscribe(uploads._note_change)
        try:
            yield uploads
        finally:
            stop()
            await asyncio.to_thread(books.close)

    def subscribe(self, verified: Callable[[Recording], None]) -> None:
        """Call ``verified`` with each recording that is in its bucket as a whole."""
        self._verified.append(verified)

    def wake(self) -> None:
        """Look for work now."""
        self._scan = True
        self._wake.set()

    def target_changed(self, target_id: str) -> None:
        """A target was changed, or is gone: use it as it is now."""
        self._agreed_at = -AGREE_S
        self.wake()

    async def run(self) -> None:
        """Never returns."""
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            while True:
                self._wake.clear()
                wait_s = AGREE_S if self._lanes or self._scan else None
                try:
                    await self._round()
                except (RedisError, OSError, sqlite3.Error, StreamsteadError) as exc:
                    log.warning("uploads.wait", error=type(exc).__name__)
                    wait_s = RETRY_S
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._wake.wait()

    async def _round(self) -> None:
        await self._agree()
        for lane in self._lanes.values():
            if lane.target_id in self._full and len(lane.jobs) < FEW_JOBS:
                self._scan = True
        if self._scan:
            await self._look_for_work()
            self._scan = False
        while self._changed:
            id_ = self._changed.pop()
            try:
                await self._take(await self._catalogue.get(id_))
            except NotFound:
                self._let_go(id_)
            except BaseException:
                self._changed.add(id_)
                raise
        for target_id in list(self._refilled):
            await self._look_again(target_id)
        for target_id in list(self._worked):
            await self._note_worked(target_id)

    async def _agree(self, must: bool = False) -> None:
        """Read targets and settings, when it is time. What is known stays good while Redis is away,
        unless it ``must`` be new. Raises RedisError."""
        now = asyncio.get_running_loop().time()
        if now - self._agreed_at < AGREE_S and not must:
            return
        try:
            configured = self._configured
            settings = await self._setting_store.get()
            found = {one.id: one for one in await self._target_store.all()}
        except RedisError:
            if self._targets is None or must:
                raise
            self._agreed_at = now - AGREE_S + RETRY_S
            return
        if configured == self._configured:  # else they are older than what was just set
            self._use(settings)
        before, self._targets = self._targets or {}, found
        self._agreed_at = now
        for id_, target in found.items():
            if _plain(before.get(id_)) != _plain(target):
                self._scan = True
                if id_ in self._lanes:
                    self._lanes[id_].renew()
        if before.keys() - found.keys():
            self._scan = True

    def _use(self, settings: UploadSettings) -> None:
        self.settings = settings
        self._bucket.set_rate(settings.bytes_per_s)
        for lane in self._lanes.values():
            lane.wake()

    async def _look_for_work(self) -> None:
        for recording in await self._catalogue.work(state=State.RECORDING, upload=UNDER_WAY):
            await self._take(recording)
        assert self._targets is not None
        self._full.clear()
        for target_id in self._targets:
            for recording in await self._catalogue.work(target_id=target_id, upload=UNDER_WAY):
                await self._take(recording)
        for recording in await self._catalogue.work(upload=UNDER_WAY):
            if recording.target_id not in self._targets:
                await self._take(recording)

    async def _take(self, recording: Recording) -> None:
        """Care for a recording as the catalogue has it now."""
        assert self._targets is not None
        if recording.upload not in UNDER_WAY or recording.state is State.DELETING:
            self._let_go(recording.id)
            return
        if recording.state is State.FAILED:
            self._let_go(recording.id)
            state = UploadState.FAILED if recording.uploaded_bytes else UploadState.NONE
            await self._catalogue.change(recording.id, upload=state)
            return
        if recording.target_id not in self._targets:
            await self._agree(must=True)
        target = self._targets.get(recording.target_id)
        if target is None or not target.enabled:
            self._let_go(recording.id)
            if target is not None:
                await self._problem(recording, *SWITCHED_OFF)
            else:
                await self._problem(recording, *REMOVED, upload=UploadState.FAILED)
            return
        lane = await self._lane(target.id)
        job = lane.jobs.get(recording.id)
        if job is not None:
            job.update(recording)
            lane.wake()
            return
        if recording.state is not State.RECORDING and len(lane.jobs) >= MAX_JOBS:
            self._full.add(target.id)
            return
        if recording.problem == SWITCHED_OFF[0]:
            recording = await self._catalogue.change(recording.id, **NO_PROBLEM)
        lane.take(Job(recording, self._root, self._db, self._bucket))

    async def _lane(self, target_id: str) -> Lane:
        lane = self._lanes.get(target_id)
        if lane is None:
            name = trouble_fact(target_id)
            told = await in_thread(lambda: self._db.fact(name))
            lane = self._lanes[target_id] = Lane(target_id, self._hub, told is not None)
            assert self._tasks is not None
            self._tasks.create_task(lane.run())
        return lane

    def _let_go(self, id_: str) -> None:
        for lane in self._lanes.values():
            lane.let_go(id_)

    async def _problem(self, one: Recording, key: str, text: str, help_: str, **more: Any) -> None:
        if not one.problem or is_ours(one.problem):
            more |= {"problem": key, "problem_text": text, "problem_help": help_}
        if any(getattr(one, name) != value for name, value in more.items()):
            await self._catalogue.change(one.id, **more)

    def _note_change(self, id_: str) -> None:
        self._changed.add(id_)
        self._wake.set()

    def _note_verified(self, recording: Recording) -> None:
        self._wake.set()
        self._worked.add(recording.target_id)
        for listener in self._verified:
            listener(recording)

    def _note_bucket_back(self, target_id: str) -> None:
        self._refilled.add(target_id)
        self._wake.set()

    async def _look_again(self, target_id: str) -> None:
        """A bucket that was gone may be empty now: what is still here goes up again if so."""
        found = await self._catalogue.work(
            target_id=target_id, upload=UploadState.VERIFIED, local=1
        )
        for one in found[:FEW_JOBS]:
            with suppress(NotFound):
                await self._catalogue.change(one.id, upload=UploadState.UPLOADING)
        if len(found) <= FEW_JOBS:
            self._refilled.discard(target_id)
        else:
            self._wake.set()

    async def _note_worked(self, target_id: str) -> None:
        """Write down that a target works, unless that is known."""
        target = (self._targets or {}).get(target_id)
        if target is not None and target.health_ok is not True:
            with suppress(NotFound):
                await self.note_health(target_id, None)
            self._agreed_at = -AGREE_S
        self._worked.discard(target_id)

    def _open_store(self, target_id: str, patience: float) -> ObjectStore:
        """Called by threads."""
        target = (self._targets or {}).get(target_id)
        if target is None:
            raise StorageFailed(REMOVED[1], REMOVED[2], key=REMOVED[0])
        try:
            secret = self._target_store.secret(target)
        except SealBroken as exc:
            raise StorageFailed(exc.message, exc.help, key="storage_sealed") from None
        return ObjectStore(target, secret, read_s=self._read_s * patience)

    async def _tell(self, target_id: str, failed: StorageFailed | None, since_ms: int) -> None:
        """Tell of an outage that began, or that is over. Raises RedisError."""
        now = self._clock()
        target = (self._targets or {}).get(target_id)
        data: dict[str, Any] = {
            "target_id": target_id,
            "label": target.label if target is not None else "",
            "since_ms": since_ms,
        }
        type_ = EventType.STORAGE_RECOVERED
        if failed is not None:
            type_ = EventType.STORAGE_FAILING
            data |= {"key": failed.key, "message": failed.message}
        await self._events.append(f"{type_.value}:{target_id}:{now}", type_, now, "", data)
        log.warning("storage.told", type=type_.value, target=target_id)
        with suppress(NotFound):
            await self.note_health(target_id, failed)

    async def note_health(self, target_id: str, fault: Fault | None) -> None:
        """Write down how the last use of a target went. Raises NotFound, RedisError."""
        found: dict[str, Any] = {
            "health_ok": fault is None,
            "health_key": fault.key if fault is not None else "",
            "health_message": fault.message if fault is not None else "",
            "health_ms": self._clock(),
        }
        await self._target_store.change(target_id, lambda target: replace(target, **found))

    async def pause(self, id_: str) -> Recording:
        """Send nothing more of a recording until it is resumed. Raises NotFound, Conflict."""
        recording = await self._catalogue.get(id_)
        if recording.upload not in (*UNDER_WAY, UploadState.FAILED, UploadState.PAUSED):
            raise _not_uploading()
        self._let_go(id_)
        return await self._catalogue.change(id_, upload=UploadState.PAUSED)

    async def resume(self, id_: str) -> Recording:
        """Go on with a recording that was paused. Raises NotFound, Conflict."""
        recording = await self._catalogue.get(id_)
        if recording.upload in UNDER_WAY:
            return recording
        if recording.upload is not UploadState.PAUSED:
            raise _not_uploading()
        return await self._begin(recording)

    async def retry(self, id_: str) -> Recording:
        """Try at once what waits, and again what was given up. Raises NotFound, Conflict."""
        recording = await self._catalogue.get(id_)
        if not recording.target_id or recording.upload is UploadState.NONE:
            raise _not_uploading()
        lane = self._lanes.get(recording.target_id)
        if lane is not None:
            job = lane.jobs.get(id_)
            if job is not None:
                job.retry()
            lane.try_now()
        if recording.upload in UNDER_WAY:
            return recording
        return await self._begin(recording)

    async def _begin(self, recording: Recording) -> Recording:
        problem = NO_PROBLEM if is_ours(recording.problem) else {}
        # What was begun before is looked at, not sent again.
        begun = bool(recording.uploaded_bytes or recording.verified_ms)
        state = UploadState.UPLOADING if begun else UploadState.WAITING
        return await self._catalogue.change(recording.id, upload=state, **problem)

    async def purge(self, recording: Recording) -> None:
        """Delete what the bucket has of a recording; nothing of it is sent meanwhile.

        Raises StorageFailed, SealBroken, RedisError.
        """
        for lane in self._lanes.values():
            await lane.drop(recording.id)
        if not recording.target_id:
            await in_thread(lambda: self._db.forget(recording.id))
            return
        if self._targets is None:
            await self._agree()
        target = (self._targets or {}).get(recording.target_id)
        if target is not None:
            await in_thread(lambda: self._purge(recording))
        await in_thread(lambda: self._db.forget(recording.id))

    def _purge(self, recording: Recording) -> None:
        store = self._open_store(recording.target_id, 1.0)
        try:
            delete_all(store, self._db, Book(recording.id, recording.target_id), recording.prefix)
        finally:
            store.close()

    async def configure(self, settings: UploadSettings) -> None:
        """Use other settings from now on. Raises RedisError."""
        await self._setting_store.set(settings)
        self._configured += 1
        self._use(settings)

    def view(self, recording: Recording) -> UploadView:
        """Return how far the upload of a recording is."""
        return view_of(recording, self._lanes.get(recording.target_id))

    async def unfinished(self) -> list[Recording]:
        """Return what is not in its bucket and is to be, oldest first, 1000 at most."""
        found = await self._catalogue.work(upload=UNFINISHED)
        return [one for one in found if one.state is not State.DELETING]


def _plain(target: StorageTarget | None) -> StorageTarget | None:
    """Return what counts of a target: how the last use of it went does not."""
    if target is None:
        return None
    return replace(target, health_ok=None, health_key="", health_message="", health_ms=0)


def _not_uploading() -> Conflict:
    return Conflict(
        "this recording is not being uploaded",
        "Look at the list again.",
        key="upload_not_running",
    )
