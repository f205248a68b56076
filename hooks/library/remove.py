"""Delete recordings: what was asked for is done in the end, however often we are killed.

A recording is first marked as going. Then its files go, so that the disk has room even while a
bucket is away; ``recording.json`` stays until what lies in the bucket is gone, for it says that
there is something left to do. Then go the directory and the entry. What fails is tried again.
"""

import asyncio
import errno
import shutil
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from redis.exceptions import RedisError

from ...core.errors import NotFound, StreamsteadError
from ...core.log import get_logger
from ..recorder.capture import Capture
from .catalogue import Catalogue
from .catalogue_files import is_recording_id
from .catalogue_query import Query
from .recording import RECORD_FILE, Recording, State, UploadState, directory_of

log = get_logger(__name__)

AGAIN_S = 30.0
ENOUGH = 3
"""So many failures at a bucket are taken for its absence."""

_PAGE = 200
_GOING = ".going-"
_FULL = (errno.ENOSPC, errno.EDQUOT)

Purge = Callable[[Recording], Awaitable[None]]
"""Deletes what a bucket has of a recording, and forgets its upload. Raises StreamsteadError or
RedisError when it cannot now."""


async def _nothing(_: Recording) -> None:
    return


class Remover:
    """``run`` is an endless loop. ``purge`` may be set before it begins."""

    def __init__(
        self,
        root: Path,
        catalogue: Catalogue,
        capture: Capture,
        removed: Callable[[Recording], None],
        purge: Purge = _nothing,
    ) -> None:
        self._root = root
        self._catalogue = catalogue
        self._capture = capture
        self._removed = removed
        self.purge = purge
        self._wakes = (asyncio.Event(), asyncio.Event())
        self._last: dict[str, str] = {}

    async def remove(self, id_: str, bucket_too: bool = True) -> None:
        """Mark a recording as going; one under way is ended first. Without ``bucket_too`` what a
        bucket has of it stays there. Raises NotFound, OSError."""
        recording = await self._catalogue.get(id_)
        if recording.state is State.RECORDING:
            with suppress(NotFound):  # it has just ended by itself
                await self._capture.end(id_)
        await self._mark(id_, bucket_too)
        for wake in self._wakes:
            wake.set()

    async def _mark(self, id_: str, bucket_too: bool) -> None:
        changes = {} if bucket_too else {"target_id": "", "upload": UploadState.NONE}
        try:
            await self._catalogue.change(id_, state=State.DELETING, **changes)
            return
        except OSError as exc:
            if exc.errno not in _FULL:
                raise
            full = exc
        # Not even the mark can be written: the files that are to go make room for it.
        for path in await asyncio.to_thread(_files_of, directory_of(self._root, id_)):
            await asyncio.to_thread(path.unlink, True)
            with suppress(OSError):
                await self._catalogue.change(id_, state=State.DELETING, **changes)
                return
        raise full

    async def run(self) -> None:
        """Delete what is marked, for ever."""
        await asyncio.to_thread(self._sweep)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._repeat(self._wakes[0], self._from_disk))
            # Apart from the other, for a bucket that is away takes its time to say so.
            group.create_task(self._repeat(self._wakes[1], self._from_buckets))

    async def _repeat(self, wake: asyncio.Event, work: Callable[[], Awaitable[bool]]) -> None:
        while True:
            wake.clear()
            try:
                done = await work()
            except (OSError, sqlite3.Error) as exc:
                log.error("recordings.not_deleted", reason=str(exc))
                done = False
            with suppress(TimeoutError):
                async with asyncio.timeout(None if done else AGAIN_S):
                    await wake.wait()

    async def _going(self) -> AsyncIterator[Recording]:
        query = Query(state=State.DELETING, order="asc", limit=_PAGE)
        while True:
            page = await self._catalogue.page(query)
            for recording in page.items:
                yield recording
            if page.cursor is None:
                return
            query = replace(query, cursor=page.cursor)

    async def _from_disk(self) -> bool:
        """Delete files of all, and everything of those that no bucket has; tell whether it was
        all that there was to do."""
        done = True
        async for recording in self._going():
            try:
                await asyncio.to_thread(_empty, directory_of(self._root, recording.id))
                if not recording.target_id:
                    await self._finish(recording)
            except (OSError, sqlite3.Error, StreamsteadError, RedisError) as exc:
                await self._put_off(recording, exc)
                done = False
        return done

    async def _from_buckets(self) -> bool:
        """Delete what buckets have; one that is away holds up nothing of another."""
        by_target: dict[str, list[Recording]] = {}
        async for recording in self._going():
            if recording.target_id:
                by_target.setdefault(recording.target_id, []).append(recording)
        return all(await asyncio.gather(*(self._from_one(some) for some in by_target.values())))

    async def _from_one(self, recordings: list[Recording]) -> bool:
        target_id = recordings[0].target_id
        ids = [one.id for one in recordings]
        # Those that failed the last time must not keep their turn for ever.
        begin = ids.index(self._last[target_id]) + 1 if self._last.get(target_id) in ids else 0
        turn = recordings[begin:] + recordings[:begin]
        failures = 0
        for number, recording in enumerate(turn):
            self._last[target_id] = recording.id
            try:
                await self._finish(recording)
            except (OSError, sqlite3.Error, StreamsteadError, RedisError) as exc:
                failures += 1
                if failures < ENOUGH:
                    await self._put_off(recording, exc)
                    continue
                for one in turn[number:]:  # they would only wait for the same
                    await self._put_off(one, exc)
                return False
        return failures == 0

    async def _finish(self, recording: Recording) -> None:
        await self.purge(recording)
        await asyncio.to_thread(self._remove_directory, recording.id)
        await self._catalogue.forget(recording.id)
        log.info("recording.deleted", id=recording.id)
        self._removed(recording)

    async def _put_off(self, recording: Recording, exc: Exception) -> None:
        key, text, advice = "disk", str(exc), "Look at the disk; it is tried again by itself."
        if isinstance(exc, RedisError):
            log.warning("recording.not_deleted", id=recording.id, error=type(exc).__name__)
            return
        if isinstance(exc, StreamsteadError):
            key, text, advice = exc.key, exc.message, exc.help
        log.warning("recording.not_deleted", id=recording.id, reason=key)
        with suppress(OSError, sqlite3.Error, NotFound):
            await self._catalogue.change(
                recording.id,
                problem=key,
                problem_text=f"it cannot be deleted yet: {text}",
                problem_help=advice,
            )

    def _remove_directory(self, id_: str) -> None:
        """First it is renamed: the half of a recording is never taken for a whole one."""
        going = self._root / f"{_GOING}{id_}"
        with suppress(FileNotFoundError):
            shutil.rmtree(going)
        with suppress(FileNotFoundError):
            directory_of(self._root, id_).rename(going)
            shutil.rmtree(going)

    def _sweep(self) -> None:
        """Remove what a kill left half removed."""
        for path in self._root.glob(f"{_GOING}*"):
            if is_recording_id(path.name.removeprefix(_GOING)):
                shutil.rmtree(path, ignore_errors=True)


def _files_of(directory: Path) -> list[Path]:
    """Return what there is apart from ``recording.json``, the largest first."""
    with suppress(FileNotFoundError):
        sizes = {path: path.lstat().st_size for path in directory.iterdir()}
        return sorted(sizes.keys() - {directory / RECORD_FILE}, key=lambda path: -sizes[path])
    return []


def _empty(directory: Path) -> None:
    for path in _files_of(directory):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
