"""AV1: what an AV1CodecConfigurationRecord says (AV1-ISOBMFF 2.3.3, AV1 5.5.1)."""

from .bits import BitReader, BitsError
from .picture import Picture, checked, pixel_format

_SEQUENCE = 1
_LONGEST = 1024
"""Of what is looked at: a sequence header takes some ten bytes, and whoever sends may send more."""
_PROFILES = ("main", "high", "professional")


def describe(record: bytes) -> Picture:
    """Return what the record tells; a Picture of nothing for bytes that are none. Never raises."""
    if len(record) < 4 or record[0] != 0x81:
        return Picture()
    profile, level = record[1] >> 5, record[1] & 0x1F
    flags = record[2]
    depth = 8 if not flags & 0x40 else 12 if flags & 0x20 and profile == 2 else 10
    across, down = flags & 8, flags & 4
    chroma = 0 if flags & 0x10 else 1 if across and down else 2 if across else 3
    try:
        width, height = _size(record[4 : 4 + _LONGEST])
    except (IndexError, BitsError):
        width = height = 0
    return checked(
        Picture(
            width,
            height,
            _PROFILES[profile] if profile < len(_PROFILES) else "",
            f"{2 + (level >> 2)}.{level & 3}",
            pixel_format(chroma, depth),
        )
    )


def _size(units: bytes) -> tuple[int, int]:
    """Return the largest size of a frame, from the sequence header among the units."""
    at = 0
    while at < len(units):
        kind = units[at] >> 3 & 15
        at += 2 if units[at] & 4 else 1
        size, shift = 0, 0
        while True:
            byte = units[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80 or shift > 28:
                break
        if kind == _SEQUENCE:
            return _sequence(BitReader(units[at : at + size]))
        at += size
    return 0, 0


def _sequence(bits: BitReader) -> tuple[int, int]:
    bits.read(3)
    bits.flag()
    if bits.flag():
        bits.read(5)
    else:
        delay = 0
        decoder = False
        if bits.flag():
            bits.read(64)
            if bits.flag():
                bits.unsigned()
            decoder = bits.flag()
            if decoder:
                delay = bits.read(5) + 1
                bits.read(42)
        display = bits.flag()
        for _ in range(bits.read(5) + 1):
            bits.read(12)
            if bits.read(5) > 7:
                bits.flag()
            if decoder and bits.flag():
                bits.read(2 * delay + 1)
            if display and bits.flag():
                bits.read(4)
    across, down = bits.read(4) + 1, bits.read(4) + 1
    return bits.read(across) + 1, bits.read(down) + 1
