"""Take in what lies in ``record/`` and is in no library: directories of earlier recorders
(``*.ts``, ``index.m3u8``, ``index.mp4``), and single files.

Each step may be done again: a kill in the middle leaves a directory that is found as before.
"""

import asyncio
import os
import re
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...core.errors import NotFound
from ...core.files import sync_directory
from ...core.log import get_logger
from ...core.names import is_recording_id
from ..recorder.playlist import write_vod
from ..recorder.probe import probe
from ..recorder.segments import Journal, KeptSegment, SegmentName, sha256_of
from .catalogue import Catalogue
from .own_files import ORIGINAL, find_original, original_name
from .recording import (
    MP4_FILE,
    PLAYLIST_FILE,
    RECORD_FILE,
    SEGMENTS_FILE,
    Kind,
    Mp4State,
    Recording,
    State,
    directory_of,
)
from .tus import move_durably

log = get_logger(__name__)

MAX_FOUND = 1000
MAX_PLAYLIST = 8_000_000
FILES = frozenset(
    {".mp4", ".ts", ".flv", ".mkv", ".mov", ".webm", ".m4v", ".mp3", ".m4a", ".avi", ".mpg"}
)
_NUMBERS = re.compile(r"(\d+)")


@dataclass(frozen=True, slots=True)
class Found:
    """Something that could be taken in; ``known``: the library has it."""

    name: str
    size_bytes: int
    known: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """One entry of a playlist."""

    name: str
    ms: int
    discontinuity: bool


def scan_folder(root: Path) -> list[Found]:
    """Return what could be taken in, 1000 at most, by name. Blocks. Raises OSError."""
    found: list[Found] = []
    with os.scandir(root) as entries:
        for entry in entries:
            if len(found) >= MAX_FOUND:
                break
            if entry.name.startswith(".") or entry.is_symlink():
                continue
            if entry.is_file() and Path(entry.name).suffix.lower() in FILES:
                found.append(Found(entry.name, entry.stat().st_size))
            elif entry.is_dir() and not os.path.exists(f"{entry.path}/{RECORD_FILE}"):
                size = sum(path.stat().st_size for path in media_in(Path(entry.path)))
                if size:
                    found.append(Found(entry.name, size))
    return sorted(found, key=lambda one: one.name)


def media_in(directory: Path) -> Iterator[Path]:
    """Yield the files of a directory that hold media. Raises OSError."""
    for path in directory.iterdir():
        hidden = path.name.startswith(".")
        if path.suffix.lower() in FILES and not hidden and not path.is_symlink() and path.is_file():
            yield path


def parse_playlist(text: str) -> list[Piece]:
    """Return the entries of an HLS playlist, by the last part of their names."""
    pieces: list[Piece] = []
    ms, discontinuity = 0, False
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("#EXTINF:"):
            with suppress(ValueError, OverflowError):
                ms = round(float(line[8:].partition(",")[0]) * 1000)
        elif line == "#EXT-X-DISCONTINUITY":
            discontinuity = True
        elif line and not line.startswith("#"):
            name = line.partition("?")[0].rpartition("/")[2]
            pieces.append(Piece(name, max(0, ms), discontinuity))
            ms, discontinuity = 0, False
    return pieces


class Importer:
    """``root`` is ``DataDir.record``."""

    def __init__(self, root: Path, catalogue: Catalogue) -> None:
        self._root = root
        self._catalogue = catalogue

    async def take_in(self, name: str, now_ms: int) -> Recording | None:
        """Take in one thing that was found; None when it is gone or known. Raises OSError."""
        path = self._root / name
        if await asyncio.to_thread(path.is_file):
            return await self._file(path, now_ms)
        if not await asyncio.to_thread(path.is_dir) or (path / RECORD_FILE).exists():
            return None
        id_ = name if is_recording_id(name) else str(uuid.uuid4())
        try:
            await self._catalogue.get(id_)
        except NotFound:
            pass
        else:
            return None
        directory = directory_of(self._root, id_)
        if directory != path:
            await asyncio.to_thread(move_durably, path, directory)
        changes = await adopt(directory)
        title = "" if id_ == name else name
        return await self._add(id_, changes | {"title": title}, now_ms)

    async def _file(self, path: Path, now_ms: int) -> Recording:
        id_ = str(uuid.uuid4())
        directory = directory_of(self._root, id_)
        facts = await asyncio.to_thread(path.stat)
        await asyncio.to_thread(directory.mkdir, 0o750)
        await asyncio.to_thread(move_durably, path, directory / original_name(path.name))
        changes = {
            "title": path.stem,
            "size_bytes": facts.st_size,
            "started_ms": round(facts.st_mtime * 1000),
            "mp4": Mp4State.WAITING,
        }
        return await self._add(id_, changes, now_ms)

    async def _add(self, id_: str, changes: dict[str, Any], now_ms: int) -> Recording:
        told: dict[str, Any] = {"started_ms": now_ms, "mp4": Mp4State.WAITING} | changes
        told["ended_ms"] = told["started_ms"] + told.get("duration_ms", 0)
        made = Recording(
            id=id_, kind=Kind.IMPORT, state=State.FINISHING, app="", stream="", wants=(), **told
        )
        await self._catalogue.add(made)
        log.info("recording.imported", id=id_, segments=made.segments)
        return made


async def adopt(directory: Path) -> dict[str, Any]:
    """Make what lies in a directory the files of a recording; return its fields. Raises OSError."""
    await asyncio.to_thread(_drop_links, directory)
    pieces = await asyncio.to_thread(_pieces_in, directory)
    lengths = [piece.ms or await _length_ms(directory / piece.name) for piece in pieces]
    kept = await asyncio.to_thread(_lay_down, directory, pieces, lengths)
    mp4 = directory / MP4_FILE
    facts = await probe(mp4) if mp4.is_file() else None
    if not kept and facts is None:
        await asyncio.to_thread(_choose_original, directory)
    changes: dict[str, Any] = {
        "size_bytes": sum(one.bytes for one in kept),
        "duration_ms": sum(one.ms for one in kept),
        "segments": len(kept),
        "playlist": bool(kept),
    }
    if facts is not None:
        changes |= {"mp4": Mp4State.READY, "mp4_bytes": mp4.stat().st_size}
        changes["duration_ms"] = changes["duration_ms"] or facts.duration_ms
    elif kept:
        facts = await probe(directory / kept[0].name)
    if facts is not None:
        changes |= {
            "video_codec": facts.video_codec,
            "audio_codec": facts.audio_codec,
            "width": facts.width,
            "height": facts.height,
        }
    if kept:
        changes["started_ms"] = kept[0].at_ms - kept[0].ms
    return changes


def _drop_links(directory: Path) -> None:
    """What is in a recording is handed out: nothing in it may stand for a file elsewhere."""
    for path in list(directory.iterdir()):
        if path.is_symlink():
            log.warning("import.link_dropped", directory=directory.name, name=path.name)
            path.unlink()


async def _length_ms(path: Path) -> int:
    facts = await probe(path)
    return facts.duration_ms if facts else 0


def _pieces_in(directory: Path) -> list[Piece]:
    """The playlist tells; without one all segments count, by the numbers in their names."""
    try:
        with (directory / PLAYLIST_FILE).open(errors="replace") as file:
            listed = parse_playlist(file.read(MAX_PLAYLIST))
    except FileNotFoundError:
        listed = []
    names = sorted((path.name for path in media_in(directory)), key=_by_numbers)
    segments = [name for name in names if name.endswith(".ts") and Path(name).stem != ORIGINAL]
    if not listed:
        return [Piece(name, 0, False) for name in segments]
    there = set(segments)
    pieces = []
    for n, piece in enumerate(listed):
        # It has its new name already when a kill came in the middle.
        name = next((one for one in (piece.name, _new_name(n, piece)) if one in there), None)
        if name is not None:
            pieces.append(Piece(name, piece.ms, piece.discontinuity))
    return pieces


def _by_numbers(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdigit() else (0, part) for part in _NUMBERS.split(name)]


def _new_name(n: int, piece: Piece) -> str:
    return str(SegmentName(n, n, n, piece.ms, "import"))


def _lay_down(directory: Path, pieces: list[Piece], lengths: list[int]) -> list[KeptSegment]:
    (directory / SEGMENTS_FILE).unlink(missing_ok=True)
    if not pieces:
        return []
    journal, kept = Journal(directory), []
    for n, (piece, ms) in enumerate(zip(pieces, lengths, strict=True)):
        old = directory / piece.name
        name = SegmentName.read(piece.name) or SegmentName(n, n, n, ms, "import")
        path = directory / str(name)
        if old != path:
            old.rename(path)
        with suppress(PermissionError):
            path.chmod(0o644)
        facts = path.stat()
        at_ms = round(facts.st_mtime * 1000)
        digest = sha256_of(path)
        segment = KeptSegment(
            n=name.n,
            name=path.name,
            source=name.source,
            seq=name.seq,
            ms=ms,
            bytes=facts.st_size,
            sha256=digest,
            run=name.run,
            discontinuity=piece.discontinuity and n > 0,
            at_ms=at_ms,
        )
        journal.append(segment)
        kept.append(segment)
    sync_directory(directory)
    write_vod(directory, kept)
    return kept


def _choose_original(directory: Path) -> None:
    """The largest file is what this is about."""
    if find_original(directory) is None:
        files = sorted(media_in(directory), key=lambda path: path.stat().st_size)
        if files:
            move_durably(files[-1], directory / original_name(files[-1].name))
