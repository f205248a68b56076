"""The live feed of recordings: what changed, for any number of pages, and nothing for none."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import TYPE_CHECKING

import orjson
from fastapi import APIRouter
from redis.exceptions import RedisError
from sse_starlette import EventSourceResponse, ServerSentEvent

from ...core.app import API
from ...core.auth import SignedIn
from ...core.errors import NotFound, RateLimited, StreamsteadError
from ..library.recording import State, UploadState
from .services import Services, ServicesDep

if TYPE_CHECKING:
    from ..library.routes import RecordingOut

router = APIRouter(prefix=f"{API}/recordings", tags=["recordings"])

GAP_S = 0.5
DISK_S = 10.0
MAX_PAGES = 100
MAX_FIRST = 200
MAX_WAITING = 5_000
PING_S = 15

_ACTIVE = (UploadState.WAITING, UploadState.UPLOADING, UploadState.PAUSED, UploadState.FAILED)


class RecordingFeed:
    """Collects the ids of what changed for each page that looks."""

    def __init__(self) -> None:
        self._pages: dict[object, tuple[set[str], asyncio.Event]] = {}

    @property
    def full(self) -> bool:
        return len(self._pages) >= MAX_PAGES

    def changed(self, id_: str) -> None:
        """Note a change for every page."""
        for ids, wake in self._pages.values():
            if len(ids) < MAX_WAITING:
                ids.add(id_)
            wake.set()

    async def events(self, services: Services) -> AsyncGenerator[ServerSentEvent, None]:
        """Yield what is under way, then every change."""
        key, ids, wake = object(), set[str](), asyncio.Event()
        self._pages[key] = (ids, wake)
        try:
            for state in (State.RECORDING, State.FINISHING):
                ids |= {it.id for it in (await services.catalogue.work(state=state))[:MAX_FIRST]}
            waiting = await services.catalogue.work(upload=_ACTIVE)
            ids |= {it.id for it in waiting[:MAX_FIRST]}
            last_disk = -DISK_S
            while True:
                wake.clear()
                some = list(ids)
                ids.clear()
                with suppress(RedisError):
                    async for event in _changes(services, some):
                        yield event
                now = asyncio.get_running_loop().time()
                if now - last_disk >= DISK_S:
                    last_disk = now
                    yield _event("disk", await _disk(services))
                await asyncio.sleep(GAP_S)
                with suppress(TimeoutError):
                    async with asyncio.timeout(DISK_S):
                        await wake.wait()
        finally:
            del self._pages[key]


async def _changes(services: Services, ids: list[str]) -> AsyncGenerator[ServerSentEvent, None]:
    from ..library.routes import show
    from ..storage.upload_routes import shown_upload

    found, removed = [], []
    for id_ in ids:
        try:
            found.append(await services.catalogue.get(id_))
        except NotFound:
            removed.append(id_)
    kept = [one for one in found if one.state is not State.DELETING]
    removed += [one.id for one in found if one.state is State.DELETING]
    shown: list[RecordingOut] = await show(services, *kept) if kept else []
    yield _event(
        "recordings",
        {"recordings": [one.model_dump(mode="json") for one in shown], "removed": removed},
    )
    uploads = [services.uploads.view(one) for one in kept if one.upload is not UploadState.NONE]
    if uploads:
        listed = [shown_upload(one).model_dump(mode="json") for one in uploads]
        yield _event("uploads", {"uploads": listed})


async def _disk(services: Services) -> object:
    from .retention_routes import disk_facts

    try:
        return (await disk_facts(services)).model_dump(mode="json")
    except (OSError, StreamsteadError):
        return {}


def _event(name: str, data: object) -> ServerSentEvent:
    return ServerSentEvent(orjson.dumps(data).decode(), event=name)


@router.get("/live", include_in_schema=False)
async def live(services: ServicesDep, _: SignedIn) -> EventSourceResponse:
    """Follow recordings and uploads (server-sent events ``recordings``, ``uploads``, ``disk``)."""
    if services.feed.full:
        raise RateLimited("too many pages are open", "Close some of them.", retry_after_s=30)
    return EventSourceResponse(
        services.feed.events(services), ping=PING_S, headers={"Cache-Control": "no-store"}
    )
