"""Listening sockets that outlive the process behind them.

We open them and give them to the program. While it is replaced, or comes back after a crash,
whoever connects waits in the queue of the kernel instead of being refused: the media server would
turn a publisher away, and the page would show an error.
"""

import asyncio
import ctypes
import os
import socket
from contextlib import suppress

from ...core.log import get_logger
from ...core.runner import GIVEN_SOCKETS, given_sockets
from ...core.template import FIRST_DOOR

log = get_logger(__name__)

HOST = "127.0.0.1"
QUEUE = 512
KEPT_S = 15.0
"""Nobody waits longer for a program that does not come back: to be refused is better then."""
_PIDFD_GETFD = 438
"""Number of the system call, the same on every architecture since Linux 5.6."""


class Doors:
    """The sockets of all programs, by name and port. Must be used from one event loop."""

    def __init__(self) -> None:
        self._open: dict[str, dict[int, socket.socket]] = {}
        self._ends: dict[str, asyncio.TimerHandle] = {}

    def open(self, name: str, ports: tuple[int, ...]) -> dict[int, socket.socket]:
        """Return the sockets to give to the program that is about to start.

        A port that somebody else has is left out: the program will say so itself.
        """
        self._stay(name)
        held = self._open.setdefault(name, {})
        for port in set(held) - set(ports):
            held.pop(port).close()
        for port in set(ports) - set(held):
            with suppress(OSError):
                held[port] = _listening(port)
        return dict(held)

    def adopt(self, name: str, ports: tuple[int, ...], pid: int, pidfd: int) -> None:
        """Hold what an earlier manager gave to a process that still runs.

        Where that cannot be had (an old kernel, no right to) it is as with any other program:
        refused until the next one listens.
        """
        held = self._open.setdefault(name, {})
        # What was forked has them where they always are; its environment is not its own.
        always = {port: FIRST_DOOR + number for number, port in enumerate(ports)}
        for port, number in (_was_given(pid) or always).items():
            if port in ports and port not in held:
                found = _take_over(pidfd, number)
                if found is not None and _is_door(found, port):
                    held[port] = found
                elif found is not None:
                    found.close()

    def ended(self, name: str) -> None:
        """Its process has gone: hold its sockets for a while."""
        if self._open.get(name) and name not in self._ends:
            loop = asyncio.get_running_loop()
            self._ends[name] = loop.call_later(KEPT_S, self.close, name)

    def close(self, name: str) -> None:
        """Refuse from now on."""
        self._stay(name)
        for sock in self._open.pop(name, {}).values():
            sock.close()

    def close_all(self) -> None:
        """Let go; processes that have them go on."""
        for name in list(self._open):
            self.close(name)

    def _stay(self, name: str) -> None:
        timer = self._ends.pop(name, None)
        if timer is not None:
            timer.cancel()


def environment(doors: dict[int, socket.socket]) -> dict[str, str]:
    """Tell a program which descriptor is which port, as ``core.runner`` reads it."""
    if not doors:
        return {}
    return {GIVEN_SOCKETS: ",".join(f"{port}:{sock.fileno()}" for port, sock in doors.items())}


def _listening(port: int) -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        sock.listen(QUEUE)
    except OSError:
        sock.close()
        raise
    return sock


def _was_given(pid: int) -> dict[int, int]:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            raw = file.read(1_000_000)
    except OSError:
        return {}
    start = GIVEN_SOCKETS.encode() + b"="
    for one in raw.split(b"\0"):
        if one.startswith(start):
            return given_sockets(one.removeprefix(start).decode(errors="replace"))
    return {}


def _take_over(pidfd: int, number: int) -> socket.socket | None:
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(_PIDFD_GETFD, pidfd, number, 0)
    if fd < 0:
        log.warning("door.not_taken_over", error=os.strerror(ctypes.get_errno()))
        return None
    try:
        return socket.socket(fileno=fd)
    except OSError:
        os.close(fd)
        return None


def _is_door(sock: socket.socket, port: int) -> bool:
    """Trust nothing that a service says: it must be the very socket we would open."""
    try:
        return (
            sock.family == socket.AF_INET
            and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
            and sock.getsockname() == (HOST, port)
        )
    except OSError:
        return False
