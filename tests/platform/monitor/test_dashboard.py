"""The calls of the dashboard and of alerts as the page makes them."""

import asyncio
from typing import Any

import pytest
from sse_starlette import ServerSentEvent

from streamstead.core.runner import background
from streamstead.platform.alerts.board import Active
from streamstead.platform.host import HostStatus, ServiceState
from streamstead.platform.monitor.exporter import MAX_STREAMS, OTHERS, platform_figures
from streamstead.platform.monitor.looks import View
from streamstead.platform.monitor.sentence import sentence

from ..conftest import API, Page


@pytest.fixture
async def owner(page: Page) -> Page:
    await page.initialise()
    return page


async def call(page: Page, path: str, **body: Any) -> Any:
    """Return the data of a good answer, or (status, key) of a bad one."""
    reply = await page.client.post(f"{API}/{path}", json=body)
    said = reply.json()
    return said["data"] if said["code"] == 0 else (reply.status_code, said["data"]["key"])


def active(rule: str, level: Any = "critical", acknowledged: bool = False) -> Active:
    return Active(rule, "", level, 1, {"x": 1}, firing=True, acknowledged=acknowledged)


def test_the_sentence_says_the_worst_first_and_then_what_goes_on() -> None:
    well = sentence([], 2, 7, 1, 1)
    assert (well.level, [part.key for part in well.parts]) == (
        "ok",
        ["all_well", "streams_live", "outputs_live", "recording"],
    )
    assert well.parts[1].params == {"count": 2, "viewers": 7}
    bad = sentence([active("redis_down"), active("cpu_high", "warning")], 0, 0, 0, 0)
    assert (bad.level, [part.key for part in bad.parts]) == (
        "bad",
        ["redis_down", "cpu_high", "nobody_live"],
    )
    known = sentence(
        [active("redis_down", acknowledged=True), active("cpu_high", "warning")], *[0] * 4
    )
    assert (known.level, [part.key for part in known.parts][:2]) == (
        "warn",
        ["cpu_high", "redis_down"],
    )
    many = sentence([active(f"rule{n}") for n in range(5)], 0, 0, 0, 0)
    assert (many.parts[3].key, many.parts[3].params) == ("more_alerts", {"count": 2})
    assert sentence([active("traffic_forecast", "info")], 0, 0, 0, 0).level == "ok"
    assert sentence(None, 0, 0, 0, 0).parts[0].key == "starting"


async def test_the_summary_has_the_machine_and_who_is_live(owner: Page) -> None:
    await owner.publish()
    owner.media.streams = []
    await owner.services.monitor.looks.look()
    found = await call(owner, "dashboard/summary")
    assert found["streams"] == 1
    assert found["memory"]["total_bytes"] > found["memory"]["used_bytes"] > 0
    assert found["disks"][0]["path"] == str(owner.services.data.root)
    assert found["uptime_s"] > 0
    assert found["prometheus"] == {"on": False, "reason": "the manager does not answer"}
    assert found["traffic"]["quota_bytes"] is None
    assert found["sentence"]["parts"][0]["key"] == "starting"


async def test_series_are_our_own_while_prometheus_is_off(owner: Page) -> None:
    await owner.services.monitor.looks.look()
    found = await call(owner, "dashboard/series", range="1h", names=["cpu", "streams", "cpu"])
    assert (found["source"], found["step_s"]) == ("own", 15)
    assert [line["name"] for line in found["series"]] == ["cpu", "streams"]
    points = found["series"][1]["points"]
    assert 240 <= len(points) <= 242
    assert [value for _, value in points if value is not None] == [0.0]
    assert found["from_ms"] == points[0][0]
    for range_ in ("6h", "24h", "7d", "30d"):
        found = await call(owner, "dashboard/series", range=range_)
        assert len(found["series"]) == 10
        assert all(len(line["points"]) <= 362 for line in found["series"])
    assert await call(owner, "dashboard/series", names=["x"]) == (422, "invalid")


async def test_the_quota_is_set_kept_and_taken_away(owner: Page) -> None:
    found = await call(owner, "traffic/query")
    assert (found["quota_gb"], found["resets_on_day"], found["count"]) == (None, 1, "out")
    interface = found["interfaces"][0]
    body = {"quota_gb": 1000, "resets_on_day": 15, "count": "both", "interface": interface}
    found = await call(owner, "traffic/update", **body)
    assert found["traffic"]["quota_bytes"] == 1_000_000_000_000
    assert found["traffic"]["month"].endswith("-15")
    found = await call(owner, "traffic/update", resets_on_day=3)
    assert (found["quota_gb"], found["resets_on_day"], found["interface"]) == (1000, 3, interface)
    assert (await call(owner, "traffic/update", quota_gb=None))["quota_gb"] is None
    assert await call(owner, "traffic/update", interface="eth99") == (422, "traffic_interface")
    assert await call(owner, "traffic/update", resets_on_day=29) == (422, "invalid")


async def test_targets_are_made_changed_listed_and_removed(owner: Page) -> None:
    fields = {"host": "smtp.example.com", "from": "a@example.com", "to": "b@example.com"}
    secret = {"user": "me", "password": "t0psecret"}
    made = await call(
        owner,
        "notify/create",
        label="Mail",
        kind="email",
        fields=fields | secret,
        levels=["warning", "critical"],
    )
    assert (made["hint"], made["levels"]) == (
        "b@example.com by smtp.example.com",
        ["critical", "warning"],
    )
    assert made["fields"]["port"] == "587"
    assert made["last"] is None
    changed = await call(
        owner, "notify/update", id=made["id"], label="New", fields={"port": "25", "password": ""}
    )
    assert (changed["label"], changed["fields"]["port"], changed["enabled"]) == ("New", "25", True)
    assert changed["language"] == "en"
    changed = await call(owner, "notify/update", id=made["id"], language="zh")
    assert (changed["label"], changed["language"]) == ("New", "zh")
    assert await call(owner, "notify/update", id=made["id"], language="xx") == (422, "invalid")
    store = owner.services.monitor.alerts.notifier.store
    assert store.fields(store.get(made["id"]))["password"] == "t0psecret"
    listed = await call(owner, "notify/list")
    assert listed["targets"] == [changed]
    assert "t0psecret" not in str(listed)
    assert {one["kind"] for one in listed["kinds"]} == {
        "webhook",
        "discord",
        "email",
        "telegram",
        "ntfy",
        "other",
    }
    assert await call(owner, "notify/remove", id=made["id"]) is None
    for path in ("remove", "update", "test"):
        assert await call(owner, f"notify/{path}", id=made["id"]) == (404, "notify_unknown")


@pytest.mark.parametrize(
    ("kind", "fields", "key"),
    [
        ("webhook", {"url": "http://127.0.0.1/x"}, "outbound_private_address"),
        ("webhook", {"url": "ftp://example.com"}, "outbound_bad_url"),
        ("email", {"host": "x"}, "notify_field"),
        ("other", {"url": "file:///etc/passwd"}, "notify_scheme"),
        ("pager", {}, "invalid"),
    ],
)
async def test_targets_that_cannot_be_are_refused(
    owner: Page, kind: str, fields: dict[str, str], key: str
) -> None:
    body = {"label": "x", "kind": kind, "fields": fields, "levels": ["critical"]}
    assert await call(owner, "notify/create", **body) == (422, key)
    assert (await call(owner, "notify/list"))["targets"] == []


async def test_a_test_that_fails_says_why(owner: Page) -> None:
    made = await call(
        owner,
        "notify/create",
        label="x",
        kind="webhook",
        fields={"url": "http://127.0.0.1:9/", "allow_private": "yes"},
        levels=[],
    )
    tested = await call(owner, "notify/test", id=made["id"])
    assert not tested["ok"]
    assert "127.0.0.1 cannot be connected to" in tested["message"]
    [target] = (await call(owner, "notify/list"))["targets"]
    assert not target["last"]["ok"]


async def test_alerts_are_listed_acknowledged_and_their_rules_changed(owner: Page) -> None:
    rules = (await call(owner, "alerts/rules/list"))["rules"]
    assert len(rules) == len({rule["rule"] for rule in rules}) > 30
    changed = await call(owner, "alerts/rules/update", rule="redis_down", for_s=0, level="warning")
    assert (changed["level"], changed["for_s"], changed["changed"]) == ("warning", 0, True)
    alerts = owner.services.monitor.alerts
    await alerts.load_all()
    await alerts.judge(View(at_ms=1_700_000_000_000, redis_away_s=1), None)
    [alert] = (await call(owner, "alerts/list"))["alerts"]
    assert (alert["id"], alert["state"], alert["level"]) == ("redis_down:", "firing", "warning")
    assert (await call(owner, "alerts/ack", id=alert["id"]))["acknowledged"]
    assert await call(owner, "alerts/ack", id="x:") == (404, "alert_over")
    assert await call(owner, "alerts/rules/update", rule="cpu_high", threshold=1000) == (
        422,
        "alert_threshold",
    )


async def test_every_call_needs_a_session(page: Page) -> None:
    for path in (
        "dashboard/summary",
        "dashboard/series",
        "traffic/query",
        "traffic/update",
        "alerts/list",
        "alerts/ack",
        "alerts/rules/list",
        "alerts/rules/update",
        "notify/list",
        "notify/create",
        "notify/update",
        "notify/remove",
        "notify/test",
    ):
        body = {"id": "x", "rule": "x", "label": "", "kind": "webhook", "fields": {}, "levels": []}
        reply = await page.client.post(f"{API}/{path}", json=body)
        assert reply.status_code == 401, path


async def test_an_open_page_is_told_the_summary_and_every_change_of_alerts(owner: Page) -> None:
    monitor = owner.services.monitor
    monitor.looks._every_s = 0.5
    names: list[str] = []

    def has(event: ServerSentEvent, name: str) -> bool:
        names.append(str(event.event))
        return event.event == name

    async with background(*monitor.loops()):
        pages = owner.services.feed.pages()
        async with asyncio.timeout(60):
            async for event in pages:
                if has(event, "summary"):
                    break
            await monitor.alerts.update_rule("manager_down", {"for_s": 0}, False)
            async for event in pages:
                if has(event, "alerts") and "manager_down" in str(event.data):
                    break
        await pages.aclose()
    assert owner.services.feed.pages_open == 0


async def test_the_figures_of_the_platform_have_few_labels(owner: Page) -> None:
    for number in range(MAX_STREAMS + 5):
        await owner.publish(f"s{number}", f"p{number}")
    monitor = owner.services.monitor
    await monitor.looks.look()
    monitor.view.services = [
        ServiceState(name="hooks", state="running", since_ms=1, restarts=2),
        ServiceState(name="front", state="backoff", since_ms=1),
        ServiceState(name="prometheus", state="off", since_ms=1),
    ]
    monitor.view.host = HostStatus()
    found = {family.name: family for family in await platform_figures(monitor)()}
    viewers = found["streamstead_stream_viewers"].samples
    assert len(viewers) == MAX_STREAMS + 1
    assert viewers[-1].labels["stream"] == OTHERS
    assert found["streamstead_streams_live"].samples[0].value == MAX_STREAMS + 5
    up = {one.labels["service"]: one.value for one in found["streamstead_service_up"].samples}
    assert up == {"hooks": 1.0, "front": 0.0}
    assert found["streamstead_redis_up"].samples[0].value == 1
    reply = await owner.client.get("/metrics")
    assert reply.headers["content-type"].startswith("text/plain")
    assert "process_resident_memory_bytes" in reply.text
    assert "/metrics" not in str((await owner.client.get("/terraform/v1/openapi.json")).text)
