"""Which public ports nginx may open beside the one that is always open."""

import errno
import json
import socket
from pathlib import Path

from ..core.files import read_plain, write_atomic
from ..core.settings import Settings
from .services.common import FrontDoors

_PORTS_FILE = "front.ports"


def port_problem(port: int) -> str:
    """Return why a TCP port cannot be opened on all addresses; empty when it can."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As nginx does: connections that are still closing do not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))  # noqa: S104 - asked for all addresses, nothing is served
            probe.listen(1)
        except OSError as exc:
            if exc.errno == errno.EADDRINUSE:
                return f"port {port} is used by another program"
            if exc.errno == errno.EACCES:
                return f"port {port} needs root"
            return f"port {port}: {exc.strerror}"
    return ""


def has_ipv6() -> bool:
    """Tell whether this machine can listen on IPv6 addresses."""
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
    except OSError:
        return False
    return True


def choose_doors(settings: Settings, front_runs: bool) -> FrontDoors:
    """Return 80 and 443 where they are wanted and free, or held by our own running front."""
    ours = _remembered(settings.data.run) if front_runs else set()
    reasons: list[str] = []

    def door(port: int) -> int:
        if port == 0:
            return 0
        problem = "" if port in ours else port_problem(port)
        if problem:
            reasons.append(problem)
        return 0 if problem else port

    return FrontDoors(
        http=door(settings.web_http_port),
        https=door(settings.web_https_port),
        reasons=tuple(reasons),
    )


def remember_doors(run: Path, doors: FrontDoors) -> None:
    """Note what our front opens, so that the next start does not take it for a stranger's."""
    text = json.dumps([doors.http, doors.https])
    write_atomic(run / _PORTS_FILE, text, 0o644, keep_owner=False)


def _remembered(run: Path) -> set[int]:
    try:
        return {int(port) for port in json.loads(read_plain(run / _PORTS_FILE, ours=True))}
    except (OSError, ValueError, TypeError):
        return set()
