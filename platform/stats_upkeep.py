"""What is done to the session log in the course of time: addresses shortened, old days removed."""

from ..core.log import get_logger
from . import stats_privacy
from .stats_files import DAY_MS, DayFiles, day_of, file_name

log = get_logger(__name__)

MAX_REMOVED = 4
"""Days removed for their age in one round: a clock that is wrong for a while costs few."""


class Upkeep:
    """For the thread of the files. Every method does a bounded piece of work; all raise
    sqlite3.Error and OSError."""

    def __init__(self, files: DayFiles, keep_days: int, max_bytes: int) -> None:
        self._files = files
        self._keep_ms = keep_days * DAY_MS
        self._max_bytes = max_bytes
        self._cut: set[int] = set()

    def days_to_cut(self, now_ms: int) -> list[int]:
        """Return the days that may have addresses older than a day."""
        return [
            day
            for day in self._files.days()
            if day not in self._cut and day * DAY_MS < now_ms - stats_privacy.FULL_MS
        ]

    def cut_chunk(self, day: int, after_id: int, now_ms: int) -> int | None:
        """Shorten some addresses of a day. Returns where to go on, None at the end of the day."""
        if not self._files.path(day).exists():
            return None
        with self._files.transaction() as transaction:
            until = stats_privacy.cut_chunk(transaction.on(day), after_id, now_ms)
        if until is None:
            db = self._files.write(day)
            is_emptied = stats_privacy.empty_journal(db)
            if is_emptied and (day + 1) * DAY_MS <= now_ms - stats_privacy.FULL_MS:
                self._cut.add(day)  # what comes later is shortened before it is written
            self._files.close_idle()
        return until

    def remove_old(self, now_ms: int) -> None:
        """Remove days beyond the time that is kept. What began so long ago and ended lately, or
        is still live, stays."""
        horizon_ms = now_ms - self._keep_ms
        old = [day for day in self._files.days() if (day + 1) * DAY_MS <= horizon_ms]
        for day in old[:MAX_REMOVED]:
            if self._latest_end(day) >= horizon_ms:
                self._forget_ended(day, horizon_ms)
            else:
                self._files.remove(day)
                log.info("stats.day_removed", file=file_name(day), reason="age")

    def remove_surplus(self, now_ms: int) -> None:
        """Remove the oldest days while all of them take too much room; never the present one."""
        days = [day for day in self._files.days() if day < day_of(now_ms)]
        while days and self._files.size_bytes() > self._max_bytes:
            day = days.pop(0)
            self._files.remove(day)
            log.warning("stats.day_removed", file=file_name(day), reason="size")

    def remove_put_aside(self, now_ms: int) -> None:
        """Remove broken files after a day: there are full addresses in them."""
        for path in self._files.root.glob("*.broken-*"):
            if path.stat().st_mtime * 1000 < now_ms - stats_privacy.FULL_MS:
                path.unlink(missing_ok=True)

    def _latest_end(self, day: int) -> int:
        row = self._files.write(day).execute("SELECT max(ended_ms) FROM sessions").fetchone()
        self._files.close_idle()
        return row[0] or 0

    def _forget_ended(self, day: int, horizon_ms: int) -> None:
        with self._files.transaction() as transaction:
            db = transaction.on(day)
            db.execute("DELETE FROM sessions WHERE ended_ms < ?", (horizon_ms,))
            db.execute("DELETE FROM addresses WHERE id NOT IN (SELECT id FROM sessions)")
            db.execute("DELETE FROM sums")
