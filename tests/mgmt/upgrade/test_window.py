"""The maintenance window, against the clock that people read and in every hour of summer time."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streamstead.core.errors import Invalid
from streamstead.mgmt.upgrade.window import Window

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu",
         "Pacific/Apia", "America/Sao_Paulo", "Africa/Casablanca"]  # fmt: skip
windows = st.builds(
    Window,
    start=st.integers(0, 23),
    duration=st.integers(1, 24),
    zone=st.sampled_from(ZONES),
)
instants = st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))


def an_opening(window: Window, at: datetime) -> datetime:
    """Return when the window opens next after it was closed once."""
    while window.is_open(at):
        at += timedelta(minutes=30)
    return window.next_open(at)


@pytest.mark.parametrize(
    ("start", "duration", "inside", "outside"),
    [
        (1, 8, (1, 8), (0, 9, 10)),
        (20, 6, (20, 23, 0, 1), (2, 3, 12, 19)),
        (5, 24, (0, 4, 5, 23), ()),
        (23, 1, (23,), (0, 22)),
    ],
)
def test_it_is_open_from_its_first_hour_up_to_its_end(
    start: int, duration: int, inside: tuple[int, ...], outside: tuple[int, ...]
) -> None:
    window = Window(start=start, duration=duration)
    for hour in inside:
        assert window.is_open(datetime(2026, 3, 10, hour, 59, 59, tzinfo=UTC))
    for hour in outside:
        assert not window.is_open(datetime(2026, 3, 10, hour, 0, tzinfo=UTC))


def test_its_hours_are_those_of_its_zone() -> None:
    window = Window(start=3, duration=1, zone="Asia/Shanghai")
    assert window.is_open(datetime(2026, 3, 9, 19, 30, tzinfo=UTC))
    assert not window.is_open(datetime(2026, 3, 9, 3, 30, tzinfo=UTC))


def test_an_hour_that_the_clock_skips_or_repeats_neither_loses_nor_doubles_the_window() -> None:
    window = Window(start=2, duration=2, zone="Europe/Berlin")
    spring = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 02:00 does not exist: 03:00 it is
    assert window.next_open(spring - timedelta(hours=2)) == spring
    autumn = datetime(2026, 10, 25, 0, 0, tzinfo=UTC)  # the first of two 02:00
    assert window.next_open(autumn - timedelta(hours=2)) == autumn
    assert not window.is_open(autumn + timedelta(hours=2))


@settings(max_examples=60)
@given(windows, instants)
def test_it_opens_again_within_a_day_and_is_open_then(window: Window, at: datetime) -> None:
    opens = window.next_open(at)
    assert timedelta(0) <= opens - at < timedelta(hours=27)
    assert window.is_open(opens)
    if opens != at:
        assert not window.is_open(opens - timedelta(seconds=1))


@settings(max_examples=60)
@given(windows.filter(lambda window: window.duration < 20), instants)
def test_it_stays_open_for_exactly_its_length(window: Window, at: datetime) -> None:
    opens = an_opening(window, at)
    length = timedelta(hours=window.duration)
    assert window.is_open(opens + length - timedelta(seconds=1))
    assert not window.is_open(opens + length)


@settings(max_examples=60)
@given(windows.filter(lambda window: window.duration < 20), instants)
def test_it_opens_when_the_clock_on_the_wall_says_so(window: Window, at: datetime) -> None:
    opens = an_opening(window, at)
    wall = opens.astimezone(ZoneInfo(window.zone))
    before = (opens - timedelta(seconds=1)).astimezone(ZoneInfo(window.zone))
    skipped = wall.utcoffset() != before.utcoffset()
    assert skipped or (wall.hour, wall.minute) == (window.start, 0)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "/etc/localtime"])
def test_an_unknown_zone_is_refused_in_words(zone: str) -> None:
    with pytest.raises(Invalid) as refused:
        Window.checked(1, 4, zone)
    assert refused.value.key == "window_zone"


def test_a_zone_that_the_machine_has_lost_counts_as_utc() -> None:
    window = Window(start=1, duration=1, zone="Mars/Olympus")
    assert window.is_open(datetime(2026, 1, 1, 1, 30, tzinfo=UTC))
