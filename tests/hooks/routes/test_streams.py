"""Streams that the operator has named."""

import asyncio
import re

import pytest

from streamstead.core import known_streams
from streamstead.core.known_streams import KnownStreamStore

from ..conftest import SECRET
from .conftest import Api

CAM = {"app": "live", "stream": "cam"}


async def test_a_stream_is_added_found_changed_and_removed(api: Api) -> None:
    made = await api.good(
        "streams/create", {"stream": "cam", "title": "Camera", "description": "d"}
    )
    assert made == {
        "app": "live",
        "stream": "cam",
        "url": "live/cam",
        "title": "Camera",
        "description": "d",
        "playback_id": made["playback_id"],
        "enabled": True,
        "own_keys_only": False,
        "max_kbps": 0,
        "created_ms": made["created_ms"],
    }
    assert re.fullmatch("[a-z0-9]{12}", made["playback_id"])
    assert await api.good("streams/query", CAM) == made
    changed = await api.good("streams/update", {**CAM, "title": "", "max_kbps": 4000})
    assert changed == made | {"title": "", "max_kbps": 4000}
    assert await api.good("streams/list") == {"streams": [changed]}
    assert await api.good("streams/remove", CAM) is None
    assert await api.good("streams/list") == {"streams": []}
    assert await api.house.redis.hgetall(KnownStreamStore.IDS) == {}


async def test_a_playback_id_leads_to_its_stream_and_to_no_other(api: Api) -> None:
    ids = {
        name: (await api.good("streams/create", {"stream": name}))["playback_id"]
        for name in ("a", "b", "c")
    }
    assert len(set(ids.values())) == 3
    for name, playback_id in ids.items():
        assert await api.house.known.url_of(playback_id) == f"live/{name}"
    await api.good("streams/remove", {"app": "live", "stream": "b"})
    assert await api.house.known.url_of(ids["b"]) is None
    assert await api.house.known.url_of(ids["a"]) == "live/a"


async def test_what_is_known_is_not_added_twice(api: Api) -> None:
    made = await api.good("streams/create", {**CAM, "title": "first"})
    assert await api.bad("streams/create", {**CAM, "title": "second"}) == (409, "stream_known")
    assert await api.good("streams/query", CAM) == made


@pytest.mark.parametrize("path", ["streams/query", "streams/update", "streams/remove"])
async def test_what_is_not_known_is_not_found(api: Api, path: str) -> None:
    assert await api.bad(path, CAM) == (404, "stream_unknown")


@pytest.mark.parametrize(
    "change", [{"max_kbps": -1}, {"title": "a" * 201}, {"enabled": "maybe"}, {"max_kbps": 10**9}]
)
async def test_a_value_out_of_bounds_changes_nothing(api: Api, change: dict[str, object]) -> None:
    made = await api.good("streams/create", CAM)
    assert await api.bad("streams/update", {**CAM, **change}) == (422, "invalid")
    assert await api.good("streams/query", CAM) == made


async def test_changes_at_the_same_time_are_all_kept(api: Api) -> None:
    await api.good("streams/create", CAM)
    changes = [{"title": "t"}, {"description": "d"}, {"max_kbps": 7}, {"own_keys_only": True}]
    await asyncio.gather(*(api.good("streams/update", {**CAM, **one}) for one in changes))
    found = await api.good("streams/query", CAM)
    assert [found[name] for one in changes for name in one] == ["t", "d", 7, True]


async def test_there_is_a_limit_and_it_is_named(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_streams, "MAX_STREAMS", 2)
    for name in ("a", "b"):
        await api.good("streams/create", {"stream": name})
    assert await api.bad("streams/create", {"stream": "c"}) == (409, "too_many_streams")
    assert await api.bad("streams/create", {"stream": "a"}) == (409, "stream_known")


@pytest.mark.parametrize("change", [("streams/update", {"enabled": False}), ("streams/remove", {})])
async def test_switching_off_or_removing_ends_its_publisher(
    api: Api, change: tuple[str, dict[str, object]]
) -> None:
    await api.good("streams/create", CAM)
    assert await api.publish(SECRET) == ""
    assert await api.publish(SECRET, stream="other", client_id="p2") == ""
    await api.good(change[0], {**CAM, **change[1]})
    assert api.media.kicked == ["p1"]
    assert await api.live() == ["live/other"]


async def test_a_stream_that_is_off_is_refused_until_it_is_on(api: Api) -> None:
    await api.good("streams/create", CAM)
    await api.good("streams/update", {**CAM, "enabled": False})
    assert await api.publish(SECRET) == "stream_disabled"
    await api.good("streams/update", {**CAM, "enabled": True})
    assert await api.publish(SECRET) == ""


async def test_own_keys_only_ends_who_came_by_the_global_secret(api: Api) -> None:
    secret = (await api.good("keys/create", {**CAM, "label": "studio"}))["secret"]
    assert await api.publish(SECRET) == ""
    await api.good("streams/update", {**CAM, "own_keys_only": True})
    assert api.media.kicked == ["p1"]
    assert await api.publish(SECRET, client_id="p2") == "wrong_secret"
    assert await api.publish(secret, client_id="p3") == ""


async def test_own_keys_only_leaves_who_came_by_a_key(api: Api) -> None:
    secret = (await api.good("keys/create", {**CAM, "label": "studio"}))["secret"]
    assert await api.publish(secret) == ""
    await api.good("streams/update", {**CAM, "own_keys_only": True})
    assert api.media.kicked == []
    assert await api.live() == ["live/cam"]


async def test_removing_takes_keys_passes_and_rule_along_and_touches_no_other_stream(
    api: Api,
) -> None:
    other = {"app": "live", "stream": "cam2"}
    for stream in (CAM, other):
        await api.good("keys/create", {**stream, "label": "studio"})
        await api.good("play/passes/create", {**stream, "label": "guest"})
        await api.good("play/rule/update", {**stream, "kind": "pass"})
    await api.good("streams/remove", CAM)
    assert await api.good("keys/list", CAM) == {"keys": []}
    assert await api.good("play/passes/list", CAM) == {"passes": []}
    assert (await api.good("play/rule/query", CAM))["inherited"] is True
    assert len((await api.good("keys/list", other))["keys"]) == 1
    assert len((await api.good("play/passes/list", other))["passes"]) == 1
    assert (await api.good("play/rule/query", other))["kind"] == "pass"
    assert set(await api.house.rules.all()) == {"*", "live/cam2"}
