"""Who may publish, and what a refusal looks like."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from redis import Redis as SyncRedis

from .conftest import SECRET, House

Publish = Callable[..., Awaitable[httpx.Response]]


@pytest.mark.parametrize(
    "param",
    [
        f"?secret={SECRET}",
        f"secret={SECRET}",
        f"app=live&stream=cam&secret={SECRET}",
        f"?a=1&secret={SECRET}&b=%20",
        "?secret=%61bc123",
    ],
)
async def test_the_right_secret_is_let_in_in_every_form(publish: Publish, param: str) -> None:
    assert (await publish(param=param)).status_code == 200


async def test_a_long_query_takes_little_room_in_the_store(house: House, publish: Publish) -> None:
    reply = await publish(param=f"?secret={SECRET}&note={'%C3%A9' * 1300}")
    assert reply.status_code == 200
    stored = await house.redis.hvals("STREAMSTEAD_SESSIONS")
    events = await house.redis.xrange("STREAMSTEAD_EVENTS")
    assert max(len(stored[0]), len(events[0][1]["data"])) < 2000


async def test_no_stream_is_called_like_the_playlist_of_another(
    house: House, publish: Publish
) -> None:
    assert (await publish(stream="cam.m3u8")).status_code == 422
    assert await house.registry.sessions() == {}


@pytest.mark.parametrize(
    "param",
    [
        "",
        "?",
        "?secret=",
        "?secret=wrong",
        f"?secret={SECRET}x",
        f"?secret=x{SECRET}",
        f"?secret={SECRET[:-1]}",
        f"?SECRET={SECRET}",
        f"?secret={SECRET}&secret={SECRET}",
        f"?secret=wrong&secret={SECRET}",
        f"?token={SECRET}",
        f"?secret={SECRET}%00",
        "?secret=\u00e9\u4e2d",
        "?secret=" + "a" * 8000,
    ],
)
async def test_anything_else_is_refused_and_leaves_no_trace(
    house: House, publish: Publish, param: str
) -> None:
    reply = await publish(param=param)
    assert reply.status_code == 401
    assert reply.json()["code"] == 3000
    assert reply.json()["data"]["key"] == "wrong_secret"
    assert await house.registry.sessions() == {}
    assert await house.registry.publishers() == {}
    assert await house.event_types() == []


async def test_a_secret_in_the_stream_name_does_not_count(house: House, publish: Publish) -> None:
    assert (await publish(stream=f"cam{SECRET}", param="")).status_code == 401


async def test_publishing_is_refused_when_the_secret_is_gone_from_the_store(
    house: House, publish: Publish
) -> None:
    await house.redis.delete("SRS_AUTH_SECRET")
    for param in ("", "?secret=", f"?secret={SECRET}"):
        reply = await publish(param=param)
        assert (reply.status_code, reply.json()["data"]["key"]) == (401, "no_secret_set")


async def test_without_the_check_anyone_publishes_and_is_still_tracked(
    house: House, publish: Publish
) -> None:
    await house.secrets.set_no_auth(True)
    assert (await publish(param="")).status_code == 200
    assert list(await house.registry.publishers()) == ["live/cam"]
    await house.secrets.set_no_auth(False)
    assert (await publish(client_id="p2", stream="other", param="")).status_code == 401


async def test_a_second_publisher_that_srs_refuses_leaves_the_first_one_live(
    house: House, publish: Publish
) -> None:
    await publish(client_id="first")
    assert (await publish(client_id="second")).status_code == 200
    assert (await house.registry.publishers())["live/cam"].client_id == "first"
    assert house.nudges, "the media server must be asked who is live"
    await house.post({"action": "on_close", "client_id": "second", "vhost": "", "app": "live"})
    assert (await house.registry.publishers())["live/cam"].client_id == "first"
    assert list(await house.registry.sessions()) == ["first"]
    assert await house.event_types() == ["stream.published"]
    await house.post({"action": "on_close", "client_id": "second", "vhost": "", "app": "live"})
    assert (await house.registry.publishers())["live/cam"].client_id == "first"


async def test_unpublish_of_the_owner_ends_the_stream_once(house: House, publish: Publish) -> None:
    await publish()
    for action in ("on_unpublish", "on_close"):
        body = {"action": action, "client_id": "p1", "app": "live", "stream": "cam"}
        assert (await house.post(body)).status_code == 200
    assert await house.registry.publishers() == {}
    assert await house.event_types() == [
        "stream.published",
        "stream.unpublished",
        "session.closed",
    ]


async def test_a_repeated_publish_counts_once(house: House, publish: Publish) -> None:
    await publish()
    await publish()
    assert await house.redis.hgetall("SRS_STAT_COUNTER") == {"publish": "1"}


async def test_a_kicked_stream_may_not_come_back_at_once(house: House, publish: Publish) -> None:
    await house.registry.block("live/cam", house.now(), house.clock_ms + 10_000)
    reply = await publish()
    assert reply.json()["data"]["key"] == "kicked"
    house.clock_ms += 10_000
    assert (await publish()).status_code == 200


async def test_active_streams_are_kept_as_srs_cloud_and_oryx_know_them(
    house: House, publish: Publish
) -> None:
    await publish()
    await publish(client_id="s1", stream="srt", tcUrl="srt://192.0.2.2/live")
    await publish(client_id="w1", stream="rtc", tcUrl="")
    active = await house.redis.hgetall("SRS_STREAM_ACTIVE")
    assert set(active) == {"live/cam", "live/srt", "live/rtc"}
    assert json.loads(active["live/cam"]) == {
        "vhost": "__defaultVhost__",
        "app": "live",
        "stream": "cam",
        "param": "?secret=***",
        "server_id": "vid-1",
        "client_id": "p1",
        "update": "1970-01-01T00:16:40Z",
    }
    assert list(await house.redis.hgetall("SRS_STREAM_SRT_ACTIVE")) == ["live/srt"]
    assert list(await house.redis.hgetall("SRS_STREAM_RTC_ACTIVE")) == ["live/rtc"]


async def test_a_vhost_of_its_own_is_part_of_the_stream_name(
    house: House, publish: Publish
) -> None:
    await publish(vhost="a.example")
    assert list(await house.registry.publishers()) == ["a.example/live/cam"]


async def test_viewers_are_counted_by_protocol(house: House) -> None:
    play = {"action": "on_play", "app": "live", "stream": "cam", "vhost": "__defaultVhost__"}
    await house.post(play | {"client_id": "v1", "tcUrl": "rtmp://h/live"})
    await house.post(play | {"client_id": "v1", "tcUrl": "rtmp://h/live"})
    await house.post(play | {"client_id": "v2", "tcUrl": "rtmp://__defaultVhost__/live"})
    assert await house.registry.viewers() == {"live/cam": {"rtmp": 1, "flv": 1}}
    for client_id in ("v1", "v1", "v2"):
        await house.post(play | {"action": "on_stop", "client_id": client_id})
    assert await house.registry.viewers() == {}


@pytest.mark.parametrize(
    "file",
    [
        "/etc/passwd",
        "/etc/x.ts",
        "../../../etc/x.ts",
        "/usr/local/srs/objs/nginx/html/../secret.ts",
        "/usr/local/srs/objs/nginx/html/live/cam.m3u8",
        "/usr/local/srs/objs/nginx/htmlx/live/cam.ts",
        "",
    ],
)
async def test_a_segment_elsewhere_is_refused(house: House, file: str) -> None:
    body = {"action": "on_hls", "client_id": "p1", "app": "live", "stream": "cam", "file": file}
    reply = await house.post(body)
    assert reply.status_code == 422
    assert await house.event_types() == []


@pytest.mark.parametrize(
    ("content", "status", "key"),
    [
        (b"", 400, "malformed_json"),
        (b"{", 400, "malformed_json"),
        (b"[]", 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'{"action":"on_dance","client_id":"x"}', 422, "invalid"),
        (b'{"action":"on_publish"}', 422, "invalid"),
        (b'{"action":"on_publish","client_id":["x"]}', 422, "invalid"),
        (b'{"action":"on_publish","client_id":"x","app":"live","stream":"../x"}', 422, "invalid"),
        (b'{"action":"on_publish","client_id":"x","app":"live","stream":"a/b"}', 422, "invalid"),
        (
            b'{"action":"on_publish","client_id":"x","app":"live","stream":"a\\u0000"}',
            422,
            "invalid",
        ),
        (b'{"action":"on_publish","client_id":"x","app":"","stream":"a"}', 422, "invalid"),
    ],
)
async def test_a_malformed_callback_is_refused_with_its_reason(
    house: House, content: bytes, status: int, key: str
) -> None:
    reply = await house.post(content)
    assert (reply.status_code, reply.json()["data"]["key"]) == (status, key)


async def test_unknown_fields_of_a_callback_are_ignored(publish: Publish) -> None:
    assert (await publish(brand_new={"deep": [1]})).status_code == 200


async def test_numbers_as_client_id_are_taken_as_text(house: House, publish: Publish) -> None:
    extra: dict[str, Any] = {"client_id": 107}
    assert (await publish(**extra)).status_code == 200
    assert list(await house.registry.sessions()) == ["107"]


async def test_everybody_new_is_refused_while_redis_is_away(
    house: House, publish: Publish, redis_server: SyncRedis
) -> None:
    redis_server.shutdown(nosave=True)
    reply = await publish()
    assert (reply.status_code, reply.json()["data"]["key"]) == (503, "redis_unavailable")


@pytest.mark.parametrize(
    ("first", "second", "counted"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("127.0.0.1", "127.0.0.1", False),
    ],
)
async def test_wrong_keys_count_by_address_and_by_network_of_ipv6(
    house: House, publish: Publish, first: str, second: str, counted: bool
) -> None:
    await house.limits.update({"max_attempts": 1})
    assert (await publish(param="?secret=wrong", ip=first)).status_code == 401
    right = await publish(client_id="p2", ip=second)
    assert (right.status_code != 200) == counted
    if counted:
        assert right.json()["data"]["key"] == "too_many_attempts"


async def test_a_live_stream_does_not_count_against_the_number_of_streams(
    house: House, publish: Publish
) -> None:
    await house.limits.update({"max_streams": 1})
    assert (await publish()).status_code == 200
    assert (await publish(client_id="again")).status_code == 200
    other = await publish(client_id="p2", stream="other")
    assert other.json()["data"]["key"] == "too_many_streams"


@pytest.mark.parametrize("kind", ["publish", "play"])
async def test_a_session_written_by_an_earlier_release_ends_well(house: House, kind: str) -> None:
    had = {
        "client_id": "old", "kind": kind, "state": "live", "protocol": "rtmp", "vhost": "", "app":
        "live", "stream": "cam", "url": "live/cam", "ip": "203.0.113.7", "since_ms": 5,
    }  # fmt: skip
    await house.redis.hset("STREAMSTEAD_SESSIONS", "old", json.dumps(had))
    await house.redis.hset("STREAMSTEAD_VIEWERS", "live/cam|rtmp", 1)
    assert (await house.registry.sessions())["old"].pass_id == ""
    assert (await house.registry.finish("old", house.now(), "on_stop")).yes
    assert await house.registry.sessions() == {}
