"""One recording that is under way: its directory, and how a segment gets into it.

Everything here works on the disk and belongs into a thread; one thread at a time for a recording.
A kill at any moment leaves each segment in exactly one place, and ``mend`` finds what the books
lack.
"""

import errno
import os
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...core.files import copy_durably
from ...core.log import get_logger
from ..library.recording import Hole, HoleReason, directory_of
from ..spool import link_segment
from .playlist import EventPlaylist, write_vod
from .segments import (
    Journal,
    KeptSegment,
    SegmentName,
    iter_segments,
    read_segments,
    segment_names,
    sha256_of,
)

log = get_logger(__name__)

REMEMBERED = 512
"""Newest segments that are recognised when they come again: more than any playlist lists."""

MAX_HOLES = 200
AWAY_MS = 1_000
"""A shorter pause between two publish sessions is not worth a word."""

CLOCK_JUMP_MS = 10_000


@dataclass(frozen=True, slots=True)
class Arrived:
    """A segment that is to be taken. ``path``: where it lies now; ``moved``: it is ours to move
    (spool), else it is linked (playlist of the media server). ``at_ms``: when it was complete."""

    path: Path
    moved: bool
    source: int
    seq: int
    ms: int
    run: str
    at_ms: int


class Take:
    """The books of one recording. ``ms``, ``bytes``, ``count`` are sums; ``last`` the newest."""

    def __init__(self, root: Path, id_: str) -> None:
        self.id = id_
        self.directory = directory_of(root, id_)
        self._journal = Journal(self.directory)
        self._playlist = EventPlaylist(self.directory)
        self._sound = False
        self._clear()

    def _clear(self) -> None:
        self.ms = self.bytes = self.count = 0
        self.last: KeptSegment | None = None
        self.first_at_ms = 0
        self.holes: list[Hole] = []
        self._sources: deque[int] = deque(maxlen=REMEMBERED)

    def has(self, source: int) -> bool:
        """Tell whether this segment of the media server is in the recording."""
        return source in self._sources

    def sources(self) -> list[int]:
        """Return the newest segments of the media server that the books have, oldest first."""
        return list(self._sources) or list(
            deque((one.source for one in iter_segments(self.directory)), maxlen=REMEMBERED)
        )

    def mend(self) -> list[KeptSegment]:
        """Read the books from the disk, enter what they lack, and return all. Raises OSError."""
        self._clear()
        entered = {one.n: one for one in iter_segments(self.directory)}
        segments: list[KeptSegment] = []
        for name in segment_names(self.directory):
            kept = entered.get(name.n)
            if kept is None or kept.name != str(name):
                kept = self._kept(name, name.source + name.ms)
                self._journal.append(kept)
            self._count(kept)
            segments.append(kept)
        if segments:
            self._playlist.rewrite(segments)
        self._sound = True
        return segments

    def _kept(self, name: SegmentName, at_ms: int) -> KeptSegment:
        path = self.directory / str(name)
        before = self.last
        return KeptSegment(
            n=name.n,
            name=path.name,
            source=name.source,
            seq=name.seq,
            ms=name.ms,
            bytes=path.stat().st_size,
            sha256=sha256_of(path),
            run=name.run,
            discontinuity=before is not None and _breaks(before, name),
            at_ms=at_ms,
        )

    def _count(self, segment: KeptSegment) -> None:
        hole = None if self.last is None else _hole(self.last, segment, self.ms)
        if hole is not None and len(self.holes) < MAX_HOLES:
            self.holes.append(hole)
        if self.last is None:
            self.first_at_ms = segment.at_ms - segment.ms
        self.ms += segment.ms
        self.bytes += segment.bytes
        self.count += 1
        self.last = segment
        self._sources.append(segment.source)

    def add(self, arrived: Arrived) -> None:
        """Take a segment in; one that is here already is only cleared away.

        Raises OSError: nothing is lost, and the next call goes on.
        """
        if not self._sound:
            self.mend()
        if self.has(arrived.source):
            if arrived.moved:
                arrived.path.unlink(missing_ok=True)
            return
        self._sound = False
        n = 0 if self.last is None else self.last.n + 1
        name = SegmentName(n, arrived.source, arrived.seq, arrived.ms, arrived.run)
        path = self.directory / str(name)
        if arrived.moved:
            _move(arrived.path, path)
        else:
            link_segment(arrived.path, path)
        kept = self._kept(name, arrived.at_ms)
        self._journal.append(kept)
        fits = self.count > 0 and self._playlist.fits(kept)
        self._count(kept)
        if fits:
            self._playlist.append(kept)
        else:
            self._playlist.rewrite(read_segments(self.directory))
        self._sound = True

    def finish(self) -> None:
        """Write the playlist of the finished recording. Raises OSError."""
        segments = self.mend()
        if segments:
            write_vod(self.directory, segments)

    def remove_if_empty(self) -> None:
        """Take away the directory of a recording that never got a segment."""
        for name in os.listdir(self.directory):
            if SegmentName.read(name) is not None:
                return
            with suppress(OSError):
                (self.directory / name).unlink()
        with suppress(OSError):
            self.directory.rmdir()


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError as exc:
        if exc.errno != errno.EXDEV:
            raise
        copy_durably(source, target)
        source.unlink()


def _breaks(before: KeptSegment, name: SegmentName) -> bool:
    return before.run != name.run or _lost(before, name.seq, name.source) is not None


def _lost(before: KeptSegment, seq: int, source: int) -> tuple[int, int] | None:
    """Return (number, ms) of segments of one publish session that are missing between two.

    A count that began again says nothing: then only time is left to tell.
    """
    gap_ms = source - before.source - before.ms
    if seq > before.seq:
        missing = seq - before.seq - 1
        if missing == 0:
            return None
        return missing, gap_ms if gap_ms > 0 else missing * before.ms
    if gap_ms > max(before.ms, 2 * AWAY_MS):
        return 0, gap_ms
    return None


def _hole(before: KeptSegment, segment: KeptSegment, at_ms: int) -> Hole | None:
    if before.run != segment.run:
        away_ms = segment.at_ms - segment.ms - before.at_ms
        if away_ms < AWAY_MS:
            return None
        return Hole(at_ms, away_ms, HoleReason.ENCODER_AWAY, "nobody published")
    lost = _lost(before, segment.seq, segment.source)
    if lost is not None:
        count, ms = lost
        if count == 0:
            detail = f"nothing between segments {before.seq} and {segment.seq}"
        elif count == 1:
            detail = f"segment {before.seq + 1} did not arrive"
        else:
            detail = f"segments {before.seq + 1} to {segment.seq - 1} did not arrive"
        return Hole(at_ms, ms, HoleReason.LOST, detail)
    jump_ms = segment.source - before.source - before.ms
    if abs(jump_ms) > CLOCK_JUMP_MS:
        return Hole(at_ms, 0, HoleReason.CLOCK, f"the clock jumped by {jump_ms / 1000:.0f} s")
    return None
