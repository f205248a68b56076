"""The segments of one recording: their names tell all but their digests, which are in a journal.

A segment is in the recording as soon as its file is in the directory. The journal follows; what it
lacks after a crash is read from the file again.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from ..library.recording import SEGMENTS_FILE

_BLOCK = 1 << 20
_NAME = re.compile(r"(\d{6,})-(\d+)-(\d+)-(\d+)-([0-9A-Za-z]+)\.ts")


@dataclass(frozen=True, slots=True)
class KeptSegment:
    """``n`` counts from 0 in the recording; ``source`` is the number in the media server's own name
    of it, ``seq`` the server's count, ``run`` the tag of the publish session; ``at_ms`` when it was
    complete, ms since the epoch; ``ms`` its length."""

    n: int
    name: str
    source: int
    seq: int
    ms: int
    bytes: int
    sha256: str
    run: str
    discontinuity: bool
    at_ms: int


@dataclass(frozen=True, slots=True)
class SegmentName:
    """What the name of a segment in a recording says."""

    n: int
    source: int
    seq: int
    ms: int
    run: str

    def __str__(self) -> str:
        return f"{self.n:06d}-{self.source}-{self.seq}-{self.ms}-{self.run}.ts"

    @classmethod
    def read(cls, name: str) -> "SegmentName | None":
        """Return None for a file that is no segment."""
        match = _NAME.fullmatch(name)
        if match is None:
            return None
        return cls(int(match[1]), int(match[2]), int(match[3]), int(match[4]), match[5])


def sha256_of(path: Path) -> str:
    """Return the hex digest of a file. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def segment_names(directory: Path) -> list[SegmentName]:
    """Return the segments that are on disk, in order. Raises OSError."""
    found = (SegmentName.read(name) for name in os.listdir(directory))
    return sorted((one for one in found if one is not None), key=lambda one: one.n)


def iter_segments(directory: Path, skip_bytes: int = 0) -> Iterator[KeptSegment]:
    """Yield what the journal has from a byte position on; a torn last line ends it."""
    try:
        with (directory / SEGMENTS_FILE).open("rb") as file:
            file.seek(skip_bytes)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                try:
                    yield KeptSegment(**orjson.loads(line))
                except (orjson.JSONDecodeError, TypeError):
                    continue  # torn by a crash and mended behind it
    except FileNotFoundError:
        return


def read_segments(directory: Path) -> list[KeptSegment]:
    """Return all segments of a recording, in order; empty when there are none."""
    return sorted(iter_segments(directory), key=lambda one: one.n)


class Journal:
    """Appends to ``segments.jsonl``; opened for each line, so no file is held open."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / SEGMENTS_FILE

    def append(self, segment: KeptSegment) -> None:
        """Add one line. Raises OSError; a torn line then stands alone and counts for nothing."""
        line = orjson.dumps(asdict(segment)) + b"\n"
        fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            size = os.fstat(fd).st_size
            if size and os.pread(fd, 1, size - 1) != b"\n":
                line = b"\n" + line
            if os.write(fd, line) != len(line):
                raise OSError("the disk took only a part of the line")
        finally:
            os.close(fd)
