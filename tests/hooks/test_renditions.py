"""A stream in several sizes: watched as one, protected as one, and nobody counts twice."""

import itertools
import os
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import httpx
import orjson
import pytest

from streamstead.core.auth import load_master_key
from streamstead.core.errors import PlayRefused
from streamstead.core.house_grant import HouseGrants, Way
from streamstead.core.play_rules import DEFAULT, PlayKind, PlayRule, judge, ruled
from streamstead.core.registry import Kind, Protocol
from streamstead.core.renditions import Renditions, Variant, read_variants
from streamstead.core.signed import house_key
from streamstead.hooks.enforce import Enforcer
from streamstead.hooks.gate import PlayRequest

from ..conftest import scratch_data_dir, scratch_settings, wait_until
from .conftest import MASTER_KEY, House
from .front import FrontDoor, opened
from .test_enforce import Gates, Media, enforcer, gates, media, publish

__all__ = ["enforcer", "gates", "media"]

SOURCE, SMALL = "live/cam", "live/cam_small"
VARIANTS = [
    Variant(
        stream="cam_big", bandwidth=900_000, width=640, height=360, fps=25,
        codecs="avc1.4d401f,mp4a.40.2",
    ),
    Variant(stream="cam_small", bandwidth=300_000, width=320, height=180),
]  # fmt: skip


@pytest.fixture
async def laddered(house: House) -> House:
    """A house with a source and one of its two renditions live."""
    told = {"id": "1", "variants": [one.model_dump() for one in VARIANTS]}
    await house.redis.hset(Renditions.LADDERS, SOURCE, orjson.dumps(told).decode())
    for one in VARIANTS:
        await house.redis.hset(Renditions.KEY, f"live/{one.stream}", SOURCE)
    await publish(house)
    grant = HouseGrants(house_key(MASTER_KEY)).make(Way.PUBLISH, SMALL, house.clock_ms)
    await publish(house, "p2", stream="cam_small", param=f"?grant={grant}", ip="127.0.0.1")
    return house


def request(stream: str = "cam", token: str = "", **more: object) -> PlayRequest:
    asked = PlayRequest(
        "live", stream, Protocol.HLS, "203.0.113.9", f"v-{stream}", pass_token=token
    )
    return replace(asked, **more)


async def refusal(house: House, wanted: PlayRequest) -> str:
    with pytest.raises(PlayRefused) as caught:
        await house.gate.play(wanted)
    return caught.value.key


async def a_pass(house: House, url: str) -> str:
    app, _, stream = url.partition("/")
    made = await house.passes.create(url, app, stream, "guest", 0)
    return house.signer.token(made.id, url, None)


async def protect(house: House, url: str) -> None:
    await house.rules.change(url, lambda rule: replace(rule, kind=PlayKind.PASS))


async def test_who_begins_with_hls_is_told_the_renditions_that_are_live(laddered: House) -> None:
    _, told = await laddered.gate.play_hls(request())
    assert read_variants(told) == [VARIANTS[1]]
    _, told = await laddered.gate.play_hls(request("cam_small"))
    assert read_variants(told) == []
    _, told = await laddered.gate.play_hls(request(protocol=Protocol.FLV, client_id="v2"))
    assert told == ""


async def test_viewers_are_not_led_to_what_others_publish_by_the_name_of_a_rendition(
    laddered: House,
) -> None:
    await publish(laddered, "stranger", stream="cam_big")
    _, told = await laddered.gate.play_hls(request())
    assert read_variants(told) == [VARIANTS[1]]


async def test_viewers_of_an_open_stream_are_not_led_past_the_rule_of_its_rendition(
    laddered: House,
) -> None:
    await protect(laddered, SMALL)
    _, told = await laddered.gate.play_hls(request())
    assert read_variants(told) == []
    await laddered.rules.change(SMALL, lambda rule: replace(rule, kind=PlayKind.PUBLIC))
    _, told = await laddered.gate.play_hls(request(client_id="v2"))
    assert read_variants(told) == [VARIANTS[1]]


async def test_a_rendition_is_protected_as_its_source(laddered: House) -> None:
    assert (await laddered.gate.play(request("cam_small"))).pass_id == ""
    await protect(laddered, SOURCE)
    wanted = request("cam_small", client_id="v2")
    assert await refusal(laddered, wanted) == "pass_missing"
    assert await refusal(laddered, replace(wanted, protocol=Protocol.FLV)) == "pass_missing"
    token = await a_pass(laddered, SOURCE)
    assert (await laddered.gate.play(replace(wanted, pass_token=token))).pass_id != ""
    for other in (SMALL, "live/other"):
        stolen = await a_pass(laddered, other)
        wanted = request("cam_small", stolen, client_id="v3")
        assert await refusal(laddered, wanted) == "pass_other_stream"


async def test_a_rendition_of_an_open_stream_may_have_a_rule_of_its_own(laddered: House) -> None:
    await protect(laddered, SMALL)
    assert await refusal(laddered, request("cam_small")) == "pass_missing"
    token = await a_pass(laddered, SMALL)
    assert (await laddered.gate.play(request("cam_small", token))).pass_id != ""
    # But it opens nothing that its source keeps shut.
    await protect(laddered, SOURCE)
    await laddered.rules.change(SMALL, lambda rule: replace(rule, kind=PlayKind.PUBLIC))
    assert await refusal(laddered, request("cam_small", client_id="v2")) == "pass_missing"


async def test_who_was_disconnected_from_a_source_does_not_come_back_by_a_rendition(
    laddered: House,
) -> None:
    session = await laddered.gate.play(request())
    now = laddered.now()
    await laddered.registry.block_viewer(session, now, now + 60_000)
    assert await refusal(laddered, request("cam_small")) == "viewer_blocked"


async def test_a_source_that_becomes_protected_loses_the_viewers_of_its_renditions(
    laddered: House, enforcer: Enforcer, media: Media, gates: Gates
) -> None:
    await laddered.gate.play(request("cam_small", protocol=Protocol.RTMP, client_id="small"))
    token = await a_pass(laddered, SOURCE)
    await protect(laddered, SOURCE)
    await laddered.gate.play(request("cam_small", token, protocol=Protocol.RTMP, client_id="guest"))
    assert await enforcer.viewers(SOURCE) == 1
    assert media.kicked == ["small"]


async def test_viewers_of_an_open_stream_lose_a_rendition_that_gets_a_rule_of_its_own(
    laddered: House, enforcer: Enforcer, gates: Gates
) -> None:
    sid = "0" * 32
    gates.open("live", "cam", sid)
    gates.link("live", "cam_small", sid, "cam")
    await protect(laddered, "live/other")
    await enforcer.viewers()
    assert gates.is_open("live", "cam_small", sid)
    await protect(laddered, SMALL)
    await enforcer.viewers(SMALL)
    assert not gates.is_open("live", "cam_small", sid)
    assert gates.is_open("live", "cam", sid)


async def test_both_deciders_agree_about_renditions(laddered: House) -> None:
    viewer = await laddered.registry.publisher(SMALL)
    assert viewer is not None
    viewer = replace(viewer, client_id="v9", kind=Kind.PLAY)
    for own, of_source in itertools.product([None, *PlayKind], repeat=2):
        for url, kind in ((SMALL, own), (SOURCE, of_source)):
            await laddered.rules.inherit(url)
            if kind is not None:
                await laddered.rules.change(url, partial(_of_kind, kind))
        rules = await laddered.rules.all()
        by = ruled(SMALL, await laddered.registry.renditions(), rules)
        why = judge(rules.get(by, rules[DEFAULT]), "", {}, by, 0)
        verdict = await laddered.registry.play(viewer, check_only=True)
        assert (None if verdict.yes else verdict.reason) == why, (own, of_source)


def _of_kind(kind: PlayKind, rule: PlayRule) -> PlayRule:
    return replace(rule, kind=kind)


# Through the real front door.

_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def door() -> Iterator[FrontDoor]:
    if shutil.which("nginx") is None:
        pytest.skip("nginx is not installed")
    with scratch_data_dir() as data, opened(scratch_settings(data)) as built:
        yield built


@pytest.fixture
def cam(door: FrontDoor) -> str:
    """A live stream with two renditions, both live."""
    name = f"cam-{next(_numbers)}"
    variants = [
        one.model_copy(update={"stream": one.stream.replace("cam", name)}) for one in VARIANTS
    ]
    told = {"id": name, "variants": [one.model_dump() for one in variants]}
    door.redis.client.hset(Renditions.LADDERS, f"live/{name}", orjson.dumps(told).decode())
    door.publish(name)
    for one in variants:
        door.redis.client.hset(Renditions.KEY, f"live/{one.stream}", f"live/{name}")
        door.publish(one.stream, made_here(door, f"live/{one.stream}"))
    return name


def made_here(door: FrontDoor, url: str) -> str:
    """Return what one of our own programs publishes a stream with."""
    grants = HouseGrants(house_key(load_master_key(door.settings.data.master_key)))
    return f"?grant={grants.make(Way.PUBLISH, url, time.time_ns() // 1_000_000)}"


def master(door: FrontDoor, stream: str, query: str = "") -> tuple[str, list[str]]:
    """Return the master playlist and the paths that it leads to."""
    reply = door.get(f"/live/{stream}.m3u8{query}")
    assert reply.status_code == 200, reply.text
    found = [line for line in reply.text.splitlines() if line and line[0] != "#"]
    return reply.text, [reply.url.join(one).raw_path.decode() for one in found]


def segment(door: FrontDoor, playlist: str) -> httpx.Response:
    name = playlist.rpartition("/")[2].removesuffix(".m3u8")
    return door.get(f"{playlist.rpartition('/')[0]}/{name}-1.ts")


def test_a_player_is_told_every_rendition_and_counts_once(door: FrontDoor, cam: str) -> None:
    text, playlists = master(door, cam)
    assert (
        "#EXT-X-STREAM-INF:BANDWIDTH=900000,RESOLUTION=640x360,FRAME-RATE=25,"
        'CODECS="avc1.4d401f,mp4a.40.2"\n' in text
    )
    assert "#EXT-X-STREAM-INF:BANDWIDTH=300000,RESOLUTION=320x180\n" in text
    sids = {re.fullmatch(r"/p/([0-9a-f]{32})/live/.*\.m3u8", one)[1] for one in playlists}  # type: ignore[index]
    assert [one.rpartition("_")[2] for one in playlists] == ["big.m3u8", "small.m3u8"]
    assert len(sids) == 1
    for playlist in playlists:
        assert door.get(playlist).status_code == 200
        assert segment(door, playlist).status_code == 200
    # The source itself is still there for who has its address.
    assert door.get(f"/p/{sids.pop()}/live/{cam}.m3u8").status_code == 200
    assert len(door.viewers(cam)) == 1
    assert door.viewers(f"{cam}_small") == []


def test_who_begins_again_and_again_is_told_the_same_each_time(door: FrontDoor, cam: str) -> None:
    begun = [master(door, cam)[1] for _ in range(20)]
    assert {len(playlists) for playlists in begun} == {len(VARIANTS)}
    assert len({playlists[0].split("/")[2] for playlists in begun}) < 20
    assert all(door.get(one).status_code == 200 for one in begun[-1])


def test_only_what_can_be_fetched_is_told(door: FrontDoor, cam: str) -> None:
    html = door.settings.data.html / "live"
    (html / f"{cam}_big.m3u8").unlink()
    _, playlists = master(door, cam)
    assert [one.rpartition("_")[2] for one in playlists] == ["small.m3u8"]
    old = time.time() - 600
    os.utime(html / f"{cam}_small.m3u8", (old, old))
    _, playlists = master(door, cam)
    assert [one.rpartition("/")[2] for one in playlists] == [f"{cam}.m3u8"]
    door.end(f"{cam}_small")
    os.utime(html / f"{cam}_small.m3u8")
    _, playlists = master(door, cam)
    assert [one.rpartition("/")[2] for one in playlists] == [f"{cam}.m3u8"]


def test_who_is_disconnected_loses_every_rendition_at_once(door: FrontDoor, cam: str) -> None:
    _, playlists = master(door, cam)
    _, kept = master(door, cam)
    (sid,) = {one.split("/")[2] for one in playlists}
    viewer = next(one for one in door.viewers(cam) if one["client_id"] == f"hls-{sid}")
    door.call("/hooks/viewers/kick", client_id=viewer["client_id"], block_s=0)
    for playlist in playlists:
        assert door.get(playlist).status_code == 403
        assert segment(door, playlist).status_code == 403
    assert all(door.get(one).status_code == 200 for one in kept)
    wait_until(
        lambda: not (door.settings.data.gates / "live" / f"{cam}_small" / sid).is_symlink(),
        "nothing of the session is left",
    )


def test_sessions_go_on_when_the_gatekeeper_dies(door: FrontDoor, cam: str) -> None:
    _, playlists = master(door, cam)
    (sid,) = {one.split("/")[2] for one in playlists}
    door.kill_hooks()
    assert all(door.get(one).status_code == 200 for one in playlists)
    door.start_hooks()
    assert all(door.get(one).status_code == 200 for one in playlists)
    assert len(door.viewers(cam)) == 1
    door.gates.close("live", cam, sid)
    assert all(door.get(one).status_code == 403 for one in playlists)


def test_a_rendition_by_name_needs_what_its_source_needs(door: FrontDoor, cam: str) -> None:
    door.call("/hooks/play/rule/update", app="live", stream=cam, kind="pass", passphrase="open it")
    small = f"{cam}_small"
    for path in (f"/live/{small}.m3u8", f"/live/{small}.flv"):
        reply = door.get(path)
        assert (reply.status_code, reply.json()["data"]["key"]) == (403, "pass_missing")
    made = door.call("/hooks/play/passes/create", app="live", stream=cam, label="t")
    assert door.get(f"/live/{small}.flv?pass={made['token']}").status_code == 200
    _, playlists = master(door, small, f"?pass={made['token']}")
    assert [one.rpartition("/")[2] for one in playlists] == [f"{small}.m3u8"]
    unlocked = door.call("/hooks/play/unlock", app="live", stream=small, passphrase="open it")
    assert door.get(f"/live/{small}.m3u8?pass={unlocked['pass']}").status_code == 200
    told = door.call("/hooks/play/test", app="live", stream=small, **{"pass": made["token"]})
    assert told["allowed"]
    assert not door.call("/hooks/play/test", app="live", stream=small)["allowed"]
