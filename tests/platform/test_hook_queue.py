"""What waits for other servers: it is bounded, counted right, and outlives what dies around it."""

import asyncio
from dataclasses import replace

import orjson
import pytest
from redis.asyncio import Redis

from streamstead.core.events import EventStream, EventType
from streamstead.core.hook_queue import MAX_LOG, DeliveryState
from streamstead.core.hook_targets import HookTargetStore
from streamstead.core.runner import background
from streamstead.platform.main import now_ms

from ..conftest import RedisServer, free_port
from ..web_servers import (
    says,
    web_server,
)
from .hook_office import SESSION, Office, office_on, queue_one, signed_by

pytestmark = pytest.mark.integration


async def test_a_full_queue_drops_the_oldest_and_says_so_once(redis: Redis) -> None:
    office = office_on(redis, max_pending=5)
    target = await office.target(f"http://127.0.0.1:{free_port()}/")
    for number in range(12):
        await office.happen(number)
    async with background(office.worker.take_events()):
        await office.finished(target, 7)
    log = await office.log(target)
    dropped = {one.event_id for one in log if one.state is DeliveryState.DROPPED}
    assert dropped == {f"stream.published:c{number}" for number in range(7)}
    health = (await office.queue.health([target.id]))[target.id]
    assert (health.pending, health.dropped) == (5, 7)
    events = [fields for _, fields in await redis.xrange(EventStream.KEY)]
    told = [fields for fields in events if fields["type"] == "webhook.dropped"]
    assert len(told) == 1
    assert orjson.loads(told[0]["data"])["target_id"] == target.id


async def test_a_dead_target_cannot_fill_redis(redis: Redis) -> None:
    office = office_on(redis, max_pending_bytes=20_000)
    dead = await office.target(f"http://127.0.0.1:{free_port()}/")
    for number in range(60):
        await office.happen(number)
    async with background(office.worker.take_events()):
        await office.until(dead, lambda log: len(log) == 60)
        small = await office.target(
            f"http://127.0.0.1:{free_port()}/", types=(EventType.VIEWER_LEFT.value,)
        )
        for number in range(3):
            await office.happen(number, EventType.VIEWER_LEFT)
        await office.until(small, lambda log: len(log) == 3)
    assert sum(int(size) for size in await redis.hvals(HookTargetStore.BYTES)) <= 20_000
    health = await office.queue.health([dead.id, small.id])
    assert 0 < health[dead.id].pending < 60
    assert health[dead.id].dropped == 60 - health[dead.id].pending
    assert (health[small.id].pending, health[small.id].dropped) == (3, 0)


async def test_bytes_are_counted_right_to_the_end(office: Office) -> None:
    async with web_server(says(500)) as server, office.at_work():
        target = await office.target(server.url)
        for number in range(3):
            await office.happen(number)
        await office.until(target, lambda log: sum(one.attempts for one in log) >= 3)
        server.answer = says(200)
        await office.finished(target, 3)
    assert await office.redis.hgetall(HookTargetStore.BYTES) == {target.id: "0"}


async def test_long_texts_are_cut_so_that_a_message_stays_small(office: Office) -> None:
    data = {**SESSION, "param": "?x=" + "a" * 8000, "user_agent": "b" * 5000}
    async with web_server(says(200)) as server, office.at_work():
        target = await office.target(server.url)
        await office.happen(1, data=data)
        await office.happen(2, data={f"field{n}": "c" * 300 for n in range(50)})
        await office.finished(target, 2)
    assert all(len(got.body) < 5000 for got in server.got)
    first = next(got for got in server.got if got.json["id"] == "stream.published:c1")
    assert first.json["app"] == "live"
    assert str(first.json["param"]).startswith("?x=aaa")


async def test_the_log_of_a_target_is_bounded(office: Office) -> None:
    target = await office.target("http://127.0.0.1:9/")
    for number in range(MAX_LOG + 20):
        one = await queue_one(office, target, number)
        await office.queue.finish(replace(one, state=DeliveryState.DELIVERED), now_ms())
    log = await office.log(target)
    assert len(log) == MAX_LOG
    assert log[-1].at_ms == 20
    assert await office.redis.hlen(f"STREAMSTEAD_HOOK_ITEMS:{target.id}") == MAX_LOG


async def test_a_rotated_secret_signs_what_waits(office: Office) -> None:
    async with web_server(says(200)) as server:
        target = await office.target(server.url)
        await office.happen(1)
        async with background(office.worker.take_events()):
            await office.until(target, lambda log: len(log) == 1)
        _, secret = await office.targets.rotate(target.id)
        async with background(office.worker.send()):
            [got] = await server.wait_for(1)
    assert signed_by(got, secret)


async def test_a_removed_target_leaves_nothing_behind(office: Office) -> None:
    target = await office.target(f"http://127.0.0.1:{free_port()}/")
    async with office.at_work():
        for number in range(6):
            await office.happen(number)
        await office.until(target, lambda log: any(one.attempts for one in log))
        await office.targets.remove(target.id)
        await office.happen(7)
        other = await office.target(f"http://127.0.0.1:{free_port()}/")
        await office.happen(8)
        await office.until(other, lambda log: len(log) >= 1)
    left = await office.redis.keys(f"STREAMSTEAD_HOOK_*:{target.id}")
    assert left == []
    assert target.id not in await office.redis.hgetall(HookTargetStore.BYTES)


async def test_an_event_acknowledged_before_queues_nothing(office: Office) -> None:
    target = await office.target("http://127.0.0.1:9/")
    await office.happen(1)
    reader = office.events.consume("webhooks")
    events = await anext(reader)
    one = replace(await queue_one(office, target, 1), id=f"{target.id}.x")
    assert await office.queue.take("webhooks", [(events[0], [one])], now_ms()) == 1
    again = replace(one, id=f"{target.id}.y")
    assert await office.queue.take("webhooks", [(events[0], [again])], now_ms()) == 0
    assert {it.id for it in await office.log(target)} >= {one.id}
    assert again.id not in {it.id for it in await office.log(target)}


async def test_the_queue_outlives_redis_and_goes_on_by_itself(
    redis: Redis, redis_process: RedisServer
) -> None:
    office = office_on(redis)
    async with web_server(says(500)) as server, office.at_work():
        target = await office.target(server.url)
        await office.happen(1)
        await office.until(target, lambda log: bool(log and log[0].attempts))
        redis_process.kill()
        server.answer = says(200)
        await asyncio.to_thread(redis_process.start)
        await office.until(
            target, lambda log: bool(log and log[0].state is DeliveryState.DELIVERED)
        )


async def test_what_many_events_queue_for_many_targets_is_all_there(office: Office) -> None:
    targets = [await office.target(f"http://127.0.0.1:{free_port()}/") for _ in range(5)]
    for number in range(50):
        await office.happen(number)
    async with background(office.worker.take_events()):
        for target in targets:
            log = await office.until(target, lambda log: len(log) == 50)
            assert [one.event_id for one in log] == [
                f"stream.published:c{number}" for number in reversed(range(50))
            ]
