"""What the page asks of the statistics, and how wrong questions are answered."""

from typing import Any

import pytest

from streamstead.platform.main import now_ms

from .conftest import API, Page
from .visits import Visit

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


@pytest.fixture
async def now(page: Page) -> int:
    """A house with some sessions within the last hour; the present, in full seconds."""
    await page.initialise()
    now = now_ms() // 1000 * 1000
    visits = [
        Visit("p1", now - 50 * 60_000, None, kind="publish", protocol="rtmp"),
        Visit("v1", now - 40 * 60_000, now - 30 * 60_000, protocol="hls"),
        Visit("v2", now - 35 * 60_000, now - 20 * 60_000, protocol="flv"),
        Visit("v3", now - 10 * 60_000, None, protocol="hls", stream="door"),
    ]
    await page.services.stats.record([visit.began() for visit in visits])
    await page.services.stats.record([visit.ended() for visit in visits if visit.ended_ms])
    return now


async def ask(page: Page, path: str, **body: Any) -> dict[str, Any]:
    reply = await page.client.post(f"{API}/stats/{path}", json=body)
    assert reply.status_code == 200, reply.text
    data: dict[str, Any] = reply.json()["data"]
    return data


async def test_viewers_over_time(page: Page, now: int) -> None:
    data = await ask(page, "viewers", from_ms=now - HOUR_MS, to_ms=now, step_s=300)
    assert data["step_s"] == 300
    assert [point["viewers"] for point in data["points"]] == [0, 0, 0, 0, 1, 2, 1, 1, 0, 0, 1, 1]
    assert data["points"][4] == {"at_ms": now - HOUR_MS + 20 * 60_000, "viewers": 1, "peak": 1}
    assert (data["peak"], data["sessions"], data["watch_s"]) == (2, 3, (10 + 15 + 10) * 60)
    assert data["protocols"] == [
        {"protocol": "hls", "sessions": 2, "watch_s": 1200},
        {"protocol": "flv", "sessions": 1, "watch_s": 900},
    ]
    assert data["countries"] == [{"country": None, "sessions": 3}]


async def test_viewers_of_one_stream(page: Page, now: int) -> None:
    asked = {"app": "live", "stream": "door", "from_ms": now - HOUR_MS, "to_ms": now}
    data = await ask(page, "viewers", **asked)
    assert (data["step_s"], data["sessions"], data["watch_s"]) == (10, 1, 600)
    data = await ask(page, "viewers", **{**asked, "stream": "nobody"})
    assert (data["sessions"], data["peak"], data["countries"]) == (0, 0, [])


@pytest.mark.parametrize(
    ("range_ms", "step_s"),
    [(HOUR_MS, 10), (DAY_MS, 60), (7 * DAY_MS, 600), (30 * DAY_MS, 1_800), (90 * DAY_MS, 7_200)],
)
async def test_the_server_chooses_a_step_that_a_graph_can_show(
    page: Page, now: int, range_ms: int, step_s: int
) -> None:
    data = await ask(page, "viewers", from_ms=now - range_ms, to_ms=now)
    assert data["step_s"] == step_s
    assert 300 < len(data["points"]) <= 1_500


async def test_there_are_no_points_of_the_future(page: Page, now: int) -> None:
    data = await ask(page, "viewers", from_ms=now - HOUR_MS, to_ms=now + DAY_MS, step_s=60)
    assert 60 <= len(data["points"]) <= 63
    assert data["points"][-1]["viewers"] == 1
    data = await ask(page, "viewers", from_ms=now + DAY_MS, to_ms=now + 2 * DAY_MS)
    assert (data["points"], data["sessions"]) == ([], 0)


async def test_streams_most_watched_first(page: Page, now: int) -> None:
    data = await ask(page, "streams", from_ms=now - HOUR_MS, to_ms=now)
    assert data["streams"] == [
        {
            "app": "live",
            "stream": "cam",
            "sessions": 2,
            "watch_s": 1500,
            "peak": 2,
            "publish_s": 3000,
        },
        {
            "app": "live",
            "stream": "door",
            "sessions": 1,
            "watch_s": 600,
            "peak": 1,
            "publish_s": 0,
        },
    ]


async def test_sessions_page_by_page(page: Page, now: int) -> None:
    asked: dict[str, Any] = {"from_ms": now - HOUR_MS, "to_ms": now, "limit": 3}
    first = await ask(page, "sessions", **asked)
    assert [one["client_id"] for one in first["sessions"]] == ["v3", "v2", "v1"]
    rest = await ask(page, "sessions", **asked, cursor=first["cursor"])
    assert rest["cursor"] is None
    (publisher,) = rest["sessions"]
    assert publisher == {
        "client_id": "p1",
        "kind": "publish",
        "app": "live",
        "stream": "cam",
        "protocol": "rtmp",
        "ip": "203.0.113.77",
        "country": None,
        "user_agent": "VLC/3.0.18",
        "started_ms": now - 50 * 60_000,
        "ended_ms": None,
        "send_bytes": 0,
        "recv_bytes": 0,
        "reason": "",
    }
    whole = await ask(page, "sessions", **{**asked, "limit": 4})
    assert (len(whole["sessions"]), whole["cursor"]) == (4, None)
    only = await ask(page, "sessions", **asked, kind="play", app="live", stream="cam")
    assert [one["client_id"] for one in only["sessions"]] == ["v2", "v1"]


@pytest.mark.parametrize(
    ("path", "body", "key"),
    [
        ("viewers", {"from_ms": 5_000, "to_ms": 5_000}, "range_empty"),
        ("streams", {"from_ms": 5_000, "to_ms": 1_000}, "range_empty"),
        ("viewers", {"from_ms": 0, "to_ms": 91 * DAY_MS}, "range_too_long"),
        ("viewers", {"from_ms": 0, "to_ms": DAY_MS, "step_s": 10}, "step_too_short"),
        ("viewers", {"from_ms": 0, "to_ms": DAY_MS, "step_s": 0}, "invalid"),
        ("viewers", {"from_ms": -1, "to_ms": DAY_MS}, "invalid"),
        ("viewers", {"from_ms": 0, "to_ms": 1 << 70}, "invalid"),
        ("viewers", {"from_ms": 0}, "field_missing"),
        ("viewers", {"from_ms": 0, "to_ms": 5, "what": 1}, "unknown_field"),
        ("viewers", {"from_ms": 0, "to_ms": 5_000, "stream": "s" * 300}, "invalid"),
        ("sessions", {"from_ms": 0, "to_ms": 5_000, "limit": 1_001}, "invalid"),
        ("sessions", {"from_ms": 0, "to_ms": 5_000, "kind": "listen"}, "invalid"),
        ("sessions", {"from_ms": 0, "to_ms": 5_000, "cursor": "1.2.3"}, "bad_cursor"),
        ("sessions", {"from_ms": 0, "to_ms": 5_000, "cursor": "' OR 1"}, "bad_cursor"),
        ("sessions", {"from_ms": 0, "to_ms": 5_000, "cursor": "9" * 15 + "." + "9" * 15}, None),
        ("sessions", {"from_ms": 0, "to_ms": 5_000, "cursor": "0.0"}, None),
    ],
)
async def test_a_wrong_question_is_answered_by_name(
    page: Page, path: str, body: dict[str, Any], key: str | None
) -> None:
    await page.initialise()
    reply = await page.client.post(f"{API}/stats/{path}", json=body)
    assert reply.status_code == (422 if key else 200), reply.text
    assert key is None or reply.json()["data"]["key"] == key


async def test_statistics_need_a_session(page: Page) -> None:
    for path in ("viewers", "sessions", "streams"):
        reply = await page.client.post(f"{API}/stats/{path}", json={"from_ms": 0, "to_ms": 9})
        assert reply.status_code == 401, path
