"""``record/<id>/recording.json``: what the library is made of."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path

from ...core.files import write_atomic
from ...core.log import get_logger
from .recording import RECORD_FILE, Recording, directory_of

log = get_logger(__name__)

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MODE = 0o640
_WANTED: list[tuple[object, tuple[type, ...]]] = [
    (str, (str,)),
    (bool, (bool,)),
    (int, (int, float)),
    (int | None, (int, float, type(None))),
]
_TYPES = {
    one.name: wanted for one in fields(Recording) for type_, wanted in _WANTED if one.type == type_
}
_WORDS = [one.name for one in fields(Recording) if one.type == tuple[str, ...]]
_MAX_NUMBER = 1 << 62


def is_recording_id(text: str) -> bool:
    """Tell whether a text may name a recording: a UUID in lower case."""
    return _ID.fullmatch(text) is not None


def write_record(root: Path, recording: Recording) -> int:
    """Write the file of a recording whose directory exists, synced to disk; return its time of
    writing in ns. Raises OSError."""
    path = directory_of(root, recording.id) / RECORD_FILE
    write_atomic(path, recording.to_json(), _MODE)
    return path.stat().st_mtime_ns


def read_record(root: Path, id_: str) -> Recording | None:
    """Return what the file says; None when it is absent or broken."""
    path = directory_of(root, id_) / RECORD_FILE
    try:
        found = Recording.from_json(path.read_bytes())
        _check(found)
    except OSError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        log.error("recording.unreadable", id=id_, error=type(exc).__name__)
        return None
    return found if found.id == id_ else None


def _check(recording: Recording) -> None:
    """Raise TypeError for what no index could hold: one such file must not cost all the others."""
    for name, wanted in _TYPES.items():
        value = getattr(recording, name)
        if not isinstance(value, wanted):
            raise TypeError(f"{name} is none")
        if isinstance(value, int | float) and not abs(value) < _MAX_NUMBER:
            raise TypeError(f"{name} is too large")
    if not all(isinstance(word, str) for name in _WORDS for word in getattr(recording, name)):
        raise TypeError("a word is none")


def ids_on_disk(root: Path) -> list[str]:
    """Return the ids that have a directory. Raises OSError."""
    return [name for name in os.listdir(root) if is_recording_id(name)]


def scan_records(
    root: Path, ids: list[str], known_ns: Mapping[str, int]
) -> Iterator[tuple[Recording, int]]:
    """Yield (recording, time of writing in ns) of those whose file was not written at the time
    that is known of it."""
    for id_ in ids:
        try:
            written_ns = os.stat(f"{root}/{id_}/{RECORD_FILE}").st_mtime_ns
        except OSError:
            continue
        if known_ns.get(id_) == written_ns:
            continue
        found = read_record(root, id_)
        if found is not None:
            yield found, written_ns
