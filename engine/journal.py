"""What a shim that was killed told the control plane, so that its successor can go on.

One JSON object a line: ``{"add": client}``, ``{"end": client id}`` or
``{"hls": [app, stream, segment name]}``. Not synced to disk: it must outlive this process, not
the machine, after whose restart nothing is connected anyway.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from ..core.files import write_atomic

if TYPE_CHECKING:
    from .clients import Client

COMPACT_LINES = 5000
MODE = 0o600


@dataclass(slots=True)
class Remembered:
    """``clients`` by id as plain fields; ``segments``: the last one announced, by (app, stream)."""

    clients: dict[str, dict[str, Any]] = field(default_factory=dict)
    segments: dict[tuple[str, str], str] = field(default_factory=dict)


class Journal:
    """Appends to one file, which it begins anew from ``remembered`` now and then."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.remembered = _read(path)
        self._lines = 0
        self._compact()

    def add(self, client: Client) -> None:
        fields = asdict(client)
        self.remembered.clients[client.id] = fields
        self._append({"add": fields})

    def remove(self, client_id: str) -> None:
        self.remembered.clients.pop(client_id, None)
        self._append({"end": client_id})

    def announced(self, app: str, stream: str, segment: str) -> None:
        self.remembered.segments[app, stream] = segment
        self._append({"hls": [app, stream, segment]})

    def close(self) -> None:
        self._file.close()

    def _append(self, entry: dict[str, Any]) -> None:
        self._file.write(orjson.dumps(entry) + b"\n")
        self._lines += 1
        if self._lines >= COMPACT_LINES:
            self._file.close()
            self._compact()

    def _compact(self) -> None:
        entries: list[dict[str, Any]] = [{"add": c} for c in self.remembered.clients.values()]
        entries += [{"hls": [*key, name]} for key, name in self.remembered.segments.items()]
        write_atomic(self._path, b"".join(orjson.dumps(e) + b"\n" for e in entries), MODE)
        # Unbuffered: a line must be with the kernel before the client is let in.
        self._file = self._path.open("ab", buffering=0)
        self._lines = 0


def _read(path: Path) -> Remembered:
    found = Remembered()
    try:
        lines = path.read_bytes().splitlines()
    except FileNotFoundError:
        return found
    for line in lines:
        try:
            entry = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # the line that was being written when we were killed
        if "add" in entry:
            found.clients[entry["add"]["id"]] = entry["add"]
        elif "end" in entry:
            found.clients.pop(entry["end"], None)
        elif "hls" in entry:
            app, stream, segment = entry["hls"]
            found.segments[app, stream] = segment
    return found
