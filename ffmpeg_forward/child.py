"""Run one child once: start it or take it over, watch it, end it.

The child outlives us when we are killed, and the process that comes after us takes it over: so
it writes progress and messages to memory of its own (tail.py says why), and its identity is on
disk before it does anything. Whoever watches it ends it: cancelling ``watch`` is the stop button.
"""

import asyncio
import fcntl
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from .identity import Identity, boot_id, command_digest, load_identity, start_ticks
from .progress import Progress, ProgressParser
from .tail import Tail, appendable_memory
from .to_the_end import to_the_end

PROGRESS_LIMIT_BYTES = 64 * 1024
ERRORS_LIMIT_BYTES = 512 * 1024
_NICENESS = 5
_LOCK_POLL_S = 0.2

# The child stands at a gate until its identity is on disk. If we die before that, it reads the
# end of its input and leaves: there is never a child that nobody can find again. `exec` keeps
# number and start time.
_GATE = ("/bin/sh", "-c", 'read -r _ && exec "$@" </dev/null', "gate")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a child of a name is written down; ``name`` is a plain word."""

    run_dir: Path
    name: str

    @property
    def state(self) -> Path:
        """Who it is (identity.py), as long as it runs."""
        return self.run_dir / f"ffmpeg-{self.name}.json"

    @asynccontextmanager
    async def owned(self) -> AsyncIterator[None]:
        """Hold the name's lock; wait while another process of ours still has it."""
        path = self.run_dir / f"ffmpeg-{self.name}.lock"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    await asyncio.sleep(_LOCK_POLL_S)
            yield
        finally:
            os.close(fd)


@dataclass(frozen=True, slots=True)
class Limits:
    """When a child counts as hung, and how it is ended; seconds."""

    start_s: float = 10.0
    """Until media time first moves."""
    stall_s: float = 5.0
    """That media time may stand."""
    grace_s: float = 3.0
    """Between SIGTERM and SIGKILL."""
    poll_s: float = 0.5
    """Between looks at what it wrote; its end is noticed at once."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended. ``status`` is None for one that we took over: the kernel tells only the
    parent; a negative number is the signal that ended it. ``stalled``: we ended it, it hung."""

    status: int | None
    stalled: bool = False


class Child:
    """A running process in a session of its own. Watch it once."""

    def __init__(
        self,
        identity: Identity,
        place: Place,
        outputs: tuple[int, int],
        popen: subprocess.Popen[bytes] | None,
    ) -> None:
        self.identity = identity
        self._place = place
        self._progress_fd, self._errors_fd = outputs
        self._popen = popen
        # From here on the number cannot mislead: a pidfd stays with its process.
        self._pidfd = os.pidfd_open(identity.pid)

    @classmethod
    def start(cls, argv: Sequence[str], place: Place) -> Self:
        """Start a program; ``argv[0]`` may be a name on PATH, and must not be a wrapper script:
        its command line would change, and nobody could take it over.

        It writes progress to its standard output and messages to its standard error. Raises
        OSError when it cannot be started (FileNotFoundError: not installed).
        """
        if shutil.which(argv[0]) is None:
            raise FileNotFoundError(f"{argv[0]} is not installed")
        with ExitStack() as undo:
            progress_fd = appendable_memory(f"{place.name}-progress")
            undo.callback(os.close, progress_fd)
            errors_fd = appendable_memory(f"{place.name}-errors")
            undo.callback(os.close, errors_fd)
            popen = subprocess.Popen(
                [*_GATE, *argv],
                stdin=subprocess.PIPE,
                stdout=progress_fd,
                stderr=errors_fd,
                bufsize=0,
                start_new_session=True,
            )
            assert popen.stdin is not None
            undo.callback(popen.wait)
            with popen.stdin as gate:
                # Live media of other people comes before ours when the processor is short.
                # Never a better place than our own: only root may take that.
                mine = os.getpriority(os.PRIO_PROCESS, 0)
                os.setpriority(os.PRIO_PROCESS, popen.pid, max(mine, _NICENESS))
                identity = Identity(
                    pid=popen.pid,
                    start_ticks=start_ticks(popen.pid) or 0,
                    boot_id=boot_id(),
                    command_sha256=command_digest(argv),
                    started_ms=int(time.time() * 1000),
                )
                identity.save(place.state)
                child = cls(identity, place, (progress_fd, errors_fd), popen)
                undo.pop_all()
                with suppress(BrokenPipeError):  # killed at the gate: `watch` will tell
                    gate.write(b"\n")
        return child

    @classmethod
    def take_over(cls, place: Place) -> Self | None:
        """Return the child that a process before us left running, or None.

        A process whose number, start time or command differs from what was written down is a
        stranger: it is left alone and the record is dropped.
        """
        identity = load_identity(place.state)
        child = None
        if identity is not None and identity.is_alive():
            with suppress(OSError), ExitStack() as undo:
                progress_fd = os.open(f"/proc/{identity.pid}/fd/1", os.O_RDWR | os.O_CLOEXEC)
                undo.callback(os.close, progress_fd)
                errors_fd = os.open(f"/proc/{identity.pid}/fd/2", os.O_RDWR | os.O_CLOEXEC)
                undo.callback(os.close, errors_fd)
                child = cls(identity, place, (progress_fd, errors_fd), None)
                undo.pop_all()
        # Asked again now that the pidfd is open, so that the answer is about that very process.
        if child is not None and child.identity.is_alive():
            return child
        if child is not None:
            child._close()
        place.state.unlink(missing_ok=True)
        return None

    async def watch(
        self,
        limits: Limits,
        on_progress: Callable[[Progress], None],
        on_line: Callable[[str], None],
        leave: Callable[[], bool] = lambda: False,
    ) -> Ending:
        """Follow the child to its end. Cancelling ends it first; it is reaped in either case.

        When ``leave()`` says so at that moment, cancelling leaves it running instead, for the
        process that comes after us.
        """
        gone = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._pidfd, gone.set)
        left, status, stalled = False, None, False
        try:
            stalled = await self._follow(gone, limits, on_progress, on_line)
        except asyncio.CancelledError:
            left = leave() and not gone.is_set()
            raise
        finally:
            if left:
                self._let_go()
            else:
                status = await to_the_end(self._end(gone, limits.grace_s))
        return Ending(status, stalled)

    async def _follow(
        self,
        gone: asyncio.Event,
        limits: Limits,
        on_progress: Callable[[Progress], None],
        on_line: Callable[[str], None],
    ) -> bool:
        """Read what it writes until it has gone (False) or its media time stands (True)."""
        progress_tail = Tail(self._progress_fd, PROGRESS_LIMIT_BYTES)
        errors_tail = Tail(self._errors_fd, ERRORS_LIMIT_BYTES)
        parser = ProgressParser()
        media_ms = 0
        moved_at = time.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(limits.poll_s):
                    await gone.wait()
            ended = gone.is_set()
            for line in errors_tail.lines():
                on_line(line)
            for progress in filter(None, map(parser.feed, progress_tail.lines())):
                if progress.out_time_ms != media_ms:
                    media_ms, moved_at = progress.out_time_ms, time.monotonic()
                on_progress(progress)
            if ended:
                return False
            patience_s = limits.stall_s if media_ms else limits.start_s
            if time.monotonic() - moved_at > patience_s:
                return True

    def _let_go(self) -> None:
        asyncio.get_running_loop().remove_reader(self._pidfd)
        self._close()
        if self._popen is not None:
            # Nobody waits for it any more; without this the library would warn of that.
            self._popen.returncode = 0

    def _close(self) -> None:
        for fd in (self._pidfd, self._progress_fd, self._errors_fd):
            os.close(fd)

    async def _end(self, gone: asyncio.Event, grace_s: float) -> int | None:
        """End it if it still runs, reap it, and leave nothing of it behind."""
        if not gone.is_set():
            self._signal_group(signal.SIGTERM)
            with suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await gone.wait()
        # Also when the child itself has gone: what it started may still be there.
        self._signal_group(signal.SIGKILL)
        await gone.wait()
        asyncio.get_running_loop().remove_reader(self._pidfd)
        status = self._popen.wait() if self._popen else None
        self._close()
        self._place.state.unlink(missing_ok=True)
        return status

    def _signal_group(self, number: signal.Signals) -> None:
        """Signal the child's session, as long as its number is surely its own."""
        with suppress(ProcessLookupError):
            # Raises when the process is gone and reaped, and its number free for a stranger.
            signal.pidfd_send_signal(self._pidfd, 0)
            os.killpg(self.identity.pid, number)
