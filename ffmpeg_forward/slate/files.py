"""The operator's own pictures and clips for slates: ``own/<id>.<ext>`` with ``own/<id>.json``.

The JSON is written last and removed first: what has none is not there. Methods that are not
coroutines block.
"""

import asyncio
import errno
import os
import re
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from ...core.errors import BodyTooLarge, Invalid, NotFound, StreamsteadError
from ...core.files import sync_directory, write_atomic
from ...core.log import get_logger
from ..fonts import FFMPEG
from ..gently import MediaFailed, run_to_end
from ..probe import probe
from .scene import CLIP, MAX_CLIP_S, MAX_PIXELS, PICTURE, PICTURE_DEMUXERS

log = get_logger(__name__)

MAX_FILE_BYTES = 200_000_000
MAX_FILES = 50
MAX_ALL_BYTES = 2_000_000_000
SPARE_BYTES = 1_000_000_000
"""Of the disk; recordings need it more."""

_AT_ONCE = 2
_MAX_NAME = 200
_BLOCK = 1 << 18
_MODE = 0o640
_PART = ".part"
_ID = re.compile(r"[0-9a-f]{32}")
_TOLERANCE_MS = 500
_DECODE_LIMIT_S = 30.0


class SlateFileRefused(StreamsteadError):
    """A file that cannot become a slate; keys ``slate_file_kind``, ``slate_file_broken``,
    ``slate_file_long``."""

    code, status, default_key = 1004, 422, "slate_file_broken"


class NoRoomForSlate(StreamsteadError):
    """The folder or the disk is full."""

    code, status, default_key = 4017, 507, "slate_no_room"


@dataclass(frozen=True, slots=True)
class OwnFile:
    """``kind``: picture or clip; ``suffix`` tells what it really is. Times in ms since the
    epoch."""

    id: str
    name: str
    kind: str
    suffix: str
    bytes: int
    width: int
    height: int
    duration_ms: int
    created_ms: int


class SlateFiles:
    """``folder``: the data directory's ``slate``. ``clock``: ms since the epoch. ``receiving`` and
    ``drawing`` bound how many files come, and previews are made, at the same time."""

    def __init__(self, folder: Path, clock: Callable[[], int]) -> None:
        self.cache = folder / "cache"
        self._own = folder / "own"
        self._clock = clock
        self._looking = asyncio.Lock()
        self.receiving = asyncio.Semaphore(_AT_ONCE)
        self.drawing = asyncio.Semaphore(1)

    def open(self) -> None:
        """Make the folders, and remove what an earlier process left half done."""
        for folder in (self.cache, self._own):
            folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        known = {path.stem for path in self._own.glob("*.json")}
        for path in self._own.iterdir():
            if path.suffix == _PART or path.name.startswith(".") or path.stem not in known:
                path.unlink(missing_ok=True)

    def all(self) -> list[OwnFile]:
        """Return what is there, newest first."""
        found = [self._read(path) for path in self._own.glob("*.json")]
        listed = [one for one in found if one is not None]
        return sorted(listed, key=lambda one: (-one.created_ms, one.id))

    def get(self, id_: str) -> OwnFile:
        """Raises NotFound."""
        found = self._read(self._own / f"{id_}.json") if _ID.fullmatch(id_) else None
        if found is None:
            raise NotFound(
                "this picture or clip is not there any more",
                "Choose another one, or upload it again.",
                key="slate_file_unknown",
            )
        return found

    def path(self, id_: str) -> Path | None:
        """Return where a file lies; None when it is not there (any more)."""
        try:
            found = self.get(id_)
        except NotFound:
            return None
        return self._own / f"{id_}{found.suffix}"

    def remove(self, id_: str) -> None:
        """Raises NotFound. A slate that was made of it is still shown until it changes."""
        found = self.get(id_)
        (self._own / f"{id_}.json").unlink(missing_ok=True)
        (self._own / f"{id_}{found.suffix}").unlink(missing_ok=True)
        log.info("slate.file_removed", id=id_)

    async def add(self, name: str, blocks: AsyncIterator[bytes]) -> OwnFile:
        """Take a file as it comes and look what it is.

        Raises SlateFileRefused, NoRoomForSlate, BodyTooLarge, Invalid for an empty one, and
        what ``blocks`` raises; nothing stays then.
        """
        id_ = secrets.token_hex(16)
        part = self._own / f"{id_}{_PART}"
        try:
            room = await asyncio.to_thread(self._room)
            size = await self._receive(part, blocks, room)
            async with self._looking:  # looking at a file takes processor time and memory
                return await self._settle(id_, part, name, size)
        except OSError as exc:
            if exc.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise _no_room() from None
            raise
        finally:
            await asyncio.to_thread(part.unlink, True)

    def _room(self) -> int:
        """Return how many bytes may come. Raises NoRoomForSlate."""
        files = self.all()
        room = min(
            MAX_FILE_BYTES,
            MAX_ALL_BYTES - sum(one.bytes for one in files),
            shutil.disk_usage(self._own).free - SPARE_BYTES,
        )
        if room <= 0 or len(files) >= MAX_FILES:
            raise _no_room()
        return room

    async def _receive(self, part: Path, blocks: AsyncIterator[bytes], room: int) -> int:
        size = 0
        waiting = bytearray()
        file = await asyncio.to_thread(_create, part)
        try:
            async for block in blocks:
                size += len(block)
                if size > MAX_FILE_BYTES:
                    raise BodyTooLarge(
                        f"the file is larger than {MAX_FILE_BYTES // 1_000_000} MB",
                        "Use a shorter clip, or one of a lower bitrate.",
                    )
                if size > room:
                    raise _no_room()
                waiting += block
                if len(waiting) >= _BLOCK:
                    data, waiting = bytes(waiting), bytearray()
                    await asyncio.to_thread(file.write, data)
            await asyncio.to_thread(_finish, file, bytes(waiting))
        finally:
            await asyncio.to_thread(file.close)
        if not size:
            raise Invalid("the file is empty", "Choose another one.", key="upload_empty")
        return size

    async def _settle(self, id_: str, part: Path, name: str, size: int) -> OwnFile:
        suffix = await asyncio.to_thread(_suffix_of, part)
        facts = await (_picture(part, suffix) if suffix in PICTURE_DEMUXERS else _clip(part))
        made = OwnFile(
            id=id_,
            name=_shown(name),
            kind=PICTURE if suffix in PICTURE_DEMUXERS else CLIP,
            suffix=suffix,
            bytes=size,
            width=facts[0],
            height=facts[1],
            duration_ms=facts[2],
            created_ms=self._clock(),
        )
        await asyncio.to_thread(self._keep, made, part)
        log.info("slate.file_added", id=id_, kind=made.kind, bytes=size)
        return made

    def _keep(self, made: OwnFile, part: Path) -> None:
        os.replace(part, self._own / f"{made.id}{made.suffix}")
        sync_directory(self._own)
        write_atomic(self._own / f"{made.id}.json", orjson.dumps(asdict(made)), _MODE)

    def _read(self, path: Path) -> OwnFile | None:
        try:
            found = OwnFile(**orjson.loads(path.read_bytes()))
        except (OSError, orjson.JSONDecodeError, TypeError):
            return None
        return found if (self._own / f"{found.id}{found.suffix}").is_file() else None


def _create(path: Path) -> BinaryIO:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    return os.fdopen(fd, "wb", buffering=0)


def _finish(file: BinaryIO, data: bytes) -> None:
    file.write(data)
    os.fsync(file.fileno())


def _suffix_of(path: Path) -> str:
    """Return the suffix that a file's first bytes call for. Raises SlateFileRefused."""
    with path.open("rb") as file:
        head = file.read(16)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return ".png"
    if head.startswith(b"\xff\xd8\xff"):
        return ".jpg"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    if head[4:8] in (b"ftyp", b"moov", b"wide", b"mdat", b"free", b"skip"):
        return ".mp4"
    if head.startswith(b"\x1aE\xdf\xa3"):
        return ".mkv"
    raise SlateFileRefused(
        "this is neither a picture nor a clip that can be used",
        "Pictures are PNG, JPEG or WebP; clips are MP4, MOV, WebM or MKV.",
        key="slate_file_kind",
    )


async def _picture(path: Path, suffix: str) -> tuple[int, int, int]:
    """Decode a picture; return (width, height, 0). Raises SlateFileRefused."""
    source = ("-protocol_whitelist", "file", "-f", PICTURE_DEMUXERS[suffix])
    bounds = ("-max_pixels", str(MAX_PIXELS), "-threads", "1")
    probe_argv = [
        *("ffprobe", "-v", "error", *source, *bounds[:2], "-of", "json"),
        *("-show_entries", "stream=width,height", f"file:{path}"),
    ]
    decode_argv = [
        *(FFMPEG, "-v", "error", "-nostdin", "-xerror", *source, *bounds, "-i", f"file:{path}"),
        *("-frames:v", "1", "-f", "null", "-"),
    ]
    try:
        said = await run_to_end(probe_argv, limit_s=_DECODE_LIMIT_S)
        await run_to_end(decode_argv, limit_s=_DECODE_LIMIT_S)
        stream = orjson.loads(said)["streams"][0]
        width, height = int(stream["width"]), int(stream["height"])
    except (MediaFailed, orjson.JSONDecodeError, LookupError, ValueError, TypeError):
        raise _broken() from None
    if width < 1 or height < 1:
        raise _broken()
    return width, height, 0


async def _clip(path: Path) -> tuple[int, int, int]:
    """Return (width, height, duration in ms). Raises SlateFileRefused."""
    try:
        found = await probe(str(path), is_file=True)
    except MediaFailed:
        raise _broken() from None
    if found.video is None:
        raise _broken()
    if found.duration_ms > MAX_CLIP_S * 1000 + _TOLERANCE_MS:
        raise SlateFileRefused(
            f"the clip is {found.duration_ms // 1000} s long",
            f"It is shown again and again: cut it to {MAX_CLIP_S} s or less.",
            key="slate_file_long",
        )
    width, height = int(found.video["width"]), int(found.video["height"])
    if width * height > MAX_PIXELS:
        raise _broken()
    with suppress(MediaFailed):
        await run_to_end(
            [
                *(FFMPEG, "-v", "error", "-nostdin", "-threads", "1"),
                *("-protocol_whitelist", "file", "-i", f"file:{path}", "-map", "0:V:0"),
                *("-frames:v", "1", "-f", "null", "-"),
            ],
            limit_s=_DECODE_LIMIT_S,
        )
        return width, height, found.duration_ms
    raise _broken()


def _shown(name: str) -> str:
    """Return a name for people: one line, no path."""
    plain = "".join(letter if letter.isprintable() else " " for letter in name)
    return " ".join(plain.replace("\\", "/").rpartition("/")[2].split())[:_MAX_NAME] or "unnamed"


def _broken() -> SlateFileRefused:
    return SlateFileRefused(
        "the file cannot be decoded",
        "Is it whole? Save it anew as PNG, JPEG, or MP4 with H.264, and not larger than 50"
        " megapixels.",
    )


def _no_room() -> NoRoomForSlate:
    return NoRoomForSlate(
        "there is no room for more pictures and clips",
        "Remove some that are not used, or free space on the disk.",
    )
