"""One place that the timeline is sent to, whatever happens there, and how it is."""

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Any

from ...core.house_grant import HouseGrants
from ...core.rtmp.chunk import AUDIO, VIDEO, Message
from ..backoff import Backoff
from ..splice.media import look
from ..to_the_end import to_the_end
from . import problems
from .backlog import Backlog
from .config import LOCAL, DestinationConfig
from .connection import Connection, State, Watch, reset
from .hub import Hub
from .limits import Limits
from .opening import House, Network, open_connection, place_of
from .problems import Problem, PublishFailed, Step
from .rebase import Rebase

SLOW_SHOWN_S = 30.0
LINES = 200
_TICK_S = 0.5
_FIRST_TICK_S = 0.05
_LONGEST_LINE = 400
_OWN_PLACE_S = 180.0
_BUSY_RETRY_S = 3.0
_USUAL_CODECS = frozenset({"avc", "aac", "mp3"})
_ENDED = frozenset({"output_closed", "output_connection_lost"})


@dataclass(frozen=True, slots=True)
class DestinationStatus:
    """Times in ms since the epoch. ``accepted_at_ms``: when the far end last accepted something.
    ``bytes_acked``: of this connection. ``drops``: GOPs left out; ``attempts``: failed ones in a
    row; ``restarts``: connections lost that had been live. ``lines``: ``at_ms`` and ``text`` of
    what happened, oldest first, without secrets."""

    id: str
    state: State
    since_ms: int
    live_since_ms: int | None = None
    bitrate_kbps: int = 0
    bytes_acked: int = 0
    accepted_at_ms: int | None = None
    drops: int = 0
    attempts: int = 0
    restarts: int = 0
    next_try_ms: int | None = None
    problem: Problem | None = None
    lines: list[dict[str, int | str]] = field(default_factory=list)


@dataclass(slots=True)
class _Session:
    connection: Connection
    watch: Watch
    backlog: Backlog
    began_s: float
    times: Rebase = field(default_factory=Rebase)
    codecs: set[str] = field(default_factory=set)
    live_s: float | None = None
    last_take_s: float = 0.0
    is_settled: bool = False
    audio_header: bytes = b""

    def hears_otherwise(self, message: Message) -> bool:
        """Tell whether sound of another form begins with this message.

        SRS 5 turns sound into Opus for WebRTC, and dies of a segmentation fault when the number
        of channels changes within a session.
        """
        if message.kind != AUDIO or not look(message).header:
            return False
        before, self.audio_header = self.audio_header, message.payload
        return before not in (b"", message.payload)

    def send(self, message: Message) -> bool:
        """Send a message; return whether there may be more."""
        self.connection.send(message, self.times.of(message))
        return self.connection.writable


class Destination:
    """``run`` it; cancelling says goodbye to the server. Nothing that happens there or on the way
    ends it or holds anybody else up.

    ``clock``: ms since the epoch. ``reads``: the streams (``app/stream``) of our own media server
    that the timeline is made of: they are never published to. ``changed`` is called when state,
    problem or losses have changed; ``said`` when a step begins.
    """

    def __init__(
        self,
        config: DestinationConfig,
        hub: Hub,
        clock: Callable[[], int] = lambda: int(time.time() * 1000),
        grants: HouseGrants | None = None,
        rtmp_port: int = 1935,
        changed: Callable[[], None] = lambda: None,
        *,
        reads: Callable[[], Collection[str]] = tuple,
        network: Network | None = None,
        backoff: Backoff | None = None,
        limits: Limits | None = None,
        said: Callable[[Step], None] = lambda _: None,
    ) -> None:
        self.config = config
        self._hub = hub
        self._clock = clock
        self._house = House(rtmp_port, grants, reads)
        self._changed = changed
        self._network = network or Network()
        self._backoff = backoff or Backoff()
        self._limits = limits or Limits()
        self._said = said
        self._secrets = _secrets(config)
        self._is_ours = config.url.startswith(LOCAL)
        self._where = place_of(config, self._house)
        self._status = DestinationStatus(config.id, State.WAITING, clock())
        self._lines: deque[dict[str, int | str]] = deque(maxlen=LINES)
        self._session: _Session | None = None
        self._moving = asyncio.Event()
        self._wake = asyncio.Event()
        self._over = False
        self._retry_at_s: float | None = None
        self._is_proven = False
        self._early = 0
        self._slow_s: float | None = None
        self._lost_s: float | None = None
        self._stale: socket.socket | None = None

    # What others ask.

    def status(self) -> DestinationStatus:
        problem = self._status.problem
        slow_s = self._slow_s
        if problem is None and slow_s is not None and time.monotonic() - slow_s < SLOW_SHOWN_S:
            problem = problems.slow(self._where)
        kbps = self._session.watch.kbps if self._session is not None else 0
        return replace(self._status, bitrate_kbps=kbps, problem=problem, lines=list(self._lines))

    def retry_now(self) -> None:
        """Try again at once, also when it was given up. No effect while it is connected."""
        if self._status.state in (State.RETRYING, State.FAILED):
            self._note("to be tried again at once")
            self._backoff.settle()
            self._retry_at_s = None
            self._set(State.WAITING, attempts=0)
            self._wake.set()

    # What the hub says.

    def take(self, message: Message, entry: bool) -> None:
        """Send it, keep it for a moment, or leave it out. Never waits."""
        self._moving.set()
        session = self._session
        if session is None:
            return
        now_s, backlog = time.monotonic(), session.backlog
        session.last_take_s = now_s
        if self._is_ours and session.hears_otherwise(message):
            self._note("sound of another kind: publishing begins again")
            self._session = None
            self._wake.set()
            return
        if not backlog and not backlog.is_skipping and session.connection.writable:
            session.send(message)
            return
        before = backlog.dropped
        if backlog.admit(message, entry, now_s):
            backlog.put(message, now_s)
            if session.connection.writable:
                backlog.drain(session.send)
        if backlog.dropped > before:
            self._count_drop(now_s)

    def expect(self) -> None:
        self._moving.set()

    def over(self) -> None:
        self._over = True
        self._moving.clear()
        self._wake.set()

    # What it does.

    async def run(self) -> None:
        """End only by cancellation."""
        self._hub.join(self)
        if self._hub.has_media or self._hub.is_expected:
            self._moving.set()
        try:
            while True:
                if not self._moving.is_set():
                    await self._idle()
                if not await self._my_turn():
                    continue
                problem = await self._try()
                if problem is not None:
                    self._fail(problem)
        finally:
            self._hub.leave(self)
            self._reset_stale()

    async def _idle(self) -> None:
        """Wait until there is something to send; a state that forbids to try stays."""
        if self._status.state not in (State.RETRYING, State.FAILED):
            self._set(State.WAITING)
        await self._moving.wait()

    async def _my_turn(self) -> bool:
        """Wait as long as the last failure demands. False when the timeline ended meanwhile."""
        while self._status.state in (State.RETRYING, State.FAILED):
            self._wake.clear()
            if not self._moving.is_set():
                if self._status.state is State.FAILED:
                    self._set(State.WAITING, attempts=0)  # another show is another chance
                return False
            left_s = None
            if self._retry_at_s is not None:
                left_s = max(0.0, self._retry_at_s - time.monotonic())
            try:
                async with asyncio.timeout(left_s):
                    await self._wake.wait()
            except TimeoutError:
                break
        return True

    async def _try(self) -> Problem | None:
        """Connect and send until that ends. None when there was nothing more to send."""
        try:
            return await self._connect_and_carry()
        except PublishFailed as exc:
            return exc.problem
        except Exception as exc:
            # A slip of ours in one destination must not end the relay, and all the others with it.
            return problems.internal(exc)

    async def _connect_and_carry(self) -> Problem | None:
        self._over = False
        self._set(State.CONNECTING, next_try_ms=None)
        self._note(f"connecting to {self._where}")
        connection = await open_connection(
            self.config,
            self._house,
            self._network,
            limits=self._limits,
            now_ms=self._clock(),
            said=self._step,
            note=self._note,
            fourcc=_fourcc(self._headers()),
        )
        try:
            return await self._carry(connection)
        finally:
            self._session = None
            await to_the_end(connection.close())

    def _step(self, step: Step) -> None:
        if step is Step.HANDSHAKE:
            self._reset_stale()  # the way is open again
        self._said(step)

    def _reset_stale(self) -> None:
        stale, self._stale = self._stale, None
        if stale is not None:
            reset(stale)

    def _headers(self) -> list[Message]:
        expected = self._hub.expected
        return [*self._hub.join(self), *((expected,) if expected else ())]

    async def _carry(self, connection: Connection) -> Problem | None:
        now_s = time.monotonic()
        session = _Session(
            connection,
            Watch(connection, self._limits, now_s),
            Backlog(self._limits.backlog_s),
            began_s=now_s,
            last_take_s=now_s,
        )
        connection.on_writable = lambda: session.backlog.drain(session.send)
        connection.closed.add_done_callback(lambda _: self._wake.set())
        self._note("publishing begins")
        self._begin(session)
        self._session = session
        while not self._over and self._session is session:
            now_s = time.monotonic()
            self._observe(session, now_s)
            if connection.closed.done():
                return self._why_closed(session, connection.closed.result(), now_s)
            if session.watch.is_stuck:
                self._stale = connection.abandon()
                return problems.stuck(self._where, self._limits.stuck_s)
            self._wake.clear()
            try:
                async with asyncio.timeout(_TICK_S if session.live_s else _FIRST_TICK_S):
                    await self._wake.wait()
            except TimeoutError:
                continue
        return None

    def _begin(self, session: _Session) -> None:
        """Send what a newcomer must have: headers, and everything since the last key frame."""
        self._said(Step.MEDIA)
        session.codecs = {look(message).codec for message in self._headers()} - {""}
        playable = False
        for message in self._hub.join(self):
            seen = look(message)
            playable = playable or (seen.key and message.kind == VIDEO and not seen.header)
            if seen.header and message.kind == AUDIO:
                session.audio_header = message.payload
            session.send(message)
        if not playable:
            session.backlog.wait_for_entry()

    def _observe(self, session: _Session, now_s: float) -> None:
        had = session.watch.has_accepted
        state, grew = session.watch.look(now_s)
        if grew:
            self._status = replace(
                self._status, bytes_acked=session.watch.acked, accepted_at_ms=self._clock()
            )
            if not had:
                self._said(Step.ACCEPTED)
        if state is State.LIVE and session.live_s is None:
            session.live_s = now_s
            self._note("live")
            self._set(state, live_since_ms=self._clock(), attempts=0, problem=None)
        elif state is not self._status.state:
            problem = None
            if state is State.STALLED:
                problem = problems.stuck(self._where, self._limits.fresh_s)
                self._note(problem.message)
            elif session.live_s is None:
                problem = self._status.problem
            self._set(state, problem=problem)
        if session.live_s is not None and now_s - session.live_s > self._limits.settled_s:
            if not session.is_settled:
                self._backoff.settle()
            session.is_settled = self._is_proven = True
            self._early = 0

    def _why_closed(self, session: _Session, problem: Problem, now_s: float) -> Problem | None:
        """Return what the end of a connection means, which servers seldom say."""
        if now_s - session.last_take_s > self._limits.fresh_s:
            # Nobody keeps a publisher who is silent.
            self._moving.clear()
            return None
        if problem.key not in _ENDED or now_s - session.began_s > self._limits.early_s:
            return problem
        odd = session.codecs - _USUAL_CODECS
        self._early += 1
        if self._is_proven and self._early == 1:
            return problem  # the key was good a moment ago
        if odd:
            return problems.codec(", ".join(sorted(name.upper() for name in odd)))
        return problems.closed_at_start()

    def _fail(self, problem: Problem) -> None:
        """Note a failure and decide when to try again."""
        attempts = self._status.attempts + 1
        was_live = self._status.live_since_ms is not None
        problem = replace(problem, message=self._clean(problem.message))
        self._note(problem.message)
        limit = self.config.give_up_after
        gives_up = problem.final or 0 < limit <= attempts
        delay_s = 0.0 if gives_up else self._delay_s(problem, was_live)
        self._slow_s = None
        self._retry_at_s = None if gives_up else time.monotonic() + delay_s
        self._set(
            State.FAILED if gives_up else State.RETRYING,
            live_since_ms=None,
            attempts=attempts,
            restarts=self._status.restarts + was_live,
            problem=problem,
            next_try_ms=None if gives_up else self._clock() + round(delay_s * 1000),
        )

    def _delay_s(self, problem: Problem, was_live: bool) -> float:
        now_s = time.monotonic()
        if was_live:
            self._lost_s = now_s
        delay_s = self._backoff.delay_s()
        ours = self._lost_s is not None and now_s - self._lost_s < _OWN_PLACE_S
        if problem.key == "output_busy" and ours:
            # By what is left of our own connection, which the server will notice any moment.
            return min(delay_s, _BUSY_RETRY_S)
        return delay_s

    def _count_drop(self, now_s: float) -> None:
        if self._slow_s is None or now_s - self._slow_s > SLOW_SHOWN_S:
            self._note("too slow: pictures are left out")
        self._slow_s = now_s
        self._status = replace(self._status, drops=self._status.drops + 1)
        self._changed()

    def _set(self, state: State, **more: Any) -> None:
        """Change state and what goes with it; tell of it if anything did change."""
        since_ms = self._status.since_ms if state is self._status.state else self._clock()
        if state in (State.WAITING, State.CONNECTING) and self._session is None:
            more.setdefault("live_since_ms", None)
        status = replace(self._status, state=state, since_ms=since_ms, **more)
        if status != self._status:
            self._status = status
            self._changed()

    def _note(self, text: str) -> None:
        self._lines.append({"at_ms": self._clock(), "text": self._clean(text)[:_LONGEST_LINE]})

    def _clean(self, text: str) -> str:
        """Return the text without secrets, whoever wrote it."""
        return problems.without(text, self._secrets)


def _secrets(config: DestinationConfig) -> tuple[str, ...]:
    """Return what must not be shown."""
    rest = config.url.partition("://")[2].partition("/")
    found = {*config.secrets, rest[0].rpartition("@")[0], rest[2].rpartition("/")[2]}
    found.add(config.url.partition("?")[2])
    return tuple(found)


def _fourcc(messages: list[Message]) -> tuple[str, ...]:
    """Return the codecs of enhanced RTMP among headers, which a server must be told of first."""
    found = {
        message.payload[1:5].decode("ascii", "replace")
        for message in messages
        if message.kind == VIDEO and message.payload[:1] >= b"\x80"
    }
    return tuple(sorted(found))
