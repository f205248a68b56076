"""A process that has loaded what our services share, and forks them: they share its memory.

Each service would load the same libraries otherwise, some 60 MB each. The manager is split in two
before it begins, so that it shares what it has loaded, too; when that template ends, it starts
another one as a program. It runs on the same code as its manager, which alone can reach it: by a
socket. Without a manager it ends; the services go on. Nothing is kept here, so another one can
take its place at any time.

A message is JSON. ``{"load": [NAME]}`` comes first, and is answered ``{"ready": true}``: what is
loaded after a fork is not shared with what was forked before. Then the manager sends an ``Order``,
with the log and the end of a pipe as descriptors, then the listening sockets. The answer is
``{"pid": N}`` with a pidfd, or
``{"error": "..."}``. The new process waits until a byte comes by the pipe, and ends when it is
closed: so none runs that the manager has not written down. Of every end it is told
``{"ended": pid, "status": N}``, a signal as a negative number.
"""

import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import cast

from .errors import ConfigError
from .runner import GIVEN_SOCKETS, find_service

MAX_MESSAGE = 128 * 1024
MAX_DESCRIPTORS = 18
FIRST_DOOR, HIGHEST = 3, 100
"""Descriptors of the listening sockets in a service: from the first number, below the second."""
_LOG, _GO = 0, 1
_LATE = (
    "anyio._backends._asyncio",
    "certifi",
    "httpcore",
    "importlib.resources.readers",
    "uvicorn.lifespan.off",
    "uvicorn.protocols.http.httptools_impl",
)
"""What libraries load when they are first used."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to become. ``user``: user, group and further groups, None to stay what we are.
    ``doors``: the ports of the sockets that come along."""

    argv: list[str]
    env: dict[str, str]
    workdir: str
    umask: int
    user: tuple[int, int, list[int]] | None
    doors: list[int]

    def to_json(self) -> bytes:
        return json.dumps(asdict(self)).encode()


class Template:
    """The forking side. ``run`` returns only in a new process, with what it is to be."""

    def __init__(self, manager: socket.socket) -> None:
        self._manager = manager
        self._selector = selectors.DefaultSelector()
        self._selector.register(manager, selectors.EVENT_READ)
        self._children: dict[int, int] = {}  # pidfd -> pid

    def run(self) -> Order | None:
        """Take orders; None when the manager has gone."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is not self._manager:
                    self._reap(key.fd)
                    continue
                raw, fds, _, _ = socket.recv_fds(self._manager, MAX_MESSAGE, MAX_DESCRIPTORS)
                if not raw:
                    return None
                asked = json.loads(raw)
                if "load" in asked:
                    _load(asked["load"])
                    self._tell({"ready": True})
                    continue
                order = Order(**asked)
                if self._fork(order, fds):
                    return order

    def _fork(self, order: Order, fds: list[int]) -> bool:
        """Return True in the new process."""
        try:
            pid = os.fork()
        except OSError as exc:
            _close(fds)
            self._tell({"error": exc.strerror})
            return False
        if pid == 0:
            self._leave()
            _become(order, fds)
            return True
        _close(fds)
        pidfd = os.pidfd_open(pid)
        self._children[pidfd] = pid
        self._selector.register(pidfd, selectors.EVENT_READ)
        with suppress(BrokenPipeError):
            socket.send_fds(self._manager, [json.dumps({"pid": pid}).encode()], [pidfd])
        return False

    def _leave(self) -> None:
        """Let go of all that is not the business of a service."""
        self._selector.close()
        self._manager.close()
        _close(list(self._children))

    def _reap(self, pidfd: int) -> None:
        pid = self._children.pop(pidfd)
        self._selector.unregister(pidfd)
        # Not reaped yet, so the number is still its own: what it left behind would keep its ports.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(pidfd)
        self._tell({"ended": pid, "status": status})

    def _tell(self, message: dict[str, object]) -> None:
        with suppress(BrokenPipeError):  # the next look finds that the manager has gone
            self._manager.send(json.dumps(message).encode())


def _load(services: list[str]) -> None:
    """Load and make all that every process made from here would load and make for itself."""
    for name in _LATE:
        importlib.import_module(name)
    for name in services:
        try:
            service = find_service(name)
            if service.api is not None:
                service.api.prepare()
        except Exception as exc:  # the service meets it again and says so in its own log
            print(f"{name} cannot be loaded: {type(exc).__name__}: {exc}", file=sys.stderr)
    # What is not looked through any more is not written to, and stays shared.
    gc.collect()
    gc.freeze()
    gc.disable()


def _become(order: Order, fds: list[int]) -> None:
    """Be a process as the manager would have started it. Ends this one where that fails."""
    try:
        os.setsid()
        _place(fds)
        os.chdir(order.workdir)
        if order.user is not None:
            uid, gid, groups = order.user
            os.setgroups(groups)
            os.setresgid(gid, gid, gid)
            os.setresuid(uid, uid, uid)
        os.umask(order.umask)
        os.environ.clear()
        os.environ.update(order.env)
        if order.doors:
            os.environ[GIVEN_SOCKETS] = ",".join(
                f"{port}:{FIRST_DOOR + number}" for number, port in enumerate(order.doors)
            )
        time.tzset()
        sys.argv = order.argv
        _set_title(order.argv)
        if os.read(0, 1) != b"g":
            os._exit(1)  # the manager did not write us down: it may start another one
        _forget_input()
    except OSError as exc:
        os.write(2, f"the service cannot begin: {exc}\n".encode())
        os._exit(1)
    gc.enable()


def _place(fds: list[int]) -> None:
    """Put the pipe, the log and the doors where a new process has them, and close all else."""
    # First out of the way: one may lie where another is to go.
    high = [os.dup2(fd, HIGHEST + number, inheritable=False) for number, fd in enumerate(fds)]
    os.closerange(FIRST_DOOR, HIGHEST)
    os.dup2(high[_GO], 0)
    os.dup2(high[_LOG], 1)
    os.dup2(high[_LOG], 2)
    for number, fd in enumerate(high[2:]):
        os.dup2(fd, FIRST_DOOR + number, inheritable=False)
    _close(high)


def _close(fds: list[int]) -> None:
    for fd in fds:
        os.close(fd)


def _set_title(argv: list[str]) -> None:
    """Show these words in ``ps`` and ``/proc/<pid>/cmdline``. The place of our own is overwritten,
    which began with the path of the interpreter: it is long enough for its name alone."""
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[45]), int(fields[46])
    except (OSError, IndexError, ValueError):
        return
    if 0 < start < end:
        title = b"\0".join(os.fsencode(word) for word in ("python", *argv))[: end - start - 1]
        ctypes.memmove(start, title.ljust(end - start, b"\0"), end - start)


def run_template() -> Order | None:
    """Serve the manager on standard input. Raises ConfigError when that is no socket."""
    try:
        manager = socket.socket(fileno=os.dup(0))
    except OSError:
        raise ConfigError(
            "this is started by the manager only", "Start a service: streamstead serve NAME"
        ) from None
    _forget_input()
    return Template(manager).run()


@dataclass(frozen=True, slots=True)
class Half:
    """A template that was split off from this process, its child."""

    pid: int
    socket: socket.socket


_halves: list[Half] = []


def take_half() -> Half | None:
    """Return the template that ``split_off`` has made, once."""
    return _halves.pop() if _halves else None


def split_off() -> bool:
    """Fork a template from this process, which must be one thread still. True in the new one,
    which then is to call ``run_template``."""
    gc.collect()
    gc.freeze()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        pid = os.fork()
        if pid:
            _halves.append(Half(pid, ours.dup()))
            return False
        os.dup2(theirs.fileno(), 0)
    os.closerange(FIRST_DOOR, HIGHEST)
    os.setsid()
    os.umask(0o022)
    cast(TextIOWrapper, sys.stdout).reconfigure(write_through=True)  # as PYTHONUNBUFFERED has it
    _set_title([sys.argv[0], "template", *sys.argv[2:]])
    return True


def _forget_input() -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
