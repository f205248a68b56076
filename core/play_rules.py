"""Who may watch a stream: its rule, the passes handed out for it, and what both say of a viewer.

The same decision is made in registry.lua in the round trip of a callback; ``judge`` is its twin for
what is decided outside of callbacks (the tester, the watch page, cutting viewers), and a test holds
the two together.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import orjson
from redis.asyncio import Redis
from redis.exceptions import WatchError

from .errors import Conflict, StoreUnavailable
from .names import VOD_APP
from .store import text

DEFAULT = "*"
"""Field of the rule that counts for every stream without one of its own."""

OPERATOR = "operator"
"""Pass id of a signed-in operator's preview: it opens every stream."""

PHRASE = "phrase:"
WEBHOOK = "webhook:"

MAX_PASSES = 1_000
"""Passes of one stream."""

_ATTEMPTS = 20


class PlayKind(StrEnum):
    PUBLIC = "public"
    PASS = "pass"  # noqa: S105
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class PlayRule:
    """``generation`` is new with every change. ``phrase_hash`` is argon2id, "" for no passphrase;
    ``phrase_generation`` is new when the passphrase changes. ``webhook_secret`` is sealed."""

    kind: PlayKind = PlayKind.PUBLIC
    generation: int = 0
    phrase_hash: str = ""
    phrase_generation: int = 0
    webhook_url: str = ""
    webhook_secret: str = ""
    allow_private: bool = False

    @classmethod
    def from_json(cls, raw: str | bytes) -> "PlayRule":
        fields = orjson.loads(raw)
        return cls(**{**fields, "kind": PlayKind(fields["kind"])})


PRIVATE = PlayRule(kind=PlayKind.PASS)
"""What counts for a recording without a rule of its own, whatever the default is: only who has a
pass for it, and the operator."""


def recording_url(id_: str) -> str:
    """Return what rules and passes call a recording."""
    return f"{VOD_APP}/{id_}"


def _inherited(url: str, default: PlayRule) -> PlayRule:
    return PRIVATE if url.startswith(f"{VOD_APP}/") else default


@dataclass(frozen=True, slots=True)
class Pass:
    """A link handed out. Times are ms since the epoch; ``max_viewers`` 0 is any number."""

    id: str
    url: str
    app: str
    stream: str
    label: str
    created_ms: int
    expires_ms: int | None = None
    revoked: bool = False
    max_viewers: int = 0

    @classmethod
    def from_json(cls, raw: str | bytes) -> "Pass":
        return cls(**orjson.loads(raw))


def judge(
    rule: PlayRule, pass_id: str, passes: Mapping[str, Pass], url: str, now_ms: int
) -> str | None:
    """Say why a viewer with this pass id may not watch, None when it may.

    ``pass_id`` is that of a checked signature or of a session. What is not decided here: how many
    use the pass, blocked addresses, and a webhook not asked yet (``ask``).
    """
    if rule.kind is PlayKind.PUBLIC or pass_id == OPERATOR:
        return None
    if rule.kind is PlayKind.WEBHOOK:
        return None if pass_id == f"{WEBHOOK}{rule.generation}" else "ask"
    if pass_id == "" or pass_id.startswith(WEBHOOK):
        return "pass_missing"
    if pass_id.startswith(PHRASE):
        good = rule.phrase_hash and pass_id == f"{PHRASE}{rule.phrase_generation}"
        return None if good else "phrase_changed"
    found = passes.get(pass_id)
    if found is None:
        return "pass_unknown"
    if found.url != url:
        return "pass_other_stream"
    if found.revoked:
        return "pass_revoked"
    if found.expires_ms is not None and found.expires_ms <= now_ms:
        return "pass_expired"
    return None


def ruled(url: str, renditions: Mapping[str, str], rules: Mapping[str, PlayRule]) -> str:
    """Return the stream whose rule counts: of a rendition its source's, unless that is public and
    the rendition has one of its own. ``rules`` has the default."""
    source = renditions.get(url)
    if source is None:
        return url
    public = rules.get(source, rules[DEFAULT]).kind is PlayKind.PUBLIC
    return url if public and url in rules else source


class PlayRuleStore:
    """``STREAMSTEAD_PLAY_RULES`` hash: stream url, or ``*`` for the default -> PlayRule JSON.
    ``STREAMSTEAD_PLAY_GENERATION`` counts changes of any rule. Recordings are urls as well
    (``vod/<id>``), but the default says nothing about them: see PRIVATE.

    The default is written once, with the store's id (core/epoch.py). Without it every decision is
    a refusal: an emptied store must not open protected streams.
    """

    KEY = "STREAMSTEAD_PLAY_RULES"
    GENERATION = "STREAMSTEAD_PLAY_GENERATION"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, url: str) -> tuple[PlayRule, bool]:
        """Return (rule, whether it is the default). Raises StoreUnavailable without a default."""
        own, default = await self._redis.hmget(self.KEY, [url, DEFAULT])
        if default is None:
            raise store_emptied()
        if own is None or url == DEFAULT:
            return _inherited(url, PlayRule.from_json(default)), url != DEFAULT
        return PlayRule.from_json(own), False

    async def own(self, urls: Sequence[str]) -> dict[str, PlayRule]:
        """Return the rules that some streams have of their own. Raises StoreUnavailable."""
        default, *found = await self._redis.hmget(self.KEY, [DEFAULT, *urls])
        if default is None:
            raise store_emptied()
        return {
            url: PlayRule.from_json(raw)
            for url, raw in zip(urls, found, strict=True)
            if raw is not None
        }

    async def all(self) -> dict[str, PlayRule]:
        """Return every rule by stream url, the default under ``*``. Raises StoreUnavailable."""
        raw = await self._redis.hgetall(self.KEY)
        rules = {text(url): PlayRule.from_json(value) for url, value in raw.items()}
        if DEFAULT not in rules:
            raise store_emptied()
        return rules

    async def change(self, url: str, edit: Callable[[PlayRule], PlayRule]) -> PlayRule:
        """Replace the rule of a stream (or ``*``) by ``edit(what counts now)``.

        The generation is new, that of the passphrase too when its hash differs. Raises
        StoreUnavailable; Conflict when others change it all the time.
        """
        async with self._redis.pipeline(transaction=True) as pipe:
            for _ in range(_ATTEMPTS):
                await pipe.watch(self.KEY, self.GENERATION)
                # After WATCH commands are sent at once; their types say otherwise.
                watching: Any = pipe
                own, default = await watching.hmget(self.KEY, [url, DEFAULT])
                if default is None:
                    raise store_emptied()
                inherited = _inherited(url, PlayRule.from_json(default))
                before = inherited if own is None else PlayRule.from_json(own)
                generation = int(await watching.get(self.GENERATION) or 0) + 1
                after = replace(edit(before), generation=generation)
                if own is None or after.phrase_hash != before.phrase_hash:
                    after = replace(after, phrase_generation=generation)
                watching.multi()
                pipe.set(self.GENERATION, generation)
                pipe.hset(self.KEY, url, orjson.dumps(after).decode())
                try:
                    await pipe.execute()
                except WatchError:
                    continue
                return after
        raise Conflict("the rule is being changed by somebody else", "Look at it, then try again.")

    async def forget(self, urls: Sequence[str]) -> None:
        """Remove the rules of what does not exist any more."""
        if urls:
            await self._redis.hdel(self.KEY, *urls)

    async def inherit(self, url: str) -> None:
        """Let the default count for a stream again."""
        if url != DEFAULT:
            await self._redis.hdel(self.KEY, url)


def store_emptied() -> StoreUnavailable:
    """Return the refusal of everything while the rules are lost."""
    return StoreUnavailable(
        "the settings store (Redis) has lost its data, so nobody is let in",
        "Restore a backup, or accept the empty store on the System page.",
        key="store_emptied",
    )


class PassStore:
    """``STREAMSTEAD_PASSES`` hash: pass id -> Pass JSON. ``STREAMSTEAD_PASS_USED`` hash: id -> how
    often, ``<id>:last`` -> ms of the last time; for streams written by the registry."""

    KEY = "STREAMSTEAD_PASSES"
    USED = "STREAMSTEAD_PASS_USED"

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._revoke = redis.register_script(
            "local raw = redis.call('HGET', KEYS[1], ARGV[1]) "
            "if not raw then return 0 end "
            "raw = string.gsub(raw, '\"revoked\":false', '\"revoked\":true', 1) "
            "redis.call('HSET', KEYS[1], ARGV[1], raw) return 1"
        )

    async def all(self) -> dict[str, Pass]:
        raw = await self._redis.hgetall(self.KEY)
        return {text(key): Pass.from_json(value) for key, value in raw.items()}

    async def of(self, url: str) -> list[Pass]:
        """Return the passes of a stream, newest first."""
        found = [one for one in (await self.all()).values() if one.url == url]
        return sorted(found, key=lambda one: one.created_ms, reverse=True)

    async def get(self, pass_id: str) -> Pass | None:
        raw = await self._redis.hget(self.KEY, pass_id)
        return None if raw is None else Pass.from_json(raw)

    async def create(
        self,
        url: str,
        app: str,
        stream: str,
        label: str,
        now_ms: int,
        expires_ms: int | None = None,
        max_viewers: int = 0,
    ) -> Pass:
        """Make a pass. Raises Conflict when the stream has 1 000 already."""
        if len(await self.of(url)) >= MAX_PASSES:
            raise Conflict(
                f"this stream has {MAX_PASSES} passes already",
                "Remove those that are over.",
                key="too_many_passes",
            )
        made = Pass(
            id=secrets.token_hex(6),
            url=url,
            app=app,
            stream=stream,
            label=label,
            created_ms=now_ms,
            expires_ms=expires_ms,
            max_viewers=max_viewers,
        )
        await self._redis.hset(self.KEY, made.id, orjson.dumps(made).decode())
        return made

    async def some(self, pass_ids: Sequence[str]) -> dict[str, Pass]:
        """Return those of some passes that there are."""
        if not pass_ids:
            return {}
        found = await self._redis.hmget(self.KEY, list(pass_ids))
        return {
            pass_id: Pass.from_json(raw)
            for pass_id, raw in zip(pass_ids, found, strict=True)
            if raw is not None
        }

    async def count_use(self, pass_id: str, now_ms: int) -> None:
        """Note that somebody began to watch by a pass."""
        async with self._redis.pipeline(transaction=False) as pipe:
            pipe.hincrby(self.USED, pass_id, 1)
            pipe.hset(self.USED, f"{pass_id}:last", now_ms)
            await pipe.execute()

    async def revoke(self, pass_id: str) -> bool:
        """Make a pass worthless for ever; False when there is none."""
        return bool(await self._revoke(keys=(self.KEY,), args=(pass_id,)))

    async def remove(self, pass_ids: list[str]) -> None:
        """Forget passes; their links are refused as unknown."""
        if pass_ids:
            async with self._redis.pipeline(transaction=True) as pipe:
                pipe.hdel(self.KEY, *pass_ids)
                pipe.hdel(self.USED, *pass_ids, *(f"{one}:last" for one in pass_ids))
                await pipe.execute()

    async def used(self) -> dict[str, tuple[int, int]]:
        """Return pass id -> (how often, ms of the last time)."""
        raw = {
            text(key): int(value) for key, value in (await self._redis.hgetall(self.USED)).items()
        }
        return {
            key: (count, raw.get(f"{key}:last", 0))
            for key, count in raw.items()
            if not key.endswith(":last")
        }
