"""Files that people are sending to us, piece by piece (tus 1.0): what of them is on disk.

``upload/<id>.json`` says how much of ``upload/<id>.part`` counts: bytes that are synced, so that no
crash takes back what a client was told. Everything here blocks and belongs into a thread.
"""

import errno
import os
import re
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import orjson

from ...core.errors import Conflict, NotFound, RateLimited, StreamsteadError
from ...core.files import sync_directory, write_atomic
from ...core.log import get_logger

log = get_logger(__name__)

PIECE_BYTES = 16 * 1024 * 1024
"""Of one request."""

EXPIRE_MS = 48 * 3600 * 1000
"""An upload that nobody went on with is forgotten after that time."""

MAX_UNFINISHED = 100
MAX_TITLE = 200
MAX_FILE_NAME = 255

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_ID = re.compile(r"[0-9a-f]{32}")
_MODE = 0o640
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]+")


class UploadGone(StreamsteadError):
    """It took too long, or was removed for good."""

    code, status, default_key = 4017, 410, "upload_expired"


class UploadBusy(StreamsteadError):
    """Another request sends to it right now."""

    code, status, default_key = 4017, 423, "upload_busy"


class UploadBroken(StreamsteadError):
    """A piece arrived with another digest than it was sent with."""

    code, status, default_key = 4017, 460, "upload_checksum"


class NoRoom(StreamsteadError):
    """The disk cannot take it."""

    code, status, default_key = 4017, 507, "upload_no_room"


@dataclass(frozen=True, slots=True)
class FileUpload:
    """``offset``: bytes that are on disk for good; ``recording_id``: what it will become, empty for
    a film of ``purpose`` vlive; ``done``: it has become that. Times are ms since the epoch."""

    id: str
    recording_id: str
    filename: str
    title: str
    size: int
    offset: int
    created_ms: int
    touched_ms: int
    done: bool = False
    purpose: str = ""

    @property
    def expires_ms(self) -> int:
        return self.touched_ms + EXPIRE_MS

    @property
    def whole(self) -> bool:
        """All of it has arrived."""
        return self.offset == self.size


class UploadFolder:
    """``room`` returns how many bytes may be written to the disk now; ``clock`` ms since the
    epoch."""

    def __init__(self, root: Path, room: Callable[[], int], clock: Callable[[], int]) -> None:
        self._root = root
        self._room = room
        self._clock = clock

    def part(self, upload: FileUpload) -> Path:
        """Return where the bytes lie."""
        return self._root / f"{upload.id}.part"

    def room(self) -> int:
        """Return how large a new file may be. Raises OSError."""
        promised = sum(one.size - one.offset for one in self.all() if not one.done)
        return max(0, self._room() - promised)

    def create(
        self, size: int, filename: str, title: str, recording_id: str, purpose: str = ""
    ) -> FileUpload:
        """Begin an upload. Raises NoRoom, RateLimited, OSError."""
        if sum(not one.done for one in self.all()) >= MAX_UNFINISHED:
            raise RateLimited(
                f"{MAX_UNFINISHED} files are being sent already", "Finish or discard some first."
            )
        if size > self.room():
            raise no_room()
        now = self._clock()
        name = _UNSAFE.sub(" ", filename.replace("\\", "/").rpartition("/")[2]).strip()
        made = FileUpload(
            id=secrets.token_hex(16),
            recording_id=recording_id,
            filename=name[:MAX_FILE_NAME],
            title=" ".join(_UNSAFE.sub(" ", title).split())[:MAX_TITLE],
            size=size,
            offset=0,
            created_ms=now,
            touched_ms=now,
            purpose=purpose,
        )
        fd = os.open(self.part(made), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        os.close(fd)
        self._write(made)
        return made

    def get(self, id_: str) -> FileUpload:
        """Raises NotFound, UploadGone."""
        found = self._read(self._root / f"{id_}.json") if _ID.fullmatch(id_) else None
        if found is None:
            raise NotFound(
                "there is no such upload", "Begin it again.", key="upload_unknown"
            ) from None
        if not found.whole and found.expires_ms <= self._clock():
            raise UploadGone(
                "nobody went on with this upload for two days: it was forgotten",
                "Begin it again.",
            )
        return found

    def all(self) -> list[FileUpload]:
        """Return every upload that is known, oldest first. Raises OSError."""
        read = (self._read(path) for path in self._root.glob("*.json"))
        found = [one for one in read if one is not None]
        return sorted(found, key=lambda one: (one.created_ms, one.id))

    def mark_done(self, upload: FileUpload) -> None:
        """Remember that it is in the library: a client that missed the last answer asks again."""
        self._write(replace(upload, done=True, touched_ms=self._clock()))

    def remove(self, upload: FileUpload) -> None:
        """Forget an upload with its bytes. Raises OSError."""
        self.part(upload).unlink(missing_ok=True)
        (self._root / f"{upload.id}.json").unlink(missing_ok=True)

    def sweep(self) -> None:
        """Forget what has expired, and bytes that belong to nothing. Raises OSError."""
        now = self._clock()
        known = set()
        for one in self.all():
            if (one.done or not one.whole) and one.expires_ms <= now:
                log.info("upload.expired", id=one.id, offset=one.offset, size=one.size)
                self.remove(one)
            else:
                known.add(one.id)
        for path in self._root.glob("*.part"):
            # One without a description is new, or its making was cut off long ago.
            if path.stem not in known and now - path.stat().st_mtime * 1000 > EXPIRE_MS:
                path.unlink(missing_ok=True)

    def begin_piece(self, upload: FileUpload) -> "Piece":
        """Open the file behind what counts. Raises NoRoom, OSError."""
        if self._room() <= 0:
            raise no_room()
        return Piece(self, upload)

    def advance(self, upload: FileUpload, offset: int) -> FileUpload:
        """Let more bytes count; they must be synced. Raises OSError."""
        grown = replace(upload, offset=offset, touched_ms=self._clock())
        self._write(grown)
        return grown

    def _write(self, upload: FileUpload) -> None:
        write_atomic(self._root / f"{upload.id}.json", orjson.dumps(asdict(upload)), _MODE)

    def _read(self, path: Path) -> FileUpload | None:
        try:
            return FileUpload(**orjson.loads(path.read_bytes()))
        except FileNotFoundError:
            return None
        except (ValueError, TypeError) as exc:
            log.error("upload.unreadable", path=path.name, error=type(exc).__name__)
            return None


class Piece:
    """One request's bytes on their way to the disk."""

    def __init__(self, folder: UploadFolder, upload: FileUpload) -> None:
        self._folder = folder
        self._upload = upload
        self._fd = os.open(folder.part(upload), os.O_WRONLY | os.O_CLOEXEC)
        try:
            # What a request that was cut off left behind counts for nothing.
            os.ftruncate(self._fd, upload.offset)
            os.lseek(self._fd, upload.offset, os.SEEK_SET)
        except BaseException:
            os.close(self._fd)
            raise
        self.written = 0

    def write(self, data: bytes) -> None:
        """Raises Conflict when it is more than was announced, NoRoom, OSError."""
        if self._upload.offset + self.written + len(data) > self._upload.size:
            raise Conflict(
                "more bytes came than the file has",
                "Send it again from the beginning.",
                key="upload_too_long",
            )
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as exc:
            if exc.errno in _FULL:
                raise no_room() from None
            raise
        self.written += len(data)

    def keep(self) -> FileUpload:
        """Sync what was written and let it count. Raises OSError."""
        if not self.written:
            return self._upload
        os.fsync(self._fd)
        return self._folder.advance(self._upload, self._upload.offset + self.written)

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._fd)


def no_room() -> NoRoom:
    return NoRoom(
        "the disk has no room for this file",
        "Delete recordings, or let them go to a bucket; then go on with the upload.",
    )


def move_durably(source: Path, target: Path) -> None:
    """Rename and sync both directories. Raises OSError."""
    source.rename(target)
    sync_directory(target.parent)
    sync_directory(source.parent)
