"""Who may watch a recording: let in once, kept as long as rule and pass allow it.

Decided as for streams, with the rules and passes of ``vod/<id>``. nginx then serves the files
alone, as long as the gate of the viewing session is there (play_gates.py).
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Protocol as Shape

from redis.exceptions import RedisError

from ...core.auth import Authenticator
from ...core.errors import NotFound, PlayRefused, StreamsteadError
from ...core.log import get_logger
from ...core.names import VOD_APP
from ...core.play_rules import (
    OPERATOR,
    PRIVATE,
    WEBHOOK,
    Pass,
    PassStore,
    PlayKind,
    PlayRule,
    PlayRuleStore,
    judge,
    recording_url,
)
from ...core.registry import Protocol
from ...core.signed import PassSigner
from ..gate import PlayRequest
from ..hls_log import HlsLog
from .play_gates import Admission, VodGates
from .play_visits import Visit, Visits
from .recording import Recording, State

log = get_logger(__name__)

TICK_S = 1.0
LIFE_MS = 24 * 3_600_000
"""Nobody watches longer without asking again."""

ASKED_MS = 60_000
"""The owner's server is not asked again about the same viewer within this time."""

COMPARE_MS = 60_000
"""Between looks for gates that nobody remembers, as after a write that failed half-way."""

_LOOKED_AT = 200
"""Changed recordings a tick; the rest waits."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who wants to watch. ``token``: the pass; ``query``: all else of the query, which the
    owner's server may look at; ``credential``: what an operator has, or "" ."""

    ip: str
    user_agent: str = ""
    token: str = ""
    query: str = ""
    credential: str = ""

    def key(self, id_: str) -> bytes:
        """Return what stays the same as long as the same player watches the same recording."""
        parts = (id_, self.ip, self.user_agent, self.token, self.query)
        return blake2b("\0".join(parts).encode(), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a page may tell before it plays. ``reason`` is the key of a refusal, "" for none;
    ``passphrase``: there is one that lets in."""

    kind: PlayKind
    reason: str
    passphrase: bool


class Catalogue(Shape):
    """What is needed of the library; see catalogue.py."""

    async def get(self, id_: str) -> Recording: ...

    async def work(self, **equals: object) -> list[Recording]: ...

    def subscribe(self, changed: Callable[[str], None]) -> Callable[[], None]: ...


class Asker(Shape):
    """Asks the owner's server. Raises PlayRefused for no."""

    async def may_play(self, rule: PlayRule, request: PlayRequest) -> None: ...


class Play:
    """Decides, opens gates and shuts them. ``clock`` gives ms since the epoch."""

    def __init__(
        self,
        gates: VodGates,
        requests: HlsLog,
        rules: PlayRuleStore,
        passes: PassStore,
        signer: PassSigner,
        asker: Asker,
        authenticator: Authenticator,
        catalogue: Catalogue,
        clock: Callable[[], int],
    ) -> None:
        self._gates = gates
        self._requests = requests
        self._rules = rules
        self._passes = passes
        self._signer = signer
        self._asker = asker
        self._authenticator = authenticator
        self._catalogue = catalogue
        self._clock = clock
        self._visits = Visits()
        self._turns: dict[bytes, tuple[asyncio.Lock, list[int]]] = {}
        self._changed: dict[str, None] = {}
        self._compared_ms = 0
        self._failing = False

    def __len__(self) -> int:
        return len(self._visits)

    async def verdict(self, id_: str, visitor: Visitor) -> Verdict:
        """Tell a page whether to play. A webhook is not asked yet; what does not exist looks like
        what is private. Raises StoreUnavailable, RedisError."""
        rule, _ = await self._rules.get(recording_url(id_))
        reason = ""
        try:
            await self._decide(id_, rule, visitor, ask=False)
        except PlayRefused as exc:
            reason = exc.key
        return Verdict(rule.kind, reason, rule.kind is PlayKind.PASS and rule.phrase_hash != "")

    async def access_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Return how open recordings are: ``private``, or the kind of their rule. Raises
        StoreUnavailable, RedisError."""
        rules = await self._rules.own([recording_url(id_) for id_ in ids])
        found = {id_: rules.get(recording_url(id_)) for id_ in ids}
        return {id_: rule.kind.value if rule else "private" for id_, rule in found.items()}

    async def check(self, id_: str, visitor: Visitor) -> Recording:
        """Decide without letting in. Raises as ``enter``."""
        rule, _ = await self._rules.get(recording_url(id_))
        await self._decide(id_, rule, visitor, ask=True)
        return await self.watchable(id_)

    async def enter(self, id_: str, visitor: Visitor) -> tuple[Recording, str]:
        """Let a viewer in; returns the recording and the session id, the same for a player that
        comes again.

        Raises PlayRefused; NotFound (``recording_unknown``) for who may watch what is gone;
        StoreUnavailable, RedisError, RateLimited, OSError.
        """
        who = visitor.key(id_)
        async with self._turn(who):
            return await self._enter(id_, visitor, who)

    @asynccontextmanager
    async def _turn(self, who: bytes) -> AsyncIterator[None]:
        """Let one player's requests in one by one: a page asks for several files at once, which
        are one session, one question and one use of a pass."""
        lock, users = self._turns.setdefault(who, (asyncio.Lock(), [0]))
        users[0] += 1
        try:
            async with lock:
                yield
        finally:
            users[0] -= 1
            if users[0] == 0:
                self._turns.pop(who, None)

    async def _enter(self, id_: str, visitor: Visitor, who: bytes) -> tuple[Recording, str]:
        rule, _ = await self._rules.get(recording_url(id_))
        try:
            admission, found = await self._decide(id_, rule, visitor, ask=True)
        except PlayRefused:
            await self._shut([self._visits.of(who)[0]])
            raise
        recording = await self.watchable(id_)
        now = self._clock()
        sid, one = self._visits.of(who)
        if one is not None and one.admission.pass_id == admission.pass_id:
            if await asyncio.to_thread(self._gates.is_open, id_, sid):
                one.last_ms = now
                return recording, sid
            self._visits.forget(sid)
        self._visits.check_room(visitor.ip)
        sid = secrets.token_hex(16)
        # Known before it is open: whatever takes the right away meanwhile also finds it.
        self._visits.begin(sid, Visit(id_, admission, now, now, who, visitor.ip))
        self._changed[id_] = None
        try:
            await asyncio.to_thread(self._gates.open, id_, sid, admission)
        except BaseException:
            self._visits.forget(sid)
            raise
        if sid not in self._visits:
            await asyncio.to_thread(self._gates.close, id_, sid)
            raise PlayRefused("the rules have just changed", "Open the address again.")
        if found is not None:
            # A store that cannot be written to, as on a full disk, keeps nobody out.
            with suppress(RedisError):
                await self._passes.count_use(found.id, now)
        return recording, sid

    def is_open(self, id_: str, sid: str) -> bool:
        """Tell whether a session goes on, as far as is remembered here."""
        one = self._visits.get(sid)
        return one is not None and one.id == id_

    def is_operator(self, sid: str) -> bool:
        """Tell whether a session is that of the operator."""
        one = self._visits.get(sid)
        return one is not None and one.admission.pass_id == OPERATOR

    def is_public(self, sid: str) -> bool:
        """Tell whether a session needed no right at all."""
        one = self._visits.get(sid)
        return one is not None and one.admission.pass_id == ""

    async def watchable(self, id_: str) -> Recording:
        """Return a recording that there is. Raises NotFound (``recording_unknown``)."""
        recording = await self._catalogue.get(id_)
        if recording.state is State.DELETING:
            raise NotFound(
                "this recording does not exist any more",
                "Ask whoever gave you the link.",
                key="recording_unknown",
            )
        return recording

    async def _decide(
        self, id_: str, rule: PlayRule, visitor: Visitor, *, ask: bool
    ) -> tuple[Admission, Pass | None]:
        """Return by what right, and the pass if it is one that was handed out. Raises PlayRefused,
        RedisError."""
        now, url = self._clock(), recording_url(id_)
        ends = now + LIFE_MS
        if rule.kind is PlayKind.PUBLIC:
            return Admission("", now, ends), None
        pass_id, fault = "", ""
        if visitor.token:
            try:
                pass_id = self._signer.read(visitor.token, url, now)
                ends = min(ends, self._signer.ends_ms(visitor.token) or ends)
            except PlayRefused as exc:
                fault = exc.key
        stored = await self._passes.some([pass_id]) if pass_id else {}
        why = judge(rule, pass_id, stored, url, now)
        if why is not None and visitor.credential:
            until = await self._operator_until_ms(visitor.credential)
            if until is not None:
                return Admission(OPERATOR, now, min(now + LIFE_MS, until)), None
        if why == "ask":
            if ask:
                await self._ask(id_, rule, visitor)
            return Admission(f"{WEBHOOK}{rule.generation}", now, now + LIFE_MS), None
        if why is not None:
            raise PlayRefused.of(fault if fault and why == "pass_missing" else why)
        found = stored.get(pass_id)
        who = visitor.key(id_)
        if (
            found
            and found.max_viewers
            and self._visits.using(pass_id, who, now) >= found.max_viewers
        ):
            raise PlayRefused.of("pass_in_use")
        return Admission(pass_id, now, ends), found

    async def _operator_until_ms(self, credential: str) -> int | None:
        try:
            who = await self._authenticator.verify(credential)
        except StreamsteadError:
            return None
        return who.expires_s * 1000 if who.expires_s else self._clock() + LIFE_MS

    async def _ask(self, id_: str, rule: PlayRule, visitor: Visitor) -> None:
        _, one = self._visits.of(visitor.key(id_))
        now = self._clock()
        approved = one is not None and one.admission.pass_id == f"{WEBHOOK}{rule.generation}"
        if one is not None and approved and 0 <= now - one.asked_ms < ASKED_MS:
            return
        request = PlayRequest(
            app=VOD_APP,
            stream=id_,
            protocol=Protocol.HLS,
            ip=visitor.ip,
            user_agent=visitor.user_agent,
            pass_token=visitor.token,
            query=visitor.query,
        )
        await self._asker.may_play(rule, request)
        if one is not None:
            one.asked_ms = now

    async def load(self) -> None:
        """Take over the gates that an earlier process left; listen to the library from now on."""
        self._catalogue.subscribe(self.changed)
        await asyncio.to_thread(self._gates.clean)
        await self._compare()
        for one in await self._catalogue.work(state=State.DELETING):
            self._changed[one.id] = None

    async def _compare(self) -> None:
        """Take over gates that are on disk only; one that does not say its right is shut."""
        self._compared_ms = now = self._clock()
        for id_, sid, admission in await asyncio.to_thread(lambda: list(self._gates.all())):
            if sid in self._visits:
                continue
            if admission is None:
                await asyncio.to_thread(self._gates.close, id_, sid)
                continue
            self._visits.begin(sid, Visit(id_, admission, now, used=True))
            self._changed[id_] = None

    async def run(self) -> None:
        """Look after the gates for ever."""
        while True:
            await self.tick()
            await asyncio.sleep(TICK_S)

    def changed(self, id_: str) -> None:
        """Look at a recording in the next tick: it may be gone."""
        self._changed[id_] = None

    async def tick(self) -> None:
        """Shut the gates of who may not watch any more. Without the store everybody stays who is
        there, and nobody is let in."""
        try:
            await self._read()
            if not 0 <= self._clock() - self._compared_ms < COMPARE_MS:
                await self._compare()
            await self._shut(self._visits.over(self._clock()))
            await self._drop_removed()
            await self._judge()
        except (RedisError, OSError, StreamsteadError) as exc:
            if not self._failing:
                log.warning("vod.gates_not_looked_at", error=type(exc).__name__)
            self._failing = True
        else:
            self._failing = False

    async def _read(self) -> None:
        for requests in await asyncio.to_thread(lambda: list(self._requests.take())):
            for request in requests:
                if request.status != 403:
                    self._visits.note(request.sid, self._clock())
            await asyncio.sleep(0)

    async def _drop_removed(self) -> None:
        """Forget rules, passes and gates of recordings that are gone."""
        watched = self._visits.ids()
        looked_at = sorted(self._changed, key=lambda id_: id_ not in watched)[:_LOOKED_AT]
        for id_ in looked_at:
            del self._changed[id_]  # before it is looked at: a change meanwhile counts again
        try:
            await self._drop([id_ for id_ in looked_at if await self._is_gone(id_)])
        except BaseException:
            self._changed |= dict.fromkeys(looked_at)
            raise

    async def _is_gone(self, id_: str) -> bool:
        try:
            await self.watchable(id_)
        except NotFound:
            return True
        return False

    async def _drop(self, gone: list[str]) -> None:
        if gone:
            await self._shut([sid for sid, one in self._visits if one.id in set(gone)])
            urls = {recording_url(id_) for id_ in gone}
            await self._rules.forget(sorted(urls))
            passes = (await self._passes.all()).values()
            await self._passes.remove([one.id for one in passes if one.url in urls])

    async def _judge(self) -> None:
        if not self._visits:
            return
        ids = self._visits.ids()
        rules = await self._rules.own([recording_url(id_) for id_ in sorted(ids)])
        passes = await self._passes.some(_handed_out(self._visits.pass_ids()))
        now = self._clock()
        verdicts: dict[tuple[str, str], bool] = {}
        cut = []
        for sid, one in self._visits:
            key = (one.id, one.admission.pass_id)
            if key not in verdicts:
                verdicts[key] = _may_stay(*key, rules, passes, now)
            if not verdicts[key]:
                cut.append(sid)
        await self._shut(cut)

    async def _shut(self, sids: list[str]) -> None:
        found = [(self._visits.get(sid), sid) for sid in sids]
        doomed = [(one.id, sid) for one, sid in found if one is not None]
        if not doomed:
            return
        # Not forgotten before: what could not be shut is tried again.
        await asyncio.to_thread(self._close_all, doomed)
        for _, sid in doomed:
            self._visits.forget(sid)
        log.info("vod.gates_shut", gates=len(doomed))

    def _close_all(self, doomed: list[tuple[str, str]]) -> None:
        for id_, sid in doomed:
            self._gates.close(id_, sid)
        self._gates.prune()


def _handed_out(pass_ids: Iterable[str]) -> list[str]:
    return sorted(one for one in pass_ids if one and ":" not in one and one != OPERATOR)


def _may_stay(
    id_: str, pass_id: str, rules: Mapping[str, PlayRule], passes: Mapping[str, Pass], now: int
) -> bool:
    url = recording_url(id_)
    return judge(rules.get(url, PRIVATE), pass_id, passes, url, now) is None
