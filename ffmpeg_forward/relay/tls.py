"""How servers that want TLS are trusted."""

import asyncio
import ssl
from collections.abc import Callable


class Trust:
    """One context for all who check certificates and one for those who do not.

    Reading the authorities takes long and megabytes, so it happens once, and in a thread.
    """

    def __init__(self, load: Callable[[], ssl.SSLContext] = ssl.create_default_context) -> None:
        self._load = load
        self._contexts: dict[bool, ssl.SSLContext] = {}
        self._lock = asyncio.Lock()

    async def context(self, verify: bool) -> ssl.SSLContext:
        """Return the context; ``verify`` False accepts any certificate for any name."""
        async with self._lock:
            if verify not in self._contexts:
                make = self._load if verify else _trust_anyone
                context = await asyncio.to_thread(make)
                context.minimum_version = ssl.TLSVersion.TLSv1_2
                self._contexts[verify] = context
        return self._contexts[verify]


def _trust_anyone() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
