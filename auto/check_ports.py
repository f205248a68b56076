"""Say which port that we need is taken, and by whom, before anything is started.

Run by bootstrap with the Python of a release. What runs for the same data directory already holds
its ports by right. Prints one line of reason and one of advice for the first port that is taken,
and exits 1; lines beginning with "note:" are for ports that we can do without.
"""

import argparse
import errno
import socket
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from streamstead.core.errors import ConfigError
from streamstead.core.settings import Monitoring, RuntimeChoice, Settings
from streamstead.mgmt.containers.state import MONITORING, Programs
from streamstead.mgmt.front.settings import FrontSettings
from streamstead.mgmt.state_file import StateFile

ANY, LOOPBACK = "0.0.0.0", "127.0.0.1"  # noqa: S104 - the public doors


@dataclass(frozen=True, slots=True)
class Door:
    """One port as Settings names it."""

    setting: str
    port: int
    host: str
    udp: bool = False
    optional: bool = False

    @property
    def kind(self) -> str:
        return "udp" if self.udp else "tcp"


def doors(settings: Settings) -> Iterator[Door]:
    """Yield what this installation will listen on."""
    embedded_possible = settings.srs_bin is None and settings.runtime is not RuntimeChoice.DOCKER
    srs_possible = settings.srs_bin is not None or settings.runtime is not RuntimeChoice.PROCESS
    yield Door("http_port", settings.http_port, ANY)
    yield Door("rtmp_port", settings.rtmp_port, ANY)
    yield Door("rtc_port", settings.rtc_port, ANY, udp=True)
    yield Door("srt_port", settings.srt_port, ANY, udp=True)
    inner = ["platform_port", "hooks_port", "recorder_port", "ffmpeg_port"]
    inner += ["srs_api_port", "srs_http_port"]
    inner += ["engine_notify_port", "engine_stat_port"] if embedded_possible else []
    inner += ["srs_exporter_port"] if srs_possible else []
    for name in inner:
        yield Door(name, getattr(settings, name), LOOPBACK)
    for name in ("web_http_port", "web_https_port"):
        if getattr(settings, name):
            yield Door(name, getattr(settings, name), ANY, optional=True)
    chosen = StateFile(settings.data.mgmt, "programs", Programs).read().enabled
    for name in MONITORING:
        if chosen.get(name, settings.monitoring is not Monitoring.OFF):
            yield Door(f"{name}_port", getattr(settings, f"{name}_port"), LOOPBACK, optional=True)
    if StateFile(settings.data.mgmt, "front", FrontSettings).read().rtmps:
        yield Door("rtmps_port", settings.rtmps_port, ANY)


def is_taken(door: Door) -> bool:
    """Try to bind, as the server would."""
    with socket.socket(type=socket.SOCK_DGRAM if door.udp else socket.SOCK_STREAM) as probe:
        if not door.udp:
            # Connections of an earlier run that are still closing are no obstacle.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((door.host, door.port))
            if not door.udp:
                probe.listen(1)
        except OSError as exc:
            return exc.errno == errno.EADDRINUSE
    return False


def holders(door: Door) -> list[psutil.Process]:
    """Return the processes that hold the port; none when they cannot be seen from here.

    An outgoing connection can hold it too, where the port is in the kernel's range for those.
    """
    found: list[psutil.Process] = []
    for connection in psutil.net_connections(door.kind):
        address = connection.laddr
        if connection.pid and address and address.port == door.port:
            try:
                found.append(psutil.Process(connection.pid))
            except psutil.NoSuchProcess:
                continue
    return found


def is_ours(process: psutil.Process, data: Path) -> bool:
    """Tell whether a process, or one that it descends from, was started for ``data``."""
    try:
        return any(
            arg == str(data) or f"{data}/" in arg
            for one in (process, *process.parents())
            if one.pid != 1
            for arg in one.cmdline()
        )
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def anything_of_ours(data: Path) -> bool:
    """Tell whether an earlier start for ``data`` left something running (we do not count)."""
    here = psutil.Process()
    asking = {here.pid, *(one.pid for one in here.parents())}
    return any(is_ours(one, data) for one in psutil.process_iter() if one.pid not in asking)


def describe(processes: list[psutil.Process]) -> str:
    """Name the first one: a server's workers hold the same port as their master."""
    for process in sorted(processes, key=lambda one: one.pid):
        try:
            return f"{process.name()} (pid {process.pid})"
        except psutil.NoSuchProcess:
            continue
    return "a process that cannot be seen from here"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data: Path = parser.parse_args().data
    try:
        settings = Settings.load(data)
    except ConfigError as exc:
        print(exc.message, exc.help, sep="\n")
        return 1
    for door in doors(settings):
        if not is_taken(door):
            continue
        who = holders(door)
        # In a container even root may not see whose socket it is; then it is enough that we run.
        if any(is_ours(one, data) for one in who) or (not who and anything_of_ours(data)):
            continue
        name = f"STREAMSTEAD_{door.setting.upper()}"
        if door.optional:
            taken = f"port {door.port}/{door.kind} ({door.setting}) is taken by {describe(who)}"
            print(f"note: {taken}: not used; {name} chooses another")
            continue
        print(f"port {door.port}/{door.kind} ({door.setting}) is taken by {describe(who)}.")
        print(f"end that program, or choose another port: {name}=N ./bootstrap")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
