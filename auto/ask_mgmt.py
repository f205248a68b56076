"""Ask the manager of a data directory on its socket. Standard library only.

alive   exit 0 when it answers
wait    until every service runs; else one line of reason and one of advice, exit 1
renew   end the manager and its keeper in the background; what they run goes on. The caller
        starts the next ones. A keeper in the foreground starts the next manager itself
"""

import argparse
import fcntl
import http.client
import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

from unix_http import ask

POLL_S = 0.2
GIVEN_UP_POLLS = 10
ANSWER_S = 3.0
END_WAIT_S = 30.0
# Images may be pulled before the manager answers at all.
FIRST_ANSWER_S = 150.0
FAILURES = (OSError, http.client.HTTPException, ValueError)
Problem = tuple[str, str]


class Manager:
    """The manager behind ``<data>/run/mgmt.sock``; ``unit``: its systemd unit, or ""."""

    def __init__(self, data: Path, unit: str) -> None:
        self._data = data
        self._unit = unit
        self._socket = data / "run" / "mgmt.sock"

    def is_alive(self) -> bool:
        try:
            ask(self._socket, "GET", "/healthz", timeout_s=ANSWER_S)
        except FAILURES:
            return False
        return True

    def wait(self, timeout_s: float) -> Problem | None:
        """Wait until all services run; the time counts from the manager's first answer."""
        until = time.monotonic() + FIRST_ANSWER_S
        given_up = 0
        while not self.is_alive():
            # A keeper that has only just been started may not hold its lock yet.
            given_up = given_up + 1 if self._is_given_up() else 0
            if given_up > GIVEN_UP_POLLS:
                return f"the manager ended: {self._last_words()}", self._look("mgmt")
            if time.monotonic() >= until:
                return f"the manager did not answer for {FIRST_ANSWER_S:.0f} s.", self._look("mgmt")
            time.sleep(POLL_S)
        until = time.monotonic() + timeout_s
        while (waiting := self._not_running()) and time.monotonic() < until:
            time.sleep(POLL_S)
        if not waiting:
            return None
        told = "; ".join(
            f"{one['name']} is {one['state']}" + (f" ({one['detail']})" if one["detail"] else "")
            for one in waiting
        )
        return f"not everything runs after {timeout_s:.0f} s: {told}.", self._look(
            str(waiting[0]["name"])
        )

    def renew(self) -> None:
        """End the manager; what it runs goes on, and the next manager adopts it."""
        manager, keeper = self._pid(), self._keeper()
        stays = keeper is None or b"--foreground" in Path(f"/proc/{keeper}/cmdline").read_bytes()
        # A keeper in the background ends its manager too, and nothing else.
        os.kill(manager if stays or keeper is None else keeper, signal.SIGTERM)
        until = time.monotonic() + END_WAIT_S
        while Path(f"/proc/{manager}").exists() and time.monotonic() < until:
            time.sleep(POLL_S)
        while not stays and not self._is_given_up() and time.monotonic() < until:
            time.sleep(POLL_S)

    def _keeper(self) -> int | None:
        """Return the pid of the living keeper."""
        if self._is_given_up():
            return None
        try:
            with self._open("run/keeper.pid") as file:
                return int(json.loads(file.read(1000))["pid"])
        except (OSError, ValueError, KeyError):
            return None

    def _pid(self) -> int:
        """Return who listens on the socket. Raises OSError when nobody does."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(ANSWER_S)
            probe.connect(str(self._socket))
            size = struct.calcsize("3i")
            raw = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return int(struct.unpack("3i", raw)[0])

    def _not_running(self) -> list[dict[str, Any]]:
        try:
            services: list[dict[str, Any]] = ask(self._socket, "GET", "/v1/status")["services"]
        except FAILURES:
            return [{"name": "mgmt", "state": "silent", "detail": ""}]
        return [one for one in services if one["state"] not in ("running", "off")]

    def _is_given_up(self) -> bool:
        """Tell whether nobody is going to start the manager (again)."""
        if self._unit:
            command = ["systemctl", "is-failed", "--quiet", self._unit]
            return subprocess.run(command, check=False).returncode == 0
        try:
            with self._open("run/keeper.pid") as held:
                fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            # Held by a living keeper, or not made yet.
            return False
        return True

    def _open(self, name: str) -> IO[bytes]:
        """Open a file of ours in a folder that services write into, too: one that is theirs, a
        link or a pipe counts as absent. Raises OSError."""
        fd = os.open(self._data / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        facts = os.fstat(fd)
        if not stat.S_ISREG(facts.st_mode) or facts.st_uid not in (0, os.geteuid()):
            os.close(fd)
            raise FileNotFoundError(name)
        return open(fd, "rb")

    def _last_words(self) -> str:
        try:
            with self._open("logs/mgmt.log") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - 20_000))
                lines = file.read().decode(errors="replace").splitlines()
        except OSError:
            return "it left no word."
        # What it says to people stands beside the JSON lines.
        plain = [line for line in lines[-5:] if line.strip() and not line.startswith("{")]
        return " ".join(plain) or "it left no word."

    def _look(self, name: str) -> str:
        where = f"{self._data}/logs/{name}.log"
        if name == "mgmt" and self._unit:
            where = f"the journal (journalctl -u {self._unit})"
        return f"read {where}, then run ./bootstrap again."


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--unit", default="")
    parser.add_argument("--timeout", type=float, default=60.0)
    parser.add_argument("verb", choices=["alive", "wait", "renew"])
    options = parser.parse_args()
    manager = Manager(options.data, options.unit)
    if options.verb == "alive":
        return 0 if manager.is_alive() else 1
    if options.verb == "wait":
        problem = manager.wait(options.timeout)
        if problem:
            print(*problem, sep="\n")
        return 1 if problem else 0
    manager.renew()
    return 0


if __name__ == "__main__":
    sys.exit(main())
