"""The media server: a real SRS (container or process) or the embedded engine."""

import hashlib
import signal
from dataclasses import dataclass
from pathlib import Path

from ...core.settings import PREFIX, Settings
from ..runtime.spec import ConfigFile, HealthCheck, HttpProbe, Mount, RuntimeName, ServiceSpec
from .common import MediaServer, Plan, own_command, render
from .ours import own_environment, settings_digest

# What the engine reads; any other setting may change without touching live streams.
ENGINE_SETTINGS = (
    "data_dir", "user", "hook_secret", "hooks_port",
    "rtmp_port", "rtc_port", "srt_port", "srs_api_port", "srs_http_port",
    "engine_notify_port", "engine_stat_port", "engine_apps",
    "candidate", "hls_fragment_s", "hls_window_s", "dvr",
)  # fmt: skip


LONG_FRAGMENT_S, LONG_WINDOW_S = 10, 60
"""Of HLS that need not be quick: few requests, and players that stand long gaps."""


@dataclass(frozen=True, slots=True)
class Hls:
    """How the media server is to cut HLS. ``ctx``: whether it keeps a session for every viewer of
    its own HTTP server, "on" or "off"."""

    fragment_s: int
    window_s: int
    ctx: str


def hls_of(plan: Plan) -> Hls:
    """Return what the operator has chosen; the settings say what low latency means."""
    settings, front = plan.settings, plan.front
    ctx = "off" if front.no_hls_ctx else "on"
    if front.hls_low_latency:
        return Hls(settings.hls_fragment_s, settings.hls_window_s, ctx)
    return Hls(LONG_FRAGMENT_S, LONG_WINDOW_S, ctx)


def media_spec(plan: Plan) -> ServiceSpec:
    return _srs_spec(plan) if plan.media_server is MediaServer.SRS else _engine_spec(plan)


def _health(settings: Settings) -> HealthCheck:
    # Patient: a restart costs every viewer and every publisher their connection.
    probe = HttpProbe("/api/v1/versions", port=settings.srs_api_port)
    return HealthCheck(probe, timeout_s=5, start_s=40, fail_s=30)


def _engine_spec(plan: Plan) -> ServiceSpec:
    tail = ("serve", "engine", "--data", str(plan.data.root))
    hls = hls_of(plan)
    chosen = {"hls_fragment_s": hls.fragment_s, "hls_window_s": hls.window_s}
    told = {f"{PREFIX}{name.upper()}": str(value) for name, value in chosen.items()}
    settings = plan.settings.model_copy(update=chosen)
    return ServiceSpec(
        name="media",
        argv=(own_command(), *tail),
        # Without the release: an upgrade of ours never ends a live stream.
        identity=("engine", *tail, settings_digest(settings, ENGINE_SETTINGS)),
        forked=True,
        env=tuple({"PYTHONUNBUFFERED": "1", **dict(own_environment()), **told}.items()),
        order=3,
        needs=("hooks",),
        ports=(plan.settings.rtmp_port,),
        health=_health(plan.settings),
        stop_grace_s=10,
    )


def _srs_spec(plan: Plan) -> ServiceSpec:
    settings = plan.settings
    conf = plan.data.config / "srs" / "srs.conf"
    written = (plan.data.html, plan.data.dvr) if settings.dvr else (plan.data.html,)
    program, workdir = "./objs/srs", ""
    if plan.runtime is RuntimeName.PROCESS:
        assert settings.srs_bin is not None
        program = str(settings.srs_bin)
        workdir = str(srs_home(settings.srs_bin))
    # All but the way HLS is cut takes a restart, which cuts everybody off.
    rest = render_srs_conf(plan, Hls(0, 0, ""))
    return ServiceSpec(
        name="media",
        argv=(program, "-c", str(conf)),
        identity=(program, "-c", str(conf), hashlib.sha256(rest.encode()).hexdigest()),
        reload_signal=signal.SIGHUP,
        check=(program, "-t", "-c", str(conf)),
        image=settings.srs_dev_image if plan.programs.media == "srs-dev" else settings.srs_image,
        workdir=workdir,
        order=3,
        needs=("hooks",),
        ports=(settings.rtmp_port,),
        files=(ConfigFile(conf, render_srs_conf(plan, hls_of(plan))),),
        mounts=(Mount(conf.parent), *(Mount(path, writable=True) for path in written)),
        tmpfs=("/tmp",),  # noqa: S108 - a mount inside the container
        memory_mb=1024,
        pids=200,
        health=_health(settings),
        stop_grace_s=10,
    )


def srs_home(binary: Path) -> Path:
    """Return where SRS's relative paths begin: the folder above ``objs``, or the binary's own."""
    return binary.parent.parent if binary.parent.name == "objs" else binary.parent


def render_srs_conf(plan: Plan, hls: Hls) -> str:
    settings = plan.settings
    base = f"http://127.0.0.1:{settings.hooks_port}/terraform/v1/hooks/srs"
    secret = settings.hook_secret.get_secret_value()
    pid = "/tmp/srs.pid"  # noqa: S108 - a private tmpfs inside the container
    if plan.runtime is RuntimeName.PROCESS:
        pid = str(plan.data.run / "srs.pid")
    return render(
        "srs/srs.conf.j2",
        s=settings,
        hls=hls,
        html=plan.data.html,
        dvr=plan.data.dvr,
        pid_file=pid,
        verify=f"{base}/verify?hook={secret}",
        on_hls=f"{base}/hls?hook={secret}",
    )
