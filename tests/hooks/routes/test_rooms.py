"""Live rooms, compatible with Oryx."""

import json
import re

import pytest

from streamstead.core import rooms
from streamstead.core.rooms import RoomStore

from ..conftest import SECRET
from .conftest import API_SECRET, Api

CREATE, QUERY, UPDATE = "/live/room/create", "/live/room/query", "/live/room/update"
LIST, REMOVE = "/live/room/list", "/live/room/remove"
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


async def mirror(api: Api) -> dict[str, str]:
    """Return the secrets of rooms where the gate looks for them."""
    found = await api.house.redis.hgetall("SRS_AUTH_SECRET")
    return {key: value for key, value in found.items() if key.startswith("room-pub-")}


async def test_a_room_has_a_stream_and_a_secret_of_its_own(api: Api) -> None:
    room = await api.good(CREATE, {"title": "My room"})
    assert room["title"] == "My room"
    assert room["assistant"] is False
    assert re.fullmatch(UUID, room["uuid"])
    assert re.fullmatch(UUID, room["roomToken"])
    assert re.fullmatch(UUID, room["stage_uuid"])
    assert re.fullmatch("[0-9a-f]{12}", room["stream"])
    assert re.fullmatch("[0-9A-F]{16}", room["secret"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", room["created_at"])
    assert await mirror(api) == {f"room-pub-{room['stream']}": room["secret"]}
    assert json.loads(str(await api.house.redis.hget("SRS_LIVE_ROOM", room["uuid"]))) == room
    assert await api.good(QUERY, {"uuid": room["uuid"]}) == room
    assert await api.good(LIST) == {"rooms": [room]}


async def test_only_the_secret_of_a_room_opens_it(api: Api) -> None:
    first = await api.good(CREATE, {"title": "first"})
    second = await api.good(CREATE, {"title": "second"})
    assert await api.publish(SECRET, stream=first["stream"]) == "wrong_secret"
    assert await api.publish(second["secret"], stream=first["stream"]) == "wrong_secret"
    assert await api.publish(first["secret"]) == "wrong_secret"
    assert await api.publish(first["secret"], stream=first["stream"]) == ""


async def test_a_room_is_a_known_stream(api: Api) -> None:
    room = await api.good(CREATE, {"title": "first"})
    assert await api.publish(room["secret"], stream=room["stream"]) == ""
    await api.good("publish/rules/update", {"known_only": True})
    assert api.media.kicked == []
    assert await api.publish(room["secret"], stream=room["stream"], client_id="p2") == ""


async def test_a_removed_room_ends_its_publisher_and_its_secret(api: Api) -> None:
    room = await api.good(CREATE, {"title": "first"})
    kept = await api.good(CREATE, {"title": "second"})
    assert await api.publish(room["secret"], stream=room["stream"]) == ""
    assert await api.publish(kept["secret"], stream=kept["stream"], client_id="p2") == ""
    assert await api.good(REMOVE, {"uuid": room["uuid"]}) is None
    assert api.media.kicked == ["p1"]
    assert await api.live() == [f"live/{kept['stream']}"]
    assert await mirror(api) == {f"room-pub-{kept['stream']}": kept["secret"]}
    said = await api.publish(room["secret"], stream=room["stream"], client_id="p3")
    assert said == "wrong_secret"
    for path in (QUERY, REMOVE):
        assert await api.bad(path, {"uuid": room["uuid"]}) == (404, "room_unknown")


async def test_update_replaces_the_whole_room(api: Api) -> None:
    room = await api.good(CREATE, {"title": "first"})
    whole = {**room, "title": "renamed", "assistant": True, "aiName": "Ann", "aiChatMaxWords": 30}
    assert await api.good(UPDATE, whole) == whole
    assert await api.good(QUERY, {"uuid": room["uuid"]}) == whole
    short = {name: room[name] for name in ("uuid", "title", "stream", "secret")}
    replaced = await api.good(UPDATE, short)
    assert "aiName" not in replaced
    assert (replaced["title"], replaced["assistant"], replaced["roomToken"]) == ("first", False, "")


async def test_a_new_secret_or_stream_ends_the_publisher_of_the_old_one(api: Api) -> None:
    room = await api.good(CREATE, {"title": "first"})
    assert await api.publish(room["secret"], stream=room["stream"]) == ""
    await api.good(UPDATE, {**room, "title": "renamed"})
    assert api.media.kicked == []
    changed = {**room, "stream": "stage", "secret": "another-secret"}
    await api.good(UPDATE, changed)
    assert api.media.kicked == ["p1"]
    assert await mirror(api) == {"room-pub-stage": "another-secret"}
    assert await api.publish("another-secret", stream="stage", client_id="p2") == ""


async def test_fields_of_other_releases_survive_an_update(api: Api) -> None:
    room = await api.good(CREATE, {"title": "first"})
    stored = {**room, "fromTheFuture": 7, "aiNew": "x"}
    deep = {**stored, "aiDeep": {"a": [1]}}
    await api.house.redis.hset(RoomStore.KEY, room["uuid"], json.dumps(deep))
    assert await api.good(LIST) == {"rooms": [deep]}
    await api.house.redis.hset(RoomStore.KEY, room["uuid"], json.dumps(stored))
    assert await api.good(QUERY, {"uuid": room["uuid"]}) == stored
    assert await api.good(UPDATE, stored) == stored


@pytest.mark.parametrize(
    ("change", "status", "key"),
    [
        ({"surprise": 1}, 422, "unknown_field"),
        ({"stream": "../x"}, 422, "name_invalid"),
        ({"secret": "short"}, 422, "secret_weak"),
        ({"secret": ""}, 422, "secret_weak"),
        ({"title": ""}, 422, "invalid"),
        ({"aiChatPrompt": "a" * 40_000}, 422, "invalid"),
        ({"aiDeep": {"a": 1}}, 422, "invalid"),
        ({"aiHuge": 10**30}, 422, "invalid"),
        ({"uuid": "another"}, 404, "room_unknown"),
    ],
)
async def test_a_bad_room_changes_nothing(
    api: Api, change: dict[str, object], status: int, key: str
) -> None:
    room = await api.good(CREATE, {"title": "first"})
    assert await api.bad(UPDATE, {**room, **change}) == (status, key)
    assert await api.good(LIST) == {"rooms": [room]}
    assert await mirror(api) == {f"room-pub-{room['stream']}": room["secret"]}


async def test_a_field_whose_name_is_no_text_is_refused(api: Api) -> None:
    room = await api.good(CREATE, {"title": "first"})
    reply = await api.client.post(
        "/terraform/v1/live/room/update",
        content=json.dumps({**room, "ai\ud800": 1}),
        headers={"authorization": f"Bearer {API_SECRET}", "content-type": "application/json"},
    )
    assert (reply.status_code, reply.json()["data"]["key"]) == (422, "invalid")
    assert await api.good(LIST) == {"rooms": [room]}


async def test_two_rooms_never_share_a_stream(api: Api) -> None:
    first = await api.good(CREATE, {"title": "first"})
    second = await api.good(CREATE, {"title": "second"})
    stolen = {**second, "stream": first["stream"]}
    assert await api.bad(UPDATE, stolen) == (409, "room_stream_taken")
    assert (await mirror(api))[f"room-pub-{first['stream']}"] == first["secret"]


async def test_there_is_a_limit_and_it_is_named(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "MAX_ROOMS", 1)
    await api.good(CREATE, {"title": "first"})
    assert await api.bad(CREATE, {"title": "second"}) == (409, "too_many_rooms")


@pytest.mark.parametrize("body", [{}, {"title": ""}, {"title": "a" * 201}, {"title": 5}])
async def test_a_room_needs_a_title(api: Api, body: dict[str, object]) -> None:
    assert (await api.bad(CREATE, body))[0] == 422
    assert await api.good(LIST) == {"rooms": []}
