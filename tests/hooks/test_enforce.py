"""A changed rule counts for those who are watching or publishing already."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from streamstead.core.play_rules import DEFAULT, PlayKind
from streamstead.core.registry import Protocol
from streamstead.core.srs import SrsApi
from streamstead.hooks import gates as gates_module
from streamstead.hooks.enforce import HLS_PREFIX, OVER_S, SAMPLE_S, Enforcer
from streamstead.hooks.gate import PlayRequest

from .conftest import SECRET, House

pytestmark = pytest.mark.integration

URL = "live/cam"
SID = "a" * 32


@dataclass
class Media:
    """Notes who is disconnected, and tells how much streams have received."""

    kicked: list[str] = field(default_factory=list)
    received: dict[str, int] = field(default_factory=dict)
    away: bool = False
    asked: int = 0
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            raise httpx.ConnectError("refused")
        self.asked += 1
        self.was_asked.set()
        if request.method == "DELETE":
            self.kicked.append(request.url.path.rpartition("/")[2])
            return httpx.Response(200, json={"code": 0})
        streams = [
            {"id": url, "name": url, "vhost": "v", "app": "live", "url": f"/{url}",
             "recv_bytes": received, "publish": {"active": True, "cid": "p1"}}
            for url, received in self.received.items()
        ]  # fmt: skip
        return httpx.Response(200, json={"code": 0, "streams": streams})


class Gates(gates_module.Gates):
    """Notes what is shut."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.closed: list[tuple[str, str, str]] = []

    def close(self, app: str, stream: str, sid: str) -> bool:
        self.closed.append((app, stream, sid))
        return super().close(app, stream, sid)


@pytest.fixture
def media() -> Media:
    return Media()


@pytest.fixture
def gates(tmp_path: Path) -> Gates:
    return Gates(tmp_path / "gates")


@pytest.fixture
async def enforcer(house: House, media: Media, gates: Gates) -> AsyncIterator[Enforcer]:
    transport = httpx.MockTransport(media.answer)
    async with httpx.AsyncClient(transport=transport, base_url="http://srs") as client:
        yield Enforcer(
            house.registry, house.rules, house.passes, house.known, house.secrets, house.keys,
            house.limits, SrsApi(client), gates, house.now,
        )  # fmt: skip


async def watch(house: House, client_id: str, protocol: Protocol, token: str = "") -> None:
    await house.gate.play(
        PlayRequest("live", "cam", protocol, "203.0.113.9", client_id, pass_token=token)
    )


async def publish(house: House, client_id: str = "p1", **changes: Any) -> None:
    body = {
        "action": "on_publish", "client_id": client_id, "ip": "203.0.113.7", "app": "live",
        "vhost": "__defaultVhost__", "stream": "cam", "param": f"?secret={SECRET}",
        "tcUrl": "rtmp://h/live",
    } | changes  # fmt: skip
    assert (await house.post(body)).status_code == 200


async def reasons(house: House, event_type: str) -> list[str]:
    entries = await house.redis.xrange("STREAMSTEAD_EVENTS")
    return [json.loads(f["data"])["reason"] for _, f in entries if f["type"] == event_type]


async def test_a_stream_that_becomes_protected_loses_those_without_a_pass(
    house: House, enforcer: Enforcer, media: Media, gates: Gates
) -> None:
    made = await house.passes.create(URL, "live", "cam", "guest", 0)
    token = house.signer.token(made.id, URL, None)
    await house.rules.change(URL, lambda rule: replace(rule, kind=PlayKind.PASS))
    await watch(house, "guest", Protocol.RTMP, token)
    await house.rules.change(URL, lambda rule: replace(rule, kind=PlayKind.PUBLIC))
    await watch(house, "rtmp", Protocol.RTMP)
    await watch(house, f"{HLS_PREFIX}{SID}", Protocol.HLS)
    await house.rules.change(URL, lambda rule: replace(rule, kind=PlayKind.PASS))
    assert await enforcer.viewers(URL) == 2
    assert media.kicked == ["rtmp"]
    assert gates.closed == [("live", "cam", SID)]
    assert list(await house.registry.sessions()) == ["guest"]
    assert await reasons(house, "viewer.left") == ["pass_missing", "pass_missing"]


async def test_a_viewer_who_asks_the_media_server_for_a_playlist_is_cut_there(
    house: House, enforcer: Enforcer, media: Media, gates: Gates
) -> None:
    await watch(house, "c1", Protocol.HLS)
    await house.rules.change(URL, lambda rule: replace(rule, kind=PlayKind.PASS))
    assert await enforcer.viewers(URL) == 1
    assert media.kicked == ["c1"]
    assert gates.closed == []


async def test_a_revoked_pass_cuts_its_viewers_and_no_others(
    house: House, enforcer: Enforcer, media: Media
) -> None:
    await house.rules.change(DEFAULT, lambda rule: replace(rule, kind=PlayKind.PASS))
    passes = [await house.passes.create(URL, "live", "cam", name, 0) for name in ("a", "b")]
    for one in passes:
        await watch(house, one.label, Protocol.FLV, house.signer.token(one.id, URL, None))
    await house.passes.revoke(passes[0].id)
    assert await enforcer.viewers() == 1
    assert media.kicked == ["a"]
    assert await reasons(house, "viewer.left") == ["pass_revoked"]


async def test_public_streams_cost_no_look_at_their_viewers(
    house: House, enforcer: Enforcer, media: Media
) -> None:
    await watch(house, "v1", Protocol.RTMP)
    assert await enforcer.viewers() == 0
    assert media.asked == 0


async def test_a_media_server_that_is_away_leaves_the_cut_for_the_next_time(
    house: House, enforcer: Enforcer, media: Media
) -> None:
    await watch(house, "v1", Protocol.RTMP)
    await house.rules.change(URL, lambda rule: replace(rule, kind=PlayKind.PASS))
    media.away = True
    await enforcer.viewers(URL)
    assert list(await house.registry.sessions()) == ["v1"]
    media.away = False
    await enforcer.viewers()
    assert media.kicked == ["v1"]


async def test_publishers_leave_when_their_key_or_stream_no_longer_counts(
    house: House, enforcer: Enforcer, media: Media
) -> None:
    await house.known.ensure("live", "cam", 0)
    key, secret = await house.keys.create("live", "cam", "studio", None, 0)
    await publish(house, param=f"?secret={secret}")
    await publish(house, "p2", stream="other")
    await enforcer.publishers()
    assert media.kicked == []
    await house.keys.update(key.id, {"enabled": False})
    await enforcer.publishers(URL)
    assert media.kicked == ["p1"]
    await house.limits.update({"known_only": True})
    await enforcer.publishers()
    assert media.kicked == ["p1", "p2"]
    assert await house.registry.publishers() == {}
    assert await reasons(house, "stream.kicked") == ["rule_changed", "rule_changed"]


async def test_a_removed_room_ends_its_publisher(
    house: House, enforcer: Enforcer, media: Media
) -> None:
    await house.redis.hset("SRS_AUTH_SECRET", "room-pub-cam", "room-secret")
    await publish(house, param="?secret=room-secret")
    await enforcer.publishers()
    assert media.kicked == []
    await house.redis.hdel("SRS_AUTH_SECRET", "room-pub-cam")
    await enforcer.publishers()
    assert media.kicked == ["p1"]


async def test_a_rotated_key_ends_its_publisher(
    house: House, enforcer: Enforcer, media: Media
) -> None:
    await house.known.ensure("live", "cam", 0)
    key, secret = await house.keys.create("live", "cam", "studio", None, 0)
    await publish(house, param=f"?secret={secret}")
    await house.keys.rotate(key.id, house.now())
    await enforcer.publisher_of_key(key.id)
    assert media.kicked == ["p1"]


async def sample(enforcer: Enforcer, house: House, rounds: int, media: Media, kbps: int) -> None:
    """Let time pass in which the stream receives so much."""
    over: dict[str, int] = {}
    received: dict[str, tuple[int, int]] = {}
    for _ in range(rounds):
        await enforcer._look_at_bitrates(over, received)
        house.clock_ms += int(SAMPLE_S * 1000)
        media.received[URL] = media.received.get(URL, 0) + int(kbps * SAMPLE_S * 1000 / 8)


ENOUGH = int(OVER_S / SAMPLE_S) + 2


@pytest.mark.parametrize(("own", "general"), [(1000, 0), (0, 1000), (1000, 100)])
async def test_a_stream_over_its_bitrate_for_ten_seconds_is_kicked_and_kept_away(
    house: House, enforcer: Enforcer, media: Media, own: int, general: int
) -> None:
    await house.limits.update({"max_kbps": general})
    await house.known.ensure("live", "cam", 0)
    await house.known.update(URL, {"max_kbps": own})
    await publish(house)
    await sample(enforcer, house, ENOUGH - 2, media, 1500)
    assert media.kicked == []
    await sample(enforcer, house, ENOUGH, media, 1500)
    assert media.kicked == ["p1"]
    assert await reasons(house, "stream.kicked") == ["bitrate_too_high"]
    reply = await house.post(
        {"action": "on_publish", "client_id": "p9", "app": "live", "stream": "cam",
         "vhost": "__defaultVhost__", "param": f"?secret={SECRET}"}
    )  # fmt: skip
    assert reply.json()["data"]["key"] == "kicked"


async def test_a_short_burst_and_an_unlimited_stream_go_on(
    house: House, enforcer: Enforcer, media: Media
) -> None:
    await publish(house)
    await sample(enforcer, house, ENOUGH, media, 9000)
    assert media.asked == 0, "without a limit nobody is asked"
    await house.limits.update({"max_kbps": 1000})
    for kbps in (1500, 500) * 4:
        await sample(enforcer, house, 3, media, kbps)
    assert media.kicked == []


async def test_who_begins_to_publish_is_looked_at_at_once(
    house: House, enforcer: Enforcer, media: Media
) -> None:
    await house.limits.update({"max_kbps": 1000})
    media.received[URL] = 0
    house.began = enforcer.look_at_limits
    watching = asyncio.create_task(enforcer.watch_bitrates())
    try:
        await asyncio.sleep(0.2)
        assert media.asked == 0, "nobody publishes"
        await publish(house)
        async with asyncio.timeout(60):
            await media.was_asked.wait()
    finally:
        watching.cancel()
