"""The live feed of outputs, programmes, channels and transcodes: each change, for any number of
pages; nobody looking costs nothing."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel
from redis.exceptions import RedisError
from sse_starlette import EventSourceResponse, ServerSentEvent

from ...core.app import API
from ...core.auth import SignedIn
from ...core.errors import StreamsteadError
from ...core.live_feed import live_feed
from ...core.log import get_logger
from ..services import ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/ffmpeg", tags=["ffmpeg"])

GAP_S = 0.5
LOOK_S = 5.0
"""So often everything is looked at again, and a page is told that nothing has changed."""

MAX_PAGES = 100

Snapshot = Callable[[], Awaitable[Sequence[BaseModel]]]


@dataclass
class _Kind:
    """``partial``: pages are told what changed and what is gone, of other kinds everything."""

    snapshot: Snapshot
    partial: bool
    dirty: bool = True
    version: int = 0
    at_s: float = float("-inf")
    shown: dict[str, bytes] = field(default_factory=dict)


class FfmpegFeed:
    """Takes one picture of what changed for all pages together, twice a second at most."""

    def __init__(self) -> None:
        self._kinds: dict[str, _Kind] = {}
        self._pages: set[asyncio.Event] = set()
        self._taking = asyncio.Lock()

    @property
    def full(self) -> bool:
        return len(self._pages) >= MAX_PAGES

    def add(self, kind: str, snapshot: Snapshot, *, partial: bool = False) -> None:
        """Have a kind of things, each with an ``id``, told as ``{kind: [...]}``; with ``partial``
        only those that changed, and ``removed`` with the ids of those that are gone."""
        self._kinds[kind] = _Kind(snapshot, partial)

    def changed(self, kind: str) -> None:
        """Note that something of a kind is different now."""
        self._kinds[kind].dirty = True
        for wake in self._pages:
            wake.set()

    async def events(self) -> AsyncGenerator[ServerSentEvent, None]:
        """Yield everything, then every change."""
        wake = asyncio.Event()
        self._pages.add(wake)
        seen: dict[str, tuple[int, dict[str, bytes]]] = {}
        try:
            while True:
                wake.clear()
                for name, kind in self._kinds.items():
                    await self._take(name, kind)
                    version, known = seen.get(name, (-1, {}))
                    if version == kind.version or kind.version == 0:
                        continue
                    seen[name] = (kind.version, kind.shown)
                    yield ServerSentEvent(_told(name, kind, known).decode(), event=name)
                await asyncio.sleep(GAP_S)
                try:
                    async with asyncio.timeout(LOOK_S):
                        await wake.wait()
                except TimeoutError:
                    # Nothing has happened: the page learns that this is still so.
                    for name, kind in self._kinds.items():
                        if kind.partial:
                            yield ServerSentEvent(
                                _told(name, kind, kind.shown).decode(), event=name
                            )
        finally:
            self._pages.discard(wake)

    async def _take(self, name: str, kind: _Kind) -> None:
        """Look at a kind again if it has changed; whoever comes first does it for all."""
        async with self._taking:
            now = asyncio.get_running_loop().time()
            due = now - kind.at_s >= LOOK_S or (kind.dirty and now - kind.at_s >= GAP_S / 2)
            if not due:
                return
            kind.dirty, kind.at_s = False, now
            try:
                found = await kind.snapshot()
            except (RedisError, OSError, StreamsteadError) as exc:
                log.warning("feed.not_read", kind=name, error=type(exc).__name__)
                kind.dirty = True
                return
            shown = {_id_of(one): orjson.dumps(one.model_dump(mode="json")) for one in found}
            if shown != kind.shown or list(shown) != list(kind.shown) or kind.version == 0:
                kind.shown = shown
                kind.version += 1
                for wake in self._pages:
                    wake.set()  # the pages that did not look themselves


def _id_of(one: BaseModel) -> str:
    id_: Any = getattr(one, "id")  # noqa: B009 - every kind has one; the types do not tell
    return str(id_)


def _told(name: str, kind: _Kind, known: dict[str, bytes]) -> bytes:
    if not kind.partial:
        return b'{"%s":[%s]}' % (name.encode(), b",".join(kind.shown.values()))
    changed = [one for id_, one in kind.shown.items() if known.get(id_) != one]
    removed = orjson.dumps([id_ for id_ in known if id_ not in kind.shown])
    return b'{"%s":[%s],"removed":%s}' % (name.encode(), b",".join(changed), removed)


@router.get("/live", include_in_schema=False)
async def live(request: Request, services: ServicesDep, _: SignedIn) -> EventSourceResponse:
    """Follow outputs, programmes, channels and transcodes (server-sent events of these names)."""
    return await live_feed(
        request,
        services.feed.events,
        services.authenticator,
        services.clock,
        full=services.feed.full,
    )
