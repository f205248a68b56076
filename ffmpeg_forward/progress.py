"""What ``ffmpeg -progress`` says: blocks of ``key=value`` lines, each closed by ``progress=``."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """One block. Numbers that FFmpeg gave as ``N/A`` or left out are 0, or None where marked."""

    out_time_ms: int = 0
    """Media time written so far; 0 until the first packet."""
    frame: int = 0
    fps: float = 0.0
    speed: float | None = None
    """Media time per real time, 1.0 for a live stream; None when not known yet."""
    total_size: int | None = None
    """Bytes written; None for outputs that cannot tell."""
    ended: bool = False
    """True for the block that FFmpeg writes when it is done."""


class ProgressParser:
    """Collects lines into blocks. Lines it does not know are ignored, so that newer versions of
    FFmpeg, half a block after a truncated file, or noise do no harm."""

    _KNOWN = frozenset({"frame", "fps", "total_size", "out_time_us", "speed"})

    def __init__(self) -> None:
        self._fields: dict[str, str] = {}

    def feed(self, line: str) -> Progress | None:
        """Take one line; return the block that it closes, if it does."""
        key, _, value = line.partition("=")
        key, value = key.strip(), value.strip()
        if key in self._KNOWN:
            self._fields[key] = value
            return None
        if key != "progress":
            return None
        fields, self._fields = self._fields, {}
        # `out_time_ms` is in microseconds too (ffmpeg ticket 7345); the `_us` one says so.
        out_time_us = _whole(fields.get("out_time_us"))
        return Progress(
            out_time_ms=(out_time_us or 0) // 1000,
            frame=_whole(fields.get("frame")) or 0,
            fps=_number(fields.get("fps")) or 0.0,
            speed=_number(fields.get("speed", "").removesuffix("x")),
            total_size=_whole(fields.get("total_size")),
            ended=value == "end",
        )


def _whole(value: str | None) -> int | None:
    """Return a number of 0 or more; FFmpeg writes negative ones before the first packet."""
    if value is None or not (value.isascii() and value.isdigit()) or len(value) > 18:
        return None
    return int(value)


def _number(value: str | None) -> float | None:
    try:
        found = float(value or "")
    except ValueError:
        return None
    return found if math.isfinite(found) and found >= 0 else None
