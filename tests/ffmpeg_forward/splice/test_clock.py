"""One time for both tracks of a source, whatever its timestamps do."""

from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.rtmp.chunk import AUDIO, VIDEO
from streamstead.ffmpeg_forward.splice.clock import BACK_MS, NEAR_MS, SourceClock


def test_it_begins_at_0() -> None:
    assert SourceClock().place(VIDEO, 4_000_000_000, 0) == 0


def test_a_wrap_is_a_step_like_any_other() -> None:
    clock = SourceClock()
    assert clock.place(VIDEO, 2**32 - 20, 0) == 0
    assert clock.place(AUDIO, 2**32 - 10, 0) == 10
    assert clock.place(VIDEO, 20, 40) == 40
    assert clock.place(AUDIO, 30, 40) == 50


def test_the_other_track_follows_a_leap_to_the_same_place() -> None:
    for leap in (-50_000, 50_000, 2**31 + 5):
        clock = SourceClock()
        for at in range(100_000, 101_000, 20):
            clock.place(VIDEO, at, at)
            clock.place(AUDIO, at + 10, at)
        first = clock.place(VIDEO, (101_000 + leap) % 2**32, 101_000)
        assert first == 1010
        assert clock.place(AUDIO, 101_010, 101_010) == 1010, "it has not leapt yet"
        assert clock.place(AUDIO, (101_030 + leap) % 2**32, 101_030) == first + 30


def test_a_hole_in_one_track_is_no_leap() -> None:
    clock = SourceClock()
    for at in range(0, 9000, 20):
        clock.place(AUDIO, at, 0)
        if not 1000 < at < 8000:
            assert clock.place(VIDEO, at, 0) == at


def test_a_pause_of_the_source_is_kept() -> None:
    clock = SourceClock()
    clock.place(VIDEO, 0, 0)
    assert clock.place(VIDEO, 20_000, 20_000) == 20_000


def test_tracks_that_were_never_together_go_on_side_by_side() -> None:
    clock = SourceClock()
    for at in range(0, 2000, 40):
        assert clock.place(VIDEO, at, at) - clock.place(AUDIO, at + 9_000_000, at) in (0, -20)


@given(
    st.lists(
        st.tuples(st.sampled_from((AUDIO, VIDEO)), st.integers(0, 2**32 - 1), st.integers(0, 500))
    )
)
def test_time_goes_forward_whatever_comes(story: list[tuple[int, int, int]]) -> None:
    clock = SourceClock()
    last = dict.fromkeys((AUDIO, VIDEO), -NEAR_MS)
    now_ms = 0
    for track, stamp, passed_ms in story:
        now_ms += passed_ms
        at = clock.place(track, stamp, now_ms)
        assert at >= last[track] - BACK_MS
        last[track] = at
        assert clock.top >= at
