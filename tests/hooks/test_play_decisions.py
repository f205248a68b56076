"""Who may watch: the script in Redis and its twin in Python decide alike."""

from dataclasses import replace
from typing import Any

import pytest

from streamstead.core.errors import NotFound, PlayRefused, StoreUnavailable
from streamstead.core.play_rules import DEFAULT, PlayKind, PlayRule, judge
from streamstead.core.registry import Protocol
from streamstead.hooks.gate import PlayRequest

from .conftest import House

URL = "live/cam"
IP = "203.0.113.9"


def request(token: str = "", **changes: Any) -> PlayRequest:
    fields = {"client_id": "v1", "must_be_live": False} | changes
    return PlayRequest("live", "cam", Protocol.FLV, IP, pass_token=token, **fields)


async def protect(house: House, kind: PlayKind = PlayKind.PASS, phrase: str = "") -> PlayRule:
    return await house.rules.change(
        URL, lambda rule: replace(rule, kind=kind, phrase_hash=phrase, webhook_url="http://x")
    )


async def refusal(house: House, wanted: PlayRequest) -> str:
    with pytest.raises(PlayRefused) as caught:
        await house.gate.play(wanted)
    assert await house.registry.sessions() == {}
    return caught.value.key


async def pass_token(house: House, url: str = URL, **changes: Any) -> str:
    app, _, stream = url.partition("/")
    made = await house.passes.create(url, app, stream, "guest", house.clock_ms, **changes)
    return house.signer.token(made.id, url, made.expires_ms)


@pytest.mark.parametrize("kind", list(PlayKind))
@pytest.mark.parametrize(
    "pass_id",
    ["", "good", "other", "revoked", "expired", "gone", "phrase:now", "phrase:0", "webhook:now",
     "webhook:0", "operator"],
)  # fmt: skip
@pytest.mark.parametrize("phrase", ["", "$argon2"])
async def test_the_script_and_its_twin_agree(
    house: House, kind: PlayKind, pass_id: str, phrase: str
) -> None:
    rule = await protect(house, kind, phrase)
    ids = {"gone": "0" * 12, "phrase:now": f"phrase:{rule.phrase_generation}"}
    ids["webhook:now"] = f"webhook:{rule.generation}"
    for label, url, ends in (
        ("good", URL, None),
        ("other", "live/other", None),
        ("revoked", URL, None),
        ("expired", URL, house.clock_ms),
    ):
        made = await house.passes.create(url, "live", "cam", label, 0, expires_ms=ends)
        ids[label] = made.id
    await house.passes.revoke(ids["revoked"])
    presented = ids.get(pass_id, pass_id)
    passes = await house.passes.all()
    expected = judge(rule, presented, passes, URL, house.clock_ms + 1)
    token = house.signer.token(presented, URL, None) if presented else ""
    if expected is None:
        session = await house.gate.play(request(token))
        kept = presented if kind is not PlayKind.PUBLIC else ""
        assert session.pass_id == kept
        assert (await house.registry.session("v1")) is not None
    elif expected == "ask":
        session = await house.gate.play(request(token))
        assert session.pass_id == f"webhook:{rule.generation}"
        assert house.servers.asked == [f"play {URL} "]
    else:
        assert await refusal(house, request(token)) == expected


async def test_the_rule_of_a_stream_goes_before_the_default(house: House) -> None:
    await house.rules.change(DEFAULT, lambda rule: replace(rule, kind=PlayKind.PASS))
    assert await refusal(house, request()) == "pass_missing"
    await house.rules.change(URL, lambda rule: replace(rule, kind=PlayKind.PUBLIC))
    assert (await house.gate.play(request())).pass_id == ""
    await house.rules.inherit(URL)
    assert (await house.rules.get(URL))[1] is True


async def test_a_new_passphrase_ends_the_old_tokens(house: House) -> None:
    rule = await protect(house, phrase="$one")
    token = house.signer.token(f"phrase:{rule.phrase_generation}", URL, None)
    await house.rules.change(URL, lambda rule: replace(rule, allow_private=True))
    assert await house.gate.play(request(token, check_only=True))
    await house.rules.change(URL, lambda rule: replace(rule, phrase_hash="$two"))
    assert await refusal(house, request(token)) == "phrase_changed"


async def test_a_pass_lets_in_as_many_as_it_says(house: House) -> None:
    await protect(house)
    token = await pass_token(house, max_viewers=2)
    for client_id in ("v1", "v2"):
        await house.gate.play(request(token, client_id=client_id))
    with pytest.raises(PlayRefused, match="as many viewers"):
        await house.gate.play(request(token, client_id="v3"))
    await house.registry.finish("v1", house.now(), "on_stop")
    await house.gate.play(request(token, client_id="v3"))
    used = await house.passes.used()
    assert [count for count, _ in used.values()] == [3]


async def test_only_asking_registers_nothing(house: House) -> None:
    await house.gate.play(request(client_id="", check_only=True))
    assert await house.registry.sessions() == {}
    assert await house.event_types() == []


async def test_a_blocked_address_is_refused_until_its_time_is_over(house: House) -> None:
    session = await house.gate.play(request())
    await house.registry.block_viewer(session, house.now(), house.clock_ms + 5000)
    await house.registry.finish("v1", house.now(), "kicked")
    assert await refusal(house, request()) == "viewer_blocked"
    assert await house.gate.play(replace(request(), ip="203.0.113.10", client_id="v2"))
    house.clock_ms += 5000
    assert await house.gate.play(request())


async def test_what_is_not_live_is_told_only_to_who_may_watch(house: House) -> None:
    with pytest.raises(NotFound):
        await house.gate.play(request(must_be_live=True))
    await protect(house)
    assert await refusal(house, request(must_be_live=True)) == "pass_missing"


async def test_the_owners_server_decides(house: House) -> None:
    await protect(house, PlayKind.WEBHOOK)
    house.servers.refuse = PlayRefused.of("webhook_refused")
    assert await refusal(house, request(query="ticket=7")) == "webhook_refused"
    assert house.servers.asked == [f"play {URL} ticket=7"]


async def test_an_emptied_store_refuses_viewers_and_publishers(house: House) -> None:
    await house.redis.flushall()
    with pytest.raises(StoreUnavailable) as caught:
        await house.gate.play(request())
    assert caught.value.key == "store_emptied"
    body = {"action": "on_publish", "client_id": "p", "app": "live", "stream": "cam"}
    reply = await house.post(body | {"param": "?secret=abc123"})
    assert (reply.status_code, reply.json()["data"]["key"]) == (503, "store_emptied")
    assert await house.redis.keys() == []


async def test_the_media_servers_question_after_the_front_doors_tells_who_the_viewer_is(
    house: House,
) -> None:
    await protect(house)
    token = await pass_token(house)
    session = await house.gate.play(request(token, client_id="", check_only=True))
    grant = house.grants.make(URL, IP, "VLC", session.pass_id, house.clock_ms)
    body = {
        "action": "on_play", "client_id": "f1", "ip": "127.0.0.1", "vhost": "__defaultVhost__",
        "app": "live", "stream": "cam", "tcUrl": "rtmp://__defaultVhost__/live",
    }  # fmt: skip
    refused = await house.post(body | {"param": "?pass=wrong"})
    assert (refused.status_code, refused.json()["data"]["key"]) == (403, "pass_malformed")
    forged = await house.post(body | {"param": f"?grant={grant[:-1]}"})
    assert forged.json()["data"]["key"] == "pass_missing"
    assert (await house.post(body | {"param": f"?a=1&grant={grant}"})).status_code == 200
    found = await house.registry.session("f1")
    assert found is not None
    assert (found.ip, found.user_agent, found.pass_id) == (IP, "VLC", session.pass_id)
    assert grant not in found.param


async def test_a_pass_in_the_callback_works_for_rtmp_and_srt(house: House) -> None:
    await protect(house)
    token = await pass_token(house)
    body = {
        "action": "on_play", "client_id": "r1", "ip": IP, "vhost": "__defaultVhost__",
        "app": "live", "stream": "cam", "tcUrl": "rtmp://h/live", "param": f"?pass={token}",
    }  # fmt: skip
    assert (await house.post(body)).status_code == 200
    srt = {"client_id": "s1", "tcUrl": "srt://h/live", "param": f"pass={token}"}
    assert (await house.post(body | srt)).status_code == 200
    assert await house.registry.viewers() == {URL: {"rtmp": 1, "srt": 1}}
    for key, value in (await house.registry.sessions()).items():
        assert token not in value.param, key
