"""Pictures of a recording: a poster, and one sheet of small ones for seeking."""

import asyncio
from pathlib import Path

from ...core.files import write_atomic
from ..library.recording import POSTER_FILE, SPRITE_FILE, SPRITE_MAP_FILE
from .child import MediaFailed, run_media
from .probe import input_of

POSTER_AT = 0.1
"""Part of the length at which the poster is looked for, but not later than that many seconds."""
POSTER_MAX_S = 20.0
POSTER_WIDTH = 640

COLUMNS = ROWS = 10
TILE_WIDTH, TILE_HEIGHT = 160, 90
LEAST_STEP_MS = 1000

_MODE = 0o640


async def make_poster(source: Path, duration_ms: int, directory: Path) -> None:
    """Write ``poster.jpg``: of some pictures around the moment the most telling, never the black
    ones before a show. Raises MediaFailed, OSError."""
    at_s = min(POSTER_MAX_S, duration_ms / 1000 * POSTER_AT)
    target = directory / f".{POSTER_FILE}"
    base = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1"]
    look = f"scale={POSTER_WIDTH}:-2:flags=bilinear,format=yuvj420p"
    end = ["-frames:v", "1", "-q:v", "4", "-f", "image2", "-update", "1", f"file:{target}"]
    try:
        await run_media(
            [
                *(*base, "-ss", f"{at_s:.3f}", *input_of(source), "-an"),
                *("-vf", f"thumbnail=25,{look}", *end),
            ],
            limit_s=60,
        )
        found = await asyncio.to_thread(target.is_file)
    except MediaFailed:
        found = False
    if not found:
        # Too short for that: the very first picture then.
        await run_media(
            [*base, *input_of(source), "-an", "-vf", look, *end],
            limit_s=60,
        )
        if not await asyncio.to_thread(target.is_file):
            raise MediaFailed("there is no picture in it")
    await asyncio.to_thread(_settle, target, directory / POSTER_FILE)


def step_ms(duration_ms: int) -> int:
    """Return how far apart the small pictures are."""
    return max(LEAST_STEP_MS, -(-duration_ms // (COLUMNS * ROWS)))


def sprite_map(duration_ms: int) -> str:
    """Return the WebVTT that tells which part of the sheet belongs to which time."""
    step = step_ms(duration_ms)
    lines = ["WEBVTT", ""]
    for number, begin in enumerate(range(0, max(duration_ms, 1), step)):
        row, column = divmod(number, COLUMNS)
        area = f"{column * TILE_WIDTH},{row * TILE_HEIGHT},{TILE_WIDTH},{TILE_HEIGHT}"
        end = min(begin + step, max(duration_ms, 1))
        lines += [f"{_clock(begin)} --> {_clock(end)}", f"{SPRITE_FILE}#xywh={area}", ""]
    return "\n".join(lines)


def _clock(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{rest:03d}"


async def make_sprite(source: Path, duration_ms: int, directory: Path) -> None:
    """Write ``sprite.jpg`` and ``sprite.vtt``; only key frames are decoded. Raises MediaFailed,
    OSError."""
    target = directory / f".{SPRITE_FILE}"
    step_s = step_ms(duration_ms) / 1000
    fit = (
        f"scale={TILE_WIDTH}:{TILE_HEIGHT}:force_original_aspect_ratio=decrease:flags=fast_bilinear,"
        f"pad={TILE_WIDTH}:{TILE_HEIGHT}:(ow-iw)/2:(oh-ih)/2,format=yuvj420p"
    )
    # Of something very short the clock of pictures gives none: then its key frames as they come.
    for clock in (f"fps=1/{step_s}:round=up,", ""):
        await run_media(
            [
                *("ffmpeg", "-v", "error", "-nostdin", "-y", "-threads", "1"),
                *("-skip_frame", "nokey", *input_of(source), "-an", "-vf"),
                f"{clock}{fit},tile={COLUMNS}x{ROWS}",
                *("-frames:v", "1", "-q:v", "6", "-f", "image2", "-update", "1", f"file:{target}"),
            ],
            limit_s=120 + duration_ms / 1000 / 20,
        )
        if await asyncio.to_thread(target.is_file):
            break
    else:
        raise MediaFailed("there are no pictures in it")
    await asyncio.to_thread(
        write_atomic, directory / SPRITE_MAP_FILE, sprite_map(duration_ms), _MODE
    )
    await asyncio.to_thread(_settle, target, directory / SPRITE_FILE)


def _settle(path: Path, target: Path) -> None:
    path.chmod(_MODE)
    path.replace(target)
