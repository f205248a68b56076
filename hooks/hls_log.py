"""What nginx writes about HLS sessions: one line a request, buffered there for up to a second.

A file and not a datagram socket: a burst of requests fills the queue of a socket (10 datagrams by
the kernel's default) and the rest is lost, and so is everything sent while nobody listens.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """One finished request of a session. ``size_bytes`` is all that was sent for it."""

    sid: str
    at_ms: int
    status: int
    size_bytes: int


class HlsLog:
    """Reads ``<sid> <seconds>.<ms> <status> <bytes>`` lines and empties the file behind itself.

    nginx appends, so it goes on at the beginning of an emptied file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = 0

    def take(self) -> Iterator[list[Request]]:
        """Give what is new in pieces, so that the caller can let others work in between.

        An absent file has nothing. Raises OSError when it cannot be read or emptied.
        """
        try:
            fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            self._position = 0
            return
        try:
            size = os.fstat(fd).st_size
            if size < self._position:
                self._position = 0
            while data := os.pread(fd, CHUNK_BYTES, self._position):
                whole = data.rfind(b"\n") + 1
                if whole == 0:
                    if len(data) < CHUNK_BYTES:
                        return  # a line that is just being written
                    whole = len(data)  # no line of ours is that long
                self._position += whole
                yield _parse(data[:whole])
                if whole < len(data) < CHUNK_BYTES:
                    return
            if self._position:
                # Nothing came since the end was seen, but for what arrives in this very moment.
                os.ftruncate(fd, 0)
                self._position = 0
        finally:
            os.close(fd)


def _parse(data: bytes) -> list[Request]:
    found = []
    for line in data.decode("ascii", "replace").split("\n"):
        parts = line.split(" ")
        if len(parts) != 4:
            continue
        try:
            request = Request(parts[0], int(float(parts[1]) * 1000), int(parts[2]), int(parts[3]))
        except ValueError:
            continue
        found.append(request)
    return found
