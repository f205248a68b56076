"""Raw streams of any kind become the house format, by a real FFmpeg."""

from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path

import pytest

from streamstead.core.rtmp.chunk import AUDIO, VIDEO, Message
from streamstead.core.rtmp.flv import FlvReader
from streamstead.ffmpeg_forward.relay.config import HouseFormat
from streamstead.ffmpeg_forward.slate.encode import find_encoder
from streamstead.ffmpeg_forward.slate.kit import SlateLook, make_slate
from streamstead.ffmpeg_forward.sources.ffmpeg_source import normaliser
from streamstead.ffmpeg_forward.splice.media import SlateParams
from streamstead.ffmpeg_forward.splice.tags import look

from ..clips import H264, decode_errors, make_clip, pixels, save_flv, streams_of
from .reading import all_of, key_frames, kinds

SMALL = (320, 180, 25.0, "Main", "3.1", "yuv420p", 44100, 2)

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("has_ffmpeg")]


async def _joined(*paths: Path) -> AsyncIterator[Message]:
    """One stream after the other, as if one encoder had changed everything."""
    base = 0
    for path in paths:
        end = 0
        for message in FlvReader().feed(path.read_bytes()):
            end = max(end, message.timestamp)
            yield Message(message.kind, base + message.timestamp, message.payload)
        base += end + 40


async def test_the_house_format_stays_when_the_stream_changes(
    tmp_path: Path, no_child_left: None
) -> None:
    first = make_clip(tmp_path / "a.flv", *H264, "-c:a", "aac", size="320x180", fps=25)
    second = make_clip(
        tmp_path / "b.flv", *H264, "-c:a", "aac", size="240x240", fps=30, sound_rate=48000
    )
    house = HouseFormat(width=426, height=240, fps=30, video_kbps=500, audio_rate=48000)
    source = normaliser(_joined(first, second, first), house)
    messages = await all_of(source)
    assert source.problem is None

    path = save_flv(tmp_path / "out.flv", messages)
    assert decode_errors(path) == ""
    video, audio = streams_of(path)["video"], streams_of(path)["audio"]
    assert (video["width"], video["height"]) == (426, 240)
    assert (video["profile"], video["has_b_frames"]) == ("High", 0)
    assert audio["sample_rate"] == "48000"
    headers = [one for one in messages if one.kind == VIDEO and look(one).header]
    assert len(headers) == 1, "so no player has to begin anew"
    stamps = [one.timestamp for one in messages if one.kind == VIDEO and look(one).frame]
    assert {after - before for before, after in pairwise(stamps)} <= {33, 34}
    assert abs(stamps[-1] - 6080) < 300
    assert key_frames(messages) == [0, 2000, 4000, 6000]


@pytest.mark.parametrize("dropped", [AUDIO, VIDEO])
async def test_a_stream_with_one_kind_only_does_not_wait_for_the_other(
    tmp_path: Path, dropped: int
) -> None:
    clip = make_clip(tmp_path / "a.flv", *H264, "-c:a", "aac")

    async def part() -> AsyncIterator[Message]:
        async for message in _joined(clip):
            if message.kind != dropped:
                yield message

    messages = await all_of(normaliser(part(), HouseFormat(width=320, height=180)))
    assert dropped not in kinds(messages)
    assert sum(kinds(messages).values()) > 50


@pytest.mark.parametrize("codec", ["hevc", "av1", "avc1"])
async def test_newer_codecs_and_tags_become_the_house_format_too(
    tmp_path: Path, codec: str
) -> None:
    """FFmpeg before 6.1 does not know them in FLV."""
    params = SlateParams("avc" if codec == "avc1" else codec, *SMALL)
    if await find_encoder(params.video_codec) is None:
        pytest.skip(f"this ffmpeg has no encoder for {codec}")
    slate = await make_slate(params, SlateLook(title="Tonight"), tmp_path)

    async def stream() -> AsyncIterator[Message]:
        for message in slate.messages:
            yield _enhanced(message) if codec == "avc1" else message

    messages = await all_of(normaliser(stream(), HouseFormat(width=320, height=180)))
    out = save_flv(tmp_path / "out.flv", messages)
    assert decode_errors(out) == ""
    assert max(pixels(out, "320x180")) > 180, "the words"
    assert abs(max(one.timestamp for one in messages) - slate.loop_ms) < 300


def _enhanced(message: Message) -> Message:
    """Return H.264 with a FourCC in place of a number."""
    if message.kind != VIDEO:
        return message
    kind, body = message.payload[1], message.payload[5:]
    first = 0x80 | message.payload[0] & 0x70 | (3 if kind == 1 else kind)
    return Message(VIDEO, message.timestamp, bytes([first]) + b"avc1" + body)
