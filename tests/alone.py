"""Some of our processes with a Redis of their own, without mgmt, media server and nginx."""

import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from redis import Redis
from redis.exceptions import RedisError

from streamstead.core.settings import Settings

START_S = 60


@dataclass
class Alone:
    """What runs: processes by service name, and how to reach them."""

    settings: Settings
    redis: Redis
    redis_process: psutil.Process
    services: dict[str, psutil.Process]

    @property
    def root(self) -> Path:
        return self.settings.data_dir

    @property
    def ports(self) -> dict[str, int]:
        s = self.settings
        return {
            "hooks": s.hooks_port,
            "recorder": s.recorder_port,
            "platform": s.platform_port,
            "ffmpeg_forward": s.ffmpeg_port,
            "engine": s.srs_api_port,
        }

    @property
    def hook(self) -> str:
        return self.settings.hook_secret.get_secret_value()

    def log(self, service: str) -> str:
        return (self.root / f"logs/{service}.log").read_text()


@contextmanager
def alone(free_port: Callable[[], int], *names: str) -> Iterator[Alone]:
    """Start Redis (AOF every second, as in a house) and the services; stop and remove them."""
    root = Path(tempfile.mkdtemp(prefix="ss-"))
    for name in ("config", "run", "redis", "html", "logs"):
        (root / name).mkdir()
    (root / "config/master.key").write_bytes(secrets.token_bytes(32))
    lines = [
        f"STREAMSTEAD_{name.upper()}={free_port()}"
        for name in Settings.model_fields
        if name.endswith("_port") and not name.startswith("web_")
    ]
    for name in ("api_secret", "hook_secret", "redis_password"):
        lines.append(f"STREAMSTEAD_{name.upper()}={secrets.token_hex(16)}")
    (root / "config/.env").write_text("\n".join(lines))
    settings = Settings.load(root, {})
    password = settings.redis_password.get_secret_value()
    sock = str(settings.data.redis_socket)
    argv = ["redis-server", "--port", "0", "--unixsocket", sock, "--requirepass", password]
    argv += ["--dir", str(root / "redis"), "--appendonly", "yes", "--save", ""]
    children = [subprocess.Popen(argv, stdout=subprocess.DEVNULL)]
    redis = Redis(unix_socket_path=sock, password=password, decode_responses=True)
    try:
        _wait("Redis", lambda: _pings(redis))
        command = [str(Path(sys.executable).with_name("streamstead")), "serve"]
        for name in names:
            with (root / f"logs/{name}.log").open("w") as log:
                children.append(subprocess.Popen([*command, name, "--data", str(root)], stderr=log))
        built = Alone(
            settings,
            redis,
            psutil.Process(children[0].pid),
            {
                name: psutil.Process(child.pid)
                for name, child in zip(names, children[1:], strict=True)
            },
        )
        for name in names:
            _wait(name, lambda port=built.ports[name]: _listens(port))
        yield built
    finally:
        redis.close()
        for child in reversed(children):
            child.terminate()
            child.wait()
        shutil.rmtree(root)


def _wait(what: str, check: Callable[[], bool]) -> None:
    end = time.monotonic() + START_S
    while not check():
        assert time.monotonic() < end, f"{what} does not start"
        time.sleep(0.05)


def _pings(redis: Redis) -> bool:
    try:
        return bool(redis.ping())
    except RedisError:
        return False


def _listens(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0
