"""Read an HLS media playlist, as far as on_hls needs it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """``name`` is relative to the playlist; ``seq_no`` counts from the media sequence."""

    name: str
    duration_s: float
    seq_no: int


def parse_playlist(text: str) -> list[Segment]:
    """Return the segments in order; lines that are broken or not understood are passed over."""
    found: list[Segment] = []
    first, duration = 0, 0.0
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("#EXT-X-MEDIA-SEQUENCE:"):
            value = line.partition(":")[2]
            first = int(value) if value.isascii() and value.isdigit() else 0
        elif line.startswith("#EXTINF:"):
            duration = _seconds(line.partition(":")[2].partition(",")[0])
        elif line and not line.startswith("#"):
            found.append(Segment(line, duration, first + len(found)))
    return found


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
