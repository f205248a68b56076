"""What is gathered for a support bundle, each part by itself; redacted by who puts it in."""

import json
import os
import platform
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ...core.errors import Upstream
from ...core.files import open_to_read
from ...core.settings import PREFIX, Settings
from ...core.version import VERSION
from ..cli.client import ask_manager

__all__ = ["RedisError"]

EVENTS = 200
MAX_KEYS = 200_000
MAX_CONFIGURATION = 1_000_000
_PROGRAMS = (
    ("nginx", "-v"),
    ("redis-server", "--version"),
    ("ffmpeg", "-version"),
    ("docker", "--version"),
    ("systemctl", "--version"),
    ("prometheus", "--version"),
    ("certbot", "--version"),
)
_SECTIONS = ("server", "clients", "memory", "persistence", "stats", "keyspace")


@contextmanager
def redis_of(settings: Settings) -> Iterator[Any]:
    """Yield a client, whether or not Redis answers."""
    client = Redis(
        unix_socket_path=str(settings.data.redis_socket),
        password=settings.redis_password.get_secret_value(),
        decode_responses=True,
        encoding_errors="replace",
        socket_timeout=5,
        retry=Retry(NoBackoff(), 1),
    )
    try:
        yield client
    finally:
        client.close()


def about() -> dict[str, Any]:
    """Return versions of ours and of what we run."""
    found: dict[str, Any] = {"streamstead": VERSION, "python": sys.version.split()[0]}
    for program, option in _PROGRAMS:
        if shutil.which(program):
            found[program] = _first_line([program, option])
    return found


def machine(settings: Settings) -> str:
    """Return what the machine is and how full it is."""
    lines = [" ".join(platform.uname()._replace(node="-"))]
    for path in ("/etc/os-release", "/proc/meminfo", "/proc/loadavg", "/proc/uptime"):
        try:
            text = Path(path).read_text(errors="replace")
        except OSError as exc:
            text = f"cannot be read: {exc.strerror}"
        lines += [f"== {path}", *text.splitlines()[:12]]
    lines.append(f"== processors: {os.cpu_count()}")
    for place in (settings.data.root, Path("/"), Path("/tmp")):  # noqa: S108 - only looked at
        usage = shutil.disk_usage(place)
        lines.append(f"== {place}: {usage.used >> 20} of {usage.total >> 20} MB used")
    for one in sorted(settings.data.root.iterdir()):
        facts = one.lstat()
        lines.append(f"{facts.st_mode:o} {facts.st_uid}:{facts.st_gid} {one.name}")
    return "\n".join(lines)


def settings_text(settings: Settings) -> str:
    """Return the settings that are not as they are by default; of secrets only that they are."""
    lines = []
    for name, field in type(settings).model_fields.items():
        value = getattr(settings, name)
        if hasattr(value, "get_secret_value"):
            value = f"(set, {len(value.get_secret_value())} characters)"
        elif value == field.default:
            continue
        lines.append(f"{PREFIX}{name.upper()}={value}")
    return "\n".join(lines)


def configurations(settings: Settings) -> list[Path]:
    """Return the files that we made for nginx, Redis and the media server."""
    found = settings.data.config.rglob("*.conf")
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def configuration(settings: Settings, path: Path) -> str:
    """Return the text of one of them. Raises OSError where it is one no more: services write into
    these folders, and may have put a link there meanwhile."""
    with open_to_read(path) as file:
        if Path(os.readlink(f"/proc/self/fd/{file.fileno()}")) != _real(settings, path):
            raise OSError(f"{path} is not where it was")
        return file.read(MAX_CONFIGURATION).decode(errors="replace")


def _real(settings: Settings, path: Path) -> Path:
    return settings.data.config.resolve() / path.relative_to(settings.data.config)


def ask(settings: Settings, path: str, timeout_s: float = 10) -> Any:
    """Return what the manager says. Raises StreamsteadError."""
    return ask_manager(settings, "GET", path, timeout_s)


def redis_facts(client: Any) -> dict[str, Any]:
    """Return how Redis does, and how many keys of each kind it has; never a value. Raises
    RedisError."""
    facts: dict[str, Any] = {name: client.info(name) for name in _SECTIONS}
    counts: Counter[str] = Counter()
    sizes: dict[str, int] = {}
    for number, key in enumerate(client.scan_iter(count=1000)):
        if number >= MAX_KEYS:
            break
        # What follows the colon may be an address or a session.
        name = key.partition(":")[0]
        counts[name] += 1
        if ":" not in key:
            kind = client.type(key)
            size = {"hash": client.hlen, "stream": client.xlen, "set": client.scard}.get(kind)
            sizes[name] = size(key) if size else 1
    return facts | {"keys": dict(counts), "entries": sizes}


def events(client: Any) -> list[dict[str, Any]]:
    """Return the newest events. Raises RedisError."""
    found = []
    for _, fields in client.xrevrange("STREAMSTEAD_EVENTS", count=EVENTS):
        found.append(fields | {"data": json.loads(fields.get("data") or "{}")})
    return found


def _first_line(argv: list[str]) -> str:
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired) as exc:
        raise Upstream(f"{argv[0]} does not answer: {exc}") from None
    said = (done.stdout + done.stderr).strip().splitlines()
    return said[0][:200] if said else ""
