"""The routes of uploads, and what pages follow live."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import orjson
import pytest
from redis.asyncio import Redis
from sse_starlette import ServerSentEvent

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.hooks.library.recording import State, UploadState
from streamstead.hooks.recorder.disk import DiskMeter
from streamstead.hooks.recorder.feed import RecordingFeed
from streamstead.hooks.recorder.main import create_api
from streamstead.hooks.recorder.retention_store import RetentionStore

from ...fault_proxy import FaultProxy
from .upload_house import LIMIT_S, MASTER_KEY, House, now_ms

pytestmark = pytest.mark.integration

API_SECRET = "the-api-secret-of-a-program"
PREFIX = "/terraform/v1/storage/"


class NoRules:
    """No recording has a rule of its own."""

    async def access_of(self, ids: list[str]) -> dict[str, str]:
        return {}


@dataclass
class Api:
    client: httpx.AsyncClient
    state: Any

    async def call(self, path: str, **body: Any) -> Any:
        headers = {"authorization": f"Bearer {API_SECRET}"}
        reply = await self.client.post(PREFIX + path, json=body, headers=headers)
        return reply.json()["data"]


@pytest.fixture
async def api(house: House, redis: Redis) -> AsyncIterator[Api]:
    app = create_api()
    state = app.state
    state.clock = now_ms
    state.authenticator = Authenticator(AdminStore(redis), MASTER_KEY, API_SECRET)
    state.uploads, state.catalogue, state.targets = house.uploads, house.catalogue, house.targets
    state.play, state.retention, state.feed = NoRules(), RetentionStore(redis), RecordingFeed()
    state.disk = SimpleNamespace(facts=no_disk)
    house.catalogue.subscribe(state.feed.changed)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://recorder") as client:
        yield Api(client, state)


async def no_disk() -> DiskMeter:
    raise OSError("no disk")


@dataclass
class Page:
    """A page that follows: the newest of everything it was told."""

    recordings: dict[str, dict[str, Any]] = field(default_factory=dict)
    removed: list[str] = field(default_factory=list)
    uploads: list[dict[str, Any]] | None = None
    events: int = 0

    def take(self, event: ServerSentEvent) -> None:
        data = orjson.loads(event.data)
        self.events += 1
        if event.event == "recordings":
            self.recordings |= {one["id"]: one for one in data["recordings"]}
            self.removed += data["removed"]
        elif event.event == "uploads":
            self.uploads = data["uploads"]


async def test_nobody_sees_uploads_without_signing_in(api: Api) -> None:
    for path in ("uploads/query", "uploads/pause", "settings/query", "settings/update"):
        assert (await api.client.post(PREFIX + path, json={})).status_code == 401
    assert (await api.client.get("/terraform/v1/recordings/live")).status_code == 401


async def test_uploads_are_listed_page_by_page_with_what_is_wrong(
    api: Api, house: House, proxy: FaultProxy
) -> None:
    proxy.away()
    made = [await house.finished(1, started_ms=n) for n in range(1, 4)]
    await house.until(made[0].id, lambda one: one.problem, "it is away")
    first = await api.call("uploads/query", limit=2)
    rest = await api.call("uploads/query", limit=2, cursor=first["cursor"])
    assert [one["recording_id"] for one in first["uploads"] + rest["uploads"]] == [
        one.id for one in made
    ]
    assert rest["cursor"] is None
    shown = first["uploads"][0]
    assert shown["problem"]["key"] == "storage_refused"
    assert (shown["title"], shown["target_id"], shown["state"]) == ("live/cam", "t1", "uploading")
    assert (shown["speed_bps"], shown["left_s"]) == (0, None)
    assert shown["next_try_ms"] > 0
    assert (await api.call("uploads/query", cursor="nothing"))["key"] == "cursor"


async def test_an_upload_is_paused_resumed_and_tried_again(
    api: Api, house: House, proxy: FaultProxy
) -> None:
    proxy.away()
    over = await house.finished(1)
    await house.until(over.id, lambda one: one.problem, "it is away")
    assert (await api.call("uploads/pause", id=over.id))["state"] == "paused"
    proxy.heal()
    assert (await api.call("uploads/resume", id=over.id))["state"] in ("waiting", "uploading")
    await api.call("uploads/retry", id=over.id)
    await house.until_verified(over.id)
    assert (await api.call("uploads/query"))["uploads"] == []
    assert (await api.call("uploads/pause", id=over.id))["key"] == "upload_not_running"


async def test_speed_and_number_can_be_set_within_limits(api: Api) -> None:
    assert await api.call("settings/query") == {"limit_kbps": 0, "parallel": 4}
    assert await api.call("settings/update", parallel=2) == {"limit_kbps": 0, "parallel": 2}
    assert await api.call("settings/update", limit_kbps=800) == {"limit_kbps": 800, "parallel": 2}
    assert await api.call("settings/query") == {"limit_kbps": 800, "parallel": 2}
    for wrong in ({"parallel": 9}, {"parallel": 0}, {"limit_kbps": -1}):
        assert "key" in await api.call("settings/update", **wrong)


async def test_pages_follow_what_changes_and_nobody_looking_costs_nothing(
    api: Api, house: House
) -> None:
    feed: RecordingFeed = api.state.feed
    old = await house.finished(1)
    await house.until_verified(old.id)
    live = await house.recording()
    page = Page()
    async with aclosing(feed.events(api.state)) as events, asyncio.timeout(LIMIT_S):
        async for event in events:
            page.take(event)
            if page.uploads is not None:
                break
        # At first what is under way, and not the whole library.
        assert list(page.recordings) == [live.id]
        assert [one["recording_id"] for one in page.uploads] == [live.id]
        await house.segments(live.id, 2)
        await house.finish(live.id)
        async for event in events:
            page.take(event)
            if page.uploads == [] and page.recordings[live.id]["upload"] == "verified":
                break
        await house.catalogue.change(old.id, state=State.DELETING)
        await house.catalogue.forget(old.id)
        async for event in events:
            page.take(event)
            if page.removed:
                break
    assert set(page.removed) == {old.id}
    assert (await house.catalogue.get(live.id)).upload is UploadState.VERIFIED
    assert not feed.full
    feed.changed(live.id)  # nobody looks any more: nothing is kept
