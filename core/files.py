"""Files that are either old or new, never half."""

import os
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
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
