"""A programme from real encoders to a real server: whatever happens to the encoders, the far end
sees one connection that never stops. ``tests/bench/programme_faults.py`` is the long form."""

from collections.abc import Iterator

import pytest

from streamstead.core.rtmp.chunk import AUDIO, VIDEO

from ..alone import Alone, alone
from ..conftest import free_port, wait_until
from ..ffmpeg_forward.sinks import RtmpSink, rtmp_sink
from .programme_show import (
    WHITE,
    Camera,
    How,
    Loss,
    Player,
    decode,
    on_air,
    preview,
    stretches,
    unheard,
)

CAMERAS = (Camera("cam", 60), Camera("studio", 120, "480x270", 30, 48000))
LOSSES = (
    Loss("cam", How.CLOSE, 0.2),
    Loss("cam", How.KILL, 2.0),
    Loss("cam", How.FREEZE, 3.0),
)


@pytest.fixture
def house() -> Iterator[Alone]:
    with alone(free_port, "engine", "hooks", "ffmpeg_forward") as found:
        yield found


@pytest.fixture
def sink() -> Iterator[RtmpSink]:
    with rtmp_sink() as found:
        yield found


def test_a_show_with_losses_is_one_session_that_plays_from_beginning_to_end(
    house: Alone, sink: RtmpSink
) -> None:
    with on_air(house, sink, CAMERAS) as show:
        show.wait_on_air("slate")
        wait_until(show.output_is_live, "the output is live", 60)
        player = Player(sink.port)
        show.begin("cam")
        show.wait_on_air("cam")
        for loss in LOSSES:
            show.lose(loss)
            show.wait_on_air("cam")
        show.begin("studio")
        wait_until(
            lambda: show.programme()["source_states"][1]["state"] == "ready", "it is ready", 60
        )
        show.call("programme/take", id=show.id, source="live/studio")
        show.wait_on_air("studio")
        # The other one takes over by itself, and none of it is missed while it is away.
        show.lose(Loss("studio", How.KILL, 0.5), lambda: show.wait_on_air("cam"))
        show.call("programme/take", id=show.id, source="slate")
        show.wait_on_air("slate")
        show.call("programme/release", id=show.id)
        show.wait_on_air("cam")
        slate = preview(show)
        received = player.end()
        assert len(sink.sessions()) == 1
        assert sink.sessions()[0].ended_s is None

    for kind in (AUDIO, VIDEO):
        stamps = received.stamps(kind)
        assert stamps == sorted(set(stamps)), "timestamps only grow"
        assert received.largest_gap_ms(kind) <= 500
    decoded = decode(received)
    assert decoded.complaints == ""
    shown = stretches(decoded, CAMERAS, slate)
    names = [stretch.what for stretch in shown]
    assert "?" not in names, "there is nothing but cameras and the slate"
    assert names.count("slate") >= 4
    assert {"cam", "studio"} < set(names)
    for stretch in shown:
        if stretch.what != "slate":
            assert stretch.first.brightness >= WHITE, "it comes back with its key frame"
    assert len(unheard(decoded, 100)) <= len(names), "sound and picture are together"
