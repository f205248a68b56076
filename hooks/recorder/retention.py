"""Take away what the rules of retention no longer keep, here and in buckets.

What goes from this disk because a bucket has it is compared with the bucket once more before. Every
step may be done again, so a kill leaves nothing half known.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from redis.exceptions import RedisError

from ...core.errors import NotFound, StreamsteadError
from ...core.log import get_logger
from ..library.catalogue import Catalogue
from ..library.catalogue_query import Query
from ..library.recording import Mp4State, Recording, State, UploadState, directory_of
from .manifest import mp4_parts
from .retention_rules import DAY_MS, AfterUpload, Fate, in_bucket, is_settled
from .retention_store import RetentionStore
from .segments import segment_names

log = get_logger(__name__)

PASS_S = 600.0
"""The whole library is gone through so often, and whenever something changes."""

SETTLE_S = 1.0
PAGE = 200
GB = 1_000_000_000


class Remover(Protocol):
    """Deletes recordings; ``purge`` only what a bucket has of one."""

    purge: Callable[[Recording], Awaitable[None]]

    async def remove(self, id_: str, bucket_too: bool = True) -> None: ...


BucketSizes = Callable[[Recording], Awaitable[dict[str, int] | None]]
"""Returns name -> bytes of what a bucket has of a recording, None when there is no such bucket.
Raises StreamsteadError, RedisError."""


class RetentionWorker:
    """``run`` is an endless loop. ``free`` returns (total, free) bytes of the disk."""

    def __init__(
        self,
        root: Path,
        catalogue: Catalogue,
        store: RetentionStore,
        remover: Remover,
        bucket_sizes: BucketSizes,
        free: Callable[[], tuple[int, int]],
        clock: Callable[[], int],
    ) -> None:
        self._root = root
        self._catalogue = catalogue
        self._store = store
        self._remover = remover
        self._bucket_sizes = bucket_sizes
        self._free = free
        self._clock = clock
        self._wake = asyncio.Event()
        store.subscribe(self.wake)

    def wake(self) -> None:
        """Go through the library now."""
        self._wake.set()

    async def run(self) -> None:
        """Never returns."""
        while True:
            self._wake.clear()
            try:
                await self.look()
            except (RedisError, OSError, sqlite3.Error) as exc:
                log.warning("retention.waits", error=str(exc))
            with suppress(TimeoutError):
                async with asyncio.timeout(PASS_S):
                    await self._wake.wait()
            await asyncio.sleep(SETTLE_S)

    async def look(self) -> None:
        """Do once what is due. Raises RedisError, OSError, sqlite3.Error."""
        rules = await self._store.load()
        now = self._clock()
        if rules.after_upload is not AfterUpload.KEEP:
            for one in await self._catalogue.work(upload=UploadState.VERIFIED, local=1, keep=0):
                await self._do(one.id)
        for days, where in (
            (rules.local_horizon_days(), "local"),
            (rules.bucket_horizon_days(), "bucket"),
        ):
            if days is not None:
                async for one in self._older_than(now - days * DAY_MS, where):
                    if rules.fate(one, now) is not Fate.KEEP:
                        await self._do(one.id)
        await self._make_room()

    async def _older_than(self, at_ms: int | None, where: str) -> AsyncIterator[Recording]:
        """Yield recordings that began before a time, the oldest first; none that is to be kept."""
        cursor: str | None = None
        while True:
            page = await self._catalogue.page(
                Query(limit=PAGE, cursor=cursor, where=where, keep=False, to_ms=at_ms, order="asc")
            )
            for one in page.items:
                yield one
            cursor = page.cursor
            if cursor is None:
                return

    async def _do(self, id_: str) -> bool:
        """Do what is due for one recording, as it is now; tell whether anything was."""
        try:
            recording = await self._catalogue.get(id_)
            fate = self._store.current.fate(recording, self._clock())
            return await self._carry_out(recording, fate)
        except NotFound:
            return False
        except (StreamsteadError, OSError, RedisError) as exc:
            log.warning("retention.put_off", id=id_, reason=str(exc))
            return False

    async def _carry_out(self, recording: Recording, fate: Fate) -> bool:
        if fate is Fate.KEEP or await self._is_used(recording):
            return False
        if fate is Fate.DELETE:
            log.info("retention.deletes", id=recording.id, bytes=_bytes(recording))
            await self._remover.remove(recording.id)
            return True
        if fate is Fate.UNSTORE:
            # While it goes it still counts as verified: nothing is taken from this disk on the
            # strength of that, for what is about to be taken is compared first.
            await self._remover.purge(recording)
            await self._catalogue.change(
                recording.id,
                upload=UploadState.NONE,
                target_id="",
                uploaded_bytes=0,
                upload_bytes=0,
                verified_ms=None,
            )
            log.info("retention.left_bucket", id=recording.id)
            return True
        return await self._free_files(recording, fate is Fate.FREE_ALL)

    async def _is_used(self, recording: Recording) -> bool:
        """Tell whether a clip is being cut from it."""
        some = await self._catalogue.work(source_id=recording.id, state=State.FINISHING)
        return bool(some)

    async def _free_files(self, recording: Recording, everything: bool) -> bool:
        """Take from this disk what the bucket has; ``everything``: also what is not to be there."""
        directory = directory_of(self._root, recording.id)
        sent, other = await asyncio.to_thread(_files, directory, recording.upload_what)
        there = await self._bucket_sizes(recording)
        if there is None or any(there.get(name) != size for name, size in sent.items()):
            log.error("retention.not_in_bucket", id=recording.id)
            if there is not None:
                await self._catalogue.change(recording.id, upload=UploadState.WAITING)
            return False
        whole = everything or not other
        await asyncio.to_thread(_unlink, directory, [*sent, *(other if whole else ())])
        changes: dict[str, Any] = {"freed": True, "local": not whole}
        if whole and recording.upload_what == "segments":
            changes |= {"mp4": Mp4State.OFF, "mp4_bytes": 0}
        elif whole and recording.upload_what == "mp4":
            changes["playlist"] = False
        await self._catalogue.change(recording.id, **changes)
        log.info("retention.freed", id=recording.id, files=len(sent), whole=whole)
        return True

    async def _make_room(self) -> None:
        """Take away the oldest until size and free space are as the operator wants them: first what
        a bucket has, then what is nowhere else."""
        if await self._surplus() <= 0:
            return
        for stored in (True, False):
            async for one in self._older_than(None, "local"):
                if in_bucket(one) is not stored or not is_settled(one):
                    continue
                if await self._give_up(one.id, stored) and await self._surplus() <= 0:
                    return
        log.warning("retention.no_room", advice="what is left is to be kept, or not in its bucket")

    async def _give_up(self, id_: str, stored: bool) -> bool:
        try:
            recording = await self._catalogue.get(id_)
            if in_bucket(recording) is not stored or not is_settled(recording):
                return False
            return await self._carry_out(recording, Fate.FREE_ALL if stored else Fate.DELETE)
        except NotFound:
            return False
        except (StreamsteadError, OSError, RedisError) as exc:
            log.warning("retention.put_off", id=id_, reason=str(exc))
            return False

    async def _surplus(self) -> int:
        """Return how many bytes have to go. What is being deleted counts as gone."""
        rules = self._store.current
        surplus = 0
        going = await self._catalogue.work(state=State.DELETING, local=1)
        going_bytes = sum(_bytes(one) for one in going)
        if rules.local_max_gb:
            totals = await self._catalogue.totals()
            surplus = totals.local_bytes - going_bytes - rules.local_max_gb * GB
        if rules.min_free_percent:
            total, free = await asyncio.to_thread(self._free)
            surplus = max(surplus, total * rules.min_free_percent // 100 - free - going_bytes)
        return surplus


def _bytes(recording: Recording) -> int:
    return recording.size_bytes + recording.mp4_bytes


def _files(directory: Path, upload_what: str) -> tuple[dict[str, int], list[str]]:
    """Return name -> bytes of media that a bucket should have, and the names of the other media."""
    segments = [str(name) for name in segment_names(directory)]
    parts = [path.name for path in mp4_parts(directory)]
    sent = {"segments": segments, "mp4": parts}.get(upload_what, segments + parts)
    other = [name for name in segments + parts if name not in set(sent)]
    return {name: (directory / name).stat().st_size for name in sent}, other


def _unlink(directory: Path, names: Sequence[str]) -> None:
    for name in names:
        (directory / name).unlink(missing_ok=True)
