"""How a child is judged while it runs."""

from pathlib import Path

import pytest

from streamstead.ffmpeg_forward.transcode.problems import problem_of_run
from streamstead.ffmpeg_forward.transcode.work import Pace, left_over


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def run(pace: Pace, clock: Clock, seconds: float, speed: float, media_ms: float = 0) -> float:
    for _ in range(int(seconds * 2)):
        clock.now += 0.5
        media_ms += 500 * speed
        pace.feed(int(media_ms))
    return media_ms


def test_who_falls_behind_for_twenty_seconds_is_slow_until_it_has_recovered() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.speed is None
    media_ms = run(pace, clock, 30, 1.0)
    assert (pace.speed, pace.slow) == (1.0, False)
    media_ms = run(pace, clock, 15, 0.5, media_ms)
    assert (pace.speed, pace.slow) == (0.5, False)
    media_ms = run(pace, clock, 15, 0.5, media_ms)
    assert pace.slow
    run(pace, clock, 15, 1.0, media_ms)
    assert (pace.speed, pace.slow) == (1.0, False)


def test_a_long_good_past_hides_nothing() -> None:
    clock = Clock()
    pace = Pace(clock)
    media_ms = run(pace, clock, 3600, 1.0)
    run(pace, clock, 30, 0.8, media_ms)
    assert pace.slow


def test_a_new_run_begins_anew() -> None:
    clock = Clock()
    pace = Pace(clock)
    run(pace, clock, 40, 0.5)
    pace.feed(0)
    assert (pace.speed, pace.slow) == (None, False)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("Stream map '0:v:0' matches no streams.", "transcode_no_video"),
        ("Server error: Already publishing", "transcode_busy"),
        ("rtmp://127.0.0.1/live/cam_a: Input/output error", "transcode_connection"),
        ("Unknown encoder 'libx264'", "transcode_no_ffmpeg"),
        ("nobody has seen this before", "transcode_ended"),
    ],
)
def test_why_a_child_ended_is_told_in_words(line: str, key: str) -> None:
    told = problem_of_run("ffmpeg ended with status 1", ["before", line])
    assert told.key == key
    assert told.message
    assert told.help


def test_a_silent_source_is_told() -> None:
    told = problem_of_run("the media stood still; ffmpeg was stopped", [])
    assert told.key == "transcode_stalled"


def test_children_of_others_are_not_ours(tmp_path: Path) -> None:
    for name in ("ffmpeg-transcode-ab12.json", "ffmpeg-relay-x.json", "transcode-ab12.json"):
        (tmp_path / name).touch()
    assert left_over(tmp_path) == ["ab12"]
