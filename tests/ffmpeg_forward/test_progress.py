"""Progress of FFmpeg, however odd its numbers are."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.ffmpeg_forward.progress import Progress, ProgressParser

BLOCK = """\
frame=61
fps=30.50
stream_0_0_q=23.0
bitrate=1200.4kbits/s
total_size=305152
out_time_us=2033333
out_time_ms=2033333
out_time=00:00:02.033333
dup_frames=0
drop_frames=0
speed=1.02x
progress=continue
"""


def parse(text: str) -> list[Progress]:
    parser = ProgressParser()
    return [found for line in text.splitlines() if (found := parser.feed(line))]


def test_a_block_becomes_one_progress_in_milliseconds() -> None:
    assert parse(BLOCK) == [
        Progress(out_time_ms=2033, frame=61, fps=30.5, speed=1.02, total_size=305152)
    ]


def test_numbers_before_the_first_packet_count_as_nothing() -> None:
    text = "fps=0.00\ntotal_size=N/A\nout_time_us=N/A\nspeed=N/A\nprogress=continue\n"
    text += "out_time_us=-9223372036854775808\nspeed=   0x\nprogress=continue\n"
    assert parse(text) == [Progress(), Progress(speed=0.0)]


def test_the_last_block_says_that_it_is_the_last() -> None:
    assert parse("out_time_us=1000\nprogress=end\n")[0].ended


def test_a_block_does_not_inherit_from_the_one_before() -> None:
    assert parse(BLOCK + "progress=continue\n")[1] == Progress()


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "1e999", "x", ""])
def test_impossible_speeds_are_unknown(value: str) -> None:
    assert parse(f"speed={value}x\nprogress=continue\n")[0].speed is None


@given(st.lists(st.text(max_size=40), max_size=30))
def test_noise_never_breaks_the_parser_nor_the_next_block(noise: list[str]) -> None:
    parser = ProgressParser()
    for line in noise:
        parser.feed(line)
    parser.feed("progress=continue")
    found = [p for line in BLOCK.splitlines() if (p := parser.feed(line))]
    assert found[-1].out_time_ms == 2033


@given(
    st.integers(0, 10**15),
    st.integers(0, 10**9),
    st.none() | st.integers(0, 10**15),
    st.floats(0, 1000),
)
def test_every_number_that_was_written_is_read_back(
    time_us: int, frame: int, size: int | None, speed: float
) -> None:
    shown = "N/A" if size is None else size
    text = f"frame={frame}\nout_time_us={time_us}\ntotal_size={shown}\nspeed={speed!r}x\n"
    (found,) = parse(text + "progress=continue\n")
    assert found == Progress(time_us // 1000, frame, 0.0, speed, size)
