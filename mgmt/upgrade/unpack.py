"""Archives of releases, taken apart without trusting what they say."""

import os
import shutil
import tarfile
from pathlib import Path, PurePosixPath

from .errors import ReleaseRefused

MAX_BYTES = 2 << 30
MAX_FILES = 100_000
MAX_DEPTH = 40


def unpack(
    archive: Path, into: Path, max_bytes: int = MAX_BYTES, max_files: int = MAX_FILES
) -> Path:
    """Unpack into the empty folder ``into``; return the one folder the archive consists of.

    Only plain files, folders and links that stay inside are taken; owners, devices and special
    mode bits are not. Raises ReleaseRefused, and OSError when the disk does not take it.
    """
    into.mkdir(parents=True)
    total = count = 0
    try:
        with tarfile.open(archive, "r|*") as tar:
            for member in tar:
                count += 1
                total += max(member.size, 0)
                if total > max_bytes:
                    raise _bad(f"it holds more than {max_bytes >> 20} MB")
                if count > max_files:
                    raise _bad(f"it holds more than {max_files} files")
                _take(tar, member, into)
    except (tarfile.TarError, EOFError, ValueError) as exc:
        raise _bad(f"it cannot be read ({type(exc).__name__})") from None
    top = list(into.iterdir())
    if len(top) != 1 or not top[0].is_dir() or top[0].is_symlink():
        raise _bad("it does not consist of one folder")
    return top[0]


def _take(tar: tarfile.TarFile, member: tarfile.TarInfo, into: Path) -> None:
    path = PurePosixPath(member.name)
    if (
        path.is_absolute()
        or ".." in path.parts
        or len(path.parts) > MAX_DEPTH
        or "\0" in member.name
    ):
        raise _bad(f"{member.name[:100]!r} lies outside")
    if not path.parts:
        return
    target = into.joinpath(*path.parts)
    # Whatever came before may be a link; nothing is ever written through one.
    parent = into
    for part in path.parts[:-1]:
        parent = parent / part
        if parent.is_symlink() or (parent.exists() and not parent.is_dir()):
            raise _bad(f"{member.name[:100]!r} goes through a link")
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or (target.exists() and not (member.isdir() and target.is_dir())):
        raise _bad(f"{member.name[:100]!r} comes twice")
    if member.isdir():
        target.mkdir(exist_ok=True)
    elif member.isfile():
        _write(tar, member, target)
    elif member.issym():
        _link(member, path, target)
    else:
        raise _bad(f"{member.name[:100]!r} is neither file nor folder")


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
    source = tar.extractfile(member)
    assert source is not None
    mode = 0o755 if member.mode & 0o100 else 0o644
    fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(fd, "wb") as out:
        shutil.copyfileobj(source, out, 1 << 20)
        os.fchmod(out.fileno(), mode)


def _link(member: tarfile.TarInfo, path: PurePosixPath, target: Path) -> None:
    where = PurePosixPath(member.linkname)
    steps_up = 0
    while steps_up < len(where.parts) and where.parts[steps_up] == "..":
        steps_up += 1
    # The archive's own folder is the end; a step up behind a name might start from another link.
    outside = steps_up > len(path.parts) - 2 or ".." in where.parts[steps_up:]
    if where.is_absolute() or outside:
        raise _bad(f"the link {member.name[:100]!r} leads outside")
    target.symlink_to(member.linkname)


def _bad(reason: str) -> ReleaseRefused:
    return ReleaseRefused(
        f"the archive is not taken: {reason}",
        "Nothing of it was used. Fetch it again.",
        key="archive_bad",
    )
