"""What lies in the spool, as hooks/spool.py names it."""

import os
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .take import Arrived

MAX_AT_ONCE = 500
"""Segments of one stream that are looked at in one go; the rest follow."""

OLD_S = 3600.0
"""What nobody has finished for so long is the rest of a copy that was killed."""

_NAME = re.compile(r"(\d{16})-(\d{1,15})-(\d{1,15})-(\d{1,15})-([0-9A-Za-z]+)\.ts")


@dataclass(frozen=True, slots=True)
class Spooled:
    """``order`` grows with each segment that is kept; it is a time, except when clocks jump."""

    order: int
    arrived: Arrived


def spooled_streams(root: Path) -> list[tuple[str, str]]:
    """Return (app, stream) of every directory that holds segments. Raises OSError."""
    found = []
    for app in os.listdir(root):
        with suppress(NotADirectoryError, FileNotFoundError):
            for stream in os.listdir(root / app):
                with suppress(NotADirectoryError, FileNotFoundError):
                    if os.listdir(root / app / stream):
                        found.append((app, stream))
    return found


def spooled_segments(root: Path, app: str, stream: str, limit: int = MAX_AT_ONCE) -> list[Spooled]:
    """Return the oldest segments of a stream, in order, ``limit`` at most.

    What is no regular file with such a name is left where it is.
    """
    folder = root / app / stream
    try:
        with os.scandir(folder) as entries:
            names = [one.name for one in entries if one.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    matches = [match for match in map(_NAME.fullmatch, sorted(names)) if match is not None]
    return [
        Spooled(
            int(match[1]),
            Arrived(
                path=folder / match[0],
                moved=True,
                source=int(match[2]),
                seq=int(match[3]),
                ms=int(match[4]),
                run=match[5],
                at_ms=int(match[1]),
            ),
        )
        for match in matches[:limit]
    ]


def clear_out(root: Path) -> None:
    """Remove directories of streams that hold nothing, and what killed copies left behind."""
    for folder, _, names in os.walk(root, topdown=False):
        for name in names:
            path = os.path.join(folder, name)
            with suppress(OSError):
                if name.startswith(".") and os.lstat(path).st_mtime < time.time() - OLD_S:
                    os.unlink(path)
        if folder != str(root):
            with suppress(OSError):  # it holds something
                os.rmdir(folder)
