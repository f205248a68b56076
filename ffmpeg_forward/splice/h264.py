"""H.264: what an AVCDecoderConfigurationRecord says (ISO 14496-15, H.264 7.3.2.1.1 and E.1)."""

from .bits import BitReader, BitsError, without_escapes
from .picture import Picture, checked, pixel_format

_PROFILES = {
    66: "baseline",
    77: "main",
    88: "extended",
    100: "high",
    110: "high10",
    122: "high422",
    244: "high444",
}
# Profiles whose parameter sets tell chroma and depth.
_LONG = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


def describe(record: bytes) -> Picture:
    """Return what the record tells; a Picture of nothing for bytes that are none. Never raises."""
    try:
        count = record[5] & 0x1F
        size = int.from_bytes(record[6:8], "big")
        nal = record[8 : 8 + size]
        if not count or len(nal) < 4 or len(nal) < size:
            return Picture()
        return checked(_sequence(without_escapes(nal[1:])))
    except (IndexError, BitsError):
        return Picture()


def _sequence(data: bytes) -> Picture:
    bits = BitReader(data)
    profile = bits.read(8)
    bits.read(8)
    level = bits.read(8)
    bits.unsigned()
    chroma, depth = 1, 8
    separate = False
    if profile in _LONG:
        chroma = bits.unsigned()
        if chroma == 3:
            separate = bits.flag()
        depth = 8 + bits.unsigned()
        bits.unsigned()
        bits.flag()
        if bits.flag():
            _skip_scaling(bits, 8 if chroma != 3 else 12)
    bits.unsigned()
    order = bits.unsigned()
    if order == 0:
        bits.unsigned()
    elif order == 1:
        bits.flag()
        bits.signed()
        bits.signed()
        for _ in range(min(bits.unsigned(), 256)):
            bits.signed()
    bits.unsigned()
    bits.flag()
    width = (bits.unsigned() + 1) * 16
    units = bits.unsigned() + 1
    frames_only = bits.flag()
    height = (2 - frames_only) * units * 16
    if not frames_only:
        bits.flag()
    bits.flag()
    if bits.flag():
        left, right, top, bottom = (bits.unsigned() for _ in range(4))
        across = 2 if chroma in (1, 2) and not separate else 1
        down = (2 if chroma == 1 and not separate else 1) * (2 - frames_only)
        width -= (left + right) * across
        height -= (top + bottom) * down
    return Picture(
        width,
        height,
        _PROFILES.get(profile, ""),
        f"{level // 10}.{level % 10}",
        pixel_format(chroma, depth) if chroma < 4 else "",
        _rate(bits),
    )


def _skip_scaling(bits: BitReader, lists: int) -> None:
    for number in range(lists):
        if not bits.flag():
            continue
        last = following = 8
        for _ in range(16 if number < 6 else 64):
            if following:
                following = (last + bits.signed()) % 256
            last = following or last


def _rate(bits: BitReader) -> float:
    """Return pictures a second from the usability information; 0 when it does not tell."""
    try:
        if not bits.flag():
            return 0.0
        if bits.flag() and bits.read(8) == 255:
            bits.read(32)
        if bits.flag():
            bits.flag()
        if bits.flag():
            bits.read(4)
            if bits.flag():
                bits.read(24)
        if bits.flag():
            bits.unsigned()
            bits.unsigned()
        if not bits.flag():
            return 0.0
        tick, scale = bits.read(32), bits.read(32)
    except BitsError:
        return 0.0
    fps = scale / tick / 2 if tick else 0.0
    return fps if 0 < fps <= 300 else 0.0
