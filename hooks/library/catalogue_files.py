"""``record/<id>/recording.json``: what the library is made of."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ...core.files import write_atomic
from ...core.log import get_logger
from .recording import RECORD_FILE, Recording, directory_of

log = get_logger(__name__)

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MODE = 0o640


def is_recording_id(text: str) -> bool:
    """Tell whether a text may name a recording: a UUID in lower case."""
    return _ID.fullmatch(text) is not None


def write_record(root: Path, recording: Recording) -> None:
    """Write the file of a recording whose directory exists; synced to disk. Raises OSError."""
    write_atomic(directory_of(root, recording.id) / RECORD_FILE, recording.to_json(), _MODE)


def read_record(root: Path, id_: str) -> Recording | None:
    """Return what the file says; None when it is absent or broken."""
    path = directory_of(root, id_) / RECORD_FILE
    try:
        found = Recording.from_json(path.read_bytes())
    except OSError:
        return None
    except (ValueError, KeyError, TypeError) as exc:
        log.error("recording.unreadable", id=id_, error=type(exc).__name__)
        return None
    return found if found.id == id_ else None


def scan_records(
    root: Path, known: frozenset[str] = frozenset(), newer_s: float = 0
) -> Iterator[Recording]:
    """Yield every recording on disk; of the ``known`` ones only those whose file was written after
    ``newer_s`` (seconds since the epoch). Raises OSError when the directory cannot be read."""
    for name in os.listdir(root):
        if not is_recording_id(name):
            continue
        if name in known:
            try:
                if (root / name / RECORD_FILE).stat().st_mtime < newer_s:
                    continue
            except OSError:
                continue
        found = read_record(root, name)
        if found is not None:
            yield found
