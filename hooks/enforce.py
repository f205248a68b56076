"""Make those leave who no longer may stay: a changed rule counts for sessions that are running.

Called by whoever changes a rule, and by every reconciliation, so that a change survives the death
of this process in the middle.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Protocol as Shape

from redis.exceptions import RedisError

from ..core.errors import NotFound, StreamsteadError, Upstream
from ..core.known_streams import KnownStream, KnownStreamStore
from ..core.log import get_logger
from ..core.play_rules import DEFAULT, PassStore, PlayKind, PlayRuleStore, judge, ruled
from ..core.publish_keys import PublishKeyStore
from ..core.publish_rules import PublishRulesStore
from ..core.publish_secret import PublishSecretStore
from ..core.registry import Kind, Session, StreamRegistry
from ..core.srs import SrsApi

log = get_logger(__name__)

ROOM = "room"
"""``key_id`` of who came by the secret of a room."""

HOUSE = "house"
"""``key_id`` of our own programs."""

HLS_PREFIX = "hls-"
"""Of the client ids of viewers whom the front serves. Their protocol does not prove it: a client of
the media server may ask it for a name that looks like a playlist's."""

AT_ONCE = 8

SAMPLE_S = 2.0
LOOK_S = 30.0
"""Between looks whether anything live has a limit, while nothing has. Who begins to publish and who
changes a limit says so at once; this is for what changes without us."""

OVER_S = 10.0
"""A stream may be over its bitrate for so long."""


class Gates(Shape):
    """What lets HLS viewers through the front; see gates.py."""

    def close(self, app: str, stream: str, sid: str) -> object: ...

    def streams(self) -> Iterator[tuple[str, str]]: ...

    def unlink_all(self, app: str, stream: str) -> None: ...


class Enforcer:
    """Ends sessions of viewers and publishers; ``watch_bitrates`` runs for ever."""

    def __init__(
        self,
        registry: StreamRegistry,
        rules: PlayRuleStore,
        passes: PassStore,
        known: KnownStreamStore,
        secrets: PublishSecretStore,
        keys: PublishKeyStore,
        limits: PublishRulesStore,
        srs: SrsApi,
        gates: Gates,
        clock: Callable[[], int],
    ) -> None:
        self._registry = registry
        self._rules = rules
        self._passes = passes
        self._known = known
        self._secrets = secrets
        self._keys = keys
        self._limits = limits
        self._srs = srs
        self._gates = gates
        self._clock = clock
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._limits_may_differ = asyncio.Event()

    async def viewers(self, url: str | None = None) -> int:
        """Cut viewers, of one stream or of all, whom the rule of now would refuse.

        Returns how many. Raises RedisError, StoreUnavailable.
        """
        rules = await self._rules.all()
        if all(rule.kind is PlayKind.PUBLIC for rule in rules.values()):
            return 0
        passes = await self._passes.all()
        renditions = await self._registry.renditions()
        for app, stream in self._gates.streams():
            own = f"{app}/{stream}"
            protected = rules.get(own, rules[DEFAULT]).kind is not PlayKind.PUBLIC
            if protected and ruled(own, renditions, rules) == own:
                # Who watches it as a rendition of another stream was let in by the rule of that.
                self._gates.unlink_all(app, stream)
        now = self._clock()
        cut = []
        for session in (await self._registry.sessions()).values():
            source = renditions.get(session.url)
            if session.kind is not Kind.PLAY or url not in (None, session.url, source):
                continue
            by = ruled(session.url, renditions, rules)
            why = judge(rules.get(by, rules[DEFAULT]), session.pass_id, passes, by, now)
            if why is not None:
                cut.append((session, why))
        await self._end_all(cut)
        return len(cut)

    async def viewer(self, session: Session, reason: str = "kicked") -> None:
        """End one viewer at once."""
        await self._end(session, reason)

    async def publisher_of_key(self, key_id: str, reason: str = "key_changed") -> None:
        """Kick whoever publishes with a key."""
        await self._end_publishers(
            (one for one in (await self._registry.sessions()).values() if one.key_id == key_id),
            reason,
        )

    async def publishers(self, url: str | None = None, reason: str = "rule_changed") -> None:
        """Kick publishers, of one stream or of all, whom the rules of now would refuse.

        A key that expires and a new global secret end nobody: they count for the next time.
        """
        publishing = [
            session
            for session in (await self._registry.sessions()).values()
            if session.kind is Kind.PUBLISH and url in (None, session.url)
        ]
        if not publishing:
            return
        known_only = (await self._limits.get()).known_only
        known = {stream.url: stream for stream in await self._known.all()}
        found = [
            session
            for session in publishing
            if not await self._may_stay(session, known.get(session.url), known_only)
        ]
        await self._end_publishers(found, reason)

    async def _may_stay(
        self, session: Session, known: KnownStream | None, known_only: bool
    ) -> bool:
        if known is None:
            if known_only and session.key_id not in (ROOM, HOUSE):
                return False
        elif not known.enabled or (known.own_keys_only and session.key_id == ""):
            return False
        if session.key_id == ROOM:
            return await self._secrets.has_room(session.stream)
        if session.key_id in ("", "none", HOUSE):
            return True
        try:
            key = await self._keys.get(session.key_id)
        except NotFound:
            return False
        return key.enabled and session.since_ms >= key.rotated_ms

    async def stream_disabled(self, url: str) -> None:
        """Kick the publisher of a stream, whatever let it in."""
        session = await self._registry.publisher(url)
        if session is not None:
            await self.publisher(session, "stream_disabled")

    async def publisher(self, session: Session, reason: str, block_ms: int = 0) -> None:
        """Disconnect a publisher; nobody may publish the stream for ``block_ms``."""
        now = self._clock()
        await self._registry.block(session.url, now, now + block_ms, session.client_id, reason)
        await self._end(session, reason)

    async def _end_publishers(self, sessions: Iterable[Session], reason: str) -> None:
        for session in sessions:
            if session.kind is Kind.PUBLISH:
                await self.publisher(session, reason)

    async def _end_all(self, cut: list[tuple[Session, str]]) -> None:
        async def one(session: Session, why: str) -> None:
            async with self._at_once:
                try:
                    await self._end(session, why)
                except StreamsteadError as exc:
                    # The next reconciliation tries again.
                    log.warning("session.not_ended", client_id=session.client_id, reason=exc.key)

        await asyncio.gather(*(one(session, why) for session, why in cut))

    async def _end(self, session: Session, why: str) -> None:
        if session.client_id.startswith(HLS_PREFIX):
            self._gates.close(
                session.app, session.stream, session.client_id.removeprefix(HLS_PREFIX)
            )
        else:
            await self._srs.kick(session.client_id)
        # Its own callback usually comes first; when the server had no such client it never comes.
        await self._registry.finish(session.client_id, self._clock(), why)
        log.info("session.ended", client_id=session.client_id, stream=session.url, reason=why)

    def look_at_limits(self) -> None:
        """Somebody began to publish, or a limit is another one."""
        self._limits_may_differ.set()

    async def watch_bitrates(self) -> None:
        """Kick what is over its bitrate for 10 s; asks the media server only where there is a
        limit and somebody live. Never returns."""
        over_since: dict[str, int] = {}
        received: dict[str, tuple[int, int]] = {}
        while True:
            self._limits_may_differ.clear()
            try:
                limited = await self._look_at_bitrates(over_since, received)
            except (RedisError, Upstream) as exc:
                log.info("bitrate.not_looked_at", error=type(exc).__name__)
                limited = True  # not known: soon again
            if limited:
                await asyncio.sleep(SAMPLE_S)
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._limits_may_differ.wait()

    async def _look_at_bitrates(
        self, over_since: dict[str, int], received: dict[str, tuple[int, int]]
    ) -> bool:
        """Return whether anything live has a limit. ``over_since``: client id -> ms;
        ``received``: client id -> (ms, bytes)."""
        limited = await self._limited()
        if limited:
            now = self._clock()
            streams = {stream.url.strip("/"): stream for stream in await self._srs.streams()}
            for url, (session, max_kbps, block_s) in limited.items():
                if url not in streams:
                    continue
                client_id, total = session.client_id, streams[url].recv_bytes
                before = received.get(client_id)
                received[client_id] = (now, total)
                if before is None or now <= before[0] or total < before[1]:
                    continue
                if (total - before[1]) * 8 / (now - before[0]) <= max_kbps:
                    over_since.pop(client_id, None)
                elif now - over_since.setdefault(client_id, before[0]) >= OVER_S * 1000:
                    await self.publisher(session, "bitrate_too_high", block_s * 1000)
        live = {session.client_id for session, _, _ in limited.values()}
        for client_id in set(received) - live:
            del received[client_id]
            over_since.pop(client_id, None)
        return bool(limited)

    async def _limited(self) -> dict[str, tuple[Session, int, int]]:
        """Return stream url -> (publisher, kbit/s, s to block) of live streams with a limit."""
        publishers = await self._registry.publishers()
        if not publishers:
            return {}
        limits = await self._limits.get()
        found = {}
        for known in await self._known.all():
            if known.url in publishers and known.max_kbps:
                found[known.url] = known.max_kbps
        if limits.max_kbps:
            found = {url: found.get(url, limits.max_kbps) for url in publishers}
        return {
            url: (publishers[url], max_kbps, limits.kick_block_s) for url, max_kbps in found.items()
        }
