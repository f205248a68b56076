"""Who publishes and who watches, as Redis holds it: sessions keyed by the server's client id.

Written by ``hooks``, read by everyone. Every change is one Lua call (registry.lua), so a process
that dies in the middle of a callback leaves either nothing or all of it.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from pathlib import Path
from typing import Any
from typing import Protocol as Shape

import orjson
from redis.asyncio import Redis

from .addresses import neighbours
from .events import MAX_EVENTS, EventStream
from .known_streams import KnownStreamStore
from .play_rules import PassStore, PlayRuleStore
from .publish_keys import PublishKeyStore
from .publish_rules import PublishRulesStore
from .publish_secret import PublishSecretStore
from .renditions import Renditions
from .store import text

DEFAULT_VHOST = "__defaultVhost__"

_SCAN = 500
_SAMPLES = 2 * 500
"""Arguments of one call; Redis does nothing else meanwhile."""

_SCRIPT = Path(__file__).with_name("registry.lua")


class Kind(StrEnum):
    PUBLISH = "publish"
    PLAY = "play"
    RELAY = "relay"
    """One of our own programs reads the stream: no viewer, and nobody's rule is about it."""


class Protocol(StrEnum):
    """How a client is connected; the value is stored."""

    RTMP = "rtmp"
    SRT = "srt"
    WEBRTC = "webrtc"
    FLV = "flv"
    HLS = "hls"


class SessionState(StrEnum):
    LIVE = "live"
    CHALLENGER = "challenger"
    """A publisher of a stream that has one already; the media server is about to refuse it, or
    the first one is gone without a word. Reconciliation decides."""


@dataclass(frozen=True, slots=True)
class Session:
    """One client of the media server, or one HLS viewer (``client_id`` is ``hls-<sid>`` then).

    Times are ms since the epoch. ``param`` is the query as the client sent it, secrets replaced.
    ``key_id``: the publish key that let it in; "" the global secret, ``room`` that of a room,
    ``none`` without any, ``house`` one of our own programs. ``pass_id``: see core/play_rules.py.
    """

    client_id: str
    kind: Kind
    protocol: Protocol
    vhost: str
    app: str
    stream: str
    url: str
    ip: str
    since_ms: int
    state: SessionState = SessionState.LIVE
    param: str = ""
    server_id: str = ""
    service_id: str = ""
    stream_id: str = ""
    user_agent: str = ""
    key_id: str = ""
    pass_id: str = ""

    @classmethod
    def from_json(cls, raw: str | bytes) -> "Session":
        """Read what is stored; fields of other versions are ignored."""
        stored = orjson.loads(raw)
        known = {name: stored[name] for name in _FIELDS if name in stored}
        return cls(
            **{
                **known,
                "kind": Kind(known["kind"]),
                "protocol": Protocol(known["protocol"]),
                "state": SessionState(known["state"]),
            }
        )

    def active_json(self) -> bytes:
        """The value of ``SRS_STREAM_ACTIVE`` as SRS-cloud and Oryx know it."""
        return orjson.dumps(
            {
                "vhost": self.vhost,
                "app": self.app,
                "stream": self.stream,
                "param": self.param,
                "server_id": self.server_id,
                "client_id": self.client_id,
                "update": rfc3339(self.since_ms),
            }
        )


_FIELDS = frozenset(field.name for field in fields(Session))


def rfc3339(at_ms: int) -> str:
    """Return UTC time with seconds, as ``2026-01-02T03:04:05Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms / 1000))


def stream_url(vhost: str, app: str, stream: str) -> str:
    """Return the stream's name in the registry: ``app/stream``, with the vhost unless default."""
    if vhost in ("", DEFAULT_VHOST):
        return f"{app}/{stream}"
    return f"{vhost}/{app}/{stream}"


class ScriptRunner(Shape):
    """Runs the one script of the registry with these arguments. Raises RedisError."""

    async def __call__(self, *args: bytes | str | int) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """``yes``: let in, done. ``reason`` says how or why not; ``detail`` goes with some reasons.
    ``variants``: of who begins with HLS, the renditions that are live (core/renditions.py)."""

    yes: bool
    reason: str
    detail: str = ""
    variants: str = ""


class StreamRegistry:
    """The registry's keys. Nothing else writes them.

    - ``STREAMSTEAD_SESSIONS`` hash: client id -> Session JSON. Bounded by the server's clients.
    - ``SRS_STREAM_ACTIVE`` hash: stream url -> ``{vhost, app, stream, param, server_id, client_id,
      update}`` of the publisher; ``SRS_STREAM_SRT_ACTIVE`` and ``SRS_STREAM_RTC_ACTIVE`` the same
      for those protocols only.
    - ``STREAMSTEAD_VIEWERS`` hash: ``url|protocol`` -> number of viewers;
      ``STREAMSTEAD_PASS_VIEWERS`` hash: pass id -> number of viewers.
    - ``STREAMSTEAD_BYTES`` hash: client id -> ``sent received`` as last sampled.
    - ``SRS_STAT_COUNTER`` hash: ``publish``, ``play`` -> how many ever.
    - ``STREAMSTEAD_ENDED`` sorted set: client id by time of leaving, ``!<client id>`` by time of
      being refused; kept for a minute.
    - ``STREAMSTEAD_KICKED`` hash: stream url -> ms until which nobody may publish it again.
    - ``STREAMSTEAD_VIEWER_BLOCKS`` hash: ``url|address`` -> ms until which it may not play it.
    - ``STREAMSTEAD_TRIES:<address>``: failed attempts to publish, for a minute; an IPv6 client
      counts by its /64.
    """

    SESSIONS = "STREAMSTEAD_SESSIONS"
    ACTIVE = "SRS_STREAM_ACTIVE"
    SRT = "SRS_STREAM_SRT_ACTIVE"
    RTC = "SRS_STREAM_RTC_ACTIVE"
    VIEWERS = "STREAMSTEAD_VIEWERS"
    PASS_VIEWERS = "STREAMSTEAD_PASS_VIEWERS"  # noqa: S105
    BYTES = "STREAMSTEAD_BYTES"
    COUNTER = "SRS_STAT_COUNTER"
    ENDED = "STREAMSTEAD_ENDED"
    KICKED = "STREAMSTEAD_KICKED"
    BLOCKS = "STREAMSTEAD_VIEWER_BLOCKS"
    TRIES = "STREAMSTEAD_TRIES:"

    def __init__(
        self, redis: Redis, epoch: Callable[[], str] = lambda: "", run: ScriptRunner | None = None
    ) -> None:
        """``epoch`` tells the id of the store, for deciding; ``run`` is a faster way to Redis."""
        self._redis = redis
        self._epoch = epoch
        self._salt = secrets.token_hex(16)
        script = redis.register_script(script_text())
        self._run = run or (lambda *args: script(keys=(), args=args))

    async def _call(self, op: str, now_ms: int, *args: bytes | str | int) -> Verdict:
        reply = await self._run(op, now_ms, self._epoch(), MAX_EVENTS, *args)
        return Verdict(reply[0] == 1, *(_text(part) for part in reply[1:]))

    async def publish(
        self, session: Session, secret: str, asked: bool = False, house: bool = False
    ) -> Verdict:
        """Decide about a publisher and register it.

        ``house``: it is one of our own programs and has proved it; it needs no key, and its key id
        is ``house``. Yes: ``live``, ``challenger``, ``known``. No: ``ask`` (the blocking targets,
        then again with ``asked``), or a key of hooks/gate.py's reasons. Raises RedisError: refuse
        then.
        """
        presented = secret.encode(errors="surrogatepass")
        salted = hashlib.sha1(self._salt.encode() + presented, usedforsecurity=False).hexdigest()
        return await self._call(
            "publish",
            session.since_ms,
            session.client_id,
            session.url,
            session.protocol,
            orjson.dumps(session),
            session.active_json(),
            session.stream,
            session.ip,
            salted,
            self._salt,
            hashlib.sha256(presented).hexdigest(),
            "house" if house else "1" if asked else "",
            neighbours(session.ip),
        )

    async def relay(self, session: Session) -> Verdict:
        """Register one of our own programs that reads a stream; it is told to nobody.

        No: ``store_emptied``. Raises RedisError: refuse then.
        """
        return await self._call("relay", session.since_ms, session.client_id, orjson.dumps(session))

    async def play(
        self,
        session: Session,
        *,
        pass_id: str = "",
        fault: str = "",
        approved: str = "",
        must_be_live: bool = False,
        check_only: bool = False,
    ) -> Verdict:
        """Decide about a viewer and register it.

        ``fault`` is the key of what is wrong with the pass presented; ``approved`` the generation
        of a webhook rule whose server said yes. Yes: ``live``, ``known`` or ``allowed`` (only
        checked), with the pass id as detail. No: ``ask`` with the rule's JSON, or the key of a
        refusal. Raises RedisError: refuse then.
        """
        return await self._call(
            "play",
            session.since_ms,
            session.client_id,
            session.url,
            session.protocol,
            orjson.dumps(session),
            pass_id,
            fault,
            session.ip,
            approved,
            "1" if must_be_live else "",
            "1" if check_only else "",
        )

    async def renditions(self) -> dict[str, str]:
        """Return the source by rendition, as urls. Raises RedisError."""
        return await Renditions(self._redis).all()

    async def source_of(self, url: str) -> str | None:
        """Return what a stream is a rendition of; None when it is none. Raises RedisError."""
        return await Renditions(self._redis).source_of(url)

    async def finish(self, client_id: str, now_ms: int, reason: str) -> Verdict:
        """End a session. Yes: ``publisher``, ``challenger`` or ``viewer``; no: ``unknown``."""
        return await self._call("finish", now_ms, client_id, reason)

    async def close(self, client_id: str, now_ms: int, sent: int, received: int) -> Verdict:
        """End a session if it is still there; tell its exact bytes in either case."""
        return await self._call("close", now_ms, client_id, f"{sent} {received}")

    async def segment(self, url: str, key: str, data: dict[str, Any], now_ms: int) -> None:
        """Append a ``segment.ready`` event; ``key`` makes its id deterministic."""
        await self._call("segment", now_ms, url, key, orjson.dumps(data))

    async def block(
        self, url: str, now_ms: int, until_ms: int, client_id: str = "", reason: str = "operator"
    ) -> None:
        """Refuse publishers of a stream until a time, and tell that its publisher is kicked."""
        await self._call("kick", now_ms, url, until_ms, client_id, reason)

    async def block_viewer(self, session: Session, now_ms: int, until_ms: int) -> None:
        """Refuse the viewer's address this stream until a time, and tell that it is kicked."""
        await self._call(
            "kick_viewer", now_ms, session.client_id, session.url, session.ip, until_ms
        )

    async def found(self, session: Session, now_ms: int) -> Verdict:
        """Add a client that the media server lists and we do not know."""
        return await self._call("found", now_ms, *_registered(session), session.kind)

    async def lost(self, client_id: str, now_ms: int, listed_ms: int) -> Verdict:
        """End a session that the media server's list, begun at ``listed_ms``, does not have."""
        return await self._call("lost", now_ms, client_id, listed_ms)

    async def promote(self, session: Session, now_ms: int) -> Verdict:
        """Make a challenger the publisher because the media server says so."""
        live = replace(session, state=SessionState.LIVE)
        return await self._call("promote", now_ms, *_registered(live))

    async def sample_bytes(self, samples: Mapping[str, tuple[int, int]], now_ms: int) -> None:
        """Note (sent, received) by client id; only for sessions there are."""
        flat = [
            part
            for client_id, (sent, received) in samples.items()
            for part in (client_id, f"{sent} {received}")
        ]
        for first in range(0, len(flat), _SAMPLES):
            await self._call("sample", now_ms, *flat[first : first + _SAMPLES])

    async def sampled_bytes(self) -> dict[str, tuple[int, int]]:
        """Return client id -> (sent, received), as last sampled."""
        found = {}
        for client_id, raw in (await self._redis.hgetall(self.BYTES)).items():
            sent, _, received = text(raw).partition(" ")
            found[text(client_id)] = (int(sent), int(received))
        return found

    async def sessions(self) -> dict[str, Session]:
        """Return all sessions by client id; read in pieces, so others get their turn in between.

        One that begins or ends meanwhile may be there or not.
        """
        found: dict[str, Session] = {}
        cursor = 0
        while True:
            reply: Any = await self._redis.hscan(self.SESSIONS, cursor, count=_SCAN)
            cursor, some = reply
            for client_id, raw in some.items():
                found[text(client_id)] = Session.from_json(raw)
            if cursor == 0:
                return found

    async def client_ids(self, prefix: str) -> set[str]:
        """Return the client ids of all sessions that begin so."""
        keys = await self._redis.hkeys(self.SESSIONS)
        return {text(key) for key in keys if text(key).startswith(prefix)}

    async def session(self, client_id: str) -> Session | None:
        raw = await self._redis.hget(self.SESSIONS, client_id)
        return None if raw is None else Session.from_json(raw)

    async def publishers(self) -> dict[str, Session]:
        """Return the live publishers by stream url."""
        owners = [orjson.loads(raw)["client_id"] for raw in await self._redis.hvals(self.ACTIVE)]
        if not owners:
            return {}
        found = await self._redis.hmget(self.SESSIONS, owners)
        sessions = [Session.from_json(raw) for raw in found if raw is not None]
        return {session.url: session for session in sessions}

    async def publisher(self, url: str) -> Session | None:
        """Return the live publisher of one stream."""
        raw = await self._redis.hget(self.ACTIVE, url)
        return None if raw is None else await self.session(orjson.loads(raw)["client_id"])

    async def viewers(self) -> dict[str, dict[str, int]]:
        """Return the number of viewers: stream url -> protocol -> count."""
        counts: dict[str, dict[str, int]] = {}
        for field, count in (await self._redis.hgetall(self.VIEWERS)).items():
            url, _, protocol = text(field).rpartition("|")
            counts.setdefault(url, {})[protocol] = int(count)
        return counts


def script_text() -> str:
    """Return the script with the names of the keys before it: one place knows them."""
    names = {
        name: value
        for name, value in vars(StreamRegistry).items()
        if name.isupper() and isinstance(value, str)
    }
    names |= {  # owned by others, read in the same round trip
        "EPOCH": "STREAMSTEAD_EPOCH",
        "BLOCKING": "STREAMSTEAD_HOOK_BLOCKING",
        "AUTH": PublishSecretStore.KEY,
        "STREAMS": KnownStreamStore.KEY,
        "KEYS": PublishKeyStore.KEY,
        "KEY_DIGESTS": PublishKeyStore.DIGESTS,
        "KEY_USED": PublishKeyStore.USED,
        "PUBLISH_RULES": PublishRulesStore.KEY,
        "EVENTS": EventStream.KEY,
        "PLAY_RULES": PlayRuleStore.KEY,
        "PASSES": PassStore.KEY,
        "PASS_USED": PassStore.USED,
        "RENDITIONS": Renditions.KEY,
        "LADDERS": Renditions.LADDERS,
    }
    table = ", ".join(f"{name} = '{value}'" for name, value in sorted(names.items()))
    return f"local K = {{{table}}}\n{_SCRIPT.read_text(encoding='utf-8')}"


def _registered(session: Session) -> tuple[str | bytes, ...]:
    return (
        session.client_id,
        session.url,
        session.protocol,
        orjson.dumps(session),
        session.active_json(),
    )


def _text(part: str | bytes) -> str:
    return part.decode(errors="replace") if isinstance(part, bytes) else part
