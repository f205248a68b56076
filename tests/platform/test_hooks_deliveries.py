"""The page's view of what was sent: the log, its pages, the test button, sending again."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from streamstead.core.events import EventType
from streamstead.core.hook_queue import ASKED_TYPE, DeliveryState, HookDelivery, new_delivery_id
from streamstead.core.runner import background

from ..web_servers import WebServer, hangs, says, web_server
from .conftest import API, Page
from .test_hooks_targets import call

pytestmark = pytest.mark.integration


@pytest.fixture
async def owner(page: Page) -> Page:
    await page.initialise()
    return page


@pytest.fixture
async def server() -> AsyncIterator[WebServer]:
    async with web_server(says(200, b"thanks")) as running:
        yield running


async def add_target(page: Page, server: WebServer, **changes: Any) -> str:
    body = {
        "label": "CRM",
        "url": server.url,
        "types": ["stream.published"],
        "allow_private": True,
        **changes,
    }
    target_id: str = (await call(page, "targets/create", body))["target"]["id"]
    return target_id


async def queue(page: Page, target_id: str, at_ms: int, **changes: Any) -> HookDelivery:
    """Put a delivery into the queue, or into the log when its state is final."""
    delivery = HookDelivery(
        **{
            "state": DeliveryState.PENDING,
            "id": new_delivery_id(target_id),
            "target_id": target_id,
            "event_id": f"stream.published:{at_ms}",
            "type": "stream.published",
            "stream": "live/cam",
            "at_ms": at_ms,
            "first_ms": at_ms,
            "request": '{"id":"stream.published:1","request_id":"old"}',
            **changes,
        }
    )
    if delivery.state is DeliveryState.PENDING:
        assert await page.services.hook_queue.add(delivery, at_ms)
    else:
        await page.services.hook_queue.note(delivery, at_ms, healthy=True)
    return delivery


async def test_the_test_button_sends_at_once_and_shows_what_came_back(
    owner: Page, server: WebServer
) -> None:
    target_id = await add_target(owner, server)
    shown = await call(owner, "targets/test", {"id": target_id})
    [got] = server.got
    assert got.json["type"] == got.headers["streamstead-event"] == "webhook.test"
    assert got.json["data"] == {"label": "CRM"}
    assert (shown["state"], shown["status"], shown["reply"]) == ("delivered", 200, "thanks")
    assert (shown["request"], shown["attempts"]) == (got.body.decode(), 1)
    assert (await call(owner, "deliveries/query"))["deliveries"] == [shown]
    [target] = (await call(owner, "targets/list"))["targets"]
    assert target["last_ok_ms"] is not None


async def test_the_test_button_tells_a_failure_and_does_not_try_again(
    owner: Page, server: WebServer
) -> None:
    target_id = await add_target(owner, server)
    server.answer = says(503, b"down")
    shown = await call(owner, "targets/test", {"id": target_id})
    assert (shown["state"], shown["status"], shown["reply"]) == ("failed", 503, "down")
    assert shown["error"] == "answered with status 503"
    [target] = (await call(owner, "targets/list"))["targets"]
    assert (target["pending"], target["last_error"]) == (0, shown["error"])


async def test_the_test_button_works_for_a_target_that_is_switched_off(
    owner: Page, server: WebServer
) -> None:
    target_id = await add_target(owner, server)
    await call(owner, "targets/update", {"id": target_id, "enabled": False})
    assert (await call(owner, "targets/test", {"id": target_id}))["state"] == "delivered"


async def test_the_log_has_pages_newest_first_and_nothing_twice(
    owner: Page, server: WebServer
) -> None:
    first, second = await add_target(owner, server), await add_target(owner, server)
    made = []
    for number in range(12):
        target_id = first if number % 3 else second
        state = DeliveryState.PENDING if number % 2 else DeliveryState.DELIVERED
        # Many happen in one millisecond.
        made.append(await queue(owner, target_id, 1000 + number // 5, state=state))
    seen: list[dict[str, Any]] = []
    body: dict[str, Any] = {"limit": 5}
    while True:
        page = await call(owner, "deliveries/query", body)
        seen += page["deliveries"]
        if page["cursor"] is None:
            break
        body["cursor"] = page["cursor"]
    assert [one["at_ms"] for one in seen] == sorted((it.at_ms for it in made), reverse=True)
    assert {one["id"] for one in seen} == {one.id for one in made}
    assert len(seen) == 12
    pending = [one for one in seen if one["state"] == "pending"]
    assert len(pending) == 6
    assert all(one["next_ms"] is not None for one in pending)
    mine = (await call(owner, "deliveries/query", {"target_id": second}))["deliveries"]
    assert {one["target_id"] for one in mine} == {second}
    assert len(mine) == 4


async def test_a_page_that_ends_exactly_at_the_end_has_an_empty_one_after_it(
    owner: Page, server: WebServer
) -> None:
    target_id = await add_target(owner, server)
    for number in range(4):
        await queue(owner, target_id, number)
    page = await call(owner, "deliveries/query", {"limit": 4})
    assert len(page["deliveries"]) == 4
    after = await call(owner, "deliveries/query", {"limit": 4, "cursor": page["cursor"]})
    assert after == {"deliveries": [], "cursor": None}


@pytest.mark.parametrize("cursor", ["", "x", "-", "12", "12-", "²-x", "9" * 30 + "-x"])
async def test_a_cursor_that_is_none_is_refused(owner: Page, cursor: str) -> None:
    body = {"cursor": cursor}
    assert await call(owner, "deliveries/query", body) == (422, "cursor_invalid")


async def test_the_log_of_a_target_that_is_none_is_404(owner: Page) -> None:
    body = {"target_id": "nobody"}
    assert await call(owner, "deliveries/query", body) == (404, "target_unknown")


async def test_a_finished_message_is_sent_again_as_a_new_delivery(
    owner: Page, server: WebServer
) -> None:
    target_id = await add_target(owner, server)
    old = await queue(owner, target_id, 5, state=DeliveryState.FAILED, attempts=9, error="x")
    async with background(owner.services.hook_worker.send()):
        shown = await call(owner, "deliveries/resend", {"id": old.id})
        [got] = await server.wait_for(1)
    assert (shown["state"], shown["attempts"], shown["error"]) == ("pending", 0, None)
    assert (shown["event_id"], shown["type"]) == (old.event_id, old.type)
    assert shown["id"] != old.id
    assert got.headers["streamstead-delivery"] == shown["id"]
    assert got.json == {"id": "stream.published:1", "request_id": shown["id"]}


async def test_a_waiting_message_is_only_hurried(owner: Page, server: WebServer) -> None:
    target_id = await add_target(owner, server)
    old = await queue(owner, target_id, 5)
    await owner.services.hook_queue.retry(old, owner.services.clock() + 3_600_000, 6)
    async with background(owner.services.hook_worker.send()):
        shown = await call(owner, "deliveries/resend", {"id": old.id})
        [got] = await server.wait_for(1)
    assert shown["id"] == old.id == got.headers["streamstead-delivery"]
    assert shown["next_ms"] <= owner.services.clock()
    assert len((await call(owner, "deliveries/query"))["deliveries"]) == 1


async def test_what_is_no_message_any_more_cannot_be_sent_again(
    owner: Page, server: WebServer
) -> None:
    target_id = await add_target(owner, server)
    for wrong in (f"{target_id}.x", "x", ".", "nobody.abc"):
        body = {"id": wrong}
        assert await call(owner, "deliveries/resend", body) == (404, "delivery_unknown")
    asked = await queue(
        owner, target_id, 5, state=DeliveryState.FAILED, type=ASKED_TYPE, request='{"cut'
    )
    body = {"id": asked.id}
    assert await call(owner, "deliveries/resend", body) == (409, "delivery_not_resendable")


async def test_the_page_never_waits_for_a_target_that_hangs(owner: Page, server: WebServer) -> None:
    server.answer = hangs
    target_id = await add_target(owner, server)
    worker = owner.services.hook_worker
    async with background(worker.take_events(), worker.send()):
        await owner.services.events.append(
            "stream.published:c1",
            EventType.STREAM_PUBLISHED,
            owner.services.clock(),
            "live/cam",
            {},
        )
        await server.wait_for(1)
        [one] = (await call(owner, "deliveries/query", {"target_id": target_id}))["deliveries"]
        assert one["state"] == "pending"
        assert len((await call(owner, "targets/list"))["targets"]) == 1
        assert (await owner.client.get(f"{API}/versions")).status_code == 200
