"""The traffic of the month, whatever becomes of the counters it is made of."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from streamstead.platform.monitor.traffic import TrafficPlan, traffic_now
from streamstead.platform.monitor.traffic_book import TrafficBook, month_of

NOON_MS = round(datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp() * 1000)
DAY_MS = 86_400_000
ALL = (date(2000, 1, 1), date(2100, 1, 1))


@pytest.fixture
def book(tmp_path: Path) -> TrafficBook:
    return TrafficBook(tmp_path / "stats" / "traffic.db")


def test_only_what_comes_after_the_first_look_is_ours(book: TrafficBook) -> None:
    book.note({"eth0": (5_000, 9_000)}, "a", NOON_MS)
    book.note({"eth0": (5_100, 9_250)}, "a", NOON_MS + 60_000)
    assert book.used("eth0", *ALL) == (100, 250)


def test_after_a_reboot_the_counters_begin_at_nothing(book: TrafficBook) -> None:
    book.note({"eth0": (5_000, 9_000)}, "a", NOON_MS)
    book.note({"eth0": (5_100, 9_250)}, "a", NOON_MS + 60_000)
    book.note({"eth0": (70, 30)}, "b", NOON_MS + 120_000)
    assert book.used("eth0", *ALL) == (170, 280)
    # Also when they have come further than before by then.
    book.note({"eth0": (99_000, 30_000)}, "c", NOON_MS + 180_000)
    assert book.used("eth0", *ALL) == (99_170, 30_280)


def test_our_own_restart_loses_nothing(book: TrafficBook, tmp_path: Path) -> None:
    book.note({"eth0": (0, 0)}, "a", NOON_MS)
    again = TrafficBook(tmp_path / "stats" / "traffic.db")
    again.note({"eth0": (10, 20)}, "a", NOON_MS + 3_600_000)
    assert again.used("eth0", *ALL) == (10, 20)


def test_an_interface_that_was_made_anew_counts_from_nothing(book: TrafficBook) -> None:
    book.note({"wg0": (5_000, 5_000)}, "a", NOON_MS)
    book.note({"wg0": (10, 20)}, "a", NOON_MS + 60_000)
    assert book.used("wg0", *ALL) == (10, 20)


def test_days_are_kept_apart(book: TrafficBook) -> None:
    book.note({"eth0": (0, 0)}, "a", NOON_MS)
    book.note({"eth0": (1, 10)}, "a", NOON_MS + 60_000)
    book.note({"eth0": (3, 30)}, "a", NOON_MS + DAY_MS)
    assert book.used("eth0", date(2026, 11, 21), date(2026, 11, 22)) == (1, 10)
    assert book.used("eth0", date(2026, 11, 22), date(2026, 11, 23)) == (2, 20)


@pytest.mark.parametrize(
    ("day", "resets", "first", "after"),
    [
        ("2026-11-21", 1, "2026-11-01", "2026-12-01"),
        ("2026-11-21", 21, "2026-11-21", "2026-12-21"),
        ("2026-11-20", 21, "2026-10-21", "2026-11-21"),
        ("2027-01-05", 28, "2026-12-28", "2027-01-28"),
        ("2028-02-29", 28, "2028-02-28", "2028-03-28"),
        ("2026-12-31", 1, "2026-12-01", "2027-01-01"),
    ],
)
def test_a_month_begins_on_its_day(day: str, resets: int, first: str, after: str) -> None:
    found = month_of(date.fromisoformat(day), resets)
    assert [one.isoformat() for one in found] == [first, after]


def test_the_forecast_is_for_the_day_on_which_the_quota_begins_anew(book: TrafficBook) -> None:
    book.note({"eth0": (0, 0)}, "a", NOON_MS - 10 * DAY_MS - DAY_MS // 2)
    book.note({"eth0": (10_000, 21_000)}, "a", NOON_MS)
    traffic = traffic_now(book, TrafficPlan(quota_gb=0.00005, count="both"), "eth0", NOON_MS)
    assert (traffic.rx_bytes, traffic.tx_bytes, traffic.used_bytes) == (10_000, 21_000, 31_000)
    assert (traffic.quota_bytes, traffic.resets_on) == (50_000, "2026-12-01")
    assert traffic.since == "2026-11-11"
    assert traffic.forecast_bytes == round(31_000 + 31_000 / 10.5 * 9.5)
    out = traffic_now(book, TrafficPlan(), "eth0", NOON_MS)
    assert (out.used_bytes, out.quota_bytes) == (21_000, None)


def test_a_book_that_cannot_be_read_is_begun_anew(tmp_path: Path) -> None:
    (tmp_path / "t.db").write_bytes(b"nothing" * 200)
    book = TrafficBook(tmp_path / "t.db")
    traffic = traffic_now(book, TrafficPlan(), "eth0", NOON_MS)
    assert (traffic.used_bytes, traffic.forecast_bytes) == (0, 0)
    for at, sent in enumerate((5, 7, 10)):
        book.note({"eth0": (0, sent)}, "a", NOON_MS + at)
    assert book.used("eth0", *ALL) == (0, 3)
