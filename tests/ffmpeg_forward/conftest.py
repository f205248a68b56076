"""Children made of this Python that behave, misbehave, and speak as FFmpeg does."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from streamstead.ffmpeg_forward.backoff import Backoff
from streamstead.ffmpeg_forward.child import Limits, Place
from streamstead.ffmpeg_forward.identity import Identity, load_identity
from streamstead.ffmpeg_forward.supervise import Command

from ..conftest import wait_until

QUICK = Limits(start_s=60.0, stall_s=60.0, grace_s=0.3, poll_s=0.02)
"""The same rules, for tests in a hurry; however busy the machine, no child counts as hung."""

_PRELUDE = """
import os, signal, sys, time
def tell(ms): sys.stdout.write(f"frame=1\\nout_time_us={ms * 1000}\\nprogress=continue\\n")
def live():
    ms = 0
    while True:
        ms += 100
        tell(ms)
        time.sleep(0.02)
"""


def script(body: str) -> tuple[str, ...]:
    """Return the command of a child that runs ``body``; ``tell(ms)`` writes a progress block,
    ``live()`` never stops writing them."""
    return (sys.executable, "-u", "-c", _PRELUDE + textwrap.dedent(body))


def command(body: str, *secrets: str) -> Command:
    return Command(script(body), secrets)


def process_state(pid: int) -> str:
    """Return the kernel's letter for how the process is; X when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return "X"
    return stat.rpartition(")")[2].split()[0]


def is_running(pid: int) -> bool:
    """True while the process exists and has not ended (a zombie has)."""
    return process_state(pid) not in "ZX"


class Impatient(Backoff):
    """Counts as the real one, waits a hundredth of it."""

    def delay_s(self) -> float:
        return super().delay_s() / 100


async def until(check: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait for something that other tasks bring about."""
    async with asyncio.timeout(timeout_s):
        while not check():  # noqa: ASYNC110 - states are looked at, not announced
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def no_zombie_left() -> Iterator[None]:
    """Reap what was left to run on purpose and has ended since: init does it in real life, when
    the process that left it is gone."""
    yield
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess, ChildProcessError):
            if child.status() == psutil.STATUS_ZOMBIE:
                os.waitpid(child.pid, os.WNOHANG)


@pytest.fixture
def place(data_dir: Path) -> Place:
    return Place(data_dir / "run", "test")


@pytest.fixture
def no_descriptor_left() -> Iterator[None]:
    """Fail when a test leaves open files behind."""
    count: Callable[[], int] = lambda: len(os.listdir("/proc/self/fd"))  # noqa: E731
    gc.collect()  # what earlier tests left to it is closed now, not in the middle of this one
    before = count()
    yield
    assert count() == before


LeftOver = Callable[[tuple[str, ...]], Identity]

STARTER = """
import sys
from pathlib import Path
from streamstead.ffmpeg_forward.child import Child, Place
Child.start(sys.argv[2:], Place(Path(sys.argv[1]), "test"))
print("started", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def left_over(place: Place) -> Iterator[LeftOver]:
    """Start a child in another process and kill -9 that process."""
    found: list[Identity] = []

    def leave(argv: tuple[str, ...]) -> Identity:
        parent = subprocess.Popen(
            [sys.executable, "-c", STARTER, str(place.run_dir), *argv],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        with parent:
            assert parent.stdout is not None
            assert parent.stdout.readline() == b"started\n"
            parent.kill()
        identity = load_identity(place.state)
        assert identity is not None
        found.append(identity)
        wait_until(identity.is_alive, "the child is through its gate")
        return identity

    yield leave
    for identity in found:
        if identity.is_alive():
            os.kill(identity.pid, signal.SIGKILL)
