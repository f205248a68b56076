"""Prometheus and the exporter of the machine's own figures: both on loopback alone."""

import re
import signal
from pathlib import Path

from ..containers.state import OPTIONAL
from ..runtime.spec import ConfigFile, HealthCheck, HttpProbe, Mount, RuntimeName, ServiceSpec
from .common import MediaServer, Plan, render

ROUTE = "/prometheus"
RETENTION_DAYS = 30
RETENTION_MB = 2048
PROMETHEUS_MB = 384
EXPORTER_MB = 64
ROOM_MB = 900
"""A machine with less memory needs it for streams."""
EXPORTER = "node_exporter"
"""Its name in the image; Debian has another one."""
_COLLECTORS = (
    "conntrack", "cpu", "diskstats", "filefd", "loadavg", "meminfo", "netdev", "netstat",
    "pressure", "sockstat", "stat", "time", "udp_queues", "uname", "vmstat",
)  # fmt: skip
_RULES = ("recording_rules.yml", "alert_rules.yml")


def prometheus_spec(plan: Plan) -> ServiceSpec:
    settings = plan.settings
    folder = plan.data.config / "prometheus"
    conf = folder / "prometheus.yml"
    base = f"127.0.0.1:{settings.prometheus_port}"
    files = [ConfigFile(conf, _render(plan, folder))]
    files += [ConfigFile(folder / name, _rules(plan, name)) for name in _RULES]
    return ServiceSpec(
        name="prometheus",
        argv=(
            "prometheus",
            f"--config.file={conf}",
            f"--storage.tsdb.path={plan.data.prometheus}",
            f"--storage.tsdb.retention.time={RETENTION_DAYS}d",
            f"--storage.tsdb.retention.size={RETENTION_MB}MB",
            f"--web.listen-address={base}",
            f"--web.external-url=http://{base}{ROUTE}/",
            f"--web.route-prefix={ROUTE}/",
            "--web.max-connections=64",
            "--query.max-concurrency=4",
            "--query.timeout=30s",
            "--log.level=warn",
        ),
        image=settings.prometheus_image,
        env=(("GOMEMLIMIT", f"{PROMETHEUS_MB * 3 // 4}MiB"), ("GOMAXPROCS", "2")),
        order=6,
        ports=(settings.prometheus_port,),
        # It reads its log of the last two hours before it is ready, alive meanwhile.
        health=HealthCheck(
            HttpProbe(f"{ROUTE}/-/healthy", port=settings.prometheus_port),
            every_s=10,
            timeout_s=5,
            start_s=120,
            fail_s=60,
        ),
        files=tuple(files),
        reload_signal=signal.SIGHUP,
        check=("promtool", "check", "config", str(conf)),
        mounts=(Mount(folder), Mount(plan.data.prometheus, writable=True)),
        memory_mb=PROMETHEUS_MB,
        pids=64,
        stop_grace_s=15,
    )


def node_exporter_spec(plan: Plan) -> ServiceSpec:
    in_container = plan.runtime is RuntimeName.DOCKER
    # In a container it would tell of the container's mounts; those of the house, platform tells.
    collectors = _COLLECTORS if in_container else (*_COLLECTORS, "filesystem")
    port = plan.settings.node_exporter_port
    return ServiceSpec(
        name="node_exporter",
        argv=(
            EXPORTER if in_container else "prometheus-node-exporter",
            f"--web.listen-address=127.0.0.1:{port}",
            "--web.disable-exporter-metrics",
            "--web.max-requests=4",
            "--log.level=warn",
            "--collector.disable-defaults",
            *(f"--collector.{name}" for name in collectors),
        ),
        image=plan.settings.node_exporter_image,
        env=(("GOMEMLIMIT", f"{EXPORTER_MB * 3 // 4}MiB"), ("GOMAXPROCS", "1")),
        order=6,
        ports=(port,),
        health=HealthCheck(HttpProbe("/", port=port), every_s=10, timeout_s=5),
        memory_mb=EXPORTER_MB,
        pids=32,
        stop_grace_s=5,
    )


def memory_mb(path: Path = Path("/proc/meminfo")) -> int:
    """Return how much memory this machine has."""
    found = re.search(r"MemTotal:\s+(\d+) kB", path.read_text(encoding="ascii"))
    return int(found[1]) // 1024 if found else 0


def _rules(plan: Plan, name: str) -> str:
    path = plan.share / "containers" / "prometheus" / name
    return path.read_text(encoding="utf-8")


def _render(plan: Plan, folder: Path) -> str:
    settings = plan.settings
    targets = {
        "platform": settings.platform_port,
        "hooks": settings.hooks_port,
        "recorder": settings.recorder_port,
        "ffmpeg_forward": settings.ffmpeg_port,
    }
    chosen = plan.programs.enabled
    off = {name for name in OPTIONAL if chosen.get(name) is False}
    embedded = plan.media_server is MediaServer.EMBEDDED
    return render(
        "prometheus/prometheus.yml.j2",
        jobs={
            **{name: port for name, port in targets.items() if name not in off},
            ("engine" if embedded else "srs"): (
                settings.srs_api_port if embedded else settings.srs_exporter_port
            ),
            **({} if "node_exporter" in off else {"node": settings.node_exporter_port}),
        },
        port=settings.prometheus_port,
        route=ROUTE,
        rules=[folder / name for name in _RULES],
    )
