"""After a crash: the child that was ours is taken over, a stranger is left alone."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from streamstead.ffmpeg_forward.child import Child, Ending, Place
from streamstead.ffmpeg_forward.identity import (
    Identity,
    boot_id,
    command_digest,
    start_ticks,
)
from streamstead.ffmpeg_forward.progress import Progress

from .conftest import QUICK, STARTER, LeftOver, is_running, script


@pytest.fixture
def stranger() -> Iterator[Identity]:
    """A process that was never ours."""
    argv = ["sleep", "60"]
    with subprocess.Popen(argv) as popen:
        yield Identity(
            pid=popen.pid,
            start_ticks=start_ticks(popen.pid) or 0,
            boot_id=boot_id(),
            command_sha256=command_digest(argv),
            started_ms=0,
        )
        assert popen.poll() is None, "a stranger was ended"
        popen.kill()


async def test_a_child_lives_on_and_its_progress_is_seen_by_who_comes_next(
    place: Place, left_over: LeftOver
) -> None:
    identity = left_over(script("live()"))
    child = Child.take_over(place)
    assert child is not None
    assert child.identity == identity
    seen: asyncio.Queue[Progress] = asyncio.Queue()
    task = asyncio.create_task(child.watch(QUICK, seen.put_nowait, print))
    first = await seen.get()
    while (await seen.get()).out_time_ms <= first.out_time_ms + 1000:
        pass
    assert is_running(identity.pid)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert not is_running(identity.pid)
    assert not place.state.exists()


async def test_a_taken_over_child_that_ignores_sigterm_is_killed(
    place: Place, left_over: LeftOver
) -> None:
    identity = left_over(script("signal.signal(15, signal.SIG_IGN); live()"))
    child = Child.take_over(place)
    assert child is not None
    seen: asyncio.Queue[Progress] = asyncio.Queue()
    task = asyncio.create_task(child.watch(QUICK, seen.put_nowait, print))
    await seen.get()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert not is_running(identity.pid)


async def test_the_end_of_a_taken_over_child_is_noticed(place: Place, left_over: LeftOver) -> None:
    identity = left_over(script("live()"))
    child = Child.take_over(place)
    assert child is not None
    seen: asyncio.Queue[Progress] = asyncio.Queue()
    task = asyncio.create_task(child.watch(QUICK, seen.put_nowait, print))
    await seen.get()
    os.kill(identity.pid, signal.SIGKILL)
    assert await task == Ending(None)


def test_a_child_whose_starter_dies_before_writing_it_down_leaves_by_itself(
    place: Place,
) -> None:
    marker = place.run_dir / "it-ran"
    dying = STARTER.replace(
        "Child.start",
        "import os; Place.state = property(lambda _: os.kill(os.getpid(), 9))\nChild.start",
    )
    argv = [sys.executable, "-c", dying, str(place.run_dir), *script(f"open({str(marker)!r}, 'w')")]
    assert subprocess.run(argv, timeout=60, check=False).returncode == -signal.SIGKILL
    # Its gate ends when our end of the pipe does; the session is then empty.
    assert not marker.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"start_ticks": 1},
        {"boot_id": "another boot"},
        {"command_sha256": command_digest(["sleep", "61"])},
    ],
)
def test_a_number_that_was_given_to_a_stranger_is_not_touched(
    place: Place, stranger: Identity, change: dict[str, object]
) -> None:
    stranger.model_copy(update=change).save(place.state)
    assert Child.take_over(place) is None
    assert not place.state.exists()


def test_a_number_that_nobody_has_is_nobody(place: Place, stranger: Identity) -> None:
    stranger.model_copy(update={"pid": 2**22 + 1}).save(place.state)
    assert Child.take_over(place) is None


def test_a_zombie_is_nobody(place: Place) -> None:
    with subprocess.Popen(["sleep", "60"]) as popen:
        identity = Identity(
            pid=popen.pid,
            start_ticks=start_ticks(popen.pid) or 0,
            boot_id=boot_id(),
            command_sha256=command_digest(["sleep", "60"]),
            started_ms=0,
        )
        identity.save(place.state)
        popen.kill()
        os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
        assert Child.take_over(place) is None


@given(st.binary(max_size=200))
@hypothesis_settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_broken_record_is_no_record(place: Place, raw: bytes) -> None:
    place.state.write_bytes(raw)
    assert Child.take_over(place) is None
    assert not place.state.exists()


def test_the_record_holds_no_secret_and_is_ours_alone(place: Place) -> None:
    child = Child.start([*script("live()"), "rtmp://h/live/demo?secret=hunter2"], place)
    try:
        assert "hunter2" not in place.state.read_text()
        assert place.state.stat().st_mode & 0o777 == 0o600
        assert not list(Path(place.run_dir).glob("*hunter2*"))
    finally:
        os.kill(child.identity.pid, signal.SIGKILL)
        asyncio.run(child.watch(QUICK, print, print))


async def test_only_one_process_owns_a_name_at_a_time(place: Place) -> None:
    entered = asyncio.Event()

    async def second() -> None:
        async with place.owned():
            entered.set()

    async with place.owned():
        task = asyncio.create_task(second())
        await asyncio.sleep(0.05)
        assert not entered.is_set()
    async with asyncio.timeout(30):
        await task
