"""Slates that were made, as files: a line of JSON, then FLV. Everything here blocks.

In the FLV stand the two headers and one frame of silence, all at 0, and then one loop.
"""

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import orjson

from ...core.files import write_atomic
from ...core.rtmp.chunk import Message
from ...core.rtmp.flv import FlvError, FlvReader, file_header, tag_bytes

VERSION = 1
"""Of how they are stored and made; those of another one are made anew."""

MAX_KEPT = 40
MAX_KEPT_BYTES = 400 << 20
LOCK = ".lock"
"""Who makes one holds this file in the folder."""

_STALE_S = 600.0
_SUFFIX = ".slate"
_LEADING = 3


@dataclass(frozen=True, slots=True)
class Loop:
    """``codec``: avc, hevc or av1. ``silence`` lasts ``silence_ms``, as every frame of sound does;
    ``messages`` is one loop of ``loop_ms`` from 0."""

    codec: str
    loop_ms: int
    silence_ms: float
    video_header: Message
    audio_header: Message
    silence: Message
    messages: list[Message]


def load(folder: Path, digest: str) -> Loop | None:
    """Return a slate and note that it was wanted; None when it is not there, or not in whole."""
    path = folder / f"{digest}{_SUFFIX}"
    try:
        line, _, raw = path.read_bytes().partition(b"\n")
        os.utime(path)
        meta = orjson.loads(line)
        messages = FlvReader().feed(raw)
        if len(messages) != meta["messages"] + _LEADING:
            return None
        video_header, audio_header, silence = messages[:_LEADING]
        return Loop(
            codec=meta["codec"],
            loop_ms=meta["loop_ms"],
            silence_ms=meta["silence_ms"],
            video_header=video_header,
            audio_header=audio_header,
            silence=silence,
            messages=messages[_LEADING:],
        )
    except (OSError, FlvError, orjson.JSONDecodeError, KeyError, TypeError):
        return None


def store(folder: Path, digest: str, loop: Loop) -> None:
    """Keep a slate. A disk that is full is no reason to do without it: then it is not kept."""
    meta = {
        "version": VERSION,
        "codec": loop.codec,
        "loop_ms": loop.loop_ms,
        "silence_ms": loop.silence_ms,
        "messages": len(loop.messages),
    }
    leading = (loop.video_header, loop.audio_header, loop.silence)
    tags = b"".join(tag_bytes(message) for message in (*leading, *loop.messages))
    raw = orjson.dumps(meta) + b"\n" + file_header(True, True) + tags
    with suppress(OSError):
        write_atomic(folder / f"{digest}{_SUFFIX}", raw)


def sweep(folder: Path, work: str, most: int = MAX_KEPT, most_bytes: int = MAX_KEPT_BYTES) -> None:
    """Remove what was wanted longest ago, and what somebody who was killed left behind (``work``:
    how such names begin)."""
    kept: list[tuple[float, int, Path]] = []
    for path in _paths(folder):
        with suppress(OSError):
            seen = path.stat()
            if path.suffix == _SUFFIX and not path.name.startswith("."):
                kept.append((seen.st_mtime, seen.st_size, path))
            elif path.name.startswith((work, ".")) and time.time() - seen.st_mtime > _STALE_S:
                _remove(path)
    kept.sort(reverse=True)
    size = 0
    for number, (_, bytes_, path) in enumerate(kept):
        size += bytes_
        if number >= most or (number and size > most_bytes):
            path.unlink(missing_ok=True)


def _paths(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    elif path.name != LOCK:
        path.unlink(missing_ok=True)
