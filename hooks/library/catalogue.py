"""Which recordings there are: an index in SQLite of ``record/<id>/recording.json``.

The files are the truth. The index is made again from them when it is missing, broken or of another
version; it exists because a library of 100 000 recordings must be searched in no time.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from ...core.errors import NotFound
from ...core.log import get_logger
from .catalogue_files import scan_records, write_record
from .catalogue_query import Page, Query, page_sql
from .catalogue_schema import COLUMNS, Totals, open_index, row_of
from .recording import Recording, State, UploadState

log = get_logger(__name__)
T = TypeVar("T")

MAX_WORK = 1000
READERS = 2
DOUBT_S = 120.0
"""At the start, files written so shortly before the index was are read again."""

_PROGRESS = {"duration_ms", "size_bytes", "segments", "uploaded_bytes", "upload_bytes"}
"""What changes all the time: while a recording or an upload is under way only the index has it."""

_FIELDS = {one.name for one in fields(Recording)}


class Catalogue:
    """All methods may be called from the event loop; SQLite works in threads of its own."""

    def __init__(self, root: Path, db: Path) -> None:
        """For ``open`` alone."""
        self._root = root
        self._db = db
        self._writer = ThreadPoolExecutor(1, "catalogue")
        self._readers = ThreadPoolExecutor(READERS, "catalogue-read")
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._listeners: dict[object, Callable[[str], None]] = {}

    @classmethod
    async def open(cls, root: Path, db: Path) -> "Catalogue":
        """Open the index, made from the files when it cannot be used. Raises OSError."""
        catalogue = cls(root, db)
        await catalogue._write(catalogue._prepare)
        return catalogue

    async def close(self) -> None:
        """End the threads; nothing may be called afterwards."""
        await asyncio.to_thread(self._writer.shutdown)
        await asyncio.to_thread(self._readers.shutdown)
        for connection in self._opened:
            connection.close()

    def subscribe(self, changed: Callable[[str], None]) -> Callable[[], None]:
        """Call ``changed`` with the id after every change, in the loop; return how to stop."""
        key = object()
        self._listeners[key] = changed
        return lambda: self._listeners.pop(key, None) and None

    async def add(self, recording: Recording) -> None:
        """Enter a recording whose directory exists. Raises OSError."""
        await self._write(self._put, recording, True)
        self._tell(recording.id)

    async def get(self, id_: str) -> Recording:
        """Raises NotFound."""
        found = await self._read(self._find, id_)
        if found is None:
            raise _unknown()
        return found

    async def change(self, id_: str, **changes: Any) -> Recording:
        """Set fields of a recording and return it. Raises NotFound, OSError, TypeError."""
        changed = await self._write(self._change, id_, changes)
        self._tell(id_)
        return changed

    async def progress(self, id_: str, *, duration_ms: int, size_bytes: int, segments: int) -> None:
        """Note how far a recording under way has come."""
        await self.change(id_, duration_ms=duration_ms, size_bytes=size_bytes, segments=segments)

    async def page(self, query: Query) -> Page:
        """Return one page of what a query finds. Raises Invalid for a cursor that is none."""
        return await self._read(self._page, query)

    async def work(self, **equals: Any) -> list[Recording]:
        """Return the recordings whose columns have these values, oldest first, 1000 at most; a
        tuple of values means any of them."""
        return await self._read(self._work, equals)

    async def latest_of(self, app: str, stream: str) -> Recording | None:
        """Return the newest recording of a stream that was made by recording it."""
        return await self._read(self._latest, app, stream)

    async def forget(self, id_: str) -> None:
        """Take a recording out of the index; its directory is the caller's business."""
        await self._write(self._forget, id_)
        self._tell(id_)

    async def totals(self) -> Totals:
        """Count and add up everything."""
        return await self._read(self._totals)

    async def streams(self) -> list[tuple[str, str, int]]:
        """Return (app, stream, number of recordings), by name."""
        return await self._read(self._streams)

    def _tell(self, id_: str) -> None:
        for listener in list(self._listeners.values()):
            listener(id_)

    async def _write(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work, *args)

    async def _read(self, work: Callable[..., T], *args: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._readers, work, *args)

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = open_index(self._db)
            self._local.connection = found
            self._opened.append(found)
        return found

    def _prepare(self) -> None:
        try:
            connection = self._connection()
            (_,) = connection.execute("SELECT value FROM facts WHERE name = 'complete'").fetchone()
        except (sqlite3.DatabaseError, TypeError) as exc:
            log.warning("catalogue.made_again", reason=str(exc))
            self._make_again()
        else:
            self._catch_up()

    def _catch_up(self) -> None:
        """Enter what was on disk before a kill kept it from the index."""
        newest_s = max(
            path.stat().st_mtime for path in (self._db, Path(f"{self._db}-wal")) if path.exists()
        )
        connection = self._connection()
        known = frozenset(id_ for (id_,) in connection.execute("SELECT id FROM recordings"))
        with connection:
            for recording in scan_records(self._root, known, newest_s - DOUBT_S):
                self._insert(recording)

    def _make_again(self) -> None:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is not None:
            found.close()
            self._opened.remove(found)
            del self._local.connection
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._db}{suffix}").unlink(missing_ok=True)
        connection = open_index(self._db, make=True)
        self._local.connection = connection
        self._opened.append(connection)
        count = 0
        with connection:
            for recording in scan_records(self._root):
                self._insert(recording)
                count += 1
            connection.execute("INSERT INTO facts VALUES ('complete', '1')")
        log.info("catalogue.read_from_disk", recordings=count)

    def _insert(self, recording: Recording) -> None:
        marks = ", ".join("?" * len(COLUMNS))
        self._connection().execute(
            f"INSERT OR REPLACE INTO recordings ({', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608
            row_of(recording),
        )

    def _put(self, recording: Recording, lasting: bool) -> None:
        if lasting:
            write_record(self._root, recording)
        with self._connection():
            self._insert(recording)

    def _find(self, id_: str) -> Recording | None:
        row = (
            self._connection()
            .execute("SELECT data FROM recordings WHERE id = ?", (id_,))
            .fetchone()
        )
        return None if row is None else Recording.from_json(row[0])

    def _change(self, id_: str, changes: dict[str, Any]) -> Recording:
        if not changes.keys() <= _FIELDS - {"id"}:
            raise TypeError(f"no fields of a recording: {sorted(changes.keys() - _FIELDS)}")
        found = self._find(id_)
        if found is None:
            raise _unknown()
        changed = replace(found, **changes)
        busy = found.state is State.RECORDING or found.upload is UploadState.UPLOADING
        only_progress = busy and changes.keys() <= _PROGRESS
        if changed != found:
            self._put(changed, lasting=not only_progress)
        return changed

    def _page(self, query: Query) -> Page:
        connection = self._connection()
        sql = page_sql(query)
        rows = connection.execute(sql.select, sql.select_values).fetchall()
        (total,) = connection.execute(sql.count, sql.count_values).fetchone()
        items = tuple(Recording.from_json(row[0]) for row in rows[: query.limit])
        more = len(rows) > query.limit
        return Page(items, query.cursor_after(items[-1]) if more else None, total)

    def _work(self, equals: dict[str, Any]) -> list[Recording]:
        wheres: list[str] = ["1"]
        values: list[Any] = []
        for name, wanted in equals.items():
            if name not in COLUMNS:
                raise TypeError(f"{name} is no column")
            some = wanted if isinstance(wanted, tuple) else (wanted,)
            wheres.append(f"{name} IN ({', '.join('?' * len(some))})")
            values += some
        rows = self._connection().execute(
            f"SELECT data FROM recordings WHERE {' AND '.join(wheres)}"  # noqa: S608
            f" ORDER BY started_ms, id LIMIT {MAX_WORK}",
            values,
        )
        return [Recording.from_json(row[0]) for row in rows]

    def _latest(self, app: str, stream: str) -> Recording | None:
        row = (
            self._connection()
            .execute(
                "SELECT data FROM recordings WHERE app = ? AND stream = ? AND kind = 'live'"
                " ORDER BY started_ms DESC, id DESC LIMIT 1",
                (app, stream),
            )
            .fetchone()
        )
        return None if row is None else Recording.from_json(row[0])

    def _forget(self, id_: str) -> None:
        with self._connection() as connection:
            connection.execute("DELETE FROM recordings WHERE id = ?", (id_,))

    def _totals(self) -> Totals:
        return Totals.read(self._connection())

    def _streams(self) -> list[tuple[str, str, int]]:
        rows = self._connection().execute(
            "SELECT app, stream, COUNT(*) FROM recordings WHERE app <> ''"
            " GROUP BY app, stream ORDER BY app, stream"
        )
        return [(app, stream, count) for app, stream, count in rows]


def _unknown() -> NotFound:
    return NotFound(
        "there is no such recording",
        "It may have been deleted: look at the list again.",
        key="recording_unknown",
    )
