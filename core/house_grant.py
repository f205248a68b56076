"""How our own programs get past the gate: to read any live stream, and to publish one.

A grant is good for one stream, one direction and a minute, and at this machine alone (hooks/gate.py
looks at that), so it is worth little to whoever sees it in a list of processes. It needs nothing
but the standard library: relays are to stay small.
"""

import base64
import hmac
from enum import StrEnum

GRANT_S = 60
PREFIX = "house."
_SIGNATURE_BYTES = 18


class Way(StrEnum):
    """What a grant allows."""

    PLAY = "play"
    PUBLISH = "publish"


class HouseGrants:
    """Makes and recognises grants; ``key`` comes from ``signed.house_key``."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def make(self, way: Way, url: str, now_ms: int) -> str:
        """Return a grant for the stream ``url`` (``app/stream``); its characters are safe in an
        address."""
        ends_s = now_ms // 1000 + GRANT_S
        return f"{PREFIX}{ends_s}.{self._sign(way, url, ends_s)}"

    def accepts(self, way: Way, url: str, grant: str, now_ms: int) -> bool:
        """Tell whether this is a grant for that stream and direction, and still good."""
        ends, _, signature = grant.removeprefix(PREFIX).partition(".")
        if not grant.startswith(PREFIX) or not grant.isascii() or not ends.isdigit():
            return False
        if len(ends) > 12 or not now_ms < int(ends) * 1000 <= now_ms + 2 * GRANT_S * 1000:
            return False
        return hmac.compare_digest(signature, self._sign(way, url, int(ends)))

    def _sign(self, way: Way, url: str, ends_s: int) -> str:
        message = f"{way.value}\n{url}\n{ends_s}".encode()
        digest = hmac.digest(self._key, message, "sha256")[:_SIGNATURE_BYTES]
        return base64.urlsafe_b64encode(digest).decode()
