"""What of the alerts outlives this process."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import orjson
from redis.asyncio import Redis

from ...core.events import MAX_EVENTS, EventStream, EventType
from ...core.log import get_logger
from ...core.store import text
from .board import Active, Change, Kind
from .latches import Latch
from .messages import Message
from .rules import RULES

log = get_logger(__name__)

MAX_HISTORY = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """Everything, as it was written last."""

    active: list[Active] = field(default_factory=list)
    told_ms: dict[str, int] = field(default_factory=dict)
    overrides: dict[str, dict[str, Any]] = field(default_factory=dict)
    latches: list[Latch] = field(default_factory=list)
    history: list[dict[str, Any]] = field(default_factory=list)


class AlertStore:
    """- ``STREAMSTEAD_ALERTS`` hash: id -> Active JSON, of those that fire.
    - ``STREAMSTEAD_ALERTS_TOLD`` string: JSON, id -> when people were told of it, 5 min back.
    - ``STREAMSTEAD_ALERT_HISTORY`` list of JSON, newest first, 200 at most.
    - ``STREAMSTEAD_ALERT_RULES`` hash: rule -> JSON of what the operator has changed.
    - ``STREAMSTEAD_ALERT_LATCHES`` hash: id -> Latch JSON, 200 at most.

    The platform alone writes them.
    """

    ALERTS = "STREAMSTEAD_ALERTS"
    TOLD = "STREAMSTEAD_ALERTS_TOLD"
    HISTORY = "STREAMSTEAD_ALERT_HISTORY"
    RULES = "STREAMSTEAD_ALERT_RULES"
    LATCHES = "STREAMSTEAD_ALERT_LATCHES"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def load(self) -> Kept:
        """Raises RedisError. What another version wrote and this one cannot read is left out."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(self.ALERTS)
            pipe.get(self.TOLD)
            pipe.hgetall(self.RULES)
            pipe.hgetall(self.LATCHES)
            pipe.lrange(self.HISTORY, 0, MAX_HISTORY - 1)
            active, told, rules, latches, history = await pipe.execute()
        found = Kept(
            told_ms=orjson.loads(told) if told else {},
            overrides={text(name): orjson.loads(raw) for name, raw in rules.items()},
            history=[orjson.loads(raw) for raw in history],
        )
        for raw in active.values():
            stored = orjson.loads(raw)
            if stored.get("rule") in RULES:
                found.active.append(Active.from_stored(stored))
        for raw in latches.values():
            found.latches.append(Latch(**orjson.loads(raw)))
        return found

    async def set_rule(self, name: str, overrides: Mapping[str, Any]) -> None:
        if overrides:
            await self._redis.hset(self.RULES, name, orjson.dumps(dict(overrides)).decode())
        else:
            await self._redis.hdel(self.RULES, name)

    def save(
        self,
        pipe: Any,
        active: Sequence[Active],
        told_ms: Mapping[str, int],
        latches: Mapping[str, Latch | None],
        news: Sequence[tuple[Change, Message]],
    ) -> None:
        """Add everything to a transaction: state, history and events together."""
        pipe.delete(self.ALERTS)
        firing = {one.id: orjson.dumps(one.stored()).decode() for one in active if one.firing}
        if firing:
            pipe.hset(self.ALERTS, mapping=firing)
        pipe.set(self.TOLD, orjson.dumps(dict(told_ms)))
        for id_, latch in latches.items():
            if latch is None:
                pipe.hdel(self.LATCHES, id_)
            else:
                pipe.hset(self.LATCHES, id_, orjson.dumps(asdict(latch)).decode())
        for change, message in news:
            if not change.late:
                self._tell(pipe, change, message)
            if change.kind is Kind.CLEARED:
                pipe.lpush(self.HISTORY, orjson.dumps(past(change, message)))
        if news:
            pipe.ltrim(self.HISTORY, 0, MAX_HISTORY - 1)

    def _tell(self, pipe: Any, change: Change, message: Message) -> None:
        one = change.alert
        fired = change.kind is Kind.FIRED
        type_ = EventType.ALERT_FIRING if fired else EventType.ALERT_CLEARED
        data = {
            "rule": one.rule,
            "level": one.level,
            "subject": one.subject,
            "params": one.params,
            "text": message.text,
            "since_ms": one.since_ms,
        }
        fields = {
            "id": f"{type_.value}:{one.id}:{one.since_ms}",
            "type": type_.value,
            "at_ms": message.at_ms,
            "stream": one.subject if one.rule == "stream_frozen" else "",
            "data": orjson.dumps(data),
        }
        pipe.xadd(EventStream.KEY, fields, maxlen=MAX_EVENTS, approximate=True)


def past(change: Change, message: Message) -> dict[str, Any]:
    """Return what the history keeps."""
    one = change.alert
    return {
        "id": f"{one.id}:{one.since_ms}",
        "rule": one.rule,
        "level": one.level,
        "subject": one.subject,
        "since_ms": one.since_ms,
        "ended_ms": change.ended_ms,
        "message": {"key": one.rule, "params": one.params},
        "text": message.text,
        "help": message.help,
    }
