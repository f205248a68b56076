"""What is handed to viewers and believed when it comes back: passes and grants, by HMAC-SHA256."""

import base64
import hmac
from dataclasses import dataclass

import orjson
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .errors import PlayRefused

GRANT_MS = 60_000
MAX_TOKEN = 2048
_SIGNATURE_BYTES = 16
_NEVER = "0"


def _derive(master_key: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=f"streamstead {purpose}".encode()).derive(master_key)


def house_key(master_key: bytes) -> bytes:
    """Return the key of house_grant.py."""
    return _derive(master_key, "house grant")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(words: str) -> bytes | None:
    try:
        return base64.b64decode(words + "=" * (-len(words) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None


def _sign(key: bytes, message: str) -> str:
    return _encode(hmac.digest(key, message.encode(), "sha256")[:_SIGNATURE_BYTES])


class PassSigner:
    """Tokens ``<pass id>.<expiry, s>.<stream>.<signature>``: opaque to viewers, safe in an address.

    A valid token proves its id, expiry and stream; whether the pass still counts is for the store.
    """

    def __init__(self, master_key: bytes) -> None:
        self._key = _derive(master_key, "viewer pass")

    def _stream(self, url: str) -> str:
        return _sign(self._key, f"stream\n{url}")[:12]

    def token(self, pass_id: str, url: str, expires_ms: int | None) -> str:
        """Return the token of a pass; ``expires_ms`` None never ends (rounded up to a second)."""
        ends = _NEVER if expires_ms is None else str(-(-expires_ms // 1000))
        body = f"{pass_id}.{ends}.{self._stream(url)}"
        return f"{body}.{_sign(self._key, body)}"

    def read(self, token: str, url: str, now_ms: int) -> str:
        """Return the pass id. Raises PlayRefused with the key ``pass_malformed``,
        ``pass_tampered``, ``pass_other_stream`` or ``pass_expired``."""
        body, _, signature = token.rpartition(".")
        parts = body.split(".")
        if len(token) > MAX_TOKEN or len(parts) != 3 or not token.isascii():
            raise PlayRefused.of("pass_malformed")
        pass_id, ends, stream = parts
        if not hmac.compare_digest(signature, _sign(self._key, body)):
            raise PlayRefused.of("pass_tampered")
        if not hmac.compare_digest(stream, self._stream(url)):
            raise PlayRefused.of("pass_other_stream")
        if ends != _NEVER and int(ends) * 1000 <= now_ms:
            raise PlayRefused.of("pass_expired")
        return pass_id

    @staticmethod
    def ends_ms(token: str) -> int | None:
        """Return when a token that ``read`` took expires; None for never."""
        ends = token.split(".")[1]
        return None if ends == _NEVER else int(ends) * 1000


@dataclass(frozen=True, slots=True)
class Grant:
    """What the front door found out about a viewer before the media server asks."""

    url: str
    ip: str
    user_agent: str
    pass_id: str
    expires_ms: int


class GrantSigner:
    """Grants travel from nginx through the media server back to us and never reach a viewer."""

    def __init__(self, master_key: bytes) -> None:
        self._key = _derive(master_key, "play grant")

    def make(self, url: str, ip: str, user_agent: str, pass_id: str, now_ms: int) -> str:
        """Return a grant for a minute; characters are safe in an address."""
        grant = Grant(url, ip, user_agent, pass_id, now_ms + GRANT_MS)
        body = _encode(orjson.dumps(grant))
        return f"{body}.{_sign(self._key, body)}"

    def read(self, grant: str, url: str, now_ms: int) -> Grant | None:
        """Return what the grant says; None when it is forged, old or for another stream."""
        body, _, signature = grant.partition(".")
        if not grant.isascii() or not hmac.compare_digest(signature, _sign(self._key, body)):
            return None
        raw = _decode(body)
        if raw is None:
            return None
        found = Grant(**orjson.loads(raw))
        return found if found.url == url and found.expires_ms > now_ms else None
