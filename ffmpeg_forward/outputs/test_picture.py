"""Ten seconds of moving bars with a tone, made once by FFmpeg and kept: what a test sends."""

import asyncio
from pathlib import Path

from ...core.files import write_atomic
from ...core.rtmp.chunk import Message
from ...core.rtmp.flv import FlvError, FlvReader
from ..gently import run_to_end

SECONDS = 10
_MAKE_LIMIT_S = 60.0
_GRAPH = (
    "testsrc2=size=1280x720:rate=30,format=yuv420p[out0];"
    "sine=frequency=440:beep_factor=2:sample_rate=44100,volume=0.2,"
    "aformat=channel_layouts=stereo[out1]"
)
_LEAD = ("ffmpeg", "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error")
_ENCODE = (
    *("-c:v", "libx264", "-preset", "superfast", "-profile:v", "main", "-bf", "0"),
    *("-g", "60", "-keyint_min", "60", "-sc_threshold", "0", "-threads", "1"),
    *("-b:v", "1500k", "-maxrate", "1500k", "-bufsize", "1500k"),
    *("-c:a", "aac", "-b:a", "96k", "-f", "flv", "-flvflags", "no_duration_filesize", "pipe:1"),
)


class TestPicture:
    """Kept at ``path``; made again when it is gone or broken."""

    def __init__(self, path: Path, seconds: int = SECONDS) -> None:
        self._path = path
        self._seconds = seconds
        self._making = asyncio.Lock()

    async def messages(self) -> list[Message]:
        """Return it in order of time. Raises MediaFailed when FFmpeg cannot make it."""
        async with self._making:
            found = await asyncio.to_thread(self._load)
            if not found:
                argv = (*_LEAD, "-f", "lavfi", "-i", _GRAPH, "-t", str(self._seconds), *_ENCODE)
                made = await run_to_end(argv, limit_s=_MAKE_LIMIT_S, most_bytes=1 << 23)
                found = FlvReader().feed(made)
                await asyncio.to_thread(self._keep, made)
        return sorted(found, key=lambda one: one.timestamp)

    def _load(self) -> list[Message]:
        try:
            found = FlvReader().feed(self._path.read_bytes())
        except (OSError, FlvError):
            return []
        whole = found and found[-1].timestamp >= (self._seconds - 1) * 1000
        return found if whole else []

    def _keep(self, made: bytes) -> None:
        try:
            write_atomic(self._path, made, 0o640)
        except OSError:
            return  # a full disk: the next test makes it again
