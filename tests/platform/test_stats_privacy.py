"""Addresses are shortened after a day, and nothing of the rest stays in any file."""

import ipaddress
import sqlite3
from pathlib import Path

import pytest

from streamstead.platform import stats_privacy
from streamstead.platform.stats_files import DAY_MS
from streamstead.platform.stats_upkeep import Upkeep

from .visits import DAY_S, NOON, Book, Visit, file_bytes

AT = NOON * 1000


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "stats", now_ms=AT + 60_000)


def shorten(book: Book, upkeep: Upkeep | None = None) -> list[int]:
    """Do a round; return the days that were looked at."""
    upkeep = upkeep or Upkeep(book.files, 90, 1 << 60)
    days = upkeep.days_to_cut(book.now_ms)
    for day in days:
        after: int | None = 0
        while after is not None:
            after = upkeep.cut_chunk(day, after, book.now_ms)
    return days


def forms(ip: str) -> list[bytes]:
    """Return how an address could stand in a file: its own bytes, and as text."""
    address = ipaddress.ip_address(ip)
    return [address.packed, ip.encode(), address.exploded.encode()]


@pytest.mark.parametrize(
    ("full", "short"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("0.0.0.1", "0.0.0.0/24"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1234:5678:9abc::1", "2001:db8:1234::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("not an address", ""),
        ("", ""),
    ],
)
def test_an_address_becomes_its_network(book: Book, full: str, short: str) -> None:
    book.visits(Visit("v1", AT, AT + 1, ip=full))
    shown = book.row().ip
    assert shown == full.partition("%")[0].removeprefix("::ffff:") or shown == ""
    book.now_ms = AT + DAY_MS + 1
    shorten(book)
    assert book.row().ip == short
    packed = stats_privacy.pack(full)
    if packed != stats_privacy.NONE:  # the database and the program shorten the same way
        assert stats_privacy.show(stats_privacy.cut(packed), True) == short


def test_an_address_is_kept_for_a_day_from_the_start_of_its_session(book: Book) -> None:
    book.visits(Visit("old", AT), Visit("young", AT + 1_000))
    book.now_ms = AT + DAY_MS + 500
    shorten(book)
    assert {row.client_id: row.ip for row in book.rows()} == {
        "old": "203.0.113.0/24",
        "young": "203.0.113.77",
    }
    book.now_ms += 1_000
    shorten(book)
    assert {row.ip for row in book.rows()} == {"203.0.113.0/24"}


@pytest.mark.parametrize("count", [50, 25_000])
def test_the_bytes_of_full_addresses_are_gone_from_all_files(book: Book, count: int) -> None:
    """More than one chunk, ends and corrections in between: pages were rewritten many times."""
    visits = [
        Visit(
            f"v{n}",
            AT + n,
            AT + n + 40_000,
            ip=str(ipaddress.IPv4Address(0xC6120000 + n * 3 + 1))
            if n % 2
            else str(ipaddress.IPv6Address((0x20010DB8 << 96) + ((n * 7919) << 40) + n + 1)),
        )
        for n in range(count)
    ]
    for first in range(0, count, 500):
        some = visits[first : first + 500]
        book.log.record([visit.began() for visit in some])
        book.log.record([visit.ended() for visit in some[::2]])
        book.log.record([visit.closed(AT + 50_000, 1 << 40, 5) for visit in some[::4]])
    sample = [visits[0], visits[1], visits[count // 2], visits[-1]]
    content = file_bytes(book.root)
    assert all(forms(visit.ip)[0] in content for visit in sample), "the test sees what is there"
    book.now_ms = AT + 3 * DAY_MS
    shorten(book)
    content = file_bytes(book.root)
    # The host's part of no address may be left, wherever it could stand.
    left = [visit.ip for visit in visits[:: max(1, count // 400)] if forms(visit.ip)[0] in content]
    assert left == []
    assert not any(text in content for visit in sample for text in forms(visit.ip)[1:])
    book.files.close()
    assert not any(forms(visit.ip)[0] in file_bytes(book.root) for visit in sample)


def test_what_is_written_late_is_shortened_before_it_is_written(book: Book) -> None:
    visit = Visit("late", AT, AT + 5, ip="198.51.100.213")
    book.now_ms = AT + DAY_MS + 1
    book.log.record([visit.ended()])
    assert book.row().ip == "198.51.100.0/24"
    assert forms(visit.ip)[0] not in file_bytes(book.root)


def test_sessions_beyond_the_limit_of_a_day_leave_no_address(tmp_path: Path) -> None:
    book = Book(tmp_path / "stats", now_ms=AT + 60_000, max_rows=1)
    visits = [Visit(f"v{n}", AT + n, AT + 9_000, ip=f"198.51.100.{n + 1}") for n in range(9)]
    book.log.record([visit.began() for visit in visits])
    assert not any(forms(visit.ip)[0] in file_bytes(book.root) for visit in visits[1:])


def test_a_reader_in_the_way_only_delays_it(book: Book) -> None:
    visit = Visit("v1", AT, ip="198.51.100.213")
    book.visits(visit)
    book.now_ms = AT + 3 * DAY_MS
    upkeep = Upkeep(book.files, 90, 1 << 60)
    book.files.write(NOON // DAY_S).execute("PRAGMA busy_timeout = 10")
    reader = sqlite3.connect(book.files.path(NOON // DAY_S))
    cursor = reader.execute("SELECT * FROM sessions")
    cursor.fetchone()
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM addresses").fetchall()
    assert shorten(book, upkeep)
    assert shorten(book, upkeep), "not done while the old page may still be in the journal"
    reader.close()
    assert shorten(book, upkeep)
    assert forms(visit.ip)[0] not in file_bytes(book.root)
    assert shorten(book, upkeep) == [], "a finished day is not looked at again"
