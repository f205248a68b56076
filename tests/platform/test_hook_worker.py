"""Telling other servers: what is sent, in which order, how often, and what bad ones spoil."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from redis.asyncio import Redis

from streamstead.core.events import EventType
from streamstead.core.hook_queue import DeliveryState
from streamstead.core.hook_targets import HookTarget
from streamstead.core.outbound import signature
from streamstead.platform.hook_worker import GIVE_UP_MS, LAST_RETRY_MS, retry_delay_ms
from streamstead.platform.main import now_ms

from ..conftest import free_port
from ..web_servers import (
    WAIT_S,
    Answer,
    Flood,
    drips,
    endless_head,
    garbage,
    hangs,
    resets,
    says,
    web_server,
)
from .hook_office import PUBLISHED, SESSION, Office, office_on, queue_one

pytestmark = pytest.mark.integration


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
