"""Small pieces of media by a real FFmpeg, and what a real FFmpeg says of pieces of ours."""

import json
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from streamstead.core.rtmp.chunk import Message
from streamstead.core.rtmp.flv import file_header, tag_bytes

from ..conftest import need

H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "25")


def ffmpeg(*argv: str) -> bytes:
    """Run FFmpeg; it must succeed."""
    command = [need("ffmpeg"), "-v", "error", "-nostdin", "-y", *argv]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def make_clip(
    path: Path,
    *options: str,
    size: str = "320x180",
    seconds: float = 2.0,
    fps: int = 25,
    sound_rate: int = 44100,
) -> Path:
    """Write a moving picture with a tone (``sound_rate`` 0: without); codecs by the path's suffix,
    H.264 unless ``options`` say otherwise."""
    inputs = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}"]
    if sound_rate:
        inputs += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate={sound_rate}"]
    ffmpeg(*inputs, "-t", str(seconds), *(options or H264), str(path))
    return path


def save_flv(path: Path, messages: Iterable[Message]) -> Path:
    path.write_bytes(file_header(True, True) + b"".join(tag_bytes(one) for one in messages))
    return path


def streams_of(path: Path) -> dict[str, dict[str, Any]]:
    """Return what ffprobe says of a file's streams, by kind."""
    command = [need("ffprobe"), "-v", "error", "-of", "json", "-show_streams", str(path)]
    told = subprocess.run(command, capture_output=True, timeout=60, check=True).stdout
    return {one["codec_type"]: one for one in json.loads(told)["streams"]}


def decode_errors(path: Path) -> str:
    """Decode all of it; return what FFmpeg has to say against it."""
    command = [need("ffmpeg"), "-v", "error", "-nostdin", "-fflags", "+noparse"]
    command += ["-i", str(path), "-f", "null", "-"]
    return subprocess.run(command, capture_output=True, timeout=60, check=True).stderr.decode()


def pixels(path: Path, size: str = "16x9") -> bytes:
    """Return the first picture of a file, as that many gray pixels."""
    form = ("-frames:v", "1", "-s", size, "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1")
    return ffmpeg("-i", str(path), *form)


def loudness(path: Path) -> float:
    """Return the greatest sample of a file's sound, 0 to 1."""
    raw = ffmpeg("-i", str(path), "-f", "s16le", "-ac", "1", "pipe:1")
    samples = memoryview(raw[: len(raw) & ~1]).cast("h")
    return max((abs(one) for one in samples), default=0) / 32768
