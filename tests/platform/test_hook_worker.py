"""Telling other servers: what is sent, in which order, how often, and what bad ones spoil."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
import pytest
from redis.asyncio import Redis

from streamstead.core.events import EventStream, EventType
from streamstead.core.hook_queue import (
    MAX_LOG,
    DeliveryState,
    HookDelivery,
    HookQueue,
    new_delivery_id,
)
from streamstead.core.hook_targets import HookTarget, HookTargetStore, new_target_id
from streamstead.core.outbound import Outbound, signature
from streamstead.core.runner import background
from streamstead.platform.hook_worker import (
    GIVE_UP_MS,
    LAST_RETRY_MS,
    HookWorker,
    retry_delay_ms,
)
from streamstead.platform.main import now_ms

from ..conftest import RedisServer, free_port
from ..web_servers import (
    WAIT_S,
    Answer,
    Flood,
    Got,
    drips,
    endless_head,
    garbage,
    hangs,
    resets,
    says,
    web_server,
)

pytestmark = pytest.mark.integration

PUBLISHED = EventType.STREAM_PUBLISHED
SESSION = {
    "client_id": "c1",
    "vhost": "__defaultVhost__",
    "app": "live",
    "stream": "cam",
    "param": "?secret=***",
    "ip": "203.0.113.7",
}


@dataclass
class Office:
    """Worker, queue and targets; nothing is sent until ``at_work`` is entered."""

    redis: Redis
    events: EventStream
    targets: HookTargetStore
    queue: HookQueue
    worker: HookWorker
    secrets: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        async with background(self.worker.take_events(), self.worker.send()):
            yield

    async def target(self, url: str, **changes: Any) -> HookTarget:
        made = HookTarget(
            id=new_target_id(),
            label="test",
            url=url,
            types=(PUBLISHED.value,),
            created_ms=now_ms(),
            allow_private=True,
        )
        made = replace(made, **changes)
        self.secrets[made.id] = await self.targets.create(made)
        return made

    async def happen(
        self, number: int, type_: EventType = PUBLISHED, data: dict[str, Any] | None = None
    ) -> None:
        await self.events.append(
            f"{type_}:c{number}", type_, now_ms(), "live/cam", SESSION if data is None else data
        )

    async def log(self, target: HookTarget) -> list[HookDelivery]:
        return await self.queue.log([target.id], None, 1000)

    async def until(
        self, target: HookTarget, check: Callable[[list[HookDelivery]], bool]
    ) -> list[HookDelivery]:
        """Return the log once it is as it should be."""
        async with asyncio.timeout(WAIT_S):
            while True:
                log = await self.log(target)
                if check(log):
                    return log
                await asyncio.sleep(0.05)

    async def finished(self, target: HookTarget, count: int = 1) -> list[HookDelivery]:
        return await self.until(
            target,
            lambda log: sum(one.state is not DeliveryState.PENDING for one in log) == count,
        )


def office_on(redis: Redis, timeout_s: float = 2 * WAIT_S, **limits: int) -> Office:
    events, targets = EventStream(redis), HookTargetStore(redis, b"k" * 32)
    queue = HookQueue(redis, **limits)
    worker = HookWorker(events, targets, queue, Outbound(), now_ms, lambda: 0.0, timeout_s)
    return Office(redis, events, targets, queue, worker)


@pytest.fixture
def office(redis: Redis) -> Office:
    return office_on(redis)


async def test_an_event_is_told_with_our_fields_and_those_of_oryx(office: Office) -> None:
    async with web_server(says(200, b'{"code":0}')) as server, office.at_work():
        target = await office.target(server.url)
        await office.happen(1)
        [got] = await server.wait_for(1)
        [done] = await office.finished(target)
    body = got.json
    assert body["data"] == SESSION
    assert body["at_ms"] == done.at_ms
    assert {key: body[key] for key in body if key not in ("data", "at_ms")} == {
        "id": "stream.published:c1",
        "type": "stream.published",
        "url": "live/cam",
        "request_id": done.id,
        "action": "on_publish",
        "opaque": "",
        "vhost": "__defaultVhost__",
        "app": "live",
        "stream": "cam",
        "param": "?secret=***",
    }
    assert got.headers["streamstead-delivery"] == done.id
    assert got.headers["streamstead-event"] == "stream.published"
    at_s = int(got.headers["streamstead-signature"].split(",")[0].removeprefix("t="))
    assert got.headers["streamstead-signature"] == signature(
        office.secrets[target.id], at_s, got.body
    )
    assert (done.state, done.status, done.attempts) == (DeliveryState.DELIVERED, 200, 1)
    assert (done.request, done.reply) == (got.body.decode(), '{"code":0}')
    health = (await office.queue.health([target.id]))[target.id]
    assert (health.pending, health.dropped, health.last_error) == (0, 0, None)
    assert health.last_ok_ms is not None


async def test_only_chosen_events_go_to_enabled_targets(office: Office) -> None:
    async with web_server(says(204)) as server, office.at_work():
        await office.target(server.url, enabled=False)
        await office.target(server.url, types=(EventType.VIEWER_LEFT.value,))
        wanted = await office.target(server.url)
        await office.happen(1)
        await office.happen(2)
        await office.finished(wanted, 2)
    assert [got.headers["streamstead-event"] for got in server.got] == ["stream.published"] * 2


async def test_what_happened_while_we_were_away_is_told_later(office: Office) -> None:
    async with web_server(says(200)) as server:
        target = await office.target(server.url)
        for number in range(5):
            await office.happen(number)
        async with office.at_work():
            await office.finished(target, 5)
    assert {got.json["id"] for got in server.got} == {f"stream.published:c{n}" for n in range(5)}


async def test_the_default_target_gets_opaque_and_shows_its_last_exchange(office: Office) -> None:
    async with web_server(says(200, b"0")) as server, office.at_work():
        target = await office.target(server.url, id="default", opaque="my-token")
        await office.happen(1)
        [got] = await server.wait_for(1)
        await office.finished(target)
    assert got.json["opaque"] == "my-token"
    shown = await office.targets.oryx()
    assert (shown["req"], shown["res"]) == (got.body.decode(), "0")


async def test_what_failed_is_sent_again_with_the_same_id(office: Office) -> None:
    async with web_server(says(500, b"broken")) as server, office.at_work():
        target = await office.target(server.url)
        await office.happen(1)
        [waiting] = await office.until(target, lambda log: bool(log and log[0].attempts))
        assert waiting.state is DeliveryState.PENDING
        assert (waiting.status, waiting.reply) == (500, "broken")
        assert waiting.error == "answered with status 500"
        assert waiting.next_ms is not None
        health = (await office.queue.health([target.id]))[target.id]
        assert (health.pending, health.last_error) == (1, waiting.error)
        server.answer = says(200)
        [done] = await office.finished(target)
    assert (done.state, done.attempts, done.error) == (DeliveryState.DELIVERED, 2, None)
    assert {got.headers["streamstead-delivery"] for got in server.got} == {done.id}


def test_retries_wait_longer_and_longer_and_never_all_at_once() -> None:
    assert [retry_delay_ms(n, 0.5) for n in (1, 2, 3, 12)] == [1000, 2000, 4000, 2_048_000]
    assert retry_delay_ms(13, 0.5) == retry_delay_ms(60, 0.99) == LAST_RETRY_MS
    assert retry_delay_ms(5, 0.0) == 8_000
    assert retry_delay_ms(5, 1.0) == 24_000
    assert retry_delay_ms(1, 0.0) == 1_000


async def queue_one(office: Office, target: HookTarget, first_ms: int) -> HookDelivery:
    delivery = HookDelivery(
        state=DeliveryState.PENDING,
        id=new_delivery_id(target.id),
        target_id=target.id,
        event_id="stream.published:old",
        type="stream.published",
        stream="live/cam",
        at_ms=first_ms,
        first_ms=first_ms,
        request='{"type":"stream.published"}',
    )
    assert await office.queue.add(delivery, now_ms())
    return delivery


async def test_after_a_day_it_is_given_up(office: Office) -> None:
    async with web_server(says(500)) as server, office.at_work():
        target = await office.target(server.url)
        await queue_one(office, target, now_ms() - GIVE_UP_MS)
        office.worker.wake()
        [done] = await office.finished(target)
    assert (done.state, done.attempts, done.next_ms) == (DeliveryState.FAILED, 1, None)
    assert done.error == "answered with status 500"


BAD: list[tuple[str, Answer, str]] = [
    ("hangs", hangs, "did not answer completely within 1 s"),
    ("is slow", drips, "did not answer completely within 1 s"),
    ("answers 500", says(500), "answered with status 500"),
    ("lies", says(200, b'{"code":1}'), "answered with code 1, which means no"),
    ("breaks off", resets, "broke off"),
    ("is no web server", garbage, "not HTTP"),
    ("never ends its head", endless_head, "not HTTP"),
    ("redirects inside", says(302, b"", "Location: http://127.0.0.1/"), "redirects"),
]


async def test_bad_targets_slow_down_nothing_else(redis: Redis) -> None:
    office = office_on(redis)
    async with AsyncExitStack() as stack:
        good = await stack.enter_async_context(web_server(says(200)))
        bad: dict[str, HookTarget] = {}
        for name, answer, _ in [*BAD, ("floods", Flood(), "")]:
            server = await stack.enter_async_context(web_server(answer))
            bad[name] = await office.target(server.url)
        told = await office.target(good.url)
        for number in range(10):
            await office.happen(number)
        await stack.enter_async_context(office.at_work())
        await office.finished(told, 10)
        # Every one at the first try, and those that hang are still at their first too.
        assert len(good.got) == 10
        for name in ("hangs", "is slow"):
            assert all(one.attempts == 0 for one in await office.log(bad[name]))


@pytest.mark.parametrize(("answer", "error"), [one[1:] for one in BAD], ids=[it[0] for it in BAD])
async def test_the_log_tells_what_a_bad_target_does(
    redis: Redis, answer: Answer, error: str
) -> None:
    office = office_on(redis, timeout_s=1.0)
    async with web_server(answer) as server, office.at_work():
        target = await office.target(server.url)
        await office.happen(1)
        [one] = await office.until(target, lambda log: bool(log and error in (log[0].error or "")))
        assert one.state is DeliveryState.PENDING
        assert one.took_ms is not None
        health = (await office.queue.health([target.id]))[target.id]
        assert health.last_error


async def test_of_a_flood_only_the_beginning_is_kept(office: Office) -> None:
    async with web_server(Flood()) as server, office.at_work():
        target = await office.target(server.url)
        await office.happen(1)
        [one] = await office.finished(target)
    assert (one.state, one.reply) == (DeliveryState.DELIVERED, "x" * 4096 + "… (cut)")


async def test_a_target_that_nobody_serves_is_told_of(office: Office) -> None:
    async with office.at_work():
        target = await office.target(f"http://127.0.0.1:{free_port()}/")
        await office.happen(1)
        [one] = await office.until(target, lambda log: bool(log and log[0].attempts))
    assert one.error == "127.0.0.1 cannot be connected to"


async def test_the_end_of_a_session_never_overtakes_its_beginning(office: Office) -> None:
    async def sleepy(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.05)
        await says(200)(writer)

    types = (PUBLISHED.value, EventType.STREAM_UNPUBLISHED.value)
    async with web_server(sleepy) as server:
        target = await office.target(server.url, types=types)
        for number in range(8):
            await office.happen(number)
            await office.happen(number, EventType.STREAM_UNPUBLISHED)
        async with office.at_work():
            await office.finished(target, 16)
    seen = [str(got.json["id"]) for got in server.got]
    for number in range(8):
        begun = seen.index(f"stream.published:c{number}")
        assert begun < seen.index(f"stream.unpublished:c{number}")


async def test_several_go_to_one_target_at_a_time_but_not_many(office: Office) -> None:
    open_now, most = 0, 0
    release = asyncio.Event()

    async def count(writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        open_now += 1
        most = max(most, open_now)
        if open_now == 4:
            release.set()
        async with asyncio.timeout(WAIT_S):
            await release.wait()
        open_now -= 1
        await says(200)(writer)

    async with web_server(count) as server:
        target = await office.target(server.url)
        for number in range(12):
            await office.happen(number)
        async with office.at_work():
            await office.finished(target, 12)
    assert most == 4


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


def signed_by(got: Got, secret: str) -> bool:
    shown = got.headers["streamstead-signature"]
    at_s = int(shown.split(",")[0].removeprefix("t="))
    return shown == signature(secret, at_s, got.body)


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
