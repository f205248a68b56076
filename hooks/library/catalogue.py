"""Which recordings there are: an index in SQLite of ``record/<id>/recording.json``.

The files are the truth. The index is made again from them when it is missing, broken or of another
version; it exists because a library of 100 000 recordings must be searched in no time.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from ...core.log import get_logger
from .catalogue_index import Index, unknown
from .catalogue_query import Page, Query
from .catalogue_schema import Totals
from .recording import Recording

log = get_logger(__name__)
T = TypeVar("T")

READERS = 2


class Catalogue:
    """All methods may be called from the event loop; SQLite works in threads of its own. A full
    disk keeps nobody from reading; what would change a recording's file raises OSError then."""

    def __init__(self, root: Path, db: Path) -> None:
        """For ``open`` alone."""
        self._index = Index(root, db)
        self._writer = ThreadPoolExecutor(1, "catalogue")
        self._readers = ThreadPoolExecutor(READERS, "catalogue-read")
        self._listeners: dict[object, Callable[[str], None]] = {}

    @classmethod
    async def open(cls, root: Path, db: Path) -> "Catalogue":
        """Open the index, made from the files when it cannot be used; ``root`` is
        ``DataDir.record``. Raises OSError."""
        catalogue = cls(root, db)
        try:
            await catalogue._write(catalogue._index.prepare)
        except BaseException:
            await catalogue.close()
            raise
        return catalogue

    async def close(self) -> None:
        """End the threads; nothing may be called afterwards."""
        await asyncio.to_thread(self._writer.shutdown)
        await asyncio.to_thread(self._readers.shutdown)
        await asyncio.to_thread(self._index.close)

    def subscribe(self, changed: Callable[[str], None]) -> Callable[[], None]:
        """Call ``changed`` with the id after every change, in the loop; return how to stop."""
        key = object()
        self._listeners[key] = changed
        return lambda: self._listeners.pop(key, None) and None

    async def add(self, recording: Recording) -> None:
        """Enter a recording whose directory exists. Raises OSError."""
        await self._write(self._index.put, recording, True)
        self._tell(recording.id)

    async def get(self, id_: str) -> Recording:
        """Raises NotFound."""
        found = await self._read(self._index.find, id_)
        if found is None:
            raise unknown()
        return found

    async def change(self, id_: str, **changes: Any) -> Recording:
        """Set fields of a recording and return it; what is being deleted stays in that state.

        Raises NotFound, OSError, TypeError.
        """
        changed = await self._write(self._index.change, id_, changes)
        self._tell(id_)
        return changed

    async def progress(self, id_: str, *, duration_ms: int, size_bytes: int, segments: int) -> None:
        """Note how far a recording under way has come."""
        await self.change(id_, duration_ms=duration_ms, size_bytes=size_bytes, segments=segments)

    async def page(self, query: Query) -> Page:
        """Return one page of what a query finds. Raises Invalid for a cursor that is none."""
        return await self._read(self._index.page, query)

    async def work(self, **equals: Any) -> list[Recording]:
        """Return the recordings whose columns have these values, oldest first, 1000 at most; a
        tuple of values means any of them."""
        return await self._read(self._index.work, equals)

    async def latest_of(self, app: str, stream: str) -> Recording | None:
        """Return the newest recording of a stream that was made by recording it."""
        return await self._read(self._index.latest, app, stream)

    async def forget(self, id_: str) -> None:
        """Take a recording out of the index; its directory is the caller's business."""
        await self._write(self._index.forget, id_)
        self._tell(id_)

    async def totals(self) -> Totals:
        """Count and add up everything."""
        return await self._read(self._index.totals)

    async def streams(self) -> list[tuple[str, str, int]]:
        """Return (app, stream, number of recordings), by name."""
        return await self._read(self._index.streams)

    def _tell(self, id_: str) -> None:
        for listener in list(self._listeners.values()):
            listener(id_)

    async def _write(self, work: Callable[..., T], *args: Any) -> T:
        return await self._do(self._writer, work, *args)

    async def _read(self, work: Callable[..., T], *args: Any) -> T:
        executor = self._writer if self._index.in_memory else self._readers
        return await self._do(executor, work, *args)

    async def _do(self, executor: ThreadPoolExecutor, work: Callable[..., T], *args: Any) -> T:
        """Do it in a thread; when that finds the index broken, make it again and do it then."""
        loop = asyncio.get_running_loop()
        seen = self._index.generation
        try:
            return await loop.run_in_executor(executor, work, *args)
        except sqlite3.Error as exc:
            gone, broken = self._index.may_be_gone(exc), self._index.is_broken(exc)
            if not gone and not broken and self._index.generation == seen:
                raise
            log.error("catalogue.broken", reason=str(exc))
        await loop.run_in_executor(self._writer, self._index.make_again, seen, gone)
        if self._index.in_memory:
            executor = self._writer
        return await loop.run_in_executor(executor, work, *args)
