"""What is being written, told to everybody who looks: one reader, however many look."""

import asyncio
import os
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ...core.errors import RateLimited
from ...core.files import open_to_read
from ...core.log import get_logger
from ...core.paths import DataDir
from . import journal
from .files import list_files, parse_block
from .inotify import FolderWatch
from .line import Line
from .query import Wanted

log = get_logger(__name__)

MAX_VIEWERS = 20
GATHER_S = 0.1
"""Lines that come together are told together."""

MAX_AT_ONCE = 512 * 1024
"""Of one file; of more that was written in a moment only the end is told."""

MAX_WAITING = 2000
"""Lines that wait for one viewer; a slow one loses the oldest, and is told how many."""


@dataclass(slots=True)
class _Viewer:
    wanted: Wanted
    waiting: deque[Line] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    skipped: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self, lines: list[Line]) -> None:
        for line in lines:
            if self.wanted.takes(line):
                if len(self.waiting) == MAX_WAITING:
                    self.skipped += 1
                self.waiting.append(line)
        if self.waiting:
            self.wake.set()


@dataclass(slots=True)
class _Place:
    """How far a file was read. ``inode`` tells a new file of the same name."""

    inode: int
    offset: int


Follow = Callable[[Callable[[Line], None]], AbstractContextManager[None]]
"""Begins to give the lines of containers, from any thread, until the block ends."""


class LiveLogs:
    """Reads only while somebody looks. Must be used from one event loop."""

    def __init__(self, data: DataDir, follow_containers: Follow | None = None) -> None:
        self._data = data
        self._follow_containers = follow_containers
        self._viewers: list[_Viewer] = []
        self._reader: asyncio.Task[None] | None = None
        self._places: dict[Path, _Place] = {}

    async def follow(self, wanted: Wanted) -> AsyncIterator[tuple[list[Line], int]]:
        """Yield (lines, how many were lost before them) as they are written, for ever.

        Raises RateLimited when too many look, OSError when the folder cannot be watched.
        """
        if len(self._viewers) >= MAX_VIEWERS:
            raise RateLimited("too many pages follow the logs", "Close some.", retry_after_s=30)
        viewer = _Viewer(wanted)
        self._viewers.append(viewer)
        try:
            if self._reader is None:
                watch = FolderWatch(self._data.logs)
                self._note_ends()
                self._reader = asyncio.create_task(self._read(watch))
            while True:
                await viewer.wake.wait()
                await asyncio.sleep(GATHER_S)
                viewer.wake.clear()
                lines, skipped = list(viewer.waiting), viewer.skipped
                viewer.waiting.clear()
                viewer.skipped = 0
                yield lines, skipped
        finally:
            self._viewers.remove(viewer)
            if not self._viewers and self._reader is not None:
                self._reader.cancel()
                self._reader = None

    def _note_ends(self) -> None:
        self._places = {}
        for files in list_files(self._data.logs).values():
            if files[0].number == 0:
                facts = files[0].path.lstat()
                self._places[files[0].path] = _Place(facts.st_ino, facts.st_size)

    async def _read(self, watch: FolderWatch) -> None:
        loop = asyncio.get_running_loop()
        written = asyncio.Event()
        loop.add_reader(watch.fd, written.set)

        def give(line: Line) -> None:
            with suppress(RuntimeError):  # the loop has ended meanwhile
                loop.call_soon_threadsafe(self._give, [line])

        try:
            containers = self._follow_containers(give) if self._follow_containers else nullcontext()
            with _journal_followed(self._data, give), containers:
                while True:
                    await written.wait()
                    await asyncio.sleep(GATHER_S)
                    written.clear()
                    names = watch.changed()
                    for name in sorted(names):
                        if name.endswith(".log"):
                            self._give(await asyncio.to_thread(self._grown, name))
        finally:
            loop.remove_reader(watch.fd)
            watch.close()

    def _give(self, lines: list[Line]) -> None:
        for viewer in self._viewers:
            viewer.take(lines)

    def _grown(self, name: str) -> list[Line]:
        """Return the whole lines that a file has more than when it was last looked at."""
        path = self._data.logs / name
        try:
            with open_to_read(path) as file:
                facts = os.fstat(file.fileno())
                place = self._places.setdefault(path, _Place(facts.st_ino, 0))
                if place.inode != facts.st_ino or place.offset > facts.st_size:
                    place.inode, place.offset = facts.st_ino, 0  # rotated
                start = max(place.offset, facts.st_size - MAX_AT_ONCE)
                block = os.pread(file.fileno(), facts.st_size - start, start)
        except OSError:
            return []
        if start > place.offset:
            block = block.partition(b"\n")[2]
            start = facts.st_size - len(block)
        whole = block.rfind(b"\n") + 1
        if whole == 0 and len(block) < MAX_AT_ONCE:
            return []  # a line that is just being written
        place.offset = start + (whole or len(block))
        lines = parse_block(block[: whole or len(block)], path.stem, start)
        now_ms = time.time_ns() // 1_000_000
        for line in lines:
            line.at_ms = line.at_ms or now_ms
        return lines


@contextmanager
def _journal_followed(data: DataDir, give: Callable[[Line], None]) -> Iterator[None]:
    """Give the lines of the manager's unit as they come; nothing where there is no unit."""
    with ExitStack() as stack:
        unit = journal.unit_of(data)
        try:
            if unit:
                followed = journal.journal(unit, "--follow", "--lines=0")
                output = stack.enter_context(followed)
                threading.Thread(target=_pump, args=(output, give), daemon=True).start()
        except OSError as exc:
            log.warning("journal.not_followed", error=str(exc))
        yield


def _pump(output: IO[bytes], give: Callable[[Line], None]) -> None:
    with suppress(OSError, ValueError):  # closed while it is read
        for line in journal.lines_of(output):
            give(line)
