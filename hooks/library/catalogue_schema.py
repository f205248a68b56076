"""The tables of the index, and what a row of it is."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from .recording import Recording

VERSION = 1
BUSY_S = 10.0
CACHE_KB = 4_000

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- data: the whole recording as JSON; the other columns are what it is looked for by.
CREATE TABLE recordings (
  id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, app TEXT NOT NULL,
  stream TEXT NOT NULL, name TEXT NOT NULL, started_ms INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL, size_bytes INTEGER NOT NULL, keep INTEGER NOT NULL,
  local INTEGER NOT NULL, mp4 TEXT NOT NULL, upload TEXT NOT NULL, target_id TEXT NOT NULL,
  source_id TEXT NOT NULL, tags TEXT NOT NULL, search TEXT NOT NULL, problem TEXT NOT NULL,
  wants TEXT NOT NULL, data TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX by_start ON recordings (started_ms, id);
CREATE INDEX by_length ON recordings (duration_ms, id);
CREATE INDEX by_size ON recordings (size_bytes, id);
CREATE INDEX by_name ON recordings (name COLLATE NOCASE, id);
CREATE INDEX by_stream ON recordings (app, stream, started_ms, id);
CREATE INDEX by_state ON recordings (state, started_ms);
CREATE INDEX by_upload ON recordings (upload, started_ms);
CREATE INDEX by_mp4 ON recordings (mp4, started_ms);
"""

COLUMNS = (
    "id", "kind", "state", "app", "stream", "name", "started_ms", "duration_ms", "size_bytes",
    "keep", "local", "mp4", "upload", "target_id", "source_id", "tags", "search", "problem",
    "wants", "data",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Totals:
    """``by_state`` and ``by_upload``: how many; ``local_bytes``: of those on this disk."""

    count: int = 0
    local_bytes: int = 0
    bucket_count: int = 0
    by_state: dict[str, int] = field(default_factory=dict)
    by_upload: dict[str, int] = field(default_factory=dict)

    @classmethod
    def read(cls, connection: sqlite3.Connection) -> "Totals":
        count, local, bucket = connection.execute(
            "SELECT COUNT(*), COALESCE(SUM(size_bytes * local), 0),"
            " COALESCE(SUM(upload = 'verified'), 0) FROM recordings"
        ).fetchone()
        states = connection.execute("SELECT state, COUNT(*) FROM recordings GROUP BY state")
        uploads = connection.execute("SELECT upload, COUNT(*) FROM recordings GROUP BY upload")
        return cls(count, local, bucket, dict(states.fetchall()), dict(uploads.fetchall()))


def row_of(recording: Recording) -> tuple[object, ...]:
    """Return the values of ``COLUMNS``."""
    name = recording.title or recording.stream
    tags = "".join(f"|{tag}" for tag in recording.tags) + "|"
    return (
        recording.id,
        recording.kind.value,
        recording.state.value,
        recording.app,
        recording.stream,
        name,
        recording.started_ms,
        recording.duration_ms,
        recording.size_bytes,
        int(recording.keep),
        int(recording.local),
        recording.mp4.value,
        recording.upload.value,
        recording.target_id,
        recording.source_id,
        tags,
        "\n".join((recording.title, recording.url, *recording.tags, recording.id)).casefold(),
        recording.problem,
        "".join(f"|{one}" for one in recording.wants) + "|",
        recording.to_json().decode(),
    )


def open_index(db: Path, make: bool = False) -> sqlite3.Connection:
    """Open the index for the thread that calls. Raises sqlite3.Error when it is missing (unless
    ``make``) or has another version."""
    mode = "rwc" if make else "rw"
    connection = sqlite3.connect(
        f"file:{quote(str(db))}?mode={mode}", uri=True, timeout=BUSY_S, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        connection.execute("PRAGMA journal_size_limit = 4000000")
        if make:
            connection.executescript(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version != VERSION:
            raise sqlite3.DatabaseError(f"the index has version {version}, not {VERSION}")
    except BaseException:
        connection.close()
        raise
    return connection
