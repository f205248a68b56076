"""Who is told of alerts, and what waits to be told."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import orjson
from redis.asyncio import Redis

from ...core.errors import Conflict, NotFound
from ...core.sealed import Sealer
from ...core.store import text
from .messages import Message
from .models import AlertLevel, Language, NotifyKind

MAX_TARGETS = 16
MAX_WAITING = 100
PURPOSE = "notification target"


@dataclass(frozen=True, slots=True)
class Target:
    """``sealed``: JSON of its fields under seal."""

    id: str
    label: str
    kind: NotifyKind
    levels: tuple[AlertLevel, ...]
    enabled: bool
    created_ms: int
    sealed: str
    language: Language = "en"

    @classmethod
    def from_json(cls, raw: str) -> "Target":
        stored = orjson.loads(raw)
        known = {one.name: stored[one.name] for one in fields(cls) if one.name in stored}
        return cls(**{**known, "levels": tuple(known["levels"])})


@dataclass(frozen=True, slots=True)
class Last:
    """How the last message went."""

    at_ms: int
    ok: bool
    error: str


class NotifyStore:
    """- ``STREAMSTEAD_NOTIFY_TARGETS`` hash: id -> Target JSON; 16 at most.
    - ``STREAMSTEAD_NOTIFY_LAST`` hash: id -> Last JSON.
    - ``STREAMSTEAD_NOTIFY_WAITING`` hash: id -> JSON list of Message; 100 at most each.

    The platform alone writes them, so ``targets`` in memory is what is stored.
    """

    TARGETS = "STREAMSTEAD_NOTIFY_TARGETS"
    LAST = "STREAMSTEAD_NOTIFY_LAST"
    WAITING = "STREAMSTEAD_NOTIFY_WAITING"

    def __init__(self, redis: Redis, master_key: bytes) -> None:
        self._redis = redis
        self._sealer = Sealer(master_key, PURPOSE)
        self.targets: dict[str, Target] = {}

    async def load(self) -> tuple[dict[str, Last], dict[str, list[Message]]]:
        """Read everything; return how it went last, and what waits. Raises RedisError."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hgetall(self.TARGETS)
            pipe.hgetall(self.LAST)
            pipe.hgetall(self.WAITING)
            targets, last, waiting = await pipe.execute()
        found = [Target.from_json(raw) for raw in targets.values()]
        self.targets = {one.id: one for one in sorted(found, key=lambda it: it.created_ms)}
        return (
            {id_: Last(**orjson.loads(raw)) for id_, raw in last.items()},
            {
                text(id_): [Message(**one) for one in orjson.loads(raw)]
                for id_, raw in waiting.items()
                if id_ in self.targets
            },
        )

    def fields(self, target: Target) -> dict[str, str]:
        """Open what is sealed. Raises SealBroken."""
        found: dict[str, str] = orjson.loads(self._sealer.open(target.sealed))
        return found

    def get(self, target_id: str) -> Target:
        """Raises NotFound."""
        found = self.targets.get(target_id)
        if found is None:
            raise NotFound(
                "there is no such notification target",
                "Look at the list again.",
                key="notify_unknown",
            )
        return found

    async def create(
        self,
        label: str,
        kind: NotifyKind,
        given: Mapping[str, str],
        levels: Sequence[AlertLevel],
        enabled: bool,
        now_ms: int,
        language: Language = "en",
    ) -> Target:
        """Raises Conflict, ``too_many_notify_targets``."""
        if len(self.targets) >= MAX_TARGETS:
            raise Conflict(
                f"there are {MAX_TARGETS} notification targets already",
                "Remove one first.",
                key="too_many_notify_targets",
            )
        target = Target(
            id=secrets.token_hex(8),
            label=label,
            kind=kind,
            levels=tuple(levels),
            enabled=enabled,
            created_ms=now_ms,
            sealed=self._seal(given),
            language=language,
        )
        await self._put(target)
        return target

    async def change(
        self, target_id: str, given: Mapping[str, str] | None, **changes: Any
    ) -> Target:
        """Raises NotFound."""
        target = replace(self.get(target_id), **changes)
        if given is not None:
            target = replace(target, sealed=self._seal(given))
        await self._put(target)
        return target

    async def remove(self, target_id: str) -> None:
        """Raises NotFound."""
        self.get(target_id)
        async with self._redis.pipeline() as pipe:
            for key in (self.TARGETS, self.LAST, self.WAITING):
                pipe.hdel(key, target_id)
            await pipe.execute()
        self.targets.pop(target_id, None)

    async def _put(self, target: Target) -> None:
        await self._redis.hset(self.TARGETS, target.id, orjson.dumps(asdict(target)).decode())
        self.targets[target.id] = target

    def _seal(self, given: Mapping[str, str]) -> str:
        return self._sealer.seal(orjson.dumps(dict(given)).decode())

    def save(
        self, pipe: Any, target_id: str, waiting: Sequence[Message], last: Last | None
    ) -> None:
        """Add to a transaction what waits for a target and how it went."""
        if waiting:
            raw = orjson.dumps([asdict(one) for one in waiting]).decode()
            pipe.hset(self.WAITING, target_id, raw)
        else:
            pipe.hdel(self.WAITING, target_id)
        if last is not None:
            pipe.hset(self.LAST, target_id, orjson.dumps(asdict(last)).decode())
