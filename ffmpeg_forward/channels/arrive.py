"""Files that come for a channel and are not its own yet: sent as a form, or fetched by yt-dlp.

They lie below ``upload/`` as ``stage-<uuid>.<ext>`` until a channel takes them; what none takes is
swept away (files.py).
"""

import asyncio
import errno
import os
import shutil
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from starlette.requests import ClientDisconnect, Request

from ...core.errors import Conflict, Invalid, NotSupported
from ...core.http_limits import MORE_TIME
from ...core.log import get_logger
from ...core.media_limits import MediaLimitStore
from ...core.paths import DataDir
from ...core.vlive_files import EXTENSIONS, QuotaFull, check_quota, extension_of, used_bytes
from ..gently import run_to_end
from .files import STAGED
from .guard import Guard
from .multipart import FilePart, malformed
from .way import open_way

log = get_logger(__name__)

YTDL = "yt-dlp"
YTDL_S = 840.0
PATIENCE_S = 30.0
UPLOAD_S = 6 * 3600.0
MAX_UPLOAD = 100_000_000_000
BUFFER_BYTES = 1 << 20
FREE_PART = 0.05
"""So much of the disk stays free."""

_MODE = 0o640
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
_FORMAT = "bv*[vcodec^=avc1]+ba[acodec^=mp4a]/b[vcodec^=avc1]/b"


class Arrivals:
    """One form and one fetch at a time: each may fill what is left of the quota."""

    def __init__(self, data: DataDir, limits: MediaLimitStore, program: str = YTDL) -> None:
        self._data = data
        self._limits = limits
        self._program = program
        self._receiving = asyncio.Lock()
        self._fetching = asyncio.Lock()

    async def receive(self, request: Request, filename: str) -> tuple[str, Path]:
        """Take the one file of a form, which must be called ``filename``. Return its id and place.

        Raises Invalid, QuotaFull, Conflict, RedisError, OSError.
        """
        suffix = extension_of(filename)
        part = FilePart(request.headers.get("content-type", ""))
        if self._receiving.locked():
            raise Conflict("another file is being sent", "Try again when it is here.")
        async with self._receiving:
            room = await self._room()
            id_ = str(uuid.uuid4())
            place = self._data.upload / f"{STAGED}{id_}{suffix}"
            coming = place.with_name(place.name + ".part")
            try:
                await self._write(request, part, coming, room)
                if part.filename.replace("\\", "/").rpartition("/")[2] != filename:
                    raise Invalid(
                        "the file in the form is called otherwise than in the address",
                        "Send it under the same name.",
                        key="upload_name",
                    )
                await asyncio.to_thread(coming.rename, place)
            finally:
                await asyncio.to_thread(coming.unlink, True)
        log.info("film.received", id=id_)
        return id_, place

    async def _write(self, request: Request, part: FilePart, path: Path, room: int) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + UPLOAD_S
        more_time: Callable[[float], None] | None = request.scope.get(MORE_TIME)
        written, waiting = 0, bytearray()
        file = await asyncio.to_thread(_create, path)
        try:
            async for block in _blocks(request):
                if more_time is not None:
                    more_time(min(end, loop.time() + PATIENCE_S))
                waiting += part.feed(block)
                if written + len(waiting) > room:
                    raise _full()
                if len(waiting) >= BUFFER_BYTES:
                    written += len(waiting)
                    await asyncio.to_thread(file.write, bytes(waiting))
                    waiting.clear()
            if not part.complete or not written + len(waiting):
                raise malformed()
            await asyncio.to_thread(_finish, file, bytes(waiting))
        except OSError as exc:
            raise _full() if exc.errno in _NO_ROOM else exc from None
        finally:
            with suppress(OSError):  # what could not be written is told of already
                await asyncio.to_thread(file.close)

    async def fetch(self, url: str) -> tuple[str, str, Path]:
        """Fetch the film of a page. Return its id, its title, and its place.

        Raises NotSupported without yt-dlp, MediaFailed, Invalid, QuotaFull, Conflict, RedisError,
        OSError.
        """
        if shutil.which(self._program) is None:
            raise NotSupported(
                "yt-dlp is not installed on this server",
                "Install it (pipx install yt-dlp), or upload the film.",
                key="ytdl_missing",
            )
        if not url.startswith(("http://", "https://")):
            raise Invalid(
                "this is no address of a page", "It begins with https://.", key="channel_bad_url"
            )
        if self._fetching.locked():
            raise Conflict("another film is being fetched", "Try again when it is here.")
        async with self._fetching:
            return await self._fetch(url)

    async def _fetch(self, url: str) -> tuple[str, str, Path]:
        room = await self._room()
        id_ = str(uuid.uuid4())
        stem = f"{STAGED}{id_}"
        # Whatever it looks up and wherever it is sent goes by our guard.
        async with open_way(url, allow_private=False, film=False, proxied=True) as way:
            assert isinstance(way.guard, Guard)
            proxy = way.guard.env["http_proxy"]
            argv = [
                *_no_file_beyond(room),
                *(self._program, "--ignore-config", "--no-playlist", "--no-cache-dir"),
                *("--no-progress", "--no-warnings", "--no-part", "--socket-timeout", "15"),
                *("--proxy", proxy, "--max-filesize", str(room), "-f", _FORMAT),
                *("--merge-output-format", "mp4", "--no-simulate", "--print", "title"),
                *("-o", f"{stem}.%(ext)s", "--", url),
            ]
            env = {**way.guard.env, "https_proxy": proxy}
            try:
                said = await run_to_end(
                    argv, limit_s=YTDL_S, cwd=self._data.upload, secrets=(url,), env=env
                )
            except BaseException:
                await asyncio.to_thread(self._discard, stem)
                raise
        place = await asyncio.to_thread(self._fetched, stem, room)
        if place is None:
            await asyncio.to_thread(self._discard, stem)
            raise QuotaFull(
                "nothing came that can be played, or it is larger than there is room for",
                "Remove films that are no longer played, or choose a shorter one.",
            )
        title = said.decode(errors="replace").strip().partition("\n")[0]
        log.info("film.fetched", id=id_)
        return id_, title[:255] or place.name, place

    def _fetched(self, stem: str, room: int) -> Path | None:
        found = sorted(self._data.upload.glob(f"{stem}.*"))
        films = [one for one in found if one.suffix.lower() in EXTENSIONS]
        fits = [one for one in films if 0 < one.lstat().st_size <= room]
        return fits[0] if len(found) == 1 and fits else None

    def _discard(self, stem: str) -> None:
        for one in self._data.upload.glob(f"{stem}.*"):
            one.unlink(missing_ok=True)

    async def _room(self) -> int:
        """Return how large a film may be. Raises QuotaFull when there is no room at all."""
        quota = (await self._limits.get()).quota_bytes
        used, free = await asyncio.to_thread(self._measure)
        check_quota(used, 1, quota)
        room = free if quota is None else min(free, quota - used)
        if room <= 0:
            raise _full()
        return min(room, MAX_UPLOAD)

    def _measure(self) -> tuple[int, int]:
        """Return (bytes of all films, taken or not, and bytes that may still be written)."""
        staged = self._data.upload.glob(f"{STAGED}*")
        used = used_bytes(self._data.vlive) + sum(one.lstat().st_size for one in staged)
        disk = os.statvfs(self._data.upload)
        spare = int(disk.f_blocks * FREE_PART)
        return used, max(0, disk.f_bavail - spare) * disk.f_frsize


def _no_file_beyond(room: int) -> tuple[str, ...]:
    """Return what makes a command fail that writes a larger file: yt-dlp keeps to its own limit
    only where a server tells the size."""
    return ("prlimit", f"--fsize={room}") if shutil.which("prlimit") else ()


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """Yield the body; a sender that goes away has sent nothing."""
    try:
        async for block in request.stream():
            yield block
    except ClientDisconnect:
        raise malformed() from None


def _create(path: Path) -> BinaryIO:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
    return os.fdopen(fd, "wb")


def _finish(file: Any, rest: bytes) -> None:
    file.write(rest)
    file.flush()
    os.fsync(file.fileno())


def _full() -> QuotaFull:
    return QuotaFull(
        "there is no room for this film",
        "Remove films that are no longer played, or raise the limit.",
    )
