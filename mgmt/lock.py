"""One manager per data directory."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..core.errors import ConfigError


@contextmanager
def only_one(path: Path) -> Iterator[None]:
    """Hold the lock while the body runs; the kernel frees it however we end.

    Raises ConfigError when another manager holds it.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"another manager already works on {path.parent.parent}",
                "Look at it with `streamstead status`, or name another directory by --data.",
            ) from None
        yield
    finally:
        os.close(fd)


def is_held(path: Path) -> bool:
    """Tell whether a manager holds the lock."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
