"""The programs that others wrote: there, and of which version."""

import asyncio
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from ...core.settings import Settings
from ...core.version import VERSION
from ..front.fetch import fetch
from .command import said_by
from .disk import MIN_FREE
from .item import Item, fail, ok, warn

_PROGRAMS = {
    "nginx": ("nginx", "-v"),
    "redis-server": ("redis-server", "--version"),
    "ffmpeg": ("ffmpeg", "-version"),
}
OLD_DOCKER = 20


def versions(settings: Settings, status: dict[str, Any] | None) -> Iterator[Item]:
    """Tell the version of every program we need."""
    python = ".".join(str(part) for part in sys.version_info[:3])
    yield ok("version", "Streamstead", f"{VERSION}, by Python {python}")
    containers = status is not None and status["runtime"] == "docker"
    for name, argv in _PROGRAMS.items():
        if containers and name != "ffmpeg":
            continue
        if shutil.which(name) is None:
            yield fail(name, name, "not installed", "Run ./bootstrap again: it installs it.")
            continue
        lines = said_by(*argv).splitlines()
        if lines:
            yield ok(name, name, lines[0][:120])
        else:
            yield fail(name, name, "says nothing of itself", "Install its package again.")
    if status is None:
        return
    try:
        raw = asyncio.run(fetch(settings.srs_api_port, "/api/v1/versions"))
        about = orjson.loads(raw)
        said = f"{about.get('engine', 'SRS')}, speaks as SRS {about['data']['version']}"
    except (OSError, TimeoutError, ValueError, KeyError, TypeError):
        yield fail(
            "media", "Media server", "does not answer", "See its log: streamstead logs media"
        )
    else:
        yield ok("media", "Media server", said)


def docker(settings: Settings, status: dict[str, Any] | None) -> Iterator[Item]:
    """Is the engine there and new enough, and has its disk room, where containers are used?"""
    used = status is not None and status["runtime"] == "docker"
    if not used:
        return
    engine = ("docker", *(("--host", settings.docker_host) if settings.docker_host else ()))
    said = said_by(*engine, "version", "--format", "{{.Server.Version}}")
    first = said.split(".")[0]
    if not first.isdigit():
        yield fail(
            "docker",
            "Docker Engine",
            "does not answer" if shutil.which("docker") else "its program is not installed here",
            "systemctl status docker; what runs goes on without it.",
        )
    elif int(first) < OLD_DOCKER:
        yield warn("docker", "Docker Engine", said, f"Upgrade it to {OLD_DOCKER} or newer.")
    else:
        yield ok("docker", "Docker Engine", said)
    root = Path(said_by(*engine, "info", "--format", "{{.DockerRootDir}}"))
    # The disk of the data is looked at by itself.
    if root.is_absolute() and root.is_dir() and _device(root) != _device(settings.data_dir):
        free = shutil.disk_usage(root).free
        said = f"{free / 1e9:.1f} GB free in {root}"
        if free < MIN_FREE:
            yield fail(
                "docker_disk",
                "Disk of Docker",
                f"{said}: no container can be made anew",
                "Remove images that nobody uses: docker image prune",
            )
        else:
            yield ok("docker_disk", "Disk of Docker", said)


def _device(path: Path) -> int:
    return path.stat().st_dev
