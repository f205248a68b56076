"""Files that people sent become recordings or films, however often we are killed on the way."""

import asyncio
import re
import sqlite3
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from ...core.errors import Invalid, NotFound
from ...core.files import sync_directory
from ...core.log import get_logger
from .catalogue import Catalogue
from .films import PURPOSE, Films
from .recording import Kind, Mp4State, Recording, State, directory_of
from .tus import FileUpload, UploadBusy, UploadFolder, move_durably

log = get_logger(__name__)

SWEEP_S = 600.0
ORIGINAL = "original"
"""The file as it was sent, with its ending."""

_SUFFIX = re.compile(r"\.[a-z0-9]{1,8}")


def original_name(filename: str) -> str:
    """Return the name under which a sent file lies in its recording's directory."""
    suffix = Path(filename).suffix.lower()
    return ORIGINAL + (suffix if _SUFFIX.fullmatch(suffix) else "")


def find_original(directory: Path) -> Path | None:
    """Return the file as it was sent; None when there is none (any more). Raises OSError."""
    for path in sorted(directory.glob(f"{ORIGINAL}*")):
        if path.stem == ORIGINAL and path.is_file() and not path.is_symlink():
            return path
    return None


class OwnFiles:
    """``run`` is an endless loop; ``folder`` has what is unfinished."""

    def __init__(
        self,
        root: Path,
        folder: UploadFolder,
        catalogue: Catalogue,
        films: Films,
        clock: Callable[[], int],
    ) -> None:
        self.folder = folder
        self._films = films
        self._root = root
        self._catalogue = catalogue
        self._clock = clock
        self._busy: set[str] = set()

    async def create(self, size: int, filename: str, title: str, purpose: str) -> FileUpload:
        """Begin an upload; ``purpose`` empty or ``vlive``.

        Raises NoRoom, RateLimited, Invalid, QuotaFull, RedisError, OSError.
        """
        id_ = ""
        if purpose == PURPOSE:
            await self._films.check(size, filename)
        elif purpose:
            raise Invalid(
                f"{purpose[:20]!r} is no purpose of an upload", f"Leave it, or {PURPOSE}."
            )
        else:
            id_ = str(uuid.uuid4())
        return await asyncio.to_thread(self.folder.create, size, filename, title, id_, purpose)

    @asynccontextmanager
    async def alone(self, upload_id: str) -> AsyncIterator[None]:
        """Let nobody else touch an upload meanwhile. Raises UploadBusy."""
        if upload_id in self._busy:
            raise UploadBusy("another request sends to this upload", "Try again in a moment.")
        self._busy.add(upload_id)
        try:
            yield
        finally:
            self._busy.discard(upload_id)

    async def arrived(self, upload: FileUpload) -> None:
        """Put a whole file into the library, or to the films; done again it changes nothing.

        Raises OSError.
        """
        if upload.done:
            return
        if upload.purpose == PURPOSE:
            await asyncio.to_thread(self._films.take_in, upload)
            await asyncio.to_thread(self.folder.mark_done, upload)
            log.info("upload.arrived", id=upload.id, purpose=PURPOSE, size=upload.size)
            return
        await asyncio.to_thread(self._move, upload)
        try:
            await self._catalogue.get(upload.recording_id)
        except NotFound:
            now = self._clock()
            await self._catalogue.add(
                Recording(
                    id=upload.recording_id,
                    kind=Kind.UPLOAD,
                    state=State.FINISHING,
                    app="",
                    stream="",
                    started_ms=now,
                    ended_ms=now,
                    title=upload.title or upload.filename,
                    size_bytes=upload.size,
                    mp4=Mp4State.WAITING,
                    wants=(),
                )
            )
        await asyncio.to_thread(self.folder.mark_done, upload)
        log.info("upload.arrived", id=upload.id, recording=upload.recording_id, size=upload.size)

    def _move(self, upload: FileUpload) -> None:
        directory = directory_of(self._root, upload.recording_id)
        directory.mkdir(mode=0o750, exist_ok=True)
        part = self.folder.part(upload)
        if part.exists():
            move_durably(part, directory / original_name(upload.filename))
        sync_directory(self._root)

    async def run(self) -> None:
        """Finish what a kill interrupted, then forget what expires. Never returns."""
        while True:
            try:
                for upload in await asyncio.to_thread(self.folder.all):
                    if upload.whole and not upload.done:
                        with suppress(UploadBusy):
                            async with self.alone(upload.id):
                                await self.arrived(upload)
                await asyncio.to_thread(self.folder.sweep)
            except (OSError, sqlite3.Error) as exc:
                log.error("uploads.not_swept", error=str(exc))
            await asyncio.sleep(SWEEP_S)
