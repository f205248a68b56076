"""Making a backup: written, read again in whole, and only then called one. Blocks."""

import hashlib
import io
import json
import os
import shutil
import stat
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from ...core.files import open_to_read, sync_directory, write_atomic
from ...core.settings import Settings
from ...core.version import VERSION
from ..redis_save import save_redis
from ..runtime.account import Account, service_account
from ..upgrade.migrations import read_number
from .contents import REDIS, SMALL, Member, members
from .faults import NoRoom
from .info import Info, host_digest
from .sealed_file import SUFFIX, Writer, new_header
from .unpack import MANIFEST, check

RESERVE = 64 << 20
"""Room that stays free."""

BLOCK = 1 << 20

Tell = Callable[[str, int, int], None]
"""Told (step, bytes done, of about so many)."""


def create(
    settings: Settings, id_: str, passphrase: str | None, media: bool, by: str, tell: Tell
) -> Info:
    """Make ``<data>/backups/<id>.ssbackup``. Raises NoRoom, Upstream, OSError."""
    data, account = settings.data, service_account(settings.user)
    for left in data.backups.glob(".*.part"):
        left.unlink(missing_ok=True)
    part = data.backups / f".{id_}.part"
    final = data.backups / f"{id_}{SUFFIX}"
    tell("collecting", 0, 0)
    dump: Path | None = None
    try:
        # First: what is told while we read the rest is in files that are younger than this.
        dump = save_redis(settings)
        found = [Member(REDIS, dump, dump.lstat()), *members(data, media)]
        total = sum(one.size for one in found)
        free = shutil.disk_usage(data.backups).free
        if free < total + RESERVE:
            raise NoRoom(total + RESERVE, free)
        header = new_header(
            passphrase,
            id=id_,
            at_ms=time.time_ns() // 1_000_000,
            version=VERSION,
            data_version=read_number(data),
            recordings=media,
            host=host_digest(),
        )
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with open(os.open(part, flags, 0o600), "w+b") as file:
            writer = Writer(file, header, passphrase)
            _write(found, writer, account, lambda done: tell("writing", done, total))
            writer.finish()
        size = part.stat().st_size
        with part.open("rb") as file:
            check(file, passphrase, lambda done: tell("verifying", done, size))
        info = Info(
            **header.model_dump(include={"id", "at_ms", "version", "recordings"}),
            bytes=size,
            encrypted=header.encrypted,
            by=by,
            sha256=_sha256(part),
        )
        _publish(part, final, info, account)
        return info
    finally:
        part.unlink(missing_ok=True)
        if dump is not None:
            dump.unlink(missing_ok=True)


def _write(
    found: list[Member], writer: Writer, account: Account, progress: Callable[[int], None]
) -> None:
    manifest: dict[str, str] = {}
    done = 0
    target: Any = writer
    with tarfile.open(fileobj=target, mode="w|", format=tarfile.PAX_FORMAT, bufsize=BLOCK) as tar:
        for one in found:
            digest = _add(tar, one, account)
            if digest:
                manifest[one.name] = digest
            done += one.size
            progress(done)
        raw = json.dumps({"members": manifest}).encode()
        info = tarfile.TarInfo(MANIFEST)
        info.size = len(raw)
        tar.addfile(info, io.BytesIO(raw))


def _add(tar: tarfile.TarFile, one: Member, account: Account) -> str:
    """Write one member; return its digest, "" for one that is gone."""
    info = tarfile.TarInfo(one.name)
    info.mode = stat.S_IMODE(one.facts.st_mode) & 0o777
    info.mtime = int(one.facts.st_mtime)
    # The account of the platform counts as the services': each start gives it what it owns.
    info.uname = "service" if one.facts.st_uid != 0 or not account.drops else "root"
    info.gname = "service" if one.facts.st_gid == account.gid else "root"
    try:
        if stat.S_ISDIR(one.facts.st_mode):
            info.type = tarfile.DIRTYPE
            tar.addfile(info)
            return "folder"
        if stat.S_ISLNK(one.facts.st_mode):
            info.type, info.linkname = tarfile.SYMTYPE, os.readlink(one.path)
            tar.addfile(info)
            return hashlib.sha256(info.linkname.encode()).hexdigest()
        file = _open(one)
    except FileNotFoundError:
        return ""
    with file:
        if one.size <= SMALL:
            # In one piece: it may be written to just now.
            raw = file.read(SMALL * 2)
            info.size = len(raw)
            tar.addfile(info, io.BytesIO(raw))
            return hashlib.sha256(raw).hexdigest()
        info.size = os.fstat(file.fileno()).st_size
        hashing = _Hashing(file)
        tar.addfile(info, hashing)
        return hashing.digest.hexdigest()


def _open(one: Member) -> IO[bytes]:
    """Open a file where it is, and not where a link leads that a service put on the way there.
    Raises FileNotFoundError where there is one."""
    file = open_to_read(one.path)
    root = str(one.path).removesuffix(one.name)
    top, _, rest = one.name.partition("/")
    # The folders in the root are the operator's, who may keep them elsewhere. Redis' dump has a
    # name of its own.
    real = Path(root, top).resolve() / rest if str(one.path) != root else one.path.resolve()
    if Path(os.readlink(f"/proc/self/fd/{file.fileno()}")) != real:
        file.close()
        raise FileNotFoundError(one.path)
    return file


class _Hashing(io.RawIOBase):
    """A file that is hashed as it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        block = self._file.read(size)
        self.digest.update(block)
        return block


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _publish(part: Path, final: Path, info: Info, account: Account) -> None:
    """Give it its name; the group may read it, so that the page can hand it out."""
    beside = final.with_suffix(".json")
    write_atomic(beside, info.model_dump_json() + "\n", 0o640)
    part.chmod(0o640)
    if account.drops:
        os.chown(beside, 0, account.gid)
        os.chown(part, 0, account.gid)
    os.replace(part, final)
    sync_directory(final.parent)
