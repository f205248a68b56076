"""The files of the session log: one SQLite database a UTC day, named ``<date>.sqlite``.

A session lies in the file of the day it began, whatever day it ends. One thread writes (class
``DayFiles`` belongs to it); readers open connections of their own.
"""

import os
import re
import sqlite3
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote

from ..core.log import get_logger

log = get_logger(__name__)

DAY_MS = 86_400_000
OPEN_MS = 1 << 62
"""``ended_ms`` of a session that has not ended: later than every time there is."""

MAX_CONNECTIONS = 4
WAL_LIMIT_BYTES = 4_000_000

_EPOCH = date(1970, 1, 1)
_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})\.sqlite")

_SCHEMA = """
CREATE TABLE streams (id INTEGER PRIMARY KEY, app TEXT NOT NULL, stream TEXT NOT NULL,
  UNIQUE (app, stream));
CREATE TABLE agents (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
-- told: the end is what the registry said, not a guess. closed: the bytes are final.
-- extra: beyond the limit of the day, summed up and removed when it ends.
CREATE TABLE sessions (id INTEGER PRIMARY KEY, client_id TEXT NOT NULL,
  started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, told INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL, stream_id INTEGER NOT NULL, protocol TEXT NOT NULL, country TEXT,
  agent_id INTEGER NOT NULL, send_bytes INTEGER NOT NULL DEFAULT 0,
  recv_bytes INTEGER NOT NULL DEFAULT 0, closed INTEGER NOT NULL DEFAULT 0,
  reason TEXT NOT NULL DEFAULT '', extra INTEGER NOT NULL DEFAULT 0,
  UNIQUE (client_id, started_ms));
CREATE INDEX sessions_by_start ON sessions (started_ms);
CREATE INDEX sessions_by_end ON sessions (ended_ms);
CREATE INDEX sessions_published ON sessions (started_ms) WHERE kind = 'publish';
CREATE INDEX sessions_by_stream ON sessions (stream_id, started_ms);
-- Addresses are 16 bytes, always: shortening one is then a write in place, and no page of the
-- file keeps a copy. They are appended, never moved, for the same reason.
CREATE TABLE addresses (id INTEGER PRIMARY KEY, ip BLOB NOT NULL, cut INTEGER NOT NULL);
-- What is left of sessions beyond the limit: how many began and ended in a minute, and the sum
-- of their milliseconds within it.
CREATE TABLE sums (minute INTEGER NOT NULL, kind TEXT NOT NULL, stream_id INTEGER NOT NULL,
  protocol TEXT NOT NULL, country TEXT NOT NULL, began INTEGER NOT NULL, began_ms INTEGER NOT NULL,
  ended INTEGER NOT NULL, ended_ms INTEGER NOT NULL,
  PRIMARY KEY (minute, kind, stream_id, protocol, country)) WITHOUT ROWID;
-- Events that went into the sums: adding, unlike writing a row, must not be done twice.
CREATE TABLE applied (id INTEGER PRIMARY KEY, entry_id TEXT NOT NULL UNIQUE);
PRAGMA user_version = 1;
"""


def day_of(at_ms: int) -> int:
    """Return the UTC day as days since the epoch."""
    return at_ms // DAY_MS


def file_name(day: int) -> str:
    return f"{_EPOCH + timedelta(days=day)}.sqlite"


def file_uri(path: Path) -> str:
    """Return the address under which SQLite opens an existing file and never makes one."""
    return f"file:{quote(str(path))}?mode=rw"


class DayFiles:
    """The directory of the files and the connections that write. For one thread, the writer's;
    ``days``, ``path`` and ``generation`` may be asked by any."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._connections: OrderedDict[int, sqlite3.Connection] = OrderedDict()
        self._generations: dict[int, int] = {}

    def days(self) -> list[int]:
        """Return the days that have a file, oldest first."""
        found = []
        try:
            names = os.listdir(self.root)
        except OSError:
            return []  # not made yet, or not ours; who writes will say so
        for name in names:
            match = _NAME.fullmatch(name)
            if match:
                try:
                    found.append((date.fromisoformat(match[1]) - _EPOCH).days)
                except ValueError:
                    continue
        return sorted(found)

    def path(self, day: int) -> Path:
        return self.root / file_name(day)

    def generation(self, day: int) -> int:
        """Return a number that grows with every change of the day's file by this process."""
        return self._generations.get(day, 0)

    def size_bytes(self, day: int | None = None) -> int:
        """Return the size on disk of one day, or of everything in the directory."""
        prefix = "" if day is None else file_name(day)
        total = 0
        try:
            with os.scandir(self.root) as entries:
                for entry in entries:
                    if entry.name.startswith(prefix):
                        total += entry.stat().st_size
        except FileNotFoundError:
            return 0  # a journal that went away under our hands counts for nothing
        return total

    def write(self, day: int) -> sqlite3.Connection:
        """Return the connection of a day, the file made when absent, in no transaction.

        A file that is no database is put aside under another name. Raises sqlite3.Error, OSError.
        """
        known = self._connections.get(day)
        if known is not None:
            self._connections.move_to_end(day)
            return known
        self.root.mkdir(mode=0o750, exist_ok=True)
        try:
            connection = self._open(day)
        except sqlite3.OperationalError:
            raise  # no room, no permission: the file itself may be sound
        except sqlite3.DatabaseError as exc:
            log.error("stats.file_broken", file=file_name(day), error=str(exc))
            self.put_aside(day)
            connection = self._open(day)
        self._connections[day] = connection
        return connection

    @contextmanager
    def transaction(self) -> Iterator["Transaction"]:
        """Yield the way to write to any days; commit all, or roll all back when the body raises.

        The commits are one after the other: after a crash between two the whole must be done
        again, so every change must be such that doing it twice is doing it once.
        """
        transaction = Transaction(self)
        try:
            yield transaction
            transaction.commit()
        except BaseException:
            transaction.roll_back()
            raise
        finally:
            for day in transaction.days:
                self._generations[day] = self.generation(day) + 1
            self.close_idle()

    def put_aside(self, day: int) -> None:
        """Rename a broken file, so that a new one can be begun; it still counts for the size."""
        self.close(day)
        path = self.path(day)
        number = 1
        while (aside := path.with_name(f"{path.name}.broken-{number}")).exists():
            number += 1
        path.replace(aside)
        _remove_journals(path)

    def put_aside_broken(self) -> None:
        """Look through the files in use and put those aside that are damaged."""
        for day, connection in list(self._connections.items()):
            try:
                found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            except sqlite3.OperationalError:
                continue
            except sqlite3.DatabaseError as exc:
                found = str(exc)
            if found != "ok":
                log.error("stats.file_broken", file=file_name(day), error=found)
                self.put_aside(day)

    def remove(self, day: int) -> None:
        self.close(day)
        self.path(day).unlink(missing_ok=True)
        _remove_journals(self.path(day))
        self._generations[day] = self.generation(day) + 1

    def close_idle(self) -> None:
        """Close the connections that were not used lately. In no transaction."""
        while len(self._connections) > MAX_CONNECTIONS:
            self._connections.popitem(last=False)[1].close()

    def close(self, day: int | None = None) -> None:
        """Close the connection of one day, or all."""
        for one in list(self._connections) if day is None else [day]:
            connection = self._connections.pop(one, None)
            if connection is not None:
                connection.close()

    def _open(self, day: int) -> sqlite3.Connection:
        path = self.path(day)
        new = not path.exists()
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        try:
            if new:
                path.chmod(0o660)
            # What is overwritten must be gone from the file, see stats_privacy.
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA journal_mode = WAL")
            # An event is acknowledged after the commit: then it must survive a loss of power.
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT_BYTES}")
            connection.execute("PRAGMA busy_timeout = 5000")
            if connection.execute("PRAGMA user_version").fetchone()[0] == 0:
                connection.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")
        except BaseException:
            connection.close()
            raise
        return connection


class Transaction:
    """Writes of one batch, on as many days as it touches."""

    def __init__(self, files: DayFiles) -> None:
        self._files = files
        self._begun: dict[int, sqlite3.Connection] = {}

    @property
    def days(self) -> list[int]:
        return list(self._begun)

    def on(self, day: int) -> sqlite3.Connection:
        """Return the day's connection with a transaction begun; the file is made when absent."""
        connection = self._begun.get(day)
        if connection is None:
            connection = self._files.write(day)
            connection.execute("BEGIN IMMEDIATE")
            self._begun[day] = connection
        return connection

    def commit(self) -> None:
        for connection in self._begun.values():
            connection.execute("COMMIT")

    def roll_back(self) -> None:
        for day, connection in self._begun.items():
            if connection.in_transaction:
                try:
                    connection.execute("ROLLBACK")
                except sqlite3.Error:
                    self._files.close(day)  # closing rolls back as well


def _remove_journals(path: Path) -> None:
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
