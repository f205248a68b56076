"""A release that is forced by Redis, and the steps of a first start; with a real Redis."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from streamstead.core.errors import StreamsteadError, Upstream
from streamstead.platform.first_boot import BootStep, FirstBoot, NodeStore, OldUpgradeChoice
from streamstead.platform.host import Host, HostRefused
from streamstead.platform.upgrade_force import UpgradeForce

KEY = "SRS_UPGRADING"


class Manager:
    """Plays mgmt: takes calls, or answers the error it is told to."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.error: StreamsteadError | None = None
        self.runs: list[dict[str, Any]] = []

    async def call(self, method: str, path: str, body: Any = None, timeout_s: float = 3) -> Any:
        self.calls.append((path, body))
        if self.error is not None:
            raise self.error
        return {}

    async def stream(self, path: str) -> AsyncGenerator[tuple[str, Any], None]:
        for run in self.runs:
            yield "run", run
        await asyncio.Event().wait()


def force(redis: Redis, manager: Manager) -> UpgradeForce:
    return UpgradeForce(redis, cast(Host, manager))


async def until(check: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await check():  # noqa: ASYNC110 - what lies in Redis tells nobody
            await asyncio.sleep(0.01)


async def run_once(redis: Redis, manager: Manager) -> None:
    task = asyncio.create_task(force(redis, manager).look())
    before = len(manager.calls)

    async def asked() -> bool:
        return len(manager.calls) > before

    await until(asked)
    await asyncio.sleep(0.1)
    task.cancel()


async def test_a_forced_release_is_handed_on_and_then_removed(redis: Redis) -> None:
    manager = Manager()
    await redis.hset(KEY, "force", "v1.2.3")
    await run_once(redis, manager)
    wish = {"version": "v1.2.3", "force": True, "by": "force"}
    assert manager.calls == [("/v1/upgrade/start", wish)]
    assert await redis.hget(KEY, "force") is None


@pytest.mark.parametrize(
    "error",
    [Upstream("away"), HostRefused(1005, 409, {"message": "at work", "help": "", "key": "x"})],
)
async def test_it_stays_while_the_manager_is_away_or_busy(
    redis: Redis, error: StreamsteadError
) -> None:
    manager = Manager()
    manager.error = error
    await redis.hset(KEY, "force", "v1.2.3")
    await run_once(redis, manager)
    assert await redis.hget(KEY, "force") == "v1.2.3"


async def test_a_wish_that_can_never_be_met_is_not_asked_for_ever(redis: Redis) -> None:
    manager = Manager()
    manager.error = HostRefused(1004, 422, {"message": "no version", "help": "", "key": "x"})
    await redis.hset(KEY, "force", "whatever")
    await run_once(redis, manager)
    assert await redis.hget(KEY, "force") is None


async def test_whether_one_runs_is_shown(redis: Redis) -> None:
    manager = Manager()
    facts = {"kind": "upgrade", "from": "1.0.0", "to": "1.1.0"}
    manager.runs = [facts | {"result": ""}]
    task = asyncio.create_task(force(redis, manager).show())

    async def shown() -> bool:
        return bool(await redis.hgetall(KEY))

    await until(shown)
    task.cancel()
    found = await redis.hgetall(KEY)
    assert found == {"upgrading": "1", "desc": "upgrade from 1.0.0 to 1.1.0"}


async def test_first_steps_are_marked_one_by_one_when_they_have_succeeded(redis: Redis) -> None:
    done: list[str] = []

    def step(name: str, fails: bool = False) -> BootStep:
        async def work() -> None:
            if fails:
                raise Upstream("not now")
            done.append(name)

        return BootStep(name, work)

    broken = FirstBoot(redis, [step("one"), step("two", fails=True), step("three")])
    with pytest.raises(Upstream):
        await broken._once()
    assert await redis.hgetall("SRS_FIRST_BOOT") == {"one": "1"}
    await FirstBoot(redis, [step("one"), step("two"), step("three")]).run()
    assert done == ["one", "two", "three"]
    assert set(await redis.hgetall("SRS_FIRST_BOOT")) == {"one", "two", "three"}


async def test_the_id_of_a_node_is_made_once(redis: Redis) -> None:
    store = NodeStore(redis)
    await store.settle()
    node = await redis.hget("SRS_TENCENT_LH", "node")
    await store.settle()
    assert node
    assert await redis.hget("SRS_TENCENT_LH", "node") == node


async def test_what_srs_cloud_kept_about_upgrades_is_taken_over(redis: Redis) -> None:
    manager = Manager()
    choice = OldUpgradeChoice(redis, cast(Host, manager))
    await choice.take_over()
    assert manager.calls == []
    await redis.hset("SRS_UPGRADE_STRATEGY", "strategy", "manual")
    await redis.hset("SRS_UPGRADE_WINDOW", mapping={"start": "24", "duration": "6"})
    await choice.take_over()
    assert manager.calls.pop()[1] == {"strategy": "manual"}  # nobody has saved that window
    await redis.hset("SRS_UPGRADE_WINDOW", "update", "2026-01-01")
    await choice.take_over()
    window = {"start": 0, "duration": 6}
    assert manager.calls.pop()[1] == {"strategy": "manual", "window": window}
