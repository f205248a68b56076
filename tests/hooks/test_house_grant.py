"""Our own programs read protected streams and publish without a key; nobody else does."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamstead.core.house_grant import GRANT_S, HouseGrants, Way
from streamstead.core.play_rules import PlayKind
from streamstead.core.registry import Kind, Protocol, Session
from streamstead.core.signed import house_key

from .conftest import MASTER_KEY, House

Publish = Callable[..., Awaitable[httpx.Response]]
GRANTS = HouseGrants(house_key(MASTER_KEY))
URL = "live/cam"
LATER_MS = (GRANT_S + 2) * 1000


async def play(house: House, client_id: str, grant: str, **changes: Any) -> int:
    body = {
        "action": "on_play",
        "client_id": client_id,
        "ip": "127.0.0.1",
        "vhost": "__defaultVhost__",
        "app": "live",
        "stream": "cam",
        "tcUrl": "rtmp://127.0.0.1/live",
        "param": f"?grant={grant}",
    }
    return (await house.post(body | changes)).status_code


async def protect(house: House) -> None:
    await house.rules.change(URL, lambda rule: replace(rule, kind=PlayKind.PASS, phrase_hash=""))


async def test_a_protected_stream_is_read_without_being_a_viewer(house: House) -> None:
    await protect(house)
    grant = GRANTS.make(Way.PLAY, URL, house.clock_ms)
    assert await play(house, "relay-1", grant) == 200
    assert await house.registry.viewers() == {}
    assert "viewer.joined" not in await house.event_types()
    assert list(await house.registry.sessions()) == ["relay-1"]
    await house.post({"action": "on_stop", "client_id": "relay-1", "app": "live", "stream": "cam"})
    assert await house.registry.sessions() == {}
    assert "viewer.left" not in await house.event_types()


async def test_one_that_was_taken_for_a_viewer_at_first_is_none_afterwards(house: House) -> None:
    found = Session(
        *("relay-1", Kind.PLAY, Protocol.RTMP, "__defaultVhost__"),
        *("live", "cam", URL, "127.0.0.1", house.clock_ms),
    )
    await house.registry.found(found, house.clock_ms)
    assert await house.registry.viewers() != {}
    assert await play(house, "relay-1", GRANTS.make(Way.PLAY, URL, house.clock_ms)) == 200
    assert await house.registry.viewers() == {}
    assert (await house.event_types()).count("viewer.left") == 1
    assert (await house.registry.sessions())["relay-1"].kind is Kind.RELAY


async def test_a_grant_for_anything_else_lets_nobody_watch(house: House) -> None:
    await protect(house)
    now = house.clock_ms
    other_key = HouseGrants(house_key(b"x" * 32))
    for grant in (
        GRANTS.make(Way.PUBLISH, URL, now),
        GRANTS.make(Way.PLAY, "live/other", now),
        GRANTS.make(Way.PLAY, URL, now - LATER_MS),
        GRANTS.make(Way.PLAY, URL, now + LATER_MS),
        other_key.make(Way.PLAY, URL, now),
        GRANTS.make(Way.PLAY, URL, now)[:-1],
    ):
        assert await play(house, "stranger", grant) == 403
    assert await house.registry.sessions() == {}


async def test_our_own_publisher_needs_no_key(house: House, publish: Publish) -> None:
    grant = GRANTS.make(Way.PUBLISH, URL, house.clock_ms)
    reply = await publish(param=f"?grant={grant}", ip="127.0.0.1")
    assert reply.status_code == 200
    session = (await house.registry.publishers())[URL]
    assert session.key_id == "house"
    assert grant not in session.param


async def test_a_stream_that_is_switched_off_is_off_for_us_too(
    house: House, publish: Publish
) -> None:
    await house.registry.block(URL, house.clock_ms, house.clock_ms + 60_000)
    grant = GRANTS.make(Way.PUBLISH, URL, house.clock_ms)
    reply = await publish(param=f"?grant={grant}", ip="127.0.0.1")
    assert reply.json()["data"]["key"] == "kicked"


@pytest.mark.parametrize("way", [Way.PLAY, Way.PUBLISH])
async def test_a_wrong_grant_lets_nobody_publish(house: House, publish: Publish, way: Way) -> None:
    grant = GRANTS.make(way, "live/other", house.clock_ms)
    assert (await publish(param=f"?grant={grant}", ip="127.0.0.1")).status_code != 200
    assert await house.registry.publishers() == {}


async def test_a_grant_that_got_out_is_worth_nothing_elsewhere(
    house: House, publish: Publish
) -> None:
    await protect(house)
    grant = GRANTS.make(Way.PLAY, URL, house.clock_ms)
    for ip in ("203.0.113.7", "10.0.0.2", "::ffff:192.168.0.2", ""):
        assert await play(house, "stranger", grant, ip=ip) == 403
    for number, ip in enumerate(("127.0.0.1", "::1", "::ffff:127.0.0.1")):
        assert await play(house, f"ours-{number}", grant, ip=ip) == 200
    grant = GRANTS.make(Way.PUBLISH, URL, house.clock_ms)
    assert (await publish(param=f"?grant={grant}", ip="203.0.113.7")).status_code != 200


@given(st.text(max_size=60))
def test_no_other_text_is_a_grant(text: str) -> None:
    assert not GRANTS.accepts(Way.PLAY, URL, text, 1_000_000)
    assert not GRANTS.accepts(Way.PLAY, URL, f"house.{text}", 1_000_000)
