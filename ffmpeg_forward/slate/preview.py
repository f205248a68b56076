"""One picture of how a slate will look."""

import asyncio
import tempfile
from pathlib import Path

from ..fonts import FFMPEG
from ..gently import MediaFailed, run_to_end
from .scene import SlateLook, make_scene

LIMIT_S = 20.0
_MOST_BYTES = 4 << 20


async def make_preview(look: SlateLook, width: int, height: int, cache: Path) -> bytes:
    """Return a JPEG, drawn by the very commands that make the slate. Raises MediaFailed."""
    with tempfile.TemporaryDirectory(prefix=".work-", dir=cache) as name:
        directory = Path(name)
        scene = await asyncio.to_thread(make_scene, look, width, height, directory)
        data = await run_to_end(
            [
                *(FFMPEG, "-v", "error", "-nostdin", *scene.inputs),
                *("-filter_complex", f"{scene.graph};[v]format=yuvj420p[out]", "-map", "[out]"),
                *("-frames:v", "1", "-q:v", "4", "-f", "image2", "-c:v", "mjpeg"),
                *("-update", "1", "pipe:1"),
            ],
            limit_s=LIMIT_S,
            cwd=directory,
            most_bytes=_MOST_BYTES,
        )
    if not data:
        raise MediaFailed("there is no picture in it", "Choose another file.", key="slate_empty")
    return data
