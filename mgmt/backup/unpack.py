"""Reading a backup: checked to its last byte before anything of it counts. Blocks."""

import hashlib
import json
import os
import re
import tarfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ..runtime.account import Account
from .contents import PARTS
from .faults import BackupBroken
from .sealed_file import Header, Reader

MANIFEST = "manifest.json"
MAX_MANIFEST = 256 << 20
BLOCK = 1 << 20
FOLDER = "folder"
_NAME = re.compile(r"[^\x00-\x1f\\]{1,1000}")

Progress = Callable[[int], None]


class Stage:
    """An empty folder that members are written below."""

    def __init__(self, root: Path, account: Account) -> None:
        self._root = root
        self._account = account

    def folder(self, info: tarfile.TarInfo) -> None:
        path = self._path(info.name)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(info.mode & 0o777)
        self._own(path, info)

    def link(self, info: tarfile.TarInfo) -> None:
        path = self._path(info.name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.symlink_to(info.linkname)
        self._own(path, info)

    def file(self, info: tarfile.TarInfo) -> IO[bytes]:
        """Return a new file; its mode and owner are those of the member."""
        path = self._path(info.name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = open(os.open(path, flags, 0o600), "wb")  # noqa: SIM115
        os.fchmod(file.fileno(), info.mode & 0o777)
        self._own(path, info)
        return file

    def _path(self, name: str) -> Path:
        path = self._root
        for part in name.split("/"):
            if path.is_symlink():
                raise BackupBroken("a file of it lies behind a link")
            path = path / part
        return path

    def _own(self, path: Path, info: tarfile.TarInfo) -> None:
        if self._account.drops:
            uid = self._account.uid if info.uname == "service" else 0
            gid = self._account.gid if info.gname == "service" else 0
            os.chown(path, uid, gid, follow_symlinks=False)


def check(file: IO[bytes], passphrase: str | None, progress: Progress) -> Header:
    """Read a backup to its end. Raises BackupBroken, PassphraseWrong, PassphraseNeeded."""
    return unpack(file, passphrase, None, progress)


def unpack(
    file: IO[bytes], passphrase: str | None, stage: Stage | None, progress: Progress
) -> Header:
    """Write all members below ``stage``, unless it is None. Only when this has returned they are
    known to be those that were put in. Raises as ``check``, and OSError."""
    reader = Reader(file, passphrase)
    found: dict[str, str] = {}
    manifest: dict[str, str] | None = None
    try:
        source: Any = reader
        with tarfile.open(fileobj=source, mode="r|", bufsize=BLOCK) as tar:
            for info in tar:
                if manifest is not None:
                    raise BackupBroken("something follows its table of contents")
                if info.name == MANIFEST:
                    manifest = _manifest(tar, info)
                else:
                    _check_name(info)
                    if info.name in found:
                        raise BackupBroken("a file is in it twice")
                    found[info.name] = _take(tar, info, stage)
                progress(reader.taken)
        # The last piece says that nothing was cut off.
        while reader.read(BLOCK):
            pass
    except (tarfile.TarError, EOFError, UnicodeError):
        raise BackupBroken("its archive cannot be read") from None
    if manifest is None or manifest != found:
        raise BackupBroken("its files are not those of its table of contents")
    return reader.header


def _manifest(tar: tarfile.TarFile, info: tarfile.TarInfo) -> dict[str, str]:
    source = tar.extractfile(info)
    try:
        if source is None or info.size > MAX_MANIFEST:
            raise ValueError
        members = json.loads(source.read())["members"]
        return {str(name): str(digest) for name, digest in members.items()}
    except (ValueError, KeyError, AttributeError):
        raise BackupBroken("its table of contents cannot be read") from None


def _check_name(info: tarfile.TarInfo) -> None:
    """Nothing may lie, or point, outside the parts of a house."""
    parts = info.name.split("/")
    plain = _NAME.fullmatch(info.name) and not any(one in ("", ".", "..") for one in parts)
    part = _part_of(info.name)
    if not plain or part is None:
        raise BackupBroken("a file of it lies where none belongs")
    if info.issym():
        target = os.path.normpath(os.path.join(os.path.dirname(info.name), info.linkname))
        if info.linkname.startswith("/") or _part_of(target) != part:
            raise BackupBroken("a link of it points elsewhere")
    elif not (info.isreg() or info.isdir()):
        raise BackupBroken("something of it is neither file, folder nor link")


def _part_of(name: str) -> str | None:
    for part in PARTS:
        if name == part or name.startswith(f"{part}/"):
            return part
    return None


def _take(tar: tarfile.TarFile, info: tarfile.TarInfo, stage: Stage | None) -> str:
    if info.isdir():
        if stage is not None:
            stage.folder(info)
        return FOLDER
    if info.issym():
        if stage is not None:
            stage.link(info)
        return hashlib.sha256(info.linkname.encode()).hexdigest()
    source = tar.extractfile(info)
    assert source is not None  # it is a plain file
    digest = hashlib.sha256()
    target = stage.file(info) if stage is not None else None
    try:
        while block := source.read(BLOCK):
            digest.update(block)
            if target is not None:
                target.write(block)
        if target is not None:
            target.flush()
            with suppress(OSError):  # a file system without it must do without
                os.fsync(target.fileno())
    finally:
        if target is not None:
            target.close()
    return digest.hexdigest()
