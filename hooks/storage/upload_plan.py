"""Which files of a recording go up, read from its directory. Blocks; for threads.

Segments come from the journal, a piece at a time: ten hours of them are never in memory at once.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import orjson

from ...core.log import get_logger
from ..library.recording import (
    MANIFEST_FILE,
    PLAYLIST_FILE,
    POSTER_FILE,
    SEGMENTS_FILE,
    SPRITE_FILE,
    SPRITE_MAP_FILE,
    Mp4State,
    Recording,
    State,
)
from ..recorder.manifest import mp4_parts
from ..recorder.segments import sha256_of
from .upload_db import DONE, Book, Item, Phase, UploadDb

log = get_logger(__name__)

_AT_ONCE = 500

_TYPES = {
    ".m3u8": "application/vnd.apple.mpegurl",
    ".ts": "video/mp2t",
    ".mp4": "video/mp4",
    ".jpg": "image/jpeg",
    ".vtt": "text/vtt",
    ".json": "application/json",
}


def content_type(name: str) -> str:
    return _TYPES.get(Path(name).suffix, "application/octet-stream")


def is_over(recording: Recording) -> bool:
    """Tell whether all its segments are there."""
    return recording.state is not State.RECORDING


def wants_segments(recording: Recording) -> bool:
    """Tell whether its segments go up: also where only the MP4 is asked for, but there is none."""
    if recording.upload_what != "mp4":
        return True
    return is_over(recording) and recording.mp4 in (Mp4State.OFF, Mp4State.FAILED)


def wants_mp4(recording: Recording) -> bool:
    """Tell whether its MP4 goes up: also where only segments are asked for, but there are none."""
    return recording.upload_what != "segments" or recording.segments == 0


def read_journal(db: UploadDb, book: Book, directory: Path, from_bytes: int) -> None:
    """Enter the segments that the journal has from there on; all again when it was replaced."""
    path = directory / SEGMENTS_FILE
    try:
        if path.stat().st_size < from_bytes:
            from_bytes = 0
        with path.open("rb") as file:
            file.seek(from_bytes)
            position = from_bytes
            while lines := list(islice(_whole(file), _AT_ONCE)):
                position += sum(len(line) for line in lines)
                db.add(book, _segments(lines), position)
    except FileNotFoundError:
        return


def _whole(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        if not line.endswith(b"\n"):
            return  # it is being written
        yield line


def _segments(lines: list[bytes]) -> Iterator[Item]:
    for line in lines:
        try:
            one = orjson.loads(line)
            yield Item(str(one["name"]), Phase.SEGMENTS, int(one["bytes"]), 0, str(one["sha256"]))
        except (orjson.JSONDecodeError, KeyError, TypeError):
            continue  # torn by a crash and mended behind it


def look_at_files(db: UploadDb, book: Book, recording: Recording, directory: Path) -> None:
    """Enter the files beside the segments, as they are now. Raises OSError."""
    names = []
    if wants_segments(recording):
        names.append((PLAYLIST_FILE, Phase.PLAYLIST))
    if recording.state is State.READY:
        extras = (POSTER_FILE, SPRITE_FILE, SPRITE_MAP_FILE, MANIFEST_FILE)
        names += [(name, Phase.EXTRAS) for name in extras]
        if wants_mp4(recording):
            names += [(path.name, Phase.MP4) for path in mp4_parts(directory)]
    found = set()
    for name, phase in names:
        if _look_at(db, book, directory / name, phase):
            found.add(name)
    for item in db.beyond_segments(book):
        # What is in the bucket may be gone here: then the bucket's copy is the only one.
        if item.name not in found and item.progress != DONE:
            db.drop(book, item.name)


def _look_at(db: UploadDb, book: Book, path: Path, phase: Phase) -> bool:
    try:
        facts = path.stat()
    except FileNotFoundError:
        return False
    known = db.get(book, path.name)
    if known is not None and (known.size, known.mtime_ns) == (facts.st_size, facts.st_mtime_ns):
        return True
    try:
        sha256 = sha256_of(path)
    except FileNotFoundError:
        return False
    db.add(book, [Item(path.name, phase, facts.st_size, facts.st_mtime_ns, sha256)])
    db.touched(book, path.name, facts.st_mtime_ns)
    return True


def growing_playlist(directory: Path, first_missing: str | None) -> bytes:
    """Return the playlist of a recording under way as far as its segments are in the bucket; empty
    when none is."""
    with (directory / PLAYLIST_FILE).open("rb") as file:
        text = file.read()
    lines = text.split(b"\n")
    stop = (first_missing or "").encode()
    kept = 0
    for number, line in enumerate(lines):
        if line.endswith(b".ts"):
            if stop and line >= stop:
                break
            kept = number + 1
    return b"\n".join(lines[:kept]) + b"\n" if kept else b""
