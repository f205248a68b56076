"""Where the rules of recording are kept: Redis for everybody, a file for who must not wait."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ...core.events import EventStream, EventType
from ...core.log import get_logger
from ..record_rules import RecordRules

log = get_logger(__name__)

_AGAIN_S = 2.0
_MOMENTARY = ("manual", "disk_full")
"""These live in the file alone: they say what is now, not what the operator has set."""


class RulesStore:
    """- ``STREAMSTEAD_RECORD_RULES`` string: RecordRules as JSON, but what is momentary.
    - ``SRS_RECORD_PATTERNS``, ``SRS_DVR_PATTERNS``, ``SRS_VOD_PATTERNS`` hashes: ``all`` ("true" or
      "false"); the first also ``globs`` (JSON list) and ``post-cp-file`` (a directory), for
      programs that know SRS-cloud or Oryx.

    The file ``config/recording.json`` has all of it. When Redis lost its data, the file is right.
    """

    KEY = "STREAMSTEAD_RECORD_RULES"
    RECORD = "SRS_RECORD_PATTERNS"
    DVR = "SRS_DVR_PATTERNS"
    VOD = "SRS_VOD_PATTERNS"

    def __init__(
        self, redis: Redis, path: Path, events: EventStream, clock: Callable[[], int]
    ) -> None:
        self._redis = redis
        self._path = path
        self._events = events
        self._clock = clock
        self._lock = asyncio.Lock()
        self._listeners: list[Callable[[], None]] = []
        self.current = RecordRules.load(path)
        """The rules as they are now."""

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after every change."""
        self._listeners.append(changed)

    async def reconcile(self) -> None:
        """Make Redis and the file agree; call it at the start. Raises RedisError."""
        async with self._lock:
            stored = await self._redis.get(self.KEY)
            if stored is not None:
                momentary = {name: getattr(self.current, name) for name in _MOMENTARY}
                kept = replace(RecordRules.from_stored(orjson.loads(stored)), **momentary)
                if kept != self.current:
                    self._write_file(kept)
            elif self._path.exists():
                await self._write_redis(self.current)
            else:
                await self._take_over()

    async def _take_over(self) -> None:
        """Begin with the switches of an SRS-cloud or Oryx that used this store before."""
        record: Any = await self._redis.hgetall(self.RECORD)
        dvr = await self._redis.hget(self.DVR, "all")
        vod = await self._redis.hget(self.VOD, "all")
        globs: list[str] = []
        if record.get("globs"):
            globs = [str(one) for one in orjson.loads(record["globs"])]
        rules = replace(
            self.current,
            record_all=record.get("all") == "true",
            dvr_all=dvr == "true",
            vod_all=vod == "true",
            globs=tuple(globs),
            post_copy_dir=record.get("post-cp-file", ""),
        )
        await self._write_redis(rules)
        self._write_file(rules)

    async def keep_agreeing(self) -> None:
        """Make Redis and the file agree as soon as Redis answers; never returns."""
        while True:
            try:
                await self.reconcile()
                break
            except RedisError as exc:
                log.warning("record_rules.not_compared", error=type(exc).__name__)
                await asyncio.sleep(_AGAIN_S)
        await asyncio.Event().wait()

    async def edit(self, change: Callable[[RecordRules], RecordRules]) -> RecordRules:
        """Replace the rules by ``change(rules)``. Raises RedisError, OSError and what it raises."""
        async with self._lock:
            rules = change(self.current)
            if rules == self.current:
                return rules
            await self._write_redis(rules)
            self._write_file(rules)
        await self._tell()
        return rules

    async def set_momentary(self, change: Callable[[RecordRules], RecordRules]) -> None:
        """Change ``manual`` or ``disk_full``, without Redis. Raises OSError."""
        async with self._lock:
            rules = change(self.current)
            if rules == self.current:
                return
            self._write_file(rules)
        await self._tell()

    async def set_manual(self, url: str, state: str | None) -> None:
        """Record a stream by hand ("on"), not at all ("off"), or as the rules say (None)."""

        def change(rules: RecordRules) -> RecordRules:
            others = {known: one for known, one in rules.manual.items() if known != url}
            return replace(rules, manual=others if state is None else others | {url: state})

        await self.set_momentary(change)

    async def set_disk_full(self, full: bool) -> None:
        """Let nothing new be recorded, or all again."""
        await self.set_momentary(lambda rules: replace(rules, disk_full=full))

    async def set_default_target(self, target_id: str) -> None:
        """Name the storage that DVR, VoD and uploads of everything use; "" for none."""
        await self.edit(lambda rules: replace(rules, default_target=target_id))

    async def _write_redis(self, rules: RecordRules) -> None:
        stored = {name: one for name, one in asdict(rules).items() if name not in _MOMENTARY}
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(self.KEY, orjson.dumps(stored))
            pipe.hset(
                self.RECORD,
                mapping={
                    "all": _word(rules.record_all),
                    "globs": orjson.dumps(rules.globs),
                    "post-cp-file": rules.post_copy_dir,
                },
            )
            pipe.hset(self.DVR, "all", _word(rules.dvr_all))
            pipe.hset(self.VOD, "all", _word(rules.vod_all))
            await pipe.execute()

    def _write_file(self, rules: RecordRules) -> None:
        rules.save(self._path)
        self.current = rules

    async def _tell(self) -> None:
        for listener in self._listeners:
            listener()
        now = self._clock()
        try:
            await self._events.append(
                f"recording.rules_changed:{now}", EventType.RECORDING_RULES_CHANGED, now, "", {}
            )
        except RedisError as exc:
            log.info("rules_change.not_told", error=type(exc).__name__)


def _word(value: bool) -> str:
    return "true" if value else "false"
