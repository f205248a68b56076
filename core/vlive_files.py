"""Own films below ``vlive/``: ``<id>.<ext>``, and ``<id>.json`` with ``name`` and ``bytes``.

The recorder takes them in as they are uploaded, ffmpeg_forward plays them. All of it blocks.
"""

import errno
import re
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from .errors import Invalid, StreamsteadError
from .files import copy_durably, sync_directory, write_atomic

EXTENSIONS = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".flv", ".ts", ".mp3", ".aac", ".m4a"}
)
MAX_NAME = 255
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]+")
_MODE = 0o640


class QuotaFull(StreamsteadError):
    """All films together would take more than the operator allows."""

    code, status, default_key = 4017, 507, "vlive_quota"


def extension_of(filename: str) -> str:
    """Return the ending of a film's name, in small letters. Raises Invalid: ``vlive_type``."""
    suffix = PurePosixPath(filename.replace("\\", "/")).suffix.lower()
    if suffix not in EXTENSIONS:
        raise Invalid(
            f"a file that ends in {suffix[:12] or 'nothing'} cannot be played",
            f"These can: {', '.join(sorted(one[1:] for one in EXTENSIONS))}.",
            key="vlive_type",
        )
    return suffix


def clean_name(filename: str) -> str:
    """Return what to call a film: no folders, no control characters."""
    name = _UNSAFE.sub(" ", filename.replace("\\", "/").rpartition("/")[2]).strip()
    return name[:MAX_NAME]


def used_bytes(folder: Path) -> int:
    """Return what all films take together. Raises OSError."""
    try:
        entries = list(folder.iterdir())
    except FileNotFoundError:
        return 0
    return sum(
        one.lstat().st_size for one in entries if one.suffix in EXTENSIONS and not one.is_symlink()
    )


def check_quota(used: int, size: int, quota: int | None) -> None:
    """Raise QuotaFull unless ``size`` more bytes are allowed; None is no limit."""
    if quota is not None and used + size > quota:
        raise QuotaFull(
            f"the films would take more than the {quota // 1_000_000} MB that are allowed",
            "Remove films that are no longer played, or raise the limit.",
        )


def take_in(source: Path, folder: Path, id_: str, filename: str) -> Path:
    """Move a whole file into ``vlive/``; done again it changes nothing. Return where it lies.

    Raises Invalid, OSError.
    """
    target = folder / f"{id_}{extension_of(filename)}"
    folder.mkdir(mode=0o750, exist_ok=True)
    size = (source if source.exists() else target).stat().st_size
    # First what it is called: a film that is there has a name at every moment.
    words = {"name": clean_name(filename), "bytes": size}
    write_atomic(folder / f"{id_}.json", orjson.dumps(words), _MODE)
    if source.exists():
        try:
            source.rename(target)
        except OSError as exc:
            if exc.errno != errno.EXDEV:
                raise
            copy_durably(source, target, _MODE)  # the folder is on a disk of its own
            source.unlink()
        sync_directory(folder)
        sync_directory(source.parent)
    return target


def name_of(film: Path) -> str:
    """Return what its owner called a film; its file name when nobody knows."""
    try:
        words: Any = orjson.loads(film.with_suffix(".json").read_bytes())
    except (OSError, ValueError):
        return film.name
    name = words.get("name") if isinstance(words, dict) else None
    return name if isinstance(name, str) and name else film.name
