"""H.265: what an HEVCDecoderConfigurationRecord says (ISO 14496-15, H.265 7.3.2.2)."""

from .bits import BitReader, BitsError, without_escapes
from .picture import Picture, checked, pixel_format

_SPS = 33
_PROFILES = {1: "main", 2: "main10", 3: "mainstillpicture", 4: "rext"}


def describe(record: bytes) -> Picture:
    """Return what the record tells; a Picture of nothing for bytes that are none. Never raises."""
    if len(record) < 23:
        return Picture()
    width = height = 0
    try:
        nal = _find_sequence(record)
        if nal:
            width, height = _size(without_escapes(nal[2:]))
    except (IndexError, BitsError):
        width = height = 0
    level = record[12]
    return checked(
        Picture(
            width,
            height,
            _PROFILES.get(record[1] & 0x1F, ""),
            f"{level // 30}.{level % 30 // 3}",
            pixel_format(record[16] & 3, 8 + (record[17] & 7)),
        )
    )


def _find_sequence(record: bytes) -> bytes:
    at = 23
    for _ in range(record[22]):
        kind, count = record[at] & 0x3F, int.from_bytes(record[at + 1 : at + 3], "big")
        at += 3
        for _ in range(min(count, 16)):
            size = int.from_bytes(record[at : at + 2], "big")
            if kind == _SPS:
                return record[at + 2 : at + 2 + size]
            at += 2 + size
    return b""


def _size(data: bytes) -> tuple[int, int]:
    bits = BitReader(data)
    bits.read(4)
    layers = bits.read(3)
    bits.flag()
    bits.read(96)
    told = [(bits.flag(), bits.flag()) for _ in range(layers)]
    if layers:
        bits.read(2 * (8 - layers))
    for profile, level in told:
        bits.read(88 * profile + 8 * level)
    bits.unsigned()
    chroma = bits.unsigned()
    separate = chroma == 3 and bits.flag()
    width, height = bits.unsigned(), bits.unsigned()
    if bits.flag():
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        width -= (left + right) * (2 if chroma in (1, 2) and not separate else 1)
        height -= (top + bottom) * (2 if chroma == 1 and not separate else 1)
    return width, height
