"""Programs as processes that outlive us: found again by pidfile, watched by pidfd.

A process is only ever signalled through a pidfd that was checked against its start time, so a
stranger that got the same pid is never touched.
"""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from ...core.errors import Upstream
from ...core.log import get_logger
from ...core.paths import DataDir
from ...core.runner import service_names
from ...core.template import Order, take_half
from ..services.common import own_command
from . import logfile
from .account import Account
from .doors import Doors, environment
from .once import TIMED_OUT, Ran, RunOnce, run_process
from .pidfile import (
    ProcessRecord,
    new_record,
    read_pidfile,
    start_ticks,
    still_runs,
    write_pidfile,
)
from .protocol import Ended, EngineNews, Instance
from .spec import RuntimeName, ServiceSpec
from .template import Forked, TemplateProcess

log = get_logger(__name__)

CHECK_TIMEOUT_S = 15.0
KILL_WAIT_S = 5.0
STATUS_WAIT_S = 5.0
BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(slots=True)
class _Child:
    """A process we watch; ``popen`` only when it is our own child, to be reaped."""

    name: str
    record: ProcessRecord
    pidfd: int
    popen: subprocess.Popen[bytes] | None = None
    status: asyncio.Future[int | None] | None = None
    """How it ended, of one that the template has made."""
    forked: bool = False
    """Made by a template, of this manager or of an earlier one."""
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class ProcessRuntime:
    """Runs specs as processes. One per data directory; must be used from one event loop."""

    kind = RuntimeName.PROCESS

    def __init__(
        self, data: DataDir, account: Account, template: TemplateProcess | None = None
    ) -> None:
        self._data = data
        self._account = account
        self._children: dict[str, _Child] = {}
        self._doors = Doors()
        self._template = template or self._own_template()
        self._ending: set[asyncio.Task[None]] = set()
        self._masked: dict[str, int] = {}  # how far their logs hold no secrets any more
        self._ended: asyncio.Queue[Ended] = asyncio.Queue()

    async def begin_early(self) -> None:
        """Let our services be loaded while other programs start, where none of them goes on."""
        if not any([await self.inspect(name) for name in _forked_names()]):
            self._template.begin()

    async def ensure(self, spec: ServiceSpec) -> Instance:
        running = await self.inspect(spec.name)
        if running is not None:
            if running.spec_hash == spec.hash:
                return running
            await self.adopted(spec)
            await self.stop(spec.name, spec.stop_grace_s, again=True)
        return await self._start(spec)

    async def inspect(self, name: str) -> Instance | None:
        child = self._children.get(name) or self._adopt(name)
        if child is None or child.gone.is_set():
            return None
        record = child.record
        return Instance(name, record.pid, record.spec_hash, record.started_ms)

    async def adopted(self, spec: ServiceSpec) -> None:
        child = self._children.get(spec.name)
        if child is not None and spec.forked:
            child.forked = True
        if child is not None and spec.doors:
            self._doors.adopt(spec.name, spec.doors, child.record.pid, child.pidfd)

    async def stop(self, name: str, grace_s: float = 10.0, *, again: bool = False) -> None:
        running = await self.inspect(name)
        if not again:
            self._doors.close(name)
        if running is None:
            return
        child = self._children[name]
        if again and child.forked:
            await self._template.prepare()  # first, so that it is not missed for long
        self._send(child, signal.SIGTERM)
        if not await self._wait_gone(child, grace_s):
            log.warning("process.killed", name=name, after_s=grace_s)
            self._send(child, signal.SIGKILL)
            if not await self._wait_gone(child, KILL_WAIT_S):
                raise Upstream(f"{name} (pid {child.record.pid}) does not end, even by SIGKILL")

    async def signal(self, name: str, number: int) -> None:
        if await self.inspect(name) is not None:
            self._send(self._children[name], number)

    async def check(self, spec: ServiceSpec) -> str | None:
        if not spec.check:
            return None
        # As root, as the program itself begins: it reads what only root may, such as keys.
        once = RunOnce(
            f"{spec.name}-check", spec.check, env=spec.env, workdir=spec.workdir, privileged=True
        )
        ran = await self.run(once, CHECK_TIMEOUT_S)
        if ran.status == TIMED_OUT:
            return f"{spec.check[0]} did not end within {CHECK_TIMEOUT_S:.0f} s"
        return None if ran.ok else ran.output.strip()

    async def run(self, once: RunOnce, timeout_s: float) -> Ran:
        return await run_process(
            once, self._account, self._environment(once), self._workdir(once), timeout_s
        )

    async def logs(self, name: str, lines: int) -> list[str]:
        return await asyncio.to_thread(logfile.tail, self._log_path(name), lines)

    async def rotate_logs(self) -> None:
        for name in list(self._children):
            path = self._log_path(name)
            try:
                self._masked[name] = await asyncio.to_thread(
                    logfile.mask, path, self._masked.get(name, 0)
                )
                if await asyncio.to_thread(logfile.rotate, path):
                    log.info("log.rotated", name=name)
            except OSError as exc:
                log.warning("log.not_rotated", name=name, error=exc.strerror or str(exc))

    async def events(self) -> AsyncIterator[Ended | EngineNews]:
        while True:
            yield await self._ended.get()

    async def close(self) -> None:
        for task in self._ending:
            task.cancel()
        for child in self._children.values():
            self._unwatch(child)
            if child.popen is not None:
                # It lives on without us: no complaint about a child that was not waited for.
                child.popen.returncode = 0
        self._children.clear()
        self._doors.close_all()
        self._template.end()

    async def _start(self, spec: ServiceSpec) -> Instance:
        doors = self._doors.open(spec.name, spec.doors)
        try:
            return await self._fork(spec, doors) if spec.forked else self._spawn(spec, doors)
        except (OSError, Upstream):
            self._doors.ended(spec.name)
            raise

    def _spawn(self, spec: ServiceSpec, doors: dict[int, socket.socket]) -> Instance:
        fd = logfile.open_log(self._log_path(spec.name))
        account = self._account.web if spec.web else self._account
        drop = account.drops and not spec.privileged
        try:
            popen = subprocess.Popen(
                spec.argv,
                stdin=subprocess.DEVNULL,
                stdout=fd,
                stderr=fd,
                cwd=self._workdir(spec),
                env=self._environment(spec) | environment(doors),
                pass_fds=[one.fileno() for one in doors.values()],
                start_new_session=True,
                user=account.uid if drop else None,
                group=account.gid if drop else None,
                extra_groups=list(account.groups) if drop else None,
                umask=self._umask(spec),
            )
        finally:
            os.close(fd)
        record = new_record(popen.pid, spec.hash)
        if record is None:
            status = popen.wait()
            raise Upstream(f"{spec.name} {Ended(spec.name, popen.pid, status).reason} at once")
        try:
            write_pidfile(self._pidfile(spec.name), record)
        except OSError:
            # Without it the next manager would start a second one beside it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(popen.pid, signal.SIGKILL)
            popen.wait()
            raise
        child = self._watch(spec.name, record, popen)
        assert child is not None  # our own unreaped child cannot lose its pid
        log.info("process.started", name=spec.name, pid=record.pid)
        return Instance(spec.name, record.pid, record.spec_hash, record.started_ms)

    async def _fork(self, spec: ServiceSpec, doors: dict[int, socket.socket]) -> Instance:
        """Let the template make it; it begins when its pidfile is written."""
        account = self._account.web if spec.web else self._account
        order = Order(
            argv=list(spec.argv),
            env=self._environment(spec),
            workdir=self._workdir(spec),
            umask=self._umask(spec),
            user=(account.uid, account.gid, list(account.groups)) if account.drops else None,
            doors=list(doors),
        )
        fd = logfile.open_log(self._log_path(spec.name))
        try:
            forked = await self._template.fork(order, fd, [one.fileno() for one in doors.values()])
        finally:
            os.close(fd)
        try:
            record = new_record(forked.pid, spec.hash)
            if record is None:
                raise Upstream(f"{spec.name} ended at once")
            write_pidfile(self._pidfile(spec.name), record)
            self._watch(spec.name, record, None, forked)
            os.write(forked.go, b"g")
        except BrokenPipeError:
            raise Upstream(f"{spec.name} ended at once") from None
        finally:
            os.close(forked.go)
            os.close(forked.pidfd)
        log.info("process.started", name=spec.name, pid=record.pid)
        return Instance(spec.name, record.pid, record.spec_hash, record.started_ms)

    def _own_template(self) -> TemplateProcess:
        command = (own_command(), "template", "--data", str(self._data.root))
        env = {"PYTHONUNBUFFERED": "1", **self._base_environment()}
        return TemplateProcess(command, _forked_names(), env, str(self._data.root), take_half())

    def _umask(self, spec: ServiceSpec) -> int:
        # A release from before the platform had an account of its own goes on with its files.
        return 0o007 if spec.web else 0o027

    def _adopt(self, name: str) -> _Child | None:
        path = self._pidfile(name)
        record = read_pidfile(path)
        if record is None:
            return None
        child = self._watch(name, record, None)
        if child is None:
            path.unlink(missing_ok=True)
            return None
        log.info("process.adopted", name=name, pid=record.pid)
        return child

    def _watch(
        self,
        name: str,
        record: ProcessRecord,
        popen: subprocess.Popen[bytes] | None,
        forked: Forked | None = None,
    ) -> _Child | None:
        try:
            pidfd = os.pidfd_open(record.pid)
        except ProcessLookupError:
            return None
        # Checked after opening: from here on the descriptor means this process or none.
        if popen is None and not still_runs(record):
            os.close(pidfd)
            return None
        status = forked.status if forked else None
        child = _Child(name, record, pidfd, popen, status, forked is not None)
        self._children[name] = child
        asyncio.get_running_loop().add_reader(pidfd, self._on_end, child)
        return child

    def _on_end(self, child: _Child) -> None:
        asyncio.get_running_loop().remove_reader(child.pidfd)
        if child.status is None:
            self._end_group(child)
            self._note_end(child, child.popen.wait() if child.popen is not None else None)
            return
        task = asyncio.get_running_loop().create_task(self._end_of_forked(child, child.status))
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _end_of_forked(self, child: _Child, status: asyncio.Future[int | None]) -> None:
        """The template reaps it, after what it left behind, and tells how it ended."""
        found = None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STATUS_WAIT_S):
                found = await asyncio.shield(status)
        if found is None:
            self._end_group(child)
        self._note_end(child, found)

    def _note_end(self, child: _Child, status: int | None) -> None:
        os.close(child.pidfd)
        if self._children.get(child.name) is child:
            del self._children[child.name]
            self._pidfile(child.name).unlink(missing_ok=True)
        self._doors.ended(child.name)
        child.gone.set()
        ended = Ended(child.name, child.record.pid, status)
        log.info("process.ended", name=child.name, pid=child.record.pid, status=status)
        self._ended.put_nowait(ended)

    def _end_group(self, child: _Child) -> None:
        """Kill what a dead leader left behind: its workers would keep its ports."""
        pid = child.record.pid
        # Our own child is still a zombie here, which keeps its pid (and so its group) its own.
        # An adopted one may be reaped: a live process with that pid is then a stranger.
        if child.popen is None and start_ticks(pid) is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)

    def _send(self, child: _Child, number: int) -> None:
        if child.gone.is_set():  # its descriptor is closed, and may be another's by now
            return
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(child.pidfd, number)

    def _unwatch(self, child: _Child) -> None:
        asyncio.get_running_loop().remove_reader(child.pidfd)
        os.close(child.pidfd)

    async def _wait_gone(self, child: _Child, seconds: float) -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await child.gone.wait()
        return child.gone.is_set()  # it may have gone in the very moment the time was up

    def _environment(self, spec: ServiceSpec | RunOnce) -> dict[str, str]:
        return self._base_environment() | dict(spec.env)

    def _base_environment(self) -> dict[str, str]:
        kept = {
            k: v for k, v in os.environ.items() if k in ("TZ", "LANG", "LC_ALL", "SSL_CERT_FILE")
        }
        path = os.environ.get("PATH") or BASE_PATH
        return {"PATH": path, "HOME": str(self._data.root), **kept}

    def _workdir(self, spec: ServiceSpec | RunOnce) -> str:
        return spec.workdir or str(self._data.root)

    def _pidfile(self, name: str) -> Path:
        return self._data.run / f"{name}.pid"

    def _log_path(self, name: str) -> Path:
        return self._data.logs / f"{name}.log"


def _forked_names() -> list[str]:
    return [name for name in service_names() if name != "mgmt"]
