"""Fixtures every room's tests may use: real Redis on a unix socket, settings, free ports."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import SystemRandom

import hypothesis
import pytest
from redis import Redis as SyncRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from streamstead.core.settings import Settings
from streamstead.core.store import open_redis

# How long an example takes says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile(
    "patient", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("patient")


def pytest_configure() -> None:
    """Asked to end, take down what was built, as by Ctrl-C: whole houses run out there."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


# Those that were given last: who asked may not have taken them yet.
_given: deque[int] = deque(maxlen=1000)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that nobody has and nobody was given of late.

    Below the kernel's range for outgoing connections, of which one could take it meanwhile, and
    by chance, because several test runs may share a machine. Runs that begin together have a
    range of their own each: ``TEST_PORTS=<first>-<last>``.
    """
    first, last = map(int, os.environ.get("TEST_PORTS", "10100-21899").split("-"))
    while len(_given) > (last - first) // 2:
        _given.popleft()  # a narrow range comes round sooner
    while True:
        port = SystemRandom().randrange(first, last + 1)
        if port in _given:
            continue
        with socket.socket(socket.AF_INET, kind) as sock:
            try:
                sock.bind(("0.0.0.0", port))
            except OSError:
                continue
        _given.append(port)
        return port


def need(program: str) -> str:
    """Return the path of a program; skip the test loudly when the machine lacks it."""
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed on this machine (auto/test installs it)")
    return found


def need_engine() -> None:
    """Skip the test loudly where no Docker Engine answers."""
    # Not by the library: it leaves a socket open where nobody listens.
    if subprocess.run([need("docker"), "info"], check=False, capture_output=True).returncode != 0:
        pytest.skip("no Docker Engine answers here")


def wait_until(check: Callable[[], bool], what: str, timeout_s: float = 60.0) -> None:
    """Wait for a condition outside this process; fail naming it."""
    end = time.monotonic() + timeout_s
    while not check():
        assert time.monotonic() < end, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)


@contextmanager
def scratch_data_dir() -> Iterator[Path]:
    """A data directory with a path short enough for a unix socket."""
    root = Path(tempfile.mkdtemp(prefix="ss-"))
    for name in ("config", "run", "redis", "html", "logs", "www"):
        (root / name).mkdir()
    yield root
    shutil.rmtree(root, ignore_errors=True)


def scratch_settings(data_dir: Path) -> Settings:
    """Settings with random ports and secrets; nothing listens yet."""
    ports = {
        name: free_port()
        for name in Settings.model_fields
        if name.endswith("_port") and not name.startswith("web_")
    }
    return Settings.model_validate(
        {
            "data_dir": data_dir,
            "api_secret": f"srs-v2-{secrets.token_hex(16)}",
            "hook_secret": secrets.token_hex(16),
            "redis_password": secrets.token_hex(16),
            "web_http_port": 0,
            "web_https_port": 0,
            **ports,
        }
    )


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with scratch_data_dir() as root:
        yield root


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    return scratch_settings(data_dir)


class RedisServer:
    """A real Redis with AOF on the data directory's socket; may be killed and started again."""

    def __init__(self, settings: Settings) -> None:
        password = settings.redis_password.get_secret_value()
        sock = settings.data.redis_socket
        self._argv = [need("redis-server"), "--port", "0", "--unixsocket", str(sock)]
        self._argv += ["--requirepass", password, "--dir", str(settings.data.redis)]
        self._argv += ["--appendonly", "yes", "--save", ""]
        self.client = SyncRedis(
            unix_socket_path=str(sock), password=password, decode_responses=True
        )
        self.start()

    def start(self) -> None:
        """Return once it answers."""
        self._child = subprocess.Popen(
            self._argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._answers, "Redis answers")

    def kill(self) -> None:
        """End it as a crash does, with all it has acknowledged in its file.

        While that is synced to a slow disk, Redis acknowledges up to 2 s before it writes.
        """
        if self._child.poll() is None and self._answers():
            wait_until(self._has_written, "Redis has written what it acknowledged")
        self._child.kill()
        self._child.wait()

    def _has_written(self) -> bool:
        info = self.client.info("persistence")
        assert isinstance(info, dict)
        return not info.get("aof_buffer_length", 0)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except (RedisError, OSError):
            return False


@pytest.fixture
def redis_process(settings: Settings) -> Iterator[RedisServer]:
    server = RedisServer(settings)
    yield server
    server.client.close()
    server.kill()


@pytest.fixture
def redis_server(redis_process: RedisServer) -> SyncRedis:
    """A connection of the test's own to a real Redis."""
    return redis_process.client


@pytest.fixture
async def redis(settings: Settings, redis_server: SyncRedis) -> AsyncIterator[Redis]:
    """Our own connection to that Redis."""
    async with open_redis(settings) as client:
        yield client
