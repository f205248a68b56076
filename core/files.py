"""Files that are either old or new, never half; and files where somebody else may have put
something that is none."""

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path
from typing import IO

SMALL = 1 << 20
"""So much of a small file is read."""


def write_atomic(
    path: Path, data: str | bytes, mode: int = 0o600, *, keep_owner: bool = True
) -> None:
    """Write by temporary file, fsync and rename, so that a crash leaves the old or the new file.

    The directory must exist. An existing file's owner is kept when we may set it, unless
    ``keep_owner`` says that the file is ours alone. Raises OSError.
    """
    raw = data.encode() if isinstance(data, str) else data
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, mode)
            had = _plain_facts(path) if keep_owner and os.geteuid() == 0 else None
            if had is not None:
                os.fchown(fd, had.st_uid, had.st_gid)
            file.write(raw)
            file.flush()
            os.fsync(fd)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def copy_durably(source: Path, target: Path, mode: int = 0o640) -> None:
    """Copy a file to another file system by temporary file, fsync and rename. Raises OSError; a
    symbolic link and what is no file are errors (ELOOP, EINVAL)."""
    fd, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(fd, "wb") as out, open_to_read(source) as file:
            os.fchmod(fd, mode)
            shutil.copyfileobj(file, out, 1 << 20)
            out.flush()
            os.fsync(fd)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_directory(target.parent)


def open_plain(path: Path, flags: int, mode: int = 0o640) -> int:
    """Open a plain file of a folder that others write into, too, and return the descriptor.

    A link there is not followed, and a pipe holds nobody up. Raises OSError for both.
    """
    fd = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, mode)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError(errno.EINVAL, "this is no plain file", str(path))
    return fd


def open_to_read(path: Path) -> IO[bytes]:
    """The same, for reading."""
    return open(open_plain(path, os.O_RDONLY), "rb")


def read_plain(path: Path, most: int = SMALL, *, ours: bool = False) -> bytes:
    """Return what a small file of such a folder holds, ``most`` bytes of it.

    ``ours``: only what root or we ourselves have written; a file of anybody else counts as absent.
    Raises OSError.
    """
    with open_to_read(path) as file:
        if ours and not is_ours(os.fstat(file.fileno())):
            raise FileNotFoundError(errno.ENOENT, "somebody else put this here", str(path))
        return file.read(most)


def is_ours(facts: os.stat_result) -> bool:
    """Tell whether root or we ourselves own it, and nobody else may write to it."""
    return facts.st_uid in (0, os.geteuid()) and not facts.st_mode & 0o022


def is_there(mark: Path) -> bool:
    """Tell whether an (often empty) file is there that counts by being there, and it is ours."""
    facts = _plain_facts(mark)
    return facts is not None and is_ours(facts)


def _plain_facts(path: Path) -> os.stat_result | None:
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return None
    return facts if stat.S_ISREG(facts.st_mode) else None


def sync_directory(path: Path) -> None:
    """Make names in a directory survive a loss of power. Raises OSError."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
