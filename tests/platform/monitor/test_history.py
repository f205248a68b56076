"""How the house was, as it is remembered without Prometheus."""

import sqlite3
from itertools import pairwise
from pathlib import Path

import pytest

from streamstead.platform.monitor.forecast import days_until
from streamstead.platform.monitor.history import KEEP_S, NAMES, History

BEGAN_MS = 1_700_000_040_000 // 60_000 * 60_000
Minutes = dict[str, float | None]


def fill(history: History, minutes: int, first: int = 0) -> None:
    """Note a look every 5 s; the processor shows the number of the minute."""
    for minute in range(first, first + minutes):
        for look in range(12):
            sample: Minutes = dict.fromkeys(NAMES, 1.0) | {"cpu": float(minute)}
            if write := history.note(BEGAN_MS + minute * 60_000 + look * 5_000, sample):
                write()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stats" / "monitor.db"


def test_the_last_hour_is_fine(path: Path) -> None:
    history = History(path)
    fill(history, 10)
    now = BEGAN_MS + 10 * 60_000 - 5_000
    points = history.points(["cpu"], now - 120_000, now, 15)["cpu"]
    assert [value for _, value in points[1:]] == [8.0] * 4 + [9.0] * 4
    assert all(after[0] - before[0] == 15_000 for before, after in pairwise(points))


def test_a_restart_leaves_what_was_written_by_the_minute(path: Path) -> None:
    fill(History(path), 30)
    later = History(path)
    fill(later, 5, first=40)
    now = BEGAN_MS + 45 * 60_000 - 5_000
    points = dict(later.points(["cpu"], BEGAN_MS, now, 60)["cpu"])
    assert points[BEGAN_MS + 10 * 60_000] == 10.0
    assert points[BEGAN_MS + 35 * 60_000] is None
    assert points[BEGAN_MS + 44 * 60_000] == 44.0
    fine = dict(later.points(["cpu"], BEGAN_MS, now, 15)["cpu"])
    assert fine[BEGAN_MS + 10 * 60_000 + 45_000] == 10.0
    assert fine[BEGAN_MS + 44 * 60_000 + 45_000] == 44.0


def test_long_steps_are_averages(path: Path) -> None:
    history = History(path)
    fill(history, 61)
    now = BEGAN_MS + 61 * 60_000
    points = dict(history.points(["cpu", "memory"], BEGAN_MS, now, 1_800)["cpu"])
    whole = [at for at in points if BEGAN_MS <= at <= BEGAN_MS + 30 * 60_000]
    first = (whole[0] - BEGAN_MS) // 60_000
    assert points[whole[0]] == first + 14.5


def test_what_was_not_measured_is_a_gap(path: Path) -> None:
    history = History(path)
    history.note(BEGAN_MS, {"cpu": 1.0, "callback_p95_ms": None})
    found = history.points(["cpu", "callback_p95_ms"], BEGAN_MS, BEGAN_MS, 15)
    assert found["callback_p95_ms"] == [(BEGAN_MS // 15_000 * 15_000, None)]


def test_only_a_month_is_kept(path: Path) -> None:
    history = History(path)
    fill(history, 3)
    later = History(path)
    fill(later, 2, first=KEEP_S // 60 + 5)
    with sqlite3.connect(path) as db:
        [rows] = db.execute("SELECT count(*) FROM minute").fetchone()
    db.close()
    assert rows == 1


def test_a_month_takes_little_room(path: Path) -> None:
    History(path).points(["cpu"], 0, 0, 60)
    with sqlite3.connect(path) as db:
        marks = ", ".join("?" * (len(NAMES) + 1))
        rows = ([60 * at, *([12.345] * len(NAMES))] for at in range(30 * 24 * 60))
        db.executemany(f"INSERT INTO minute VALUES ({marks})", rows)  # noqa: S608
    db.close()
    assert path.stat().st_size < 6_000_000


def test_a_broken_file_is_begun_anew(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database at all" * 100)
    history = History(path)
    fill(history, 3)
    points = dict(history.points(["cpu"], BEGAN_MS, BEGAN_MS + 120_000, 60)["cpu"])
    assert points[BEGAN_MS + 60_000] == 1.0


@pytest.mark.parametrize(
    ("values", "days"),
    [
        ([50.0, 52.5, 55.0, 57.5, 60.0], 4.0),
        ([60.0, 57.5, 55.0, 52.5, 50.0], None),
        ([50.0, 50.0, 50.0, 50.0], None),
        ([50.0, 60.0], None),
    ],
)
def test_the_forecast_is_a_line_through_what_was(values: list[float], days: float | None) -> None:
    points = [(0.25 * at, value) for at, value in enumerate(values)]
    assert days_until(points, 100.0) == days
