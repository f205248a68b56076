"""A data directory, settings with ports of their own, and a Docker Engine where there is one."""

import asyncio
import io
import os
import shutil
import subprocess
import tarfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.runtime.account import Account

from ..conftest import free_port as any_free_port
from ..conftest import need_engine

PORTS = (
    "http_port",
    "rtmp_port",
    "rtc_port",
    "srt_port",
    "platform_port",
    "hooks_port",
    "recorder_port",
    "ffmpeg_port",
    "srs_api_port",
    "srs_http_port",
    "srs_exporter_port",
    "engine_notify_port",
    "engine_stat_port",
)


@pytest.fixture
def free_port() -> Callable[[], int]:
    """Return ports that are free now; each only once in a test."""
    return any_free_port


@pytest.fixture
def until() -> Callable[[Callable[[], object]], Awaitable[None]]:
    """Wait until a condition is true, for 30 s at most."""

    async def wait(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():  # noqa: ASYNC110 - what is waited for knows no events
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture
def account() -> Account:
    """Ourselves: nothing changes its user in most tests."""
    return Account("", os.geteuid(), os.getegid())


@pytest.fixture
def settings(tmp_path: Path, free_port: Callable[[], int]) -> Settings:
    """Settings of a data directory that is empty but for its folders; 80 and 443 are off."""
    data = tmp_path / "data"
    for name in ("config", "run", "logs", "html", "www", "ssl", "redis"):
        (data / name).mkdir(parents=True)
    return Settings.model_validate(
        {
            "data_dir": data,
            "runtime": "process",
            "api_secret": "api-secret",
            "hook_secret": "hook-secret",
            "redis_password": "redis-password",
            "web_http_port": 0,
            "web_https_port": 0,
            **{name: free_port() for name in PORTS},
        }
    )


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """A client of the Docker Engine; skips with the reason where none answers."""
    need_engine()
    client = docker.from_env(timeout=30)
    yield client
    client.close()


@pytest.fixture(scope="session")
def image(engine: Any) -> Iterator[str]:
    """A small image made of this machine's own sh, sleep, redis-server and nginx, with a volume."""
    # Test runs may go on side by side: each has an image of its own, and leaves none behind.
    repository, tag = "streamstead-test-mgmt", str(os.getpid())
    found = [shutil.which(p) for p in ("sh", "sleep", "cat", "id", "redis-server", "nginx")]
    programs = [Path(path) for path in found if path]
    engine.api.import_image_from_data(
        rootfs(programs), repository=repository, tag=tag, changes=["VOLUME /data"]
    )
    yield f"{repository}:{tag}"
    engine.images.remove(f"{repository}:{tag}", force=True)


def rootfs(programs: list[Path]) -> bytes:
    """Return a tar of programs with all that they need, at their places."""
    wanted: set[str] = set()
    for program in programs:
        wanted.add(str(program))
        done = subprocess.run(["ldd", program], check=False, capture_output=True, text=True)
        wanted |= {word for word in done.stdout.split() if word.startswith("/")}
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for folder in ("tmp", "run", "var", "proc", "etc"):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755
            tar.addfile(entry)
        for path in sorted(wanted):
            tar.add(os.path.realpath(path), arcname=path.lstrip("/"))
        passwd = b"root:x:0:0::/:/bin/sh\n"
        entry = tarfile.TarInfo("etc/passwd")
        entry.size = len(passwd)
        tar.addfile(entry, io.BytesIO(passwd))
    return raw.getvalue()
