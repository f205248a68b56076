"""Real processes made of this Python: found again, watched, stopped, never confused."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from streamstead.core.errors import Upstream
from streamstead.core.settings import Settings
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.pidfile import (
    new_record,
    read_pidfile,
    start_ticks,
    write_pidfile,
)
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.protocol import Ended
from streamstead.mgmt.runtime.spec import HealthCheck, HttpProbe, ServiceSpec

Until = Callable[[Callable[[], object]], Awaitable[None]]

HEALTH = HealthCheck(HttpProbe("/", port=1))
SLEEPS = "import time; print('ready', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready', flush=True); time.sleep(600)"
)
LEAVES_A_WORKER = (
    "import subprocess, sys, time;"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print(f'ready {p.pid}', flush=True); time.sleep(600)"
)


def spec_of(code: str, name: str = "thing", **more: object) -> ServiceSpec:
    argv = (sys.executable, "-u", "-c", code)
    return replace(ServiceSpec(name, argv, HEALTH, order=1), **more)  # type: ignore[arg-type]


@pytest.fixture
async def runtime(settings: Settings, account: Account) -> AsyncIterator[ProcessRuntime]:
    made = ProcessRuntime(settings.data, account)
    yield made
    for pidfile in settings.data.run.glob("*.pid"):
        await made.stop(pidfile.stem, 0.1)
    await made.close()


async def said(runtime: ProcessRuntime, name: str, word: str = "ready") -> str:
    """Wait until the child has written a line that begins with ``word``."""
    async with asyncio.timeout(30):
        while True:
            for line in await runtime.logs(name, 50):
                if line.startswith(word):
                    return line
            await asyncio.sleep(0.01)


async def next_end(runtime: ProcessRuntime) -> Ended:
    async with asyncio.timeout(30):
        return await anext(runtime.events())


def pidfile(settings: Settings, name: str = "thing") -> Path:
    return settings.data.run / f"{name}.pid"


async def test_the_same_spec_is_started_once(runtime: ProcessRuntime) -> None:
    first = await runtime.ensure(spec_of(SLEEPS))
    again = await runtime.ensure(spec_of(SLEEPS))
    assert first == again


async def test_a_changed_spec_is_started_anew(runtime: ProcessRuntime) -> None:
    first = await runtime.ensure(spec_of(SLEEPS))
    second = await runtime.ensure(spec_of(SLEEPS + "  # changed"))
    assert second.pid != first.pid
    assert start_ticks(first.pid) is None


async def test_a_child_is_a_session_of_its_own_and_lives_on_without_us(
    runtime: ProcessRuntime, settings: Settings, account: Account
) -> None:
    before = await runtime.ensure(spec_of(SLEEPS))
    assert os.getsid(before.pid) == before.pid
    await runtime.close()
    assert start_ticks(before.pid) is not None

    other = ProcessRuntime(settings.data, account)
    assert await other.ensure(spec_of(SLEEPS)) == before
    await other.stop("thing", 30)
    assert start_ticks(before.pid) is None
    await other.close()


async def test_the_end_of_an_adopted_process_is_noticed(
    runtime: ProcessRuntime, settings: Settings, account: Account
) -> None:
    before = await runtime.ensure(spec_of(SLEEPS))
    other = ProcessRuntime(settings.data, account)
    assert await other.inspect("thing") == before
    os.kill(before.pid, signal.SIGKILL)
    ended = await next_end(other)
    assert (ended.name, ended.pid, ended.status) == ("thing", before.pid, None)
    assert await other.inspect("thing") is None
    await other.close()


async def test_the_end_of_a_child_tells_its_status(runtime: ProcessRuntime) -> None:
    await runtime.ensure(spec_of("import sys, time; time.sleep(0.1); sys.exit(7)"))
    assert (await next_end(runtime)).reason == "ended with exit status 7"
    await runtime.ensure(spec_of(SLEEPS))
    instance = await runtime.inspect("thing")
    assert instance is not None
    os.kill(instance.pid, signal.SIGKILL)
    assert (await next_end(runtime)).reason == "ended by signal 9"


async def test_a_stranger_that_got_the_pid_is_neither_adopted_nor_stopped(
    runtime: ProcessRuntime, settings: Settings
) -> None:
    stranger = subprocess.Popen(  # noqa: ASYNC220 - starts within milliseconds
        [sys.executable, "-c", SLEEPS], stdout=subprocess.DEVNULL
    )
    try:
        ours = await runtime.ensure(spec_of(SLEEPS, name="other"))
        record = json.loads(pidfile(settings, "other").read_text())
        # The pid is right, the start time is the one of a process that is gone.
        record["pid"] = stranger.pid
        record["start_ticks"] -= 1000
        pidfile(settings).write_text(json.dumps(record))

        assert await runtime.inspect("thing") is None
        pidfile(settings).write_text(json.dumps(record))
        await runtime.stop("thing", 0.1)
        assert stranger.poll() is None
        assert start_ticks(ours.pid) is not None
    finally:
        stranger.kill()
        stranger.wait()


async def test_a_record_of_an_earlier_boot_is_not_believed(
    runtime: ProcessRuntime, settings: Settings, account: Account
) -> None:
    instance = await runtime.ensure(spec_of(SLEEPS))
    record = json.loads(pidfile(settings).read_text())
    pidfile(settings).write_text(json.dumps({**record, "boot_id": "another boot"}))
    other = ProcessRuntime(settings.data, account)
    assert await other.inspect("thing") is None
    assert start_ticks(instance.pid) is not None
    await other.close()


@pytest.mark.parametrize("text", ["", "not json", "[]", '{"pid": 1}'])
async def test_a_damaged_pidfile_means_nothing_runs(
    runtime: ProcessRuntime, settings: Settings, text: str
) -> None:
    pidfile(settings).write_text(text)
    assert await runtime.inspect("thing") is None
    assert (await runtime.ensure(spec_of(SLEEPS))).pid > 0


async def test_one_that_ignores_sigterm_is_killed_after_its_grace(runtime: ProcessRuntime) -> None:
    instance = await runtime.ensure(spec_of(STUBBORN))
    await said(runtime, "thing")
    await runtime.stop("thing", 0.2)
    assert start_ticks(instance.pid) is None


async def test_workers_of_a_killed_leader_do_not_stay(
    runtime: ProcessRuntime, until: Until
) -> None:
    instance = await runtime.ensure(spec_of(LEAVES_A_WORKER))
    worker = int((await said(runtime, "thing")).split()[1])
    os.kill(instance.pid, signal.SIGKILL)
    await next_end(runtime)
    await until(lambda: start_ticks(worker) is None)


async def test_a_program_that_does_not_exist_is_an_error(
    runtime: ProcessRuntime, settings: Settings
) -> None:
    with pytest.raises(OSError, match="no-such-program"):
        await runtime.ensure(replace(spec_of(""), argv=("/no-such-program",)))
    assert read_pidfile(pidfile(settings)) is None


async def test_children_get_only_the_environment_of_their_spec(
    runtime: ProcessRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "/somewhere")
    monkeypatch.setenv("SOME_SECRET", "x")
    show = "import os, json; print('env ' + json.dumps(dict(os.environ)), flush=True);" + SLEEPS
    await runtime.ensure(spec_of(show, env=(("MINE", "1"),)))
    env = json.loads((await said(runtime, "thing", "env"))[4:])
    assert env["MINE"] == "1"
    assert "SOME_SECRET" not in env
    assert "NOTIFY_SOCKET" not in env


@pytest.mark.skipif(os.geteuid() != 0, reason="dropping to another user needs root")
async def test_root_drops_to_the_service_user(settings: Settings, tmp_path: Path) -> None:
    for path in (tmp_path, *tmp_path.parents):
        if path.stat().st_mode & 0o001 == 0:
            path.chmod(path.stat().st_mode | 0o011)
    runtime = ProcessRuntime(settings.data, Account("nobody", 65534, 65534, (65534,)))
    ids = "os.getresuid(), os.getresgid(), os.getgroups()"
    show = f"import os; print('ids %s %s %s' % ({ids}), flush=True); {SLEEPS}"
    argv = ("/usr/bin/python3", "-c", show)
    await runtime.ensure(replace(spec_of("", workdir="/"), argv=argv))
    expected = "ids (65534, 65534, 65534) (65534, 65534, 65534) [65534]"
    assert await said(runtime, "thing", "ids") == expected
    await runtime.ensure(replace(spec_of("", workdir="/", privileged=True), argv=argv, runs_as="0"))
    await said(runtime, "thing", "ids (0, 0, 0)")
    await runtime.stop("thing", 1)
    await runtime.close()


async def test_a_failed_check_tells_what_the_program_said(runtime: ProcessRuntime) -> None:
    bad = (sys.executable, "-c", "import sys; print('line 3 is wrong'); sys.exit(1)")
    assert await runtime.check(spec_of(SLEEPS, check=bad)) == "line 3 is wrong"
    good = (sys.executable, "-c", "")
    assert await runtime.check(spec_of(SLEEPS, check=good)) is None


async def test_a_large_log_is_rotated_under_the_running_child(
    runtime: ProcessRuntime, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    talks = (
        "import sys, time\n"
        "print('x' * 10000, flush=True)\n"
        "for line in iter(lambda: time.sleep(0.02), 1): print('ready again', flush=True)"
    )
    await runtime.ensure(spec_of(talks))
    await said(runtime, "thing")
    monkeypatch.setattr("streamstead.mgmt.runtime.logfile.MAX_BYTES", 5000)
    monkeypatch.setattr("streamstead.mgmt.runtime.logfile.rotate.__defaults__", (5000, 3))
    await runtime.rotate_logs()
    assert (settings.data.logs / "thing.log.1").exists()
    await said(runtime, "thing")


async def test_stopping_what_does_not_run_is_fine(runtime: ProcessRuntime) -> None:
    await runtime.stop("thing")
    await runtime.signal("thing", signal.SIGHUP)


async def test_one_that_ends_at_once_is_an_error_or_an_event(runtime: ProcessRuntime) -> None:
    told = ""
    try:
        await runtime.ensure(spec_of("import sys; sys.exit(3)"))
        told = (await next_end(runtime)).reason
    except Upstream as exc:
        told = exc.message
    assert "exit status 3" in told


@pytest.mark.skipif(os.geteuid() != 0, reason="owners can only be set by root")
async def test_a_pidfile_that_a_service_wrote_is_not_believed(
    runtime: ProcessRuntime, settings: Settings
) -> None:
    path = pidfile(settings)
    stranger = new_record(os.getpid(), "")
    assert stranger is not None
    write_pidfile(path, stranger)
    os.chown(path, 65534, 65534)
    assert await runtime.inspect("thing") is None
    write_pidfile(path, stranger)
    assert path.stat().st_uid == 0
    path.unlink()
