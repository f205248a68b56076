"""``manifest.json``: everything that a recording consists of, with digests, for who checks it."""

from dataclasses import asdict
from pathlib import Path

import orjson

from ...core.files import write_atomic
from ..library.recording import (
    MANIFEST_FILE,
    PLAYLIST_FILE,
    POSTER_FILE,
    SPRITE_FILE,
    SPRITE_MAP_FILE,
    Recording,
)
from .mp4 import part_name
from .segments import iter_segments, sha256_of

VERSION = 1
_MODE = 0o640


def mp4_parts(directory: Path) -> list[Path]:
    """Return the MP4 files of a recording that are on disk, in order."""
    found: list[Path] = []
    while (path := directory / part_name(len(found))).is_file():
        found.append(path)
    return found


def write_manifest(directory: Path, recording: Recording) -> None:
    """Write the manifest of a finished recording.

    ``{version, id, app, stream, title, started_ms, ended_ms, duration_ms, holes, segments: [{name,
    bytes, sha256, ms, discontinuity}], files: [{name, bytes, sha256}]}``. Raises OSError.
    """
    paths = [
        directory / name for name in (PLAYLIST_FILE, POSTER_FILE, SPRITE_FILE, SPRITE_MAP_FILE)
    ]
    paths += mp4_parts(directory)
    manifest = {
        "version": VERSION,
        "id": recording.id,
        "kind": recording.kind,
        "vhost": recording.vhost,
        "app": recording.app,
        "stream": recording.stream,
        "title": recording.title,
        "started_ms": recording.started_ms,
        "ended_ms": recording.ended_ms,
        "duration_ms": recording.duration_ms,
        "holes": [asdict(hole) for hole in recording.holes],
        "segments": [
            {
                "name": one.name,
                "bytes": one.bytes,
                "sha256": one.sha256,
                "ms": one.ms,
                "discontinuity": one.discontinuity,
            }
            for one in iter_segments(directory)
        ],
        "files": [
            {"name": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
            for path in paths
            if path.is_file()
        ],
    }
    write_atomic(directory / MANIFEST_FILE, orjson.dumps(manifest), _MODE)
