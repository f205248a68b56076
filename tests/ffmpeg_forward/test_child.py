"""One run of one child: it is always ended, always reaped, and never another's."""

import asyncio
import os
import signal
import time

import pytest

from streamstead.ffmpeg_forward.child import Child, Ending, Limits, Place
from streamstead.ffmpeg_forward.progress import Progress

from ..conftest import wait_until
from .conftest import QUICK, is_running, process_state, script, until

pytestmark = pytest.mark.usefixtures("no_descriptor_left")


class Seen:
    """Collects what a child says; ``first`` is set by its first progress."""

    def __init__(self) -> None:
        self.progress: list[Progress] = []
        self.lines: list[str] = []
        self.first = asyncio.Event()

    def on_progress(self, progress: Progress) -> None:
        self.progress.append(progress)
        self.first.set()

    async def watch(self, child: Child, limits: Limits = QUICK) -> Ending:
        return await child.watch(limits, self.on_progress, self.lines.append)


async def stop(task: "asyncio.Task[Ending]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_progress_messages_and_status_come_through(place: Place) -> None:
    child = Child.start(script("tell(1200); sys.stderr.write('oh no\\n'); sys.exit(3)"), place)
    assert place.state.exists()
    seen = Seen()
    assert await seen.watch(child) == Ending(3)
    assert [p.out_time_ms for p in seen.progress] == [1200]
    assert seen.lines == ["oh no"]
    assert not place.state.exists()


async def test_cancelling_ends_the_child_with_sigterm(place: Place) -> None:
    child = Child.start(script("live()"), place)
    seen = Seen()
    task = asyncio.create_task(seen.watch(child))
    await seen.first.wait()
    await stop(task)
    assert not is_running(child.identity.pid)


async def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(place: Place) -> None:
    child = Child.start(script("signal.signal(15, signal.SIG_IGN); live()"), place)
    seen = Seen()
    task = asyncio.create_task(seen.watch(child))
    await seen.first.wait()
    before = time.monotonic()
    await stop(task)
    assert time.monotonic() - before >= QUICK.grace_s
    assert not is_running(child.identity.pid)


async def test_being_cancelled_twice_still_ends_the_child(place: Place) -> None:
    child = Child.start(script("signal.signal(15, signal.SIG_IGN); live()"), place)
    seen = Seen()
    task = asyncio.create_task(seen.watch(child))
    await seen.first.wait()
    task.cancel()
    await asyncio.sleep(0.05)
    await stop(task)
    assert not is_running(child.identity.pid)


async def test_a_grandchild_does_not_outlive_the_child(place: Place) -> None:
    body = """
    import subprocess
    print('grandchild', subprocess.Popen(['sleep', '60']).pid, file=sys.stderr)
    tell(1)
    """
    seen = Seen()
    assert await seen.watch(Child.start(script(body), place)) == Ending(0)
    grandchild = int(seen.lines[0].split()[1])
    await until(lambda: not is_running(grandchild))


async def test_media_that_stands_ends_the_child(place: Place) -> None:
    child = Child.start(script("while True: tell(700); time.sleep(0.02)"), place)
    limits = Limits(start_s=60, stall_s=0.4, grace_s=60, poll_s=0.02)
    assert await Seen().watch(child, limits) == Ending(-signal.SIGTERM, stalled=True)


async def test_a_stopped_process_counts_as_stalled_and_is_killed(place: Place) -> None:
    child = Child.start(script("live()"), place)
    limits = Limits(start_s=60, stall_s=0.4, grace_s=0.3, poll_s=0.02)

    def stop_it(_: Progress) -> None:
        os.kill(child.identity.pid, signal.SIGSTOP)
        wait_until(lambda: process_state(child.identity.pid) == "T", "the child stands")

    assert await child.watch(limits, stop_it, print) == Ending(-signal.SIGKILL, stalled=True)


async def test_a_child_that_never_begins_is_ended_after_its_own_time(place: Place) -> None:
    child = Child.start(script("time.sleep(60)"), place)
    limits = Limits(start_s=0.3, stall_s=60, grace_s=0.3, poll_s=0.02)
    assert (await Seen().watch(child, limits)).stalled


async def test_a_flood_of_messages_costs_no_memory_and_no_time(place: Place) -> None:
    body = """
    for number in range(40_000): sys.stderr.write(f'{number} ' + 'x' * 60 + '\\n')
    tell(1)
    """
    seen = Seen()
    assert await seen.watch(Child.start(script(body), place)) == Ending(0)
    assert seen.lines[-1].startswith("39999 ")


async def test_the_child_has_its_own_session_no_input_and_a_lower_priority(place: Place) -> None:
    body = """
    print(os.getsid(0) == os.getpid(), sys.stdin.read() == '', os.nice(0), file=sys.stderr)
    print(sorted(os.listdir('/proc/self/fd'))[:4], file=sys.stderr)
    """
    seen = Seen()
    await seen.watch(Child.start(script(body), place))
    niceness = max(5, os.getpriority(os.PRIO_PROCESS, 0))
    # Number 3 is the listing itself.
    assert seen.lines == [f"True True {niceness}", "['0', '1', '2', '3']"]


def test_a_program_that_is_not_there_is_an_error_at_once(place: Place) -> None:
    with pytest.raises(FileNotFoundError, match="no-such-ffmpeg is not installed"):
        Child.start(["no-such-ffmpeg"], place)
    assert not place.state.exists()


def test_a_child_whose_identity_cannot_be_written_never_runs(place: Place) -> None:
    marker = place.run_dir / "it-ran"
    broken = Place(place.run_dir / "absent", "test")
    with pytest.raises(OSError, match="absent"):
        Child.start(script(f"open({str(marker)!r}, 'w')"), broken)
    assert not marker.exists()
