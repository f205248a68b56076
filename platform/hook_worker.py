"""Tell other people's servers: queue what each event means for them, and send what is due.

Taking events and sending are two loops with a durable queue between them, so no server, however
slow, holds up events; and each target has lanes of its own, so none holds up another.
"""

import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cache

import orjson
from prometheus_client import Counter, Histogram
from redis.exceptions import RedisError

from ..core.errors import StreamsteadError
from ..core.events import Event, EventStream
from ..core.hook_message import delivery_id, message
from ..core.hook_queue import (
    SHOWN_BYTES,
    DeliveryState,
    HookDelivery,
    HookQueue,
    new_delivery_id,
)
from ..core.hook_targets import HookTarget, HookTargetStore
from ..core.log import get_logger
from ..core.outbound import Outbound, OutboundFailed, OutboundReply, origin_of

log = get_logger(__name__)

GROUP = "webhooks"
TIMEOUT_S = 5.0
LANES = 4
"""Messages under way to one target at a time."""

FIRST_RETRY_MS = 1_000
LAST_RETRY_MS = 3_600_000
GIVE_UP_MS = 24 * 3_600_000
LOOK_S = 30.0
"""How long the sender may sleep: another process may have queued something."""

MAX_AT_ONCE = 32
"""Deliveries that are queued in one call, more or less: Redis does nothing else meanwhile."""

TEST_TYPE = "webhook.test"

_SENT = Counter("streamstead_webhook_tries", "Messages sent to webhook targets", ["result"])


@cache
def _figures() -> tuple[Counter, Histogram]:
    """Made by who works, not by who loads this: a figure without labels is told at once."""
    return (
        Counter("streamstead_webhook_given_up", "Messages given up after 24 h"),
        Histogram(
            "streamstead_webhook_seconds",
            "Time until a webhook target had answered",
            buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0),
        ),
    )


def retry_delay_ms(attempts: int, chance: float) -> int:
    """Return the wait after so many failed tries: 1 s doubling to 1 h, and up to half of it more
    or less by ``chance`` (0 to 1), so that what failed together does not come back together."""
    delay = min(LAST_RETRY_MS, FIRST_RETRY_MS << min(attempts - 1, 12))
    return max(FIRST_RETRY_MS, min(LAST_RETRY_MS, round(delay * (0.5 + chance))))


def failure_of(reply: OutboundReply) -> str | None:
    """Say why an answer does not count as delivered; None when it does.

    As with the media server's own callbacks: a status of 2xx, and where the body is a JSON object
    with a ``code``, or a number, that must be 0.
    """
    if not 200 <= reply.status < 300:
        return f"answered with status {reply.status}"
    try:
        said = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
    code = said.get("code", 0) if isinstance(said, dict) else said
    if isinstance(code, int) and not isinstance(code, bool) and code != 0:
        return f"answered with code {code}, which means no"
    return None


class HookWorker:
    """``take_events`` and ``send`` are endless loops; ``wake`` hurries the second."""

    def __init__(
        self,
        events: EventStream,
        targets: HookTargetStore,
        queue: HookQueue,
        outbound: Outbound,
        clock: Callable[[], int],
        chance: Callable[[], float] = random.random,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._events = events
        self._targets = targets
        self._queue = queue
        self._outbound = outbound
        self._clock = clock
        self._chance = chance
        self._timeout_s = timeout_s
        self._given_up, self._seconds = _figures()
        self._wake = asyncio.Event()
        self._under_way: dict[str, dict[str, str]] = {}  # target -> delivery id -> its order
        self._ended: set[str] = set()  # of what was under way when the queue was last read

    def wake(self) -> None:
        """Look at once whether something is due."""
        self._wake.set()

    async def take_events(self) -> None:
        """Queue a delivery for each event and target that wants it; never returns."""
        while True:
            try:
                async for events in self._events.consume(GROUP):
                    await self._take(events)
            except RedisError as exc:
                log.warning("webhooks.events_unreadable", error=type(exc).__name__)
                await asyncio.sleep(1)

    async def _take(self, events: list[Event]) -> None:
        targets = [target for target in await self._targets.all() if target.enabled]
        now = self._clock()
        taken = [
            (event, [_delivery(event, it, now) for it in targets if _wants(it, event)])
            for event in events
        ]
        for some in _portions(taken):
            if await self._queue.take(GROUP, some, now):
                self.wake()

    async def send(self) -> None:
        """Send what is due, earliest first; never returns."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._wake.clear()
                try:
                    wait_s = await self._start_due(group)
                except RedisError as exc:
                    log.warning("webhooks.queue_unreadable", error=type(exc).__name__)
                    wait_s = 1.0
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._wake.wait()

    async def _start_due(self, group: asyncio.TaskGroup) -> float:
        """Start what there are lanes for; return how long until more may be due, in seconds."""
        targets = {it.id: it for it in await self._targets.all() if it.enabled}
        free = [id_ for id_ in targets if len(self._under_way.get(id_, {})) < LANES]
        if not free:
            return LOOK_S
        now = self._clock()
        self._ended.clear()
        wait_ms = round(LOOK_S * 1000)
        # What is under way stays at the head of the queue until it is done, and what must wait for
        # it may come next: look a little further.
        for id_, due in (await self._queue.due(free, now, 4 * LANES)).items():
            mine = self._under_way.setdefault(id_, {})
            for delivery in due.deliveries:
                if len(mine) >= LANES:
                    break
                if delivery.id in mine or _order(delivery) in mine.values():
                    continue
                if delivery.id in self._ended:
                    continue  # what was read is older than its outcome
                mine[delivery.id] = _order(delivery)
                group.create_task(self._deliver(targets[id_], delivery))
            if due.next_ms is not None and due.next_ms > now:
                wait_ms = min(wait_ms, due.next_ms - now)
        return wait_ms / 1000

    async def _deliver(self, target: HookTarget, delivery: HookDelivery) -> None:
        """Try once and note what came of it."""
        try:
            tried = await self._try(target, delivery)
            now = self._clock()
            if tried.state is not DeliveryState.PENDING:
                await self._queue.finish(tried, now)
            elif now - tried.first_ms >= GIVE_UP_MS:
                await self._queue.finish(replace(tried, state=DeliveryState.FAILED), now)
                self._given_up.inc()
                log.error("webhook.given_up", target=target.id, delivery=delivery.id)
            else:
                due = now + retry_delay_ms(tried.attempts, self._chance())
                await self._queue.retry(tried, due, now)
        except RedisError as exc:
            # It stays pending and is sent again with the same id: twice is better than never.
            log.warning("webhook.outcome_not_noted", target=target.id, error=type(exc).__name__)
            await asyncio.sleep(1)
        finally:
            del self._under_way[target.id][delivery.id]
            self._ended.add(delivery.id)
            self.wake()

    async def _try(self, target: HookTarget, delivery: HookDelivery) -> HookDelivery:
        """Send; return the delivery as DELIVERED or, with the error, still PENDING."""
        attempts = delivery.attempts + 1
        begun = self._clock()
        try:
            reply = await self._outbound.post_signed(
                target.url,
                delivery.request.encode(),
                self._targets.secret(target),
                timeout_s=self._timeout_s,
                allow_private=target.allow_private,
                max_reply_bytes=SHOWN_BYTES,
                headers={
                    "Streamstead-Delivery": delivery.id,
                    "Streamstead-Event": delivery.type,
                },
            )
        except StreamsteadError as exc:
            log.warning(
                "webhook.failed",
                target=target.id,
                server=origin_of(target.url),
                delivery=delivery.id,
                reason=exc.key,
                attempts=attempts,
            )
            _SENT.labels(exc.key).inc()
            return replace(
                delivery,
                attempts=attempts,
                status=exc.http_status if isinstance(exc, OutboundFailed) else None,
                took_ms=max(0, self._clock() - begun),
                error=exc.message,
                reply="",
            )
        self._seconds.observe(reply.took_ms / 1000)
        failure = failure_of(reply)
        if failure is not None:
            log.warning(
                "webhook.not_accepted",
                target=target.id,
                server=origin_of(target.url),
                delivery=delivery.id,
                status=reply.status,
                attempts=attempts,
            )
        _SENT.labels("delivered" if failure is None else "not_accepted").inc()
        return replace(
            delivery,
            state=DeliveryState.DELIVERED if failure is None else DeliveryState.PENDING,
            attempts=attempts,
            status=reply.status,
            took_ms=reply.took_ms,
            error=failure,
            reply=_shown(reply),
        )

    async def test(self, target: HookTarget) -> HookDelivery:
        """Send a message of the type ``webhook.test`` now, once; it is in the log afterwards."""
        now = self._clock()
        new_id = new_delivery_id(target.id)
        event_id = f"{TEST_TYPE}:{new_id}"
        tried = await self._try(
            target,
            HookDelivery(
                state=DeliveryState.PENDING,
                id=new_id,
                target_id=target.id,
                event_id=event_id,
                type=TEST_TYPE,
                stream="",
                at_ms=now,
                first_ms=now,
                request=message(
                    new_id, event_id, TEST_TYPE, now, "", {"label": target.label}, target.opaque
                ),
            ),
        )
        delivered = tried.state is DeliveryState.DELIVERED
        done = tried if delivered else replace(tried, state=DeliveryState.FAILED)
        await self._queue.note(done, self._clock(), healthy=delivered)
        return done


Taken = tuple[Event, list[HookDelivery]]


def _portions(taken: Sequence[Taken]) -> Iterator[list[Taken]]:
    """Split so that no call holds up Redis, and with it a publisher, for long."""
    some: list[Taken] = []
    count = 0
    for one in taken:
        some.append(one)
        count += len(one[1])
        if count >= MAX_AT_ONCE:
            yield some
            some, count = [], 0
    if some:
        yield some


def _wants(target: HookTarget, event: Event) -> bool:
    return event.type in target.types


def _order(delivery: HookDelivery) -> str:
    """Return what this has in common with what must not overtake it: the end of a session has the
    id of its beginning, but for the type in front."""
    return delivery.event_id.partition(":")[2] or delivery.id


def _delivery(event: Event, target: HookTarget, now_ms: int) -> HookDelivery:
    new_id = delivery_id(target.id, event)
    return HookDelivery(
        state=DeliveryState.PENDING,
        id=new_id,
        target_id=target.id,
        event_id=event.event_id,
        type=event.type,
        stream=event.stream,
        at_ms=event.at_ms,
        first_ms=now_ms,
        request=message(
            new_id,
            event.event_id,
            event.type,
            event.at_ms,
            event.stream,
            event.data,
            target.opaque,
            target.host,
        ),
    )


def _shown(reply: OutboundReply) -> str:
    shown = reply.body.decode(errors="replace")
    return shown + "… (cut)" if reply.cut else shown
