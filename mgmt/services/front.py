"""nginx, the only public HTTP door."""

import hashlib
import re
import signal
from pathlib import Path

from ...core.nginx import early_log_options
from ..front.modules import modules_of
from ..front.proxies import open_proxies
from ..front.settings import Embed, FrontSettings
from ..runtime.account import Account
from ..runtime.spec import ConfigFile, HealthCheck, HttpProbe, Mount, RuntimeName, ServiceSpec
from .common import MediaServer, Plan, render

CERTIFICATE = "current/fullchain.pem"
KEY = "current/key.pem"
HSTS_S = 180 * 86_400
CIPHERS = ":".join(
    f"ECDHE-{who}-{how}"
    for how in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    for who in ("ECDSA", "RSA")
)
"""Of TLS 1.2; those of 1.3 are all good."""
COOKIE = "streamstead_session"
"""Of the page; core/auth.py is too heavy to be asked."""
_NO_TAG = "@configuration@"
_TAG = re.compile(r'"configuration":"([0-9a-f]{12})"')


def config_dir(plan: Plan) -> Path:
    return plan.data.config / "front"


def front_spec(plan: Plan) -> ServiceSpec:
    settings, data = plan.settings, plan.data
    folder = config_dir(plan)
    conf = folder / "nginx.conf"
    in_container = plan.runtime is RuntimeName.DOCKER
    # In a container its own scratch space; outside a directory that only root may change.
    scratch = Path("/tmp") if in_container else data.run / "front"  # noqa: S108
    files = [ConfigFile(conf, render_front(plan, scratch))]
    mounts = [
        Mount(folder),
        Mount(data.html),
        Mount(data.gates),
        Mount(data.record),
        Mount(data.vod_gates),
        Mount(data.hls_log.parent, writable=True),
        Mount(data.www),
        Mount(data.ssl),
        Mount(_page_dir(plan)),
    ]
    if in_container and plan.account.drops:
        # `user` wants a name that the image's own files do not have.
        files += _account_files(folder, plan.account)
        mounts += [
            Mount(folder / "passwd", at="/etc/passwd"),
            Mount(folder / "group", at="/etc/group"),
        ]
    argv = ("nginx", *_early_errors(in_container), "-c", str(conf))
    ports: tuple[int, ...] = (settings.http_port, plan.doors.http, plan.doors.https)
    if plan.front.rtmps:
        ports += (settings.rtmps_port,)
    return ServiceSpec(
        name="front",
        argv=argv,
        image=settings.nginx_image,
        privileged=plan.account.drops,
        order=5,
        needs=("platform",),
        files=tuple(files),
        reload_signal=signal.SIGHUP,
        reload_on=(plan.certificate,),
        check=(*argv, "-t"),
        mounts=tuple(mounts),
        tmpfs=("/tmp", "/var/cache/nginx"),  # noqa: S108 - mounts inside the container
        capabilities=("NET_BIND_SERVICE", "SETUID", "SETGID", "CHOWN"),
        memory_mb=512,
        # Workers of earlier configurations stay until their viewers have left.
        pids=512,
        ports=tuple(port for port in ports if port),
        health=HealthCheck(HttpProbe("/healthz", port=settings.http_port)),
        stop_grace_s=5,
    )


def _page_dir(plan: Plan) -> Path:
    """Return the directory the page is served from, such that an upgrade does not change it.

    A container with another mount would have to be made anew, and viewers be cut; with all releases
    in it a new one needs a reload only.
    """
    if plan.share.parent.name == "releases":
        return plan.share.parent
    return plan.share / "ui"


def _dist(plan: Plan) -> Path:
    """Return where the built page lies.

    A process follows the link, so that an upgrade changes nothing in the configuration; inside a
    container the link leads nowhere.
    """
    if plan.runtime is RuntimeName.PROCESS and plan.share.parent == plan.data.releases:
        return plan.data.root / "current" / "ui" / "dist"
    return plan.share / "ui" / "dist"


def _early_errors(in_container: bool) -> tuple[str, ...]:
    # Images are newer than any version that lacks the option.
    return ("-e", "stderr") if in_container else early_log_options("stderr")


def _account_files(folder: Path, account: Account) -> list[ConfigFile]:
    group = account.group_name
    passwd = (
        "root:x:0:0:root:/root:/usr/sbin/nologin\n"
        f"{account.name}:x:{account.uid}:{account.gid}::/nonexistent:/usr/sbin/nologin\n"
    )
    return [
        ConfigFile(folder / "passwd", passwd, 0o644),
        ConfigFile(folder / "group", f"root:x:0:\n{group}:x:{account.gid}:\n", 0o644),
    ]


def configuration_tag(spec: ServiceSpec) -> str:
    """Return what a front that runs by this specification says of itself at ``/healthz``."""
    found = _TAG.search(spec.files[0].text)
    return found[1] if found else ""


def render_front(plan: Plan, scratch: Path) -> str:
    """Return nginx.conf. It holds its own digest: so what runs can be told from what should."""
    data, front, doors = plan.data, plan.front, plan.doors
    modules = modules_of(plan.runtime)
    rtmps = front.rtmps and not modules.no_stream
    text = render(
        "nginx/nginx.conf.j2",
        s=plan.settings,
        tag=_NO_TAG,
        user=plan.account.name,
        group=plan.account.group_name if plan.account.drops else "",
        doors=doors,
        ipv6=plan.ipv6,
        pid_file=scratch / "nginx.pid",
        scratch=scratch,
        html=data.html,
        gates=data.gates,
        hls_log=data.hls_log,
        record=data.record,
        vod_gates=data.vod_gates,
        vod_log=data.vod_log,
        www=data.www,
        dist=_dist(plan),
        certificate=data.ssl / CERTIFICATE,
        key=data.ssl / KEY,
        ciphers=CIPHERS,
        cookie=COOKIE,
        modules=modules,
        load_modules=modules.load_for(rtmps),
        http2_word="" if modules.http2_directive else " http2",
        hsts_s=HSTS_S if front.hsts else 0,
        redirect_to=_redirect_to(plan),
        homepage=front.homepage,
        proxies=open_proxies(front.proxies),
        taken=front.proxies,
        hls_by_files=front.hls or plan.media_server is MediaServer.EMBEDDED,
        ancestors=_ancestors(front),
        rtmps=rtmps,
    )
    return text.replace(_NO_TAG, hashlib.sha256(text.encode()).hexdigest()[:12])


def _redirect_to(plan: Plan) -> str:
    """Return where plain requests are sent; empty when they are answered."""
    doors = plan.doors
    if not plan.front.redirect_https or not doors.https or not doors.http:
        return ""
    return "https://$host" + ("" if doors.https == 443 else f":{doors.https}")


def _ancestors(front: FrontSettings) -> str:
    """Return who may show players in a frame, as the header wants it."""
    if front.embed is Embed.NONE:
        return "'none'"
    if front.embed is Embed.LIST:
        return " ".join(("'self'", *front.embed_hosts))
    return "*"
