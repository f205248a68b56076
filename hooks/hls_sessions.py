"""HLS viewers as sessions: let in once by the gate, kept as long as they ask for something.

The media server knows nothing of them. nginx tells of their requests (hooks/hls_log.py); who asks
for nothing is gone, and its gate is shut. After a crash the gates on disk and the registry say who
was here; those who still ask go on.
"""

import asyncio
import re
import secrets
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from redis.exceptions import RedisError

from ..core.errors import PlayRefused, RateLimited
from ..core.log import get_logger
from ..core.registry import StreamRegistry
from ..core.renditions import Variant
from .gates import Gates
from .hls_log import HlsLog, Request

log = get_logger(__name__)

PREFIX = "hls-"
"""A session's client id is this and its session id."""

TICK_S = 1.0
SILENCE_MS = 15_000
SAMPLE_MS = 5_000
COMPARE_MS = 15_000
HICCUP_MS = 3_000
"""A tick this late means that we or the clock stood still, not that viewers did."""

MAX_SESSIONS = 50_000
MAX_UNUSED = 16
"""Sessions that one client may have begun and not used; more begins share the last of them."""
MAX_NEWCOMERS = 512
"""The same for all clients of one address, which may call themselves what they like. This machine's
own is free: it may be that of a proxy."""

FRESH_S = 60.0
"""A playlist that is older was left by an earlier life of its stream."""

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_AT_ONCE = 16
_SAMPLES_AT_ONCE = 500
_TARGET = re.compile(rb"#EXT-X-TARGETDURATION:(\d{1,3})")

Who = tuple[str, str, str, str]
"""Stream url, address, user agent and pass of whoever begins a session."""


@dataclass(slots=True)
class Watching:
    """One session. ``size_bytes`` was sent to it; ``sampled`` of these are in the registry."""

    app: str
    stream: str
    last_ms: int
    who: Who | None = None
    """Only until it is used."""
    size_bytes: int = 0
    sampled: int = 0
    cut: bool = False
    variants: tuple[Variant, ...] = ()
    """What it was told to choose from; only until it is used."""
    renditions: tuple[str, ...] = ()
    """Streams that the same gate opens. Unknown after a restart; then ``prune`` removes them."""


class HlsSessions:
    """Owns the sessions whose client id begins with ``hls-``; ``clock`` gives ms of the epoch."""

    def __init__(
        self,
        gates: Gates,
        requests: HlsLog,
        registry: StreamRegistry,
        html: Path,
        clock: Callable[[], int],
    ) -> None:
        self._gates = gates
        self._requests = requests
        self._registry = registry
        self._html = html
        self._clock = clock
        self._watching: dict[str, Watching] = {}
        self._unused: dict[Who, list[str]] = {}
        self._newcomers: Counter[str] = Counter()
        self._opening: dict[str, bool] = {}
        self._ticked_ms = 0
        self._sampled_ms = 0
        self._compared_ms: int | None = None
        self._failing = False
        gates.on_close = self._on_close

    def __len__(self) -> int:
        return len(self._watching)

    async def enter(
        self,
        app: str,
        stream: str,
        who: Who,
        play: Callable[[str], Awaitable[object]],
        variants: Callable[[], Sequence[Variant]] = tuple,
    ) -> str:
        """Let a viewer in and return its session id.

        ``play`` is given the client id; it registers the viewer or raises what refuses it. Asked
        after that, ``variants`` tells to which streams the session leads as well. A client
        that begins again and again without watching shares one session in the end. Raises
        RateLimited when there are too many sessions, OSError.
        """
        unused = self._unused.get(who, [])
        if len(unused) >= MAX_UNUSED:
            return unused[-1]
        self._check_room(who[1])
        sid = secrets.token_hex(16)
        self._opening[sid] = False
        try:
            await play(PREFIX + sid)
            told = tuple(variants())
            also = tuple(one.stream for one in told)
            await self._open(app, stream, sid, also)
        finally:
            del self._opening[sid]
        one = Watching(app, stream, self._clock(), who, variants=told, renditions=also)
        self._watching[sid] = one
        self._unused.setdefault(who, []).append(sid)
        self._newcomers[who[1]] += 1
        return sid

    def variants(self, sid: str) -> Sequence[Variant]:
        """Return what a session that nobody has used yet may choose from."""
        one = self._watching.get(sid)
        return one.variants if one is not None else ()

    def _check_room(self, address: str) -> None:
        if len(self._watching) >= MAX_SESSIONS:
            raise RateLimited("too many people watch by HLS", "Try again in a minute.")
        if self._newcomers[address] >= MAX_NEWCOMERS and address not in _LOOPBACK:
            raise RateLimited(
                "this address begins too many sessions at once",
                "Try again in a few seconds.",
                retry_after_s=SILENCE_MS // 1000,
            )

    async def _open(self, app: str, stream: str, sid: str, also: Iterable[str]) -> None:
        try:
            if self._opening[sid]:
                raise PlayRefused("the rules have just changed", "Open the address again.")
            self._gates.open(app, stream, sid)
            for rendition in also:
                self._gates.link(app, rendition, sid, stream)
        except BaseException:
            self._gates.close(app, stream, sid)
            with suppress(RedisError):  # then comparing finds it
                await self._registry.finish(PREFIX + sid, self._clock(), "no_gate")
            raise

    def _on_close(self, sid: str) -> None:
        """Somebody shut a gate. Who does so tells the registry why; if not, the next tick does."""
        if sid in self._opening:
            self._opening[sid] = True
        one = self._watching.get(sid)
        if one is not None:
            one.cut = True
            self._use(sid, one)

    async def run(self) -> None:
        """Look after the sessions for ever."""
        while True:
            await self.tick()
            await asyncio.sleep(TICK_S)

    async def tick(self) -> None:
        """Read what nginx wrote, end who is silent, tell the registry what was sent."""
        now = self._clock()
        try:
            if self._compared_ms is None or now - self._compared_ms >= COMPARE_MS:
                await self.compare()
                self._compared_ms = now
            self._forgive(now)
            await self._read(now)
            await self._end_all(self._silent(now) | self._cut())
            if now - self._sampled_ms >= SAMPLE_MS:
                self._sampled_ms = now
                await self._sample(self._watching)
        except (RedisError, OSError) as exc:
            # Nobody is ended without the registry: those who are there may go on.
            if not self._failing:
                log.warning("hls_sessions.postponed", error=type(exc).__name__)
            self._failing = True
        else:
            self._failing = False

    def _forgive(self, now: int) -> None:
        late = not 0 <= now - self._ticked_ms <= TICK_S * 1000 + HICCUP_MS
        if late and self._ticked_ms:
            for one in self._watching.values():
                one.last_ms = now
        self._ticked_ms = now

    async def _read(self, now: int) -> None:
        for requests in self._requests.take():
            self._count(requests, now)
            await asyncio.sleep(0)  # callbacks wait for nobody

    def _count(self, requests: Iterable[Request], now: int) -> None:
        watching = self._watching
        for request in requests:
            one = watching.get(request.sid)
            if one is None:
                continue
            one.size_bytes += request.size_bytes
            if request.status < 400 and one.last_ms < request.at_ms:
                one.last_ms = min(request.at_ms, now)
            if one.who is not None:
                self._use(request.sid, one)

    def _use(self, sid: str, one: Watching) -> None:
        if one.who is None:
            return
        self._newcomers[one.who[1]] -= 1
        if self._newcomers[one.who[1]] <= 0:
            del self._newcomers[one.who[1]]
        left = self._unused.get(one.who, [])
        if sid in left:
            left.remove(sid)
        if not left:
            self._unused.pop(one.who, None)
        one.who, one.variants = None, ()

    def _silent(self, now: int) -> set[str]:
        patience: dict[tuple[str, str], int] = {}
        found = set()
        for sid, one in self._watching.items():
            if now - one.last_ms <= SILENCE_MS:
                continue
            key = (one.app, one.stream)
            if key not in patience:
                patience[key] = self._patience_ms(*key)
            if now - one.last_ms > patience[key]:
                found.add(sid)
        return found

    def _patience_ms(self, app: str, stream: str) -> int:
        """Players ask once in a target duration, which long intervals of key frames make long."""
        try:
            with open(self._html / app / f"{stream}.m3u8", "rb") as file:
                found = _TARGET.search(file.read(4096))
        except OSError:
            found = None
        return max(SILENCE_MS, int(found[1]) * 2_500 if found else 0)

    def has_playlist(self, app: str, stream: str) -> bool:
        """Tell whether the media server has written a playlist of the stream of late."""
        try:
            written_s = (self._html / app / f"{stream}.m3u8").stat().st_mtime
        except OSError:
            return False
        return time.time() - written_s < FRESH_S

    def _cut(self) -> set[str]:
        return {sid for sid, one in self._watching.items() if one.cut}

    async def _end_all(self, sids: set[str]) -> None:
        if not sids:
            return
        await self._sample(sids)
        waiting = list(sids)
        for at in range(0, len(waiting), _AT_ONCE):
            await asyncio.gather(*(self._end(sid) for sid in waiting[at : at + _AT_ONCE]))

    async def _end(self, sid: str) -> None:
        one = self._watching.get(sid)
        if one is None:
            return
        why = "cut" if one.cut else "silent"
        await self._registry.finish(PREFIX + sid, self._clock(), why)
        self._forget(sid)

    def _forget(self, sid: str) -> None:
        one = self._watching.pop(sid, None)
        if one is not None:
            self._use(sid, one)
            self._gates.close(one.app, one.stream, sid)
            for rendition in one.renditions:
                self._gates.unlink(one.app, rendition, sid)

    async def _sample(self, sids: Iterable[str]) -> None:
        changed = [
            (sid, one)
            for sid in sids
            if (one := self._watching.get(sid)) is not None and one.size_bytes != one.sampled
        ]
        for at in range(0, len(changed), _SAMPLES_AT_ONCE):
            part = changed[at : at + _SAMPLES_AT_ONCE]
            sizes = {PREFIX + sid: (one.size_bytes, 0) for sid, one in part}
            await self._registry.sample_bytes(sizes, self._clock())
            for sid, one in part:
                one.sampled = sizes[PREFIX + sid][0]

    async def compare(self) -> int:
        """Make gates, registry and memory agree; returns how many were wrong.

        Raises RedisError, and then nothing has been changed.
        """
        # In this order: who is registered between the two has no gate in the list, but opens one.
        gates = {sid: (app, stream) for app, stream, sid in self._gates.all()}
        known = await self._registry.client_ids(PREFIX)
        unknown = [sid for sid in gates if sid not in self._watching and PREFIX + sid in known]
        sampled = await self._registry.sampled_bytes() if unknown else {}
        repaired = 0
        for sid, (app, stream) in gates.items():
            if sid in self._opening:
                continue
            if PREFIX + sid not in known:
                repaired += self._gates.close(app, stream, sid)
                self._forget(sid)
            elif sid not in self._watching and self._gates.is_open(app, stream, sid):
                size, _ = sampled.get(PREFIX + sid, (0, 0))
                one = Watching(app, stream, self._clock(), size_bytes=size, sampled=size)
                self._watching[sid] = one
        for client_id in known:
            sid = client_id.removeprefix(PREFIX)
            if sid not in gates and sid not in self._opening and not self._is_open(sid):
                ended = await self._registry.finish(client_id, self._clock(), "no_gate")
                self._forget(sid)
                repaired += ended.yes
        for sid in [sid for sid in self._watching if sid not in gates and not self._is_open(sid)]:
            self._forget(sid)
        self._gates.prune()
        if repaired:
            log.warning("hls_sessions.repaired", entries=repaired)
        return repaired

    def _is_open(self, sid: str) -> bool:
        one = self._watching.get(sid)
        return one is not None and self._gates.is_open(one.app, one.stream, sid)
