"""What the media server still holds of a stream: the segments in its playlist, and what a killed
server left behind.

Callbacks can be lost: the media server never repeats one. Its playlist lists the last seconds, so
whatever was missed is found here as long as it is there.
"""

import os
import re
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...core.files import copy_durably

_NAME = re.compile(r"(.+)-(\d{1,15})\.ts")
UNFINISHED = ".tmp"
"""SRS writes a segment by this further ending, and gives it its name when it is whole."""

_PACKET = 188
_NUMBER = re.compile(r"[0-9]{1,15}")
_MAX_MS = 10**15
_MAX_BYTES = 1 << 20
SETTLED_S = 1.5
"""Older than that, a segment whose callback has not come will hardly be told of any more."""

STILL_S = 3.0
"""So long nobody has written to a file that counts as left behind."""

STALE_S = 86400.0
"""No stream that is live lists a segment, or leaves its playlist alone, for so long."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A segment of the media server; ``ms`` and ``seq`` are 0 when no playlist tells."""

    path: Path
    source: int
    seq: int
    ms: int


def listed_segments(html: Path, app: str, stream: str) -> list[Listed]:
    """Return what the stream's playlist lists, in order; nothing when there is none."""
    try:
        with (html / app / f"{stream}.m3u8").open("rb") as file:
            lines = file.read(_MAX_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return []
    found: list[Listed] = []
    first, ms = 0, 0
    for raw in lines:
        line = raw.strip()
        if line.startswith("#EXT-X-MEDIA-SEQUENCE:"):
            value = line.partition(":")[2]
            first = int(value) if _NUMBER.fullmatch(value) else 0
        elif line.startswith("#EXTINF:"):
            ms = _ms(line.partition(":")[2].partition(",")[0])
        elif line and not line.startswith("#"):
            # Only the last part counts: no playlist leads us elsewhere.
            name = line.partition("?")[0].rpartition("/")[2]
            source = _source(name, stream)
            if source is not None:
                found.append(Listed(html / app / name, source, first + len(found), ms))
    return found


def begin_of(listed: Sequence[Listed], source: int, gap_ms: int) -> int:
    """Return where the segments begin that follow each other up to ``source``, each no more than
    ``gap_ms`` after the one before."""
    for one in reversed(listed):
        if source - one.source - one.ms > gap_ms:
            break
        source = one.source
    return source


def is_settled(path: Path) -> bool:
    """Tell whether a segment has been complete for a while, and is still there."""
    try:
        return path.lstat().st_mtime <= time.time() - SETTLED_S
    except OSError:
        return False


def left_behind(
    html: Path, app: str, stream: str, after: int, before: int | None = None
) -> list[Listed]:
    """Return the segments on disk that are younger than ``after`` and nobody writes to any more,
    oldest first.

    ``before``: a segment of a later publish session; whatever is older than that is over for sure.
    """
    found: list[Listed] = []
    still = time.time() - STILL_S
    try:
        with os.scandir(html / app) as entries:
            for entry in entries:
                source = _source(entry.name.removesuffix(UNFINISHED), stream)
                if source is None or source <= after or not entry.is_file(follow_symlinks=False):
                    continue
                over = before is not None and source < before
                if over or entry.stat(follow_symlinks=False).st_mtime <= still:
                    found.append(Listed(Path(entry.path), source, 0, 0))
    except OSError:
        return []
    return sorted(found, key=lambda one: one.source)


def take_unfinished(path: Path, folder: Path) -> Path:
    """Copy what there is of a segment that will not be finished, in whole packets; return the copy,
    which ``folder`` forgets if nobody takes it (``inbox.clear_out``). Raises OSError."""
    copy = folder / f".{path.name.removesuffix(UNFINISHED)}"
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    copy_durably(path, copy)
    size = copy.stat().st_size
    os.truncate(copy, size - size % _PACKET)
    return copy


def clear_stale(html: Path) -> None:
    """Remove what a killed media server left there: the next one cares for its own files alone."""
    old = time.time() - STALE_S
    for folder, _, names in os.walk(html):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith((".ts", ".m3u8", UNFINISHED)):
                with suppress(OSError):
                    if os.lstat(path).st_mtime < old:
                        os.unlink(path)


def _source(name: str, stream: str) -> int | None:
    match = _NAME.fullmatch(name)
    if match is None or match[1] != stream:
        return None
    return int(match[2])


def _ms(text: str) -> int:
    try:
        ms = round(float(text) * 1000)
    except (ValueError, OverflowError):
        return 0
    return ms if 0 <= ms < _MAX_MS else 0
