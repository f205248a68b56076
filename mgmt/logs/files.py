"""The logs that lie in one folder, read backwards by pieces: nothing is ever held in whole."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...core.files import open_to_read
from .line import Line, parse

BLOCK = 32 * 1024
MAX_LINE = 64 * 1024


@dataclass(frozen=True, slots=True)
class LogFile:
    """``path`` was written by ``service``; ``number`` 0 is written to now, higher are older."""

    path: Path
    service: str
    number: int


def list_files(folder: Path) -> dict[str, list[LogFile]]:
    """Return the files of every service, youngest first. Absent folder: none."""
    found: dict[str, list[LogFile]] = {}
    try:
        names = sorted(os.listdir(folder))
    except FileNotFoundError:
        return {}
    for name in names:
        service, dot, rest = name.partition(".log")
        number = rest.removeprefix(".")
        if not dot or not service or (rest and not number.isdigit()):
            continue
        path = folder / name
        if path.is_symlink() or not path.is_file():
            continue
        found.setdefault(service, []).append(LogFile(path, service, int(number or 0)))
    for files in found.values():
        files.sort(key=lambda one: one.number)
    return found


def backwards(files: list[LogFile], before_ms: int | None = None) -> Iterator[Line]:
    """Yield the lines of one service, youngest first. ``before_ms``: whole blocks of younger ones
    are passed over."""
    for file in files:
        try:
            with open_to_read(file.path) as opened:
                yield from _of_file(opened.fileno(), file.service, before_ms)
        except OSError:
            continue  # rotated away meanwhile, or no plain file any more


def _of_file(fd: int, service: str, before_ms: int | None) -> Iterator[Line]:
    end = os.fstat(fd).st_size
    carry = b""
    while end > 0:
        start = max(0, end - BLOCK)
        block = os.pread(fd, end - start, start) + carry
        end = start
        if start > 0:
            # The first line may begin in the block before.
            head, newline, rest = block.partition(b"\n")
            if not newline:
                carry = block[-MAX_LINE:]
                continue
            carry = head[-MAX_LINE:]
            block, start = rest, start + len(head) + 1
        if before_ms is not None and _begins_ms(block, service) > before_ms:
            continue
        yield from reversed(parse_block(block, service, start))


def _begins_ms(block: bytes, service: str) -> int:
    """Return the time of the first line that tells one, of the first few."""
    for raw in block[: 16 * 1024].split(b"\n")[:20]:
        at_ms = parse(raw, service).at_ms if raw else 0
        if at_ms:
            return at_ms
    return 0


def parse_block(block: bytes, service: str, start: int) -> list[Line]:
    """Parse whole lines; those without a time (a traceback) have that of the line before, or of
    the next one at the beginning. ``start``: offset of the block in its file."""
    found: list[Line] = []
    at_ms = 0
    offset = start
    for raw in block.split(b"\n"):
        if raw.strip():
            line = parse(raw, service, at_ms)
            line.offset = offset
            at_ms = line.at_ms
            if line.text:  # there are lines of nothing but the end of a colour
                found.append(line)
        offset += len(raw) + 1
    first = next((line.at_ms for line in found if line.at_ms), 0)
    for line in found:
        if line.at_ms:
            break
        line.at_ms = first
    return found


def forwards(file: LogFile) -> Iterator[Line]:
    """Yield the lines of one file, oldest first."""
    carry = b""
    offset = 0
    at_ms = 0
    with open_to_read(file.path) as opened:
        while block := opened.read(BLOCK):
            whole, newline, rest = (carry + block).rpartition(b"\n")
            if not newline:
                carry = rest[:MAX_LINE]
                continue
            for line in parse_block(whole, file.service, offset):
                at_ms = line.at_ms = line.at_ms or at_ms
                yield line
            offset += len(whole) + 1
            carry = rest
    yield from parse_block(carry, file.service, offset)
