"""Bits out of bytes, as the headers of codecs are written."""


class BitsError(ValueError):
    """The bytes end before the value does, or the value is larger than any real one."""


class BitReader:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def read(self, count: int) -> int:
        """Return the next ``count`` bits as a number. Raises BitsError."""
        if count > self._left:
            raise BitsError("the bits end early")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def flag(self) -> bool:
        return self.read(1) == 1

    def unsigned(self) -> int:
        """Return an unsigned exp-Golomb number. Raises BitsError."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 32:
                raise BitsError("a number is too long")
        return (1 << zeros) - 1 + self.read(zeros)

    def signed(self) -> int:
        """Return a signed exp-Golomb number. Raises BitsError."""
        found = self.unsigned()
        return (found + 1) // 2 if found & 1 else -(found // 2)


def without_escapes(nal: bytes) -> bytes:
    """Return a NAL unit without its emulation prevention bytes (H.264 7.4.1, H.265 7.4.2)."""
    if b"\0\0\x03" not in nal:
        return nal
    found = bytearray()
    zeros = 0
    for byte in nal:
        if zeros >= 2 and byte == 3:
            zeros = 0
            continue
        zeros = zeros + 1 if byte == 0 else 0
        found.append(byte)
    return bytes(found)
