"""What a child writes, in memory that it owns, read without ever being in its way.

A child that must outlive us cannot write to a pipe of ours: the pipe breaks when we die, or
fills while nobody reads it. Nor should it hang on a disk that may be full. So its outputs are
anonymous memory files, opened for appending: cutting one to nothing never leaves a hole, and who
comes after us opens them again as ``/proc/<pid>/fd/1`` and ``2``. They vanish with the child.
"""

import fcntl
import os

_READ_BYTES = 64 * 1024


def appendable_memory(name: str) -> int:
    """Return a descriptor of a new empty memory file that is appended to."""
    fd = os.memfd_create(name)
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_APPEND)
    return fd


class Tail:
    """Lines appended since the last look. ``limit_bytes`` bounds the file.

    Of what was there before the first look, and of a flood, only the last 64 kB are read: the
    youngest lines are those that count. The descriptor stays the caller's.
    """

    def __init__(self, fd: int, limit_bytes: int) -> None:
        self._fd = fd
        self._limit_bytes = limit_bytes
        self._offset = 0
        self._rest = b""

    def lines(self) -> list[str]:
        """Return complete new lines, without line ends; empty ones are left out."""
        size = os.fstat(self._fd).st_size
        if size - self._offset > _READ_BYTES:
            self._offset, self._rest = size - _READ_BYTES, b""
        fresh = os.pread(self._fd, _READ_BYTES, self._offset)
        self._offset += len(fresh)
        cut = self._offset > self._limit_bytes
        if cut:
            os.ftruncate(self._fd, 0)
            self._offset = 0
        # A carriage return ends a line too: some messages of FFmpeg rewrite themselves.
        *whole, self._rest = (self._rest + fresh).replace(b"\r", b"\n").split(b"\n")
        if cut or len(self._rest) > _READ_BYTES:
            # What follows this piece was cut off with the rest, or it never ends.
            self._rest = b""
        return [raw.decode(errors="replace") for raw in whole if raw]
