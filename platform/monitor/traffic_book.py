"""How much each interface received and sent on each day, across reboots and our own restarts."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from ...core.log import get_logger

log = get_logger(__name__)

KEEP_DAYS = 400


class TrafficBook:
    """``<data>/stats/traffic.db``. ``day``: bytes by interface and UTC day. ``last``: the counters
    of the kernel as last seen, with the run of the machine (boot id) that they
    belong to.

    All calls block on the disk for a moment. Raises sqlite3.Error, OSError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def note(self, counters: Mapping[str, tuple[int, int]], boot: str, at_ms: int) -> None:
        """Add what the counters have grown by since they were last seen.

        After a reboot, or when an interface was made anew, they began at nothing again. An
        interface never seen before begins at what it shows: what it counted before us is not ours.
        A file that is no database is put aside under another name.
        """
        try:
            self._note(counters, boot, at_ms)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as exc:
            log.error("traffic.broken", error=str(exc))
            self._path.replace(self._path.with_suffix(".broken"))

    def _note(self, counters: Mapping[str, tuple[int, int]], boot: str, at_ms: int) -> None:
        day = datetime.fromtimestamp(at_ms / 1000, UTC).date().isoformat()
        with closing(self._open()) as db, db:
            known = {
                name: (rx, tx, was_boot)
                for name, rx, tx, was_boot in db.execute("SELECT interface, rx, tx, boot FROM last")
            }
            for name, (rx, tx) in counters.items():
                before = known.get(name)
                grown = (0, 0)
                if before is not None:
                    anew = boot != before[2] or rx < before[0] or tx < before[1]
                    grown = (rx, tx) if anew else (rx - before[0], tx - before[1])
                elif known:
                    grown = (rx, tx)  # it came while we were looking
                db.execute(
                    "INSERT INTO last VALUES (?, ?, ?, ?) ON CONFLICT (interface) "
                    "DO UPDATE SET rx = excluded.rx, tx = excluded.tx, boot = excluded.boot",
                    (name, rx, tx, boot),
                )
                db.execute(
                    "INSERT INTO day VALUES (?, ?, ?, ?) ON CONFLICT (interface, day) "
                    "DO UPDATE SET rx = rx + excluded.rx, tx = tx + excluded.tx",
                    (name, day, *grown),
                )
            oldest = (date.fromisoformat(day) - timedelta(days=KEEP_DAYS)).isoformat()
            db.execute("DELETE FROM day WHERE day < ?", (oldest,))

    def used(self, interface: str, first: date, after: date) -> tuple[int, int]:
        """Return (received, sent) bytes from the day ``first`` on, before the day ``after``."""
        with closing(self._open()) as db:
            rx, tx = db.execute(
                "SELECT coalesce(sum(rx), 0), coalesce(sum(tx), 0) FROM day "
                "WHERE interface = ? AND day >= ? AND day < ?",
                (interface, first.isoformat(), after.isoformat()),
            ).fetchone()
        return int(rx), int(tx)

    def began(self, interface: str) -> date | None:
        """Return the first day that is known of an interface."""
        with closing(self._open()) as db:
            [found] = db.execute(
                "SELECT min(day) FROM day WHERE interface = ?", (interface,)
            ).fetchone()
        return None if found is None else date.fromisoformat(found)

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o750, exist_ok=True)
        if not self._path.exists():
            self._path.touch(0o660)
        db = sqlite3.connect(self._path, timeout=2)
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute(
            "CREATE TABLE IF NOT EXISTS last "
            "(interface TEXT PRIMARY KEY, rx INT, tx INT, boot TEXT)"
        )
        db.execute(
            "CREATE TABLE IF NOT EXISTS day "
            "(interface TEXT, day TEXT, rx INT, tx INT, PRIMARY KEY (interface, day))"
        )
        return db


def month_of(day: date, resets_on_day: int) -> tuple[date, date]:
    """Return the first day of the month of the quota that a day lies in, and of the next one."""
    first = day.replace(day=resets_on_day)
    if first > day:
        first = (first.replace(day=1) - timedelta(days=1)).replace(day=resets_on_day)
    return first, (first.replace(day=1) + timedelta(days=32)).replace(day=resets_on_day)
