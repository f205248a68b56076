"""Who publishes and who watches, as Redis holds it: sessions keyed by the server's client id.

Written by ``hooks``, read by everyone. Every change is one Lua call (registry.lua), so a process
that dies in the middle of a callback leaves either nothing or all of it.
"""

import hashlib
import secrets
import time
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel
from redis.asyncio import Redis

from .events import MAX_EVENTS, EventStream
from .store import text

DEFAULT_VHOST = "__defaultVhost__"

_SCRIPT = Path(__file__).with_name("registry.lua")


class Kind(StrEnum):
    PUBLISH = "publish"
    PLAY = "play"


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


class Session(BaseModel):
    """One client of the media server. Times are ms since the epoch."""

    client_id: str
    kind: Kind
    state: SessionState = SessionState.LIVE
    protocol: Protocol
    vhost: str
    app: str
    stream: str
    url: str
    ip: str
    since_ms: int
    param: str = ""
    """The query as the client sent it, secrets replaced."""
    server_id: str = ""
    service_id: str = ""
    stream_id: str = ""

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


def rfc3339(at_ms: int) -> str:
    """Return UTC time with seconds, as ``2026-01-02T03:04:05Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at_ms / 1000))


def stream_url(vhost: str, app: str, stream: str) -> str:
    """Return the stream's name in the registry: ``app/stream``, with the vhost unless default."""
    if vhost in ("", DEFAULT_VHOST):
        return f"{app}/{stream}"
    return f"{vhost}/{app}/{stream}"


class StreamRegistry:
    """The registry's keys. Nothing else writes them.

    - ``STREAMSTEAD_SESSIONS`` hash: client id -> Session JSON. Bounded by the server's clients.
    - ``SRS_STREAM_ACTIVE`` hash: stream url -> ``{vhost, app, stream, param, server_id, client_id,
      update}`` of the publisher; ``SRS_STREAM_SRT_ACTIVE`` and ``SRS_STREAM_RTC_ACTIVE`` the same
      for those protocols only.
    - ``STREAMSTEAD_VIEWERS`` hash: ``url|protocol`` -> number of viewers.
    - ``SRS_STAT_COUNTER`` hash: ``publish``, ``play`` -> how many ever.
    - ``STREAMSTEAD_ENDED`` sorted set: client id by time of leaving, kept for a minute.
    - ``STREAMSTEAD_KICKED`` hash: stream url -> ms until which nobody may publish it again.
    """

    AUTH = "SRS_AUTH_SECRET"
    SESSIONS = "STREAMSTEAD_SESSIONS"
    ACTIVE = "SRS_STREAM_ACTIVE"
    SRT = "SRS_STREAM_SRT_ACTIVE"
    RTC = "SRS_STREAM_RTC_ACTIVE"
    VIEWERS = "STREAMSTEAD_VIEWERS"
    COUNTER = "SRS_STAT_COUNTER"
    ENDED = "STREAMSTEAD_ENDED"
    KICKED = "STREAMSTEAD_KICKED"
    _KEYS = (AUTH, SESSIONS, ACTIVE, SRT, RTC, VIEWERS, EventStream.KEY, COUNTER, ENDED, KICKED)

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._script = redis.register_script(_SCRIPT.read_text(encoding="utf-8"))
        self._salt = secrets.token_hex(16)

    async def _call(
        self,
        op: str,
        now_ms: int,
        *,
        client_id: str = "",
        url: str = "",
        protocol: str = "",
        session: bytes = b"",
        active: bytes = b"",
        extra: str = "",
    ) -> tuple[bool, str]:
        verdict, reason = await self._script(
            keys=self._KEYS,
            args=(
                op,
                now_ms,
                client_id,
                url,
                protocol,
                session,
                active,
                extra,
                self._salt,
                MAX_EVENTS,
            ),
        )
        return verdict == 1, text(reason)

    async def _with(
        self, op: str, session: Session, now_ms: int, extra: str = ""
    ) -> tuple[bool, str]:
        return await self._call(
            op,
            now_ms,
            client_id=session.client_id,
            url=session.url,
            protocol=session.protocol.value,
            session=orjson.dumps(session.model_dump(mode="json")),
            active=session.active_json(),
            extra=extra,
        )

    async def publish(self, session: Session, secret: str) -> tuple[bool, str]:
        """Decide about a publisher and register it.

        Returns (let in, why): ``live``, ``challenger``, ``known``; or ``wrong_secret``,
        ``no_secret_set``, ``kicked``. Raises RedisError: the caller must refuse then.
        """
        presented = f"{self._salt}{secret}".encode()
        digest = hashlib.sha1(presented, usedforsecurity=False).hexdigest()
        return await self._with("publish", session, session.since_ms, digest)

    async def play(self, session: Session) -> tuple[bool, str]:
        """Register a viewer. Returns (True, ``live`` or ``known``)."""
        return await self._with("play", session, session.since_ms)

    async def finish(self, client_id: str, now_ms: int, reason: str) -> tuple[bool, str]:
        """End a session. Returns (was there, ``publisher``, ``challenger`` or ``viewer``)."""
        return await self._call("finish", now_ms, client_id=client_id, extra=reason)

    async def segment(self, url: str, key: str, data: dict[str, Any], now_ms: int) -> None:
        """Append a ``segment.ready`` event; ``key`` makes its id deterministic."""
        await self._call("segment", now_ms, url=url, session=orjson.dumps(data), extra=key)

    async def block(self, url: str, now_ms: int, until_ms: int) -> None:
        """Refuse publishers of a stream until a time."""
        await self._call("kick", now_ms, url=url, extra=str(until_ms))

    async def found(self, session: Session, now_ms: int) -> tuple[bool, str]:
        """Add a client that the media server lists and we do not know."""
        return await self._with("found", session, now_ms, session.kind.value)

    async def lost(self, client_id: str, now_ms: int, listed_ms: int) -> tuple[bool, str]:
        """End a session that the media server's list, begun at ``listed_ms``, does not have."""
        return await self._call("lost", now_ms, client_id=client_id, extra=str(listed_ms))

    async def promote(self, session: Session, now_ms: int) -> tuple[bool, str]:
        """Make a challenger the publisher because the media server says so."""
        live = session.model_copy(update={"state": SessionState.LIVE})
        return await self._with("promote", live, now_ms)

    async def sessions(self) -> dict[str, Session]:
        """Return all sessions by client id."""
        raw = await self._redis.hgetall(self.SESSIONS)
        return {text(key): Session.model_validate_json(value) for key, value in raw.items()}

    async def session(self, client_id: str) -> Session | None:
        raw = await self._redis.hget(self.SESSIONS, client_id)
        return None if raw is None else Session.model_validate_json(raw)

    async def publishers(self) -> dict[str, Session]:
        """Return the live publishers by stream url."""
        owners = [orjson.loads(raw)["client_id"] for raw in await self._redis.hvals(self.ACTIVE)]
        if not owners:
            return {}
        found = await self._redis.hmget(self.SESSIONS, owners)
        sessions = [Session.model_validate_json(raw) for raw in found if raw is not None]
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
