"""One-shot programs: run to their end, within a time, with what they said."""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field

from .account import Account
from .spec import Mount

MAX_OUTPUT_BYTES = 256 * 1024
TIMED_OUT = 124
"""Status of a program that had to be killed at its time limit, as of timeout(1)."""
_PIECE = 64 * 1024
_LAST_WORDS_S = 1.0


@dataclass(frozen=True, slots=True)
class RunOnce:
    """A program that ends by itself. ``name`` tells two that may run at a time apart."""

    name: str
    argv: tuple[str, ...]
    image: str = ""
    """The container image; unused by processes."""
    mounts: tuple[Mount, ...] = ()
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    tmpfs: tuple[str, ...] = ()
    workdir: str = ""
    privileged: bool = False
    """Runs as root (a container: with these capabilities alone), not as the service user."""
    capabilities: tuple[str, ...] = ()
    memory_mb: int = 256
    pids: int = 100


@dataclass(frozen=True, slots=True)
class Ran:
    """How it went. ``status`` is negative for a signal, ``TIMED_OUT`` for the time limit.

    ``output`` is both its streams, of a container in about their order, the last
    ``MAX_OUTPUT_BYTES`` of them at most.
    """

    status: int
    output: str

    @property
    def ok(self) -> bool:
        return self.status == 0


class Tail:
    """The last bytes of what was written."""

    def __init__(self) -> None:
        self._kept = bytearray()

    def take(self, piece: bytes) -> None:
        self._kept += piece
        if len(self._kept) > 2 * MAX_OUTPUT_BYTES:
            del self._kept[:-MAX_OUTPUT_BYTES]

    @property
    def text(self) -> str:
        return bytes(self._kept[-MAX_OUTPUT_BYTES:]).decode(errors="replace")


async def run_process(
    once: RunOnce, account: Account, env: Mapping[str, str], workdir: str, timeout_s: float
) -> Ran:
    """Run it as a process in a session of its own; whatever it leaves behind is killed with it.

    Raises OSError when it cannot be started.
    """
    drop = account.drops and not once.privileged
    loop = asyncio.get_running_loop()
    read_end, write_end = os.pipe()
    try:
        popen = subprocess.Popen(  # noqa: ASYNC220 - starts within milliseconds
            once.argv,
            stdin=subprocess.DEVNULL,
            stdout=write_end,
            stderr=write_end,
            cwd=workdir,
            env=dict(env),
            start_new_session=True,
            user=account.uid if drop else None,
            group=account.gid if drop else None,
            extra_groups=list(account.groups) if drop else None,
            umask=0o027,
        )
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    os.set_blocking(read_end, False)
    tail, said, gone = Tail(), asyncio.Event(), asyncio.Event()

    def on_words() -> None:
        with contextlib.suppress(BlockingIOError):
            piece = os.read(read_end, _PIECE)
            tail.take(piece)
            if not piece:
                loop.remove_reader(read_end)
                said.set()

    def on_end() -> None:
        loop.remove_reader(pidfd)
        gone.set()

    pidfd = os.pidfd_open(popen.pid)
    loop.add_reader(read_end, on_words)
    loop.add_reader(pidfd, on_end)
    in_time = True
    try:
        try:
            async with asyncio.timeout(timeout_s):
                await gone.wait()
        except TimeoutError:
            in_time = False
    finally:
        # Its leader is not reaped yet, so the group is still its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(popen.pid, signal.SIGKILL)
        status = popen.wait()
        loop.remove_reader(pidfd)
        os.close(pidfd)
        try:
            # A grandchild in another session may hold the pipe open for ever.
            async with asyncio.timeout(_LAST_WORDS_S):
                await said.wait()
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(read_end)
            os.close(read_end)
    return Ran(status if in_time else TIMED_OUT, tail.text)
