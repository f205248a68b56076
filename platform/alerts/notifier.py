"""Tell people of alerts: each target on its own, so that one that hangs delays nobody else."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ...core.errors import StreamsteadError
from ...core.log import get_logger
from .deliver import Deliver
from .messages import Letter, Message, letter, trial
from .notify_store import MAX_WAITING, Last, NotifyStore, Target

log = get_logger(__name__)

SINGLE = 3
"""More than so many at once become one message."""

PER_MINUTE = 5
"""Messages to a target; what comes above is told together when the minute is over."""

FIRST_RETRY_S = 5.0
LAST_RETRY_S = 600.0
GIVE_UP_MS = 24 * 3_600_000
HEALTHY_AT_ONCE = 4
"""Processes that send at the same time, each some 40 MB for a second."""

_SENT = Counter("streamstead_notifications", "Messages about alerts", ["kind", "outcome"])


@dataclass(slots=True)
class _Lane:
    """One target: what waits, when it was sent something of late, failures in a row."""

    waiting: deque[Message] = field(default_factory=lambda: deque(maxlen=MAX_WAITING))
    sent_at: deque[float] = field(default_factory=lambda: deque(maxlen=PER_MINUTE))
    failures: int = 0
    last: Last | None = None
    dirty: bool = False
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Notifier:
    """``run`` is an endless loop; everything else may be called from the event loop."""

    def __init__(
        self,
        redis: Redis,
        store: NotifyStore,
        deliver: Deliver,
        clock: Callable[[], int],
        first_retry_s: float = FIRST_RETRY_S,
        minute_s: float = 60.0,
    ) -> None:
        self._redis = redis
        self.store = store
        self._deliver = deliver
        self._clock = clock
        self._first_retry_s = first_retry_s
        self._minute_s = minute_s
        self._lanes: dict[str, _Lane] = {}
        self._group: asyncio.TaskGroup | None = None
        self._healthy = asyncio.Semaphore(HEALTHY_AT_ONCE)
        self._failing = asyncio.Semaphore(1)
        """Those that failed wait for one another, and nobody waits for them."""
        self.house = socket.gethostname()

    async def load(self) -> None:
        """Go on with what an earlier process has left. Raises RedisError."""
        last, waiting = await self.store.load()
        for id_ in self.store.targets:
            lane = self._lane(id_)
            lane.last = last.get(id_)
            lane.waiting.extend(waiting.get(id_, ()))

    async def run(self) -> None:
        """Send; never returns."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                self.wake()
                await asyncio.Event().wait()
            finally:
                self._group = None

    def take(self, messages: Sequence[Message]) -> None:
        """Queue messages for everybody who wants to know; ``save`` and ``wake`` follow."""
        for target in self.store.targets.values():
            wanted = [one for one in messages if one.level in target.levels]
            if target.enabled and wanted:
                lane = self._lane(target.id)
                lane.waiting.extend(wanted)
                lane.dirty = True

    def save(self, pipe: Any) -> list[str]:
        """Add what has changed to a transaction; return for ``saved`` whose it is."""
        dirty = [id_ for id_, lane in self._lanes.items() if lane.dirty]
        for id_ in dirty:
            self.store.save(pipe, id_, list(self._lanes[id_].waiting), self._lanes[id_].last)
        return dirty

    def saved(self, ids: Sequence[str]) -> None:
        """The transaction was taken."""
        for id_ in ids:
            if id_ in self._lanes:
                self._lanes[id_].dirty = False

    def wake(self) -> None:
        """Send what waits."""
        if self._group is None:
            return
        for id_, lane in self._lanes.items():
            if lane.waiting and (lane.task is None or lane.task.done()):
                lane.task = self._group.create_task(self._work_off(id_, lane))
            lane.wake.set()

    def waiting(self, target_id: str) -> int:
        return len(self._lane(target_id).waiting)

    def last(self, target_id: str) -> Last | None:
        return self._lane(target_id).last

    def forget(self, target_id: str) -> None:
        """A target is no more."""
        lane = self._lanes.pop(target_id, None)
        if lane is not None and lane.task is not None:
            lane.task.cancel()

    def retry(self, target_id: str) -> None:
        """A target was changed: try at once, whatever has failed before."""
        self._lane(target_id).failures = 0
        self.wake()

    async def test(self, target: Target) -> tuple[bool, str]:
        """Send a test now; return whether it was taken, and what was said."""
        ok, error = await self._send(target, trial(self.house, self._clock(), target.language))
        lane = self._lane(target.id)
        lane.last = Last(self._clock(), ok, error)
        if ok:
            lane.failures = 0
        await self._keep(lane)
        self.wake()
        return ok, error

    def _lane(self, target_id: str) -> _Lane:
        return self._lanes.setdefault(target_id, _Lane())

    async def _work_off(self, id_: str, lane: _Lane) -> None:
        while lane.waiting:
            target = self.store.targets.get(id_)
            if target is None or not target.enabled:
                lane.waiting.clear()
                break
            await self._pause(lane)
            batch = list(lane.waiting)
            if len(batch) <= SINGLE:
                batch = batch[:1]
            old = [one for one in batch if self._clock() - one.at_ms > GIVE_UP_MS]
            if old:
                self._drop(lane, old)
                log.warning("notification.given_up", target=id_, messages=len(old))
                continue
            ok, error = await self._attempt(
                target, lane, letter(batch, self.house, target.language)
            )
            lane.last = Last(self._clock(), ok, error)
            if ok:
                lane.failures = 0
                lane.sent_at.append(asyncio.get_running_loop().time())
                self._drop(lane, batch)
            else:
                lane.failures += 1
            await self._keep(lane)

    async def _pause(self, lane: _Lane) -> None:
        """Wait until the target may be sent something again."""
        loop = asyncio.get_running_loop()
        if lane.failures:
            delay_s = min(LAST_RETRY_S, self._first_retry_s * 2.0 ** (lane.failures - 1))
            end = loop.time() + delay_s
            before = lane.failures
            while lane.failures == before and (left_s := end - loop.time()) > 0:
                lane.wake.clear()
                try:
                    async with asyncio.timeout(left_s):
                        await lane.wake.wait()
                except TimeoutError:
                    return
        elif len(lane.sent_at) == PER_MINUTE:
            await asyncio.sleep(max(0.0, lane.sent_at[0] + self._minute_s - loop.time()))

    async def _attempt(self, target: Target, lane: _Lane, what: Letter) -> tuple[bool, str]:
        if target.kind == "webhook":  # costs no process
            return await self._send(target, what)
        async with self._failing if lane.failures else self._healthy:
            return await self._send(target, what)

    async def _send(self, target: Target, what: Letter) -> tuple[bool, str]:
        try:
            ok, error = await self._deliver(
                target.kind, self.store.fields(target), what, self.house
            )
        except StreamsteadError as exc:
            ok, error = False, f"{exc.message}. {exc.help}".strip()
        _SENT.labels(target.kind, "taken" if ok else "failed").inc()
        if not ok:
            log.warning("notification.failed", target=target.id, kind=target.kind, reason=error)
        return ok, error

    def _drop(self, lane: _Lane, batch: Sequence[Message]) -> None:
        gone = set(batch)
        lane.waiting = deque((it for it in lane.waiting if it not in gone), maxlen=MAX_WAITING)

    async def _keep(self, lane: _Lane) -> None:
        """Write down what has become of it; when Redis is away, with the next change."""
        lane.dirty = True
        try:
            async with self._redis.pipeline() as pipe:
                dirty = self.save(pipe)
                await pipe.execute()
            self.saved(dirty)
        except RedisError as exc:
            log.info("notification.not_noted", error=type(exc).__name__)
