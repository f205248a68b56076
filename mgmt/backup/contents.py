"""What makes a house: which files go into a backup, and how each comes back."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ...core.paths import DataDir

SMALL = 4 << 20
"""Of a recording: what is larger is media, whatever it is called."""

REDIS = "redis/appendonly.aof"
"""A file of that name is taken by every version of Redis as the whole of its data, also when it is
a dump."""

_MEDIA = (".ts", ".mp4", ".m4s", ".flv", ".mkv", ".mov", ".webm", ".m4a", ".aac", ".mp3")
_OF_THIS_MACHINE = {"unit", "runtime.json"}
_NOT_KEPT = {"support-bundle.tar.gz", "backup-job.json"}
_GROWS = {"events.jsonl", "revoked-keys.json"}
"""One numbers its lines for ever: older ones would be taken for known. The other only grows."""


class Way(StrEnum):
    """How a part comes back to a house that has one: in place of it, or where it lacks files."""

    REPLACE = "replace"
    ADD = "add"


PARTS: dict[str, Way] = {
    "config": Way.REPLACE,
    "mgmt": Way.REPLACE,
    "redis": Way.REPLACE,
    "letsencrypt": Way.REPLACE,
    "ssl": Way.REPLACE,
    "slate/own": Way.REPLACE,
    "audit": Way.ADD,
    "record": Way.ADD,
    "vlive": Way.ADD,
    "dvr": Way.ADD,
    "stats": Way.ADD,
}


@dataclass(frozen=True, slots=True)
class Member:
    """One file. ``name``: below the data directory, with slashes."""

    name: str
    path: Path
    facts: os.stat_result

    @property
    def size(self) -> int:
        return self.facts.st_size if stat.S_ISREG(self.facts.st_mode) else 0


def members(data: DataDir, media: bool) -> Iterator[Member]:
    """Yield everything but Redis. What goes away meanwhile is left out."""
    for path in sorted(data.config.glob("*")):
        if of_config(path):
            yield from _member(data, path)
    for folder in (data.mgmt, data.letsencrypt / "etc", data.ssl, data.slate / "own", data.audit):
        yield from _tree(data, folder)
    for path in _walk(data.record):
        if media or path.is_dir() or (path.suffix not in _MEDIA and _size(path) <= SMALL):
            yield from _member(data, path)
    if media:
        for folder in (data.vlive, data.dvr, data.stats):
            yield from _tree(data, folder)


def of_config(path: Path) -> bool:
    """Tell whether a file of ``config`` is of the house; others are made anew by every start."""
    name = path.name
    if name in _OF_THIS_MACHINE or path.suffix == ".conf" or path.is_symlink():
        return False
    return path.is_file() and (not name.startswith(".") or name == ".env")


def carried(name: str) -> bool:
    """Tell whether a file of the manager's folder goes on from now, never from then."""
    return name in _GROWS


def _tree(data: DataDir, folder: Path) -> Iterator[Member]:
    for path in _walk(folder):
        yield from _member(data, path)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield folders, each before what is in it, files and links."""
    for root, folders, files in os.walk(folder):
        folders.sort()
        yield Path(root)
        # A link to a folder is one of its own, as certbot and our certificates have them.
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        for name in sorted(files + links):
            if not name.startswith(".") and name not in _NOT_KEPT:
                yield Path(root, name)


def _member(data: DataDir, path: Path) -> Iterator[Member]:
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return
    if stat.S_IFMT(facts.st_mode) in (stat.S_IFREG, stat.S_IFLNK, stat.S_IFDIR):
        yield Member(path.relative_to(data.root).as_posix(), path, facts)


def _size(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0
