"""The live feed of recordings: what changed, for any number of pages, and nothing for none."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import orjson
from fastapi import APIRouter, Request
from redis.exceptions import RedisError
from sse_starlette import EventSourceResponse, ServerSentEvent

from ...core.app import API
from ...core.auth import SignedIn
from ...core.errors import NotFound, StreamsteadError
from ...core.live_feed import live_feed
from ..library.recording import Recording, State, UploadState
from .services import Services, ServicesDep

router = APIRouter(prefix=f"{API}/recordings", tags=["recordings"])

GAP_S = 0.5
UPLOADS_S = 1.0
DISK_S = 10.0
MAX_PAGES = 100
MAX_SHOWN = 200
"""So many recordings are told of at once, and so many uploads."""


_UNFINISHED = (UploadState.WAITING, UploadState.UPLOADING, UploadState.PAUSED, UploadState.FAILED)


class RecordingFeed:
    """Collects the ids of what changed for each page that looks; nobody looking costs nothing."""

    def __init__(self) -> None:
        self._pages: dict[object, tuple[dict[str, None], asyncio.Event]] = {}
        self._uploads: list[dict[str, Any]] = []
        self._uploads_at = -UPLOADS_S

    @property
    def full(self) -> bool:
        return len(self._pages) >= MAX_PAGES

    def changed(self, id_: str) -> None:
        """Note a change for every page."""
        for ids, wake in self._pages.values():
            ids[id_] = None
            wake.set()

    async def events(self, services: Services) -> AsyncGenerator[ServerSentEvent, None]:
        """Yield what is under way, then every change, twice a second at most."""
        loop = asyncio.get_running_loop()
        key, ids, wake = object(), dict[str, None](), asyncio.Event()
        self._pages[key] = (ids, wake)
        try:
            ids |= dict.fromkeys(await _under_way(services))
            sent_uploads: list[dict[str, Any]] | None = None
            sent_disk, begun = -DISK_S, False
            while True:
                wake.clear()
                if ids or not begun:
                    yield _event("recordings", await _taken(services, ids))
                    begun = True
                uploads = await self._uploads_now(services)
                if uploads != sent_uploads:
                    sent_uploads = uploads
                    yield _event("uploads", {"uploads": uploads})
                if loop.time() - sent_disk >= DISK_S:
                    sent_disk = loop.time()
                    disk = await _disk(services)
                    if disk is not None:
                        yield _event("disk", disk)
                await asyncio.sleep(GAP_S)
                if ids:
                    continue
                # What is on its way goes on without anything being written down.
                wait_s = UPLOADS_S if uploads else sent_disk + DISK_S - loop.time()
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.0, wait_s)):
                        await wake.wait()
        finally:
            del self._pages[key]

    async def _uploads_now(self, services: Services) -> list[dict[str, Any]]:
        """Return the uploads that are not over; looked up once for all pages."""
        from ..storage.upload_routes import shown_upload

        now = asyncio.get_running_loop().time()
        if now - self._uploads_at >= UPLOADS_S:
            self._uploads_at = now
            found = (await services.uploads.unfinished())[:MAX_SHOWN]
            shown = [shown_upload(services.uploads.view(one)) for one in found]
            self._uploads = [one.model_dump(mode="json") for one in shown]
        return self._uploads


async def _under_way(services: Services) -> list[str]:
    states = (State.RECORDING, State.FINISHING)
    found = await services.catalogue.work(state=states)
    found = found[-MAX_SHOWN:] + (await services.catalogue.work(upload=_UNFINISHED))[:MAX_SHOWN]
    return [one.id for one in found]


async def _taken(services: Services, ids: dict[str, None]) -> dict[str, Any]:
    """Return some of what changed, as it is now, and take it out of ``ids``."""
    from ..library.routes import show

    found: list[Recording] = []
    removed: list[str] = []
    for id_ in list(ids)[:MAX_SHOWN]:
        del ids[id_]
        try:
            one = await services.catalogue.get(id_)
        except NotFound:
            removed.append(id_)
            continue
        if one.state is State.DELETING:
            removed.append(id_)
        else:
            found.append(one)
    try:
        shown = await show(services, *found) if found else []
    except (RedisError, StreamsteadError):
        # Who may watch them is not known now.
        ids |= dict.fromkeys(one.id for one in found)
        shown = []
    return {"recordings": [one.model_dump(mode="json") for one in shown], "removed": removed}


async def _disk(services: Services) -> dict[str, Any] | None:
    from .retention_routes import disk_facts

    try:
        return (await disk_facts(services)).model_dump(mode="json")
    except (OSError, StreamsteadError):
        return None


def _event(name: str, data: object) -> ServerSentEvent:
    return ServerSentEvent(orjson.dumps(data).decode(), event=name)


@router.get("/live", include_in_schema=False)
async def live(request: Request, services: ServicesDep, _: SignedIn) -> EventSourceResponse:
    """Follow recordings and uploads (server-sent events ``recordings``, ``uploads``, ``disk``)."""
    return await live_feed(
        request,
        lambda: services.feed.events(services),
        services.authenticator,
        services.clock,
        full=services.feed.full,
    )
