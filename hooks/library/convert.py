"""Make the MP4 of a file that somebody sent, or that was found: copied where players can play what
is in it, else encoded anew, gently."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ...core.log import get_logger
from ..recorder.child import MediaFailed, run_media
from ..recorder.mp4 import limit_s, settle
from ..recorder.probe import MediaFacts, probe
from .own_files import find_original
from .recording import MP4_FILE, Mp4State, State
from .tus import no_room

log = get_logger(__name__)

FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,flv,live_flv,mpegts,mpeg,avi,asf,ogg,"
    "mp3,aac,wav,flac,ac3,mxf,dv,ivf"
)
"""Playlists and lists of files are none of these: they could name files that are not the sender's.
"""

MAX_SIDE = 8192
MAX_ENCODE_S = 24 * 3600.0

_COPIED_VIDEO = {"h264", "hevc", "av1", "vp9"}
_COPIED_AUDIO = {"aac", "mp3"}
_PLAYED_PIXELS = {"yuv420p", "yuvj420p"}


def encoder(threads: int | None = None) -> list[str]:
    """Return the arguments that encode picture and sound; half of the processors at most."""
    count = threads or max(1, (os.cpu_count() or 2) // 2)
    return [
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "21", "-pix_fmt", "yuv420p"),
        *("-vf", "scale=trunc(iw/2)*2:trunc(ih/2)*2", "-threads", str(count)),
        *("-c:a", "aac", "-b:a", "160k", "-ac", "2"),
    ]


def encode_limit_s(duration_ms: int, size_bytes: int) -> float:
    """Return how long encoding may take."""
    return min(MAX_ENCODE_S, limit_s(size_bytes) + duration_ms / 1000 * 20)


def facts_of(facts: MediaFacts, size_bytes: int) -> dict[str, Any]:
    """Return what changes in a recording whose MP4 was made."""
    return {
        "mp4": Mp4State.READY,
        "mp4_bytes": size_bytes,
        "duration_ms": facts.duration_ms,
        "video_codec": facts.video_codec,
        "audio_codec": facts.audio_codec,
        "width": facts.width,
        "height": facts.height,
        "problem": "",
        "problem_text": "",
        "problem_help": "",
    }


async def convert(directory: Path, room: Callable[[], int]) -> dict[str, Any]:
    """Make ``index.mp4`` of the original in a directory and remove that; return what changes.

    What cannot be converted stays for download. Raises NoRoom, OSError: later it may work.
    """
    source = await asyncio.to_thread(find_original, directory)
    target = directory / MP4_FILE
    if source is None:
        return await _made_before(target)
    facts = await probe(source, FORMATS)
    if facts is None or max(facts.width, facts.height) > MAX_SIDE:
        return _unusable("there is no picture and no sound in it that could be read")
    size = (await asyncio.to_thread(source.stat)).st_size
    if await asyncio.to_thread(room) < size:
        raise no_room()
    temporary = directory / f".{MP4_FILE}"
    try:
        await _convert(source, temporary, facts, size)
        made = await probe(temporary)
        if made is None:
            raise MediaFailed("the file that was made has nothing in it")
    except MediaFailed as exc:
        log.warning("upload.not_converted", directory=directory.name, error=exc.message)
        temporary.unlink(missing_ok=True)
        if await asyncio.to_thread(room) <= 0:
            raise no_room() from None
        return {
            "mp4": Mp4State.FAILED,
            "duration_ms": facts.duration_ms,
            "problem": exc.key,
            "problem_text": f"no MP4 could be made of it: {exc.message}",
            "problem_help": "It can be downloaded as it was sent. Or send it as MP4 with H.264.",
        }
    await asyncio.to_thread(settle, temporary, target)
    bytes_ = (await asyncio.to_thread(target.stat)).st_size
    await asyncio.to_thread(source.unlink)
    return facts_of(made, bytes_) | {"size_bytes": 0}


async def _convert(source: Path, target: Path, facts: MediaFacts, size: int) -> None:
    if (facts.video_codec in _COPIED_VIDEO and _is_played(facts)) or not facts.video_codec:
        tag = ["-tag:v", "hvc1"] if facts.video_codec == "hevc" else []
        sound = ["copy"] if facts.audio_codec in _COPIED_AUDIO else ["aac", "-b:a", "160k"]
        only_copies = sound == ["copy"]
        limit = limit_s(size) if only_copies else encode_limit_s(facts.duration_ms, size)
        try:
            await _run(source, target, ["-c:v", "copy", *tag, "-c:a", *sound], limit)
        except MediaFailed as exc:
            if exc.key == "media_timeout":
                raise
            log.info("upload.not_copied", error=exc.message)
        else:
            return
    await _run(source, target, encoder(), encode_limit_s(facts.duration_ms, size))


def _is_played(facts: MediaFacts) -> bool:
    return facts.video_codec != "h264" or facts.shape[4] in _PLAYED_PIXELS


async def _run(source: Path, target: Path, codecs: list[str], limit: float) -> None:
    await run_media(
        [
            *("ffmpeg", "-v", "error", "-nostdin", "-y"),
            *("-protocol_whitelist", "file", "-format_whitelist", FORMATS, "-i", f"file:{source}"),
            # Pictures of covers are no video.
            *("-map", "0:V:0?", "-map", "0:a:0?", "-map_metadata", "-1", "-sn", "-dn", *codecs),
            *("-movflags", "+faststart", "-f", "mp4", f"file:{target}"),
        ],
        limit_s=limit,
    )


async def _made_before(target: Path) -> dict[str, Any]:
    """A kill came after the MP4 was complete, or nothing is left to make it of."""
    facts = await probe(target) if await asyncio.to_thread(target.is_file) else None
    if facts is None:
        return _unusable("nothing of it is on the disk")
    return facts_of(facts, (await asyncio.to_thread(target.stat)).st_size) | {"size_bytes": 0}


def _unusable(why: str) -> dict[str, Any]:
    return {
        "state": State.FAILED,
        "mp4": Mp4State.FAILED,
        "problem": "media_unusable",
        "problem_text": f"this file cannot be used: {why}",
        "problem_help": "Send a video or sound file, best as MP4 with H.264 and AAC.",
    }
