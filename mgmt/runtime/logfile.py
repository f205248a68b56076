"""Output of children: appended to a file that outlives us, rotated without the child's help."""

import errno
import os
import re
import shutil
from pathlib import Path

from ...core.files import open_plain, open_to_read

MAX_BYTES = 10_000_000
KEEP = 3
"""Files in all: the one written to and two older ones."""
_TAIL_BLOCK = 64 * 1024
_MASK_BLOCK = 1024 * 1024
_SECRET = re.compile(rb"(?i)[?&,\"](?:secret|pass|grant|hook|token)=([^&\s\"',;]+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def open_log(path: Path) -> int:
    """Open for appending and return the descriptor. What a service put in its place, be it a link,
    a pipe or a file of its own, is removed: the folder is ours."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        fd = open_plain(path, flags)
        if os.fstat(fd).st_uid == os.geteuid():
            return fd
        os.close(fd)
    except OSError as exc:
        if exc.errno not in (errno.ELOOP, errno.EINVAL, errno.ENXIO):
            raise
    path.unlink(missing_ok=True)
    return open_plain(path, flags | os.O_EXCL)


def rotate(path: Path, max_bytes: int = MAX_BYTES, keep: int = KEEP) -> bool:
    """Copy a file that is too large to ``.1`` and empty it; return whether that was done.

    The child holds the file open and must be able to go on after our own death, so the file is
    emptied in place. Lines written between the copy and the emptying are lost.
    """
    try:
        size = path.lstat().st_size
    except FileNotFoundError:
        return False
    if size <= max_bytes:
        return False
    for number in range(keep - 2, 0, -1):
        older = path.with_name(f"{path.name}.{number}")
        if older.exists():
            older.replace(path.with_name(f"{path.name}.{number + 1}"))
    with os.fdopen(open_plain(path, os.O_RDWR), "r+b") as source:
        # Only the newest part is kept of a file that grew far beyond the limit in one go.
        source.seek(max(0, size - max_bytes))
        copy = path.with_name(f"{path.name}.1")
        copy.unlink(missing_ok=True)
        with os.fdopen(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640), "wb") as target:
            shutil.copyfileobj(source, target)
        os.ftruncate(source.fileno(), 0)
    return True


def mask(path: Path, begin: int) -> int:
    """Overwrite secrets in addresses with stars, in place; return where to begin the next time.

    The media server writes whole callbacks into its log when a client is refused, and cannot be
    told not to. ``begin`` is 0 or what was returned before; only whole lines are looked at.
    """
    try:
        fd = open_plain(path, os.O_RDWR)
    except FileNotFoundError:
        return 0
    try:
        if os.fstat(fd).st_size < begin:
            begin = 0  # emptied meanwhile
        while block := os.pread(fd, _MASK_BLOCK, begin):
            whole = block.rfind(b"\n") + 1
            if whole == 0:
                if len(block) < _MASK_BLOCK:
                    break  # a line that is just being written
                whole = len(block)
            for found in _SECRET.finditer(block, 0, whole):
                start, end = found.span(1)
                os.pwrite(fd, b"*" * (end - start), begin + start)
            begin += whole
    finally:
        os.close(fd)
    return begin


def plain(line: str) -> str:
    """Return a line without the colours some programs write even to a file."""
    return _COLOUR.sub("", line).strip()


def tail(path: Path, lines: int) -> list[str]:
    """Return the last lines of the file, decoded; empty when it cannot be read."""
    try:
        with open_to_read(path) as file:
            end = file.seek(0, os.SEEK_END)
            block = b""
            while end > 0 and block.count(b"\n") <= lines:
                start = max(0, end - _TAIL_BLOCK)
                file.seek(start)
                block = file.read(end - start) + block
                end = start
    except OSError:
        return []
    return block.decode(errors="replace").splitlines()[-lines:] if lines > 0 else []
