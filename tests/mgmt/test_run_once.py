"""One-shot programs, as processes: bounded in time and words, and nothing is left of them."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.once import MAX_OUTPUT_BYTES, TIMED_OUT, RunOnce
from streamstead.mgmt.runtime.pidfile import start_ticks
from streamstead.mgmt.runtime.process import ProcessRuntime

Until = Callable[[Callable[[], object]], Awaitable[None]]

WITH_CHILD = (
    "import subprocess, sys, time;"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "open(sys.argv[1], 'w').write(str(p.pid)); time.sleep(float(sys.argv[2]))"
)


def once(code: str, *words: str) -> RunOnce:
    return RunOnce("job", (sys.executable, "-c", code, *words), env=(("WORD", "hello"),))


@pytest.fixture
async def runtime(settings: Settings, account: Account) -> AsyncIterator[ProcessRuntime]:
    made = ProcessRuntime(settings.data, account)
    before = set(os.listdir("/proc/self/fd"))
    yield made
    await made.close()
    assert len(os.listdir("/proc/self/fd")) <= len(before)


async def test_it_tells_status_and_both_streams_in_order(runtime: ProcessRuntime) -> None:
    code = (
        "import os, sys; print(os.environ['WORD'], flush=True);"
        "print('bad', file=sys.stderr); sys.exit(3)"
    )
    ran = await runtime.run(once(code), 30)
    assert (ran.status, ran.output, ran.ok) == (3, "hello\nbad\n", False)


async def test_one_that_takes_too_long_is_killed_with_its_children(
    runtime: ProcessRuntime, settings: Settings, until: Until
) -> None:
    path = settings.data_dir / "child"
    job = asyncio.create_task(runtime.run(once(WITH_CHILD, str(path), "600"), 3))
    await until(lambda: path.exists() and path.read_text())
    assert (await job).status == TIMED_OUT
    await until(lambda: start_ticks(int(path.read_text())) is None)


async def test_what_it_leaves_behind_ends_with_it(
    runtime: ProcessRuntime, settings: Settings, until: Until
) -> None:
    path = settings.data_dir / "child"
    assert (await runtime.run(once(WITH_CHILD, str(path), "0"), 30)).ok
    await until(lambda: start_ticks(int(path.read_text())) is None)


async def test_cancellation_kills_it(
    runtime: ProcessRuntime, settings: Settings, until: Until
) -> None:
    path = settings.data_dir / "child"
    job = asyncio.create_task(runtime.run(once(WITH_CHILD, str(path), "600"), 60))
    await until(lambda: path.exists() and path.read_text())
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    await until(lambda: start_ticks(int(path.read_text())) is None)


async def test_only_its_last_words_are_kept(runtime: ProcessRuntime) -> None:
    code = "import sys; sys.stdout.write('x' * 3_000_000 + 'end')"
    ran = await runtime.run(once(code), 30)
    assert len(ran.output) == MAX_OUTPUT_BYTES
    assert ran.output.endswith("xend")


async def test_a_program_that_does_not_exist_is_an_error(runtime: ProcessRuntime) -> None:
    with pytest.raises(FileNotFoundError):
        await runtime.run(RunOnce("job", ("/no-such-program",)), 5)
