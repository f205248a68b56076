"""The session log stays within its time and its room."""

import os
from pathlib import Path

import pytest

from streamstead.platform.stats_files import DAY_MS
from streamstead.platform.stats_upkeep import MAX_REMOVED, Upkeep

from .visits import DAY_S, NOON, Book, Visit

AT = NOON * 1000
NOW = AT + 100 * DAY_MS


@pytest.fixture
def book(tmp_path: Path) -> Book:
    book = Book(tmp_path / "stats", now_ms=NOW, keep_days=200)
    for day in range(0, 101, 10):
        book.visits(Visit(f"d{day}", AT + day * DAY_MS, AT + day * DAY_MS + 1_000))
    return book


def days(book: Book) -> list[int]:
    """Return the days that have a file, counted from the first one."""
    return [day - NOON // DAY_S for day in book.files.days()]


def test_days_beyond_the_time_are_removed(book: Book) -> None:
    Upkeep(book.files, 65, 1 << 60).remove_old(NOW)
    assert days(book) == [40, 50, 60, 70, 80, 90, 100]
    assert not [path for path in book.root.iterdir() if path.name.startswith("2026-09-21")]


def test_a_clock_far_ahead_removes_few_days_at_a_time(book: Book) -> None:
    Upkeep(book.files, 65, 1 << 60).remove_old(NOW + 5_000 * DAY_MS)
    assert len(days(book)) == 11 - MAX_REMOVED


def test_a_stream_that_is_live_for_months_keeps_its_session(book: Book) -> None:
    book.log.record([Visit("camera", AT + 5, kind="publish").began()])
    Upkeep(book.files, 65, 1 << 60).remove_old(NOW)
    assert days(book)[:2] == [0, 40]
    assert book.files.write(NOON // DAY_S).execute("SELECT client_id FROM sessions").fetchall() == [
        ("camera",)
    ]


def test_what_began_before_the_time_is_not_written_any_more(tmp_path: Path) -> None:
    book = Book(tmp_path / "stats", now_ms=NOW, keep_days=50)
    book.visits(Visit("ancient", AT, AT + 1))
    assert days(book) == []


def test_the_oldest_days_go_when_the_room_is_used_up(book: Book) -> None:
    book.files.close()
    one = book.files.size_bytes(book.files.days()[0])
    Upkeep(book.files, 900, 4 * one + one // 2).remove_surplus(NOW)
    assert days(book) == [70, 80, 90, 100]


def test_the_present_day_is_never_removed(book: Book) -> None:
    Upkeep(book.files, 900, 1).remove_surplus(NOW)
    assert days(book) == [100]


def test_broken_files_go_after_a_day(book: Book) -> None:
    broken = book.root / "2026-01-01.sqlite.broken-1"
    broken.write_bytes(b"?")
    os.utime(broken, (NOW / 1000 - 3_600, NOW / 1000 - 3_600))
    upkeep = Upkeep(book.files, 900, 1 << 60)
    upkeep.remove_put_aside(NOW)
    assert broken.exists()
    upkeep.remove_put_aside(NOW + DAY_MS)
    assert not broken.exists()


def test_files_of_other_names_are_left_alone(book: Book) -> None:
    for name in ("notes.txt", "2026-13-45.sqlite", "x2026-01-01.sqlite"):
        (book.root / name).write_text("mine")
    upkeep = Upkeep(book.files, 1, 1)
    upkeep.remove_old(NOW)
    upkeep.remove_surplus(NOW)
    assert {"notes.txt", "2026-13-45.sqlite", "x2026-01-01.sqlite"} <= set(os.listdir(book.root))
