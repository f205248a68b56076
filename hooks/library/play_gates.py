"""Gate files of recordings: a viewing session may go on as long as its file exists.

nginx looks for ``<vod_gates>/<recording id>/<sid>`` at every request. The file says by what right
it was opened, so that after a restart of the recorder the right can be looked at again.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from ...core.errors import Invalid
from ...core.names import is_recording_id
from ..gates import is_sid

_MODE = 0o644
_FULL = (errno.ENOSPC, errno.EDQUOT)
_TRIES = 100


@dataclass(frozen=True, slots=True)
class Admission:
    """Why somebody was let in: the pass id as ``core.play_rules.judge`` takes it. Times are ms
    since the epoch; at ``ends_ms`` it is over in any case."""

    pass_id: str
    opened_ms: int
    ends_ms: int


class VodGates:
    """Makes and removes them; does nothing else. Every method works on the disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, id_: str, sid: str, admission: Admission) -> None:
        """Make a gate; nginx sees it with all that it says. On a full disk it says nothing, and
        does not outlive a restart. Raises Invalid, OSError."""
        path = self._path(id_, sid)
        new = path.with_name(f".{sid}")
        raw = orjson.dumps(asdict(admission))
        for _ in range(_TRIES):
            try:
                fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, _MODE)
            except FileNotFoundError:
                # The first of its recording, or ``prune`` was quicker; it may be so again.
                with suppress(FileNotFoundError):
                    os.makedirs(path.parent, mode=0o755, exist_ok=True)
                continue
            try:
                with os.fdopen(fd, "wb") as file:
                    file.write(raw)
                os.rename(new, path)
            except OSError as exc:
                new.unlink(missing_ok=True)
                if exc.errno not in _FULL:
                    raise
                # An empty file needs no room: what was recorded can still be watched.
                os.mknod(path, stat.S_IFREG | _MODE)
            return
        raise FileNotFoundError(f"{path.parent} vanishes again and again")

    def close(self, id_: str, sid: str) -> bool:
        """Shut a gate; False when it was not open."""
        try:
            self._path(id_, sid).unlink()
        except FileNotFoundError:
            return False
        return True

    def is_open(self, id_: str, sid: str) -> bool:
        return is_recording_id(id_) and is_sid(sid) and self._path(id_, sid).is_file()

    def all(self) -> Iterator[tuple[str, str, Admission | None]]:
        """Give (recording id, session id, admission) of every gate; None where the file does not
        say it, as after a loss of power."""
        for id_ in _names(self._root):
            if not is_recording_id(id_):
                continue
            for sid in _names(self._root / id_):
                if is_sid(sid):
                    yield id_, sid, _read(self._root / id_ / sid)

    def clean(self) -> None:
        """Remove what is left of interrupted writes; only while nobody else opens a gate."""
        for id_ in _names(self._root):
            for name in _names(self._root / id_):
                if name.startswith("."):
                    (self._root / id_ / name).unlink(missing_ok=True)

    def prune(self) -> None:
        """Remove the directories of recordings that have no gate."""
        for id_ in _names(self._root):
            # Not empty, or made use of at this moment: then it stays.
            with suppress(OSError):
                os.rmdir(self._root / id_)

    def _path(self, id_: str, sid: str) -> Path:
        if not is_recording_id(id_) or not is_sid(sid):
            raise Invalid("this names no viewing session", "Open the recording again.")
        return self._root / id_ / sid


def _read(path: Path) -> Admission | None:
    try:
        fields = orjson.loads(path.read_bytes())
        return Admission(str(fields["pass_id"]), int(fields["opened_ms"]), int(fields["ends_ms"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _names(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
