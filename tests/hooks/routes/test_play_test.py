"""The tester says what would become of a link, why, and touches nothing."""

from dataclasses import dataclass
from typing import Any

import pytest

from streamstead.core.errors import PlayRefused

from ..conftest import SECRET
from .conftest import Api

CAM = {"app": "live", "stream": "cam"}
SID = "0123456789abcdef0123456789abcdef"


@dataclass
class Passes:
    """One pass of each kind for live/cam, whose rule asks for one."""

    tokens: dict[str, str]

    def fill(self, text: str) -> str:
        for name, token in self.tokens.items():
            text = text.replace(f"<{name}>", token)
        return text


@pytest.fixture
async def passes(api: Api) -> Passes:
    """Publish live/cam, protect it and hand out a good pass and one of every bad kind."""
    made: dict[str, str] = {}
    ids: dict[str, str] = {}
    soon_ms = (api.house.clock_ms // 1000 + 10) * 1000
    for name, more in (
        ("good", {}),
        ("revoked", {}),
        ("gone", {}),
        ("full", {"max_viewers": 1}),
        ("expired", {"expires_ms": soon_ms}),
        ("other", {"stream": "other"}),
    ):
        reply = await api.good("play/passes/create", {**CAM, "label": name, **more})
        made[name], ids[name] = reply["token"], reply["pass"]["id"]
    rule = {**CAM, "kind": "pass", "passphrase": "the old phrase"}
    await api.good("play/rule/update", rule)
    for name, phrase in (("old phrase", "the old phrase"), ("phrase", "the new phrase")):
        await api.good("play/rule/update", {**rule, "passphrase": phrase})
        reply = await api.visit("play/unlock", {**CAM, "passphrase": phrase})
        made[name] = reply.json()["data"]["pass"]
    await api.good("play/passes/revoke", {"id": ids["revoked"]})
    await api.house.passes.remove([ids["gone"]])
    assert await api.play(made["full"], client_id="first") == ""
    made["tampered"] = made["good"][:-1] + ("A" if made["good"][-1] != "A" else "B")
    made["operator"] = (await api.good("play/preview", CAM))["pass"]
    made["id"] = (await api.good("streams/query", CAM))["playback_id"]
    assert await api.publish(SECRET) == ""
    api.house.clock_ms = max(api.house.clock_ms, soon_ms)
    return Passes(made)


async def ask(api: Api, **body: str) -> dict[str, Any]:
    return dict(await api.good("play/test", body))


PASS_CASES = [
    ("", "pass_missing", "pass_given"),
    ("<good>", "", ""),
    ("<phrase>", "", ""),
    ("<operator>", "", ""),
    ("cut", "pass_malformed", "pass_genuine"),
    ("a.b.c.d", "pass_tampered", "pass_genuine"),
    ("<tampered>", "pass_tampered", "pass_genuine"),
    ("<good>x", "pass_tampered", "pass_genuine"),
    ("<other>", "pass_other_stream", "pass_stream"),
    ("<expired>", "pass_expired", "pass_time"),
    ("<revoked>", "pass_revoked", "pass_counts"),
    ("<gone>", "pass_unknown", "pass_counts"),
    ("<old phrase>", "phrase_changed", "pass_counts"),
    ("<full>", "pass_in_use", "pass_free"),
]


@pytest.mark.parametrize(("token", "key", "failed"), PASS_CASES)
async def test_a_pass_is_judged_as_at_the_gate(
    api: Api, passes: Passes, token: str, key: str, failed: str
) -> None:
    token = passes.fill(token)
    said = await ask(api, **CAM, **{"pass": token})
    assert (said["allowed"], said["key"]) == (key == "", key)
    assert (said["kind"], said["url"]) == ("pass", "live/cam")
    wrong = [step["name"] for step in said["steps"] if not step["ok"]]
    assert wrong == ([failed] if failed else [])
    assert bool(said["message"]) == bool(said["help"]) == bool(key)
    if key:
        assert said["steps"][-1]["name"] == failed, "nothing is looked at after the refusal"
        assert said["steps"][-1]["detail"] == said["message"]
    assert await api.play(token, client_id="real") == key


@pytest.mark.parametrize(
    ("link", "key", "url"),
    [
        ("http://h:2022/watch/live/cam?pass=<good>", "", "live/cam"),
        ("http://h:2022/watch/live/cam", "pass_missing", "live/cam"),
        ("/live/cam.m3u8?pass=<good>", "", "live/cam"),
        ("/live/cam.m3u8?pass=<good>&pass=<good>", "pass_missing", "live/cam"),
        ("http://h/live/cam.flv?pass=<revoked>", "pass_revoked", "live/cam"),
        ("rtmp://h/live/cam?pass=<good>", "", "live/cam"),
        ("srt://h:10080?streamid=#!::r=live/cam,m=request,pass=<good>", "", "live/cam"),
        ("http://h/rtc/v1/whep/?app=live&stream=cam&pass=<phrase>", "", "live/cam"),
        ("http://h/s/<id>.m3u8?pass=<good>", "", "live/cam"),
        ("http://h/watch/s/<id>?pass=<good>", "", "live/cam"),
        ("http://h/rtc/v1/whep/?app=s&stream=<id>", "pass_missing", "live/cam"),
        ("http://h/s/abcdefghijkl.m3u8?pass=<good>", "playback_id_unknown", None),
        ("rtmp://h/s/<id>?pass=<good>", "no_such_door", None),
        ("http://h/live/other.m3u8?pass=<other>", "", "live/other"),
        ("http://h/live/other.m3u8?pass=<good>", "", "live/other"),
        ("http://h/live/cam-17.ts?pass=<good>", "segment_without_session", "live/cam"),
        (f"http://h/p/{SID}/live/cam.m3u8", "session_over", "live/cam"),
        ("http://h/mgmt/", "link_unreadable", None),
        ("gopher://h/live/cam.m3u8", "link_unreadable", None),
        ("<good>", "", "live/cam"),
    ],
)
async def test_a_whole_link_is_followed_to_where_it_leads(
    api: Api, passes: Passes, link: str, key: str, url: str | None
) -> None:
    said = await ask(api, **CAM, link=passes.fill(link))
    assert (said["allowed"], said["key"], said["url"]) == (key == "", key, url)


async def test_the_address_of_an_open_session_is_let_in(api: Api, passes: Passes) -> None:
    api.gates.open("live", "cam", SID)
    for name in ("cam.m3u8", "cam-1700000000.ts"):
        assert (await ask(api, link=f"http://h/p/{SID}/live/{name}"))["allowed"] is True


async def test_testing_leaves_no_trace(api: Api, passes: Passes) -> None:
    before = await api.contents()
    for token, *_ in PASS_CASES:
        await ask(api, **CAM, **{"pass": passes.fill(token)})
    assert await api.contents() == before
    assert api.media.kicked == []


async def test_a_public_stream_lets_everybody_in_whatever_the_pass(api: Api) -> None:
    for token in ("", "nonsense", "a.b.c.d"):
        said = await ask(api, **CAM, **{"pass": token})
        assert (said["allowed"], said["kind"]) == (True, "public")


async def test_that_nothing_is_live_is_told_and_decides_nothing(api: Api) -> None:
    said = await ask(api, **CAM)
    assert said["allowed"] is True
    assert said["steps"][-1] == {
        "name": "live",
        "ok": False,
        "detail": "it is not live now; this decides nothing",
    }
    assert await api.publish(SECRET) == ""
    assert (await ask(api, **CAM))["steps"][-1]["ok"] is True


@pytest.mark.parametrize("key", ["", "webhook_refused", "webhook_failed"])
async def test_a_webhook_is_asked_with_the_query_of_the_link(api: Api, key: str) -> None:
    rule = {**CAM, "kind": "webhook", "webhook_url": "https://example.com/"}
    await api.good("play/rule/update", rule)
    api.house.servers.refuse = PlayRefused.of(key) if key else None
    said = await ask(api, link="http://h/live/cam.flv?user=7&pass=x")
    assert (said["allowed"], said["key"], said["kind"]) == (key == "", key, "webhook")
    assert [step["name"] for step in said["steps"] if step["name"] == "webhook"] == ["webhook"]
    assert api.house.servers.asked == ["play live/cam user=7&pass=x"]
    assert await api.house.registry.sessions() == {}


async def test_an_emptied_store_is_the_reason_given(api: Api) -> None:
    await api.house.redis.flushall()
    said = await ask(api, **CAM)
    assert (said["allowed"], said["key"], said["kind"]) == (False, "store_emptied", None)


@pytest.mark.parametrize(
    "body", [{}, {"app": "live"}, {"pass": "x"}, {"link": ""}, {"link": "/" + "a" * 9000}]
)
async def test_a_request_without_anything_to_test_is_refused(
    api: Api, body: dict[str, str]
) -> None:
    assert await api.bad("play/test", body) == (422, "invalid")
