"""What an operator would check by hand."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...core.errors import StreamsteadError
from ...core.settings import Settings
from ..ports import port_problem
from .client import ask_manager

MIN_FREE_BYTES = 1_000_000_000
_PROGRAMS = {
    "nginx": ("nginx", "-v"),
    "redis-server": ("redis-server", "--version"),
    "ffmpeg": ("ffmpeg", "-version"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    name: str
    good: bool
    text: str


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield one finding per thing looked at."""
    yield _disk(settings)
    running = _status(settings)
    containers = running is not None and running["runtime"] == "docker"
    for name, argv in _PROGRAMS.items():
        if not containers or name == "ffmpeg":
            yield _program(name, argv)
    if running is None:
        yield Finding("services", False, "Streamstead does not run; start it: streamstead start")
        yield from _ports(settings)
        return
    for one in running["services"]:
        text = f"{one['state']} {one['detail']}".strip()
        yield Finding(one["name"], one["state"] == "running", text)


def _status(settings: Settings) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = ask_manager(settings, "GET", "/v1/status")
    except StreamsteadError:
        return None
    return found


def _disk(settings: Settings) -> Finding:
    usage = shutil.disk_usage(settings.data_dir)
    free_gb = usage.free / 1e9
    text = f"{free_gb:.1f} GB free of {usage.total / 1e9:.1f} GB in {settings.data_dir}"
    return Finding("disk", usage.free >= MIN_FREE_BYTES, text)


def _program(name: str, argv: tuple[str, ...]) -> Finding:
    if shutil.which(name) is None:
        return Finding(name, False, "not installed; ./bootstrap installs it")
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=10)
    said = (done.stdout + done.stderr).strip().splitlines()
    return Finding(name, done.returncode == 0, said[0] if said else "says nothing")


def _ports(settings: Settings) -> Iterator[Finding]:
    wanted = {"page": settings.http_port, "RTMP": settings.rtmp_port}
    for name, port in wanted.items():
        problem = port_problem(port)
        yield Finding(f"port {port} ({name})", not problem, problem or "free")
