"""What is still to be told to other people's servers, and what became of what was told."""

import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
from redis.asyncio import Redis

from .errors import Conflict, NotFound
from .events import MAX_EVENTS, Event, EventStream
from .hook_targets import HookTargetStore
from .store import text

MAX_PENDING = 10_000
"""Of one target; the oldest is dropped for a newer one."""

MAX_PENDING_BYTES = 48_000_000
"""Of all targets: a dead one must not fill Redis. The oldest of the longest queue is dropped."""

MAX_LOG = 200
"""Finished deliveries that a target's log keeps, newest first."""

SHOWN_BYTES = 4096
"""So much of a request and of a reply is kept."""

ASKED_TYPE = "publish.asked"
"""Type of the question to a blocking target; it stands in the log, but was never queued."""

_SCRIPT = Path(__file__).with_name("hook_queue.lua")


class DeliveryState(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up, or refused by a target that was asked."""
    DROPPED = "dropped"
    """The queue was full."""


@dataclass(frozen=True, slots=True)
class HookDelivery:
    """One message to one target. ``id`` is ``<target id>.<24 hex>``; ``event_id`` is that of the
    event. Times are ms since the epoch: ``at_ms`` of the event (or of "send again"), ``next_ms`` of
    the next try of a pending one.

    ``state`` stands first: hook_queue.lua changes it in the text.
    """

    state: DeliveryState
    id: str
    target_id: str
    event_id: str
    type: str
    stream: str
    at_ms: int
    first_ms: int
    """When it was queued: retries end 24 h later."""
    request: str
    attempts: int = 0
    status: int | None = None
    took_ms: int | None = None
    error: str | None = None
    reply: str = ""
    next_ms: int | None = None

    @classmethod
    def from_json(cls, raw: str | bytes, next_ms: int | None) -> "HookDelivery":
        """Read what is stored; fields of other versions are ignored."""
        stored = orjson.loads(raw)
        known = {one.name: stored[one.name] for one in fields(cls) if one.name in stored}
        state = DeliveryState(known["state"])
        known["next_ms"] = next_ms if state is DeliveryState.PENDING else None
        return cls(**{**known, "state": state})

    def to_json(self) -> str:
        stored = asdict(self)
        del stored["next_ms"]  # its place is the order of the queue
        return orjson.dumps(stored).decode()


def new_delivery_id(target_id: str) -> str:
    """Return the id of a delivery that follows from no event; later ones sort later."""
    return f"{target_id}.{time.time_ns() // 1_000_000:011x}{secrets.token_hex(7)[1:]}"


@dataclass(frozen=True, slots=True)
class Health:
    """How a target does. ``last_error`` is None since the last success."""

    pending: int
    dropped: int
    last_ok_ms: int | None
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """What one target should be sent now, and when the next one after that is due."""

    deliveries: list[HookDelivery]
    next_ms: int | None


class HookQueue:
    """Keys, for each target ``<t>``; removed together with it by HookTargetStore.

    - ``STREAMSTEAD_HOOK_DUE:<t>`` sorted set: pending delivery id by the time of its next try.
    - ``STREAMSTEAD_HOOK_PENDING:<t>`` sorted set: the same ids by the time of their event.
    - ``STREAMSTEAD_HOOK_LOG:<t>`` sorted set: finished ids by the time of their event; 200.
    - ``STREAMSTEAD_HOOK_ITEMS:<t>`` hash: id -> HookDelivery JSON of all of these.
    - ``STREAMSTEAD_HOOK_HEALTH:<t>`` hash: ``dropped``, ``last_ok_ms``, ``last_error``,
      ``dropping_ms`` (when an event last told of dropping).
    - ``STREAMSTEAD_HOOK_BYTES`` hash: target id -> bytes of its pending deliveries.
    """

    def __init__(
        self,
        redis: Redis,
        max_pending: int = MAX_PENDING,
        max_pending_bytes: int = MAX_PENDING_BYTES,
    ) -> None:
        self._redis = redis
        self._limits = (max_pending, max_pending_bytes, MAX_LOG, MAX_EVENTS)
        self._script = redis.register_script(_SCRIPT.read_text(encoding="utf-8"))

    async def _call(self, op: str, now_ms: int, given: dict[str, Any]) -> int:
        store = HookTargetStore
        return int(
            await self._script(
                keys=(EventStream.KEY, store.KEY, store.BYTES, store.ORYX),
                args=(op, now_ms, *self._limits, orjson.dumps(given)),
            )
        )

    async def take(
        self, group: str, events: Sequence[tuple[Event, Sequence[HookDelivery]]], now_ms: int
    ) -> int:
        """Acknowledge events and queue what follows from each, all or nothing.

        An event that was acknowledged before adds nothing again. Returns how many were queued.
        """
        entries = [
            {
                "id": event.entry_id,
                "deliveries": [
                    {
                        "target": one.target_id,
                        "id": one.id,
                        "at_ms": one.at_ms,
                        "json": one.to_json(),
                    }
                    for one in deliveries
                ],
            }
            for event, deliveries in events
        ]
        return await self._call("take", now_ms, {"group": group, "entries": entries})

    async def add(self, delivery: HookDelivery, now_ms: int) -> bool:
        """Queue one, due at once; False when its target is gone."""
        return await self._call("add", now_ms, _named(delivery)) == 1

    async def hurry(self, delivery: HookDelivery, now_ms: int) -> bool:
        """Let a pending one be tried now; False when it is no longer pending."""
        given = {"target": delivery.target_id, "id": delivery.id}
        return await self._call("hurry", now_ms, given) == 1

    async def retry(self, delivery: HookDelivery, due_ms: int, now_ms: int) -> None:
        """Note a failed try and when the next one is due; nothing if it was dropped meanwhile."""
        await self._call("retry", now_ms, {**_outcome(delivery), "due": due_ms})

    async def finish(self, delivery: HookDelivery, now_ms: int) -> None:
        """Move a pending one, whose state is final now, to the log."""
        await self._call("finish", now_ms, _outcome(delivery))

    async def note(self, delivery: HookDelivery, now_ms: int, *, healthy: bool) -> None:
        """Write one that was never queued into the log; ``healthy``: the target did its part."""
        await self._call("note", now_ms, {**_outcome(delivery), "ok": healthy})

    async def due(self, target_ids: Sequence[str], now_ms: int, most: int) -> dict[str, Due]:
        """Return what is due of each target, earliest first, ``most`` of each."""
        async with self._redis.pipeline(transaction=False) as pipe:
            for target in target_ids:
                pipe.zrange(_key("DUE", target), 0, most, withscores=True)
            found: list[Any] = await pipe.execute()
        answer: dict[str, Due] = {}
        for target, pairs in zip(target_ids, found, strict=True):
            ready = [(text(id_), int(score)) for id_, score in pairs if score <= now_ms][:most]
            later = [int(score) for _, score in pairs[len(ready) :]]
            items = await self._items(target, ready) if ready else []
            answer[target] = Due(items, later[0] if later else None)
        return answer

    async def get(self, delivery_id: str) -> HookDelivery:
        """Raises NotFound with the key ``delivery_unknown``."""
        target = delivery_id.partition(".")[0]
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hget(_key("ITEMS", target), delivery_id)
            pipe.zscore(_key("DUE", target), delivery_id)
            raw, score = await pipe.execute()
        if raw is None:
            raise NotFound(
                "there is no such delivery any more",
                "The log of a target keeps its newest ones.",
                key="delivery_unknown",
            )
        return HookDelivery.from_json(raw, None if score is None else int(score))

    async def log(
        self, target_ids: Sequence[str], before: tuple[int, str] | None, limit: int
    ) -> list[HookDelivery]:
        """Return pending and finished deliveries, newest event first.

        ``before`` is (at_ms, id) of the last one of the page before.
        """
        places: list[tuple[int, str]] = []
        for target in target_ids:
            for part in ("PENDING", "LOG"):
                places += await self._newest(_key(part, target), before, limit)
        page = sorted(set(places), reverse=True)[:limit]
        found: dict[str, HookDelivery] = {}
        for target in target_ids:
            mine = [id_ for _, id_ in page if id_.partition(".")[0] == target]
            if mine:
                async with self._redis.pipeline(transaction=False) as pipe:
                    pipe.zmscore(_key("DUE", target), mine)
                    scores = (await pipe.execute())[0]
                ready = [(id_, int(score or 0)) for id_, score in zip(mine, scores, strict=True)]
                found |= {one.id: one for one in await self._items(target, ready)}
        return [found[id_] for _, id_ in page if id_ in found]

    async def _newest(
        self, key: str, before: tuple[int, str] | None, limit: int
    ) -> list[tuple[int, str]]:
        """Read a sorted set from its end; several entries may have the same time."""
        found: list[tuple[int, str]] = []
        start = 0
        top: Any = "+inf" if before is None else before[0]
        while len(found) < limit:
            pairs: Any = await self._redis.zrevrangebyscore(
                key, top, "-inf", start=start, num=limit, withscores=True
            )
            ordered = [(int(score), text(id_)) for id_, score in pairs]
            found += [one for one in ordered if before is None or one < before]
            start += limit
            if len(pairs) < limit:
                break
        return found[:limit]

    async def _items(self, target: str, ids: Sequence[tuple[str, int]]) -> list[HookDelivery]:
        raws = await self._redis.hmget(_key("ITEMS", target), [id_ for id_, _ in ids])
        return [
            HookDelivery.from_json(raw, due)
            for raw, (_, due) in zip(raws, ids, strict=True)
            if raw is not None
        ]

    async def health(self, target_ids: Sequence[str]) -> dict[str, Health]:
        async with self._redis.pipeline(transaction=False) as pipe:
            for target in target_ids:
                pipe.zcard(_key("PENDING", target))
                pipe.hgetall(_key("HEALTH", target))
            found = await pipe.execute()
        answer = {}
        for number, target in enumerate(target_ids):
            known = found[2 * number + 1]
            last_ok = known.get("last_ok_ms")
            answer[target] = Health(
                pending=found[2 * number],
                dropped=int(known.get("dropped", 0)),
                last_ok_ms=None if last_ok is None else int(last_ok),
                last_error=known.get("last_error"),
            )
        return answer


def _key(part: str, target: str) -> str:
    return f"{HookTargetStore.QUEUE}{part}:{target}"


def _named(delivery: HookDelivery) -> dict[str, Any]:
    return {
        "target": delivery.target_id,
        "id": delivery.id,
        "at_ms": delivery.at_ms,
        "json": delivery.to_json(),
    }


def _outcome(delivery: HookDelivery) -> dict[str, Any]:
    return {
        **_named(delivery),
        "ok": delivery.state is DeliveryState.DELIVERED,
        "error": delivery.error or "",
        "req": delivery.request,
        "res": delivery.reply,
    }


def again(delivery: HookDelivery, now_ms: int) -> HookDelivery:
    """Return the same message as a new delivery, so that a receiver does not skip it as known.

    Raises Conflict for a question: its time is over.
    """
    if delivery.type == ASKED_TYPE:
        raise Conflict(
            "a question cannot be asked again: the publisher is gone or let in",
            "Publish again.",
            key="delivery_not_resendable",
        )
    new_id = new_delivery_id(delivery.target_id)
    body = orjson.loads(delivery.request) | {"request_id": new_id}
    return HookDelivery(
        state=DeliveryState.PENDING,
        id=new_id,
        target_id=delivery.target_id,
        event_id=delivery.event_id,
        type=delivery.type,
        stream=delivery.stream,
        at_ms=now_ms,
        first_ms=now_ms,
        request=orjson.dumps(body).decode(),
        next_ms=now_ms,
    )
