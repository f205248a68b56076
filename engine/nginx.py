"""Our nginx: its configuration, its start, its end, and finding it again after our own restart.

It runs in a session of its own and writes to no pipe of ours, so that killing the shim cuts
neither publishers nor RTMP players.
"""

import asyncio
import fcntl
import hashlib
import os
import resource
import shutil
import signal
import subprocess
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..core.errors import ConfigError
from ..core.files import write_atomic
from ..core.log import get_logger
from ..core.nginx import early_log_options
from ..core.paths import share_dir
from ..core.settings import Settings
from .boot import Boot
from .dvr import parts_folder

MAX_CONNECTIONS = 4096
MAX_FILES = 8192
NETCALL_TIMEOUT_S = 26
"""Longer than the two questions of one publisher together may take."""
STOP_GRACE_S = 2.0
MAX_LOG_BYTES = 8 << 20
_HLS_EARLY_MS = 100

_MODULE = "ngx_rtmp_module.so"
_MODULE_DIRS = ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules")

log = get_logger(__name__)


class Nginx:
    """One nginx, started by us or by the shim that ran before us."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.state = settings.data.run / "engine"
        self.boot_file = self.state / "boot.json"
        self.config_file = settings.data.config / "engine-nginx.conf"
        self.error_log = settings.data.logs / "engine-nginx.log"
        self._child: subprocess.Popen[bytes] | None = None
        self._make_directories()
        self.boot = Boot.load(self.boot_file)

    @property
    def apps(self) -> list[str]:
        return app_names(self._settings)

    def _make_directories(self) -> None:
        data = self._settings.data
        try:
            for path in (data.config, data.logs, data.html, self.state):
                path.mkdir(parents=True, exist_ok=True)
            self.state.chmod(0o700)
            for app in self.apps:
                # nginx-rtmp would make it unreadable for the front, which is another account.
                (data.html / app).mkdir(exist_ok=True)
                (data.html / app).chmod(0o755)
                if self._settings.dvr:
                    (data.dvr / app).mkdir(parents=True, exist_ok=True)
                    (parts_folder(data.dvr) / app).mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise ConfigError(
                f"the engine cannot use its folders: {exc}",
                "Give the data directory to the account that runs the engine.",
            ) from None

    def lock(self) -> None:
        """Claim the state directory. Raises ConfigError when another engine has it."""
        self._lock = (self.state / "lock").open("wb")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise ConfigError(
                f"another engine runs on {self._settings.data_dir}", "Stop that one first."
            ) from None
        self.boot = Boot.load(self.boot_file)

    def unlock(self) -> None:
        self._lock.close()

    def render(self) -> str:
        """Return nginx.conf; the same settings and tokens give the same text."""
        settings = self._settings
        env = Environment(
            loader=FileSystemLoader(share_dir() / "containers" / "engine"),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            autoescape=False,  # noqa: S701  nginx.conf is no HTML; every value is ours
        )
        notify = f"http://127.0.0.1:{settings.engine_notify_port}/{self.boot.notify_token}"
        return env.get_template("nginx.conf.j2").render(
            run_as="root" if os.geteuid() == 0 else "",
            module=_find_module(),
            state=self.state,
            error_log=self.error_log,
            connections=MAX_CONNECTIONS,
            netcall_timeout_s=NETCALL_TIMEOUT_S,
            rtmp_port=settings.rtmp_port,
            stat_port=settings.engine_stat_port,
            control_token=self.boot.control_token,
            notify_url=notify,
            apps=self.apps,
            html=settings.data.html,
            hls_fragment_ms=settings.hls_fragment_s * 1000 - _HLS_EARLY_MS,
            hls_window_s=settings.hls_window_s,
            dvr=parts_folder(settings.data.dvr) if settings.dvr else None,
        )

    async def adopt(self) -> bool:
        """Take over a running nginx; one with another configuration is ended instead.

        Returns False when there is none to go on with.
        """
        text = self.render()
        if self.boot.alive():
            if self.boot.config_sha256 == _digest(text):
                log.info("engine.nginx_adopted", pid=self.boot.pid)
                return True
            log.warning("engine.nginx_replaced", detail="its settings changed: streams are cut")
        await self.stop()
        return False

    def start(self) -> None:
        """Start nginx under a new boot id. Raises ConfigError when it cannot be started at all."""
        text = self.render()
        write_atomic(self.config_file, text)
        program = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if program is None:
            raise ConfigError("nginx is not installed", "Run ./bootstrap again: it installs it.")
        argv = [program, "-p", str(self.state), "-c", str(self.config_file)]
        self._child = subprocess.Popen(
            [*argv, *early_log_options(str(self.error_log))],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.boot.started(self._child.pid, _digest(text))
        self.boot.save(self.boot_file)
        log.info("engine.nginx_started", pid=self._child.pid)

    async def wait(self) -> None:
        """Return when the nginx of this boot has ended; its orphaned workers are ended too."""
        try:
            watch = os.pidfd_open(self.boot.pid)
        except ProcessLookupError:
            watch = -1
        if watch >= 0:
            loop = asyncio.get_running_loop()
            ended = asyncio.Event()
            loop.add_reader(watch, ended.set)
            try:
                if self.boot.alive():
                    await ended.wait()
            finally:
                loop.remove_reader(watch)
                os.close(watch)
        self._reap()
        self._kill_survivors(signal.SIGKILL)

    async def stop(self) -> None:
        """End nginx and wait for it: politely first, then by force."""
        if self.boot.alive():
            # TERM and not QUIT: a graceful end would wait for the live streams.
            os.kill(self.boot.pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_GRACE_S):
                    await self.wait()
            except TimeoutError:
                log.warning("engine.nginx_killed", pid=self.boot.pid)
        self._kill_survivors(signal.SIGKILL)
        self._reap()

    def last_error(self) -> str:
        """Return the newest complaint in nginx's log, for the reason why it did not start."""
        try:
            lines = self.error_log.read_text(errors="replace").splitlines()
        except OSError:
            return ""
        bad = [line for line in lines[-20:] if "[emerg]" in line or "[alert]" in line]
        return bad[-1].partition("] ")[2] if bad else ""

    def trim_log(self) -> None:
        """Empty the error log when it has grown large; nginx appends, so this is safe."""
        try:
            if self.error_log.stat().st_size > MAX_LOG_BYTES:
                os.truncate(self.error_log, 0)
        except FileNotFoundError:
            return

    def _kill_survivors(self, number: signal.Signals) -> None:
        for pid in self.boot.survivors():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue

    def _reap(self) -> None:
        if self._child is not None:
            self._child.wait()
            self._child = None


def allow_many_files() -> None:
    """Raise the limit of open files for us and for the nginx that inherits it, if we may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_FILES if hard == resource.RLIM_INFINITY else min(MAX_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def app_names(settings: Settings) -> list[str]:
    """Return the applications, checked. Raises ConfigError: the names become paths and config."""
    found = [name.strip() for name in settings.engine_apps.split(",") if name.strip()]
    for name in found:
        if not name.replace("-", "_").isidentifier() or not name.isascii():
            raise ConfigError(
                f"STREAMSTEAD_ENGINE_APPS: {name!r} cannot be an application",
                "Use letters, digits, - and _ only.",
            )
    if not found:
        raise ConfigError("STREAMSTEAD_ENGINE_APPS is empty", "Name at least one application.")
    return found


def _find_module() -> Path:
    for folder in _MODULE_DIRS:
        path = Path(folder) / _MODULE
        if path.is_file():
            return path
    raise ConfigError(
        "the RTMP module of nginx is not installed",
        "Run ./bootstrap again, or install the package libnginx-mod-rtmp.",
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
