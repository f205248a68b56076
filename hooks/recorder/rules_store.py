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

COMPARE_S = 30.0
_MOMENTARY = ("manual", "disk_full")
"""These live in the file alone: they say what is now, not what the operator has set."""


class RulesStore:
    """- ``STREAMSTEAD_RECORD_RULES`` string: RecordRules as JSON, but what is momentary.
    - ``SRS_RECORD_PATTERNS``, ``SRS_DVR_PATTERNS``, ``SRS_VOD_PATTERNS`` hashes: ``all`` ("true" or
      "false"); the first also ``globs`` (JSON list) and ``post-cp-file`` (a directory), for
      programs that know SRS-cloud or Oryx; ``all`` and ``globs`` that they set are taken over.

    The file ``config/recording.json`` has all of it. Of Redis and file the later revision is right,
    so a Redis that lost its data, or the end of it, gets them back and switches nothing off.
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
        self._written: RecordRules | None = None
        self.current = RecordRules.load(path)
        """The rules as they are now."""

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Call ``changed`` after every change."""
        self._listeners.append(changed)

    async def run(self) -> None:
        """Keep Redis and the file in agreement, whichever of them was away; never returns."""
        while True:
            try:
                await self.reconcile()
            except RedisError as exc:
                log.warning("record_rules.not_compared", error=type(exc).__name__)
            await asyncio.sleep(COMPARE_S)

    async def reconcile(self) -> None:
        """Make Redis and the file agree. Raises RedisError."""
        async with self._lock:
            before = self.current
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.get(self.KEY)
                pipe.hgetall(self.RECORD)
                pipe.hget(self.DVR, "all")
                pipe.hget(self.VOD, "all")
                raw, record, dvr, vod = await pipe.execute()
            stored = _read(raw)
            rules = before
            if stored is not None and stored.revision > before.revision:
                rules = replace(stored, manual=before.manual, disk_full=before.disk_full)
            # Switches beside an older revision, or none, are from before it was lost.
            if (stored.revision if stored is not None else 0) == rules.revision:
                rules = _taken_over(rules, record, dvr, vod)
            if rules != before and rules.revision == before.revision:
                rules = replace(rules, revision=rules.revision + 1)
            if stored != _lasting(rules) or (record | _switches(rules), dvr, vod) != (
                record,
                _word(rules.dvr_all),
                _word(rules.vod_all),
            ):
                await self._write_redis(rules)
            await self._keep(rules)
        if rules != before:
            await self._tell()

    async def edit(self, change: Callable[[RecordRules], RecordRules]) -> RecordRules:
        """Replace the rules by ``change(rules)``. Raises RedisError, and what ``change`` does."""
        async with self._lock:
            rules = change(self.current)
            if rules == self.current:
                return rules
            rules = replace(rules, revision=self.current.revision + 1)
            await self._write_redis(rules)
            await self._keep(rules)
        await self._tell()
        return rules

    async def set_momentary(self, change: Callable[[RecordRules], RecordRules]) -> None:
        """Change ``manual`` or ``disk_full``, without Redis."""
        async with self._lock:
            rules = change(self.current)
            if rules == self.current:
                return
            await self._keep(rules)
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
            pipe.hset(self.RECORD, mapping=_switches(rules))
            pipe.hset(self.DVR, "all", _word(rules.dvr_all))
            pipe.hset(self.VOD, "all", _word(rules.vod_all))
            await pipe.execute()

    async def _keep(self, rules: RecordRules) -> None:
        """Let the rules count, and write them down where that is still to be done. On a disk that
        takes no writes ``run`` does it later."""
        self.current = rules
        if self._written == rules and self._path.exists():
            return
        self._written = None
        try:
            await asyncio.to_thread(rules.save, self._path)
        except OSError as exc:
            log.error("record_rules.not_written", error=exc.strerror)
        else:
            self._written = rules

    async def _tell(self) -> None:
        for listener in self._listeners:
            listener()
        now, revision = self._clock(), self.current.revision
        try:
            await self._events.append(
                f"recording.rules_changed:{revision}:{now}",
                EventType.RECORDING_RULES_CHANGED,
                now,
                "",
                {"revision": revision},
            )
        except RedisError as exc:
            log.info("rules_change.not_told", error=type(exc).__name__)


def _read(raw: str | bytes | None) -> RecordRules | None:
    if raw is None:
        return None
    try:
        return RecordRules.from_stored(orjson.loads(raw))
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        log.error("record_rules.unreadable", place="redis", error=type(exc).__name__)
        return None


def _taken_over(rules: RecordRules, record: dict[str, str], dvr: Any, vod: Any) -> RecordRules:
    """Return the rules with the switches that another program has set; absent ones say nothing."""
    words = {"true": True, "false": False}
    return replace(
        rules,
        record_all=words.get(record.get("all", ""), rules.record_all),
        dvr_all=words.get(dvr, rules.dvr_all),
        vod_all=words.get(vod, rules.vod_all),
        globs=_globs(record.get("globs"), rules.globs),
    )


def _globs(raw: str | None, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    try:
        found = orjson.loads(raw or "")
    except orjson.JSONDecodeError:
        return otherwise
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        return otherwise
    return tuple(one for one in found if one)


def _lasting(rules: RecordRules) -> RecordRules:
    return replace(rules, manual={}, disk_full=False)


def _switches(rules: RecordRules) -> dict[Any, Any]:
    return {
        "all": _word(rules.record_all),
        "globs": orjson.dumps(rules.globs).decode(),
        "post-cp-file": rules.post_copy_dir,
    }


def _word(value: bool) -> str:
    return "true" if value else "false"
