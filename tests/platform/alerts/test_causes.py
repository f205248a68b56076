"""What each rule is told of a house in a given state."""

from dataclasses import replace
from pathlib import Path

import pytest

from streamstead.core.events import Event, EventType
from streamstead.core.paths import DataDir
from streamstead.platform.alerts.causes import Causes
from streamstead.platform.alerts.latches import Latches
from streamstead.platform.alerts.rules import RULES, Reading
from streamstead.platform.facts import Stream, Viewers
from streamstead.platform.host import ServiceState
from streamstead.platform.monitor.looks import View
from streamstead.platform.monitor.machine import DiskFacts, Machine, MachineFacts
from streamstead.platform.monitor.models import Traffic
from streamstead.platform.monitor.output_facts import OutputFacts, TroubledOutput
from streamstead.platform.monitor.redis_facts import RedisFacts
from streamstead.platform.monitor.scrape import parse
from streamstead.platform.monitor.slow_facts import SlowFacts, _longest_gap_days

NOW_MS = 1_700_000_000_000
DAY_MS = 86_400_000
HOUR_MS = 3_600_000


@pytest.fixture
def causes(data_dir: Path) -> Causes:
    return Causes(DataDir(data_dir), Latches())


@pytest.fixture
def machine(tmp_path: Path) -> MachineFacts:
    return Machine(tmp_path).look()


def service(name: str, state: str, since_s: float = 60, restarts: int = 0) -> ServiceState:
    since_ms = NOW_MS - round(since_s * 1000)
    return ServiceState(name=name, state=state, since_ms=since_ms, restarts=restarts, detail="why")


def wrong(causes: Causes, view: View, traffic: Traffic | None = None) -> set[str]:
    """Return the ids of what would fire sooner or later."""
    view.at_ms = view.at_ms or NOW_MS
    return {
        f"{name}:{one.subject}"
        for name, found in causes.readings(view, traffic).items()
        for one in found or ()
        if RULES[name].holds(one.value, False)
    }


def test_nothing_is_wrong_with_a_house_nobody_has_looked_at(causes: Causes) -> None:
    assert wrong(causes, View()) == set()


def test_programs_that_do_not_run(causes: Causes) -> None:
    view = View(
        services=[
            service("hooks", "running"),
            service("front", "backoff", restarts=2),
            service("media", "failed"),
            service("redis", "starting", restarts=1),
            service("recorder", "unhealthy"),
            service("prometheus", "off"),
            service("platform", "starting", since_s=30),
            service("node_exporter", "starting", since_s=300),
        ]
    )
    assert wrong(causes, view) == {
        "service_down:front",
        "service_down:recorder",
        "monitoring_down:node_exporter",
        "media_down:media",
    }


def test_a_house_that_is_being_stopped_is_not_alarming(causes: Causes, data_dir: Path) -> None:
    DataDir(data_dir).stop_mark.touch()
    view = View(services=[service("hooks", "stopped")], host_away_s=60, redis_away_s=60)
    assert wrong(causes, view) == set()


def test_a_program_that_is_started_again_and_again(causes: Causes) -> None:
    found: set[str] = set()
    for restarts in range(6):
        view = View(services=[service("hooks", "running", restarts=restarts)])
        view.at_ms = NOW_MS + restarts * 60_000
        found = wrong(causes, view)
    assert found == {"service_restarting:hooks"}
    view.at_ms = NOW_MS + 20 * 60_000
    assert wrong(causes, view) == set()
    # The manager began anew and counts from nothing.
    view.services = [service("hooks", "running", restarts=0)]
    assert wrong(causes, view) == set()


def test_the_manager_and_redis_away(causes: Causes) -> None:
    assert wrong(causes, View(host_away_s=3, redis_away_s=3)) == {"manager_down:", "redis_down:"}


def test_an_upgrade_may_replace_the_manager_in_peace(data_dir: Path) -> None:
    latches = Latches()
    causes = Causes(DataDir(data_dir), latches)
    away, gone = View(host_away_s=20), View(host_away_s=100)
    latches.take(Event("1-0", "", EventType.UPGRADE_STARTED, NOW_MS, "", {}))
    assert wrong(causes, away) == set()
    assert wrong(causes, gone) == {"manager_down:"}
    assert wrong(causes, View(at_ms=NOW_MS + HOUR_MS, host_away_s=20)) == {"manager_down:"}
    latches.take(Event("2-0", "", EventType.UPGRADE_FINISHED, NOW_MS, "", {}))
    assert wrong(causes, away) == {"manager_down:"}


def test_redis_that_does_not_save_and_readers_that_lag(causes: Causes) -> None:
    redis = RedisFacts(90, 100, 5, 5, "the append-only file cannot be written", {"stats": 2001})
    assert wrong(causes, View(redis=redis)) == {
        "redis_not_saving:",
        "redis_memory:",
        "events_behind:stats",
    }
    well = RedisFacts(10, 100, 5, 5, "", {"stats": 10})
    assert wrong(causes, View(redis=well)) == set()


def test_disks_memory_and_clock(causes: Causes, machine: MachineFacts) -> None:
    bad = replace(
        machine,
        cpu_percent=99,
        load1=100.0,
        memory_used=95,
        memory_total=100,
        swap_used=80,
        swap_total=100,
        jumped_s=-30.0,
        disks=(DiskFacts("/data", 97, 100), DiskFacts("/", 92, 100)),
    )
    assert wrong(causes, View(machine=bad, full_in_days=1.5)) == {
        "disk_critical:/data",
        "disk_low:/data",
        "disk_low:/",
        "disk_filling:/data",
        "memory_high:",
        "swap_high:",
        "cpu_high:",
        "load_high:",
        "clock_jumped:",
    }


def test_a_jump_of_the_clock_is_shown_for_a_while(causes: Causes, machine: MachineFacts) -> None:
    well = replace(machine, disks=(DiskFacts("/", 1, 100),), cpu_percent=1, load1=0.1)
    view = View(machine=replace(well, jumped_s=30.0), at_ms=NOW_MS)
    assert "clock_jumped:" in wrong(causes, view)
    view.machine, view.at_ms = well, NOW_MS + 60_000
    assert "clock_jumped:" in wrong(causes, view)
    view.at_ms = NOW_MS + HOUR_MS
    assert "clock_jumped:" not in wrong(causes, view)


def test_a_clock_that_is_set_is_noticed(tmp_path: Path) -> None:
    wall, steady = [1000.0], [50.0]
    machine = Machine(tmp_path, lambda: wall[0], lambda: steady[0])
    machine.look()
    wall[0], steady[0] = 1005.3, 55.0
    assert machine.look().jumped_s == 0
    wall[0], steady[0] = 4605.3, 60.0
    assert round(machine.look().jumped_s) == 3595


def stream(recv_kbps: int | None, facts_at_ms: int) -> Stream:
    return Stream(
        vhost="",
        app="live",
        stream="cam",
        param="",
        server_id="",
        client_id="",
        update="",
        url="live/cam",
        protocol="rtmp",
        ip="",
        since_ms=0,
        viewers=Viewers(),
        recv_kbps=recv_kbps,
        facts_at_ms=facts_at_ms,
    )


def test_a_stream_that_is_live_without_a_byte(causes: Causes) -> None:
    fresh = NOW_MS - 1000
    assert wrong(causes, View(streams=[stream(0, fresh)])) == {"stream_frozen:live/cam"}
    assert wrong(causes, View(streams=[stream(500, fresh)])) == set()
    assert wrong(causes, View(streams=[stream(None, fresh)])) == set()
    assert wrong(causes, View(streams=[stream(0, NOW_MS - 60_000)])) == set()


def test_outputs_in_trouble_and_a_recorder_that_is_behind(causes: Causes) -> None:
    troubled = (
        TroubledOutput(id="a", label="Twitch", state="retrying"),
        TroubledOutput(id="b", platform="youtube", state="failed"),
    )
    figures = {"recorder": parse("streamstead_spool_backlog_seconds 90\n")}
    view = View(outputs=OutputFacts(0, 1, 1, troubled), figures=figures)
    assert wrong(causes, view) == {"output_retrying:a", "output_failed:b", "recorder_behind:"}
    words = RULES["output_failed"].words(_only(causes, view, "output_failed").params)
    assert words == "The output youtube has given up: no reason is known"


def _only(causes: Causes, view: View, rule: str) -> Reading:
    [found] = causes.readings(view, None)[rule] or ()
    return found


def test_certificates_and_backups(causes: Causes) -> None:
    def slow(days: float, own: bool = False, backup_hours: float = 1) -> View:
        facts = SlowFacts(
            certificate_ms=NOW_MS + round(days * DAY_MS),
            certificate_domain="live.example.com",
            own_certificate=own,
            backups_on=True,
            backup_ms=NOW_MS - round(backup_hours * HOUR_MS),
        )
        return View(slow=facts)

    assert wrong(causes, slow(30)) == set()
    assert wrong(causes, slow(13)) == {"certificate_expiring:"}
    assert wrong(causes, slow(13, own=True)) == set()
    assert wrong(causes, slow(-1)) == {"certificate_expiring:", "certificate_expired:"}
    assert wrong(causes, slow(30, backup_hours=51)) == {"backup_old:"}
    weekly = slow(30, backup_hours=51)
    weekly.slow.backup_gap_ms = 7 * DAY_MS
    assert wrong(causes, weekly) == set()
    assert [_longest_gap_days(days) for days in ([], [0], [0, 3], [5, 6])] == [1, 7, 4, 6]


def test_an_upgrade_that_failed_says_why() -> None:
    latches = Latches()
    problem = {"key": "upstream", "message": "the index cannot be read", "help": "Look."}
    data = {"to": "1.2.0", "error": problem}
    latches.take(Event("1-0", "failed", EventType.UPGRADE_FAILED, NOW_MS, "", data))
    (reading,) = latches.readings(NOW_MS)["upgrade_failed"]
    assert reading.params["version"] == "1.2.0"
    assert reading.params["reason"] == "the index cannot be read"


def test_the_quota_of_the_month(causes: Causes) -> None:
    traffic = Traffic(
        month="2026-11-01",
        interface="eth0",
        rx_bytes=0,
        tx_bytes=85,
        used_bytes=85,
        quota_bytes=100,
        forecast_bytes=120,
        resets_on="2026-12-01",
        since="2026-11-01",
    )
    assert wrong(causes, View(), traffic) == {"traffic_quota:", "traffic_forecast:"}
    nothing = traffic.model_copy(update={"quota_bytes": 0})
    assert wrong(causes, View(), nothing) == set()
    free = traffic.model_copy(update={"quota_bytes": None})
    assert wrong(causes, View(), free) == set()
