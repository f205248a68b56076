"""All programs together: order of start and stop, news, strays."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from streamstead.core.errors import Conflict, NotFound
from streamstead.core.settings import Settings
from streamstead.mgmt.config_files import ConfigFiles
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.spec import HealthCheck, HttpProbe, RuntimeName, ServiceSpec
from streamstead.mgmt.status import State
from streamstead.mgmt.supervisor import Supervisor
from streamstead.mgmt.unit import Unit

Until = Callable[[Callable[[], object]], Awaitable[None]]

# A program that notes its start and its end in a file that all of them share.
PROGRAM = """
import http.server, signal, sys, time
name, port, journal = sys.argv[1], int(sys.argv[2]), sys.argv[3]
def note(word):
    with open(journal, 'a') as file: file.write(f'{word} {name}\\n')
def end(*_):
    note('stop'); sys.exit(0)
signal.signal(signal.SIGTERM, end)
note('start')
said = []
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if 'healthy' not in said:
            said.append('healthy'); note('healthy')
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(('127.0.0.1', port), Handler).serve_forever()
"""


class House:
    """Three programs, each in need of the one before, on real processes."""

    def __init__(
        self, settings: Settings, account: Account, ports: list[int], release: str = "1"
    ) -> None:
        self.settings = settings
        self.journal = settings.data_dir / "journal"
        self.runtime = ProcessRuntime(settings.data, account)
        self.supervisor = Supervisor({RuntimeName.PROCESS: self.runtime})
        names = ("first", "second", "third")
        for order, (name, port) in enumerate(zip(names, ports, strict=True)):
            spec = ServiceSpec(
                name,
                (sys.executable, "-c", PROGRAM, name, str(port), str(self.journal), release),
                HealthCheck(HttpProbe("/", port=port), every_s=0.1),
                order=order,
                needs=names[order - 1 : order] if order else (),
            )
            files = ConfigFiles(spec, settings.data, account)
            self.supervisor.add(Unit(spec, self.runtime, files, self.supervisor.on_change))

    def pids(self) -> list[int | None]:
        return [status.pid for status in self.supervisor.status()]

    def all_run(self) -> bool:
        return all(status.state is State.RUNNING for status in self.supervisor.status())

    @asynccontextmanager
    async def kept(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.supervisor.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


Build = Callable[..., House]


@pytest.fixture
async def build(
    settings: Settings, account: Account, free_port: Callable[[], int]
) -> AsyncIterator[Build]:
    ports = [free_port() for _ in range(3)]
    made: list[House] = []

    def one(release: str = "1") -> House:
        made.append(House(settings, account, ports, release))
        return made[-1]

    yield one
    await made[-1].supervisor.stop_all()
    for house in made:
        await house.runtime.close()


async def test_programs_start_in_order_and_stop_in_the_reverse_one(
    build: Build, until: Until
) -> None:
    house = build()
    async with house.kept():
        await until(house.all_run)
        await house.supervisor.stop_all()
        assert [s.state for s in house.supervisor.status()] == [State.STOPPED] * 3
    assert house.journal.read_text().splitlines() == [
        "start first",
        "healthy first",
        "start second",
        "healthy second",
        "start third",
        "healthy third",
        "stop third",
        "stop second",
        "stop first",
    ]


async def test_the_end_of_the_manager_stops_nothing_and_the_next_adopts(
    build: Build, until: Until
) -> None:
    before = build()
    async with before.kept():
        await until(before.all_run)
        pids = before.pids()
    after = build()
    async with after.kept():
        await until(after.all_run)
        assert after.pids() == pids
    assert before.journal.read_text().count("start") == 3


async def test_another_release_replaces_one_program_after_the_other(
    build: Build, until: Until
) -> None:
    before = build()
    async with before.kept():
        await until(before.all_run)
    before.journal.unlink()
    after = build("2")
    async with after.kept():
        await until(lambda: after.all_run() and before.pids() != after.pids())
    assert after.journal.read_text().splitlines() == [
        f"{word} {name}"
        for name in ("first", "second", "third")
        for word in ("stop", "start", "healthy")
    ]


async def test_one_that_does_not_become_healthy_holds_up_nobody(
    build: Build, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streamstead.mgmt.unit.LONGEST_TURN_S", 0.1)
    before = build()
    async with before.kept():
        await until(before.all_run)
    after = build("2")
    first = after.supervisor.unit("first")
    nowhere = replace(first.spec.health, probe=HttpProbe("/", port=1))
    first.spec = replace(first.spec, health=nowhere)
    async with after.kept():
        await until(lambda: [s.state for s in after.supervisor.status()][1:] == [State.RUNNING] * 2)
        assert first.status.state is State.STARTING


async def test_one_killed_program_comes_back_alone(build: Build, until: Until) -> None:
    house = build()
    async with house.kept():
        await until(house.all_run)
        pids = house.pids()
        await house.runtime.signal("first", 9)
        await until(lambda: house.pids()[0] not in (pids[0], None) and house.all_run())
        assert house.pids()[1:] == pids[1:]
        assert [s.restarts for s in house.supervisor.status()] == [1, 0, 0]


async def test_a_restart_concerns_the_named_program_alone(build: Build, until: Until) -> None:
    house = build()
    async with house.kept():
        await until(house.all_run)
        pids = house.pids()
        await house.supervisor.restart("second")
        await until(lambda: house.pids()[1] not in (pids[1], None) and house.all_run())
        assert [house.pids()[0], house.pids()[2]] == [pids[0], pids[2]]
        with pytest.raises(NotFound):
            await house.supervisor.restart("nobody")


async def test_nothing_is_restarted_while_everything_is_being_stopped(
    build: Build, until: Until
) -> None:
    house = build()
    async with house.kept():
        await until(house.all_run)
        await house.supervisor.stop_all()
        with pytest.raises(Conflict):
            await house.supervisor.restart("first")


async def test_followers_get_the_status_at_once_and_on_change(build: Build, until: Until) -> None:
    house = build()
    async with house.kept():
        follow = house.supervisor.follow()
        async with asyncio.timeout(60):
            first = await anext(follow)
            assert len(first) == 3
            async for status in follow:
                if all(one.state is State.RUNNING for one in status):
                    break
            await house.runtime.signal("third", 9)
            async for status in follow:
                if status[2].restarts > 0:
                    break
