"""Who may watch, by every protocol and on every media server: the rule counts, and goes on to."""

import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from ..conftest import wait_until
from .house import Api, House, begin_hls, playable, probe, publishing, random_name, segments
from .test_browser import moves
from .test_webrtc import PLAY

REFUSAL_S = 60
"""A refused player ends by itself; this only tells a hang from a busy machine."""


@pytest.fixture
def cam(house: House, api: Api) -> Iterator[str]:
    """A stream that is live and plays."""
    name = random_name()
    with publishing(f"{house.rtmp}/{name}?secret={api.secret()}"):
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        wait_until(lambda: playable(f"{house.base}/live/{name}.m3u8"), "it plays")
        yield name


@pytest.fixture
def guarded(api: Api, cam: str) -> str:
    """The same for viewers with a pass."""
    api.call("/hooks/play/rule/update", app="live", stream=cam, kind="pass")
    return cam


def make_pass(api: Api, stream: str, **more: Any) -> tuple[str, str]:
    """Return (id, token) of a new pass."""
    made = api.call("/hooks/play/passes/create", app="live", stream=stream, label="test", **more)
    return made["pass"]["id"], made["token"]


def has_srt(house: House) -> bool:
    envs = httpx.get(f"{house.base}/terraform/v1/mgmt/envs", trust_env=False, timeout=60).json()[
        "data"
    ]
    return bool(envs["capabilities"]["srt"])


def ways(house: House, stream: str, token: str) -> dict[str, str]:
    """Return the addresses of a stream by protocol, as a player like ffplay or VLC takes them."""
    query = f"?pass={token}" if token else ""
    return {
        "hls": f"{house.base}/live/{stream}.m3u8{query}",
        "flv": f"{house.base}/live/{stream}.flv{query}",
        "rtmp": f"{house.rtmp}/{stream}{query}",
    }


def spoil(token: str) -> str:
    return token[:-4] + ("AAAA" if token[-4:] != "AAAA" else "BBBB")


def is_refused(url: str) -> bool:
    """Let ffprobe try; it must end by itself, and without a picture."""
    argv = ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type", "-of", "csv=p=0", url]
    done = subprocess.run(
        argv,
        capture_output=True,
        text=True,
        timeout=REFUSAL_S,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return "video" not in done.stdout


def viewers(api: Api, stream: str) -> dict[str, int]:
    return dict(api.streams()[f"live/{stream}"]["viewers"])


def test_a_pass_opens_every_way_and_without_it_each_is_refused(
    house: House, api: Api, guarded: str
) -> None:
    for way, url in ways(house, guarded, "").items():
        assert is_refused(url), way
    _, token = make_pass(api, guarded)
    for way, url in ways(house, guarded, token).items():
        frames = probe(url, seconds=2)
        assert frames["video"] > 0, (way, frames)
        assert frames["audio"] > 0, (way, frames)


@pytest.mark.parametrize("fault", ["expired", "tampered", "revoked", "other_stream"])
def test_a_pass_that_does_not_count_is_refused_with_its_reason(
    house: House, api: Api, guarded: str, fault: str
) -> None:
    if fault == "expired":
        ends_ms = time.time_ns() // 1_000_000 + 1_000
        _, token = make_pass(api, guarded, expires_ms=ends_ms)
        wait_until(lambda: time.time_ns() // 1_000_000 > ends_ms + 1_000, "it expires")
    elif fault == "other_stream":
        _, token = make_pass(api, random_name())
    else:
        pass_id, token = make_pass(api, guarded)
        if fault == "revoked":
            api.call("/hooks/play/passes/revoke", id=pass_id)
        else:
            token = spoil(token)
    found = ways(house, guarded, token)
    for way in ("hls", "flv"):
        reply = httpx.get(found[way], trust_env=False, timeout=REFUSAL_S)
        assert (reply.status_code, reply.json()["data"]["key"]) == (403, f"pass_{fault}"), way
    assert is_refused(found["rtmp"])


def test_srt_needs_the_pass_too(house: House, api: Api) -> None:
    if not has_srt(house):
        return
    # The media server gives by SRT only what came in by SRT.
    name = random_name()
    host = f"srt://127.0.0.1:{house.ports['SRT']}?streamid=#!::r=live/{name}"
    api.call("/hooks/play/rule/update", app="live", stream=name, kind="pass")
    pass_id, token = make_pass(api, name)
    _, other = make_pass(api, random_name())
    with publishing(f"{host},secret={api.secret()},m=publish", "mpegts"):
        wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
        for more in ("", f",pass={spoil(token)}", f",pass={other}"):
            assert is_refused(f"{host},m=request{more}"), more
        frames = probe(f"{host},m=request,pass={token}", seconds=2)
        assert frames["video"] > 0, frames
        api.call("/hooks/play/passes/revoke", id=pass_id)
        assert is_refused(f"{host},m=request,pass={token}")


def test_segments_are_for_sessions_of_their_own_stream(
    house: House, api: Api, guarded: str
) -> None:
    _, token = make_pass(api, guarded)
    playlist = begin_hls(f"{house.base}/live/{guarded}.m3u8?pass={token}")
    segment = segments(playlist)[-1]
    name = segment.rpartition("/")[2]
    # Milliseconds, the same on every media server: never used again, and told from the name.
    assert re.fullmatch(rf"{guarded}-\d{{13}}\.ts", name)
    sid = playlist.split("/")[4]
    with httpx.Client(trust_env=False, timeout=60) as client:
        assert client.get(segment).status_code == 200
        alone = client.get(f"{house.base}/live/{name}")
        assert (alone.status_code, alone.json()["data"]["key"]) == (403, "segment_without_session")
        assert client.get(f"{house.base}/p/{'0' * 32}/live/{name}").status_code == 403
        other = random_name()
        with publishing(f"{house.rtmp}/{other}?secret={api.secret()}"):
            entry = f"{house.base}/live/{other}.m3u8"
            wait_until(lambda: playable(entry), "the other stream plays")
            theirs = segments(begin_hls(entry))[-1].rpartition("/")[2]
            for path in (f"{other}.m3u8", theirs):
                assert client.get(f"{house.base}/p/{sid}/live/{path}").status_code == 403


class FlvViewer(threading.Thread):
    """Reads until it is cut."""

    def __init__(self, url: str) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._over = threading.Event()
        self.received = 0
        self.ended = False

    def run(self) -> None:
        with (
            suppress(httpx.HTTPError),
            httpx.stream("GET", self._url, timeout=60, trust_env=False) as reply,
        ):
            for chunk in reply.iter_raw(4096):
                self.received += len(chunk)
                if self._over.is_set():
                    return
        self.ended = True

    def stop(self) -> None:
        self._over.set()
        self.join(70)


@contextmanager
def flv_viewer(url: str) -> Iterator[Callable[[], bool]]:
    viewer = FlvViewer(url)
    viewer.start()
    try:
        wait_until(lambda: viewer.received > 0, "the FLV viewer sees the stream")
        yield lambda: viewer.ended
    finally:
        viewer.stop()


@contextmanager
def rtmp_viewer(url: str) -> Iterator[Callable[[], bool]]:
    argv = ["ffmpeg", "-v", "error", "-nostdin", "-i", url, "-c", "copy", "-f", "null", "-"]
    child = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    try:
        yield lambda: child.poll() is not None
    finally:
        child.kill()
        child.wait()


@contextmanager
def hls_viewer(url: str) -> Iterator[Callable[[], bool]]:
    playlist = begin_hls(url)
    assert segments(playlist)
    yield lambda: httpx.get(playlist, trust_env=False, timeout=60).status_code == 403


@pytest.mark.parametrize("change", ["rule", "pass", "kick"])
def test_a_change_cuts_who_may_not_watch_any_more(
    house: House, api: Api, cam: str, change: str
) -> None:
    token, pass_id = "", ""
    if change == "pass":
        api.call("/hooks/play/rule/update", app="live", stream=cam, kind="pass")
        pass_id, token = make_pass(api, cam)
    found = ways(house, cam, token)
    with ExitStack() as stack:
        cut = {
            "hls": stack.enter_context(hls_viewer(found["hls"])),
            "flv": stack.enter_context(flv_viewer(found["flv"])),
            "rtmp": stack.enter_context(rtmp_viewer(found["rtmp"])),
        }
        wait_until(lambda: viewers(api, cam)["total"] == 3, "all three are counted")
        assert [way for way, is_cut in cut.items() if is_cut()] == []
        begun = time.monotonic()
        if change == "rule":
            api.call("/hooks/play/rule/update", app="live", stream=cam, kind="pass")
        elif change == "pass":
            api.call("/hooks/play/passes/revoke", id=pass_id)
        else:
            listed = api.call("/hooks/viewers/query", app="live", stream=cam)["viewers"]
            for one in listed:
                api.call("/hooks/viewers/kick", client_id=one["client_id"])
        for way, is_cut in cut.items():
            wait_until(is_cut, f"the {way} viewer is cut")
            print(f"{house.root.name}: {change}: {way} cut in {time.monotonic() - begun:.2f} s")
        wait_until(lambda: viewers(api, cam)["total"] == 0, "nobody is counted any more")


def test_an_hls_viewer_is_counted_once_however_often_it_asks(
    house: House, api: Api, cam: str
) -> None:
    playlist = begin_hls(f"{house.base}/live/{cam}.m3u8")
    for _ in range(10):
        assert segments(playlist)
    assert viewers(api, cam)["hls"] == 1
    begin_hls(f"{house.base}/live/{cam}.m3u8")
    assert viewers(api, cam)["hls"] == 2
    # It asks for nothing more, so it is gone after a while; the one that still asks is not.
    wait_until(
        lambda: bool(segments(playlist)) and viewers(api, cam)["hls"] == 1,
        "the silent one is counted no more",
        timeout_s=60,
    )
    assert segments(playlist)


@pytest.mark.browser
def test_the_watch_page_plays_hls_with_a_pass(
    house: House, api: Api, guarded: str, browser: Browser
) -> None:
    _, token = make_pass(api, guarded)
    context = browser.new_context()
    try:
        page = context.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.route("**/*.flv*", lambda route: route.abort())
        page.goto(f"{house.base}/watch/live/{guarded}?pass={token}")
        moves(page.locator("video").first)
        assert any("/p/" in url and url.endswith(".ts") for url in asked)
    finally:
        context.close()


@pytest.mark.browser
def test_whep_needs_the_pass_too(
    request: pytest.FixtureRequest, house: House, api: Api, guarded: str
) -> None:
    envs = httpx.get(f"{house.base}/terraform/v1/mgmt/envs", trust_env=False, timeout=60).json()[
        "data"
    ]
    address = f"{house.base}/rtc/v1/whep/?app=live&stream={guarded}"
    headers = {"content-type": "application/sdp"}
    refused = httpx.post(address, content="v=0", headers=headers, trust_env=False, timeout=60)
    assert (refused.status_code, refused.json()["data"]["key"]) == (403, "pass_missing")
    if not envs["capabilities"]["webrtc"]:
        return
    _, token = make_pass(api, guarded)
    context = request.getfixturevalue("browser").new_context()
    try:
        page = context.new_page()
        page.goto(f"{house.base}/watch/live/nothing-here")
        assert page.evaluate(PLAY, address) == 403
        assert page.evaluate(PLAY, f"{address}&pass={token}") == 201
        page.wait_for_function(
            "() => { const all = [...document.querySelectorAll('#whep')];"
            " return all.some((v) => v.videoWidth > 0 && v.currentTime > 0.5); }",
            timeout=60_000,
        )
        wait_until(lambda: viewers(api, guarded)["webrtc"] == 1, "the viewer counts")
        seen = api.call("/hooks/viewers/query", app="live", stream=guarded)["viewers"]
        assert "Chrome" in next(one for one in seen if one["protocol"] == "webrtc")["user_agent"]
    finally:
        context.close()
