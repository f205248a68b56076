"""Secrets at rest: what Redis keeps for us but must not be able to tell."""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import StreamsteadError

HOOK_TARGET = "hook target"
PLAY_RULE = "play rule"
STORAGE = "storage"
OUTPUT = "output"
CHANNEL = "channel"
TRANSCODE = "transcode"
DNS_CREDENTIALS = "dns credentials"

_VERSION = "1."
_NONCE_BYTES = 12


class SealBroken(StreamsteadError):
    """What is stored was sealed with another master key, for another purpose, or was changed."""

    default_key = "seal_broken"


class Sealer:
    """Encrypts short texts with AES-256-GCM under a key derived from the master key.

    ``purpose`` (one of the constants above) separates the users of this class: what one sealed,
    another cannot open, so no value can be moved from one place of the store to another.
    """

    def __init__(self, master_key: bytes, purpose: str) -> None:
        info = f"streamstead sealed {purpose}".encode()
        self._cipher = AESGCM(HKDF(SHA256(), 32, salt=None, info=info).derive(master_key))

    def seal(self, secret: str) -> str:
        """Return ASCII text that ``open`` takes; another one every time."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), None)
        return _VERSION + base64.urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str) -> str:
        """Return the secret. Raises SealBroken."""
        try:
            if not sealed.startswith(_VERSION):
                raise ValueError("unknown form")
            raw = base64.urlsafe_b64decode(sealed.removeprefix(_VERSION))
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None).decode()
        except (ValueError, InvalidTag):
            raise SealBroken(
                "a stored secret cannot be read",
                "config/master.key is not the one it was sealed with. Restore that file, or set "
                "the secret again.",
            ) from None
