"""A timeline of real streams, as FFmpeg plays it."""

import subprocess
from pathlib import Path

import pytest

from streamstead.core.rtmp.chunk import AUDIO, DATA, VIDEO, Message
from streamstead.core.rtmp.flv import FlvReader, file_header, tag_bytes
from streamstead.ffmpeg_forward.splice import aac
from streamstead.ffmpeg_forward.splice.media import MediaMeter, SlateParams
from streamstead.ffmpeg_forward.splice.splicer import Slate, Splicer
from tests.conftest import need

pytestmark = pytest.mark.integration


def encode(directory: Path, picture: str, *options: str, sound: str | None = None) -> list[Message]:
    """Return two seconds of a test picture, as tags."""
    path = directory / "source.flv"
    inputs = ["-f", "lavfi", "-i", picture]
    inputs += ["-f", "lavfi", "-i", sound] if sound else []
    argv = [need("ffmpeg"), "-v", "error", "-y", *inputs, "-t", "2", "-pix_fmt", "yuv420p"]
    coding = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac")
    subprocess.run([*argv, *coding, *options, "-f", "flv", path], check=True, timeout=60)
    return FlvReader().feed(path.read_bytes())


def decode(path: Path, *options: str) -> str:
    """Return what FFmpeg complains of."""
    argv = [need("ffmpeg"), "-v", "warning", "-fflags", "+noparse", "-i", path, *options]
    done = subprocess.run(
        [*argv, "-f", "null", "-"], capture_output=True, text=True, check=True, timeout=60
    )
    return done.stderr


@pytest.mark.parametrize("layout", range(1, 8))
def test_silence_of_our_own_is_silent_in_every_layout(tmp_path: Path, layout: int) -> None:
    frame = aac.silent_frame(layout)
    assert frame is not None
    config = (2 << 11 | 4 << 7 | layout << 3).to_bytes(2, "big")
    tags = [Message(AUDIO, 0, b"\xaf\x00" + config)]
    tags += [Message(AUDIO, round(n * 1024 / 44.1), b"\xaf\x01" + frame) for n in range(50)]
    path = tmp_path / "silence.flv"
    path.write_bytes(file_header(True, False) + b"".join(map(tag_bytes, tags)))
    argv = [need("ffmpeg"), "-v", "error", "-i", path, "-f", "s16le", "-"]
    done = subprocess.run(argv, capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    assert len(done.stdout) > 40 * 1024 * 2
    assert not any(done.stdout)


def test_a_show_of_different_sources_and_a_slate_decodes_without_a_complaint(
    tmp_path: Path,
) -> None:
    sources = {
        "a": encode(tmp_path, "testsrc=size=320x180:rate=25", sound="sine=r=44100"),
        "b": encode(tmp_path, "testsrc=size=640x360:rate=30", "-bf", "2", "-preset", "veryfast"),
        "c": encode(
            tmp_path, "testsrc=size=320x240:rate=15", "-bf", "0", "-ac", "1", sound="sine=r=48000"
        ),
    }
    meter = MediaMeter()
    for message in sources["a"]:
        meter.feed(message, message.timestamp)
    params = SlateParams.of(meter.info())
    assert params is not None
    splicer = Splicer()
    splicer.set_slate(
        Slate(
            params=params,
            messages=encode(tmp_path, "color=red:size=320x180:rate=25", sound="sine=r=44100"),
            loop_ms=2050,
        )
    )
    sent: list[Message] = []
    for begin_ms, name in ((500, "a"), (2000, "b"), (5500, "c"), (7000, "a"), (9000, "")):
        if name:
            splicer.add(name)
            splicer.want(name)
        tags = list(sources.get(name, ()))
        for now_ms in range(begin_ms, begin_ms + 3600, 10):
            while tags and tags[0].timestamp <= now_ms - begin_ms:
                splicer.feed(name, tags.pop(0), now_ms)
            sent += splicer.due(now_ms)
            if name != "b" and now_ms - begin_ms > 1500:
                break
    path = tmp_path / "show.flv"
    path.write_bytes(
        file_header(True, True) + b"".join(tag_bytes(m) for m in sent if m.kind != DATA)
    )
    assert splicer.switches >= 5
    for kind in (AUDIO, VIDEO):
        stamps = [m.timestamp for m in sent if m.kind == kind and m.payload[1] == 1]
        assert stamps == sorted(set(stamps))
    complaints = decode(path, "-map", "v", "-map", "a", "-enc_time_base:v", "1:1000")
    assert complaints == ""
