"""kill -9 of the webhook worker between any two of its steps loses nothing and doubles nothing."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from streamstead.core.events import EventStream, EventType
from streamstead.core.hook_queue import DeliveryState, HookDelivery, HookQueue
from streamstead.core.hook_targets import HookTarget, HookTargetStore
from streamstead.core.settings import Settings
from streamstead.platform.hook_worker import GROUP
from streamstead.platform.main import now_ms

from ..web_servers import WAIT_S, WebServer, says, web_server

pytestmark = pytest.mark.integration

SCRIPT = Path(__file__).with_name("hook_worker_crashes.py")
STEPS = 20
"""More than a worker takes from its start to the end of two messages."""


@pytest.fixture
async def doomed(settings: Settings, redis: Redis) -> AsyncIterator[Process]:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        str(SCRIPT),
        str(settings.data.redis_socket),
        settings.redis_password.get_secret_value(),
        stdin=PIPE,
        stdout=PIPE,
    )
    yield child
    assert child.stdin is not None
    child.stdin.close()
    async with asyncio.timeout(WAIT_S):
        assert await child.wait() == 0


async def start(doomed: Process, when: str, count: int) -> int:
    """Start a worker; return its pid."""
    assert doomed.stdin is not None
    assert doomed.stdout is not None
    doomed.stdin.write(f"{when} {count}\n".encode())
    async with asyncio.timeout(WAIT_S):
        return int(await doomed.stdout.readline())


async def ended_by(doomed: Process) -> int:
    """Return the signal that ended it."""
    assert doomed.stdout is not None
    async with asyncio.timeout(WAIT_S):
        return int(await doomed.stdout.readline())


async def happen(redis: Redis, number: int) -> None:
    await EventStream(redis).append(
        f"stream.published:c{number}", EventType.STREAM_PUBLISHED, now_ms(), "live/cam", {}
    )


async def queued(redis: Redis) -> list[HookDelivery]:
    return await HookQueue(redis).log(["default"], None, 1000)


async def check_nothing_is_lost(redis: Redis, happened: int) -> None:
    """Every event is either still to be taken or has exactly one delivery."""
    entries: dict[str, str] = {
        entry_id: fields["id"] for entry_id, fields in await redis.xrange(EventStream.KEY)
    }
    assert len(entries) == happened
    groups: list[Any] = await redis.xinfo_groups(EventStream.KEY)
    if not groups:
        assert await queued(redis) == []
        return
    read_to = _order(groups[0]["last-delivered-id"])
    pending: list[Any] = await redis.xpending_range(EventStream.KEY, GROUP, "-", "+", 1000)
    open_ids = {entry["message_id"] for entry in pending}
    taken = {
        event
        for entry_id, event in entries.items()
        if _order(entry_id) <= read_to and entry_id not in open_ids
    }
    found = [delivery.event_id for delivery in await queued(redis)]
    assert sorted(found) == sorted(taken)


def _order(entry_id: str) -> tuple[int, ...]:
    return tuple(int(part) for part in entry_id.split("-"))


async def until_all_delivered(redis: Redis, count: int) -> list[HookDelivery]:
    async with asyncio.timeout(WAIT_S):
        while True:
            log = await queued(redis)
            if sum(one.state is DeliveryState.DELIVERED for one in log) == count:
                return log
            await asyncio.sleep(0.05)


async def add_target(redis: Redis, server: WebServer) -> None:
    target = HookTarget(
        id="default",
        label="",
        url=server.url,
        types=(EventType.STREAM_PUBLISHED.value,),
        created_ms=1,
        allow_private=True,
    )
    await HookTargetStore(redis, b"k" * 32).create(target)


async def test_killed_at_any_step_it_loses_and_doubles_nothing(
    doomed: Process, redis: Redis
) -> None:
    happened = 0
    async with web_server(says(200)) as server:
        await add_target(redis, server)
        for step in range(1, STEPS + 1):
            for when in ("before", "after"):
                for _ in range(2):
                    await happen(redis, happened)
                    happened += 1
                await start(doomed, when, step)
                assert await ended_by(doomed) == signal.SIGKILL
                await check_nothing_is_lost(redis, happened)
        survivor = await start(doomed, "never", 0)
        log = await until_all_delivered(redis, happened)
        await check_nothing_is_lost(redis, happened)
        os.kill(survivor, signal.SIGKILL)
        await ended_by(doomed)
    assert len({one.event_id for one in log}) == len(log) == happened
    # At least once, and always under the same id.
    heard = {got.headers["streamstead-delivery"]: str(got.json["id"]) for got in server.got}
    assert heard == {one.id: one.event_id for one in log}
    assert (await redis.xpending(EventStream.KEY, GROUP))["pending"] == 0
    assert await redis.zcard("STREAMSTEAD_HOOK_DUE:default") == 0
    assert await redis.zcard("STREAMSTEAD_HOOK_PENDING:default") == 0
    assert await redis.hget(HookTargetStore.BYTES, "default") == "0"
