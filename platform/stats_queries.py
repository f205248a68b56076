"""Answers from the session log. Everything large is done inside SQLite, in a thread.

How viewers over time are counted: a session watches from the moment it began up to, not with, the
moment it ended; a count is taken at every full second. Each file gives its changes by second to
one temporary table, so sessions that began in an earlier file, or are still open, count like any
other. Sessions that were summed up by minute (beyond the limit of a day) change the count at full
minutes only.
"""

import sqlite3
import time
from collections import defaultdict
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..core.errors import StoreUnavailable, UpstreamTimeout
from ..core.log import get_logger
from ..core.registry import Kind
from . import stats_privacy
from .stats_files import DAY_MS, OPEN_MS, DayFiles, day_of, file_name, file_uri

log = get_logger(__name__)

MAX_STREAMS = 1_000
MAX_COUNTRIES = 250
_PROGRESS_STEPS = 20_000


@dataclass(frozen=True, slots=True)
class Range:
    """From ``from_s`` up to, not with, ``to_s``: full seconds since the epoch. Empty ``app`` or
    ``stream`` means any."""

    from_s: int
    to_s: int
    app: str = ""
    stream: str = ""

    @property
    def args(self) -> dict[str, int | str]:
        return {
            "from_s": self.from_s,
            "to_s": self.to_s,
            "from": self.from_s * 1000,
            "to": self.to_s * 1000,
            "app": self.app,
            "stream": self.stream,
        }


@dataclass(slots=True)
class Amount:
    """How many sessions were there at any time of the range, and how long within it."""

    sessions: int = 0
    watch_ms: int = 0

    def add(self, sessions: int, watch_ms: int) -> None:
        self.sessions += sessions
        self.watch_ms += watch_ms


@dataclass(slots=True)
class Point:
    """``viewers`` at ``at_s``; ``peak`` is the highest count from there to the next point."""

    at_s: int
    viewers: int
    peak: int


@dataclass(slots=True)
class ViewerAnswer:
    points: list[Point]
    total: Amount = field(default_factory=Amount)
    protocols: dict[str, Amount] = field(default_factory=lambda: defaultdict(Amount))
    countries: dict[str, Amount] = field(default_factory=lambda: defaultdict(Amount))


@dataclass(slots=True)
class StreamAnswer:
    viewing: Amount = field(default_factory=Amount)
    publishing: Amount = field(default_factory=Amount)
    peak: int = 0


@dataclass(frozen=True, slots=True)
class SessionRow:
    """``ended_ms`` is None while it is open; ``ip`` is shortened after a day."""

    row_id: int
    client_id: str
    kind: str
    app: str
    stream: str
    protocol: str
    ip: str
    country: str | None
    user_agent: str
    started_ms: int
    ended_ms: int | None
    send_bytes: int
    recv_bytes: int
    reason: str


# The streams of a file that are asked for.
_STREAMS = (
    "(SELECT id FROM day.streams WHERE (:app = '' OR app = :app)"
    " AND (:stream = '' OR stream = :stream))"
)

# Ids of streams differ from file to file; the table of names gives them one.
_JOIN_NAMES = (
    "JOIN day.streams ON day.streams.id = one.stream_id"
    " JOIN name ON name.app = day.streams.app AND name.stream = day.streams.stream"
)

# Changes of the count by second. A moment between two seconds counts from the next one on, so a
# session is there at second t exactly when started <= t < ended.
_CHANGES = """
INSERT INTO change (stream_id, at_s, by)
SELECT {name}, max((started_ms + 999) / 1000, :from_s) AS at, count(*)
FROM day.sessions AS one {index} {join}
WHERE kind = 'play' AND started_ms < :to AND ended_ms > :from {where} GROUP BY 1, 2
UNION ALL
SELECT {name}, (ended_ms + 999) / 1000 AS at, -count(*)
FROM day.sessions AS one {index} {join}
WHERE kind = 'play' AND started_ms < :to AND ended_ms > :from AND ended_ms < :to {where}
GROUP BY 1, 2
UNION ALL
SELECT {name}, max(minute * 60, :from_s) AS at, sum(began - ended)
FROM day.sums AS one {join}
WHERE kind = 'play' AND minute * 60 < :to_s {where} GROUP BY 1, 2
"""

# Overlap with the range: that of a sum is the sum of the ends, each held within the range, minus
# the same of the beginnings.
_AMOUNTS = """
SELECT {names}, count(*), sum(min(ended_ms, :to) - max(started_ms, :from))
FROM day.sessions {index} WHERE started_ms < :to AND ended_ms > :from {where} GROUP BY {names}
UNION ALL
SELECT {names},
  sum(CASE WHEN minute * 60000 < :to THEN began ELSE 0 END
    - CASE WHEN minute * 60000 < :from THEN ended ELSE 0 END),
  sum(CASE WHEN minute * 60000 < :from THEN (ended - began) * :from
    WHEN minute * 60000 >= :to THEN (ended - began) * :to
    ELSE (ended - began) * minute * 60000 + sums.ended_ms - began_ms END)
FROM day.sums WHERE 1 {where} GROUP BY {names}
"""


# The page first, then the names: only so many rows are looked up.
_SESSIONS = """
SELECT one.id, client_id, kind, app, stream, protocol, ip, cut, country, name,
  started_ms, ended_ms, send_bytes, recv_bytes, reason
FROM (
  SELECT * FROM day.sessions {index}
  WHERE started_ms < :to AND ended_ms > :from AND (:kind = '' OR kind = :kind)
    AND (started_ms, id) < (:started, :row) {where}
  ORDER BY started_ms DESC, id DESC LIMIT :limit) AS one
JOIN day.streams ON day.streams.id = one.stream_id
JOIN day.agents ON day.agents.id = one.agent_id
LEFT JOIN day.addresses ON day.addresses.id = one.id
ORDER BY started_ms DESC, one.id DESC
"""


class StatsReader:
    """Reads the files; every method blocks and may be called by several threads.

    Raises UpstreamTimeout when an answer takes longer than ``limit_s``, StoreUnavailable when the
    temporary files it needs cannot be written. A file that cannot be read is logged and left out.
    """

    def __init__(self, files: DayFiles, limit_s: float = 20.0) -> None:
        self._files = files
        self._limit_s = limit_s
        self._ends: dict[int, tuple[int, int]] = {}

    def viewers(self, asked: Range, step_s: int) -> ViewerAnswer:
        """Return the count at the beginning of each step and its highest within; and the sums."""
        answer = ViewerAnswer([])
        one = bool(asked.app or asked.stream)
        where = f"AND stream_id IN {_STREAMS}" if one else ""
        with self._workspace() as db, closing(self._attached(db, asked)) as days:
            for day in days:
                index = "" if one else _index(asked, day)
                changes = _CHANGES.format(name="0", join="", index=index, where=where)
                amounts = _AMOUNTS.format(
                    names="protocol, country", index=index, where=f"AND kind = 'play' {where}"
                )
                with _leaving_out_broken(day):
                    db.execute(changes, asked.args)
                    for protocol, country, *amount in db.execute(amounts, asked.args):
                        answer.total.add(*amount)
                        answer.protocols[protocol].add(*amount)
                        answer.countries[country or ""].add(*amount)
            answer.points = _curve(db, asked, step_s)
        return answer

    def streams(self, asked: Range) -> dict[tuple[str, str], StreamAnswer]:
        """Return what there was of each stream, by (app, stream)."""
        found: dict[tuple[str, str], StreamAnswer] = defaultdict(StreamAnswer)
        with self._workspace() as db, closing(self._attached(db, asked)) as days:
            for day in days:
                index = _index(asked, day)
                with _leaving_out_broken(day):
                    _add_streams(db, asked, index, found)
            peaks = db.execute(
                "SELECT app, stream, max(count) FROM name JOIN (SELECT stream_id, sum(by) OVER"
                " (PARTITION BY stream_id ORDER BY at_s) AS count FROM change"
                " WHERE at_s < :to_s) AS sweep ON sweep.stream_id = name.id GROUP BY name.id",
                asked.args,
            )
            for app, stream, peak in peaks:
                if (app, stream) in found:
                    found[app, stream].peak = max(0, peak)
        return {
            name: one
            for name, one in found.items()
            if one.viewing.sessions > 0 or one.publishing.sessions > 0
        }

    def sessions(
        self, asked: Range, kind: Kind | None, before: tuple[int, int] | None, limit: int
    ) -> list[SessionRow]:
        """Return sessions that were there within the range, the youngest first.

        ``before`` is (started_ms, row_id) of the last one already seen.
        """
        started_ms, row_id = before or (OPEN_MS, 0)
        args = asked.args | {
            "kind": kind.value if kind else "",
            "started": started_ms,
            "row": row_id,
        }
        found: list[SessionRow] = []
        where = f"AND stream_id IN {_STREAMS}" if asked.app or asked.stream else ""
        best = ""
        if kind is Kind.PUBLISH:
            where += " AND kind = 'publish'"  # literally, so that the small index can be taken
            best = "" if asked.app or asked.stream else "INDEXED BY sessions_published"
        last_day = day_of(started_ms)
        with self._workspace() as db, closing(self._attached(db, asked, last_day)) as days:
            for day in days:
                # Of a day before the range few are left; else they are wanted in order of start.
                is_before = day < day_of(asked.from_s * 1000)
                index = "INDEXED BY sessions_by_end" if is_before else best
                sql = _SESSIONS.format(index=index, where=where)
                with _leaving_out_broken(day):
                    rows = db.execute(sql, args | {"limit": limit - len(found)})
                    found += [_session(row) for row in rows]
                if len(found) >= limit:
                    break
        return found

    @contextmanager
    def _workspace(self) -> Iterator[sqlite3.Connection]:
        """Yield a database of its own, on disk and nameless, that ends with the block."""
        deadline = time.monotonic() + self._limit_s
        with closing(sqlite3.connect("", isolation_level=None, uri=True)) as db:
            db.set_progress_handler(lambda: time.monotonic() > deadline, _PROGRESS_STEPS)
            try:
                db.execute("PRAGMA journal_mode = OFF")
                db.execute(
                    "CREATE TABLE name (id INTEGER PRIMARY KEY, app TEXT, stream TEXT,"
                    " UNIQUE (app, stream))"
                )
                db.execute("CREATE TABLE change (stream_id INTEGER, at_s INTEGER, by INTEGER)")
                yield db
            except sqlite3.Error as exc:
                if time.monotonic() > deadline:
                    raise UpstreamTimeout(
                        f"there is more to count than can be done in {self._limit_s:.0f} s",
                        "Ask for a shorter range, or for one stream.",
                        key="stats_timeout",
                    ) from None
                log.error("stats.query_failed", error=str(exc))
                raise StoreUnavailable(
                    "the statistics cannot be read",
                    "Check that the disk has room; the log of this service has the reason.",
                    key="stats_unavailable",
                ) from None

    def _attached(
        self, db: sqlite3.Connection, asked: Range, last_day: int | None = None
    ) -> Generator[int, None, None]:
        """Attach every file that matters as ``day``, one after the other, the youngest first."""
        if asked.to_s <= asked.from_s:
            return
        until = day_of(asked.to_s * 1000 - 1)
        for day in reversed(self._files.days()):
            if day > (until if last_day is None else min(until, last_day)):
                continue
            is_before = day < day_of(asked.from_s * 1000)
            if is_before and self._known_end(day) <= asked.from_s * 1000:
                continue
            try:
                db.execute("ATTACH ? AS day", (file_uri(self._files.path(day)),))
            except sqlite3.DatabaseError as exc:
                # Removed a moment ago; or broken, then its writer puts it aside.
                log.info("stats.file_unreadable", day=day, error=str(exc))
                continue
            matters = False
            try:
                with _leaving_out_broken(day):
                    # A file that was made this very moment has no tables yet.
                    is_made = db.execute("PRAGMA day.user_version").fetchone()[0] > 0
                    end_ms = self._last_end(db, day) if is_made and is_before else OPEN_MS
                    matters = is_made and end_ms > asked.from_s * 1000
                if matters:
                    yield day
            finally:
                db.execute("DETACH day")

    def _known_end(self, day: int) -> int:
        generation, end_ms = self._ends.get(day, (-1, OPEN_MS))
        return end_ms if generation == self._files.generation(day) else OPEN_MS

    def _last_end(self, db: sqlite3.Connection, day: int) -> int:
        """Return when the last session of the attached file ended."""
        generation = self._files.generation(day)
        row = db.execute(
            "SELECT max(coalesce((SELECT max(ended_ms) FROM day.sessions), 0),"
            " coalesce((SELECT max(minute) + 1 FROM day.sums) * 60000, 0))"
        )
        end_ms: int = row.fetchone()[0]
        self._ends[day] = (generation, end_ms)
        return end_ms


@contextmanager
def _leaving_out_broken(day: int) -> Iterator[None]:
    """Go on without a damaged file: the other days can still be told."""
    try:
        yield
    except sqlite3.DatabaseError as exc:
        if type(exc) is not sqlite3.DatabaseError:  # its subclasses are failures of other kinds
            raise
        log.error("stats.file_broken", file=file_name(day), error=str(exc))


def _curve(db: sqlite3.Connection, asked: Range, step_s: int) -> list[Point]:
    rows = db.execute(
        "SELECT (at_s - :from_s) / :step AS step, max(count), sum(by),"
        " coalesce(sum(by) FILTER (WHERE (at_s - :from_s) % :step = 0), 0)"
        " FROM (SELECT at_s, by, sum(by) OVER (ORDER BY at_s) AS count FROM change"
        " WHERE at_s < :to_s) GROUP BY 1",
        asked.args | {"step": step_s},
    )
    steps = {step: rest for step, *rest in rows}
    points = []
    count = 0
    for step, at_s in enumerate(range(asked.from_s, asked.to_s, step_s)):
        highest, change, at_once = steps.get(step, (0, 0, 0))
        viewers = count + at_once
        points.append(Point(at_s, max(0, viewers), max(0, viewers, highest)))
        count += change
    return points


def _add_streams(
    db: sqlite3.Connection,
    asked: Range,
    index: str,
    found: dict[tuple[str, str], StreamAnswer],
) -> None:
    """Add what the attached file knows of each stream."""
    db.execute("INSERT OR IGNORE INTO name (app, stream) SELECT app, stream FROM day.streams")
    changes = _CHANGES.format(name="name.id", join=_JOIN_NAMES, index=index, where="")
    db.execute(changes, asked.args)
    streams = db.execute("SELECT id, app, stream FROM day.streams")
    names = {row_id: (app, stream) for row_id, app, stream in streams}
    amounts = _AMOUNTS.format(names="kind, stream_id", index=index, where="")
    for kind, stream_id, *amount in db.execute(amounts, asked.args):
        answer = found[names[stream_id]]
        part = answer.viewing if kind == Kind.PLAY else answer.publishing
        part.add(*amount)


def _index(asked: Range, day: int) -> str:
    """Tell SQLite how to find the sessions of a range: it cannot know that most are wanted."""
    return "NOT INDEXED" if day * DAY_MS >= asked.from_s * 1000 else "INDEXED BY sessions_by_end"


def _session(row: tuple[Any, ...]) -> SessionRow:
    row_id, client_id, kind, app, stream, protocol, ip, was_cut, country, agent, *rest = row
    started_ms, ended_ms, send_bytes, recv_bytes, reason = rest
    return SessionRow(
        row_id=row_id,
        client_id=client_id,
        kind=kind,
        app=app,
        stream=stream,
        protocol=protocol,
        ip="" if ip is None else stats_privacy.show(ip, bool(was_cut)),
        country=country,
        user_agent=agent,
        started_ms=started_ms,
        ended_ms=None if ended_ms == OPEN_MS else ended_ms,
        send_bytes=send_bytes,
        recv_bytes=recv_bytes,
        reason=reason,
    )
