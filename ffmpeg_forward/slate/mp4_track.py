"""The one video track of a MP4 file that FFmpeg wrote: HEVC and AV1 come to us this way.

FFmpeg puts them into FLV only since 6.1, so we make these tags ourselves. Source of the boxes:
ISO/IEC 14496-12 and 14496-15, AV1-in-ISOBMFF; of the tags: Enhanced RTMP 1.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_CONTAINERS = frozenset({b"moov", b"trak", b"mdia", b"minf", b"stbl"})
_ENTRY_HEADER = 8
_VISUAL_ENTRY = 78
_CONFIGS = {b"hvcC": b"hvc1", b"av1C": b"av01"}

_EXTENDED = 0x80
_KEY, _INTER = 1 << 4, 2 << 4
_SEQUENCE_START, _CODED_FRAMES, _CODED_FRAMES_X = 0, 1, 3


class TrackError(ValueError):
    """It is not such a file."""


@dataclass(frozen=True, slots=True)
class Track:
    """``fourcc`` and ``config`` as Enhanced RTMP wants them; ``samples``: (is key, bytes)."""

    fourcc: bytes
    config: bytes
    samples: list[tuple[bool, bytes]]

    def header_payload(self) -> bytes:
        return bytes([_EXTENDED | _KEY | _SEQUENCE_START]) + self.fourcc + self.config

    def payloads(self) -> Iterator[tuple[bool, bytes]]:
        """Yield (is key, tag body). There are no B-frames, so HEVC needs no composition time."""
        kind = _CODED_FRAMES_X if self.fourcc == b"hvc1" else _CODED_FRAMES
        for key, sample in self.samples:
            yield key, bytes([_EXTENDED | (_KEY if key else _INTER) | kind]) + self.fourcc + sample


def read_track(data: bytes) -> Track:
    """Read a file with one track, whose samples lie one behind the other. Raises TrackError."""
    boxes = dict(_walk(data, 0, len(data)))
    try:
        start, end = boxes[b"stsd"]
        entries = data[start + 8 : end]
        inner = _ENTRY_HEADER + _VISUAL_ENTRY
        fourcc, config = next(
            (_CONFIGS[name], entries[first:last])
            for name, (first, last) in _boxes(entries, inner, len(entries))
            if name in _CONFIGS
        )
        sizes = _sizes(data, *boxes[b"stsz"])
        keys = _keys(data, boxes.get(b"stss"), len(sizes))
        at = boxes[b"mdat"][0]
    except (KeyError, StopIteration, struct.error) as exc:
        raise TrackError("no HEVC or AV1 track") from exc
    samples = []
    for number, size in enumerate(sizes, 1):
        samples.append((number in keys, data[at : at + size]))
        at += size
    if not samples or at > boxes[b"mdat"][1]:
        raise TrackError("samples are missing")
    return Track(fourcc, config, samples)


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Yield (type, (begin, end) of its content) of boxes side by side."""
    while at + 8 <= end:
        size, name = struct.unpack_from(">I4s", data, at)
        header = 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, at + 8)
            header = 16
        if size < header or at + size > end:
            return
        yield name, (at + header, at + size)
        at += size


def _walk(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, tuple[int, int]]]:
    for name, (first, last) in _boxes(data, at, end):
        yield name, (first, last)
        if name in _CONTAINERS:
            yield from _walk(data, first, last)


def _sizes(data: bytes, at: int, _: int) -> list[int]:
    same, count = struct.unpack_from(">II", data, at + 4)
    if same:
        return [same] * count
    return list(struct.unpack_from(f">{count}I", data, at + 12))


def _keys(data: bytes, box: tuple[int, int] | None, count: int) -> frozenset[int]:
    """Return the numbers of key frames, from 1; without a table all are."""
    if box is None:
        return frozenset(range(1, count + 1))
    (found,) = struct.unpack_from(">I", data, box[0] + 4)
    return frozenset(struct.unpack_from(f">{found}I", data, box[0] + 8))
