"""The manager's end of the template (core/template.py), from which our services are forked."""

import asyncio
import json
import os
import select
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace

from ...core.errors import Upstream
from ...core.log import get_logger
from ...core.template import MAX_MESSAGE, Half, Order

log = get_logger(__name__)

READY_S = 60.0
"""It loads the code of all services first, from a disk that may be slow."""
ANSWER_S = 10.0
END_S = 2.0


@dataclass(frozen=True, slots=True)
class Forked:
    """A process that waits for ``go``; it ends when ``go`` is closed without. ``status``: how it
    ended, None when the template ended before it."""

    pid: int
    pidfd: int
    go: int
    status: asyncio.Future[int | None]


class TemplateProcess:
    """Works when it is first needed, and another one after its end. ``half`` is one that waits.
    Must be used from one event loop."""

    def __init__(
        self,
        command: tuple[str, ...],
        services: list[str],
        env: dict[str, str],
        workdir: str,
        half: Half | None = None,
    ) -> None:
        self._command = command
        self._services = services
        self._half = half
        self._env = env
        self._workdir = workdir
        self._heard = asyncio.Event()
        """Set when it is ready, and when it ends before."""
        self._pid: int | None = None
        self._socket: socket.socket | None = None
        self._one = asyncio.Lock()
        self._answer: asyncio.Future[Forked] | None = None
        self._living: dict[int, asyncio.Future[int | None]] = {}

    def begin(self) -> None:
        """Let it load what ``fork`` needs. Raises Upstream."""
        if self._socket is None:
            self._begin()

    async def prepare(self) -> None:
        """Return when a process can be made at once. Raises Upstream."""
        async with self._one:
            await self._prepare()

    async def fork(self, order: Order, log_fd: int, doors: list[int]) -> Forked:
        """Make a process. Raises Upstream."""
        async with self._one:
            await self._prepare()
            assert self._socket is not None
            loop = asyncio.get_running_loop()
            self._answer = loop.create_future()
            end, go = os.pipe()
            try:
                socket.send_fds(self._socket, [order.to_json()], [log_fd, end, *doors])
                async with asyncio.timeout(ANSWER_S):
                    forked = await self._answer
            except BaseException as exc:
                os.close(go)
                if not isinstance(exc, Upstream):
                    # What it answers now would be taken for the answer to the next order.
                    self.end()
                if isinstance(exc, OSError):
                    raise Upstream(f"the template does not answer: {exc}") from None
                raise
            finally:
                os.close(end)
                self._answer = None
            return replace(forked, go=go)

    async def _prepare(self) -> None:
        self.begin()
        try:
            async with asyncio.timeout(READY_S):
                await self._heard.wait()
        except TimeoutError:
            self.end()
            raise Upstream("the template of our services does not become ready") from None
        if self._socket is None:
            raise Upstream("the template of our services has ended")

    def _begin(self) -> None:
        if self._half is not None and os.waitpid(self._half.pid, os.WNOHANG)[0]:
            self._half.socket.close()
            self._half = None
        half = self._half or self._start()
        self._half = None
        half.socket.setblocking(False)
        self._pid, self._socket = half.pid, half.socket
        self._heard.clear()
        asyncio.get_running_loop().add_reader(half.socket, self._hear)
        log.info("template.started", pid=half.pid)
        with suppress(OSError):  # its end is heard
            half.socket.send(json.dumps({"load": self._services}).encode())

    def _start(self) -> Half:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            popen = subprocess.Popen(
                self._command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=self._workdir,
                env=self._env,
                start_new_session=True,
                umask=0o022,
            )
        except OSError as exc:
            ours.close()
            raise Upstream(f"{self._command[0]} does not start: {exc.strerror}") from None
        finally:
            theirs.close()
        popen.returncode = 0  # no complaint: it is waited for by its number
        return Half(popen.pid, ours)

    def _hear(self) -> None:
        assert self._socket is not None
        try:
            raw, fds, _, _ = socket.recv_fds(self._socket, MAX_MESSAGE, 1)
        except BlockingIOError:
            return
        except OSError:
            raw, fds = b"", []
        if not raw:
            log.warning("template.ended")
            self.end()
            return
        said = json.loads(raw)
        if "ready" in said:
            self._heard.set()
        elif "ended" in said:
            living = self._living.pop(said["ended"], None)
            if living is not None:
                living.set_result(said["status"])
        elif self._answer is None or self._answer.done():
            for fd in fds:
                os.close(fd)
        elif "pid" in said:
            # Here and not by who waits: its end may be told before that one's turn comes.
            living = self._living[said["pid"]] = asyncio.get_running_loop().create_future()
            self._answer.set_result(Forked(said["pid"], fds[0], -1, living))
        else:
            self._answer.set_exception(Upstream(f"no process can be made: {said['error']}"))

    def end(self) -> None:
        """End it; what it has forked goes on, and how that ends will not be known."""
        if self._half is not None:
            self._pid, self._socket, self._half = self._half.pid, self._half.socket, None
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        if self._pid is not None:
            _end(self._pid)
            self._pid = None
        for living in self._living.values():
            living.set_result(None)
        self._living.clear()
        self._heard.set()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Upstream("the template of our services has ended"))


def _end(pid: int) -> None:
    """End a child of ours, which keeps its number until it is waited for."""
    pidfd = os.pidfd_open(pid)
    os.kill(pid, signal.SIGTERM)
    if not select.select([pidfd], [], [], END_S)[0]:
        os.kill(pid, signal.SIGKILL)
    os.close(pidfd)
    os.waitpid(pid, 0)
