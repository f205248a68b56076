"""The media server: a real SRS (container or process) or the embedded engine."""

from pathlib import Path

from ...core.settings import Settings
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


def media_spec(plan: Plan) -> ServiceSpec:
    return _srs_spec(plan) if plan.media_server is MediaServer.SRS else _engine_spec(plan)


def _health(settings: Settings) -> HealthCheck:
    # Patient: a restart costs every viewer and every publisher their connection.
    probe = HttpProbe("/api/v1/versions", port=settings.srs_api_port)
    return HealthCheck(probe, timeout_s=5, start_s=40, fail_s=30)


def _engine_spec(plan: Plan) -> ServiceSpec:
    tail = ("serve", "engine", "--data", str(plan.data.root))
    return ServiceSpec(
        name="media",
        argv=(own_command(), *tail),
        # Without the release: an upgrade of ours never ends a live stream.
        identity=("engine", *tail, settings_digest(plan.settings, ENGINE_SETTINGS)),
        env=(("PYTHONUNBUFFERED", "1"), *own_environment()),
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
    return ServiceSpec(
        name="media",
        argv=(program, "-c", str(conf)),
        image=settings.srs_image,
        workdir=workdir,
        order=3,
        needs=("hooks",),
        ports=(settings.rtmp_port,),
        files=(ConfigFile(conf, render_srs_conf(plan)),),
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


def render_srs_conf(plan: Plan) -> str:
    settings = plan.settings
    base = f"http://127.0.0.1:{settings.hooks_port}/terraform/v1/hooks/srs"
    secret = settings.hook_secret.get_secret_value()
    pid = "/tmp/srs.pid"  # noqa: S108 - a private tmpfs inside the container
    if plan.runtime is RuntimeName.PROCESS:
        pid = str(plan.data.run / "srs.pid")
    return render(
        "srs/srs.conf.j2",
        s=settings,
        html=plan.data.html,
        dvr=plan.data.dvr,
        pid_file=pid,
        verify=f"{base}/verify?hook={secret}",
        on_hls=f"{base}/hls?hook={secret}",
    )
