"""Being told by the kernel that files in one folder grew, instead of looking again and again."""

import ctypes
import os
import struct
from pathlib import Path

_MODIFY = 0x2
_MOVED_TO = 0x80
_CREATE = 0x100
_HEADER = struct.Struct("iIII")


class FolderWatch:
    """``fd`` becomes readable when something was written below a folder."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError, also where the kernel gives no more watches."""
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        mask = _MODIFY | _MOVED_TO | _CREATE
        if libc.inotify_add_watch(self.fd, os.fsencode(folder), mask) < 0:
            number = ctypes.get_errno()
            os.close(self.fd)
            raise OSError(number, os.strerror(number), str(folder))

    def changed(self) -> set[str]:
        """Return the names of what was written since the last call; never waits."""
        found: set[str] = set()
        while True:
            try:
                raw = os.read(self.fd, 64 * 1024)
            except BlockingIOError:
                return found
            at = 0
            while at < len(raw):
                _, _, _, length = _HEADER.unpack_from(raw, at)
                at += _HEADER.size
                found.add(os.fsdecode(raw[at : at + length].rstrip(b"\0")))
                at += length

    def close(self) -> None:
        os.close(self.fd)
