"""Images from a registry: fetched with progress, pinned, taken anew, gone back to, cleaned up."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator

import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.containers.part import _pulls
from streamstead.mgmt.containers.pulls import PullBoard, fetch
from streamstead.mgmt.containers.state import Pin, Programs
from streamstead.mgmt.state_file import StateFile
from streamstead.mgmt.status import State

from ...conftest import free_port
from .conftest import OneProgram, Open
from .engine import OwnEngine
from .registry import Registry, serving

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(180),
    # The library leaves the socket of a refused connection to the garbage collector.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

Until = Callable[[Callable[[], object]], Awaitable[None]]


@pytest.fixture
def registry(layer: bytes, redis_image: str) -> Iterator[Registry]:
    """It offers ``thing:1``; what is pulled is removed after the test."""
    with serving(free_port()) as made:
        made.put("1", layer, "1.0.0")
        yield made


def runs(one: OneProgram) -> bool:
    return one.status.state is State.RUNNING and not one.status.detail


def images(engine: OwnEngine) -> set[str]:
    with engine.client() as client:
        return {one.id for one in client.images.list()}


async def test_a_missing_image_is_fetched_and_pinned(
    own_engine: OwnEngine, registry: Registry, open_house: Open, until: Until
) -> None:
    one = await open_house(docker_host=own_engine.address, redis_image=registry.image("1"))
    await until(lambda: runs(one))
    row = await one.row()
    assert row["image"] == registry.image("1")
    assert row["digest"].startswith(f"127.0.0.1:{registry.port}/thing@sha256:")
    assert row["version"] == "1.0.0"
    assert (row["pull"]["state"], row["pull"]["message"]) == ("done", "")
    assert row["pull"]["done_bytes"] == row["pull"]["total_bytes"]


async def test_an_image_that_nobody_has_is_explained_and_tried_again(
    own_engine: OwnEngine, registry: Registry, open_house: Open, until: Until, layer: bytes
) -> None:
    one = await open_house(docker_host=own_engine.address, redis_image=registry.image("none"))
    await until(lambda: one.status.state is State.BACKOFF)
    assert "is not on this machine" in one.status.detail
    board = [await anext(_pulls_of(one))]
    assert "does not exist there" in board[0]
    registry.put("none", layer, "1")
    await until(lambda: runs(one))


async def _pulls_of(one: OneProgram):  # type: ignore[no-untyped-def]
    while True:
        pull = (await one.row())["pull"]
        if pull and pull["state"] == "failed":
            yield pull["message"]
        await asyncio.sleep(0.05)


async def test_a_house_that_moved_takes_what_its_new_machine_has_under_the_name(
    own_engine: OwnEngine, redis_image: str, open_house: Open, until: Until, settings: Settings
) -> None:
    settings.data.mgmt.mkdir()
    gone = "sha256:" + "0" * 64
    old = Pin(tag=redis_image, image_id=gone, digest=f"127.0.0.1:1/thing@{gone}")
    StateFile(settings.data.mgmt, "programs", Programs).write(Programs(images={"redis": old}))
    one = await open_house(docker_host=own_engine.address, redis_image=redis_image)
    await until(lambda: runs(one))
    assert (await one.row())["pull"] is None
    pin = one.house.plan.programs.images["redis"]
    assert {pin.image_id} <= images(own_engine)
    assert StateFile(settings.data.mgmt, "programs", Programs).read().images["redis"] == pin


async def test_an_upgrade_takes_the_new_image_and_a_rollback_the_old_one(
    own_engine: OwnEngine, registry: Registry, open_house: Open, until: Until, layer: bytes
) -> None:
    one = await open_house(docker_host=own_engine.address, redis_image=registry.image("1"))
    await until(lambda: runs(one))
    first = await one.row()
    assert (await one.ask("rollback_image"))["key"] == "no_previous_image"
    assert await one.ask("upgrade") is None
    await until(lambda: one.house.supervisor and _message(one) == "it is the newest already")
    assert (await one.row())["pid"] == first["pid"]

    registry.put("1", layer + b"\0" * 1024, "2.0.0")
    await one.ask("upgrade")
    await until(lambda: "service.upgraded" in one.told)
    second = await one.row()
    assert second["version"] == "2.0.0"
    assert second["can_rollback_image"]

    # The next manager starts the very same, whatever the name means by then.
    registry.put("1", layer + b"\0" * 2048, "3.0.0")
    next_one = await open_house(docker_host=own_engine.address, redis_image=registry.image("1"))
    await until(lambda: runs(next_one))
    assert (await next_one.row())["pid"] == second["pid"]

    await next_one.ask("rollback_image")
    await until(lambda: runs(next_one) and next_one.status.pid not in (None, second["pid"]))
    third = await next_one.row()
    assert (third["version"], third["digest"]) == ("1.0.0", first["digest"])


async def test_an_image_that_does_not_work_is_taken_back_by_itself(
    own_engine: OwnEngine, registry: Registry, open_house: Open, until: Until
) -> None:
    one = await open_house(docker_host=own_engine.address, redis_image=registry.image("1"))
    await until(lambda: runs(one))
    first = await one.row()
    registry.put("1", b"\0" * 10240, "broken")
    await one.ask("upgrade")
    await until(lambda: "the old one is back" in _message(one))
    await until(lambda: runs(one))
    assert (await one.row())["digest"] == first["digest"]
    assert "service.upgraded" not in one.told


async def test_progress_is_told_while_it_comes(
    own_engine: OwnEngine, registry: Registry, until: Until
) -> None:
    board, seen = PullBoard(), []
    registry.hold.clear()

    async def follow() -> None:
        async for event in _pulls(board):
            seen.append(event)

    following = asyncio.create_task(follow())
    docker = own_engine
    fetching = asyncio.create_task(
        fetch(board, "redis", registry.image("1"), lambda _: docker.client())
    )
    await until(lambda: seen)
    assert b'"state":"running"' in seen[0]
    registry.hold.set()
    kept = await fetching
    await until(lambda: b'"state":"done"' in seen[-1])
    assert kept.digest.startswith(f"127.0.0.1:{registry.port}/thing@sha256:")
    following.cancel()
    with pytest.raises(asyncio.CancelledError):
        await following


def _message(one: OneProgram) -> str:
    unit = one.house.supervisor.unit(one.name)
    helper = unit.helper
    pull = helper._images.board.of(one.name)  # type: ignore[attr-defined]
    return pull.message if pull else ""
