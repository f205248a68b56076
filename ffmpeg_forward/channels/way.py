"""How FFmpeg comes to an address: asked for just before, and watched on the way.

Relays use it: standard library only.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ...core.resolver import Resolve, Resolver
from .guard import Guard
from .rtsp_guard import SCHEMES, RtspGuard
from .url_policy import admit

_RESOLVER = Resolver()


@dataclass(frozen=True, slots=True)
class Way:
    """``url`` is what FFmpeg is given, with these ``options`` of its input and ``env`` in its
    environment."""

    url: str = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    guard: Guard | RtspGuard | None = None

    @property
    def refused(self) -> bool:
        """Whether it tried to go where it must not."""
        return self.guard is not None and self.guard.refused


@asynccontextmanager
async def open_way(
    url: str,
    *,
    allow_private: bool,
    film: bool,
    resolve: Resolve = _RESOLVER,
    proxied: bool = False,
) -> AsyncIterator[Way]:
    """Yield a way that is open as long as the block; ``proxied``: with a guard in any case.

    Raises Invalid, SourceUnreachable.
    """
    admitted = await admit(url, allow_private=allow_private, film=film, resolve=resolve)
    if not allow_private and urlsplit(admitted.url).scheme in SCHEMES:
        # An own camera is connected to directly: it may send FFmpeg to wherever that may go.
        async with RtspGuard.opened(admitted.url, admitted.addresses[0]) as rtsp:
            yield Way(rtsp.url, admitted.options, guard=rtsp)
        return
    if not (admitted.through_guard or proxied):
        yield Way(admitted.url, admitted.options)
        return
    async with Guard.opened(resolve, allow_private=allow_private) as guard:
        yield Way(admitted.url, admitted.options, guard.env, guard)
