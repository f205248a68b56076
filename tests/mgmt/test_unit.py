"""One program's keeper, with a runtime of our own and real little HTTP servers as programs."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from streamstead.core.errors import Invalid, Upstream
from streamstead.core.settings import Settings
from streamstead.mgmt.config_files import ConfigFiles
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.once import Ran, RunOnce
from streamstead.mgmt.runtime.protocol import Ended, EngineAway, Instance
from streamstead.mgmt.runtime.spec import (
    ConfigFile,
    HealthCheck,
    HttpProbe,
    RuntimeName,
    ServiceSpec,
)
from streamstead.mgmt.status import State
from streamstead.mgmt.unit import Unit

Until = Callable[[Callable[[], object]], Awaitable[None]]


class FakeRuntime:
    """Programs that only exist in a dictionary. ``calls`` says what was asked for."""

    kind = RuntimeName.PROCESS

    def __init__(self) -> None:
        self.running: dict[str, Instance] = {}
        self.calls: list[str] = []
        self.complaint: str | None = None
        self.refuses = False
        self.away = False
        self.lines: list[str] = []
        self._pids = iter(range(100, 10_000))

    async def ensure(self, spec: ServiceSpec) -> Instance:
        if self.refuses:
            raise Upstream("the engine refuses")
        self.calls.append(f"start {spec.name}")
        instance = Instance(spec.name, next(self._pids), spec.hash, 0)
        self.running[spec.name] = instance
        return instance

    async def inspect(self, name: str) -> Instance | None:
        if self.away:
            raise EngineAway("no engine answers")
        if self.refuses:
            raise Upstream("the engine refuses")
        return self.running.get(name)

    async def adopted(self, spec: ServiceSpec) -> None: ...

    async def stop(self, name: str, grace_s: float = 10.0, *, again: bool = False) -> None:
        if self.running.pop(name, None):
            self.calls.append(f"stop {name}")

    async def signal(self, name: str, number: int) -> None:
        self.calls.append(f"signal {name} {number}")

    async def check(self, spec: ServiceSpec) -> str | None:
        return self.complaint

    async def run(self, once: RunOnce, timeout_s: float) -> Ran:
        return Ran(0, "")

    async def logs(self, name: str, lines: int) -> list[str]:
        return self.lines

    async def rotate_logs(self) -> None: ...

    async def events(self) -> AsyncIterator[Ended]:
        await asyncio.Event().wait()
        yield Ended("", 0, None)

    async def close(self) -> None: ...

    def end(self, unit: Unit, status: int = 1) -> None:
        """Let the program of ``unit`` end by itself."""
        gone = self.running.pop(unit.spec.name)
        unit.ended(Ended(gone.name, gone.pid, status))


class Door:
    """An HTTP server that answers 200 while ``good``, and 500 else."""

    good = True
    port = 0

    async def answer(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" if self.good else b"HTTP/1.1 500 No\r\n\r\n")
        writer.close()


@pytest.fixture
async def door() -> AsyncIterator[Door]:
    made = Door()
    server = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@pytest.fixture
def runtime() -> FakeRuntime:
    return FakeRuntime()


Make = Callable[..., Unit]


@pytest.fixture
def make(door: Door, runtime: FakeRuntime, settings: Settings, account: Account) -> Make:
    def build(
        name: str = "thing", patience_s: float = 60, fail_s: float = 60, **more: object
    ) -> Unit:
        probe = HttpProbe("/", port=door.port)
        # Patient by default: a slow machine alone never makes a program look ill.
        health = HealthCheck(probe, every_s=0.02, timeout_s=30, start_s=patience_s, fail_s=fail_s)
        spec = replace(ServiceSpec(name, ("x",), health, order=1), **more)  # type: ignore[arg-type]
        files = ConfigFiles(spec, settings.data, account)
        return Unit(spec, runtime, files, lambda: None)

    return build


@asynccontextmanager
async def kept(unit: Unit, *needs: Unit) -> AsyncIterator[None]:
    task = asyncio.create_task(unit.run(list(needs)))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_healthy_start_is_running(make: Make, until: Until, runtime: FakeRuntime) -> None:
    unit = make()
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
    assert unit.status.pid == 100
    assert runtime.calls == ["start thing"]


async def test_what_runs_rightly_is_adopted_with_its_age(
    make: Make, until: Until, runtime: FakeRuntime
) -> None:
    unit = make()
    runtime.running["thing"] = Instance("thing", 7, unit.spec.hash, 123_000)
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
    assert (unit.status.pid, unit.status.since_ms) == (7, 123_000)
    assert runtime.calls == []


async def test_what_runs_by_another_spec_is_replaced(
    make: Make, until: Until, runtime: FakeRuntime
) -> None:
    unit = make()
    runtime.running["thing"] = Instance("thing", 7, "outdated", 0)
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
    assert runtime.calls == ["start thing"]
    assert unit.status.pid == 100


async def test_the_first_end_is_followed_by_a_start_at_once(
    make: Make, until: Until, runtime: FakeRuntime
) -> None:
    unit = make()
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
        runtime.end(unit)
        states: set[State] = set()
        await until(lambda: states.add(unit.status.state) or unit.status.pid == 101)
    assert State.BACKOFF not in states
    assert unit.status.restarts == 1


async def test_a_crash_loop_shows_backoff_with_the_last_words(
    make: Make, until: Until, runtime: FakeRuntime, door: Door
) -> None:
    door.good = False
    runtime.lines = ["first", "cannot open rtmp://host/app?secret=abc"]
    unit = make()
    async with kept(unit):
        for pid in (100, 101):
            await until(lambda pid=pid: unit.status.pid == pid)  # type: ignore[misc]
            runtime.end(unit)
        await until(lambda: unit.status.state is State.BACKOFF)
        assert "ended with exit status 1: cannot open" in unit.status.detail
        assert "next try after 1 s" in unit.status.detail
        assert "abc" not in unit.status.detail
        assert (await unit.logs())[0] == "first"


@pytest.mark.parametrize(
    ("lines", "essence"),
    [
        (["[emerg] 7#7: bind() to 0.0.0.0:80 failed", "[emerg] 7#7: still could not bind()"], 0),
        (["[ERROR] Failed, code=1002(SocketBind)", "thread [1]: listen()"], 0),
        (["one", "two"], 1),
    ],
)
async def test_the_line_that_says_why_is_found(
    make: Make, until: Until, runtime: FakeRuntime, lines: list[str], essence: int
) -> None:
    runtime.lines = lines
    unit = make()
    seen = []
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
        runtime.end(unit)
        await until(lambda: seen.append(unit.status.detail) or unit.status.pid == 101)
    assert f"ended with exit status 1: {lines[essence]}" in seen


async def test_a_configuration_error_is_failed(
    make: Make, until: Until, runtime: FakeRuntime
) -> None:
    unit = make()
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
        runtime.end(unit, status=78)
        await until(lambda: unit.status.state is State.FAILED)
        unit.ask_restart()
        await until(lambda: unit.status.state is State.RUNNING)


async def test_one_that_stops_answering_is_unhealthy_then_restarted(
    make: Make, until: Until, runtime: FakeRuntime, door: Door
) -> None:
    unit = make(fail_s=0.2)
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
        door.good = False
        await until(lambda: unit.status.state is State.UNHEALTHY)
        assert "500" in unit.status.detail
        await until(lambda: "stop thing" in runtime.calls)
        door.good = True
        await until(lambda: unit.status.state is State.RUNNING)
    assert runtime.calls == ["start thing", "stop thing", "start thing"]


async def test_a_short_silence_restarts_nothing(
    make: Make, until: Until, runtime: FakeRuntime, door: Door
) -> None:
    unit = make()
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
        door.good = False
        await until(lambda: unit.status.state is State.UNHEALTHY)
        door.good = True
        await until(lambda: unit.status.state is State.RUNNING)
    assert runtime.calls == ["start thing"]


async def test_an_adopted_one_that_does_not_answer_gets_its_patience(
    make: Make, until: Until, runtime: FakeRuntime, door: Door
) -> None:
    door.good = False
    unit = make()
    runtime.running["thing"] = Instance("thing", 7, unit.spec.hash, 0)
    async with kept(unit):
        await until(lambda: unit.status.state is State.UNHEALTHY)
        assert runtime.calls == []


async def test_one_that_never_becomes_healthy_is_tried_again(
    make: Make, until: Until, runtime: FakeRuntime, door: Door
) -> None:
    door.good = False
    unit = make(patience_s=0.3)
    async with kept(unit):
        await until(lambda: runtime.calls.count("start thing") == 2)
    assert "did not work" in unit.status.detail or unit.status.restarts == 1


async def test_the_more_often_a_start_failed_the_longer_the_next_may_take(
    make: Make, until: Until, runtime: FakeRuntime, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1000.0
    monkeypatch.setattr("streamstead.mgmt.unit.monotonic", lambda: now)
    door.good = False
    unit = make(patience_s=30)

    async def looked_at() -> None:
        before = unit.health
        await until(lambda: unit.health is not before)
        before = unit.health
        await until(lambda: unit.health is not before)

    async with kept(unit):
        await until(lambda: runtime.calls.count("start thing") == 1)
        now += 31
        await until(lambda: runtime.calls.count("start thing") == 2)
        now += 45
        await looked_at()
        assert runtime.calls.count("start thing") == 2
        now += 16
        await until(lambda: runtime.calls.count("start thing") == 3)


async def test_a_restart_on_request_is_no_failure(
    make: Make, until: Until, runtime: FakeRuntime
) -> None:
    unit = make()
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
        unit.ask_restart()
        await until(lambda: unit.status.pid == 101)
    assert unit.status.restarts == 0


async def test_a_runtime_that_does_not_answer_leaves_the_program_counted_as_running(
    make: Make, until: Until, runtime: FakeRuntime
) -> None:
    unit = make()
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
        runtime.refuses = True
        await until(lambda: unit.status.detail == "the engine refuses")
        assert unit.status.state is State.RUNNING
    assert runtime.calls == ["start thing"]


async def test_a_program_waits_for_what_it_needs(
    make: Make, until: Until, runtime: FakeRuntime
) -> None:
    base, unit = make("base"), make("thing")
    async with kept(unit, base):
        await until(lambda: unit.status.detail == "waits for base")
        assert runtime.calls == []
        async with kept(base):
            await until(lambda: unit.status.state is State.RUNNING)
    assert runtime.calls == ["start base", "start thing"]


async def test_a_restart_does_not_wait_for_what_it_needs(
    make: Make, until: Until, runtime: FakeRuntime
) -> None:
    base, unit = make("base"), make("thing")
    async with kept(unit, base):
        async with kept(base):
            await until(lambda: unit.status.state is State.RUNNING)
        base.healthy.clear()
        runtime.end(unit)
        await until(lambda: unit.status.pid == 102)


async def test_configuration_the_program_refuses_is_not_started(
    make: Make, until: Until, runtime: FakeRuntime
) -> None:
    runtime.complaint = "nginx: [emerg] unknown directive\nnginx: configuration file test failed"
    unit = make()
    async with kept(unit):
        await until(lambda: unit.status.restarts > 0)
        assert unit.status.detail.startswith("nginx: [emerg] unknown directive")
    assert runtime.calls == []


async def test_changed_files_are_reloaded_not_restarted(
    make: Make, until: Until, runtime: FakeRuntime, tmp_path: Path
) -> None:
    conf = tmp_path / "conf"
    first = make(files=(ConfigFile(conf, "one"),), reload_signal=int(signal.SIGHUP))
    async with kept(first):
        await until(lambda: first.status.state is State.RUNNING)
    assert conf.read_text() == "one"

    same = make(files=(ConfigFile(conf, "one"),), reload_signal=int(signal.SIGHUP))
    async with kept(same):
        await until(lambda: same.status.state is State.RUNNING)
    assert runtime.calls == ["start thing"]

    changed = make(files=(ConfigFile(conf, "two"),), reload_signal=int(signal.SIGHUP))
    async with kept(changed):
        await until(lambda: changed.status.state is State.RUNNING)
    assert conf.read_text() == "two"
    assert runtime.calls == ["start thing", "signal thing 1"]


async def test_one_that_is_held_is_stopped_and_not_started_until_it_is_released(
    make: Make, until: Until, runtime: FakeRuntime
) -> None:
    unit = make()
    unit.hold(State.OFF, "switched off")
    async with kept(unit):
        await until(lambda: unit.status.detail == "switched off")
        assert runtime.calls == []
        unit.release()
        await until(lambda: unit.status.state is State.RUNNING)
        unit.hold(State.STOPPED, "stopped by the operator")
        await until(lambda: runtime.calls == ["start thing", "stop thing"])
        assert (unit.status.state, unit.status.pid) == (State.STOPPED, None)
        assert not unit.healthy.is_set()
        unit.release()
        await until(lambda: unit.status.state is State.RUNNING)
    assert unit.status.restarts == 0


async def test_nobody_waits_for_one_that_is_held(
    make: Make, until: Until, runtime: FakeRuntime
) -> None:
    base, unit = make("base"), make("thing")
    base.hold(State.OFF, "switched off")
    async with kept(unit, base):
        await until(lambda: unit.status.state is State.RUNNING)


async def test_without_the_engine_a_program_is_asked_itself_how_it_is(
    make: Make, until: Until, runtime: FakeRuntime, door: Door
) -> None:
    runtime.away = True
    unit = make()
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
        assert unit.status.detail == "no engine answers"
        runtime.running["thing"] = Instance("thing", 7, unit.spec.hash, 123_000)
        runtime.away = False
        unit.look()
        await until(lambda: unit.status.pid == 7)
    assert runtime.calls == []
    assert unit.status.restarts == 0


@pytest.mark.parametrize("how", ["refused", "away"])
async def test_a_change_that_fails_leaves_everything_as_it_was(
    make: Make, until: Until, runtime: FakeRuntime, tmp_path: Path, how: str
) -> None:
    conf = tmp_path / "conf"
    unit = make(files=(ConfigFile(conf, "one"),), reload_signal=int(signal.SIGHUP))
    before = unit.spec
    async with kept(unit):
        await until(lambda: unit.status.state is State.RUNNING)
        other = replace(before, files=(ConfigFile(conf, "two"),))
        if how == "refused":
            runtime.complaint = "[emerg] unknown directive"
        else:
            runtime.away = True
        with pytest.raises(Invalid if how == "refused" else EngineAway):
            await unit.change(other)
    assert conf.read_text() == "one"
    assert unit.spec == before
    assert runtime.calls == ["start thing"]
