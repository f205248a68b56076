"""The Docker Engine goes and comes back; what runs goes on, and everybody can read why."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from streamstead.core.errors import Upstream
from streamstead.mgmt.containers import helper
from streamstead.mgmt.services import monitoring
from streamstead.mgmt.status import State

from ...conftest import free_port, need
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


async def test_a_port_that_another_container_took_is_named_and_got_back(
    own_engine: OwnEngine,
    redis_image: str,
    open_house: Open,
    until: Until,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = str(Path(need("prometheus-node-exporter")).resolve())  # noqa: ASYNC240
    port = free_port()
    monkeypatch.setattr(helper, "PORT_EVERY_S", 0.5)
    # The image has the program by Debian's name.
    monkeypatch.setattr(monitoring, "EXPORTER", program)
    argv = [program, f"--web.listen-address=127.0.0.1:{port}"]
    with own_engine.client() as client:
        thief = client.containers.run(
            redis_image, argv, name="thief", network_mode="host", detach=True
        )
        one = await open_house(
            "node_exporter",
            docker_host=own_engine.address,
            node_exporter_image=redis_image,
            node_exporter_port=port,
        )
        await until(lambda: "is taken by" in one.status.detail)
        assert f"port {port}/tcp is taken by the container thief: end it" in one.status.detail
        assert one.status.state is State.OFF
        await asyncio.to_thread(thief.remove, force=True)
    await until(lambda: runs(one))


async def test_what_ended_with_the_engine_is_started_when_it_is_back(
    engine: object, layer: bytes, open_house: Open, until: Until
) -> None:
    stopping = OwnEngine(live_restore=False)
    try:
        await asyncio.to_thread(stopping.start)
        with stopping.client() as client:
            client.api.import_image_from_data(layer, repository="one", tag="1")
        one = await open_house(docker_host=stopping.address, redis_image="one:1")
        await until(lambda: runs(one))
        pid = one.status.pid
        await asyncio.to_thread(stopping.stop)
        await until(lambda: "nothing can be changed" in one.status.detail)
        await asyncio.to_thread(stopping.start)
        await until(lambda: runs(one) and one.status.pid not in (None, pid))
        await one.house.supervisor.stop_all()
    finally:
        await asyncio.to_thread(stopping.remove)


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
