"""Who may watch: rules, and that a change counts for those who watch already."""

import pytest
from redis.asyncio import Redis

from ..conftest import SECRET
from .conftest import Api

CAM = {"app": "live", "stream": "cam"}
PUBLIC = {
    "kind": "public",
    "inherited": True,
    "passphrase_set": False,
    "webhook_url": "",
    "webhook_secret_set": False,
    "allow_private": False,
}


async def rule(api: Api, **names: str) -> dict[str, object]:
    """Return a rule without its generation."""
    found = dict(await api.good("play/rule/query", names))
    found.pop("generation")
    return found


async def test_everything_is_public_until_a_rule_says_otherwise(api: Api) -> None:
    assert await rule(api) == PUBLIC | {"inherited": False}
    assert await rule(api, **CAM) == PUBLIC


async def test_a_stream_gets_a_rule_of_its_own_and_gives_it_back(api: Api) -> None:
    await api.good("play/rule/update", {**CAM, "kind": "pass"})
    assert await rule(api, **CAM) == PUBLIC | {"kind": "pass", "inherited": False}
    assert await rule(api) == PUBLIC | {"inherited": False}
    assert [one["url"] for one in (await api.good("streams/list"))["streams"]] == ["live/cam"]
    for _ in range(2):
        await api.good("play/rule/update", {**CAM, "kind": "inherit"})
        assert await rule(api, **CAM) == PUBLIC


async def test_the_default_holds_for_all_without_their_own(api: Api) -> None:
    await api.good("play/rule/update", {**CAM, "kind": "public"})
    await api.good("play/rule/update", {"kind": "pass"})
    assert (await rule(api, app="live", stream="x"))["kind"] == "pass"
    assert (await rule(api, **CAM))["kind"] == "public"
    assert await api.play(stream="x") == "pass_missing"
    assert await api.play(client_id="v2") == ""


async def test_every_change_is_a_new_generation(api: Api) -> None:
    seen = [
        (await api.good("play/rule/update", {**CAM, "kind": kind}))["generation"]
        for kind in ("pass", "pass", "public", "pass")
    ]
    assert seen == sorted(set(seen))


async def test_a_passphrase_is_kept_as_a_hash_and_only_its_presence_is_told(
    api: Api, redis: Redis
) -> None:
    body = {**CAM, "kind": "pass", "passphrase": "open sesame"}
    assert (await api.good("play/rule/update", body))["passphrase_set"] is True
    stored = await redis.hget("STREAMSTEAD_PLAY_RULES", "live/cam")
    assert "$argon2id$" in str(stored)
    assert "sesame" not in str(stored)
    kept = await api.good("play/rule/update", {**CAM, "kind": "pass"})
    assert kept["passphrase_set"] is True
    gone = await api.good("play/rule/update", {**CAM, "kind": "pass", "passphrase": ""})
    assert gone["passphrase_set"] is False


async def test_a_webhook_secret_is_sealed_and_only_its_presence_is_told(
    api: Api, redis: Redis
) -> None:
    body = {
        **CAM,
        "kind": "webhook",
        "webhook_url": "https://example.com/may-watch?x=1",
        "webhook_secret": "their-secret",
        "allow_private": True,
    }
    shown = await api.good("play/rule/update", body)
    assert shown["webhook_secret_set"] is True
    assert shown["webhook_url"] == body["webhook_url"]
    assert shown["allow_private"] is True
    assert "their-secret" not in str(await redis.hget("STREAMSTEAD_PLAY_RULES", "live/cam"))
    stored, _ = await api.house.rules.get("live/cam")
    assert api.sealer.open(stored.webhook_secret) == "their-secret"
    gone = await api.good("play/rule/update", {**CAM, "kind": "webhook", "webhook_secret": ""})
    assert (gone["webhook_secret_set"], gone["webhook_url"]) == (False, body["webhook_url"])


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"kind": "secret"}, "invalid"),
        ({"kind": "pass", "passphrase": "12345"}, "passphrase_too_short"),
        ({"kind": "pass", "passphrase": "a" * 257}, "invalid"),
        ({"kind": "webhook"}, "webhook_url_missing"),
        ({"kind": "webhook", "webhook_url": ""}, "webhook_url_missing"),
        ({"kind": "webhook", "webhook_url": "ftp://example.com/"}, "webhook_url_invalid"),
        ({"kind": "webhook", "webhook_url": "https:///path"}, "webhook_url_invalid"),
        ({"kind": "webhook", "webhook_url": "https://[::1"}, "webhook_url_invalid"),
        ({"kind": "webhook", "webhook_url": "https://h:99999/"}, "webhook_url_invalid"),
        ({"kind": "webhook", "webhook_url": "https://h/a b"}, "webhook_url_invalid"),
        ({"kind": "webhook", "webhook_url": "https://h/\r\nX: y"}, "webhook_url_invalid"),
        ({"kind": "webhook", "webhook_url": "https://h/" + "a" * 2048}, "invalid"),
    ],
)
async def test_a_bad_rule_is_refused_and_nothing_changes(
    api: Api, change: dict[str, object], key: str
) -> None:
    assert await api.bad("play/rule/update", {**CAM, **change}) == (422, key)
    assert await rule(api, **CAM) == PUBLIC


@pytest.mark.parametrize("path", ["play/rule/query", "play/rule/update"])
@pytest.mark.parametrize("half", [{"app": "live"}, {"stream": "cam"}])
async def test_app_and_stream_belong_together(api: Api, path: str, half: dict[str, str]) -> None:
    body = half if path.endswith("query") else {**half, "kind": "public"}
    assert await api.bad(path, body) == (422, "invalid")


async def test_the_default_cannot_inherit(api: Api) -> None:
    assert await api.bad("play/rule/update", {"kind": "inherit"}) == (422, "invalid")
    assert await api.bad("play/rule/update", {}) == (422, "field_missing")


async def test_a_change_ends_those_who_may_not_watch_any_more_and_nobody_else(api: Api) -> None:
    made = await api.good("play/passes/create", {**CAM, "label": "guest"})
    sid = "ab" * 16
    assert await api.play(client_id="stranger") == ""
    assert await api.play(stream="other", client_id="elsewhere") == ""
    assert await api.play(client_id=f"hls-{sid}", protocol="hls") == ""
    api.gates.open("live", "cam", sid)
    await api.good("play/rule/update", {**CAM, "kind": "pass"})
    assert api.media.kicked == ["stranger"]
    assert not api.gates.is_open("live", "cam", sid)
    assert list(await api.house.registry.sessions()) == ["elsewhere"]
    assert await api.play(made["token"], client_id="guest") == ""
    await api.good("play/rule/update", {"kind": "pass"})
    assert api.media.kicked == ["stranger", "elsewhere"]
    assert list(await api.house.registry.sessions()) == ["guest"]


async def test_a_new_passphrase_ends_those_who_came_by_the_old_one(api: Api) -> None:
    await api.good("play/rule/update", {**CAM, "kind": "pass", "passphrase": "open sesame"})
    body = {**CAM, "passphrase": "open sesame"}
    token = (await api.visit("play/unlock", body)).json()["data"]["pass"]
    assert await api.play(token) == ""
    await api.good("play/rule/update", {**CAM, "kind": "pass", "passphrase": "another one"})
    assert api.media.kicked == ["v1"]
    assert await api.play(token, client_id="v2") == "phrase_changed"


async def test_publishing_is_not_touched_by_rules_of_watching(api: Api) -> None:
    assert await api.publish(SECRET) == ""
    await api.good("play/rule/update", {"kind": "pass"})
    assert api.media.kicked == []
    assert await api.live() == ["live/cam"]


async def test_a_store_without_its_data_says_so(api: Api, redis: Redis) -> None:
    await redis.flushall()
    assert await api.bad("play/rule/query") == (503, "store_emptied")
    assert await api.bad("play/rule/update", {**CAM, "kind": "pass"}) == (503, "store_emptied")
    assert await api.good("store/query") == {"state": "emptied"}
    assert await api.play() == "store_emptied"
    for _ in range(2):
        assert await api.good("store/accept") == {"state": "ready"}
    assert await rule(api) == PUBLIC | {"inherited": False}
    assert await api.play() == ""
    secret = (await api.good("srs/secret"))["publish"]
    assert secret != SECRET
    assert await api.publish(secret) == ""


async def test_a_store_that_is_ours_is_ready_and_accepting_it_changes_nothing(api: Api) -> None:
    await api.good("play/rule/update", {"kind": "pass"})
    assert await api.good("store/query") == {"state": "ready"}
    assert await api.good("store/accept") == {"state": "ready"}
    assert (await rule(api))["kind"] == "pass"
    assert await api.good("srs/secret") == {"publish": SECRET}
