"""Files of this server that channels may play: below ``upload/``, ``vlive/`` and ``record/`` alone.

All of it blocks and belongs into a thread.
"""

import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import orjson

from ...core.errors import Conflict, Invalid, NotFound, StreamsteadError
from ...core.files import sync_directory
from ...core.log import get_logger
from ...core.paths import DataDir
from ...core.vlive_files import EXTENSIONS, name_of

log = get_logger(__name__)

MAX_LISTED = 1000
MAX_PATH = 1024
STAGED = "stage-"
"""Begins the name of a file below ``upload/`` that no channel has taken yet: it is swept away."""

STAGED_S = 2 * 3600.0
_RECORDING = "recording.json"
_MP4 = "index*.mp4"


class FilmFolder(StrEnum):
    VLIVE = "vlive"
    RECORD = "record"
    UPLOAD = "upload"


@dataclass(frozen=True, slots=True)
class OwnFile:
    """``path`` is relative to the data directory; ``duration_ms`` 0: not known."""

    path: str
    name: str
    bytes: int
    duration_ms: int = 0


class OwnFiles:
    """``folders`` of one data directory."""

    def __init__(self, data: DataDir) -> None:
        self._root = data.root
        self._folders = {
            FilmFolder.VLIVE: data.vlive,
            FilmFolder.RECORD: data.record,
            FilmFolder.UPLOAD: data.upload,
        }

    def find(self, path: str) -> Path:
        """Return the real file of a path below the data directory, or of an absolute one.

        Raises Invalid (``file_outside``, ``vlive_type``), NotFound (``file_unknown``). What it says
        is the same for all that lies outside: nobody learns what is there.
        """
        folder, rest = self._place(path)
        try:
            base = folder.resolve(strict=True)
            found = (folder / rest).resolve(strict=True)
        except (OSError, RuntimeError, ValueError):
            raise _unknown() from None
        # Links within the folder lead wherever who made them likes; the folder itself may be on
        # another disk.
        if found != base / rest:
            raise _outside()
        if found.suffix.lower() not in EXTENSIONS:
            raise Invalid(
                "a file of this kind cannot be played",
                f"These can: {', '.join(sorted(one[1:] for one in EXTENSIONS))}.",
                key="vlive_type",
            )
        try:
            facts = found.lstat()
        except OSError:
            raise _unknown() from None
        if not stat.S_ISREG(facts.st_mode) or not os.access(found, os.R_OK):
            raise _unknown()
        return found

    def name_of(self, film: Path) -> str:
        """Return what a found file is called."""
        if film.is_relative_to(self._folders[FilmFolder.RECORD].resolve()):
            return _recorded(film.parent)[0]
        return name_of(film)

    def relative(self, path: str) -> str:
        """Return ``folder/rest`` of a path as ``find`` takes it. Raises Invalid."""
        folder, rest = self._place(path)
        return f"{self._name(folder)}/{rest}"

    def _name(self, folder: Path) -> str:
        return next(name.value for name, one in self._folders.items() if one == folder)

    def _place(self, path: str) -> tuple[Path, Path]:
        """Return (folder, path within it) of what is written as if it were in one of them."""
        if not path or len(path) > MAX_PATH or not path.isprintable() or "\\" in path:
            raise _outside()
        if path.startswith("/"):
            root = f"{self._root}/"
            if not path.startswith(root):
                raise _outside()
            path = path.removeprefix(root)
        # Not by Path: that would clean away what is to be refused.
        parts = path.removeprefix("./").split("/")
        hidden = any(part in ("", ".", "..") or part.startswith(".") for part in parts)
        if hidden or len(parts) < 2 or parts[0] not in self._folders:
            raise _outside()
        return self._folders[FilmFolder(parts[0])], Path(*parts[1:])

    def all(self, folder: FilmFolder) -> list[OwnFile]:
        """Return what can be played of a folder, the newest first, 1000 at most."""
        return self._recordings() if folder is FilmFolder.RECORD else self._films(folder)

    def _films(self, folder: FilmFolder) -> list[OwnFile]:
        try:
            entries = list(os.scandir(self._folders[folder]))
        except OSError:
            return []
        found: list[tuple[float, OwnFile]] = []
        for entry in entries:
            path = Path(entry.path)
            if path.suffix.lower() not in EXTENSIONS or entry.name.startswith((".", STAGED)):
                continue
            try:
                facts = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISREG(facts.st_mode):
                one = OwnFile(f"{folder}/{entry.name}", name_of(path), facts.st_size)
                found.append((facts.st_mtime, one))
        found.sort(key=lambda one: -one[0])
        return [one for _, one in found[:MAX_LISTED]]

    def _recordings(self) -> list[OwnFile]:
        root = self._folders[FilmFolder.RECORD]
        try:
            entries = [one for one in os.scandir(root) if one.is_dir(follow_symlinks=False)]
        except OSError:
            return []
        found: list[tuple[float, OwnFile]] = []
        for entry in entries:
            for path in sorted(Path(entry.path).glob(_MP4)):
                facts = path.lstat()
                if not stat.S_ISREG(facts.st_mode):
                    continue
                title, ms = _recorded(path.parent)
                relative = f"{FilmFolder.RECORD}/{entry.name}/{path.name}"
                found.append((facts.st_mtime, OwnFile(relative, title, facts.st_size, ms)))
        found.sort(key=lambda one: -one[0])
        return [one for _, one in found[:MAX_LISTED]]

    def remove(self, path: str) -> None:
        """Delete a film. Raises Conflict for a recording, Invalid, NotFound, OSError."""
        found = self.find(path)
        if self.relative(path).startswith(f"{FilmFolder.RECORD}/"):
            raise Conflict(
                "this file belongs to a recording",
                "Delete the recording in the library.",
                key="file_of_recording",
            )
        found.unlink()
        found.with_suffix(".json").unlink(missing_ok=True)
        sync_directory(found.parent)
        log.info("film.removed", path=self.relative(path))

    def discard(self, path: str) -> None:
        """Delete a film if it is there and can be deleted."""
        try:
            self.remove(path)
        except (OSError, StreamsteadError) as exc:
            log.warning("film.not_removed", error=type(exc).__name__)

    def sweep(self, now_s: float) -> None:
        """Delete what was sent or fetched for a channel and taken by none. Raises OSError."""
        for path in self._folders[FilmFolder.UPLOAD].glob(f"{STAGED}*"):
            if now_s - path.lstat().st_mtime > STAGED_S:
                path.unlink(missing_ok=True)
                log.info("film.not_taken", path=path.name)


def _recorded(directory: Path) -> tuple[str, int]:
    """Return the title of a recording, or what was recorded, and how long it is, in ms."""
    try:
        told = orjson.loads((directory / _RECORDING).read_bytes())
        stream = "/".join(str(told[part]) for part in ("app", "stream") if told.get(part))
        return str(told.get("title") or stream or directory.name), int(told.get("duration_ms") or 0)
    except (OSError, ValueError, TypeError, AttributeError):
        return directory.name, 0


def _outside() -> Invalid:
    return Invalid(
        "this file cannot be played from here",
        "It must lie below vlive/, upload/ or record/ of the data directory, and be no link.",
        key="file_outside",
    )


def _unknown() -> NotFound:
    return NotFound(
        "there is no such file", "It may have been deleted: look at the list.", key="file_unknown"
    )
