"""Why a child ended, in words; the messages are those of FFmpeg 5.1 against real servers."""

import signal

import pytest

from streamstead.ffmpeg_forward.child import Ending
from streamstead.ffmpeg_forward.reasons import reason_in_words


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            [
                "[tcp @ 0x55] Connection to tcp://127.0.0.1:1 failed: Connection refused",
                "[rtmp @ 0x55] Cannot open connection tcp://127.0.0.1:1?tcp_nodelay=0",
            ],
            "nothing listens at the target",
        ),
        (["rtmp://h/live/demo?secret=***: Input/output error"], "the target refused the stream"),
        (
            [
                "[rtmp @ 0x55] Server error: Already publishing",
                "rtmp://h/live/demo?secret=***: Operation not permitted",
            ],
            "another encoder is publishing this stream",
        ),
        (
            [
                "av_interleaved_write_frame(): Broken pipe",
                "    Last message repeated 4 times",
                "Error closing file rtmp://h/live/demo?secret=***: Broken pipe",
            ],
            "the target closed the connection",
        ),
        (["Unknown encoder 'libx264'"], "this ffmpeg has no H.264 encoder (libx264)"),
        (["something new"], "something new"),
        ([], "ffmpeg ended with status 1"),
    ],
)
def test_messages_become_words(lines: list[str], words: str) -> None:
    assert reason_in_words(Ending(1), lines) == words


def test_a_stall_a_signal_and_a_quiet_end_have_words_too() -> None:
    assert "stood still" in reason_in_words(Ending(-15, stalled=True), ["Broken pipe"])
    assert reason_in_words(Ending(-signal.SIGKILL), []) == "ffmpeg was ended by SIGKILL"
    assert reason_in_words(Ending(127), ["sh: exec: not found"]) == "ffmpeg cannot be run"
    assert reason_in_words(Ending(None), []) == "ffmpeg ended by itself"
