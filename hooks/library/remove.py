"""Delete recordings: what was asked for is done in the end, however often we are killed.

A recording is first marked as going; then what lies in a bucket goes, then its directory, and its
entry last. Whatever of it fails is tried again.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from ...core.errors import NotFound, StreamsteadError
from ...core.log import get_logger
from ..recorder.capture import Capture
from .catalogue import Catalogue
from .catalogue_files import is_recording_id
from .recording import Recording, State, UploadState, directory_of

log = get_logger(__name__)

AGAIN_S = 30.0
_GOING = ".going-"

Purge = Callable[[Recording], Awaitable[None]]
"""Deletes what a bucket has of a recording. Raises StreamsteadError when it cannot now."""


async def _nothing(_: Recording) -> None:
    return


class Remover:
    """``run`` is an endless loop. ``purge`` may be set before it begins."""

    def __init__(
        self,
        root: Path,
        catalogue: Catalogue,
        capture: Capture,
        removed: Callable[[Recording], None],
        purge: Purge = _nothing,
    ) -> None:
        self._root = root
        self._catalogue = catalogue
        self._capture = capture
        self._removed = removed
        self.purge = purge
        self._wake = asyncio.Event()

    async def remove(self, id_: str, bucket_too: bool = True) -> None:
        """Mark a recording as going; one under way is ended first. Without ``bucket_too`` what a
        bucket has of it stays there. Raises NotFound."""
        recording = await self._catalogue.get(id_)
        if recording.state is State.RECORDING:
            with suppress(NotFound):  # it has just ended by itself
                await self._capture.end(id_)
        changes = {} if bucket_too else {"target_id": "", "upload": UploadState.NONE}
        await self._catalogue.change(id_, state=State.DELETING, **changes)
        self._wake.set()

    async def run(self) -> None:
        """Delete what is marked, for ever."""
        await asyncio.to_thread(self._sweep)
        while True:
            self._wake.clear()
            left = False
            for recording in await self._catalogue.work(state=State.DELETING):
                left = not await self._try(recording) or left
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_S if left else None):
                    await self._wake.wait()

    async def _try(self, recording: Recording) -> bool:
        try:
            await self.purge(recording)
            await asyncio.to_thread(self._remove_directory, recording.id)
            await self._catalogue.forget(recording.id)
        except StreamsteadError as exc:
            log.warning("recording.not_deleted", id=recording.id, reason=exc.key)
            with suppress(OSError, sqlite3.Error, NotFound):
                await self._catalogue.change(
                    recording.id,
                    problem=exc.key,
                    problem_text=f"it cannot be deleted yet: {exc.message}",
                    problem_help=exc.help,
                )
            return False
        except (OSError, sqlite3.Error) as exc:
            log.error("recording.not_deleted", id=recording.id, reason=str(exc))
            return False
        log.info("recording.deleted", id=recording.id)
        self._removed(recording)
        return True

    def _remove_directory(self, id_: str) -> None:
        """First it is renamed: the half of a recording is never taken for a whole one."""
        going = self._root / f"{_GOING}{id_}"
        with suppress(FileNotFoundError):
            directory_of(self._root, id_).rename(going)
        with suppress(FileNotFoundError):
            shutil.rmtree(going)

    def _sweep(self) -> None:
        """Remove what a kill left half removed."""
        for path in self._root.glob(f"{_GOING}*"):
            if is_recording_id(path.name.removeprefix(_GOING)):
                shutil.rmtree(path, ignore_errors=True)
