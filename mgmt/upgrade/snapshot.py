"""What an upgrade could spoil, copied before it begins: settings, keys, the manager's state and the
data of Redis at one instant.

``<data>/upgrade/snapshots/<id>/``: ``config/``, ``mgmt/``, ``redis.rdb``, and ``about.json``, which
comes last: a folder without it is no snapshot.
"""

import json
import os
import shutil
import stat
import time
from pathlib import Path

from ...core.files import copy_durably, is_ours, sync_directory, write_atomic
from ...core.settings import Settings
from ..redis_save import save_redis
from .migrations import read_number

KEEP = 3
_PARTS = ("config", "mgmt")
_GOES_ON = {"events.jsonl", "revoked-keys.json"}
"""One numbers its lines for ever: older ones would be taken for known. The other only grows."""


class Snapshots:
    """All of one installation."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._data = settings.data
        self._folder = self._data.upgrade / "snapshots"

    def make(self, name: str, version: str, release: str) -> Path:
        """Take one. Raises Upstream when Redis does not save, OSError when the disk is full."""
        path = self._folder / name
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True, mode=0o700)
        for part in _PARTS:
            source = self._data.root / part
            shutil.copytree(source, path / part, copy_function=_copy_with_owner, ignore=_not_ours)
            _own_as(self._data.root / part, path / part)
        dump = save_redis(self._settings)
        copy_durably(dump, path / "redis.rdb", 0o600)
        dump.unlink(missing_ok=True)
        about = {
            "version": version,
            "release": release,
            "data_version": read_number(self._data),
            "at_ms": time.time_ns() // 1_000_000,
        }
        sync_tree(path)
        write_atomic(path / "about.json", json.dumps(about) + "\n", 0o600)
        sync_directory(self._folder)
        self._prune()
        return path

    def about(self, name: str) -> dict[str, object] | None:
        """Return what a snapshot says of itself; None when it is not whole."""
        try:
            found = json.loads((self._folder / name / "about.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return dict(found)

    def restore_files(self, name: str) -> None:
        """Bring settings, keys and state back, file by file. May be done again."""
        for part in _PARTS:
            _bring_back(self._folder / name / part, self._data.root / part)

    def restore_redis(self, name: str) -> None:
        """Give Redis its data of then. Only while it is stopped; may be done again.

        A file of that name is taken by every version of Redis as the whole of the data.
        """
        folder = self._data.redis
        copy_durably(self._folder / name / "redis.rdb", folder / "appendonly.aof", 0o640)
        owner = folder.stat()
        os.chown(folder / "appendonly.aof", owner.st_uid, owner.st_gid, follow_symlinks=False)
        shutil.rmtree(folder / "appendonlydir", ignore_errors=True)
        sync_directory(folder)

    def _prune(self) -> None:
        kept = sorted(self._folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in kept[KEEP:]:
            shutil.rmtree(old, ignore_errors=True)


def _not_ours(folder: str, names: list[str]) -> set[str]:
    """Return what is neither a plain file nor a folder of ours: a service could change where such a
    one leads before root writes there again."""
    left_out = set()
    for name in names:
        facts = os.lstat(os.path.join(folder, name))
        folder_of_ours = stat.S_ISDIR(facts.st_mode) and (is_ours(facts) or os.geteuid() != 0)
        if not stat.S_ISREG(facts.st_mode) and not folder_of_ours:
            left_out.add(name)
    return left_out


def _own_as(source: Path, target: Path) -> None:
    found = source.lstat()
    os.chown(target, found.st_uid, found.st_gid, follow_symlinks=False)


def _copy_with_owner(source: str, target: str) -> str:
    shutil.copy2(source, target, follow_symlinks=False)
    _own_as(Path(source), Path(target))
    return target


def _bring_back(source: Path, target: Path) -> None:
    """Make ``target`` hold exactly the files of ``source``; each one is old or new, never half."""
    found = {path.relative_to(source) for path in source.rglob("*")}
    wanted = {path for path in found if path.name not in _GOES_ON}
    for path in sorted(target.rglob("*"), reverse=True):
        if path.relative_to(target) in found or path.name in _GOES_ON:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    for relative in sorted(wanted):
        there, here = source / relative, target / relative
        if there.is_symlink():
            continue
        if there.is_dir():
            here.mkdir(exist_ok=True)
            continue
        copy_durably(there, here, there.stat().st_mode & 0o7777)
        _own_as(there, here)


def sync_tree(folder: Path) -> None:
    """Make every file below survive a loss of power. Raises OSError."""
    for path in [folder, *folder.rglob("*")]:
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            continue
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
