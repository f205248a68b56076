"""The Docker Engine goes and comes back; what runs goes on, and everybody can read why."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from streamstead.core.errors import Upstream
from streamstead.mgmt.status import State

from .conftest import OneProgram, Open
from .engine import OwnEngine

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(180),
    # The library leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Until = Callable[[Callable[[], object]], Awaitable[None]]


def runs(one: OneProgram) -> bool:
    return one.status.state is State.RUNNING and not one.status.detail


async def test_a_container_gets_what_its_spec_says_and_no_more(
    own_engine: OwnEngine, redis_image: str, open_house: Open, until: Until
) -> None:
    one = await open_house(docker_host=own_engine.address, redis_image=redis_image)
    await until(lambda: runs(one))
    row = await one.row()
    with own_engine.client() as client:
        facts = client.containers.get(row["container"]["ID"]).attrs
    host = facts["HostConfig"]
    assert (host["CapDrop"], host["ReadonlyRootfs"], host["Privileged"]) == (["ALL"], True, False)
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert (host["Memory"], host["PidsLimit"]) == (row["memory_limit_bytes"], 32)
    assert host["LogConfig"]["Type"] == "json-file"
    # Redis has its socket and no port at all.
    assert row["ports"] == []
    assert row["kind"] == "container"
    assert row["health"]["ok"]
    assert row["memory_bytes"] > 1_000_000
    assert row["pids"] == 1
    # What runs is named by what it is, not by what it is called.
    assert facts["Image"] == row["digest"]


async def test_what_runs_goes_on_without_the_engine_and_nothing_is_half_done(
    own_engine: OwnEngine, redis_image: str, open_house: Open, until: Until
) -> None:
    one = await open_house(docker_host=own_engine.address, redis_image=redis_image)
    await until(lambda: runs(one))
    before = one.status
    conf = one.house.supervisor.unit("redis").spec.files[0].path
    text = conf.read_text()

    own_engine.kill()
    await until(lambda: one.status.detail)
    assert (one.status.state, one.status.pid) == (State.RUNNING, before.pid)
    assert "what runs goes on" in one.status.detail
    refused = await one.ask("restart")
    assert refused["key"] == "engine_away"
    other = one.house.settings.model_copy(update={"log_level": "debug", "redis_image": "other:1"})
    with pytest.raises(Upstream, match="what runs goes on"):
        await one.house.change(settings=other)
    assert one.house.plan.settings.redis_image == redis_image
    assert conf.read_text() == text

    # Another manager starts meanwhile, and finds what runs by asking it.
    next_one = await open_house(docker_host=own_engine.address, redis_image=redis_image)
    await until(lambda: next_one.status.state is State.RUNNING)
    assert "what runs goes on" in next_one.status.detail
    await until(lambda: "engine.lost" in one.told)

    own_engine.start()
    await until(lambda: runs(one) and runs(next_one))
    assert (one.status.pid, one.status.since_ms) == (before.pid, before.since_ms)
    assert one.status.restarts == next_one.status.restarts == 0
    assert next_one.status.pid == before.pid
    await until(lambda: "engine.back" in one.told)
    assert one.told.count("engine.lost") == one.told.count("engine.back") == 1
    assert "service.down" not in one.told


async def test_a_removed_container_is_made_again(
    own_engine: OwnEngine, redis_image: str, open_house: Open, until: Until
) -> None:
    one = await open_house(docker_host=own_engine.address, redis_image=redis_image)
    await until(lambda: runs(one))
    before = (await one.row())["container"]["ID"]
    pid = one.status.pid
    with own_engine.client() as client:
        await asyncio.to_thread(client.containers.get(before).remove, force=True)
    await until(lambda: runs(one) and one.status.pid != pid)
    row = await one.row()
    assert row["container"]["ID"] != before
    assert row["last_exit"]["reason"] == "ended with exit status 137"
    assert one.told == ["service.changed"]
