"""The file of a backup: one line of words anybody may read, then pieces that only the passphrase
opens.

``STREAMSTEAD-BACKUP 1``, a line of JSON (``Header``), then pieces of 256 KiB: AES-256-GCM under a
key made of the passphrase by scrypt. The nonce of a piece is its number and whether it is the
last, and the first two lines are authenticated with each, so pieces can neither be changed nor
moved, left out, added or taken from another file. Where the operator wants no encryption a SHA-256
stands in place of the tag, which finds damage and nothing else. Inside is a stream compressed by
zlib.
"""

import hashlib
import os
import secrets
import zlib
from typing import IO, Any, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from .faults import BackupBroken, PassphraseNeeded, PassphraseWrong

MAGIC = b"STREAMSTEAD-BACKUP 1\n"
SUFFIX = ".ssbackup"
PIECE = 256 * 1024
TAG = 16
MAX_HEADER = 8192
_SCRYPT_N = 2**15
_SCRYPT_R = 8
_SCRYPT_P = 3
_MAX_SCRYPT_N = 2**18
"""What somebody else's file may cost us: 256 MB."""


class Header(BaseModel):
    """``recordings``: with media. ``host``: digest of the machine's id, to know the same one.
    ``data_version``: as in mgmt/upgrade/migrations.py. ``scrypt``: N, r, p; none: not encrypted."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    at_ms: int
    version: str
    data_version: int
    recordings: bool
    host: str
    salt: str
    scrypt: tuple[int, ...] = ()

    @property
    def encrypted(self) -> bool:
        return bool(self.scrypt)


class _Box(Protocol):
    def close(self, number: int, last: bool, piece: bytes) -> bytes: ...

    def open(self, number: int, last: bool, sealed: bytes) -> bytes: ...


class _Sealed:
    """Pieces that only the passphrase opens."""

    def __init__(self, passphrase: str, header: Header, head: bytes) -> None:
        # Late: the manager knows these files too, and never opens one itself.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        n, r, p = header.scrypt
        key = hashlib.scrypt(
            passphrase.encode(),
            salt=bytes.fromhex(header.salt),
            n=n,
            r=r,
            p=p,
            maxmem=128 * n * r + (1 << 20),
            dklen=32,
        )
        self._cipher = AESGCM(key)
        self._head = hashlib.sha256(head).digest()

    def close(self, number: int, last: bool, piece: bytes) -> bytes:
        return self._cipher.encrypt(_nonce(number, last), piece, self._head)

    def open(self, number: int, last: bool, sealed: bytes) -> bytes:
        from cryptography.exceptions import InvalidTag

        try:
            return self._cipher.decrypt(_nonce(number, last), sealed, self._head)
        except InvalidTag:
            if number == 0:
                raise PassphraseWrong from None
            raise BackupBroken("a part of it was changed or is missing") from None


class _Open:
    """Pieces anybody may read; damage is found all the same."""

    def __init__(self, head: bytes) -> None:
        self._head = hashlib.sha256(head).digest()

    def close(self, number: int, last: bool, piece: bytes) -> bytes:
        return piece + self._tag(number, last, piece)

    def open(self, number: int, last: bool, sealed: bytes) -> bytes:
        piece, tag = sealed[:-TAG], sealed[-TAG:]
        if tag != self._tag(number, last, piece):
            raise BackupBroken("a part of it was changed or is missing")
        return piece

    def _tag(self, number: int, last: bool, piece: bytes) -> bytes:
        return hashlib.sha256(self._head + _nonce(number, last) + piece).digest()[:TAG]


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


def new_header(passphrase: str | None, **facts: Any) -> Header:
    """Return the header of a new backup, with a salt of its own; None: not encrypted."""
    cost = () if passphrase is None else (_SCRYPT_N, _SCRYPT_R, _SCRYPT_P)
    return Header(salt=secrets.token_hex(16), scrypt=cost, **facts)


class Writer:
    """A file that is being written; give it everything, then ``finish``."""

    def __init__(self, file: IO[bytes], header: Header, passphrase: str | None) -> None:
        head = MAGIC + header.model_dump_json().encode() + b"\n"
        file.write(head)
        self._file = file
        self._box = _box(header, head, passphrase)
        self._packer = zlib.compressobj(6)
        self._waiting = bytearray()
        self._number = 0

    def write(self, data: bytes) -> int:
        self._waiting += self._packer.compress(data)
        # One piece stays back: the last one is marked as such.
        while len(self._waiting) > PIECE:
            self._put(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(data)

    def finish(self) -> None:
        self._waiting += self._packer.flush()
        while len(self._waiting) > PIECE:
            self._put(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        self._put(bytes(self._waiting), last=True)
        self._file.flush()
        os.fsync(self._file.fileno())

    def _put(self, piece: bytes, last: bool) -> None:
        self._file.write(self._box.close(self._number, last, piece))
        self._number += 1


class Reader:
    """The stream inside a file, checked piece by piece as it is read.

    Raises BackupBroken, PassphraseWrong or PassphraseNeeded, from the beginning or while reading.
    """

    def __init__(self, file: IO[bytes], passphrase: str | None) -> None:
        self.header, head = read_header(file)
        self._file = file
        self._box = _box(self.header, head, passphrase)
        self._unpacker = zlib.decompressobj()
        self._next = file.read(PIECE + TAG)
        self._number = 0
        self._ended = False
        self.taken = len(head)
        """Bytes of the file that were read."""

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes (not -1), "" at the end."""
        found = bytearray()
        while len(found) < size:
            packed = self._unpacker.unconsumed_tail
            if not packed and self._ended:
                if not self._unpacker.eof:
                    raise BackupBroken("it ends too early")
                break
            found += self._unpack(packed or self._piece(), size - len(found))
        return bytes(found)

    def _piece(self) -> bytes:
        sealed, self._next = self._next, self._file.read(PIECE + TAG)
        self._ended = not self._next
        if len(sealed) < TAG:
            raise BackupBroken("it ends too early")
        self.taken += len(sealed)
        piece = self._box.open(self._number, self._ended, sealed)
        self._number += 1
        return piece

    def _unpack(self, data: bytes, size: int) -> bytes:
        try:
            return self._unpacker.decompress(data, size)
        except zlib.error:
            raise BackupBroken("what is in it cannot be unpacked") from None


def read_header(file: IO[bytes]) -> tuple[Header, bytes]:
    """Read the lines anybody may read; return them parsed and as they are. Raises BackupBroken."""
    magic = file.read(len(MAGIC))
    if magic != MAGIC:
        raise BackupBroken("it does not begin like one")
    line = file.readline(MAX_HEADER)
    try:
        header = Header.model_validate_json(line)
    except ValidationError:
        raise BackupBroken("its header cannot be read") from None
    if header.scrypt:
        n, r, p = header.scrypt if len(header.scrypt) == 3 else (0, 0, 0)
        if not (2**14 <= n <= _MAX_SCRYPT_N and n & (n - 1) == 0 and r == 8 and 1 <= p <= 8):
            raise BackupBroken("its header asks for a key nobody would make")
    return header, magic + line


def _box(header: Header, head: bytes, passphrase: str | None) -> _Box:
    if not header.encrypted:
        if passphrase:
            # Whoever put it in the place of an encrypted one must not get past the passphrase.
            raise BackupBroken("it is not encrypted, and a passphrase was given for it")
        return _Open(head)
    if not passphrase:
        raise PassphraseNeeded
    return _Sealed(passphrase, header, head)
