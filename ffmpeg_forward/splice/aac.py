"""AAC: the AudioSpecificConfig, and frames of silence (ISO 14496-3, 1.6.2.1 and 4.4.2)."""

from dataclasses import dataclass

from .bits import BitReader, BitsError

_RATES = (
    *(96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050),
    *(16000, 12000, 11025, 8000, 7350),
)
_SBR, _PS = 5, 29
# Syntactic elements of each channel configuration: 0 single, 1 pair, 3 low frequencies.
_ELEMENTS = {1: (0,), 2: (1,), 3: (0, 1), 4: (0, 1, 0), 5: (0, 1, 1), 6: (0, 1, 1, 3)}
_ELEMENTS[7] = (0, 1, 1, 1, 3)
_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8)

TAG = b"\xaf"
"""The first byte of a tag of AAC."""


@dataclass(frozen=True, slots=True)
class AacConfig:
    """``rate``: what players hear; ``frame_ms``: how long one frame is. ``layout`` is the channel
    configuration, 0 when it is written elsewhere."""

    rate: int
    channels: int
    layout: int
    frame_ms: float


def describe(config: bytes) -> AacConfig | None:
    """Return what an AudioSpecificConfig tells; None for bytes that are none. Never raises."""
    bits = BitReader(config)
    try:
        kind = _object_type(bits)
        core = _rate(bits)
        layout = bits.read(4)
        heard = _rate(bits) if kind in (_SBR, _PS) else core
        if kind in (_SBR, _PS):
            kind = _object_type(bits)
        short = kind in (1, 2, 3, 4, 6, 7) and bits.flag()
    except BitsError:
        return None
    if layout >= len(_CHANNELS) or not 7000 <= core <= 96000 or not 7000 <= heard <= 192000:
        return None
    return AacConfig(heard, _CHANNELS[layout] or 2, layout, (960 if short else 1024) * 1000 / core)


def _object_type(bits: BitReader) -> int:
    found = bits.read(5)
    return 32 + bits.read(6) if found == 31 else found


def _rate(bits: BitReader) -> int:
    index = bits.read(4)
    if index == 15:
        return bits.read(24)
    if index >= len(_RATES):
        raise BitsError("no such sampling rate")
    return _RATES[index]


def config(rate: int, channels: int) -> bytes:
    """Return the AudioSpecificConfig of AAC-LC; other rates and channels become 44100 and 2."""
    index = _RATES.index(rate if rate in _RATES else 44100)
    layout = _CHANNELS.index(channels) if channels in _CHANNELS[1:] else 2
    return (2 << 11 | index << 7 | layout << 3).to_bytes(2, "big")


def silent_frame(layout: int) -> bytes | None:
    """Return a frame without any spectrum; None where the layout is not written in the header."""
    if layout not in _ELEMENTS:
        return None
    bits = count = 0

    def put(value: int, size: int) -> None:
        nonlocal bits, count
        bits, count = bits << size | value, count + size

    for number, element in enumerate(_ELEMENTS[layout]):
        put(element, 3)
        # Elements of the same kind are told apart by their number.
        put(_ELEMENTS[layout][:number].count(element), 4)
        if element == 1:
            put(0, 1)
        for _ in range(2 if element == 1 else 1):
            put(140, 8)  # global gain; it scales nothing
            put(0, 11)  # one long window, no band, no prediction
            put(0, 3)  # no pulse, no noise shaping, no gain control
    put(7, 3)
    put(0, -count % 8)
    return bits.to_bytes(count // 8, "big")
