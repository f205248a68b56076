"""The directory that copies of finished MP4 go to: only ever one that the operator may mean."""

import os
from contextlib import suppress
from pathlib import Path

from ...core.errors import Invalid

_SYSTEM = tuple(
    Path("/", name)
    for name in ("bin", "boot", "dev", "etc", "lib", "lib64", "proc", "sbin", "sys", "usr")
)
_LOOK = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def check_copy_directory(name: str, data: Path) -> str:
    """Return the name of a directory that may take copies; ``data`` is our data directory.

    Raises Invalid unless it is absolute, exists, is reached without symbolic links, lies apart from
    our data and the system's, and may be written by this process. Blocks.
    """
    os.close(open_copy_directory(name, data))
    return os.path.normpath(name)


def open_copy_directory(name: str, data: Path) -> int:
    """Open the directory (``O_PATH``, for use as ``dir_fd``) at the moment of copying: whoever owns
    something above it may have put a link there since it was set. Raises Invalid. Blocks."""
    path = Path(name)
    if not path.is_absolute() or ".." in path.parts or "\0" in name:
        raise _bad("it is no plain path that begins with /")
    if path == Path("/") or any(path == one or one in path.parents for one in _SYSTEM):
        raise _bad("it belongs to the system")
    found = _identities(data.resolve())
    ours = found[-1]
    fd, walked = _walk(path)
    try:
        if ours in walked or walked[-1] in found:
            raise _bad("it holds, or lies in, Streamstead's own data")
        if not os.access(f"/proc/self/fd/{fd}", os.W_OK | os.X_OK):
            raise _bad("Streamstead's account may not write there")
    except BaseException:
        os.close(fd)
        raise
    return fd


def _walk(path: Path) -> tuple[int, list[tuple[int, int]]]:
    """Open a directory step by step; return it and the (device, inode) of every step."""
    fd = os.open("/", _LOOK)
    walked = [_identity(fd)]
    try:
        for part in path.parts[1:]:
            below = os.open(part, _LOOK, dir_fd=fd)
            os.close(fd)
            fd = below
            walked.append(_identity(fd))
    except OSError as exc:
        with suppress(OSError):
            os.close(fd)
        if os.path.islink(path) or (path.exists() and path.is_dir()):
            raise _bad("a symbolic link leads there: name the real directory") from None
        raise _bad(exc.strerror.lower() if exc.strerror else "it cannot be read") from None
    return fd, walked


def _identity(fd: int) -> tuple[int, int]:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _identities(path: Path) -> list[tuple[int, int]]:
    fd, walked = _walk(path)
    os.close(fd)
    return walked


def _bad(why: str) -> Invalid:
    return Invalid(
        f"this directory cannot take copies: {why}",
        "Make a directory of its own, such as /srv/recordings, give it to the account that "
        "Streamstead runs as, and name it in full.",
        key="copy_dir_invalid",
    )
