"""How the house was: fine for the last hour (memory), by the minute for 30 days (a small file).

It needs no Prometheus. A minute costs one row of some 100 bytes: about 5 MB in 30 days.
"""

import sqlite3
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from ...core.log import get_logger

log = get_logger(__name__)

NAMES = (
    "cpu",
    "memory",
    "disk",
    "net_rx",
    "net_tx",
    "streams",
    "viewers",
    "outputs_live",
    "callbacks_rate",
    "callback_p95_ms",
)
FINE_S = 3600
KEEP_S = 31 * 86_400
MINUTE_S = 60
PRUNE_EVERY = 60
"""Minutes between two prunings."""

Point = tuple[int, float | None]
Sample = Mapping[str, float | None]


class History:
    """``<data>/stats/monitor.db``: table ``minute``, one row a minute with an average of each name.

    All calls but ``note`` block on the disk for a moment.
    """

    def __init__(self, path: Path, fine_step_s: float = 5.0) -> None:
        self._path = path
        self._fine: deque[tuple[int, Sample]] = deque(maxlen=int(FINE_S / fine_step_s) + 12)
        self._minute: list[Sample] = []
        self._at = 0
        self._writes = 0

    def note(self, at_ms: int, sample: Sample) -> Callable[[], None] | None:
        """Keep what was measured. Returns, once a minute, what writes the minute that is over."""
        self._fine.append((at_ms, sample))
        at = at_ms // 1000 // MINUTE_S * MINUTE_S
        over, was = self._minute, self._at
        if at == was:
            self._minute.append(sample)
            return None
        self._minute, self._at = [sample], at
        if not over:
            return None
        return lambda: self._write(was, over)

    def points(self, names: Sequence[str], from_ms: int, to_ms: int, step_s: int) -> "Series":
        """Return name -> points from ``from_ms`` on, one a step; None where nothing is known.

        A step below a minute is answered from memory where there is something. Raises
        sqlite3.Error.
        """
        step_ms = step_s * 1000
        first = from_ms // step_ms
        count = max(1, to_ms // step_ms - first + 1)
        sums: dict[str, list[float]] = {name: [0.0] * count for name in names}
        seen: dict[str, list[int]] = {name: [0] * count for name in names}

        def put(at_ms: int, sample: Sample) -> None:
            number = at_ms // step_ms - first
            if not 0 <= number < count:
                return
            for name in names:
                value = sample.get(name)
                if value is not None:
                    sums[name][number] += value
                    seen[name][number] += 1

        fine_from = self._fine[0][0] if self._fine else to_ms
        coarse_to = fine_from if step_s < MINUTE_S else to_ms
        for at_s, *values in self._rows(names, from_ms // 1000, coarse_to // 1000):
            row = dict(zip(names, values, strict=True))
            # A minute fills all the shorter steps in it.
            for part in range(0, MINUTE_S, min(step_s, MINUTE_S)):
                if (at_s + part) * 1000 < coarse_to:
                    put((at_s + part) * 1000, row)
        if step_s < MINUTE_S:
            for at_ms, sample in list(self._fine):
                put(at_ms, sample)
        elif self._minute:
            for sample in self._minute:
                put(self._at * 1000, sample)
        return {
            name: [
                (
                    (first + number) * step_ms,
                    round(sums[name][number] / seen[name][number], 3)
                    if seen[name][number]
                    else None,
                )
                for number in range(count)
            ]
            for name in names
        }

    def first_ms(self) -> int | None:
        """Return when the oldest known minute began. Raises sqlite3.Error."""
        with closing(self._open()) as db:
            found = db.execute("SELECT min(at_s) FROM minute").fetchone()[0]
        return None if found is None else int(found) * 1000

    def _rows(self, names: Sequence[str], from_s: int, to_s: int) -> list[tuple[int, ...]]:
        columns = ", ".join(name for name in names if name in NAMES)
        with closing(self._open()) as db:
            return db.execute(
                f"SELECT at_s, {columns} FROM minute WHERE at_s >= ? AND at_s <= ?",  # noqa: S608
                (from_s // MINUTE_S * MINUTE_S, to_s),
            ).fetchall()

    def _write(self, at_s: int, samples: Sequence[Sample]) -> None:
        """Write one minute; an unusable file is begun anew, for it can be done without."""
        values = []
        for name in NAMES:
            known = [value for sample in samples if (value := sample.get(name)) is not None]
            values.append(sum(known) / len(known) if known else None)
        try:
            self._insert(at_s, values)
        except sqlite3.OperationalError as exc:  # a full disk: the file itself is well
            log.warning("history.not_kept", error=str(exc))
        except sqlite3.DatabaseError as exc:
            log.error("history.broken", error=str(exc))
            self._path.unlink(missing_ok=True)

    def _insert(self, at_s: int, values: list[float | None]) -> None:
        marks = ", ".join("?" * (len(NAMES) + 1))
        with closing(self._open()) as db:
            db.execute(f"INSERT OR REPLACE INTO minute VALUES ({marks})", (at_s, *values))  # noqa: S608
            self._writes += 1
            if self._writes % PRUNE_EVERY == 1:
                # Also what a wrong clock has put into the future.
                db.execute("DELETE FROM minute WHERE at_s < ? OR at_s > ?", (at_s - KEEP_S, at_s))

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(mode=0o750, exist_ok=True)
        if not self._path.exists():
            self._path.touch(0o660)
        db = sqlite3.connect(self._path, isolation_level=None, timeout=2)
        db.execute("PRAGMA synchronous=NORMAL")
        columns = ", ".join(f"{name} REAL" for name in NAMES)
        db.execute(f"CREATE TABLE IF NOT EXISTS minute (at_s INTEGER PRIMARY KEY, {columns})")
        return db


Series = dict[str, list[Point]]
