"""Every way to watch through the real front door: who is let in, who is not, and what is said."""

import itertools
import re
import shutil
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from ..conftest import scratch_data_dir, scratch_settings, wait_until
from .front import FrontDoor, opened

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed"),
]
HTML = "text/html,application/xhtml+xml;q=0.9"
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def door() -> Iterator[FrontDoor]:
    with scratch_data_dir() as data, opened(scratch_settings(data)) as built:
        yield built


@pytest.fixture
def cam(door: FrontDoor) -> str:
    """A live stream of this test alone, open to everyone."""
    name = f"cam-{next(_numbers)}"
    door.publish(name)
    return name


@pytest.fixture
def guarded(door: FrontDoor, cam: str) -> str:
    """A live stream for viewers with a pass."""
    door.call("/hooks/play/rule/update", app="live", stream=cam, kind="pass")
    return cam


def token(door: FrontDoor, stream: str, **more: object) -> str:
    made = door.call("/hooks/play/passes/create", app="live", stream=stream, label="t", **more)
    return str(made["token"])


def hls(door: FrontDoor, stream: str, query: str = "") -> httpx.Response:
    return door.get(f"/live/{stream}.m3u8{query}")


def flv(door: FrontDoor, stream: str, query: str = "") -> httpx.Response:
    return door.get(f"/live/{stream}.flv{query}")


def whep(door: FrontDoor, stream: str, query: str = "") -> httpx.Response:
    more = query.replace("?", "&")
    path = f"/rtc/v1/whep/?app=live&stream={stream}{more}"
    return door.client.post(path, content="v=0", headers={"content-type": "application/sdp"})


Way = Callable[[FrontDoor, str, str], httpx.Response]
WAYS = pytest.mark.parametrize("way", [hls, flv, whep])


def key(reply: httpx.Response) -> str:
    return str(reply.json()["data"]["key"])


@WAYS
def test_a_public_stream_needs_nothing(door: FrontDoor, cam: str, way: Way) -> None:
    assert way(door, cam, "").status_code == 200


@WAYS
def test_what_nobody_publishes_is_404_at_once(door: FrontDoor, way: Way) -> None:
    reply = way(door, "nobody", "")
    assert (reply.status_code, key(reply)) == (404, "stream_not_live")


@WAYS
def test_a_stream_that_has_ended_is_404_though_its_playlist_is_there(
    door: FrontDoor, cam: str, way: Way
) -> None:
    door.end(cam)
    reply = way(door, cam, "")
    assert (reply.status_code, key(reply)) == (404, "stream_not_live")


@WAYS
def test_without_a_pass_nobody_watches_a_guarded_stream(
    door: FrontDoor, guarded: str, way: Way
) -> None:
    reply = way(door, guarded, "")
    assert (reply.status_code, key(reply)) == (403, "pass_missing")
    assert reply.headers.get_list("access-control-allow-origin") == ["*"]
    assert reply.headers["cache-control"] == "no-store"
    assert way(door, guarded, f"?pass={token(door, guarded)}").status_code == 200


@WAYS
@pytest.mark.parametrize(
    ("spoil", "wanted"),
    [
        (lambda one: one[:-4] + ("AAAA" if one[-4:] != "AAAA" else "BBBB"), "pass_tampered"),
        (lambda one: one[: len(one) // 3].replace(".", ""), "pass_malformed"),
        (lambda one: f"{one}&pass={one}", "pass_missing"),
        (lambda _: "", "pass_missing"),
    ],
)
def test_a_spoilt_pass_is_refused(
    door: FrontDoor, guarded: str, way: Way, spoil: Callable[[str], str], wanted: str
) -> None:
    reply = way(door, guarded, f"?pass={spoil(token(door, guarded))}")
    assert (reply.status_code, key(reply)) == (403, wanted)


@WAYS
def test_an_expired_pass_is_refused(door: FrontDoor, guarded: str, way: Way) -> None:
    ends_ms = time.time_ns() // 1_000_000 + 1_500
    given = token(door, guarded, expires_ms=ends_ms)
    wait_until(lambda: way(door, guarded, f"?pass={given}").status_code == 403, "it expires")
    assert key(way(door, guarded, f"?pass={given}")) == "pass_expired"


@WAYS
def test_a_revoked_pass_is_refused(door: FrontDoor, guarded: str, way: Way) -> None:
    made = door.call("/hooks/play/passes/create", app="live", stream=guarded, label="t")
    door.call("/hooks/play/passes/revoke", id=made["pass"]["id"])
    reply = way(door, guarded, f"?pass={made['token']}")
    assert (reply.status_code, key(reply)) == (403, "pass_revoked")


@WAYS
def test_a_pass_of_another_stream_is_refused(door: FrontDoor, guarded: str, way: Way) -> None:
    reply = way(door, guarded, f"?pass={token(door, 'other')}")
    assert (reply.status_code, key(reply)) == (403, "pass_other_stream")


@WAYS
def test_a_playback_id_leads_to_the_stream_by_its_rule(
    door: FrontDoor, guarded: str, way: Way
) -> None:
    known = door.call("/hooks/streams/query", app="live", stream=guarded)
    paths: dict[Way, str] = {
        hls: "/s/{}.m3u8?x=1",
        flv: "/s/{}.flv?x=1",
        whep: "/rtc/v1/whep/?app=s&stream={}",
    }
    path = paths[way].format(known["playback_id"])
    reply = door.get(path)
    assert (reply.status_code, key(reply)) == (403, "pass_missing")
    reply = door.get(f"{path}&pass={token(door, guarded)}")
    assert reply.status_code == 200
    assert (f"live/{guarded}" in reply.text) or (f"stream={guarded}" in reply.text)
    gone = door.get(paths[way].format("abcdefghijkl"))
    assert (gone.status_code, key(gone)) == (404, "stream_not_live")


def test_a_session_has_a_playlist_and_segments_of_its_own(door: FrontDoor, cam: str) -> None:
    playlist = door.enter(f"/live/{cam}.m3u8")
    assert re.fullmatch(rf"/p/[0-9a-f]{{32}}/live/{cam}\.m3u8", playlist)
    reply = door.get(playlist)
    assert reply.status_code == 200
    assert f"{cam}-1.ts" in reply.text
    segment = playlist.replace(".m3u8", "-1.ts")
    assert door.get(segment).content == b"G" * 188
    assert door.client.head(segment).headers["content-length"] == "188"
    part = door.get(segment, range="bytes=0-9")
    assert (part.status_code, len(part.content)) == (206, 10)


def test_a_segment_alone_is_refused_with_the_reason(door: FrontDoor, cam: str) -> None:
    for path in (f"/live/{cam}-1.ts", f"/p/{'0' * 32}/live/{cam}-1.ts"):
        reply = door.get(path)
        assert (reply.status_code, key(reply)) == (403, "segment_without_session")
    reply = door.get(f"/p/{'0' * 32}/live/{cam}.m3u8")
    assert (reply.status_code, key(reply)) == (403, "segment_without_session")


def test_a_session_of_one_stream_opens_no_other(door: FrontDoor, cam: str) -> None:
    # A name that begins like the other and ends in a number is where a loose pattern would fail.
    other = f"{cam}-5"
    door.publish(other)
    mine = door.enter(f"/live/{cam}.m3u8")
    theirs = door.enter(f"/live/{other}.m3u8")
    for path, foreign in ((mine, other), (theirs, cam)):
        folder = path.rpartition("/")[0]
        for name in (f"{foreign}.m3u8", f"{foreign}-1.ts"):
            assert door.get(f"{folder}/{name}").status_code == 403
    assert door.get(mine).status_code == 200
    assert door.get(theirs.replace(".m3u8", "-1.ts")).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/p/../live/{}-1.ts",
        "/p/{sid}/../../live/{}-1.ts",
        "/p/{sid}/live/../../../gates/live/{}/{sid}",
        "/p/{sid}%2f..%2f{sid}/live/{}.m3u8",
        "/p/{sid}/live/{}.m3u8%00.ts",
        "/p/{sid}x/live/{}.m3u8",
        "/p//live/{}.m3u8",
    ],
)
def test_no_spelling_of_a_path_avoids_the_gate(door: FrontDoor, cam: str, path: str) -> None:
    raw = path.format(cam, sid="f" * 32).encode()
    url = httpx.URL(door.client.base_url).copy_with(raw_path=raw)
    reply = door.client.send(httpx.Request("GET", url))
    assert reply.status_code in (400, 403, 404)


def test_a_removed_gate_counts_at_once_for_playlist_and_segments(door: FrontDoor, cam: str) -> None:
    playlist = door.enter(f"/live/{cam}.m3u8")
    segment = playlist.replace(".m3u8", "-1.ts")
    for _ in range(3):  # a second look is the one that a cache would answer
        assert door.get(playlist).status_code == door.get(segment).status_code == 200
    sid = playlist.split("/")[2]
    door.gates.close("live", cam, sid)
    assert door.get(playlist).status_code == door.get(segment).status_code == 403
    wait_until(lambda: door.viewers(cam) == [], "the viewer is counted no more")


def test_a_viewer_is_one_session_however_often_it_asks(door: FrontDoor, cam: str) -> None:
    playlist = door.enter(f"/live/{cam}.m3u8")
    for _ in range(20):
        door.get(playlist)
        door.get(playlist.replace(".m3u8", "-1.ts"))
    seen = door.viewers(cam)
    assert [one["protocol"] for one in seen] == ["hls"]
    assert seen[0]["client_id"] == f"hls-{playlist.split('/')[2]}"
    assert seen[0]["ip"] == "127.0.0.1"
    assert seen[0]["user_agent"].startswith("python-httpx")
    wait_until(lambda: (door.viewers(cam)[0]["send_bytes"] or 0) >= 20 * 188, "bytes are counted")


def test_asking_with_head_begins_no_session(door: FrontDoor, guarded: str) -> None:
    assert door.client.head(f"/live/{guarded}.m3u8").status_code == 403
    good = door.client.head(f"/live/{guarded}.m3u8?pass={token(door, guarded)}")
    assert good.status_code == 200
    assert door.viewers(guarded) == []


def test_one_that_begins_again_and_again_does_not_pile_up_sessions(
    door: FrontDoor, cam: str
) -> None:
    begun = {door.enter(f"/live/{cam}.m3u8") for _ in range(40)}
    assert len(begun) == 16


@pytest.mark.parametrize("change", ["rule", "pass", "kick"])
def test_a_viewer_that_may_not_watch_any_more_is_cut(
    door: FrontDoor, cam: str, change: str
) -> None:
    rule = {"app": "live", "stream": cam}
    query = ""
    if change == "pass":
        door.call("/hooks/play/rule/update", **rule, kind="pass")
        made = door.call("/hooks/play/passes/create", **rule, label="t")
        query = f"?pass={made['token']}"
    playlist = door.enter(f"/live/{cam}.m3u8{query}")
    assert door.get(playlist).status_code == 200
    if change == "rule":
        door.call("/hooks/play/rule/update", **rule, kind="pass")
    elif change == "pass":
        door.call("/hooks/play/passes/revoke", id=made["pass"]["id"])
    else:
        door.call("/hooks/viewers/kick", client_id=door.viewers(cam)[0]["client_id"])
    assert door.get(playlist).status_code == 403
    wait_until(lambda: door.viewers(cam) == [], "the viewer is counted no more")


def test_the_media_server_gets_the_gates_word_and_not_the_pass(
    door: FrontDoor, guarded: str
) -> None:
    given = token(door, guarded)
    for way in (flv, whep):
        got = way(door, guarded, f"?pass={given}&grant=forged&vhost=other&note=a").json()
        target = httpx.URL(got["target"])
        assert given not in got["target"]
        assert "forged" not in got["target"]
        assert "vhost" not in target.params
        assert target.params["note"] == "a"
        param = got["target"].partition("?")[2]
        status = door.callback("on_play", f"c-{way.__name__}", guarded, param=param)
        assert status == 200
    assert door.callback("on_play", "c-none", guarded, param="?note=a") == 403
    seen = {one["client_id"]: one for one in door.viewers(guarded)}
    # The address is the one nginx saw, not the one the media server believes.
    assert seen["c-flv"]["ip"] == "127.0.0.1"
    assert seen["c-flv"]["user_agent"].startswith("python-httpx")
    assert seen["c-flv"]["pass_id"] == seen["c-whep"]["pass_id"] != ""


def test_a_grant_for_one_stream_opens_no_other(door: FrontDoor, guarded: str, cam: str) -> None:
    door.publish(f"{cam}-open")
    got = flv(door, f"{cam}-open").json()
    param = "?" + got["target"].partition("?")[2]
    assert door.callback("on_play", "c-x", guarded, param=param) == 403


@pytest.mark.parametrize(
    "trick",
    [
        "&stream={hidden}",
        "&x=1=stream={hidden}",
        "&x,app,live&stream={hidden}",
        ";stream={hidden}",
        "&%73tream={hidden}",
    ],
)
def test_a_second_name_of_the_stream_never_reaches_the_media_server(
    door: FrontDoor, guarded: str, trick: str
) -> None:
    opened_name = f"{guarded}-open"
    door.publish(opened_name)
    more = trick.format(hidden=guarded)
    reply = whep(door, opened_name, f"?y=1{more}")
    if reply.status_code == 200:
        query = reply.json()["target"].partition("?")[2]
        assert query.startswith(f"app=live&stream={opened_name}&")
        assert f"stream={guarded}&" not in query + "&"
        assert not set(query) & set(",;")
    else:
        assert reply.status_code in (403, 404)


def test_a_websocket_is_asked_about_like_any_viewer(door: FrontDoor, guarded: str) -> None:
    upgrade = {"connection": "upgrade", "upgrade": "websocket"}
    refused = door.get(f"/live/{guarded}.flv", **upgrade)
    assert (refused.status_code, key(refused)) == (403, "pass_missing")
    got = door.get(f"/live/{guarded}.flv?pass={token(door, guarded)}", **upgrade).json()
    assert got["headers"]["upgrade"] == "websocket"
    assert got["headers"]["x-real-ip"] == "127.0.0.1"


def test_an_offer_reaches_the_media_server_whole(door: FrontDoor, cam: str) -> None:
    assert whep(door, cam).json()["sent"] == "v=0"


def test_a_viewer_may_end_its_whep_session_without_a_pass(door: FrontDoor, guarded: str) -> None:
    reply = door.client.request("DELETE", "/rtc/v1/whep/?action=delete&token=t&session=s")
    assert reply.json()["target"] == "/rtc/v1/whep/?action=delete&token=t&session=s"


@pytest.mark.parametrize("path", ["/live/{}.flv", "/rtc/v1/whep/?app=live&stream={}"])
def test_a_preflight_of_another_site_needs_no_pass(
    door: FrontDoor, guarded: str, path: str
) -> None:
    reply = door.client.options(path.format(guarded))
    assert reply.status_code == 204
    assert reply.headers["access-control-allow-origin"] == "*"
    assert reply.headers["access-control-allow-methods"]


@pytest.mark.parametrize("path", ["/live/{}.m3u8", "/live/{}.flv"])
@pytest.mark.parametrize(
    ("language", "title", "action"),
    [
        ("en-GB,en;q=0.9", "This stream is only for viewers with a pass", "Enter the passphrase"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "此直播仅限持有观看凭证的观众观看", "输入口令"),
        ("fr", "This stream is only for viewers with a pass", "Enter the passphrase"),
    ],
)
def test_a_browser_gets_a_page_that_leads_to_the_watch_page(
    door: FrontDoor, guarded: str, path: str, language: str, title: str, action: str
) -> None:
    headers = {"accept": HTML, "accept-language": language}
    reply = door.get(path.format(guarded), **headers)
    assert reply.status_code == 403
    assert reply.headers["content-type"].startswith("text/html")
    assert f"<h1>{title}</h1>" in reply.text
    assert f'<a href="/watch/live/{guarded}">{action}</a>' in reply.text
    assert "default-src 'none'" in reply.headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/live/gone.m3u8", "/live/gone.flv", "/s/gone.m3u8"])
def test_a_browser_is_told_that_nothing_is_live(door: FrontDoor, path: str) -> None:
    reply = door.get(path, accept=HTML)
    assert reply.status_code == 404
    assert "This stream is not live" in reply.text
    assert f'href="/watch{path.rpartition(".")[0]}"' in reply.text


def test_a_name_is_never_written_into_the_page_as_it_came(door: FrontDoor) -> None:
    reply = door.get("/live/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E.flv", accept=HTML)
    assert "<script>" not in reply.text


def test_names_of_other_alphabets_are_watched_like_any(door: FrontDoor) -> None:
    name = "摄像头 1&b%"
    door.publish(name)
    playlist = door.enter("/live/%E6%91%84%E5%83%8F%E5%A4%B4%201%26b%25.m3u8")
    assert door.get(playlist).status_code == 200
    assert door.get(playlist.replace(".m3u8", "-1.ts")).content == b"G" * 188


def test_while_redis_is_away_nobody_new_is_let_in_and_who_watches_goes_on(
    door: FrontDoor, cam: str
) -> None:
    playlist = door.enter(f"/live/{cam}.m3u8")
    door.redis.kill()
    try:
        for way in (hls, flv, whep):
            reply = way(door, cam, "")
            assert (reply.status_code, key(reply)) == (503, "redis_unavailable")
        assert door.get(playlist).status_code == 200
    finally:
        door.redis.start()
    wait_until(lambda: hls(door, cam).status_code == 200, "viewers are let in again")
    assert door.get(playlist).status_code == 200


def test_a_killed_gatekeeper_cuts_nobody_and_knows_them_again(door: FrontDoor, cam: str) -> None:
    playlist = door.enter(f"/live/{cam}.m3u8")
    gone = door.enter(f"/live/{cam}.m3u8")
    assert door.get(playlist).status_code == 200
    door.kill_hooks()
    # What happened to one of them meanwhile is found out afterwards.
    door.gates.close("live", cam, gone.split("/")[2])
    for way in (hls, flv, whep):
        reply = way(door, cam, "")
        assert (reply.status_code, key(reply)) == (502, "upstream")
    assert door.get(playlist).status_code == 200
    assert door.get(playlist.replace(".m3u8", "-1.ts")).status_code == 200
    door.start_hooks()
    wait_until(lambda: len(door.viewers(cam)) == 1, "one viewer is left")
    assert door.get(playlist).status_code == 200
    client_id = door.viewers(cam)[0]["client_id"]
    assert client_id == f"hls-{playlist.split('/')[2]}"
    wait_until(lambda: (door.viewers(cam)[0]["send_bytes"] or 0) >= 188, "bytes are counted")
    door.call("/hooks/viewers/kick", client_id=client_id, block_s=0)
    assert door.get(playlist).status_code == 403
