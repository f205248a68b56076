"""What of each recording is in its bucket: ``library/uploads.sqlite``.

It saves work, and nothing depends on it: disk and bucket are the truth. When it is lost, what is in
the bucket is looked at again, and only what is missing goes up. Whatever is verified is forgotten.
"""

import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from urllib.parse import quote

from ...core.log import get_logger
from .object_store import Part

log = get_logger(__name__)

VERSION = 1
BUSY_S = 10.0

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- journal_bytes: so much of segments.jsonl has been read.
CREATE TABLE books (recording TEXT NOT NULL, target TEXT NOT NULL,
  journal_bytes INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (recording, target)) WITHOUT ROWID;
-- progress: 0 not sent, 1 perhaps sent, 2 verified in the bucket.
CREATE TABLE objects (recording TEXT NOT NULL, target TEXT NOT NULL, name TEXT NOT NULL,
  phase INTEGER NOT NULL, size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 TEXT NOT NULL,
  progress INTEGER NOT NULL DEFAULT 0, etag TEXT NOT NULL DEFAULT '',
  upload_id TEXT NOT NULL DEFAULT '', part_bytes INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (recording, target, name)) WITHOUT ROWID;
CREATE INDEX pending ON objects (recording, target, phase, name) WHERE progress < 2;
CREATE TABLE parts (recording TEXT NOT NULL, target TEXT NOT NULL, name TEXT NOT NULL,
  number INTEGER NOT NULL, size INTEGER NOT NULL, etag TEXT NOT NULL,
  PRIMARY KEY (recording, target, name, number)) WITHOUT ROWID;
"""

_ITEM = "name, phase, size, mtime_ns, sha256, progress, etag, upload_id, part_bytes"


class Phase(IntEnum):
    """The order in which a recording's files go up: a playlist lists only what is there."""

    SEGMENTS = 0
    PLAYLIST = 1
    EXTRAS = 2
    MP4 = 3


NOT_SENT, BEGUN, DONE = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Item:
    """One object. ``mtime_ns``: of the file when its digest was taken, 0 for segments, which never
    change. ``upload_id``, ``part_bytes``: of an upload in parts that was begun; an ``upload_id``
    alone is of what the file was before."""

    name: str
    phase: Phase
    size: int
    mtime_ns: int
    sha256: str
    progress: int = NOT_SENT
    etag: str = ""
    upload_id: str = ""
    part_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Book:
    """One recording on its way to one target."""

    recording: str
    target: str


class UploadDb:
    """Blocks; threads may share it. Every call is one transaction. Raises sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        """Opens the file, made when it is missing, made again when it cannot be used."""
        self._path = path
        self._lock = threading.Lock()
        self._db = self._open()

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except sqlite3.OperationalError:
            raise  # no room, no permission: the file itself may be sound
        except sqlite3.DatabaseError as exc:
            log.error("uploads.made_again", reason=str(exc))
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)
        return self._connect()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            f"file:{quote(str(self._path))}?mode=rwc",
            uri=True,
            timeout=BUSY_S,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            db.execute("PRAGMA journal_mode = WAL")
            db.execute("PRAGMA synchronous = NORMAL")
            db.execute("PRAGMA journal_size_limit = 4000000")
            db.execute("PRAGMA cache_size = -2000")
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
            elif version != VERSION:
                raise sqlite3.DatabaseError(f"it has version {version}, not {VERSION}")
            db.execute("SELECT COUNT(*) FROM books").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def make_again(self) -> None:
        """Begin with an empty one; everything is looked at again."""
        with self._lock:
            self._db.close()
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
            self._db = self._connect()

    def journal_bytes(self, book: Book) -> int | None:
        """Return how much of the journal has been read; None when nothing is known of it yet."""
        with self._lock:
            row = self._db.execute(
                "SELECT journal_bytes FROM books WHERE recording = ? AND target = ?", _of(book)
            ).fetchone()
        return None if row is None else int(row[0])

    def begin(self, book: Book) -> None:
        """From now on what is noted of it may be relied on."""
        self._run("INSERT OR IGNORE INTO books (recording, target) VALUES (?, ?)", _of(book))

    def add(self, book: Book, items: Iterable[Item], journal_bytes: int | None = None) -> None:
        """Enter objects; one that has another digest than before must go up again."""
        with self._lock, self._transaction():
            for item in items:
                changed = self._db.execute(
                    "INSERT INTO objects (recording, target, name, phase, size, mtime_ns, sha256)"
                    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET size = excluded.size,"
                    " mtime_ns = excluded.mtime_ns, sha256 = excluded.sha256, progress = 1,"
                    " etag = '', part_bytes = 0"
                    " WHERE sha256 <> excluded.sha256 OR size <> excluded.size",
                    (
                        *_of(book),
                        item.name,
                        int(item.phase),
                        item.size,
                        item.mtime_ns,
                        item.sha256,
                    ),
                ).rowcount
                if changed:
                    self._drop_parts(book, item.name)
            if journal_bytes is not None:
                self._db.execute(
                    "UPDATE books SET journal_bytes = ? WHERE recording = ? AND target = ?",
                    (journal_bytes, *_of(book)),
                )

    def touched(self, book: Book, name: str, mtime_ns: int) -> None:
        """The file was written again, with the same content."""
        self._run(
            "UPDATE objects SET mtime_ns = ? WHERE recording = ? AND target = ? AND name = ?",
            (mtime_ns, *_of(book), name),
        )

    def get(self, book: Book, name: str) -> Item | None:
        rows = self._items("AND name = ?", (*_of(book), name))
        return rows[0] if rows else None

    def pending(self, book: Book, last: Phase, limit: int) -> list[Item]:
        """Return what must go up next, in order, phases after ``last`` left out."""
        return self._items(
            "AND progress < 2 AND phase <= ? ORDER BY phase, name LIMIT ?",
            (*_of(book), int(last), limit),
        )

    def named(self, book: Book, last: Phase, after: str, upto: str | None) -> list[Item]:
        """Return the objects whose names follow ``after`` up to ``upto`` (None: all), by name."""
        until, values = ("", ()) if upto is None else ("AND name <= ?", (upto,))
        return self._items(
            f"AND phase <= ? AND name > ? {until} ORDER BY name",
            (*_of(book), int(last), after, *values),
        )

    def beyond_segments(self, book: Book) -> list[Item]:
        """Return the objects that are no segments."""
        return self._items("AND phase > 0 ORDER BY phase, name", _of(book))

    def first_missing(self, book: Book) -> str | None:
        """Return the name of the first segment that is not in the bucket; None when all are."""
        found = self._items("AND progress < 2 AND phase = 0 ORDER BY name LIMIT 1", _of(book))
        return found[0].name if found else None

    def sums(self, book: Book) -> tuple[int, int]:
        """Return (bytes verified in the bucket, bytes of all that is known)."""
        with self._lock:
            done, total = self._db.execute(
                "SELECT COALESCE(SUM(size * (progress = 2)), 0), COALESCE(SUM(size), 0)"
                " FROM objects WHERE recording = ? AND target = ?",
                _of(book),
            ).fetchone()
        return done, total

    def begun(self, book: Book, name: str) -> None:
        """It may be in the bucket from now on: after a crash that is looked at first."""
        self._set(book, name, "progress = 1", ())

    def done(self, book: Book, name: str, etag: str) -> None:
        """It is in the bucket, and was verified."""
        with self._lock, self._transaction():
            self._db.execute(
                "UPDATE objects SET progress = 2, etag = ?, upload_id = '', part_bytes = 0"
                " WHERE recording = ? AND target = ? AND name = ?",
                (etag, *_of(book), name),
            )
            self._drop_parts(book, name)

    def lost(self, book: Book, name: str) -> None:
        """It is not in the bucket, whatever was noted."""
        self._set(book, name, "progress = 0, etag = ''", ())

    def drop(self, book: Book, name: str) -> None:
        """The file is no longer part of the recording."""
        with self._lock, self._transaction():
            self._db.execute(
                "DELETE FROM objects WHERE recording = ? AND target = ? AND name = ?",
                (*_of(book), name),
            )
            self._drop_parts(book, name)

    def in_parts(self, book: Book, name: str, upload_id: str, part_bytes: int) -> None:
        """An upload in parts was begun, or given up (``upload_id`` empty)."""
        with self._lock, self._transaction():
            self._db.execute(
                "UPDATE objects SET upload_id = ?, part_bytes = ?"
                " WHERE recording = ? AND target = ? AND name = ?",
                (upload_id, part_bytes, *_of(book), name),
            )
            self._drop_parts(book, name)

    def uploads_in_parts(self, recording: str) -> list[tuple[str, str, str]]:
        """Return (target, name, upload id) of what was begun and not finished."""
        with self._lock:
            return self._db.execute(
                "SELECT target, name, upload_id FROM objects"
                " WHERE recording = ? AND upload_id <> ''",
                (recording,),
            ).fetchall()

    def part_done(self, book: Book, name: str, part: Part) -> None:
        self._run(
            "INSERT OR REPLACE INTO parts VALUES (?, ?, ?, ?, ?, ?)",
            (*_of(book), name, part.number, part.size, part.etag),
        )

    def parts(self, book: Book, name: str) -> list[Part]:
        """Return the parts that were taken by the bucket, in order."""
        with self._lock:
            rows = self._db.execute(
                "SELECT number, size, etag FROM parts"
                " WHERE recording = ? AND target = ? AND name = ? ORDER BY number",
                (*_of(book), name),
            ).fetchall()
        return [Part(*row) for row in rows]

    def forget(self, recording: str, target: str | None = None) -> None:
        """Drop all that is known of a recording, for one target or for all."""
        where, values = ("", ()) if target is None else (" AND target = ?", (target,))
        with self._lock, self._transaction():
            for table in ("objects", "parts", "books"):
                self._db.execute(
                    f"DELETE FROM {table} WHERE recording = ?{where}",  # noqa: S608
                    (recording, *values),
                )

    def fact(self, name: str) -> str | None:
        with self._lock:
            row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_fact(self, name: str, value: str | None) -> None:
        """None removes it."""
        if value is None:
            self._run("DELETE FROM facts WHERE name = ?", (name,))
        else:
            self._run("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def _set(self, book: Book, name: str, what: str, values: tuple[object, ...]) -> None:
        self._run(
            f"UPDATE objects SET {what} WHERE recording = ? AND target = ? AND name = ?",  # noqa: S608
            (*values, *_of(book), name),
        )

    def _run(self, sql: str, values: tuple[object, ...]) -> None:
        with self._lock:
            self._db.execute(sql, values)

    def _items(self, more: str, values: tuple[object, ...]) -> list[Item]:
        with self._lock:
            rows = self._db.execute(
                f"SELECT {_ITEM} FROM objects WHERE recording = ? AND target = ? {more}",  # noqa: S608
                values,
            ).fetchall()
        return [Item(row[0], Phase(row[1]), *row[2:]) for row in rows]

    def _drop_parts(self, book: Book, name: str) -> None:
        self._db.execute(
            "DELETE FROM parts WHERE recording = ? AND target = ? AND name = ?", (*_of(book), name)
        )

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)


class _Transaction:
    """One transaction, rolled back when the body raises."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def _of(book: Book) -> tuple[str, str]:
    return book.recording, book.target
