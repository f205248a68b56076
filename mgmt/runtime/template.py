"""The manager's end of the template (core/template.py), from which our services are forked."""

import asyncio
import json
import os
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass, replace

from ...core.errors import Upstream
from ...core.log import get_logger
from ...core.template import MAX_MESSAGE, Order

log = get_logger(__name__)

ANSWER_S = 60.0
"""It loads the code of a service first, from a disk that may be slow."""
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
    """Runs when it is first needed, and anew after its end. Must be used from one event loop."""

    def __init__(self) -> None:
        self._popen: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._one = asyncio.Lock()
        self._answer: asyncio.Future[Forked] | None = None
        self._living: dict[int, asyncio.Future[int | None]] = {}

    async def fork(
        self, command: tuple[str, ...], order: Order, log_fd: int, doors: list[int]
    ) -> Forked:
        """Make a process; ``command`` starts the template. Raises Upstream."""
        async with self._one:
            if self._socket is None:
                self._begin(command, order)
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

    def _begin(self, command: tuple[str, ...], order: Order) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._popen = subprocess.Popen(
                command,
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                cwd=order.workdir,
                env=order.env,
                start_new_session=True,
                umask=0o022,
            )
        except OSError as exc:
            ours.close()
            raise Upstream(f"{command[0]} does not start: {exc.strerror}") from None
        finally:
            theirs.close()
        ours.setblocking(False)
        self._socket = ours
        asyncio.get_running_loop().add_reader(ours, self._hear)
        log.info("template.started", pid=self._popen.pid)

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
        if "ended" in said:
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
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        if self._popen is not None:
            with suppress(subprocess.TimeoutExpired):
                self._popen.terminate()
                self._popen.wait(END_S)
            if self._popen.returncode is None:
                self._popen.kill()
                self._popen.wait()
            self._popen = None
        for living in self._living.values():
            living.set_result(None)
        self._living.clear()
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Upstream("the template of our services has ended"))
