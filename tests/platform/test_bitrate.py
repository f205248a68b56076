"""What a stream carries, from counters that do not move with every byte."""

from streamstead.platform.bitrate import SPAN_MS, STILL_MS, Bitrate

KBPS = 800
STEP_S = (3, 5)
"""How often a real SRS moves the counters on: of RTMP, of WebRTC."""


def count(at_ms: int, step_s: int) -> int:
    """Return the bytes of a stream of 800 kbit/s that are counted every ``step_s``."""
    return at_ms // (step_s * 1000) * step_s * KBPS * 1000 // 8


def test_a_steady_stream_is_never_silent_however_often_it_is_looked_at() -> None:
    for step_s in STEP_S:
        for every_ms in (500, 2000, 2300, 10_000):
            bitrate = Bitrate()
            shown = []
            for at_ms in range(0, 120_000, every_ms):
                bitrate.note(at_ms, count(at_ms, step_s), 0)
                shown.append(bitrate.kbps(at_ms))
            known = [one[0] for one in shown if one is not None]
            assert len(known) > len(shown) // 2
            assert min(known) > KBPS // 2
            assert max(known) < KBPS * 2


def test_one_that_has_stopped_is_silent_soon() -> None:
    bitrate = Bitrate()
    for at_ms in range(0, 20_000, 1000):
        bitrate.note(at_ms, at_ms * 100, at_ms * 50)
    assert bitrate.kbps(19_000) == (800, 400)
    assert bitrate.kbps(19_000 + STILL_MS) == (0, 0)


def test_what_keeps_a_connection_open_is_no_picture() -> None:
    bitrate = Bitrate()
    bitrate.note(0, 1_000_000, 0)
    for at_ms in range(5000, 5000 + 2 * SPAN_MS, 5000):
        bitrate.note(at_ms, 1_000_000 + at_ms // 50, 0)
    assert bitrate.kbps(20_000) == (0, 0)


def test_nothing_is_told_before_there_is_something_to_compare() -> None:
    bitrate = Bitrate()
    assert bitrate.kbps(0) is None
    bitrate.note(1000, 5000, 0)
    assert bitrate.kbps(1000) is None


def test_another_publisher_begins_anew() -> None:
    bitrate = Bitrate()
    bitrate.note(0, 0, 0)
    bitrate.note(3000, 300_000, 0)
    bitrate.note(6000, 100, 0)
    assert bitrate.kbps(6000) is None
    bitrate.note(9000, 300_100, 0)
    assert bitrate.kbps(9000) == (800, 0)
