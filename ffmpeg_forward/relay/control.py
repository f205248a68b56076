"""The relay's side of the socket by which it is told what to do and tells how it is.

JSON lines. Inward ``{"op": "apply", "config": {...}}``, ``{"op": "retry", "id": ...}``,
``{"op": "skip"}``, ``{"op": "end"}``; outward ``{"hello": PROTOCOL}`` once, then
``{"status": {...}}`` whenever something changed, at most each ``GAP_S``, and each ``PERIOD_S``.
"""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import orjson

PROTOCOL = 1
MAX_LINE = 4 << 20
GAP_S = 0.2
PERIOD_S = 1.0
_WRITE_LIMIT = 1 << 20

Command = Callable[[Mapping[str, Any]], None]


class ControlServer:
    """Serves one controller at a time; a new one takes the place of the old one."""

    def __init__(self, path: Path, obey: Command, status: Callable[[], dict[str, Any]]) -> None:
        self._path = path
        self._obey = obey
        self._status = status
        self._changed = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    @property
    def is_controlled(self) -> bool:
        return self._writer is not None

    def changed(self) -> None:
        """Tell the controller soon."""
        self._changed.set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """Listen at the path, which only our own user may reach."""
        with suppress(FileNotFoundError):
            self._path.unlink()
        mask = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._serve, self._path, limit=MAX_LINE)
        finally:
            os.umask(mask)
        ours = self._path.stat().st_ino
        try:
            yield
        finally:
            server.close()
            if self._writer is not None:
                self._writer.close()
            # A relay that came after us may have put its own there.
            with suppress(FileNotFoundError):
                found = self._path.lstat()
                if stat.S_ISSOCK(found.st_mode) and found.st_ino == ours:
                    self._path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer = writer
        telling = asyncio.create_task(self._tell(writer))
        try:
            while line := await reader.readline():
                with suppress(orjson.JSONDecodeError):
                    self._obey(orjson.loads(line))
                self.changed()
        except (OSError, ValueError):
            pass  # gone, or a line beyond every measure: the next one connects again
        finally:
            telling.cancel()
            with suppress(asyncio.CancelledError):
                await telling
            writer.close()
            if self._writer is writer:
                self._writer = None

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            writer.write(orjson.dumps({"hello": PROTOCOL, "pid": os.getpid()}) + b"\n")
            while True:
                self._changed.clear()
                # Who does not read is not told more: the newest state is all that counts.
                if writer.transport.get_write_buffer_size() < _WRITE_LIMIT:
                    writer.write(orjson.dumps({"status": self._status()}) + b"\n")
                await asyncio.sleep(GAP_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(PERIOD_S - GAP_S):
                        await self._changed.wait()
