"""A small picture of every live stream, made anew every ten seconds.

One key frame of the newest HLS segment is decoded, by one child at a time and with low priority.
Nothing runs while nobody is live. A stream without video has no picture.
"""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..core.log import get_logger
from ..core.registry import Session
from .fonts import FFMPEG
from .gently import MediaFailed, run_to_end
from .slate.scene import MAX_PIXELS

log = get_logger(__name__)

EVERY_S = 10.0
WIDTH = 480
_LIMIT_S = 15.0
_MOST_BYTES = 2 << 20
_PLAYLIST_BYTES = 64 * 1024
_SKIPPED_ROUNDS = 5
"""After a segment without a picture."""

_REST = 2.0
"""So many times as long as a picture took is rested before the next one, so that any number of
streams takes no more than a part of a core."""

_TMP = ".tmp"


@dataclass
class _Seen:
    segment: str = ""
    skip: int = 0


class Snapshots:
    """``html``: where HLS lies; ``folder``: ``<app>/<stream>.jpg``. ``publishers`` tells who is
    live, None: that is not known."""

    def __init__(
        self,
        html: Path,
        folder: Path,
        publishers: Callable[[], Mapping[str, Session] | None],
        every_s: float = EVERY_S,
        rest: float = _REST,
    ) -> None:
        self._html = html
        self._folder = folder
        self._publishers = publishers
        self._every_s = every_s
        self._rest = rest
        self._seen: dict[tuple[str, str], _Seen] = {}

    def path(self, app: str, stream: str) -> Path | None:
        """Return where the picture of a stream lies; None when there is none. Blocks."""
        if any(name.startswith(".") or "/" in name or "\0" in name for name in (app, stream)):
            return None
        path = self._folder / app / f"{stream}.jpg"
        try:
            return path if path.is_file() else None
        except OSError:
            return None

    async def run(self) -> None:
        """Make pictures until cancelled."""
        while True:
            began = time.monotonic()
            publishers = self._publishers()
            if publishers is not None:
                live = {(one.app, one.stream): one.since_ms for one in publishers.values()}
                await asyncio.to_thread(self._sweep, live.keys())
                for (app, stream), since_ms in sorted(live.items()):
                    await self._picture(app, stream, since_ms)
            await asyncio.sleep(max(0.1, self._every_s - (time.monotonic() - began)))

    async def _picture(self, app: str, stream: str, since_ms: int) -> None:
        seen = self._seen.setdefault((app, stream), _Seen())
        if seen.skip:
            seen.skip -= 1
            return
        segment = await asyncio.to_thread(_newest_segment, self._html / app, stream, since_ms)
        if segment is None or segment.name == seen.segment:
            return
        seen.segment = segment.name
        began = time.monotonic()
        try:
            picture = await _decode(segment)
            if picture:
                await asyncio.to_thread(self._write, app, stream, picture)
            else:
                seen.skip = _SKIPPED_ROUNDS
        except MediaFailed as exc:
            seen.skip = _SKIPPED_ROUNDS
            log.info("snapshot.none", app=app, stream=stream, reason=exc.message)
        except OSError as exc:
            log.warning("snapshot.not_written", app=app, stream=stream, error=exc.strerror)
        await asyncio.sleep(self._rest * (time.monotonic() - began))

    def _write(self, app: str, stream: str, picture: bytes) -> None:
        directory = self._folder / app
        directory.mkdir(mode=0o750, exist_ok=True)
        tmp = directory / f"{_TMP}{os.getpid()}"
        tmp.write_bytes(picture)
        tmp.replace(directory / f"{stream}.jpg")

    def _sweep(self, live: Set[tuple[str, str]]) -> None:
        """Remove pictures of streams that have ended."""
        for key in self._seen.keys() - live:
            del self._seen[key]
        with suppress(OSError):
            for directory in self._folder.iterdir():
                for path in directory.iterdir():
                    if (directory.name, path.name.removesuffix(".jpg")) not in live:
                        path.unlink(missing_ok=True)
                if not any(app == directory.name for app, _ in live):
                    directory.rmdir()


def _newest_segment(directory: Path, stream: str, since_ms: int) -> Path | None:
    """Return the last segment that a playlist names, if it lies beside the playlist and is of this
    show: those of the one before are still there for a while."""
    try:
        with (directory / f"{stream}.m3u8").open("rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _PLAYLIST_BYTES))
            lines = file.read(_PLAYLIST_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return None
    names = (line.strip().partition("?")[0] for line in reversed(lines))
    name = next((one for one in names if one and not one.startswith("#")), "")
    if not name.endswith(".ts") or "/" in name:
        return None
    path = directory / name
    try:
        return path if path.stat().st_mtime * 1000 >= since_ms else None
    except OSError:
        return None


async def _decode(segment: Path) -> bytes:
    """Return the first key frame as JPEG; b"" when there is none. Raises MediaFailed."""
    return await run_to_end(
        [
            *(FFMPEG, "-v", "error", "-nostdin", "-threads", "1", "-skip_frame", "nokey"),
            *("-max_pixels", str(MAX_PIXELS)),
            *("-protocol_whitelist", "file", "-f", "mpegts", "-i", f"file:{segment}"),
            *("-map", "0:v:0?", "-frames:v", "1"),
            *("-vf", f"scale=w='min({WIDTH},iw)':h=-2:flags=bilinear,format=yuvj420p"),
            *("-q:v", "5", "-c:v", "mjpeg", "-f", "image2", "-update", "1", "pipe:1"),
        ],
        limit_s=_LIMIT_S,
        most_bytes=_MOST_BYTES,
    )
