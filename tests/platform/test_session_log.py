"""Events become rows, once each, in the file of the day on which the session began."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.events import Event, EventType
from streamstead.platform.session_log import OpenSession
from streamstead.platform.stats_files import DayFiles
from streamstead.platform.stats_queries import Range

from .visits import DAY_S, NOON, Book, Visit, event, merged

AT = NOON * 1000


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "stats", now_ms=AT + 3_600_000)


def test_a_viewer_is_open_until_it_leaves(book: Book) -> None:
    visit = Visit("v1", AT, AT + 5_000)
    book.log.record([visit.began()])
    row = book.row()
    assert (row.client_id, row.kind, row.protocol, row.ended_ms) == ("v1", "play", "flv", None)
    assert (row.app, row.stream, row.ip, row.user_agent) == (
        *("live", "cam", "203.0.113.77"),
        "VLC/3.0.18",
    )
    book.log.record([visit.ended(sent=70, received=7, reason="on_stop")])
    row = book.row()
    assert (row.ended_ms, row.send_bytes, row.recv_bytes) == (AT + 5_000, 70, 7)
    assert row.reason == "on_stop"


@pytest.mark.parametrize("late_ms", [0, 50_000])
def test_bytes_are_corrected_when_the_connection_closes(book: Book, late_ms: int) -> None:
    visit = Visit("v1", AT, AT + 5_000)
    book.visits(visit)
    book.log.record([visit.closed(AT + 5_000 + late_ms, 900, 90)])
    assert (book.row().send_bytes, book.row().recv_bytes) == (900, 90)


def test_a_repeated_end_does_not_undo_the_exact_bytes(book: Book) -> None:
    visit = Visit("v1", AT, AT + 5_000)
    book.log.record([visit.began(), visit.closed(AT + 4_000, 900, 90), visit.ended(sent=1)])
    book.log.record([visit.ended(sent=2)])
    assert (book.row().send_bytes, book.row().ended_ms) == (900, AT + 5_000)


def test_events_that_come_again_change_nothing(book: Book) -> None:
    visits = [Visit(f"v{n}", AT + n, AT + 1_000 * n) for n in range(1, 50)]
    events = merged(
        [visit.began() for visit in visits],
        [visit.ended() for visit in visits[:30]],
        [visit.closed(AT + 60_000, 5, 5) for visit in visits[:20]],
    )
    book.log.record(events)
    rows = book.rows()
    for first in (0, 40, 70):
        book.log.record(events[first:])
        assert book.rows() == rows


def test_an_end_whose_beginning_was_lost_is_a_whole_session(book: Book) -> None:
    book.log.record([Visit("v1", AT, AT + 5_000).ended(sent=70)])
    row = book.row()
    assert (row.started_ms, row.ended_ms, row.send_bytes) == (AT, AT + 5_000, 70)


def test_a_client_id_that_is_used_again_is_another_session(book: Book) -> None:
    first, second = Visit("v1", AT, AT + 5_000), Visit("v1", AT + 60_000)
    events = [
        first.began(),
        first.ended(),
        first.closed(AT + 6_000, 11, 1),
        second.began(),
    ]
    book.log.record(events)
    book.log.record(events)  # the bytes of the first must not go to the second now
    younger, older = book.rows()
    assert (older.ended_ms, older.send_bytes) == (AT + 5_000, 11)
    assert (younger.ended_ms, younger.send_bytes) == (None, 0)


def test_a_late_correction_finds_its_session_after_a_restart(book: Book) -> None:
    visit = Visit("v1", AT - DAY_S * 1000, AT + 5_000)
    book.visits(visit)
    book.files.close()
    again = Book(book.root, book.now_ms)
    again.log.record([visit.closed(AT + 6_000, 900, 90)])
    assert again.row().send_bytes == 900


def test_a_session_over_midnight_belongs_to_the_day_it_began(book: Book) -> None:
    midnight = (NOON + DAY_S // 2) * 1000
    book.now_ms = midnight + 3_600_000
    over, new = Visit("v1", midnight - 1, midnight + 60_000), Visit("v2", midnight, midnight + 1)
    book.visits(over, new)
    assert sorted(path.name for path in book.root.glob("*.sqlite")) == [
        "2026-09-21.sqlite",
        "2026-09-22.sqlite",
    ]
    from_s = midnight // 1000 - 2
    assert book.curve(from_s, from_s + 4) == [(0, 0), (0, 0), (2, 2), (1, 1)]
    first_day = Range(from_s, midnight // 1000)
    assert [row.client_id for row in book.reader.sessions(first_day, None, None, 9)] == ["v1"]


def test_the_end_of_the_media_server_ends_its_sessions(book: Book) -> None:
    visit = Visit("v1", AT, AT + 9_000)
    repaired = event(
        EventType.REGISTRY_REPAIRED, AT + 9_000, {"client_id": "v1", "repair": "removed"}
    )
    book.log.record([visit.began(), repaired])
    assert (book.row().ended_ms, book.row().reason) == (AT + 9_000, "lost")
    book.log.record([visit.ended(sent=3, reason="lost")])
    assert (book.row().send_bytes, book.row().reason) == (3, "lost")


def test_a_guessed_end_gives_way_to_the_real_one(book: Book) -> None:
    visit = Visit("v1", AT, AT + 9_000)
    book.log.record([visit.began()])
    assert book.log.open_sessions() == [OpenSession("v1", AT)]
    book.log.lose(book.log.open_sessions(), AT + 2_000)
    assert book.row().ended_ms == AT + 2_000
    assert book.log.open_sessions() == []
    book.log.record([visit.ended(reason="on_stop")])
    assert (book.row().ended_ms, book.row().reason) == (AT + 9_000, "on_stop")


@pytest.mark.parametrize("back_ms", [1, 3_600_000])
def test_a_clock_set_back_makes_no_session_of_negative_length(book: Book, back_ms: int) -> None:
    book.log.record([Visit("v1", AT, AT - back_ms).ended()])
    assert book.row().ended_ms == AT
    assert book.curve(NOON - 1, NOON + 2) == [(0, 0)] * 3


def test_a_clock_that_was_ahead_leaves_the_other_days_alone(book: Book) -> None:
    ahead = AT + 400 * DAY_S * 1000
    book.visits(Visit("v1", AT, AT + 1_000))
    book.now_ms = ahead
    book.visits(Visit("v2", ahead))
    book.now_ms = AT + 3_600_000
    book.visits(Visit("v3", AT + 2_000))
    assert [row.client_id for row in book.rows()] == ["v3", "v1"]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"client_id": ""},
        {"client_id": "x" * 200},
        {"kind": "listen"},
        {"since_ms": "soon"},
        {"since_ms": 5},
        {"since_ms": 1 << 80},
        {"send_bytes": 1 << 70},
        {"send_bytes": -1},
        {"stream": "s" * 300},
        {"app": None},
    ],
)
def test_an_event_that_makes_no_sense_is_left_out(book: Book, data: dict[str, Any]) -> None:
    good = Visit("v2", AT, AT + 1)
    whole = Visit("v1", AT, AT + 1).ended()
    bad = Event("1-1", "x", whole.type, AT, "", {**whole.data, **data} if data else {})
    book.log.record([bad, good.began()])
    assert [row.client_id for row in book.rows()] == ["v2"]


def test_odd_names_are_kept_as_they_are(book: Book) -> None:
    visit = Visit("v'1;--", AT, AT + 1, stream="cäm\x00' OR 1=1", user_agent="🎥" * 400, ip="unix")
    book.visits(visit)
    row = book.row()
    assert (row.client_id, row.stream, row.ip) == (visit.client_id, visit.stream, "")
    assert row.user_agent == "🎥" * 256
    mine = Range(NOON, NOON + 5, "", visit.stream)
    assert len(book.reader.sessions(mine, None, None, 5)) == 1


def test_a_transaction_that_fails_leaves_nothing(book: Book) -> None:
    visits = [Visit("v1", AT, AT + 1), Visit("v2", AT - DAY_S * 1000, AT + 1)]

    class Failing:
        def __call__(self, ip: str) -> str | None:
            if ip == "203.0.113.1":
                raise sqlite3.OperationalError("database or disk is full")
            return None

    book.log._country = Failing()
    with pytest.raises(sqlite3.OperationalError):
        book.visits(*visits, Visit("v3", AT, ip="203.0.113.1"))
    assert book.rows() == []
    book.visits(*visits)
    assert [row.client_id for row in book.rows()] == ["v1", "v2"]


class TestBeyondTheLimitOfADay:
    @pytest.fixture
    def small(self, tmp_path: Path) -> Book:
        return Book(tmp_path / "stats", now_ms=AT + 3_600_000, max_rows=3)

    visits = [Visit(f"v{n}", AT + n * 1_000, AT + 120_000 + n) for n in range(10)]

    def test_only_so_many_sessions_are_kept_and_the_sums_go_on(self, small: Book) -> None:
        small.visits(*self.visits)
        assert len(small.rows()) == 3
        answer = small.reader.viewers(Range(NOON - 60, NOON + 300), 60)
        assert answer.total.sessions == 10
        assert answer.total.watch_ms == sum(v.ended_ms - v.since_ms for v in self.visits)  # type: ignore[operator]
        assert [point.viewers for point in answer.points] == [0, 8, 10, 2, 0, 0]

    def test_who_is_still_there_is_seen_one_by_one(self, small: Book) -> None:
        small.log.record([visit.began() for visit in self.visits])
        assert len(small.rows()) == len(small.log.open_sessions()) == 10
        assert small.curve(NOON + 30, NOON + 31) == [(10, 10)]

    def test_the_sums_count_an_event_once_however_often_it_comes(self, small: Book) -> None:
        began = [visit.began() for visit in self.visits]
        ended = [visit.ended() for visit in self.visits]
        small.log.record(began + ended)
        before = small.reader.viewers(Range(NOON - 60, NOON + 300), 60)
        for again in (began + ended, ended, began[5:] + ended):
            small.log.record(again)
            small.files.close()
            restarted = Book(small.root, small.now_ms, max_rows=3)
            restarted.log.record(again)
            restarted.files.close()
        after = small.reader.viewers(Range(NOON - 60, NOON + 300), 60)
        assert after == before
        assert len(small.rows()) == 3

    def test_an_end_without_a_beginning_is_counted_too(self, small: Book) -> None:
        small.visits(*self.visits[:3])
        late = self.visits[5].ended()
        small.log.record([late])
        small.log.record([late])
        assert small.reader.viewers(Range(NOON, NOON + 300), 60).total.sessions == 4

    def test_a_day_that_takes_too_much_room_is_full_as_well(self, tmp_path: Path) -> None:
        small = Book(tmp_path / "stats", now_ms=AT + 3_600_000, max_bytes=1)
        small.visits(*self.visits)
        assert small.rows() == []
        assert small.reader.viewers(Range(NOON, NOON + 300), 60).total.sessions == 10


def test_a_file_that_is_no_database_is_put_aside(book: Book) -> None:
    book.root.mkdir()
    path = DayFiles(book.root).path(NOON // DAY_S)
    path.write_bytes(b"this is no database, " * 500)
    book.visits(Visit("v1", AT, AT + 1))
    assert book.row().client_id == "v1"
    assert path.with_name(path.name + ".broken-1").read_bytes().startswith(b"this is no")


def test_twenty_thousand_sessions_are_all_there(book: Book) -> None:
    visits = [Visit(f"v{n}", AT + n, AT + n + 1_000 + n % 7) for n in range(20_000)]
    events = sorted(
        merged([visit.began() for visit in visits], [visit.ended() for visit in visits]),
        key=lambda one: one.at_ms,
    )
    for first in range(0, len(events), 200):
        book.log.record(events[first : first + 200])
        if first % 5_000 == 0:
            book.log.record(events[max(0, first - 100) : first + 200])
    answer = book.reader.viewers(Range(NOON - 1, NOON + 30), 1)
    assert answer.total.sessions == 20_000
    assert answer.total.watch_ms == sum(v.ended_ms - v.since_ms for v in visits)  # type: ignore[operator]
    assert book.log.open_sessions() == []
