"""Make MP4 files of segments, without touching a frame.

The segments of one publish session are consecutive pieces of one transport stream. They are fed as
such, byte after byte: joined one by one, frames at their edges would be shifted or lost. Sessions
are joined afterwards; those that no decoder could play on get a file of their own.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from ...core.files import sync_directory
from ...core.log import get_logger
from ..library.recording import MP4_FILE
from .child import MediaFailed, run_media
from .probe import MediaFacts, probe
from .segments import KeptSegment

log = get_logger(__name__)

LEAST_S = 60.0
"""No child gets less time."""

BYTES_PER_S = 4_000_000
"""A disk that is slower than that is broken."""


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive segments of one session without a break."""

    segments: tuple[KeptSegment, ...]

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.segments)


def runs_of(segments: Sequence[KeptSegment]) -> list[Run]:
    """Split where the timeline breaks."""
    number, marked = 0, []
    for one in segments:
        number += one.discontinuity
        marked.append((number, one))
    return [Run(tuple(one for _, one in some)) for _, some in groupby(marked, key=lambda it: it[0])]


def limit_s(size_bytes: int) -> float:
    """Return how long work on so many bytes may take."""
    return LEAST_S + size_bytes / BYTES_PER_S


def part_name(number: int) -> str:
    """Return ``index.mp4``, ``index-2.mp4``, ..."""
    return MP4_FILE if number == 0 else f"index-{number + 1}.mp4"


async def make_mp4(directory: Path, segments: Sequence[KeptSegment]) -> list[Path]:
    """Make the MP4 of a recording; more than one where its parts cannot be played as one.

    Returns the files, complete and synced. Raises MediaFailed, OSError.
    """
    runs = runs_of(segments)
    made: list[tuple[Path, MediaFacts | None]] = []
    trouble: MediaFailed | None = None
    try:
        for number, run in enumerate(runs):
            path = directory / f".run-{number}.mp4"
            try:
                await _remux(directory, run, path, last=len(runs) == 1)
            except MediaFailed as exc:
                # A single broken segment must not cost all the others.
                log.warning("mp4.run_skipped", segments=len(run.segments), error=exc.message)
                trouble = exc
                path.unlink(missing_ok=True)
                continue
            made.append((path, await probe(path)))
        if not made:
            raise trouble or MediaFailed("there is nothing in this recording", "Record it again.")
        groups = [
            [path for path, _ in some]
            for _, some in groupby(made, key=lambda it: it[1].shape if it[1] else None)
        ]
        names = [part_name(number) for number in range(len(groups))]
        for group, name in zip(groups, names, strict=True):
            if len(runs) == 1:
                group[0].rename(directory / f".{name}")
            else:
                await _join(directory, group, directory / f".{name}")
        for name in names:
            await asyncio.to_thread(settle, directory / f".{name}", directory / name)
        await asyncio.to_thread(_drop_parts, directory, len(names))
        return [directory / name for name in names]
    finally:
        for number in range(len(runs)):
            (directory / f".run-{number}.mp4").unlink(missing_ok=True)


async def _remux(directory: Path, run: Run, target: Path, last: bool) -> None:
    flags = ["-movflags", "+faststart"] if last else []
    await run_media(
        [
            *("ffmpeg", "-v", "error", "-nostdin", "-y"),
            *("-fflags", "+genpts", "-analyzeduration", "20M", "-probesize", "20M"),
            *("-f", "mpegts", "-i", "pipe:0", "-map", "0:v?", "-map", "0:a?", "-c", "copy"),
            *("-bsf:a", "aac_adtstoasc", *flags, "-f", "mp4", f"file:{target}"),
        ],
        limit_s=limit_s(run.bytes),
        feed=[directory / one.name for one in run.segments],
    )


async def _join(directory: Path, parts: list[Path], target: Path) -> None:
    if len(parts) == 1:
        source = ["-i", f"file:{parts[0]}"]
    else:
        listing = directory / ".join.txt"
        listing.write_text("".join(f"file 'file:{path.name}'\n" for path in parts))
        source = ["-f", "concat", "-safe", "0", "-i", f"file:{listing}"]
    try:
        await run_media(
            [
                *("ffmpeg", "-v", "error", "-nostdin", "-y", *source),
                *("-map", "0:v?", "-map", "0:a?", "-c", "copy"),
                *("-movflags", "+faststart", "-f", "mp4", f"file:{target}"),
            ],
            limit_s=limit_s(sum(path.stat().st_size for path in parts)),
            cwd=directory,
        )
    finally:
        (directory / ".join.txt").unlink(missing_ok=True)


def _drop_parts(directory: Path, number: int) -> None:
    """Remove what an earlier making left beyond the last part."""
    while (path := directory / part_name(number)).exists():
        path.unlink()
        number += 1


def settle(path: Path, target: Path) -> None:
    """Give a finished file its name, synced. Blocks. Raises OSError."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fchmod(fd, 0o640)
        os.fsync(fd)
    finally:
        os.close(fd)
    path.replace(target)
    sync_directory(target.parent)
