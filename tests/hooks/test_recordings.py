"""What a real SRS 5 sent, line by line."""

import json
from pathlib import Path

from streamstead.core.registry import SessionState

from .conftest import House

RECORDING = Path(__file__).parent.parent / "fixtures/srs/callbacks.jsonl"
LINES = [json.loads(line) for line in RECORDING.read_text().splitlines()]
CALLBACKS = [line["body"] for line in LINES if line["path"] == "/hooks"]


async def test_every_recorded_callback_is_accepted_and_leaves_the_right_streams_live(
    house: House,
) -> None:
    live: dict[str, str] = {}
    viewers: dict[str, str] = {}
    for body in CALLBACKS:
        reply = await house.post(body)
        assert (reply.status_code, reply.json()["code"]) == (200, 0), body
        url = f"{body['app']}/{str(body.get('stream', '')).removesuffix('.m3u8')}"
        match body["action"]:
            case "on_publish":
                live[url] = body["client_id"]
            case "on_unpublish":
                live.pop(url, None)
            case "on_play":
                viewers[body["client_id"]] = url
            case "on_stop" | "on_close":
                viewers.pop(body["client_id"], None)
        found = {u: s.client_id for u, s in (await house.registry.publishers()).items()}
        assert found == live, body
        counted = sum(sum(by.values()) for by in (await house.registry.viewers()).values())
        assert counted == len(viewers), body


async def test_the_protocol_of_each_recorded_client_is_told_apart(house: House) -> None:
    seen = {}
    for body in CALLBACKS:
        await house.post(body)
        session = await house.registry.session(body["client_id"])
        if session is not None:
            assert session.state is SessionState.LIVE
            seen[body["client_id"]] = session.protocol.value
    assert seen == {
        "6x05j2lo": "srt",
        "s3p85755": "rtmp",
        "40179000": "hls",
        "91e3090m": "flv",
        "i4248f48": "srt",
        "5232z4v3": "rtmp",
        "yuw3852l": "srt",
        "7z8c28q0": "rtmp",
        "y99699t5": "webrtc",
        "nu6y3h5q": "webrtc",
        "k369x193": "webrtc",
    }


async def test_recorded_segments_become_events_with_their_path(house: House) -> None:
    for body in CALLBACKS:
        await house.post(body)
    events = await house.redis.xrange("STREAMSTEAD_EVENTS")
    segments = [json.loads(f["data"]) for _, f in events if f["type"] == "segment.ready"]
    recorded = [body for body in CALLBACKS if body["action"] == "on_hls"]
    assert [one["path"] for one in segments] == [body["file"] for body in recorded]
    assert [one["seq_no"] for one in segments] == [body["seq_no"] for body in recorded]


async def test_no_secret_of_a_recorded_callback_is_kept(house: House) -> None:
    for body in CALLBACKS:
        await house.post(body)
    for key in await house.redis.keys("*"):
        if key in ("SRS_AUTH_SECRET", "SRS_SECRET_PUBLISH"):
            continue
        kind = await house.redis.type(key)
        content = {
            "hash": house.redis.hgetall,
            "stream": house.redis.xrange,
            "zset": lambda k: house.redis.zrange(k, 0, -1),
            "string": house.redis.get,
        }[kind]
        assert "abc123" not in str(await content(key)), key
