"""What the platform tells Prometheus: of itself, of Redis, of this machine and of its programs.

Everything was measured already, so a scrape costs nothing but the writing. The manager has no door
of its own for Prometheus: what it knows is told here.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import Metric

from ...core.metrics import Figures, gauge, gauges
from ...core.version import VERSION
from .dashboard import Monitor
from .looks import View
from .machine import MachineFacts

MAX_STREAMS = 20
OTHERS = "(others)"


def platform_figures(monitor: Monitor) -> Figures:
    """Return what measures for ``app.state.figures``."""

    async def figures() -> Iterable[Metric]:
        view = monitor.view
        found = [
            gauges("build_info", "1 for the release that runs", "version", [(VERSION, 1.0)]),
            *_of_streams(view),
            *_of_programs(view),
            *_of_slow(view),
        ]
        if view.machine is not None:
            found += _of_machine(view.machine)
        if view.redis is not None:
            redis = view.redis
            found += [
                gauge("redis_memory_bytes", "Memory of Redis", redis.memory_bytes),
                gauge("redis_memory_max_bytes", "What it may have", redis.memory_max),
                gauge("redis_clients", "Connections to Redis", redis.clients),
                gauge("redis_saving", "1 while it writes to the disk", not redis.not_saving),
                gauges("events_lag", "Events not dealt with", "group", redis.lag.items()),
            ]
        found.append(gauge("redis_up", "1 while Redis answers", view.redis is not None))
        counts = monitor.alerts.counts()
        levels = [("critical", float(counts.critical)), ("warning", float(counts.warning))]
        found.append(gauges("alerts_firing", "Alerts that fire", "level", levels))
        return found

    return figures


def _of_streams(view: View) -> Iterator[Metric]:
    yield gauge("streams_live", "Streams that are live", len(view.streams))
    yield gauge("viewers", "Viewers of all streams", view.viewers)
    largest = sorted(view.streams, key=lambda one: -one.viewers.total)
    named = [(one.url, float(one.viewers.total)) for one in largest[:MAX_STREAMS]]
    rest = sum(one.viewers.total for one in largest[MAX_STREAMS:])
    if len(largest) > MAX_STREAMS:
        named.append((OTHERS, float(rest)))
    yield gauges("stream_viewers", "Viewers of the largest streams", "stream", named)
    kbps = [
        (one.url, float(one.recv_kbps))
        for one in largest[:MAX_STREAMS]
        if one.recv_kbps is not None
    ]
    yield gauges("stream_receive_kbps", "What arrives from encoders", "stream", kbps)
    if view.outputs is not None:
        states = [
            ("live", float(view.outputs.live)),
            ("retrying", float(view.outputs.retrying)),
            ("failed", float(view.outputs.failed)),
        ]
        yield gauges("outputs", "Outputs by state", "state", states)


def _of_programs(view: View) -> Iterator[Metric]:
    yield gauge("manager_up", "1 while the manager answers", view.services is not None)
    if view.services is None:
        return
    wanted = [one for one in view.services if one.state != "off"]
    yield gauges(
        "service_up",
        "1 while a program runs",
        "service",
        ((one.name, float(one.state == "running")) for one in wanted),
    )
    yield gauges(
        "service_restarts",
        "Starts that nobody asked for, since the manager began",
        "service",
        ((one.name, float(one.restarts)) for one in wanted),
    )


def _of_slow(view: View) -> Iterator[Metric]:
    slow = view.slow
    if slow.certificate_ms is not None:
        days = (slow.certificate_ms - view.at_ms) / 86_400_000
        yield gauge("certificate_days", "Until the certificate ends", round(days, 2))
        yield gauge(
            "certificate_own", "1 for one that this house made itself", slow.own_certificate
        )
    if slow.backup_ms is not None:
        yield gauge(
            "backup_age_seconds", "Of the last backup", (view.at_ms - slow.backup_ms) / 1000
        )
    yield gauge("upgrade_available", "1 when there is a newer release", bool(slow.newer_release))


def _of_machine(machine: MachineFacts) -> list[Metric]:
    disks = machine.disks
    return [
        gauge("host_cpu_percent", "Of all cores", machine.cpu_percent),
        gauge("host_cores", "Cores", machine.cores),
        gauge("host_load1", "Load of the last minute", machine.load1),
        gauge("host_memory_percent", "In use", machine.memory_percent),
        gauge("host_swap_percent", "In use", machine.swap_percent),
        gauge("host_disk_used_percent", "Of the data disk", 100 - disks[0].free_percent),
        gauges(
            "host_disk_free_bytes", "Free", "path", ((one.path, one.free_bytes) for one in disks)
        ),
        gauge("host_network_rx_bps", "Bits a second, in", machine.rx_bps),
        gauge("host_network_tx_bps", "Bits a second, out", machine.tx_bps),
        gauge("host_boot_seconds", "When it began, since the epoch", machine.boot_ms / 1000),
    ]
