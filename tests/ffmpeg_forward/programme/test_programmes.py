"""Programmes as the page makes them, and what their relays are told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from streamstead.core.auth import AdminStore, Authenticator
from streamstead.core.events import EventStream
from streamstead.ffmpeg_forward.main import create_api
from streamstead.ffmpeg_forward.programme.programme import Programme, Slate, SlateKind
from streamstead.ffmpeg_forward.programme.show import relay_config, relay_name
from streamstead.ffmpeg_forward.programme.shows import Shows
from streamstead.ffmpeg_forward.programme.store import MAX_PROGRAMMES, ProgrammeStore
from streamstead.ffmpeg_forward.relay.config import LOCAL, DestinationConfig

API_SECRET = "the-api-secret-of-a-program"
CAM, STUDIO = {"app": "live", "stream": "cam"}, {"app": "live", "stream": "studio"}


class FakeRelays:
    """What relays tell, as a test says."""

    def __init__(self) -> None:
        self.told: dict[str, dict[str, Any]] = {}
        self.listeners: list[Any] = []

    def subscribe(self, changed: Any) -> None:
        self.listeners.append(changed)

    def status(self, name: str) -> dict[str, Any] | None:
        return self.told.get(name)

    def tell(self, name: str, **changes: Any) -> None:
        self.told[name] = {**status(), **changes}
        for changed in self.listeners:
            changed(name)


def status() -> dict[str, Any]:
    return {
        "on_air": None,
        "on_air_since_ms": 5,
        "switches": 0,
        "slate_ms": 0,
        "media": None,
        "slate_problem": None,
        "lost_take": "",
        "sources": {},
        "destinations": {},
    }


class NoOutputs:
    current: tuple[Any, ...] = ()


@dataclass
class Stage:
    client: httpx.AsyncClient
    store: ProgrammeStore
    relays: FakeRelays
    shows: Shows
    events: EventStream
    redis: Redis

    async def post(self, path: str, **body: Any) -> httpx.Response:
        return await self.client.post(f"/terraform/v1/ffmpeg/programme/{path}", json=body)

    async def good(self, path: str, **body: Any) -> Any:
        reply = await self.post(path, **body)
        assert reply.status_code == 200, reply.text
        return reply.json()["data"]

    async def key(self, path: str, **body: Any) -> str:
        reply = await self.post(path, **body)
        assert reply.status_code >= 400, reply.text
        return str(reply.json()["data"]["key"])


@pytest.fixture
async def stage(redis: Redis) -> AsyncIterator[Stage]:
    app = create_api()
    relays, store, events = FakeRelays(), ProgrammeStore(redis), EventStream(redis)
    app.state.relays, app.state.programmes, app.state.events = relays, store, events
    app.state.outputs = NoOutputs()
    app.state.clock = lambda: 1_000
    app.state.authenticator = Authenticator(AdminStore(redis), b"k" * 32, API_SECRET)
    shows = Shows(store, relays, events, 1935, "key", lambda _: None)  # type: ignore[arg-type]
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://page",
        headers={"authorization": f"Bearer {API_SECRET}"},
    ) as client:
        yield Stage(client, store, relays, shows, events, redis)


async def made(stage: Stage, **changes: Any) -> dict[str, Any]:
    fields = {"label": "Show", "sources": [CAM, STUDIO], "enabled": True} | changes
    return dict(await stage.good("create", **fields))


async def test_a_programme_is_made_changed_and_forgotten(stage: Stage) -> None:
    one = await made(stage)
    assert (one["state"], one["on_air"], one["taken"]) == ("starting", None, None)
    changed = await stage.good("update", id=one["id"], lost_after_ms=900, label="Evening")
    assert (changed["lost_after_ms"], changed["label"]) == (900, "Evening")
    assert [it["stream"] for it in changed["sources"]] == ["cam", "studio"]
    assert (await stage.good("list"))["programmes"] == [changed]
    await stage.good("remove", id=one["id"])
    assert (await stage.good("list"))["programmes"] == []
    assert await stage.key("remove", id=one["id"]) == "programme_unknown"


async def test_a_session_may_stand_in_the_body(stage: Stage) -> None:
    one = await made(stage, token=API_SECRET)
    changed = await stage.good("update", id=one["id"], label="Evening", token=API_SECRET)
    assert changed["label"] == "Evening"
    assert API_SECRET not in (await stage.store.get(one["id"])).to_json()


async def test_a_source_is_taken_held_and_released(stage: Stage) -> None:
    one = await made(stage)
    taken = await stage.good("take", id=one["id"], source="live/studio", hold=True)
    assert (taken["taken"], taken["hold"]) == ("live/studio", True)
    assert (await stage.good("take", id=one["id"], source="slate"))["hold"] is False
    released = await stage.good("release", id=one["id"])
    assert (released["taken"], released["hold"]) == (None, False)
    key = await stage.key("take", id=one["id"], source="live/none")
    assert key == "programme_source_unknown"


async def test_what_was_taken_is_let_go_when_it_is_no_source_any_more(stage: Stage) -> None:
    one = await made(stage)
    await stage.good("take", id=one["id"], source="live/studio", hold=True)
    changed = await stage.good("update", id=one["id"], sources=[CAM])
    assert (changed["taken"], changed["hold"]) == (None, False)


@pytest.mark.parametrize(
    ("fields", "key"),
    [
        ({"sources": [CAM, CAM]}, "programme_source_twice"),
        ({"local_stream": "live/cam"}, "programme_loop"),
        ({"local_stream": "vod/x"}, "app_reserved"),
        ({"sources": [{"app": "live", "stream": "a/b"}]}, "name_invalid"),
    ],
)
async def test_what_cannot_be_shown_is_refused(
    stage: Stage, fields: dict[str, Any], key: str
) -> None:
    assert await stage.key("create", **({"label": "Show", "sources": [CAM]} | fields)) == key


async def test_a_programme_never_becomes_its_own_source_by_a_change(stage: Stage) -> None:
    one = await made(stage, local_stream="live/show")
    key = await stage.key("update", id=one["id"], sources=[{"app": "live", "stream": "show"}])
    assert key == "programme_loop"
    assert await stage.key("update", id=one["id"], local_stream="live/cam") == "programme_loop"


async def test_there_are_only_so_many_programmes(stage: Stage) -> None:
    for _ in range(MAX_PROGRAMMES):
        await made(stage)
    assert await stage.key("create", label="One more") == "too_many_programmes"


async def test_changes_made_at_once_are_all_kept(stage: Stage) -> None:
    one = await made(stage)
    await asyncio.gather(
        stage.good("update", id=one["id"], label="New"),
        stage.good("update", id=one["id"], buffer_ms=500),
        stage.good("take", id=one["id"], source="slate"),
    )
    after = await stage.store.get(one["id"])
    assert (after.label, after.buffer_ms, after.taken) == ("New", 500, "slate")


async def test_a_relay_is_told_everything_it_needs(stage: Stage) -> None:
    one = await made(stage, local_stream="live/show")
    target = DestinationConfig("out", "rtmp://example.com/live/key")
    config = stage.shows.relays({"live/cam"}, lambda _: (target,))[one["id"]]
    assert [(it.id, it.live) for it in config.sources] == [
        ("live/cam", True),
        ("live/studio", False),
    ]
    assert [it.url for it in config.destinations] == [target.url, f"{LOCAL}live/show"]
    assert config.slate is not None
    assert (config.slate.title, config.normalise) == ("Show", None)
    await stage.good("update", id=one["id"], enabled=False)
    assert stage.shows.relays((), lambda _: ()) == {}


async def test_what_is_on_air_is_shown_and_told_once(stage: Stage) -> None:
    one = await made(stage)
    telling = asyncio.create_task(stage.shows.run())
    name = relay_name(one["id"])
    source = {"connected": True, "alive": True, "quiet_ms": 9, "media": None, "problem": None}
    for on_air, at_ms in (("slate", 1), ("live/cam", 2), ("live/cam", 2), ("slate", 3)):
        stage.relays.tell(name, on_air=on_air, on_air_since_ms=at_ms, sources={"live/cam": source})
    shown = (await stage.good("list"))["programmes"][0]
    assert (shown["state"], shown["on_air"], shown["since_ms"]) == ("slate", "slate", 3)
    assert [it["state"] for it in shown["source_states"]] == ["ready", "connecting"]
    async with asyncio.timeout(30):
        while len(await stage.redis.xrange(EventStream.KEY)) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    told = [fields["type"] for _, fields in await stage.redis.xrange(EventStream.KEY)]
    assert told == ["programme.switched", "programme.slate"]
    telling.cancel()


async def test_a_source_taken_by_hand_is_let_go_once_it_is_lost(stage: Stage) -> None:
    one = await made(stage)
    telling = asyncio.create_task(stage.shows.run())
    await stage.good("take", id=one["id"], source="live/studio")
    stage.relays.tell(relay_name(one["id"]), on_air="live/cam", lost_take="live/studio")
    async with asyncio.timeout(30):
        while (await stage.store.get(one["id"])).taken:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    held = await stage.good("take", id=one["id"], source="live/studio", hold=True)
    stage.relays.tell(relay_name(one["id"]), on_air="slate", lost_take="live/studio")
    await asyncio.sleep(0)
    assert (await stage.store.get(one["id"])).taken == held["taken"]
    telling.cancel()


async def test_a_programme_that_cannot_be_read_hides_no_other(stage: Stage) -> None:
    one = await made(stage)
    await stage.redis.hset(ProgrammeStore.KEY, "broken", "{")
    await stage.store.refresh()
    assert [it.id for it in stage.store.current] == [one["id"]]


def test_a_programme_is_read_as_it_was_written() -> None:
    one = replace(Programme("x", "Show"), taken="slate", hold=True)
    assert Programme.from_json(one.to_json()) == one
    assert Programme.from_json('{"id": "x", "label": "Show", "later": 1}').label == "Show"


async def test_strangers_may_not_ask(stage: Stage) -> None:
    reply = await stage.client.post(
        "/terraform/v1/ffmpeg/programme/list", headers={"authorization": "Bearer x"}
    )
    assert reply.status_code == 401


def test_an_own_picture_that_is_gone_leaves_the_card(tmp_path: Path) -> None:

    picture = Slate(kind=SlateKind.PICTURE, file_id="abc")
    one = replace(Programme("x", "Show"), slate=picture)
    found = {"abc": tmp_path / "abc.png"}
    for files, kind in ((found, "picture"), ({}, "card")):
        config = relay_config(one, (), live=(), rtmp_port=1, house_key="k", slate_file=files.get)
        assert config.slate is not None
        assert config.slate.kind == kind
