"""What is in a media file, as far as recordings need to know."""

import asyncio
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

TIME_LIMIT_S = 20.0

_DEMUXERS = {".ts": "mpegts", ".mp4": "mov"}


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """Empty texts and zeros where there is no such track. ``shape`` is equal for two pieces that
    one decoder plays on without a break."""

    video_codec: str = ""
    audio_codec: str = ""
    width: int = 0
    height: int = 0
    duration_ms: int = 0
    shape: tuple[Any, ...] = ()


def input_of(path: Path) -> list[str]:
    """Return the arguments that let FFmpeg read a segment or an MP4 as what its name says.

    Left to find out for itself it would also read a playlist there, and whatever that names: files
    of this machine, and addresses that only this machine can reach.
    """
    return ["-protocol_whitelist", "file", "-f", _DEMUXERS[path.suffix], "-i", f"file:{path}"]


async def probe(path: Path, formats: str = "") -> MediaFacts | None:
    """Ask ffprobe about a segment or an MP4; None when it is none or takes too long.

    ``formats``: any of these, for files of strangers.
    """
    program = shutil.which("ffprobe")
    if program is None:
        return None
    child = await asyncio.create_subprocess_exec(
        *("nice", "-n", "5", program),
        *("-v", "error", "-of", "json", "-show_entries"),
        "stream=codec_type,codec_name,profile,width,height,pix_fmt,sample_rate,channels"
        ":format=duration",
        *(
            ("-protocol_whitelist", "file", "-format_whitelist", formats, f"file:{path}")
            if formats
            else input_of(path)
        ),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(TIME_LIMIT_S):
            said, _ = await child.communicate()
    except TimeoutError:
        return None
    finally:
        if child.returncode is None:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    try:
        return _facts(orjson.loads(said))
    except (orjson.JSONDecodeError, ValueError, TypeError):
        return None


def _facts(said: dict[str, Any]) -> MediaFacts | None:
    tracks = [one for one in said.get("streams", []) if one.get("codec_name")]
    video: dict[str, Any] = next((one for one in tracks if one.get("codec_type") == "video"), {})
    audio: dict[str, Any] = next((one for one in tracks if one.get("codec_type") == "audio"), {})
    if not video and not audio:
        return None
    names = ("codec_name", "profile", "width", "height", "pix_fmt", "sample_rate", "channels")
    return MediaFacts(
        video_codec=video.get("codec_name", ""),
        audio_codec=audio.get("codec_name", ""),
        width=int(video.get("width", 0)),
        height=int(video.get("height", 0)),
        duration_ms=round(float(said.get("format", {}).get("duration", 0)) * 1000),
        shape=tuple(track.get(name) for track in (video, audio) for name in names),
    )
