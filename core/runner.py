"""Run one or several services in one process: listeners and endless loops in one task group.

A loop that raises ends the process, and its supervisor starts it again: there is never a
silent half-running service.
"""

import asyncio
import ctypes
import gc
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import uvicorn
import uvloop
from starlette.types import ASGIApp

from .ahead import MadeAhead
from .errors import ConfigError
from .http_limits import LimitedHttp
from .log import configure_logging, get_logger
from .settings import Settings

if TYPE_CHECKING:
    from fastapi import FastAPI  # 12 MB that a service without FastAPI need not carry

log = get_logger(__name__)

KEEP_ALIVE_S = 30
STOP_GRACE_S = 3
CANCEL_AGAIN_S = 0.5
GIVEN_SOCKETS = "GIVEN_SOCKETS"
"""Environment variable with the listening sockets that the manager gave us: ``port:descriptor``,
separated by commas. They outlive this process, so that nobody is refused while it is replaced."""
SETTLED_S = 30.0
"""After a start: what each loop needs for its first round is there then."""
_M_ARENA_MAX = -8
"""Of ``mallopt`` in <malloc.h>."""
EX_CONFIG = 78
"""Exit status of a start that would fail again: the supervisor need not hurry."""


@dataclass(frozen=True, slots=True)
class Listener:
    """One HTTP door: a TCP port on loopback, or a unix socket with its file mode.

    ``protocol`` makes what speaks on a connection, with the arguments of uvicorn's own classes.
    """

    app: ASGIApp
    port: int | None = None
    host: str = "127.0.0.1"
    uds: Path | None = None
    uds_mode: int = 0o660
    uds_group: int | None = None
    """Group of the socket; None: that of its folder or of this process."""
    protocol: Callable[..., asyncio.Protocol] = LimitedHttp


@dataclass(frozen=True, slots=True)
class Running:
    """What an opened service wants run until the process is told to stop."""

    listeners: Sequence[Listener] = ()
    loops: Sequence[Coroutine[Any, Any, None]] = field(default=())


@dataclass(frozen=True, slots=True)
class Service:
    """A process that we wrote.

    ``open`` builds everything and closes it on the way out. ``api`` gives the FastAPI app for
    its description alone, without opening anything; None when it has no public API.
    """

    name: str
    open: Callable[[Settings], AbstractAsyncContextManager[Running]]
    api: "MadeAhead[FastAPI] | None" = None


class _Server(uvicorn.Server):
    """uvicorn without its own signal handling: several of them share our one handler."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def background(*loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run endless loops beside the body; cancel them on the way out. One that raises cancels it."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(loop) for loop in loops]
        try:
            yield
        finally:
            await _cancel(tasks)


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Cancel until all have ended: before Python 3.12 ``asyncio.wait_for``, which redis-py uses,
    can swallow a cancellation that comes together with its result (CPython issue 86296)."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=CANCEL_AGAIN_S)


@cache
def find_service(name: str) -> Service:
    """Load a service by its entry point. Raises ConfigError for an unknown name."""
    found = entry_points(group="streamstead.services", name=name)
    for entry in found:
        return cast(Service, entry.load())
    known = ", ".join(service_names())
    raise ConfigError(f"no service is called {name!r}", f"The services are: {known}.")


def service_names() -> list[str]:
    """Return what ``find_service`` finds, in the order of the alphabet."""
    return sorted(entry.name for entry in entry_points(group="streamstead.services"))


def run(names: Sequence[str], settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit status of the process."""
    configure_logging(settings.log_level, names[0] if len(names) == 1 else "streamstead")
    _one_arena()
    services = [find_service(name) for name in names]
    failed: list[ConfigError] = []
    try:
        uvloop.run(_serve(services, settings))
    except* ConfigError as group:
        failed = _leaves(group)
    for exc in failed:
        print(f"{exc} {exc.help}", file=sys.stderr)
    return EX_CONFIG if failed else 0


def _leaves(group: BaseExceptionGroup[ConfigError]) -> list[ConfigError]:
    found: list[ConfigError] = []
    for exc in group.exceptions:
        found += _leaves(exc) if isinstance(exc, BaseExceptionGroup) else [exc]
    return found


async def _serve(services: Sequence[Service], settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(service.open(settings)) for service in services]
        listeners = [listener for running in opened for listener in running.listeners]
        loops = [one for running in opened for one in running.loops]
        try:
            bound = [(listener, _bind(listener)) for listener in listeners]
        except ConfigError:
            for one in loops:
                one.close()  # never begun; silence would be a warning in the log instead
            raise
        async with background(*loops, *(_listen(*one) for one in bound)):
            log.info("service.started", services=[s.name for s in services])
            settle_memory()
            loop.call_later(SETTLED_S, settle_memory)
            await stop.wait()
            log.info("service.stopping", services=[s.name for s in services])


def settle_memory() -> None:
    """Give back what only the start needed. What stays is not looked through again by the garbage
    collector, which would write to every page that is shared with other services."""
    gc.collect()
    gc.freeze()
    with suppress(OSError, AttributeError):  # another C library has it not
        ctypes.CDLL(None).malloc_trim(0)


def _one_arena() -> None:
    """Let threads share one heap: each of its own keeps what its thread has needed once."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


async def _listen(listener: Listener, sock: socket.socket) -> None:
    """Serve one listener until cancelled; open requests get ``STOP_GRACE_S`` to end."""
    config = uvicorn.Config(
        listener.app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        loop="uvloop",
        http=cast(Any, listener.protocol),
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=STOP_GRACE_S,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve([sock]))
    try:
        await asyncio.shield(task)
        raise ConfigError(f"the listener on {listener.uds or listener.port} ended by itself")
    except asyncio.CancelledError:
        server.should_exit = True
        await task
        raise


def given_sockets(text: str) -> dict[int, int]:
    """Return port → descriptor of the variable ``GIVEN_SOCKETS``; what is damaged is left out."""
    pairs = (one.partition(":") for one in text.split(",")[:16])
    return {int(a): int(b) for a, _, b in pairs if a.isdecimal() and b.isdecimal()}


def _bind(listener: Listener) -> socket.socket:
    """Take the address before anything starts. Raises ConfigError when another program has it."""
    try:
        if listener.uds is not None:
            return _unix_socket(listener.uds, listener.uds_mode, listener.uds_group)
        given = given_sockets(os.environ.get(GIVEN_SOCKETS, "")).get(listener.port or 0)
        if given is not None:
            sock = socket.socket(fileno=given)
            sock.set_inheritable(False)
            return sock
        sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((listener.host, listener.port or 0))
    except OSError as exc:
        where = listener.uds or f"port {listener.port}"
        raise ConfigError(
            f"{where} cannot be used: {exc.strerror}",
            "Stop the other program, or choose another port in config/.env.",
        ) from None
    return sock


def _unix_socket(path: Path, mode: int, group: int | None) -> socket.socket:
    """Bind a unix socket that is open to nobody until it has its group; a stale one goes first."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old = os.umask(0o777)
    try:
        sock.bind(str(path))
    finally:
        os.umask(old)
    if group is not None:
        os.chown(path, -1, group, follow_symlinks=False)
    path.chmod(mode)
    return sock
