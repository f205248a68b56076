"""What a stream is like: told by real encoders' headers, measured from what comes."""

import pytest

from streamstead.core.rtmp.amf import encode
from streamstead.core.rtmp.chunk import AUDIO, DATA, VIDEO, Message
from streamstead.ffmpeg_forward.splice import aac, av1, h264, hevc, mp3
from streamstead.ffmpeg_forward.splice.media import MediaMeter, SlateParams, metadata_of
from streamstead.ffmpeg_forward.splice.picture import Picture

from .tape import Encoder

# Written by libx264, libx265 and libsvtav1.
AVC = bytes.fromhex(
    "014d401effe10019674d401eda0280bfa9b0110000030001000003003c0f162ea001000468ef0fc8"
)
HEVC = bytes.fromhex(
    "0102200000009000000000003ff000fcfdfafa00000f03200001001840010c01ffff022000000300"
    "90000003000003003f959809210001002b42010102200000030090000003000003003fa005020169"
    "365959a4932bc05a02000003000200000300321022000100074401c172b46240"
)
AV1 = bytes.fromhex("81010c000a0b0000000cc4ff6700be0010")


def test_h264_tells_size_profile_level_and_rate() -> None:
    assert h264.describe(AVC) == Picture(638, 358, "main", "3.0", "yuv420p", 30.0)


def test_hevc_tells_size_profile_and_depth() -> None:
    assert hevc.describe(HEVC) == Picture(640, 360, "main10", "2.1", "yuv420p10le")


def test_av1_tells_size_and_profile() -> None:
    assert av1.describe(AV1) == Picture(640, 360, "main", "2.1", "yuv420p")


def test_what_stands_behind_thousands_of_empty_units_is_not_looked_for() -> None:
    empty = b"\x12\0" * 2000
    assert av1.describe(AV1[:4] + empty + AV1[4:]) == Picture(0, 0, "main", "2.1", "yuv420p")


@pytest.mark.parametrize("describe", [h264.describe, hevc.describe, av1.describe])
@pytest.mark.parametrize("record", [AVC, HEVC, AV1])
def test_headers_that_end_early_are_no_harm(describe, record: bytes) -> None:  # type: ignore[no-untyped-def]
    for end in range(len(record)):
        picture = describe(record[:end])
        assert (picture.width > 0) == (picture.height > 0)


@pytest.mark.parametrize(
    ("config", "rate", "channels", "frame_ms"),
    [
        ("1210", 44100, 2, 1024 / 44.1),
        ("1188", 48000, 1, 1024 / 48),
        ("2b8a08", 44100, 1, 1024 / 22.05),
        ("1214", 44100, 2, 960 / 44.1),
    ],
)
def test_aac_tells_rate_and_channels(
    config: str, rate: int, channels: int, frame_ms: float
) -> None:
    found = aac.describe(bytes.fromhex(config))
    assert found is not None
    assert (found.rate, found.channels) == (rate, channels)
    assert found.frame_ms == pytest.approx(frame_ms)


def test_aac_headers_of_our_own_are_understood() -> None:
    for rate, channels in ((48000, 1), (44100, 2), (8000, 6)):
        found = aac.describe(aac.config(rate, channels))
        assert found is not None
        assert (found.rate, found.channels) == (rate, channels)
    assert aac.describe(b"") is None
    assert aac.silent_frame(0) is None


def test_mp3_tells_rate_and_channels() -> None:
    assert mp3.describe(bytes.fromhex("fffb90c4")) == (44100, 1)
    assert mp3.describe(bytes.fromhex("fff38404")) == (24000, 2)
    assert mp3.describe(b"ID3\x04") == (0, 0)


def test_rates_and_key_frames_are_measured() -> None:
    meter = MediaMeter()
    encoder = Encoder("a", base=2**32 - 3000, frame_ms=1000 / 30, gop=60)
    for message in encoder.until(9000):
        meter.feed(message, 1_000_000 + (message.timestamp + 3000) % 2**32)
    info = meter.info()
    assert info.fps == pytest.approx(30, abs=0.1)
    assert info.gop_ms == pytest.approx(2000, abs=2)
    assert (info.audio_codec, info.audio_rate, info.audio_channels) == ("aac", 44100, 2)
    assert info.video_kbps == pytest.approx(30 * 17 * 8 / 1000, abs=1)
    assert not info.b_frames
    assert SlateParams.of(info) is None, "its size is not known"


def test_pictures_out_of_order_are_noticed() -> None:
    meter = MediaMeter()
    for number, cts_ms in enumerate((40, 120, 40, 0)):
        body = b"\x27\x01" + cts_ms.to_bytes(3, "big") + b"x"
        meter.feed(Message(VIDEO, number * 40, body), number * 40)
    assert meter.info().b_frames


def test_metadata_stands_in_for_what_headers_do_not_tell() -> None:
    payload = encode("@setDataFrame", "onMetaData", {"width": 800, "height": 600, "framerate": 25})
    meter = MediaMeter()
    meter.feed(Message(DATA, 0, payload), 0)
    meter.feed(Message(VIDEO, 0, b"\x12\x00"), 0)
    meter.feed(Message(AUDIO, 0, b"\x2f" + bytes.fromhex("fffb90c4")), 0)
    info = meter.info()
    assert (info.video_codec, info.width, info.height, info.fps) == ("h263", 800, 600, 25)
    assert (info.audio_codec, info.audio_rate) == ("mp3", 44100)
    params = SlateParams.of(info)
    assert params is not None
    assert (params.fps, params.audio_rate) == (25, 44100)


def test_other_data_is_no_metadata() -> None:
    assert metadata_of(encode("onTextData", {"text": "x"})) is None
    assert metadata_of(encode("onMetaData")) is None
    assert metadata_of(b"\x02\x00\xff") is None
