"""What is in a tag: as Adobe wrote it, and as enhanced RTMP does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.rtmp.chunk import AUDIO, DATA, VIDEO, Message
from streamstead.ffmpeg_forward.splice.media import MediaMeter, SlateParams, metadata_of
from streamstead.ffmpeg_forward.splice.tags import Look, is_colour, look


def seen(kind: int, payload: bytes) -> Look:
    return look(Message(kind, 0, payload))


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        (b"\x17\x00\x00\x00\x00\x01", Look("video", "avc", header=True, body=5)),
        (b"\x17\x01\x00\x00\x50x", Look("video", "avc", key=True, frame=True, cts_ms=80, body=5)),
        (b"\x27\x01\xff\xff\xd8x", Look("video", "avc", frame=True, cts_ms=-40, body=5)),
        (b"\x17\x02\x00\x00\x00", Look("video", "avc", end_of_sequence=True)),
        (b"\x1c\x00\x00\x00\x00\x01", Look("video", "hevc", header=True, body=5)),
        (b"\x12\x00", Look("video", "h263", key=True, frame=True, body=1)),
        (b"\x90hvc1\x01", Look("video", "hevc", header=True, body=5)),
        (
            b"\x91hvc1\x00\x00\x28x",
            Look("video", "hevc", key=True, frame=True, cts_ms=40, body=8),
        ),
        (b"\xa3hvc1x", Look("video", "hevc", frame=True, body=5)),
        (b"\x91av01x", Look("video", "av1", key=True, frame=True, body=5)),
        (b"\x95av01x", Look("video", "av1", header=True, body=5)),
        (b"\x92avc1", Look("video", "avc", end_of_sequence=True)),
        (b"\x97\x02\x00\x00\x00\x03hvc1x", Look("video", "hevc", key=True, frame=True, body=10)),
        (b"\x96\x01avc1x", Look("other")),
        (b"\x57\x00\x00\x00\x00x", Look("other")),
        (b"\x17\x01\x00\x00\x00", Look("other")),
        (b"\x91mp4ax", Look("other")),
        (b"\x91", Look("other")),
        (b"", Look("other")),
    ],
)
def test_video(payload: bytes, wanted: Look) -> None:
    assert seen(VIDEO, payload) == wanted


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        (b"\xaf\x00\x12\x10", Look("audio", "aac", header=True, body=2)),
        (b"\xaf\x01x", Look("audio", "aac", frame=True, body=2)),
        (b"\x2fx", Look("audio", "mp3", frame=True, body=1)),
        (b"\x90Opusx", Look("audio", "opus", header=True, body=5)),
        (b"\x91Opusx", Look("audio", "opus", frame=True, body=5)),
        (b"\x91mp4ax", Look("audio", "aac", frame=True, body=5)),
        (b"\x95\x00Opusx", Look("other")),
        (b"\x91hvc1x", Look("other")),
        (b"\xaf\x01", Look("other")),
        (b"\xcfx", Look("other")),
    ],
)
def test_audio(payload: bytes, wanted: Look) -> None:
    assert seen(AUDIO, payload) == wanted


def test_colours_of_enhanced_rtmp_are_neither_frame_nor_header() -> None:
    found = seen(VIDEO, b"\x94hvc1\x02\x00\x09colorInfo")
    assert is_colour(found)
    assert not found.frame
    assert not found.header


def test_data_and_anything_else() -> None:
    assert seen(DATA, b"").kind == "data"
    assert seen(20, b"x").kind == "other"


@given(st.sampled_from((AUDIO, VIDEO, DATA)), st.binary(max_size=80))
def test_garbage_is_looked_at_without_harm(kind: int, payload: bytes) -> None:
    meter = MediaMeter()
    message = Message(kind, 0, payload)
    meter.feed(message, 0)
    look(message)
    metadata_of(payload)
    SlateParams.of(meter.info())


@given(
    st.sampled_from(
        (b"\x17\x00\x00\x00\x00", b"\x90hvc1", b"\x90av01", b"\xaf\x00", b"\x2f\xff", b"\x90Opus")
    ),
    st.binary(max_size=120),
)
def test_broken_headers_tell_nothing_wrong(start: bytes, rest: bytes) -> None:
    meter = MediaMeter()
    for kind in (AUDIO, VIDEO):
        meter.feed(Message(kind, 0, start + rest), 0)
    info = meter.info()
    assert 0 <= info.width <= 16384
    assert 0 <= info.audio_rate <= 192_000
