"""Viewers over time against a model that counts them one by one."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streamstead.core.errors import UpstreamTimeout
from streamstead.core.registry import Kind
from streamstead.platform.stats_queries import Range, StatsReader

from .visits import DAY_S, NOON, Book, Visit

MIDNIGHT = NOON + DAY_S // 2
FOREVER = 1 << 60


@contextmanager
def scratch_book() -> Iterator[Book]:
    root = Path(tempfile.mkdtemp(prefix="ss-"))
    try:
        book = Book(root / "stats", now_ms=(NOON + 3 * DAY_S) * 1000)
        yield book
        book.files.close()
    finally:
        shutil.rmtree(root)


# Around a midnight, to the millisecond, so that ends and beginnings fall on the same moments.
moments = st.one_of(
    st.integers(MIDNIGHT - 40, MIDNIGHT + 40).map(lambda second: second * 1000),
    st.integers((MIDNIGHT - 40) * 1000, (MIDNIGHT + 40) * 1000),
    st.integers((NOON - 2 * DAY_S) * 1000, (MIDNIGHT + 100) * 1000),
)
lengths = st.one_of(st.integers(0, 3_000), st.integers(0, 90_000), st.integers(0, 3 * DAY_S * 1000))


@st.composite
def visit_lists(draw: st.DrawFn) -> list[Visit]:
    visits = []
    for number in range(draw(st.integers(0, 25))):
        since_ms = draw(moments)
        stays = draw(st.integers(0, 4)) == 0
        visits.append(
            Visit(
                f"v{number}",
                since_ms,
                None if stays else since_ms + draw(lengths),
                kind=draw(st.sampled_from(["play", "play", "play", "publish"])),
                protocol=draw(st.sampled_from(["hls", "rtmp"])),
                stream=draw(st.sampled_from(["cam", "door"])),
            )
        )
    return visits


def end_of(visit: Visit) -> int:
    return FOREVER if visit.ended_ms is None else visit.ended_ms


def count_at(visits: list[Visit], at_s: int) -> int:
    return sum(1 for one in visits if one.since_ms <= at_s * 1000 < end_of(one))


def overlap_ms(visits: list[Visit], asked: Range) -> list[int]:
    """Return how long each of those that were there was there."""
    from_ms, to_ms = asked.from_s * 1000, asked.to_s * 1000
    return [
        min(end_of(one), to_ms) - max(one.since_ms, from_ms)
        for one in visits
        if one.since_ms < to_ms and end_of(one) > from_ms
    ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    visits=visit_lists(),
    from_s=st.integers(MIDNIGHT - 60, MIDNIGHT + 30),
    length_s=st.integers(1, 60),
    step_s=st.integers(1, 25),
    stream=st.sampled_from(["", "cam", "door"]),
)
def test_the_curve_is_that_of_the_intervals(
    visits: list[Visit], from_s: int, length_s: int, step_s: int, stream: str
) -> None:
    asked = Range(from_s, from_s + length_s, "live" if stream else "", stream)
    with scratch_book() as book:
        book.visits(*visits)
        answer = book.reader.viewers(asked, step_s)
        streams = book.reader.streams(asked)
        listed = book.reader.sessions(asked, None, None, 1_000)
    plays = [one for one in visits if one.kind == "play" and stream in ("", one.stream)]
    assert [(p.at_s, p.viewers, p.peak) for p in answer.points] == [
        (
            at_s,
            count_at(plays, at_s),
            max(count_at(plays, t) for t in range(at_s, min(at_s + step_s, asked.to_s))),
        )
        for at_s in range(asked.from_s, asked.to_s, step_s)
    ]
    assert answer.total.sessions == len(overlap_ms(plays, asked))
    assert answer.total.watch_ms == sum(overlap_ms(plays, asked))
    for protocol, amount in answer.protocols.items():
        mine = overlap_ms([one for one in plays if one.protocol == protocol], asked)
        assert (amount.sessions, amount.watch_ms) == (len(mine), sum(mine))
    for (_, name), found in streams.items():
        mine = [one for one in visits if one.stream == name]
        plays = [one for one in mine if one.kind == "play"]
        publishes = [one for one in mine if one.kind == "publish"]
        assert found.viewing.sessions == len(overlap_ms(plays, asked))
        assert found.publishing.watch_ms == sum(overlap_ms(publishes, asked))
        assert found.peak == max(count_at(plays, t) for t in range(asked.from_s, asked.to_s))
    there = [one for one in visits if stream in ("", one.stream) and overlap_ms([one], asked)]
    assert sorted(row.client_id for row in listed) == sorted(one.client_id for one in there)
    assert [row.started_ms for row in listed] == sorted(
        (one.since_ms for one in there), reverse=True
    )


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(visits=visit_lists(), keep=st.integers(0, 10), from_min=st.integers(-3, 2))
def test_at_full_minutes_the_sums_tell_the_same_as_the_sessions(
    visits: list[Visit], keep: int, from_min: int
) -> None:
    asked = Range(MIDNIGHT + 60 * from_min, MIDNIGHT + 60 * (from_min + 4))
    with scratch_book() as book:
        book.log._max_rows = keep
        book.visits(*visits)
        answer = book.reader.viewers(asked, 60)
        rows = book.rows()
    plays = [one for one in visits if one.kind == "play"]
    kept = {row.client_id for row in rows}
    for one in plays:
        if one.client_id not in kept:  # known to the minute only
            assert one.ended_ms is not None
            one.since_ms -= one.since_ms % 60_000
            one.ended_ms -= one.ended_ms % 60_000
    expected = [count_at(plays, at_s) for at_s in range(asked.from_s, asked.to_s, 60)]
    assert [point.viewers for point in answer.points] == expected


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "stats", now_ms=(NOON + 3 * DAY_S) * 1000)


def test_who_comes_in_the_last_moment_is_not_in_the_peak(book: Book) -> None:
    book.visits(Visit("v1", NOON * 1000 + 9_500))
    (found,) = book.reader.streams(Range(NOON, NOON + 10)).values()
    assert (found.peak, found.viewing.sessions, found.viewing.watch_ms) == (0, 1, 500)
    assert book.curve(NOON, NOON + 10, 10) == [(0, 0)]


def test_who_came_long_before_the_range_is_counted(book: Book) -> None:
    book.visits(
        Visit("ten days", (NOON - 10 * DAY_S) * 1000),
        Visit("five days", (NOON - 5 * DAY_S) * 1000, (NOON + 2) * 1000),
        Visit("gone", (NOON - 5 * DAY_S) * 1000, (NOON - 4 * DAY_S) * 1000),
    )
    for _ in range(2):  # the second time the reader knows which files matter
        assert book.curve(NOON, NOON + 4) == [(2, 2), (2, 2), (1, 1), (1, 1)]
    book.log.record([Visit("gone", (NOON - 6 * DAY_S) * 1000, (NOON + 1) * 1000).ended()])
    assert book.curve(NOON, NOON + 2) == [(3, 3), (2, 2)], "a file that changed is looked at again"


def test_days_without_a_file_are_zero(book: Book) -> None:
    assert book.curve(NOON - 5, NOON) == [(0, 0)] * 5
    assert book.rows() == []
    assert book.reader.streams(Range(NOON, NOON + 9)) == {}


def test_an_answer_that_takes_too_long_is_given_up(book: Book) -> None:
    book.visits(*(Visit(f"v{n}", NOON * 1000 + n, NOON * 1000 + 2 * n) for n in range(5_000)))
    hasty = StatsReader(book.files, limit_s=0)
    with pytest.raises(UpstreamTimeout) as caught:
        hasty.streams(Range(NOON, NOON + 60))
    assert caught.value.key == "stats_timeout"


def test_a_damaged_day_is_left_out_and_the_others_are_told(book: Book) -> None:
    book.visits(
        *(Visit(f"v{n}", (NOON - DAY_S) * 1000 + n, NOON * 1000) for n in range(2_000)),
        Visit("today", NOON * 1000),
    )
    book.files.close()
    path = book.files.path(NOON // DAY_S - 1)
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    asked = Range(NOON - 2 * DAY_S, NOON + 10)
    assert book.reader.viewers(asked, 3600).total.sessions == 1
    assert [row.client_id for row in book.reader.sessions(asked, None, None, 9)] == ["today"]
    path.write_bytes(b"no database at all " * 1_000)
    assert book.reader.viewers(asked, 3600).total.sessions == 1


def test_pages_stay_where_they_are_while_sessions_are_added(book: Book) -> None:
    """Sessions of the same moment, of two days, and new ones in between the questions."""
    first = [Visit(f"a{n}", (MIDNIGHT + n // 4 - 3) * 1000, None) for n in range(24)]
    book.visits(*first)
    asked = Range(NOON, MIDNIGHT + 100)
    seen: list[str] = []
    before: tuple[int, int] | None = None
    for page in range(100):
        rows = book.reader.sessions(asked, None, before, 5)
        seen += [row.client_id for row in rows]
        if len(rows) < 5:
            break
        before = (rows[-1].started_ms, rows[-1].row_id)
        book.visits(*(Visit(f"new{page}-{n}", (MIDNIGHT + 50 + n) * 1000) for n in range(3)))
        first[page].ended_ms = (MIDNIGHT + 99) * 1000
        book.log.record([first[page].ended()])
    assert len(seen) == len(set(seen))
    assert set(seen) == {visit.client_id for visit in first}


def test_publishers_and_viewers_can_be_listed_apart(book: Book) -> None:
    book.visits(
        Visit("p1", NOON * 1000, kind="publish"),
        Visit("p2", NOON * 1000, kind="publish", stream="door"),
        Visit("v1", NOON * 1000),
    )
    asked = Range(NOON, NOON + 9)

    def names(kind: Kind | None, stream: str = "") -> list[str]:
        mine = Range(NOON, NOON + 9, "", stream)
        return sorted(row.client_id for row in book.reader.sessions(mine, kind, None, 9))

    assert names(Kind.PUBLISH) == ["p1", "p2"]
    assert names(Kind.PLAY) == ["v1"]
    assert names(Kind.PUBLISH, "door") == ["p2"]
    assert [row.client_id for row in book.reader.sessions(asked, Kind.PUBLISH, (NOON * 1000, 2), 9)]
