"""All logs of the house as one: merged by time, filtered, a page at a time."""

import heapq
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import orjson

from ...core.errors import Invalid, StreamsteadError
from ...core.paths import DataDir
from . import files, journal
from .line import LEVELS, Line, key_of

BUDGET_S = 2.5
"""So long one page may take to find; it ends early then and says where to go on."""

DOWNLOAD_BYTES = 50_000_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which lines. No services: all. ``level``: this and worse; "" for all. ``text``: a part of
    the line in any case."""

    services: frozenset[str] = frozenset()
    level: str = ""
    text: str = ""

    @classmethod
    def of(cls, services: list[str], level: str, text: str) -> "Wanted":
        """Raises Invalid for a level that there is not."""
        if level and level not in LEVELS:
            raise Invalid(f"{level!r} is no level", f"It is one of {', '.join(LEVELS)}.")
        return cls(frozenset(services), level, text.lower())

    def has(self, service: str) -> bool:
        return not self.services or service in self.services

    def takes(self, line: Line) -> bool:
        if self.level and LEVELS.index(line.level) < LEVELS.index(self.level):
            return False
        if not self.text or self.text in line.text.lower() or self.text in line.service:
            return True
        return (
            bool(line.fields)
            and self.text in orjson.dumps(line.fields, default=str).decode().lower()
        )


@dataclass(slots=True)
class Page:
    """``lines``: oldest first. ``older``: id to go on before, None at the beginning."""

    lines: list[Line]
    older: str | None
    services: list[str]
    notes: list[str]


class Containers:
    """Where programs in containers are asked; the plain house has none."""

    def names(self) -> list[str]:
        """Return which have a log."""
        return []

    def backwards(self, name: str, before_ms: int | None) -> Iterator[Line]:
        """Yield what one wrote, youngest first. Raises StreamsteadError."""
        return iter(())


class Logs:
    """Everything that was written. All of it blocks: call in a thread."""

    def __init__(self, data: DataDir, containers: Containers | None = None) -> None:
        self._data = data
        self._containers = containers or Containers()

    @property
    def folder(self) -> Path:
        return self._data.logs

    def page(self, wanted: Wanted, limit: int, before: str | None = None) -> Page:
        """Return the youngest lines, or those before an id. Raises Invalid for a wrong id."""
        until = None
        if before is not None:
            until = key_of(before)
            if until is None:
                raise Invalid("before is no id of a line", "Send `older` of the page before.")
        notes: list[str] = []
        sources, services = self._sources(wanted, until[0] if until else None, notes)
        found: list[Line] = []
        last: Line | None = None
        ends = time.monotonic() + BUDGET_S
        more = False
        for line in heapq.merge(*sources, key=lambda one: one.key, reverse=True):
            if until is not None and line.key >= until:
                continue
            if len(found) == limit or time.monotonic() > ends:
                more = True
                break
            last = line
            if wanted.takes(line):
                found.append(line)
        found.reverse()
        return Page(found, last.id if more and last else None, services, notes)

    def all_text(self, wanted: Wanted) -> Iterator[bytes]:
        """Yield the lines as text, oldest first: what the newest files hold, so many bytes of them
        that ``DOWNLOAD_BYTES`` is not passed."""
        listed = [f for one in self._files(wanted).values() for f in one]
        kept: list[files.LogFile] = []
        total = 0
        for file in sorted(listed, key=lambda f: (f.number, -_mtime(f.path))):
            total += _size(file.path)
            if total > DOWNLOAD_BYTES and kept:
                break
            kept.append(file)
        forward = [files.forwards(f) for f in sorted(kept, key=lambda f: (f.service, -f.number))]
        notes: list[str] = []
        others = [
            iter(list(source)[:20_000][::-1]) for source in self._others(wanted, None, notes)[0]
        ]
        block = bytearray()
        for note in notes:
            block += f"# {note}\n".encode()
        for line in heapq.merge(*forward, *others, key=lambda one: one.key):
            if wanted.takes(line):
                block += line.plain().encode() + b"\n"
            if len(block) > files.BLOCK:
                yield bytes(block)
                block.clear()
        yield bytes(block)

    def _files(self, wanted: Wanted) -> dict[str, list[files.LogFile]]:
        found = files.list_files(self.folder)
        return {name: listed for name, listed in found.items() if wanted.has(name)}

    def _sources(
        self, wanted: Wanted, before_ms: int | None, notes: list[str]
    ) -> tuple[list[Iterator[Line]], list[str]]:
        listed = files.list_files(self.folder)
        sources = [
            _falling(files.backwards(one, before_ms))
            for name, one in listed.items()
            if wanted.has(name)
        ]
        others, names = self._others(wanted, before_ms, notes)
        return [*sources, *(_falling(one) for one in others)], sorted({*listed, *names})

    def _others(
        self, wanted: Wanted, before_ms: int | None, notes: list[str]
    ) -> tuple[list[Iterator[Line]], list[str]]:
        """Return what is kept elsewhere than in files, and whose it is."""
        sources: list[Iterator[Line]] = []
        names: list[str] = []
        unit = journal.unit_of(self._data)
        if unit:
            names.append(journal.SERVICE)
            if wanted.has(journal.SERVICE):
                sources.append(_tolerant(journal.backwards(unit, before_ms), "the journal", notes))
        try:
            running = self._containers.names()
        except StreamsteadError as exc:
            notes.append(exc.message)
            running = []
        for name in running:
            names.append(name)
            if wanted.has(name):
                source = self._containers.backwards(name, before_ms)
                sources.append(_tolerant(source, name, notes))
        return sources, names


def _tolerant(source: Iterator[Line], name: str, notes: list[str]) -> Iterator[Line]:
    """One place that cannot be read hides no other."""
    try:
        yield from source
    except (OSError, StreamsteadError) as exc:
        notes.append(f"{name} cannot be read: {exc}")


def _falling(source: Iterator[Line]) -> Iterator[Line]:
    """Keep the order of a source whose clock was put back: merging needs it."""
    at_ms: int | None = None
    for line in source:
        if at_ms is not None and line.at_ms > at_ms:
            line.at_ms = at_ms
        at_ms = line.at_ms
        yield line


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _mtime(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
