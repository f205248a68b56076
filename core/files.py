"""Files that are either old or new, never half."""

import os
import shutil
import tempfile
from pathlib import Path


def write_atomic(path: Path, data: str | bytes, mode: int = 0o600) -> None:
    """Write by temporary file, fsync and rename, so that a crash leaves the old or the new file.

    The directory must exist. An existing file's owner is kept when we may set it. Raises OSError.
    """
    raw = data.encode() if isinstance(data, str) else data
    fd, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(fd, mode)
            if path.exists():
                had = path.stat()
                if os.geteuid() == 0:
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
    symbolic link is an error (ELOOP)."""
    fd, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(fd, "wb") as out, open(_open_file(source), "rb") as file:
            os.fchmod(fd, mode)
            shutil.copyfileobj(file, out, 1 << 20)
            out.flush()
            os.fsync(fd)
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    sync_directory(target.parent)


def _open_file(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)


def sync_directory(path: Path) -> None:
    """Make names in a directory survive a loss of power. Raises OSError."""
    directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
