"""Which ports every program has, and who else holds one of them."""

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..runtime.spec import ServiceSpec
from ..services.common import MediaServer, Plan

_LISTEN, _UDP_OPEN = "0A", "07"
_CONTAINER = re.compile(r"(?:docker[-/]|/)([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class DoorOf:
    """``public``: reached from other machines."""

    port: int
    proto: str = "tcp"
    public: bool = False


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that holds a port; ``container`` is the id of the one it lives in, if any."""

    pid: int
    name: str
    container: str = ""


def doors_of(spec: ServiceSpec, plan: Plan) -> list[DoorOf]:
    """Return what a program listens on."""
    settings = plan.settings
    if spec.name == "front":
        return [DoorOf(port, public=True) for port in spec.ports]
    if spec.name == "media":
        embedded = plan.media_server is MediaServer.EMBEDDED
        inner = [settings.srs_api_port, settings.srs_http_port]
        inner += (
            [settings.engine_notify_port, settings.engine_stat_port]
            if embedded
            else [settings.srs_exporter_port]
        )
        udp = [settings.rtc_port] if embedded else [settings.rtc_port, settings.srt_port]
        return [
            DoorOf(settings.rtmp_port, public=True),
            *(DoorOf(port, "udp", public=True) for port in udp),
            *(DoorOf(port) for port in inner),
        ]
    return [DoorOf(port) for port in spec.ports]


def holders(doors: list[DoorOf]) -> dict[DoorOf, Holder]:
    """Find who listens on these ports now. Looks at every process: for when something is wrong."""
    inodes: dict[str, DoorOf] = {}
    for door in doors:
        for inode in _sockets(door):
            inodes[inode] = door
    found: dict[DoorOf, Holder] = {}
    if not inodes:
        return found
    for pid in sorted(_pids()):
        for inode in _socket_inodes(pid):
            door_found = inodes.get(inode)
            # The lowest pid is the master of a server with workers.
            if door_found is not None and door_found not in found:
                found[door_found] = Holder(pid, _name(pid), container_of(pid))
        if len(found) == len(doors):
            break
    return found


def container_of(pid: int) -> str:
    """Return the id of the Docker container that a process lives in; empty for none."""
    try:
        cgroups = Path(f"/proc/{pid}/cgroup").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    found = _CONTAINER.search(cgroups)
    return found[1] if found else ""


def _sockets(door: DoorOf) -> Iterator[str]:
    wanted = _LISTEN if door.proto == "tcp" else _UDP_OPEN
    for version in ("", "6"):
        try:
            lines = Path(f"/proc/net/{door.proto}{version}").read_text(encoding="ascii")
        except OSError:
            continue
        for line in lines.splitlines()[1:]:
            fields = line.split()
            if int(fields[1].rpartition(":")[2], 16) == door.port and fields[3] == wanted:
                yield fields[9]


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _socket_inodes(pid: int) -> Iterator[str]:
    folder = f"/proc/{pid}/fd"
    with contextlib.suppress(OSError):
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                target = os.readlink(f"{folder}/{name}")
                if target.startswith("socket:["):
                    yield target[8:-1]


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return "a process"
