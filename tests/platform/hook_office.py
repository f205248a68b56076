"""The webhook worker, its queue and its targets, for the tests of all of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from redis.asyncio import Redis

from streamstead.core.events import EventStream, EventType
from streamstead.core.hook_queue import (
    DeliveryState,
    HookDelivery,
    HookQueue,
    new_delivery_id,
)
from streamstead.core.hook_targets import HookTarget, HookTargetStore, new_target_id
from streamstead.core.outbound import Outbound, signature
from streamstead.core.runner import background
from streamstead.platform.hook_worker import HookWorker
from streamstead.platform.main import now_ms

from ..web_servers import WAIT_S, Got

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


def signed_by(got: Got, secret: str) -> bool:
    shown = got.headers["streamstead-signature"]
    at_s = int(shown.split(",")[0].removeprefix("t="))
    return shown == signature(secret, at_s, got.body)
