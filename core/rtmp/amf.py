"""AMF0, the encoding of RTMP commands: the few types that a play client meets."""

import struct
from collections.abc import Mapping, Sequence
from contextlib import suppress

_NUMBER, _BOOL, _STRING, _OBJECT, _NULL, _UNDEFINED = 0, 1, 2, 3, 5, 6
_ECMA, _END, _STRICT, _DATE, _LONG = 8, 9, 10, 11, 12

MAX_DEPTH = 16
MAX_ITEMS = 4096

AmfValue = float | int | bool | str | None | Mapping[str, "AmfValue"] | Sequence["AmfValue"]
"""What a value is here; numbers are read as float, and dates as float (ms)."""


class AmfError(ValueError):
    """The bytes are not AMF0, or hold a type that no server sends to a player."""


def encode(*values: AmfValue) -> bytes:
    """Return the values one after the other, as the body of a command."""
    return b"".join(_encode(value) for value in values)


def _encode(value: AmfValue) -> bytes:
    if value is None:
        return bytes([_NULL])
    if isinstance(value, bool):
        return bytes([_BOOL, value])
    if isinstance(value, int | float):
        return struct.pack(">Bd", _NUMBER, value)
    if isinstance(value, str):
        raw = value.encode()
        if len(raw) > 0xFFFF:
            return struct.pack(">BI", _LONG, len(raw)) + raw
        return bytes([_STRING]) + _name(raw)
    if isinstance(value, Mapping):
        body = b"".join(_name(k.encode()) + _encode(v) for k, v in value.items())
        return bytes([_OBJECT]) + body + b"\0\0\x09"
    return struct.pack(">BI", _STRICT, len(value)) + encode(*value)


def _name(raw: bytes) -> bytes:
    return struct.pack(">H", len(raw)) + raw


def decode(data: bytes) -> list[AmfValue]:
    """Return every value of a command body. Raises AmfError for anything else."""
    reader = _Reader(data)
    found: list[AmfValue] = []
    while reader.at < len(data):
        found.append(reader.value(0))
    return found


def decode_leading(data: bytes) -> list[AmfValue]:
    """Return the values before the first one that cannot be read."""
    reader = _Reader(data)
    found: list[AmfValue] = []
    with suppress(AmfError):
        while reader.at < len(data):
            found.append(reader.value(0))
    return found


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        end = self.at + size
        if end > len(self.data):
            raise AmfError("the value ends early")
        chunk = self.data[self.at : end]
        self.at = end
        return chunk

    def number(self, form: str) -> float:
        found = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return float(found)

    def size(self, form: str) -> int:
        return int(self.number(form))

    def text(self, form: str) -> str:
        return self.take(self.size(form)).decode("utf-8", "replace")

    def value(self, depth: int) -> AmfValue:
        if depth > MAX_DEPTH:
            raise AmfError("nested too deep")
        kind = self.take(1)[0]
        if kind == _NUMBER:
            return self.number(">d")
        if kind == _BOOL:
            return self.take(1) != b"\0"
        if kind == _STRING:
            return self.text(">H")
        if kind == _LONG:
            return self.text(">I")
        if kind in (_NULL, _UNDEFINED):
            return None
        if kind == _DATE:
            found = self.number(">d")
            self.take(2)
            return found
        if kind == _ECMA:
            self.take(4)  # a hint only: writers put 0 there
        if kind in (_OBJECT, _ECMA):
            return self.members(depth)
        if kind == _STRICT:
            count = self.size(">I")
            if count > MAX_ITEMS:
                raise AmfError("too many items")
            return [self.value(depth + 1) for _ in range(count)]
        raise AmfError(f"type {kind} is not for players")

    def members(self, depth: int) -> dict[str, AmfValue]:
        found: dict[str, AmfValue] = {}
        while True:
            name = self.text(">H")
            if not name and self.data[self.at : self.at + 1] == bytes([_END]):
                self.at += 1
                return found
            if len(found) >= MAX_ITEMS:
                raise AmfError("too many members")
            found[name] = self.value(depth + 1)
