"""Secrets of others that must be stored and used again: a copy of Redis tells none of them."""

import base64
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import ConfigError

_NONCE_BYTES = 12
_VERSION = "v1:"


class Sealer:
    """AES-256-GCM by a key that is derived from ``config/master.key``."""

    def __init__(self, master_key: bytes) -> None:
        key = HKDF(SHA256(), 32, salt=None, info=b"streamstead sealed secrets").derive(master_key)
        self._cipher = AESGCM(key)

    def seal(self, secret: str) -> str:
        """Return the sealed form; "" stays "" (no secret)."""
        if not secret:
            return ""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, secret.encode(), None)
        return _VERSION + base64.urlsafe_b64encode(sealed).decode()

    def open(self, sealed: str) -> str:
        """Return the secret. Raises ConfigError when it was sealed by another master key."""
        if not sealed:
            return ""
        try:
            raw = base64.urlsafe_b64decode(sealed.removeprefix(_VERSION))
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], None).decode()
        except (InvalidTag, ValueError):
            raise ConfigError(
                "a stored secret was sealed by another master key",
                "Restore config/master.key, or enter the secret again.",
                key="sealed_by_another_key",
            ) from None
