"""Decide each callback: who may publish and play, and what the registry notes. Fails closed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol as Shape

from redis.exceptions import RedisError

from ..core.addresses import is_loopback
from ..core.errors import (
    Invalid,
    NotFound,
    PlayRefused,
    Refused,
    StoreUnavailable,
    StreamsteadError,
)
from ..core.house_grant import HouseGrants, Way
from ..core.log import get_logger
from ..core.play_rules import PlayRule, store_emptied
from ..core.registry import DEFAULT_VHOST, Kind, Protocol, Session, StreamRegistry, stream_url
from ..core.signed import GrantSigner, PassSigner
from .callback import GRANT, Action, Callback, parameter, session_of
from .spool import Spool

log = get_logger(__name__)

MAX_USER_AGENT = 200

_PUBLISH = {
    "wrong_secret": (
        "the stream key is wrong",
        "Copy server and key from the Streams page into the encoder again.",
    ),
    "no_secret_set": (
        "no publish secret is set yet",
        "It is made within seconds; look at the Streams page for the new key.",
    ),
    "key_disabled": ("this stream key is switched off", "Switch it on, or use another one."),
    "key_expired": ("this stream key has expired", "Give it more time, or make a new one."),
    "kicked": (
        "this stream was disconnected by its operator a moment ago",
        "It may publish again in a few seconds.",
    ),
    "too_many_attempts": (
        "this address has tried too many wrong keys",
        "Wait a minute, then publish with the right one.",
    ),
    "unknown_stream": (
        "only streams that are registered may publish",
        "Add the stream on the Streams page first, or switch this rule off.",
    ),
    "stream_disabled": ("this stream is switched off", "Switch it on on its page."),
    "too_many_streams": (
        "as many streams as allowed are live already",
        "End one of them, or raise the limit on the Streams page.",
    ),
}


@dataclass(frozen=True, slots=True)
class PlayRequest:
    """Somebody wants to watch. ``query`` is the viewer's own, without ``?``; ``pass_token`` is its
    ``pass``. ``client_id`` is empty when nothing is registered yet (``check_only``)."""

    app: str
    stream: str
    protocol: Protocol
    ip: str
    client_id: str = ""
    user_agent: str = ""
    pass_token: str = ""
    query: str = ""
    must_be_live: bool = False
    check_only: bool = False

    @property
    def url(self) -> str:
        return stream_url(DEFAULT_VHOST, self.app, self.stream)

    @classmethod
    def of(cls, session: Session, pass_token: str, query: str = "") -> "PlayRequest":
        """Return what the media server asked for a viewer of its own."""
        return cls(
            app=session.app,
            stream=session.stream,
            protocol=session.protocol,
            ip=session.ip,
            client_id=session.client_id,
            user_agent=session.user_agent,
            pass_token=pass_token,
            query=query,
        )


class Asker(Shape):
    """Asks the owner's servers. Raises Refused or PlayRefused for no."""

    async def may_publish(self, session: Session, param: str) -> None: ...

    async def may_play(self, rule: PlayRule, request: PlayRequest) -> None: ...


class Gate:
    """Answers callbacks and the front door. ``nudge`` asks the reconciler to look at the media
    server soon; ``began`` is called when somebody may publish."""

    def __init__(
        self,
        registry: StreamRegistry,
        spool: Spool,
        clock: Callable[[], int],
        nudge: Callable[[], None],
        passes: PassSigner,
        grants: GrantSigner,
        house: HouseGrants,
        asker: Asker,
        began: Callable[[], None],
    ) -> None:
        self._registry = registry
        self._spool = spool
        self._clock = clock
        self._nudge = nudge
        self._passes = passes
        self._grants = grants
        self._house = house
        self._asker = asker
        self._began = began

    async def decide(self, callback: Callback) -> None:
        """Return to let the client in, raise to refuse it.

        For callbacks that only tell (close, unpublish, stop, hls, dvr) SRS ignores the refusal, but
        logs it. One Redis round trip each, unless somebody's server is asked.
        """
        try:
            await self._decide(callback)
        except RedisError as exc:
            log.error(
                "callback.refused_without_store",
                action=callback.action,
                stream=callback.url,
                error=type(exc).__name__,
            )
            raise no_store() from None
        except StreamsteadError as exc:
            log.warning(
                "callback.refused",
                action=callback.action,
                stream=callback.url,
                client_id=callback.client_id,
                ip=callback.ip,
                reason=exc.key,
            )
            raise

    async def _decide(self, callback: Callback) -> None:
        now = self._clock()
        match callback.action:
            case Action.PUBLISH:
                await self._publish(callback, now)
            case Action.PLAY:
                await self._play(callback, now)
            case Action.UNPUBLISH | Action.STOP:
                ended = await self._registry.finish(callback.client_id, now, callback.action.value)
                self._look_for_heirs(ended.reason)
            case Action.CLOSE:
                ended = await self._registry.close(
                    callback.client_id, now, callback.sent, callback.received
                )
                self._look_for_heirs(ended.reason)
            case Action.HLS:
                segment = await self._spool.take(callback)
                await self._registry.segment(
                    callback.url, f"{callback.client_id}:{segment['name']}", segment, now
                )
            case Action.CONNECT | Action.DVR | Action.FORWARD:
                pass  # decided at publish or play; nothing is written by these

    def _look_for_heirs(self, ended: str) -> None:
        if ended == "publisher":
            # A second publisher may have been let through at this very moment.
            self._nudge()

    async def _publish(self, callback: Callback, now: int) -> None:
        session = session_of(callback, Kind.PUBLISH, now)
        secret = parameter(callback, "secret")
        house = self._is_ours(Way.PUBLISH, callback, now)
        verdict = await self._registry.publish(session, secret, house=house)
        if verdict.reason == "ask":
            await self._asker.may_publish(session, callback.param)
            verdict = await self._registry.publish(session, secret, asked=True)
        if not verdict.yes:
            raise _publish_refusal(verdict.reason)
        log.info(
            "stream.published",
            stream=session.url,
            client_id=session.client_id,
            ip=session.ip,
            protocol=session.protocol,
            state=verdict.reason,
        )
        self._began()
        if verdict.reason == "challenger":
            self._nudge()

    def _is_ours(self, way: Way, callback: Callback, now: int) -> bool:
        granted = parameter(callback, GRANT)
        # Our programs run where the media server does: elsewhere a grant that got out is nothing.
        if not granted or not is_loopback(callback.ip):
            return False
        return self._house.accepts(way, callback.url, granted, now)

    async def _play(self, callback: Callback, now: int) -> None:
        if self._is_ours(Way.PLAY, callback, now):
            verdict = await self._registry.relay(session_of(callback, Kind.RELAY, now))
            if not verdict.yes:
                raise _play_refusal(verdict.reason, callback.url)
            return
        session = session_of(callback, Kind.PLAY, now)
        token = parameter(callback, "pass")
        granted = parameter(callback, GRANT)
        if granted:
            # The front door has asked for us; its word says who the viewer really is.
            grant = self._grants.read(granted, session.url, now)
            if grant is not None:
                session = replace(session, ip=grant.ip, user_agent=grant.user_agent)
                await self._let_watch(session, grant.pass_id, "", PlayRequest.of(session, token))
                return
        pass_id, fault = await self._read_pass(token, session.url, now)
        request = PlayRequest.of(session, token, callback.param.lstrip("?"))
        await self._let_watch(session, pass_id, fault, request)

    async def play(self, request: PlayRequest) -> Session:
        """Decide for the front door, and register the viewer unless only asked.

        Returns its session with ``pass_id``. Raises PlayRefused; NotFound (``stream_not_live``);
        StoreUnavailable.
        """
        session, _ = await self.play_hls(request)
        return session

    async def play_hls(self, request: PlayRequest) -> tuple[Session, str]:
        """The same, for somebody who may switch between renditions: returns those that are live
        too, as the registry tells of them."""
        now = self._clock()
        session = Session(
            client_id=request.client_id,
            kind=Kind.PLAY,
            protocol=request.protocol,
            vhost=DEFAULT_VHOST,
            app=request.app,
            stream=request.stream,
            url=request.url,
            ip=request.ip,
            since_ms=now,
            user_agent=request.user_agent[:MAX_USER_AGENT],
        )
        try:
            pass_id, fault = await self._read_pass(request.pass_token, session.url, now)
            return await self._let_watch(session, pass_id, fault, request)
        except RedisError as exc:
            log.error("play.refused_without_store", stream=session.url, error=type(exc).__name__)
            raise no_store() from None
        except StreamsteadError as exc:
            log.info("play.refused", stream=session.url, ip=session.ip, reason=exc.key)
            raise

    async def _let_watch(
        self, session: Session, pass_id: str, fault: str, request: PlayRequest
    ) -> tuple[Session, str]:
        ask = partial(
            self._registry.play,
            session,
            must_be_live=request.must_be_live,
            check_only=request.check_only,
        )
        verdict = await ask(pass_id=pass_id, fault=fault)
        if verdict.reason == "ask":
            rule = PlayRule.from_json(verdict.detail)
            await self._asker.may_play(rule, request)
            verdict = await ask(approved=str(rule.generation))
        if not verdict.yes:
            raise _play_refusal(verdict.reason, session.url)
        return replace(session, pass_id=verdict.detail), verdict.variants

    async def _read_pass(self, token: str, url: str, now: int) -> tuple[str, str]:
        """Return (pass id, "") or ("", key of what is wrong with the token). Raises RedisError."""
        if not token:
            return "", ""
        try:
            return self._passes.read(token, url, now), ""
        except PlayRefused as exc:
            # The pass of a source opens its renditions. Whose rule counts is found out with it.
            source = None
            if exc.key == "pass_other_stream":
                source = await self._registry.source_of(url)
            if source is None:
                return "", exc.key
        try:
            return self._passes.read(token, source, now), ""
        except PlayRefused as exc:
            return "", exc.key


def _publish_refusal(reason: str) -> StreamsteadError:
    if reason == "store_emptied":
        return store_emptied()
    if reason not in _PUBLISH:
        return Invalid(f"publish refused: {reason}", "See the log of hooks.")
    message, advice = _PUBLISH[reason]
    return Refused(message, advice, key=reason)


def _play_refusal(reason: str, url: str) -> StreamsteadError:
    if reason == "store_emptied":
        return store_emptied()
    if reason == "stream_not_live":
        return NotFound(f"{url} is not live", "Wait until it begins.", key="stream_not_live")
    return PlayRefused.of(reason)


def no_store() -> StoreUnavailable:
    """Return the refusal of everybody while Redis does not answer."""
    return StoreUnavailable(
        "the settings store (Redis) does not answer, so nobody new is let in",
        "It is restarted by itself; try again in a few seconds.",
    )
