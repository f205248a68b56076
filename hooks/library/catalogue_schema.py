"""The tables of the index, and what a row of it is."""

import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from .recording import Recording

VERSION = 3
BUSY_S = 10.0
CACHE_KB = 8_000
BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
NO_ROOM = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
}

_SCHEMA = """
-- What recordings are looked for by; kept narrow, for many questions read all of it.
CREATE TABLE recordings (
  n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, state TEXT NOT NULL,
  app TEXT NOT NULL, stream TEXT NOT NULL, name TEXT NOT NULL, started_ms INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL, size_bytes INTEGER NOT NULL, mp4_bytes INTEGER NOT NULL,
  keep INTEGER NOT NULL, local INTEGER NOT NULL, mp4 TEXT NOT NULL, upload TEXT NOT NULL,
  target_id TEXT NOT NULL, source_id TEXT NOT NULL, tags TEXT NOT NULL, search TEXT NOT NULL,
  problem TEXT NOT NULL, wants TEXT NOT NULL,
  -- When recording.json was written that this row is of; 0: there was none yet.
  file_ns INTEGER NOT NULL);
-- The whole recording as JSON.
CREATE TABLE bodies (n INTEGER PRIMARY KEY, data TEXT NOT NULL);
CREATE INDEX by_started ON recordings (started_ms, id);
CREATE INDEX by_duration ON recordings (duration_ms, id);
CREATE INDEX by_size ON recordings (size_bytes, id);
CREATE INDEX by_title ON recordings (name COLLATE NOCASE, id);
CREATE INDEX by_stream ON recordings (app, stream, started_ms, id);
CREATE INDEX by_work ON recordings (state, mp4);
CREATE INDEX by_send ON recordings (state, upload);
CREATE INDEX by_upload ON recordings (upload);
CREATE INDEX by_mp4 ON recordings (mp4);
"""
_WORDS = "CREATE VIRTUAL TABLE words USING fts5(search, tokenize='trigram', content='')"

COLUMNS = (
    "id", "kind", "state", "app", "stream", "name", "started_ms", "duration_ms", "size_bytes",
    "mp4_bytes", "keep", "local", "mp4", "upload", "target_id", "source_id", "tags", "search",
    "problem", "wants",
)  # fmt: skip
_MARKS = ", ".join("?" * len(COLUMNS))
INSERT = f"INSERT INTO recordings ({', '.join(COLUMNS)}, file_ns) VALUES ({_MARKS}, ?)"  # noqa: S608
UPDATE = (
    f"UPDATE recordings SET {', '.join(f'{name} = ?' for name in COLUMNS)},"  # noqa: S608
    " file_ns = COALESCE(?, file_ns) WHERE n = ?"
)


@dataclass(frozen=True, slots=True)
class Totals:
    """``count``: without those being deleted; ``local_bytes``: of those on this disk;
    ``by_state`` and ``by_upload``: how many."""

    count: int = 0
    local_bytes: int = 0
    bucket_count: int = 0
    by_state: dict[str, int] = field(default_factory=dict)
    by_upload: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> "Totals":
        (local,) = connection.execute(
            "SELECT COALESCE(SUM(size_bytes + mp4_bytes), 0) FROM recordings WHERE local = 1"
        ).fetchone()
        states, uploads = (
            dict(connection.execute(f"SELECT {one}, COUNT(*) FROM recordings GROUP BY {one}"))  # noqa: S608
            for one in ("state", "upload")
        )
        count = sum(states.values()) - states.get("deleting", 0)
        return cls(count, local, uploads.get("verified", 0), states, uploads)


def row_of(recording: Recording) -> tuple[object, ...]:
    """Return the values of ``COLUMNS``."""
    return (
        recording.id,
        recording.kind.value,
        recording.state.value,
        recording.app,
        recording.stream,
        recording.title or recording.stream,
        recording.started_ms,
        recording.duration_ms,
        recording.size_bytes,
        recording.mp4_bytes,
        int(recording.keep),
        int(recording.local),
        recording.mp4.value,
        recording.upload.value,
        recording.target_id,
        recording.source_id,
        _enclosed(recording.tags),
        "\n".join((recording.title, recording.url, *recording.tags, recording.id)).casefold(),
        recording.problem,
        _enclosed(recording.wants),
    )


def _enclosed(words: tuple[str, ...]) -> str:
    return "".join(f"|{one}" for one in words) + "|"


def make_index(db: Path | None) -> sqlite3.Connection:
    """Make a new, empty index, in memory for None. Raises sqlite3.Error."""
    connection = _connect("file::memory:" if db is None else _uri(db, "rwc"))
    try:
        if db is not None:
            db.chmod(0o640)
        connection.executescript(_SCHEMA)
        with suppress(sqlite3.OperationalError):  # an SQLite without trigrams: all is read then
            connection.execute(_WORDS)
        # Last of all: an index without it is not taken for a whole one.
        connection.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection


def open_index(db: Path) -> sqlite3.Connection:
    """Open the index. Raises sqlite3.Error when it is missing, broken or of another version."""
    connection = _connect(_uri(db, "rw"))
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            raise sqlite3.DatabaseError(f"the index has version {version}, not {VERSION}")
        if has_words(connection):
            connection.execute("SELECT rowid FROM words LIMIT 1").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def has_words(connection: sqlite3.Connection) -> bool:
    """Tell whether parts of words can be looked up."""
    asked = "SELECT 1 FROM sqlite_master WHERE name = 'words'"
    return connection.execute(asked).fetchone() is not None


def means(exc: sqlite3.Error, codes: set[int]) -> bool:
    """Tell whether an error is of these kinds."""
    code: int | None = getattr(exc, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in codes


def _uri(db: Path, mode: str) -> str:
    return f"file:{quote(str(db))}?mode={mode}"


def _connect(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_S, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        connection.execute("PRAGMA journal_size_limit = 4000000")
    except BaseException:
        connection.close()
        raise
    return connection
