"""Keys that open one stream each."""

import asyncio
import random

import pytest

from streamstead.core import publish_keys
from streamstead.core.publish_keys import PublishKeyStore, digest_of

from .conftest import Api

CAM = {"app": "live", "stream": "cam"}


async def make(api: Api, stream: str = "cam", **more: object) -> tuple[str, str]:
    """Return (id, secret) of a new key."""
    made = await api.good(
        "keys/create", {"app": "live", "stream": stream, "label": "studio", **more}
    )
    return made["key"]["id"], made["secret"]


async def test_a_key_opens_its_stream_and_tells_when_it_was_used(api: Api) -> None:
    made = await api.good("keys/create", {**CAM, "label": "studio"})
    secret = made["secret"]
    assert len(bytes.fromhex(secret)) >= 16, "at least 128 bits"
    assert made["key"] == {
        "id": made["key"]["id"],
        "app": "live",
        "stream": "cam",
        "label": "studio",
        "hint": secret[-4:],
        "enabled": True,
        "created_ms": made["key"]["created_ms"],
        "expires_ms": None,
        "last_used_ms": None,
        "last_used_ip": None,
    }
    assert [one["url"] for one in (await api.good("streams/list"))["streams"]] == ["live/cam"]
    assert await api.publish(secret) == ""
    [listed] = (await api.good("keys/list", CAM))["keys"]
    assert listed == made["key"] | {
        "last_used_ms": listed["last_used_ms"],
        "last_used_ip": "203.0.113.7",
    }
    assert listed["last_used_ms"] >= listed["created_ms"]


async def test_no_secret_is_kept_anywhere(api: Api) -> None:
    key_id, first = await make(api)
    second = (await api.good("keys/rotate", {"id": key_id}))["secret"]
    await api.publish(second)
    dump = repr(await api.contents())
    assert digest_of(second) in dump
    assert digest_of(first) not in dump
    assert first not in dump
    assert second not in dump


async def test_a_key_of_one_stream_never_opens_another(api: Api) -> None:
    """Names that contain each other, look alike or hold what separates fields are the danger."""
    names = ["cam", "cam2", "ca", "cam ", " cam", "cam cam", "CAM", "c%61m", "cam:1", "kamera é"]
    secrets = {name: (await make(api, name))[1] for name in names}
    choice = random.Random(3)
    for number in range(60):
        stream, key_of = choice.choice(names), choice.choice(names)
        said = await api.publish(secrets[key_of], stream=stream, client_id=f"p{number}")
        assert said == ("" if stream == key_of else "wrong_secret"), (stream, key_of)
        await api.house.registry.finish(f"p{number}", api.house.now(), "test")
        await api.house.redis.delete("STREAMSTEAD_TRIES:203.0.113.7")
    assert await api.publish(secrets["cam"], app="other", client_id="q") == "wrong_secret"


@pytest.mark.parametrize("way", ["rotate", "revoke", "disable", "expire"])
async def test_a_key_that_ended_is_useless_at_once_and_ends_its_publisher(
    api: Api, way: str
) -> None:
    key_id, secret = await make(api)
    _, other = await make(api, "other")
    assert await api.publish(secret) == ""
    assert await api.publish(other, stream="other", client_id="p2") == ""
    match way:
        case "rotate":
            fresh = (await api.good("keys/rotate", {"id": key_id}))["secret"]
            expected = "wrong_secret"
        case "revoke":
            await api.good("keys/revoke", {"id": key_id})
            expected = "wrong_secret"
        case "disable":
            await api.good("keys/update", {"id": key_id, "enabled": False})
            expected = "key_disabled"
        case "expire":
            await api.good("keys/update", {"id": key_id, "expires_ms": api.house.clock_ms})
            expected = "key_expired"
    assert api.media.kicked == ["p1"]
    assert await api.live() == ["live/other"]
    assert await api.publish(secret, client_id="p3") == expected
    if way == "rotate":
        assert await api.publish(fresh, client_id="p4") == ""


async def test_what_does_not_end_a_key_disturbs_nobody(api: Api) -> None:
    key_id, secret = await make(api)
    assert await api.publish(secret) == ""
    later = api.house.clock_ms + 3_600_000
    changed = await api.good("keys/update", {"id": key_id, "label": "van", "expires_ms": later})
    assert (changed["label"], changed["expires_ms"]) == ("van", later)
    changed = await api.good("keys/update", {"id": key_id, "expires_ms": None})
    assert changed["expires_ms"] is None
    assert api.media.kicked == []
    assert await api.live() == ["live/cam"]


async def test_a_disabled_key_opens_again_when_enabled(api: Api) -> None:
    key_id, secret = await make(api)
    await api.good("keys/update", {"id": key_id, "enabled": False})
    assert await api.publish(secret) == "key_disabled"
    await api.good("keys/update", {"id": key_id, "enabled": True})
    assert await api.publish(secret) == ""


@pytest.mark.parametrize("path", ["keys/rotate", "keys/revoke", "keys/update"])
async def test_a_key_that_is_not_there_is_not_found(api: Api, path: str) -> None:
    assert await api.bad(path, {"id": "00000000"}) == (404, "key_unknown")


async def test_a_key_is_revoked_once(api: Api) -> None:
    key_id, _ = await make(api)
    await api.good("keys/revoke", {"id": key_id})
    assert await api.bad("keys/revoke", {"id": key_id}) == (404, "key_unknown")
    assert await api.house.redis.hgetall(PublishKeyStore.KEY) == {}
    assert await api.house.redis.hgetall(PublishKeyStore.DIGESTS) == {}


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"label": ""}, "invalid"),
        ({"label": "a" * 101}, "invalid"),
        ({"expires_ms": -1}, "invalid"),
        ({"expires_ms": "soon"}, "invalid"),
        ({"expires_ms": 5}, "expires_in_past"),
    ],
)
async def test_a_bad_key_is_not_made(api: Api, more: dict[str, object], key: str) -> None:
    assert await api.bad("keys/create", {**CAM, "label": "studio", **more}) == (422, key)
    assert await api.good("keys/list", CAM) == {"keys": []}


@pytest.mark.parametrize("more", [{"label": None}, {"enabled": None}, {"label": ""}])
async def test_a_bad_change_of_a_key_changes_nothing(api: Api, more: dict[str, object]) -> None:
    key_id, _ = await make(api)
    before = await api.good("keys/list", CAM)
    assert await api.bad("keys/update", {"id": key_id, **more}) == (422, "invalid")
    assert await api.good("keys/list", CAM) == before


async def test_there_are_limits_and_they_are_named(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_keys, "MAX_KEYS_PER_STREAM", 2)
    monkeypatch.setattr(publish_keys, "MAX_KEYS", 3)
    body = {**CAM, "label": "one"}
    for _ in range(2):
        await api.good("keys/create", body)
    assert await api.bad("keys/create", body) == (409, "too_many_keys")
    await api.good("keys/create", {**body, "stream": "ca"})
    assert await api.bad("keys/create", {**body, "stream": "x"}) == (409, "too_many_keys")


async def test_keys_made_and_rotated_at_the_same_time_leave_one_digest_each(api: Api) -> None:
    made = await asyncio.gather(*(make(api) for _ in range(8)))
    ids = [key_id for key_id, _ in made]
    await asyncio.gather(*(api.good("keys/rotate", {"id": one}) for one in ids for _ in range(3)))
    digests = await api.house.redis.hgetall(PublishKeyStore.DIGESTS)
    assert sorted(digests.values()) == sorted(ids)
    stored = {key.id: f"live/cam {key.digest}" for key in await api.house.keys.list("live/cam")}
    assert stored == {key_id: field for field, key_id in digests.items()}


@pytest.mark.parametrize("path", ["keys/rotate", "keys/revoke"])
async def test_while_the_media_server_is_away_a_change_is_made_and_obeyed_later(
    api: Api, path: str
) -> None:
    key_id, secret = await make(api)
    assert await api.publish(secret) == ""
    api.media.away = True
    changed = await api.good(path, {"id": key_id})
    assert await api.publish(secret, client_id="p2") == "wrong_secret"
    api.media.away = False
    await api.enforcer.publishers()
    assert api.media.kicked == ["p1"]
    if path == "keys/rotate":
        assert await api.publish(changed["secret"], client_id="p3") == ""
        await api.enforcer.publishers()
        assert api.media.kicked == ["p1"]
