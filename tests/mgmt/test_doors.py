"""Who connects to a program while it is replaced waits for the next one, and is not refused."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing, suppress
from dataclasses import replace

import pytest

from streamstead.core.runner import given_sockets
from streamstead.core.settings import Settings
from streamstead.mgmt.runtime import doors
from streamstead.mgmt.runtime.account import Account
from streamstead.mgmt.runtime.process import ProcessRuntime
from streamstead.mgmt.runtime.protocol import Instance
from streamstead.mgmt.runtime.spec import HealthCheck, HttpProbe, ServiceSpec

# Answers every connection with its pid, on the socket that it was given.
ANSWERS = """
import os, socket
port, _, number = os.environ['GIVEN_SOCKETS'].partition(':')
door = socket.socket(fileno=int(number))
while True:
    one, _ = door.accept()
    one.sendall(str(os.getpid()).encode())
    one.close()
"""
LIES = "import socket, time; s = socket.create_server(('127.0.0.1', 0)); time.sleep(600)"


@pytest.fixture
def thing(free_port: Callable[[], int]) -> ServiceSpec:
    port = free_port()
    argv = (sys.executable, "-c", ANSWERS)
    return ServiceSpec("thing", argv, HealthCheck(HttpProbe("/", port)), order=1, doors=(port,))


Managers = Callable[[], ProcessRuntime]


@pytest.fixture
async def manager(settings: Settings, account: Account) -> AsyncIterator[Managers]:
    made: list[ProcessRuntime] = []

    def one() -> ProcessRuntime:
        made.append(ProcessRuntime(settings.data, account))
        return made[-1]

    yield one
    await made[-1].stop("thing", 0.1)
    for each in made:
        await each.close()


async def asked(spec: ServiceSpec) -> str:
    """Connect and return the pid of who answers. Raises ConnectionRefusedError."""
    async with asyncio.timeout(30):
        reader, writer = await asyncio.open_connection("127.0.0.1", spec.doors[0])
        try:
            return (await reader.read()).decode()
        finally:
            writer.close()


async def refused(spec: ServiceSpec) -> None:
    """Return once nobody may wait any longer."""
    with suppress(ConnectionError):
        while True:
            await asked(spec)


async def the_next_answers_who_waits(runtime: ProcessRuntime, spec: ServiceSpec) -> bool:
    """Connect while nobody is there, and start the next one only then."""
    waiting = asyncio.create_task(asked(spec))
    await asyncio.sleep(0)
    following = await runtime.ensure(spec)
    return await waiting == str(following.pid)


async def ended(runtime: ProcessRuntime, one: Instance) -> None:
    os.kill(one.pid, signal.SIGKILL)
    async with asyncio.timeout(30):
        await anext(runtime.events())


async def test_who_comes_while_it_is_replaced_is_answered_by_the_next(
    manager: Managers, thing: ServiceSpec
) -> None:
    runtime = manager()
    first = await runtime.ensure(thing)
    assert await asked(thing) == str(first.pid)
    await runtime.stop("thing", 5, again=True)
    assert await the_next_answers_who_waits(runtime, thing)


async def test_who_comes_after_a_crash_is_answered_by_the_next(
    manager: Managers, thing: ServiceSpec
) -> None:
    runtime = manager()
    first = await runtime.ensure(thing)
    assert await asked(thing) == str(first.pid)
    await ended(runtime, first)
    assert await the_next_answers_who_waits(runtime, thing)


async def test_a_new_manager_holds_what_the_one_before_had_given(
    manager: Managers, thing: ServiceSpec
) -> None:
    before = manager()
    first = await before.ensure(thing)
    assert await asked(thing) == str(first.pid)
    await before.close()
    after = manager()
    assert await after.inspect("thing") == first
    await after.adopted(thing)
    await ended(after, first)
    assert await the_next_answers_who_waits(after, thing)


async def test_another_release_takes_the_door_over(manager: Managers, thing: ServiceSpec) -> None:
    before = manager()
    first = await before.ensure(thing)
    assert await asked(thing) == str(first.pid)
    await before.close()
    after = manager()
    second = await after.ensure(replace(thing, identity=("another", "release")))
    assert first.pid != second.pid
    assert await asked(thing) == str(second.pid)


async def test_one_that_is_stopped_for_good_refuses_at_once(
    manager: Managers, thing: ServiceSpec
) -> None:
    runtime = manager()
    await runtime.ensure(thing)
    await runtime.stop("thing", 5)
    with pytest.raises(ConnectionRefusedError):
        await asked(thing)


async def test_nobody_waits_long_for_one_that_does_not_come_back(
    manager: Managers, thing: ServiceSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "KEPT_S", 0.05)
    runtime = manager()
    first = await runtime.ensure(thing)
    await ended(runtime, first)
    await refused(thing)


async def test_what_does_not_even_start_is_not_waited_for(
    manager: Managers, thing: ServiceSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doors, "KEPT_S", 0.05)
    runtime = manager()
    with pytest.raises(OSError, match="no-such-program"):
        await runtime.ensure(replace(thing, argv=("/no-such-program",)))
    await refused(thing)


async def test_a_port_that_somebody_else_has_is_left_to_the_program(
    manager: Managers, thing: ServiceSpec
) -> None:
    with closing(socket.create_server(("127.0.0.1", thing.doors[0]))):
        runtime = manager()
        await runtime.ensure(thing)
        async with asyncio.timeout(30):
            await anext(runtime.events())
        assert any("GIVEN_SOCKETS" in line for line in await runtime.logs("thing", 50))


async def test_a_socket_that_is_not_the_door_is_not_held(
    manager: Managers, thing: ServiceSpec
) -> None:
    before = manager()
    # It says that another socket of its own is the door.
    env = (("GIVEN_SOCKETS", f"{thing.doors[0]}:3"),)
    first = await before.ensure(
        replace(thing, argv=(sys.executable, "-c", LIES), doors=(), env=env)
    )
    await before.close()
    after = manager()
    assert await after.inspect("thing") == first
    await after.adopted(thing)
    await ended(after, first)
    with pytest.raises(ConnectionRefusedError):
        await asked(thing)


def test_a_damaged_list_of_sockets_names_those_that_are_whole() -> None:
    assert given_sockets("2021:5,x:3,7,:,2022:6") == {2021: 5, 2022: 6}
    assert given_sockets("") == {}
