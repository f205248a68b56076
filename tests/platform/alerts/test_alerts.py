"""The alerts of the house with a real Redis: events in, events out, and nothing told twice."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from streamstead.core.errors import Invalid, NotFound
from streamstead.core.events import EventStream, EventType
from streamstead.core.registry import StreamRegistry
from streamstead.core.runner import background
from streamstead.core.settings import Settings
from streamstead.core.srs import SrsApi
from streamstead.platform.alerts.alerts import Alerts
from streamstead.platform.alerts.board import CLEAR_S, Readings
from streamstead.platform.alerts.messages import Letter
from streamstead.platform.alerts.models import NotifyKind
from streamstead.platform.alerts.notifier import Notifier
from streamstead.platform.alerts.notify_store import NotifyStore
from streamstead.platform.alerts.rules import Reading
from streamstead.platform.facts import Facts
from streamstead.platform.host import Host
from streamstead.platform.main import now_ms
from streamstead.platform.monitor.incidents import Incidents
from streamstead.platform.monitor.looks import Looks

from ...conftest import RedisServer

FIELDS = {"url": "https://example.com/x", "secret": "", "allow_private": "no"}
DOWN = {"service_down": [Reading("hooks", {"service": "hooks", "reason": "it ended"})]}
WELL: Readings = {"service_down": []}


@dataclass
class House:
    """One life of the platform, as far as alerts go. ``sent``: titles of messages."""

    alerts: Alerts
    events: EventStream
    redis: Redis
    incidents: Incidents
    sent: list[str] = field(default_factory=list)
    steady_s: float = 100.0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def deliver(
        self, _kind: NotifyKind, _fields: Mapping[str, str], what: Letter, _house: str
    ) -> tuple[bool, str]:
        self.sent.append(what.title)
        self.changed.set()
        return True, ""

    async def see(self, readings: Readings, after_s: float = 0) -> None:
        self.steady_s += after_s
        await self.alerts.update(readings)

    async def wait_for_sent(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.sent) < count:
                self.changed.clear()
                await self.changed.wait()

    async def told(self, type_: EventType) -> list[dict[str, Any]]:
        """Return the data of all events of a type."""
        found = []
        for _, fields in await self.redis.xrange(EventStream.KEY):
            if fields["type"] == type_:
                found.append(fields)
        return found

    async def tell(self, type_: EventType, **data: Any) -> None:
        now = now_ms()
        await self.events.append(f"{type_.value}:{now}:{data}", type_, now, "", data)


@asynccontextmanager
async def living(settings: Settings, redis: Redis) -> AsyncIterator[House]:
    events = EventStream(redis)
    async with httpx.AsyncClient(base_url="http://127.0.0.1:9") as client:
        host = Host(settings.data.mgmt_socket)
        facts = Facts(StreamRegistry(redis), SrsApi(client))
        looks = Looks(settings, redis, facts, host, now_ms)
        lives: list[House] = []
        notifier = Notifier(
            redis, NotifyStore(redis, b"k" * 32), lambda *of: lives[0].deliver(*of), now_ms
        )
        alerts = Alerts(settings, redis, events, looks, notifier, now_ms, lambda: lives[0].steady_s)
        house = House(alerts, events, redis, Incidents())
        lives.append(house)
        alerts.on_event(house.incidents.take)
        alerts.on_event(lambda _: house.changed.set())
        await alerts.load_all()
        async with background(notifier.run(), alerts.take_events()):
            await asyncio.sleep(0)
            yield house
        await looks.aclose()
        await host.aclose()


@pytest.fixture
async def house(settings: Settings, redis: Redis) -> AsyncIterator[House]:
    async with living(settings, redis) as found:
        await found.alerts.notifier.store.create(
            "me", "webhook", FIELDS, ["critical", "warning"], True, 1
        )
        yield found


async def test_an_alert_is_told_listed_and_over(house: House) -> None:
    await house.see(DOWN)
    assert [(one.id, one.state) for one in house.alerts.listed()] == [
        ("service_down:hooks", "pending")
    ]
    await house.see(DOWN, 10)
    await house.wait_for_sent(1)
    [alert] = house.alerts.listed()
    assert (alert.state, alert.level, alert.subject) == ("firing", "critical", "hooks")
    assert alert.message.key == "service_down"
    assert alert.text == "hooks does not run: it ended"
    assert house.alerts.counts().critical == 1
    assert len(await house.told(EventType.ALERT_FIRING)) == 1
    await house.see(WELL, 5)
    await house.see(WELL, CLEAR_S)
    await house.wait_for_sent(2)
    assert house.alerts.listed() == []
    [past] = house.alerts.history()
    assert (past.rule, past.subject, past.text) == ("service_down", "hooks", alert.text)
    assert past.ended_ms >= past.since_ms
    assert len(await house.told(EventType.ALERT_CLEARED)) == 1
    assert [one.split(": ", 1)[1] for one in house.sent] == [
        "CRITICAL: hooks does not run: it ended",
        "over: hooks does not run: it ended",
    ]


async def test_a_restart_neither_forgets_nor_tells_twice(
    house: House, settings: Settings, redis: Redis
) -> None:
    await house.see(DOWN)
    await house.see(DOWN, 10)
    await house.wait_for_sent(1)
    async with living(settings, redis) as after:
        assert [one.state for one in after.alerts.listed()] == ["firing"]
        await after.see(DOWN, 5)
        await after.see(DOWN, 30)
        assert after.sent == []
        await after.see(WELL, 5)
        await after.see(WELL, CLEAR_S)
        await after.wait_for_sent(1)
        assert "over: " in after.sent[0]
        assert len(await after.told(EventType.ALERT_FIRING)) == 1
    async with living(settings, redis) as third:
        assert third.alerts.listed() == []
        assert len(third.alerts.history()) == 1


async def test_without_redis_people_are_told_all_the_same_and_it_is_written_later(
    house: House, redis_process: RedisServer
) -> None:
    redis_process.kill()
    away = {"redis_down": [Reading("", {})]}
    await house.see(away)
    await house.see(away, 5)
    await house.wait_for_sent(1)
    assert "Redis" in house.sent[0]
    redis_process.start()
    await house.see({"redis_down": []}, 5)
    await house.see({"redis_down": []}, CLEAR_S)
    await house.wait_for_sent(2)
    assert len(await house.told(EventType.ALERT_FIRING)) == 1
    assert len(await house.told(EventType.ALERT_CLEARED)) == 1


async def until(house: House, check: Any) -> None:
    async with asyncio.timeout(60):
        while not check():
            house.changed.clear()
            await house.changed.wait()
            await asyncio.sleep(0)


async def test_what_events_tell_of_lasts_until_they_tell_of_its_end(
    settings: Settings, redis: Redis
) -> None:
    async with living(settings, redis) as house:
        await house.tell(EventType.BACKUP_FAILED, message="no room", help="x", key="y")
        await house.tell(
            EventType.STORAGE_FAILING, target_id="t1", label="Bucket", message="no key"
        )
        await until(house, lambda: len(house.alerts._latches.latches) == 2)
        house.alerts._looks.view.at_ms = now_ms()
        await house.alerts.judge(house.alerts._looks.view, None)
        assert {(one.rule, one.text) for one in house.alerts.listed()} == {
            ("backup_failed", "The last backup failed: no room"),
            ("upload_failing", "Uploads to Bucket fail: no key"),
        }
    async with living(settings, redis) as after:
        after.alerts._looks.view.at_ms = now_ms()
        await after.tell(EventType.BACKUP_CREATED, id="b1")
        await until(after, lambda: len(after.alerts._latches.latches) == 1)
        for _ in range(2):
            await after.alerts.judge(after.alerts._looks.view, None)
            after.steady_s += CLEAR_S
        assert [one.rule for one in after.alerts.listed()] == ["upload_failing"]


async def test_many_wrong_passwords_are_an_alert(house: House) -> None:
    view = house.alerts._looks.view
    for number in range(9):
        await house.tell(EventType.AUTH_REFUSED, number=number)
    await until(house, lambda: house.alerts._latches.refused(now_ms()) == 9)
    view.at_ms = now_ms()
    await house.alerts.judge(view, None)
    assert [one.text for one in house.alerts.listed()] == [
        "9 wrong passwords in the last 5 minutes."
    ]
    view.at_ms += 301_000
    house.steady_s += 60
    await house.alerts.judge(view, None)
    house.steady_s += CLEAR_S
    await house.alerts.judge(view, None)
    assert house.alerts.listed() == []


async def test_what_matters_is_remembered_as_incidents(house: House) -> None:
    await house.tell(EventType.UPGRADE_FINISHED, version="1.2.0")
    await house.tell(EventType.SEGMENT_READY, seq=1)
    await house.see(DOWN)
    await house.see(DOWN, 10)
    await until(house, lambda: len(house.incidents.newest()) == 2)
    newest = {one.key: one for one in house.incidents.newest()}
    assert newest["upgrade_finished"].params == {"version": "1.2.0"}
    firing = newest["alert_firing"]
    assert (firing.level, firing.event) == ("critical", "alert.firing")
    assert (firing.params["rule"], firing.params["service"]) == ("service_down", "hooks")


async def test_a_rule_is_changed_kept_and_reset(
    house: House, settings: Settings, redis: Redis
) -> None:
    changed = await house.alerts.update_rule("disk_low", {"threshold": 25.0, "for_s": 0}, False)
    assert (changed.threshold, changed.for_s, changed.changed) == (25.0, 0, True)
    disk = {"disk_low": [Reading("/", {"path": "/"}, 20.0)]}
    await house.see(disk)
    assert [one.rule for one in house.alerts.listed()] == ["disk_low"]
    async with living(settings, redis) as after:
        shown = {rule.rule: rule for rule in after.alerts.rules_shown()}
        assert shown["disk_low"].threshold == 25.0
        assert not shown["cpu_high"].changed
        back = await after.alerts.update_rule("disk_low", {}, True)
        assert (back.threshold, back.changed) == (10.0, False)


@pytest.mark.parametrize(
    ("rule", "threshold", "error"),
    [
        ("disk_low", 101, Invalid),
        ("disk_low", 0.5, Invalid),
        ("service_down", 5, Invalid),
        ("what", 5, NotFound),
    ],
)
async def test_a_rule_takes_only_what_makes_sense(
    house: House, rule: str, threshold: float, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await house.alerts.update_rule(rule, {"threshold": threshold}, False)


async def test_who_acknowledges_is_told_only_of_the_end(house: House) -> None:
    await house.see(DOWN)
    await house.see(DOWN, 10)
    await house.wait_for_sent(1)
    assert (await house.alerts.acknowledge("service_down:hooks")).acknowledged
    assert house.alerts.counts().critical == 1
    with pytest.raises(NotFound):
        await house.alerts.acknowledge("service_down:front")
