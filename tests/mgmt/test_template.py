"""Our services are forked from one process, and are then like any other that was started."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import psutil
import pytest

from streamstead.core.errors import Upstream
from streamstead.core.settings import Settings
from streamstead.core.template import Order
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.protocol import Ended
from streamstead.mgmt.runtime.spec import HealthCheck, HttpProbe, ServiceSpec
from streamstead.mgmt.runtime.template import Forked, TemplateProcess
from streamstead.mgmt.services.common import own_command

Until = Callable[[Callable[[], object]], Awaitable[None]]

# A service as ours are found, by its entry point; it tells what it is and waits.
THING = """
import gc, json, os, sys
from contextlib import asynccontextmanager
from streamstead.core.runner import Running, Service

@asynccontextmanager
async def open_thing(settings):
    if "LEAVE" in os.environ:
        sys.exit(7)
    seen = {"pid": os.getpid(), "session": os.getsid(0), "umask": os.umask(0o22),
            "workdir": os.getcwd(), "env": sorted(os.environ), "argv": sys.argv,
            "gc": gc.isenabled(), "user": [os.getuid(), os.getgid(), os.getgroups()],
            "fds": sorted(int(fd) for fd in os.listdir("/proc/self/fd")),
            "stdin": os.readlink("/proc/self/fd/0")}
    print("ready " + json.dumps(seen), flush=True)
    yield Running()

SERVICE = Service("thing", open_thing)
"""
ENTRY = "[streamstead.services]\nthing = thing_of_tests:SERVICE\n"


@dataclass
class House:
    """A data directory with a service of its own."""

    settings: Settings
    account: Account
    packages: Path

    def spec(self, **env: str) -> ServiceSpec:
        argv = (own_command(), "serve", "thing", "--data", str(self.settings.data_dir))
        paths = (("PYTHONPATH", str(self.packages)), ("PYTHONUNBUFFERED", "1"))
        health = HealthCheck(HttpProbe("/", port=1))
        return ServiceSpec("thing", argv, health, order=1, forked=True, env=(*paths, *env.items()))

    def template(self) -> TemplateProcess:
        root = str(self.settings.data_dir)
        env = {"PATH": os.environ["PATH"], "PYTHONPATH": str(self.packages)}
        command = (own_command(), "template", "--data", root)
        return TemplateProcess(command, ["thing"], env, root)

    def manager(self) -> ProcessRuntime:
        return ProcessRuntime(self.settings.data, self.account, self.template())

    def said(self) -> list[dict[str, object]]:
        """Return what services of this house have told of themselves so far."""
        path = self.settings.data.logs / "thing.log"
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line[6:]) for line in lines if line.startswith("ready ")]


@pytest.fixture
def house(settings: Settings, account: Account, tmp_path: Path) -> House:
    packages = tmp_path / "packages"
    about = packages / "thing_of_tests-1.dist-info"
    about.mkdir(parents=True)
    (packages / "thing_of_tests.py").write_text(THING)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: thing-of-tests\nVersion: 1\n")
    (about / "entry_points.txt").write_text(ENTRY)
    settings.data.env_file.write_text(
        "STREAMSTEAD_API_SECRET=a\nSTREAMSTEAD_HOOK_SECRET=b\nSTREAMSTEAD_REDIS_PASSWORD=c\n"
    )
    return House(settings, account, packages)


@pytest.fixture
async def manager(house: House) -> AsyncIterator[ProcessRuntime]:
    made = house.manager()
    yield made
    await made.stop("thing", 5)
    await made.close()


def template_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def title_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0").split("\0")


def lives(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


async def end_of(manager: ProcessRuntime) -> Ended:
    async with asyncio.timeout(60):
        found = await anext(manager.events())
    assert isinstance(found, Ended)
    return found


async def test_a_forked_service_is_like_one_that_was_started(
    house: House, manager: ProcessRuntime, until: Until, free_port: Callable[[], int]
) -> None:
    port = free_port()
    spec = replace(house.spec(TZ="UTC"), doors=(port,))
    found = await manager.ensure(spec)
    await until(house.said)
    (told,) = house.said()
    assert told["pid"] == told["session"] == found.pid
    assert told["argv"] == list(spec.argv)
    assert told["workdir"] == str(house.settings.data_dir)
    assert told["umask"] == 0o027
    assert told["gc"] is True
    assert told["stdin"] == "/dev/null"
    assert {"TZ", "PYTHONPATH", "GIVEN_SOCKETS"} <= set(told["env"])  # type: ignore[call-overload]
    assert title_of(found.pid)[1:] == list(spec.argv)
    assert lives(template_of(found.pid))
    with socket.create_connection(("127.0.0.1", port)):
        pass  # its door is open, whoever takes it
    await manager.stop("thing", 10)
    assert (await end_of(manager)).status == 0


async def test_how_a_forked_service_ended_is_known(house: House, manager: ProcessRuntime) -> None:
    await manager.ensure(house.spec(LEAVE="1"))
    assert (await end_of(manager)).status == 7
    assert await manager.inspect("thing") is None
    found = await manager.ensure(house.spec())
    os.kill(found.pid, signal.SIGKILL)
    assert (await end_of(manager)).status == -signal.SIGKILL


async def test_services_outlive_their_template_and_the_next_one_comes_from_another(
    house: House, manager: ProcessRuntime, until: Until
) -> None:
    found = await manager.ensure(house.spec())
    template = template_of(found.pid)
    os.kill(template, signal.SIGKILL)
    await until(lambda: template_of(found.pid) != template)
    assert await manager.inspect("thing") == found
    os.kill(found.pid, signal.SIGKILL)
    assert (await end_of(manager)).status is None, "nobody was there to hear it"
    second = await manager.ensure(house.spec())
    assert template_of(second.pid) not in (template, 1)


async def test_the_template_ends_with_its_manager_and_services_are_found_by_the_next(
    house: House, manager: ProcessRuntime, until: Until
) -> None:
    first = house.manager()
    found = await first.ensure(house.spec())
    template = template_of(found.pid)
    await first.close()
    await until(lambda: not lives(template))
    assert await manager.inspect("thing") == found
    assert (await manager.ensure(house.spec())) == found


async def test_services_are_loaded_before_they_are_wanted_unless_some_go_on(
    house: House, until: Until
) -> None:
    def templates() -> list[psutil.Process]:
        found = []
        for one in psutil.Process().children():
            with suppress(psutil.Error):  # a child of another test that has just ended
                if {"template", str(house.settings.data_dir)} < set(one.cmdline()):
                    found.append(one)
        return found

    first = house.manager()
    await first.begin_early()
    (template,) = templates()
    found = await first.ensure(replace(house.spec(), name="hooks"))
    assert template_of(found.pid) == template.pid
    await first.close()
    second = house.manager()
    await second.begin_early()
    assert templates() == []
    await second.stop("hooks", 5)
    await second.close()


@asynccontextmanager
async def forked(house: House, user: tuple[int, int, list[int]] | None) -> AsyncIterator[Forked]:
    """Make a process that nobody tells to begin."""
    spec = house.spec()
    env = dict(spec.env) | {"PATH": os.environ["PATH"]}
    order = Order(list(spec.argv), env, str(house.settings.data_dir), 0o027, user, [])
    template = house.template()
    log = os.open(house.settings.data.logs / "thing.log", os.O_WRONLY | os.O_CREAT)
    try:
        found = await template.fork(order, log, [])
        os.close(found.pidfd)
        try:
            yield found
        finally:
            os.close(found.go)
        async with asyncio.timeout(30):
            assert await found.status == 1
    finally:
        template.end()
        os.close(log)


async def test_nothing_runs_that_the_manager_has_not_written_down(house: House) -> None:
    async with forked(house, None):
        pass
    assert house.said() == []


async def test_a_service_whose_pidfile_cannot_be_written_does_not_begin(
    house: House, manager: ProcessRuntime, until: Until
) -> None:
    (house.settings.data.run / "thing.pid").mkdir()
    with pytest.raises(OSError, match="thing"):
        await manager.ensure(house.spec())
    (house.settings.data.run / "thing.pid").rmdir()
    await manager.ensure(house.spec())
    await until(house.said)
    assert len(house.said()) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
async def test_a_forked_service_has_an_account_of_its_own(house: House, until: Until) -> None:
    def accounts(pid: int) -> list[list[str]]:
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        return [line.split()[1:] for line in status if line.startswith(("Uid", "Gid", "Groups"))]

    wanted = [["12"] * 4, ["65534"] * 4, ["12", "65534"]]
    async with forked(house, (12, 65534, [12, 65534])) as found:
        await until(lambda: accounts(found.pid) == wanted)


@pytest.mark.parametrize("web", [False, True])
async def test_the_platform_is_made_with_its_account_and_the_others_with_theirs(
    house: House, web: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Order] = []

    async def fork(_self: object, order: Order, *_: object) -> Forked:
        asked.append(order)
        raise Upstream("not in this test")

    monkeypatch.setattr(TemplateProcess, "fork", fork)
    account = Account("nobody", 65534, 65534, (65534,), web_uid=12, web_gid=13)
    manager = ProcessRuntime(house.settings.data, account)
    with pytest.raises(Upstream):
        await manager.ensure(replace(house.spec(), web=web))
    await manager.close()
    user = (12, 65534, [65534, 13]) if web else (65534, 65534, [65534])
    assert [one.user for one in asked] == [user]
    assert [one.umask for one in asked] == [0o007 if web else 0o027]


# A manager, as far as it has to do with its other half. No other template can be started.
SPLIT = """
import asyncio, os, signal, sys
from streamstead.core.errors import Upstream
from streamstead.core.log import configure_logging
from streamstead.core.template import run_template, split_off, take_half
from streamstead.mgmt.runtime.template import TemplateProcess

async def main(killed):
    half = take_half()
    if killed:
        os.kill(half.pid, signal.SIGKILL)
        os.waitid(os.P_PID, half.pid, os.WEXITED | os.WNOWAIT)
    template = TemplateProcess(("no-such-program",), [], {}, "/", half)
    for _ in range(2):
        try:
            await template.prepare()
            print("ready", flush=True)
        except Upstream as exc:
            print(exc, flush=True)
        template.end()
    try:
        os.waitpid(half.pid, 0)
    except ChildProcessError:
        print("it has ended")

configure_logging("info", "manager")
if split_off():
    run_template()
else:
    asyncio.run(main(sys.argv[1:] == ["killed"]))
"""


@pytest.mark.parametrize(
    ("words", "first"), [([], "ready"), (["killed"], "no-such-program does not start: ")]
)
async def test_the_first_template_is_a_half_of_the_manager_while_it_lives(
    words: list[str], first: str
) -> None:
    manager = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SPLIT, *words, stdout=asyncio.subprocess.PIPE
    )
    said = (await manager.communicate())[0].decode().splitlines()
    assert said[0].startswith(first)
    assert said[1].startswith("no-such-program does not start: ")
    assert said[2:] == ["it has ended"]
