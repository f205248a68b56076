"""Ed25519 signatures in the format of minisign, verified.

A signature file has four lines: an untrusted comment; base64 of algorithm (``ED`` over the BLAKE2b
digest of the file, ``Ed`` over the file itself), key id and signature; the trusted comment; base64
of the signature over signature and trusted comment. A public key is base64 of ``Ed``, key id and
key.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path

from ...core.errors import Invalid
from .errors import ReleaseRefused

LEGACY_MAX_BYTES = 64 << 20
SIGNATURE_MAX_BYTES = 4096
_TRUSTED = "trusted comment: "


@dataclass(frozen=True, slots=True)
class PublicKey:
    key_id: bytes
    raw: bytes

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Read a key as text, or the whole of a ``.pub`` file. Raises Invalid."""
        lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
        blob = _decode(lines[-1]) if lines else b""
        if len(blob) != 42 or blob[:2] != b"Ed":
            raise Invalid(
                "that is no public key of minisign",
                "It is one line of 56 letters and digits that begins with RW.",
                key="upgrade_key_form",
            )
        return cls(blob[2:10], blob[10:])

    def __str__(self) -> str:
        return base64.b64encode(b"Ed" + self.key_id + self.raw).decode()

    @property
    def name(self) -> str:
        """The id as minisign prints it."""
        return _name(self.key_id)


@dataclass(frozen=True, slots=True)
class Signature:
    algorithm: bytes
    key_id: bytes
    raw: bytes
    comment: str
    comment_raw: bytes

    @classmethod
    def parse(cls, text: str) -> "Signature":
        """Raises ReleaseRefused."""
        lines = text[:SIGNATURE_MAX_BYTES].splitlines()
        if len(lines) < 4 or not lines[2].startswith(_TRUSTED):
            raise _wrong("the signature is not in the format of minisign")
        blob, over_comment = _decode(lines[1]), _decode(lines[3])
        if len(blob) != 74 or len(over_comment) != 64 or blob[:2] not in (b"Ed", b"ED"):
            raise _wrong("the signature is not in the format of minisign")
        comment = lines[2].removeprefix(_TRUSTED)
        return cls(blob[:2], blob[2:10], blob[10:], comment, over_comment)


def verify(path: Path, signature: str, keys: list[PublicKey]) -> str:
    """Return the trusted comment of a file that one of the keys has signed.

    Raises ReleaseRefused otherwise, and OSError when the file cannot be read.
    """
    found = Signature.parse(signature)
    message = _message(path, found.algorithm)
    return _verify(found, message, keys)


def verify_bytes(content: bytes, signature: str, keys: list[PublicKey]) -> str:
    """The same for what is in memory."""
    found = Signature.parse(signature)
    prehashed = found.algorithm == b"ED"
    return _verify(found, hashlib.blake2b(content).digest() if prehashed else content, keys)


def _verify(found: Signature, message: bytes, keys: list[PublicKey]) -> str:
    # Late: the manager itself has no use for it.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    fitting = [key for key in keys if key.key_id == found.key_id]
    if not fitting:
        name = _name(found.key_id)
        raise ReleaseRefused(
            f"it is signed by the key {name}, which this house does not trust",
            "Get the publisher's key by another way than the release, compare it, and add it.",
            key="signature_key_unknown",
        )
    for key in fitting:
        public = Ed25519PublicKey.from_public_bytes(key.raw)
        try:
            public.verify(found.raw, message)
            public.verify(found.comment_raw, found.raw + found.comment.encode())
        except InvalidSignature:
            continue
        return found.comment
    raise _wrong("the signature does not fit: the content is not what was signed")


def _name(key_id: bytes) -> str:
    return f"{int.from_bytes(key_id, 'little'):X}"


def _message(path: Path, algorithm: bytes) -> bytes:
    if algorithm == b"ED":
        with path.open("rb") as file:
            return hashlib.file_digest(file, lambda: hashlib.blake2b()).digest()
    if path.stat().st_size > LEGACY_MAX_BYTES:
        raise _wrong("the signature is of the old kind, which large files do not go with")
    return path.read_bytes()


def _wrong(reason: str) -> ReleaseRefused:
    advice = "Nothing of it was used. Fetch it again, or tell its publisher."
    return ReleaseRefused(reason, advice, key="signature_wrong")


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        return b""
