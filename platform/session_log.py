"""The session log: every publisher and every viewer there was, written from the events.

Why SQLite and not Parquet: sessions are appended one by one and corrected afterwards (end, bytes,
shortened address), which a columnar file can only do by being written anew; a kill or a loss of
power leaves the last commit, never half a file; any range and any stream is found by an index; and
it comes with Python, while pyarrow is 40 MB. One file a UTC day makes the past cheap to drop.

Exactly once, in effect: a batch of events is acknowledged after its commit, so after a kill in
between it comes again, and then changes nothing: a session's key is the client id together with
the time it began (media servers give out the same ids again after a restart), and what is already
told is not told again.
"""

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..core.events import Event, EventType
from ..core.log import get_logger
from ..core.registry import Kind
from . import stats_privacy
from .stats_files import DAY_MS, OPEN_MS, DayFiles, Transaction, day_of

log = get_logger(__name__)

MAX_ROWS = 1_000_000
"""Sessions of a day that are kept one by one; beyond it only sums by minute go on."""

MAX_AGENT = 256
KEEP_APPLIED = 20_000
"""Events in the sums that are remembered; one batch, some hundred, can come again."""

_RECENT = 5_000
_LOOK_BACK = 3
"""Files searched for a client of which only the id is told; such events come within a minute."""

_EARLIEST_MS, _LATEST_MS = 946_684_800_000, 4_102_444_800_000  # years 2000 and 2100

_BEGAN = {EventType.STREAM_PUBLISHED, EventType.VIEWER_JOINED}
_ENDED = {EventType.STREAM_UNPUBLISHED, EventType.VIEWER_LEFT}
OF_INTEREST = {*_BEGAN, *_ENDED, EventType.SESSION_CLOSED, EventType.REGISTRY_REPAIRED}

LOST = "lost"
"""Reason of an end that nobody told."""


class Seen(BaseModel):
    """What an event says of a session. Source: core/registry.lua."""

    model_config = ConfigDict(extra="ignore")

    client_id: str = Field(min_length=1, max_length=128)
    kind: Kind
    protocol: str = Field(max_length=16)
    app: str = Field(max_length=255)
    stream: str = Field(max_length=255)
    ip: str = Field("", max_length=64)
    user_agent: str = ""
    since_ms: int = Field(ge=_EARLIEST_MS, le=_LATEST_MS)
    ended_ms: int | None = Field(None, ge=_EARLIEST_MS, le=_LATEST_MS)
    send_bytes: int = Field(0, ge=0, lt=1 << 62)
    recv_bytes: int = Field(0, ge=0, lt=1 << 62)
    reason: str = ""


class Closed(BaseModel):
    """The exact bytes, told when the connection is over."""

    model_config = ConfigDict(extra="ignore")

    client_id: str = Field(min_length=1, max_length=128)
    send_bytes: int = Field(ge=0, lt=1 << 62)
    recv_bytes: int = Field(ge=0, lt=1 << 62)


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session that has no end yet."""

    client_id: str
    started_ms: int


class SessionLog:
    """Writes events into the files. For one thread, like the files.

    ``country`` tells the two letters of an address, or None. ``max_rows`` and ``max_bytes`` limit
    a day. Methods raise sqlite3.Error and OSError; doing the same again then is right.
    """

    def __init__(
        self,
        files: DayFiles,
        clock: Callable[[], int],
        country: Callable[[str], str | None] = lambda _: None,
        *,
        max_rows: int = MAX_ROWS,
        max_bytes: int = 1 << 60,
        keep_days: int = 90,
    ) -> None:
        self._files = files
        self._clock = clock
        self._country = country
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._keep_ms = keep_days * DAY_MS
        self._recent: OrderedDict[str, int] = OrderedDict()
        self._rows: dict[int, int] = {}
        self._settled: dict[int, int] = {}

    def record(self, events: Sequence[Event]) -> None:
        """Write a batch. An event that cannot be understood is logged and left out."""
        with self._writing() as transaction:
            for event in events:
                try:
                    self._record_one(transaction, event)
                except ValidationError as exc:
                    first = exc.errors(include_input=False, include_url=False)[0]
                    log.warning("stats.event_not_understood", type=event.type, error=first["msg"])

    def add(self, sessions: Sequence[Seen]) -> None:
        """Write sessions that are there though no event told of them."""
        with self._writing() as transaction:
            for session in sessions:
                # Beyond the limit of a day one could not tell a new session from a summed up one.
                if (db := self._day(transaction, session)) and not self._is_full(session, db):
                    self._insert(db, session, extra=False)

    def open_sessions(self) -> list[OpenSession]:
        """Return the sessions without an end, of all days."""
        found = []
        for day in self._files.days():
            generation = self._files.generation(day)
            if self._settled.get(day) == generation:
                continue
            rows = self._files.write(day).execute(
                "SELECT client_id, started_ms FROM sessions WHERE ended_ms = ?", (OPEN_MS,)
            )
            here = [OpenSession(*row) for row in rows]
            if not here:
                self._settled[day] = generation
            found += here
            self._files.close_idle()
        return found

    def lose(self, sessions: Sequence[OpenSession], at_ms: int) -> None:
        """End sessions of which nobody told the end; the event, if it still comes, corrects it."""
        with self._writing() as transaction:
            for one in sessions:
                db = transaction.on(day_of(one.started_ms))
                _guess_end(db, one.client_id, one.started_ms, at_ms)

    def put_aside_broken(self) -> None:
        """After a failure: see whether a file is damaged, and begin a new one then."""
        self._files.put_aside_broken()

    def count_again(self) -> None:
        """Look anew how full the days are."""
        self._rows.clear()

    @contextmanager
    def _writing(self) -> Iterator[Transaction]:
        try:
            with self._files.transaction() as transaction:
                yield transaction
        except BaseException:
            self._rows.clear()  # counted again from the files
            raise

    def _record_one(self, transaction: Transaction, event: Event) -> None:
        if event.type in _BEGAN:
            self._begin(transaction, Seen.model_validate(event.data), event.entry_id)
        elif event.type in _ENDED:
            self._end(transaction, Seen.model_validate(event.data), event)
        elif event.type == EventType.SESSION_CLOSED:
            self._close(transaction, Closed.model_validate(event.data), event.at_ms)
        elif event.type == EventType.REGISTRY_REPAIRED and event.data.get("repair") == "removed":
            # The end follows as an event of its own, unless that is lost.
            client_id = str(event.data.get("client_id", ""))
            started_ms = self._find(client_id, event.at_ms)
            if started_ms is not None:
                _guess_end(transaction.on(day_of(started_ms)), client_id, started_ms, event.at_ms)

    def _begin(self, transaction: Transaction, session: Seen, entry_id: str) -> None:
        db = self._day(transaction, session)
        if db is None or _row_of(db, session) is not None:
            return
        extra = self._is_full(session, db)
        if not extra or _first_time(db, entry_id):
            self._insert(db, session, extra=extra)

    def _end(self, transaction: Transaction, session: Seen, event: Event) -> None:
        db = self._day(transaction, session)
        if db is None:
            return
        row = _row_of(db, session)
        if row is None:  # the event of its beginning is lost, or it was summed up already
            extra = self._is_full(session, db)
            if extra and not _first_time(db, event.entry_id):
                return
            row_id = self._insert(db, session, extra=extra)
        else:
            row_id, told, was_extra = row
            if told:
                return
            extra = bool(was_extra)
            if extra:
                _first_time(db, event.entry_id)
        db.execute(
            "UPDATE sessions SET told = 1, ended_ms = ?, reason = ?,"
            " send_bytes = CASE closed WHEN 1 THEN send_bytes ELSE ? END,"
            " recv_bytes = CASE closed WHEN 1 THEN recv_bytes ELSE ? END WHERE id = ?",
            (
                # A clock that was set back in between must not make a session of negative length.
                max(session.ended_ms or event.at_ms, session.since_ms),
                session.reason[:64],
                session.send_bytes,
                session.recv_bytes,
                row_id,
            ),
        )
        if extra:
            _sum_up(db, row_id)

    def _close(self, transaction: Transaction, closed: Closed, at_ms: int) -> None:
        started_ms = self._find(closed.client_id, at_ms)
        if started_ms is not None:
            transaction.on(day_of(started_ms)).execute(
                "UPDATE sessions SET closed = 1, send_bytes = ?, recv_bytes = ?"
                " WHERE client_id = ? AND started_ms = ?",
                (closed.send_bytes, closed.recv_bytes, closed.client_id, started_ms),
            )

    def _find(self, client_id: str, at_ms: int) -> int | None:
        """Return when the newest session of a client, not younger than ``at_ms``, began."""
        started_ms = self._recent.get(client_id)
        if started_ms is not None and started_ms <= at_ms:
            return started_ms
        days = [day for day in self._files.days() if day <= day_of(at_ms)]
        for day in reversed(days[-_LOOK_BACK:]):
            row = self._files.write(day).execute(
                "SELECT max(started_ms) FROM sessions WHERE client_id = ? AND started_ms <= ?",
                (client_id, at_ms),
            )
            found: int | None = row.fetchone()[0]
            if found is not None:
                return found
        return None

    def _day(self, transaction: Transaction, session: Seen) -> sqlite3.Connection | None:
        """Return where the session belongs; None when that day is gone."""
        self._recent[session.client_id] = session.since_ms
        self._recent.move_to_end(session.client_id)
        if len(self._recent) > _RECENT:
            self._recent.popitem(last=False)
        day = day_of(session.since_ms)
        if session.since_ms < self._clock() - self._keep_ms and not self._files.path(day).exists():
            return None
        return transaction.on(day)

    def _is_full(self, session: Seen, db: sqlite3.Connection) -> bool:
        """Tell whether the day keeps sums only. Once so, it stays so."""
        day = day_of(session.since_ms)
        if day not in self._rows:
            summing = db.execute("SELECT EXISTS (SELECT 1 FROM applied)").fetchone()[0]
            too_large = self._files.size_bytes(day) > self._max_bytes
            count = db.execute("SELECT count(*) FROM sessions WHERE extra = 0").fetchone()[0]
            self._rows[day] = self._max_rows if summing or too_large else count
        return self._rows[day] >= self._max_rows

    def _insert(self, db: sqlite3.Connection, session: Seen, *, extra: bool) -> int:
        """Write a session without an end. Returns its row; the old one's when it is there."""
        streams = ("streams", "app, stream", (session.app, session.stream))
        row = db.execute(
            "INSERT INTO sessions (client_id, started_ms, ended_ms, kind, stream_id, protocol,"
            " country, agent_id, extra) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (client_id, started_ms) DO NOTHING",
            (
                session.client_id,
                session.since_ms,
                OPEN_MS,
                session.kind.value,
                _id_in(db, *streams),
                session.protocol,
                self._country(session.ip),
                _id_in(db, "agents", "name", (session.user_agent[:MAX_AGENT],)),
                extra,
            ),
        )
        if row.rowcount == 0:
            found = _row_of(db, session)
            assert found is not None
            return found[0]
        row_id = row.lastrowid
        assert row_id is not None
        if extra:
            return row_id  # without an address: it would have to be deleted again
        address = stats_privacy.pack(session.ip)
        is_old = session.since_ms < self._clock() - stats_privacy.FULL_MS
        db.execute(
            "INSERT INTO addresses (id, ip, cut) VALUES (?, ?, ?)",
            (row_id, stats_privacy.cut(address) if is_old else address, is_old),
        )
        day = day_of(session.since_ms)
        if day in self._rows:
            self._rows[day] += 1
        return row_id


def _row_of(db: sqlite3.Connection, session: Seen) -> tuple[int, int, int] | None:
    """Return (id, told, extra)."""
    row: tuple[int, int, int] | None = db.execute(
        "SELECT id, told, extra FROM sessions WHERE client_id = ? AND started_ms = ?",
        (session.client_id, session.since_ms),
    ).fetchone()
    return row


def _guess_end(db: sqlite3.Connection, client_id: str, started_ms: int, at_ms: int) -> None:
    db.execute(
        "UPDATE sessions SET ended_ms = max(started_ms, ?), reason = ?"
        " WHERE client_id = ? AND started_ms = ? AND ended_ms = ?",
        (at_ms, LOST, client_id, started_ms, OPEN_MS),
    )


def _id_in(db: sqlite3.Connection, table: str, columns: str, values: tuple[str, ...]) -> int:
    """Return the id of a name, which is added when new. Table and columns are our own words."""
    marks = ", ".join("?" * len(values))
    select = f"SELECT id FROM {table} WHERE ({columns}) = ({marks})"  # noqa: S608
    row = db.execute(select, values).fetchone()
    if row is None:
        insert = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608
        new = db.execute(insert, values).lastrowid
        assert new is not None
        return new
    return int(row[0])


def _first_time(db: sqlite3.Connection, entry_id: str) -> bool:
    """Note that an event goes into the sums; False when it has already."""
    new = db.execute("INSERT OR IGNORE INTO applied (entry_id) VALUES (?)", (entry_id,))
    if new.rowcount == 0:
        return False
    assert new.lastrowid is not None
    db.execute("DELETE FROM applied WHERE id <= ?", (new.lastrowid - KEEP_APPLIED,))
    return True


def _sum_up(db: sqlite3.Connection, row_id: int) -> None:
    """Add an ended session to the sums by minute and remove it."""
    for began, column in ((1, "started_ms"), (0, "ended_ms")):
        db.execute(
            # Column names and figures of our own.
            f"INSERT INTO sums SELECT {column} / 60000, kind, stream_id, protocol,"  # noqa: S608
            f" coalesce(country, ''), {began}, {began} * ({column} % 60000), {1 - began},"
            f" {1 - began} * ({column} % 60000) FROM sessions WHERE id = ?"
            " ON CONFLICT (minute, kind, stream_id, protocol, country) DO UPDATE SET"
            " began = began + excluded.began, began_ms = began_ms + excluded.began_ms,"
            " ended = ended + excluded.ended, ended_ms = ended_ms + excluded.ended_ms",
            (row_id,),
        )
    db.execute("DELETE FROM sessions WHERE id = ?", (row_id,))
