"""MPEG audio: what the header of a frame says (ISO 11172-3, 2.4.1.3)."""

_RATES = (44100, 48000, 32000)


def describe(frame: bytes) -> tuple[int, int]:
    """Return (rate, channels); zeros for bytes that are no frame. Never raises."""
    if len(frame) < 4 or frame[0] != 0xFF or frame[1] & 0xE0 != 0xE0:
        return 0, 0
    version, rate = frame[1] >> 3 & 3, frame[2] >> 2 & 3
    if version == 1 or rate == 3:
        return 0, 0
    divisor = {3: 1, 2: 2, 0: 4}[version]
    return _RATES[rate] // divisor, 1 if frame[3] >> 6 == 3 else 2
