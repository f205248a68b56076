"""The index of the library in SQLite: blocking, for the threads of the catalogue.

Nothing that befalls the index may cost a recording or stop the recorder: a broken one is made again
from the files, a full disk delays what should be written, and when there is no room for an index at
all it is held in memory.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ...core.errors import NotFound
from ...core.log import get_logger
from .catalogue_files import ids_on_disk, scan_records, write_record
from .catalogue_page import read_page
from .catalogue_query import Page, Query
from .catalogue_schema import (
    BROKEN,
    COLUMNS,
    INSERT,
    NO_ROOM,
    UPDATE,
    Totals,
    has_words,
    make_index,
    means,
    open_index,
    row_of,
)
from .recording import Recording, State, UploadState

log = get_logger(__name__)

MAX_WORK = 1000
BATCH = 2000
"""So many are entered at a time: who is killed while reading all goes on from there."""

_PROGRESS = {"duration_ms", "size_bytes", "segments", "uploaded_bytes", "upload_bytes"}
"""What changes all the time: while a recording or an upload is under way only the index has it."""

_FIELDS = {one.name for one in fields(Recording)}


class _Seat:
    """The connection of one thread; who remakes the index takes all of them away."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.connection: sqlite3.Connection | None = None


class Index:
    """One thread writes (``prepare``, ``put``, ``change``, ``forget``, ``make_again``), others may
    read. Methods raise sqlite3.Error."""

    def __init__(self, root: Path, db: Path) -> None:
        self._root = root
        self._db = db
        self._local = threading.local()
        self._seats: list[_Seat] = []
        self._seats_lock = threading.Lock()
        self._late: dict[str, tuple[Recording | None, int | None]] = {}
        """What a full disk kept out of the index: id -> what it is now (None: gone)."""
        self._lookup = False
        self.in_memory = False
        """Then only the thread that writes may read as well."""
        self.generation = 0

    def prepare(self) -> None:
        """Open the index and bring it up to what is on disk. Raises OSError."""
        try:
            with self._connected() as connection:
                self._lookup = has_words(connection)
                self._catch_up(connection)
        except (sqlite3.Error, OSError) as exc:
            # A new house has none yet.
            tell = log.warning if self._db.exists() else log.info
            tell("catalogue.made_again", reason=str(exc))
            self.make_again(self.generation)

    def is_broken(self, exc: sqlite3.Error) -> bool:
        """Tell whether an error means that the index is damaged and must be made again."""
        return means(exc, BROKEN)

    def may_be_gone(self, exc: sqlite3.Error) -> bool:
        """Tell whether somebody may have deleted the index. It may also be back already: while it
        is being made again, others can neither open nor miss it."""
        return means(exc, {sqlite3.SQLITE_CANTOPEN}) and not self.in_memory

    def close(self) -> None:
        """Close every connection; no thread may be using one."""
        with self._all_seats():
            pass

    def make_again(self, seen: int, if_gone: bool = False) -> None:
        """Make the index from the files, unless that was done since generation ``seen``.

        ``if_gone``: nor while it is there. Raises OSError when the recordings cannot be read.
        """
        if self.generation != seen or (if_gone and self._db.exists()):
            return
        mine = self._seat()
        with self._all_seats():
            try:
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{self._db}{suffix}").unlink(missing_ok=True)
                self._db.parent.mkdir(mode=0o750, exist_ok=True)
                mine.connection = self._filled(make_index(self._db))
            except (sqlite3.Error, OSError) as exc:
                log.error("catalogue.in_memory", reason=str(exc))
                self.in_memory = True
                mine.connection = self._filled(make_index(None))
            self.generation += 1

    def put(self, recording: Recording, lasting: bool) -> None:
        """Enter a recording; ``lasting``: in its file first. Raises OSError, then nothing
        changed."""
        file_ns = write_record(self._root, recording) if lasting else None
        had = self._late.get(recording.id)
        if file_ns is None and had is not None:
            file_ns = had[1]
        self._late[recording.id] = (recording, file_ns)
        self._enter_late()

    def change(self, id_: str, changes: dict[str, Any]) -> Recording:
        """Raises NotFound, OSError, TypeError. What is being deleted stays so."""
        if not changes.keys() <= _FIELDS - {"id"}:
            raise TypeError(f"no fields of a recording: {sorted(changes.keys() - _FIELDS)}")
        found = self.find(id_)
        if found is None:
            raise unknown()
        if found.state is State.DELETING:
            changes = changes | {"state": State.DELETING}
        changed = replace(found, **changes)
        busy = found.state is State.RECORDING or found.upload is UploadState.UPLOADING
        if changed != found:
            self.put(changed, lasting=not (busy and changes.keys() <= _PROGRESS))
        return changed

    def forget(self, id_: str) -> None:
        self._late[id_] = (None, None)
        self._enter_late()

    def find(self, id_: str) -> Recording | None:
        late = self._late.get(id_)
        if late is not None:
            return late[0]
        asked = "SELECT data FROM recordings JOIN bodies USING (n) WHERE id = ?"
        with self._connected() as connection:
            row = connection.execute(asked, (id_,)).fetchone()
        return None if row is None else Recording.from_json(row[0])

    def page(self, query: Query) -> Page:
        """Raises Invalid."""
        with self._connected() as connection:
            page = read_page(connection, query, self._lookup)
        late = dict(self._late)
        if not late:
            return page
        newest = (late.get(one.id, (one, None))[0] for one in page.items)
        return replace(page, items=tuple(one for one in newest if one is not None))

    def work(self, equals: dict[str, Any]) -> list[Recording]:
        """See Catalogue. Raises TypeError."""
        wheres: list[str] = ["1"]
        values: list[Any] = []
        wanted = {name: one if isinstance(one, tuple) else (one,) for name, one in equals.items()}
        for name, some in wanted.items():
            if name not in COLUMNS:
                raise TypeError(f"{name} is no column")
            wheres.append(f"{name} IN ({', '.join('?' * len(some))})")
            values += some
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT data FROM recordings JOIN bodies USING (n)"  # noqa: S608
                f" WHERE {' AND '.join(wheres)} ORDER BY started_ms, id LIMIT {MAX_WORK}",
                values,
            ).fetchall()
        found = {one.id: one for one in (Recording.from_json(data) for (data,) in rows)}
        for id_, (newest, _) in list(self._late.items()):
            found.pop(id_, None)
            if newest is not None and all(
                getattr(newest, name) in some for name, some in wanted.items()
            ):
                found[id_] = newest
        return sorted(found.values(), key=lambda one: (one.started_ms, one.id))

    def latest(self, app: str, stream: str) -> Recording | None:
        with self._connected() as connection:
            row = connection.execute(
                "SELECT data FROM recordings JOIN bodies USING (n)"
                " WHERE app = ? AND stream = ? AND kind = 'live'"
                " ORDER BY started_ms DESC, id DESC LIMIT 1",
                (app, stream),
            ).fetchone()
        return None if row is None else Recording.from_json(row[0])

    def totals(self) -> Totals:
        with self._connected() as connection:
            return Totals.read(connection)

    def streams(self) -> list[tuple[str, str, int]]:
        with self._connected() as connection:
            rows = connection.execute(
                "SELECT app, stream, COUNT(*) FROM recordings WHERE app <> ''"
                " GROUP BY app, stream ORDER BY app, stream"
            ).fetchall()
        return [(app, stream, count) for app, stream, count in rows]

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        seat = self._seat()
        with seat.lock:
            if seat.connection is None:
                seat.connection = open_index(self._db)
            yield seat.connection

    def _seat(self) -> _Seat:
        seat: _Seat | None = getattr(self._local, "seat", None)
        if seat is None:
            seat = self._local.seat = _Seat()
            with self._seats_lock:
                self._seats.append(seat)
        return seat

    @contextmanager
    def _all_seats(self) -> Iterator[None]:
        """Close all connections, and let nobody open one meanwhile.

        The last connection to be closed removes the journals by name: one that outlived its file
        would take away those of the next."""
        with ExitStack() as stack:
            stack.enter_context(self._seats_lock)
            for seat in self._seats:
                stack.enter_context(seat.lock)
            for seat in self._seats:
                if seat.connection is not None:
                    seat.connection.close()
                    seat.connection = None
            yield

    def _filled(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Return the index with all that is on disk in it."""
        try:
            self._lookup = has_words(connection)
            self._late.clear()
            self._catch_up(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _catch_up(self, connection: sqlite3.Connection) -> None:
        """Enter what was written while the index was away, and leave out what is gone."""
        known = dict(connection.execute("SELECT id, file_ns FROM recordings"))
        on_disk = ids_on_disk(self._root)
        count = 0
        for recording, file_ns in scan_records(self._root, on_disk, known):
            self._enter(connection, recording, file_ns)
            count += 1
            if count % BATCH == 0:
                connection.commit()
        gone = known.keys() - set(on_disk)
        for id_ in gone:
            self._leave_out(connection, id_)
        connection.commit()
        if count or gone:
            log.info("catalogue.read_from_disk", recordings=count, gone=len(gone))

    def _enter_late(self) -> None:
        """Write what waits; on a full disk it waits on."""
        late = dict(self._late)
        try:
            with self._connected() as connection, connection:
                for id_, (recording, file_ns) in late.items():
                    if recording is None:
                        self._leave_out(connection, id_)
                    else:
                        self._enter(connection, recording, file_ns)
        except sqlite3.Error as exc:
            if not means(exc, NO_ROOM):
                raise
            log.warning("catalogue.waits_for_room", recordings=len(late), reason=str(exc))
        else:
            self._late.clear()

    def _enter(
        self, connection: sqlite3.Connection, recording: Recording, file_ns: int | None
    ) -> None:
        row, data = row_of(recording), recording.to_json().decode()
        search = row[COLUMNS.index("search")]
        asked = "SELECT n, search FROM recordings WHERE id = ?"
        had = connection.execute(asked, (recording.id,)).fetchone()
        if had is None:
            listed = None
            n = connection.execute(INSERT, (*row, file_ns or 0)).lastrowid
            connection.execute("INSERT INTO bodies VALUES (?, ?)", (n, data))
        else:
            n, listed = had
            connection.execute(UPDATE, (*row, file_ns, n))
            connection.execute("UPDATE bodies SET data = ? WHERE n = ?", (data, n))
            if self._lookup and listed != search:
                _unlist(connection, n, listed)
        if self._lookup and listed != search:
            connection.execute("INSERT INTO words (rowid, search) VALUES (?, ?)", (n, search))

    def _leave_out(self, connection: sqlite3.Connection, id_: str) -> None:
        asked = "SELECT n, search FROM recordings WHERE id = ?"
        had = connection.execute(asked, (id_,)).fetchone()
        if had is None:
            return
        if self._lookup:
            _unlist(connection, *had)
        for table in ("recordings", "bodies"):
            connection.execute(f"DELETE FROM {table} WHERE n = ?", (had[0],))  # noqa: S608


def _unlist(connection: sqlite3.Connection, n: int, search: str) -> None:
    """Such a table keeps no texts: what was entered must be said again to take it out."""
    connection.execute(
        "INSERT INTO words (words, rowid, search) VALUES ('delete', ?, ?)", (n, search)
    )


def unknown() -> NotFound:
    return NotFound(
        "there is no such recording",
        "It may have been deleted: look at the list again.",
        key="recording_unknown",
    )
