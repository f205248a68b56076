"""Who watches, and disconnecting one of them."""

import random

import pytest

from ..conftest import SECRET
from .conftest import Api

CAM = {"app": "live", "stream": "cam"}


async def test_a_viewer_is_shown_with_its_pass_and_bytes(api: Api) -> None:
    made = await api.good("play/passes/create", {**CAM, "label": "guest"})
    await api.good("play/rule/update", {**CAM, "kind": "pass"})
    assert await api.play(made["token"]) == ""
    await api.house.registry.sample_bytes({"v1": (12345, 6)}, api.house.now())
    page = await api.good("viewers/query")
    assert page == {
        "viewers": [
            {
                "client_id": "v1",
                **CAM,
                "url": "live/cam",
                "protocol": "rtmp",
                "ip": "203.0.113.50",
                "user_agent": "VLC/3.0",
                "since_ms": page["viewers"][0]["since_ms"],
                "pass_id": made["pass"]["id"],
                "pass_label": "guest",
                "send_bytes": 12345,
            }
        ],
        "total": 1,
        "cursor": None,
    }


async def test_what_is_not_known_of_a_viewer_is_null(api: Api) -> None:
    assert await api.publish(SECRET) == ""
    assert await api.play() == ""
    page = await api.good("viewers/query", CAM)
    assert page["total"] == 1, "a publisher is no viewer"
    [viewer] = page["viewers"]
    assert (viewer["pass_id"], viewer["pass_label"], viewer["send_bytes"]) == ("", None, None)


async def test_pages_show_every_viewer_once_the_newest_first(api: Api) -> None:
    names = [f"v{number}" for number in range(1300)]
    random.Random(1).shuffle(names)
    for name in names:
        assert await api.play(client_id=name, stream=f"cam{len(name)}") == ""
    seen: list[str] = []
    cursor, pages = None, 0
    while True:
        page = await api.good("viewers/query", {"limit": 500, "cursor": cursor})
        assert page["total"] == 1300
        seen += [one["client_id"] for one in page["viewers"]]
        cursor, pages = page["cursor"], pages + 1
        if cursor is None:
            break
    assert (seen, pages) == (names[::-1], 3)
    mine = await api.good("viewers/query", {"app": "live", "stream": "cam2", "limit": 1000})
    assert {one["client_id"] for one in mine["viewers"]} == {f"v{n}" for n in range(10)}
    assert mine["total"] == 10
    assert (await api.good("viewers/query", {"app": "nothing"}))["total"] == 0


async def test_viewers_who_came_in_the_same_millisecond_are_all_shown(api: Api) -> None:
    names = [f"v{number}" for number in range(7)]
    for name in names:
        api.house.clock_ms = 5_000
        assert await api.play(client_id=name) == ""
    seen, cursor = [], None
    for _ in names:
        page = await api.good("viewers/query", {"limit": 1, "cursor": cursor})
        seen += [one["client_id"] for one in page["viewers"]]
        cursor = page["cursor"]
    assert (sorted(seen), cursor) == (names, None)


@pytest.mark.parametrize(
    "body", [{"limit": 0}, {"limit": 1001}, {"cursor": "x"}, {"cursor": ":"}, {"cursor": "²:a"}]
)
async def test_a_bad_page_is_refused(api: Api, body: dict[str, object]) -> None:
    assert await api.bad("viewers/query", body) == (422, "invalid")


async def test_a_kicked_viewer_may_come_back_after_its_time(api: Api) -> None:
    for client_id in ("v1", "v2"):
        assert await api.play(client_id=client_id) == ""
    assert await api.good("viewers/kick", {"client_id": "v1", "block_s": 60}) is None
    assert api.media.kicked == ["v1"]
    assert list(await api.house.registry.sessions()) == ["v2"]
    assert await api.play(client_id="v3") == "viewer_blocked"
    assert await api.play(client_id="v3", stream="other") == ""
    api.house.clock_ms += 60_000
    assert await api.play(client_id="v4") == ""
    assert "viewer.kicked" in await api.house.event_types()


async def test_a_kick_without_a_block_lets_it_come_back_at_once(api: Api) -> None:
    assert await api.play() == ""
    await api.good("viewers/kick", {"client_id": "v1", "block_s": 0})
    assert await api.play(client_id="v2") == ""


async def test_kicking_an_hls_viewer_shuts_its_gate_and_no_other(api: Api) -> None:
    sids = ["ab" * 16, "cd" * 16]
    for sid in sids:
        api.gates.open("live", "cam", sid)
        assert await api.play(client_id=f"hls-{sid}", protocol="hls") == ""
    await api.good("viewers/kick", {"client_id": f"hls-{sids[0]}"})
    assert [api.gates.is_open("live", "cam", sid) for sid in sids] == [False, True]
    assert api.media.kicked == []
    assert list(await api.house.registry.sessions()) == [f"hls-{sids[1]}"]


async def test_a_viewer_is_kicked_once_and_a_publisher_never(api: Api) -> None:
    assert await api.publish(SECRET) == ""
    assert await api.play() == ""
    await api.good("viewers/kick", {"client_id": "v1"})
    for client_id in ("v1", "p1", "nobody"):
        assert await api.bad("viewers/kick", {"client_id": client_id}) == (404, "viewer_unknown")
    assert api.media.kicked == ["v1"]
