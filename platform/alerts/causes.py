"""From what is known of the house to what each rule wants to know. Decides nothing."""

from collections import deque
from collections.abc import Sequence

from ...core.paths import DataDir
from ..host import ServiceState
from ..monitor.looks import View
from ..monitor.models import Traffic
from ..monitor.traffic import GB
from .board import Readings
from .latches import Latches
from .rules import Reading

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
RESTARTS_MS = 600_000
FIRST_START_MS = 180_000
"""A program that starts for the first time may fetch its image before."""

JUMP_SHOWN_MS = 15 * 60_000
FRESH_MS = 12_000
CHANGE_S = 90
"""So long the manager may be away while an upgrade replaces it; as the upgrade itself waits."""
_WELL = {"running", "off"}
_MONITORING = {"prometheus", "node_exporter"}
_APART = {"redis", "media"} | _MONITORING
"""They have rules of their own."""


class Causes:
    """Remembers only what needs time to be seen: restarts, jumps of the clock."""

    def __init__(self, data: DataDir, latches: Latches) -> None:
        self._data = data
        self._latches = latches
        self._restarts: dict[str, deque[tuple[int, int]]] = {}
        self._jump: tuple[int, float] | None = None

    def readings(self, view: View, traffic: Traffic | None) -> Readings:
        """Return rule -> what is seen; None for what cannot be known now."""
        now = view.at_ms
        stopping = self._data.stop_mark.exists()
        found: dict[str, Sequence[Reading] | None] = {}
        found |= self._latches.readings(now)
        found |= self._of_machine(view)
        found |= self._of_programs(view, stopping)
        found |= _of_media(view)
        found |= _of_redis(view, stopping)
        found |= _of_slow(view)
        if traffic is not None:
            found |= _of_traffic(traffic)
        refused = self._latches.refused(now)
        found["sign_in_attacks"] = [Reading("", {"count": refused}, refused)]
        return found

    def _of_machine(self, view: View) -> dict[str, Sequence[Reading] | None]:
        machine = view.machine
        if machine is None:
            return {}
        if machine.jumped_s:
            self._jump = (view.at_ms, machine.jumped_s)
        jump = self._jump
        if jump is not None and not 0 <= view.at_ms - jump[0] < JUMP_SHOWN_MS:
            jump = self._jump = None
        disks = [
            Reading(
                disk.path,
                {
                    "path": disk.path,
                    "free_percent": round(disk.free_percent, 1),
                    "free_gb": round(disk.free_bytes / GB, 1),
                },
                disk.free_percent,
            )
            for disk in machine.disks
        ]
        days, data = view.full_in_days, machine.disks[0].path
        load = 100 * machine.load1 / machine.cores
        return {
            "disk_critical": disks,
            "disk_low": disks,
            "disk_filling": []
            if days is None
            else [Reading(data, {"path": data, "days": days}, days)],
            "memory_high": [_percent(machine.memory_percent)],
            "swap_high": [_percent(machine.swap_percent)],
            "cpu_high": [_percent(machine.cpu_percent)],
            "load_high": [
                Reading("", {"load": round(machine.load1, 1), "cores": machine.cores}, load)
            ],
            "clock_jumped": []
            if jump is None
            else [Reading("", {"seconds": round(jump[1])}, abs(jump[1]))],
        }

    def _of_programs(self, view: View, stopping: bool) -> dict[str, Sequence[Reading] | None]:
        expected_s = CHANGE_S if self._latches.upgrading(view.at_ms) else 0
        away = [Reading("", {})] if view.host_away_s > expected_s and not stopping else []
        found: dict[str, Sequence[Reading] | None] = {"manager_down": away}
        if view.services is None or stopping:
            return found
        down = [one for one in view.services if _is_down(one, view.at_ms)]
        found["service_down"] = [_down(one) for one in down if one.name not in _APART]
        found["media_down"] = [_down(one) for one in down if one.name == "media"]
        found["monitoring_down"] = [_down(one) for one in down if one.name in _MONITORING]
        found["service_restarting"] = [
            Reading(one.name, {"service": one.name, "times": times}, times)
            for one in view.services
            if (times := self._restarted(one, view.at_ms)) > 0
        ]
        return found

    def _restarted(self, service: ServiceState, now_ms: int) -> int:
        """Return how often it was started again in the last ten minutes."""
        seen = self._restarts.setdefault(service.name, deque(maxlen=500))
        if seen and service.restarts < seen[-1][1]:
            seen.clear()  # the manager counts from nothing again
        if not seen or service.restarts != seen[-1][1]:
            seen.append((now_ms, service.restarts))
        while len(seen) > 1 and seen[1][0] <= now_ms - RESTARTS_MS:
            seen.popleft()
        if len(seen) == 1 or seen[-1][0] <= now_ms - RESTARTS_MS:
            return 0
        return seen[-1][1] - seen[0][1]


def _percent(value: float) -> Reading:
    return Reading("", {"percent": round(value)}, value)


def _is_down(service: ServiceState, now_ms: int) -> bool:
    if service.state in _WELL:
        return False
    first = service.state == "starting" and service.restarts == 0
    return not (first and now_ms - service.since_ms < FIRST_START_MS)


def _down(service: ServiceState) -> Reading:
    reason = service.detail or service.state
    return Reading(service.name, {"service": service.name, "reason": reason[:300]})


def _of_media(view: View) -> dict[str, Sequence[Reading] | None]:
    found: dict[str, Sequence[Reading] | None] = {
        "stream_frozen": [
            Reading(one.url, {"stream": one.url})
            for one in view.streams
            if one.recv_kbps == 0
            and one.facts_at_ms is not None
            and view.at_ms - one.facts_at_ms < FRESH_MS
        ]
    }
    recorder = view.figures.get("recorder")
    if recorder is not None:
        behind = recorder.total("streamstead_spool_backlog_seconds")
        if behind is not None:
            found["recorder_behind"] = [Reading("", {"seconds": round(behind)}, behind)]
    if view.outputs is not None:
        for rule, failed in (("output_failed", True), ("output_retrying", False)):
            found[rule] = [
                Reading(
                    one.id,
                    {"label": one.name, "platform": one.platform, "reason": one.reason[:300]},
                )
                for one in view.outputs.troubled
                if (one.state == "failed") is failed
            ]
    return found


def _of_redis(view: View, stopping: bool) -> dict[str, Sequence[Reading] | None]:
    found: dict[str, Sequence[Reading] | None] = {}
    away = view.redis_away_s > 0 and not stopping
    found["redis_down"] = [Reading("", {})] if away else []
    redis = view.redis
    if redis is not None:
        saving = not redis.not_saving
        found["redis_not_saving"] = [] if saving else [Reading("", {"reason": redis.not_saving})]
        found["redis_memory"] = [_percent(redis.memory_percent)]
        found["events_behind"] = [
            Reading(group, {"group": group, "count": lag}, lag) for group, lag in redis.lag.items()
        ]
    return found


def _of_slow(view: View) -> dict[str, Sequence[Reading] | None]:
    found: dict[str, Sequence[Reading] | None] = {}
    slow, now = view.slow, view.at_ms
    if slow.certificate_ms is not None:
        days = (slow.certificate_ms - now) / DAY_MS
        params: dict[str, str | int | float] = {
            "domain": slow.certificate_domain,
            "days": max(0, int(days)),
        }
        found["certificate_expired"] = [Reading("", params)] if days <= 0 else []
        # Our own certificate is made anew by itself, and browsers do not trust it anyway.
        found["certificate_expiring"] = [] if slow.own_certificate else [Reading("", params, days)]
    if slow.backups_on is not None:
        found["backup_old"] = []
        if slow.backups_on and slow.backup_ms is not None:
            age = now - slow.backup_ms
            late = max(0, age - (slow.backup_gap_ms - DAY_MS))
            hours = {"hours": round(age / HOUR_MS)}
            found["backup_old"] = [Reading("", {**hours}, late / HOUR_MS)]
    return found


def _of_traffic(traffic: Traffic) -> dict[str, Sequence[Reading] | None]:
    quota = traffic.quota_bytes
    if not quota:
        return {"traffic_quota": [], "traffic_forecast": []}
    params: dict[str, str | int | float] = {
        "percent": round(100 * traffic.used_bytes / quota),
        "used_gb": round(traffic.used_bytes / GB, 1),
        "quota_gb": round(quota / GB, 1),
        "resets_on": traffic.resets_on,
        "forecast_gb": round((traffic.forecast_bytes or 0) / GB, 1),
    }
    forecast = traffic.forecast_bytes
    return {
        "traffic_quota": [Reading("", params, 100 * traffic.used_bytes / quota)],
        "traffic_forecast": []
        if forecast is None
        else [Reading("", params, 100 * forecast / quota)],
    }
