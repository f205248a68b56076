"""The one transcode that Oryx knows: of the newest stream, to one address."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from redis.asyncio import Redis

from ...core.addresses import is_address, may_connect
from ...core.errors import Invalid
from ...core.house_grant import HouseGrants, Way
from ...core.names import check_stream
from ...core.redact import redact_destination
from ...core.registry import Session
from ...core.sealed import TRANSCODE, SealBroken, Sealer
from ...core.store import text
from ..outputs.address import Address
from ..supervise import Command
from .argv import Encoder, single_command
from .ladder import Hardware, Preset, Rendition, VideoCodec
from .work import Work

WORK_ID = "global"
_FPS = 25
_HOUSE = frozenset({"localhost", "127.0.0.1", "::1"})
_PROFILES = frozenset({"baseline", "main", "high"})
_HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class OryxTranscode:
    """Field names are Oryx's. ``vbitrate``, ``abitrate`` in kbit/s, ``achannels`` 0 keeps them.
    ``server`` and ``secret`` together are the address; ``secret`` is a stream's name and key."""

    all: bool = False
    vcodec: str = "libx264"
    acodec: str = "aac"
    vbitrate: int = 1000
    abitrate: int = 64
    vprofile: str = "baseline"
    vpreset: str = "veryfast"
    achannels: int = 2
    server: str = ""
    secret: str = ""

    @property
    def rendition(self) -> Rendition:
        """Raises ValueError when it says what cannot be done here."""
        copies = self.vcodec == "copy"
        return Rendition(
            name=WORK_ID,
            codec=VideoCodec.COPY if copies else VideoCodec.H264,
            fps=0 if copies else _FPS,
            video_kbps=self.vbitrate,
            preset=Preset(self.vpreset),
            audio_kbps=0 if self.acodec == "copy" else self.abitrate,
            audio_channels=self.achannels,
        )

    @property
    def shown_server(self) -> str:
        """The server without a password and without what stands behind ``?``."""
        try:
            return Address(self.server).shown if self.server else ""
        except ValueError:
            return ""  # what another program left may be no address at all

    @property
    def target(self) -> str:
        """Where it goes, with the key."""
        return f"{self.server.rstrip('/')}/{self.secret}"


def check(wanted: OryxTranscode) -> None:
    """Raise Invalid when this cannot be run."""
    if wanted.vcodec not in ("libx264", "copy") or wanted.acodec not in ("aac", "copy"):
        raise Invalid(
            "this codec is not made here",
            "vcodec is libx264 or copy, acodec is aac or copy.",
            key="transcode_codec",
        )
    if wanted.vprofile not in _PROFILES:
        raise Invalid(
            "this profile is not known",
            "It is baseline, main or high.",
            key="transcode_profile",
        )
    try:
        rendition = wanted.rendition
    except ValueError:
        raise Invalid(
            "bitrate, preset or channels are not possible",
            "Use 20 to 50 000 kbit/s, a preset of ultrafast to medium and up to two channels.",
            key="transcode_settings",
        ) from None
    if rendition.codec is VideoCodec.H264 and rendition.video_kbps < 20:
        raise Invalid("the bitrate is too low", "Use 1 000.", key="transcode_bitrate_low")
    parts = urlsplit(wanted.server)
    if parts.scheme not in ("rtmp", "rtmps", "srt") or not parts.hostname:
        raise Invalid(
            "this is no address that can be published to",
            "Write the server as rtmp://localhost/live.",
            key="transcode_server",
        )
    if is_address(parts.hostname) and not may_connect(parts.hostname, allow_private=True):
        raise Invalid(
            "nothing may be sent to this address",
            "Write the server as rtmp://localhost/live.",
            key="transcode_server",
        )
    if any(not char.isprintable() or char.isspace() for char in wanted.target):
        raise Invalid(
            "the address has a character that is not allowed",
            "Copy server and key again.",
            key="transcode_server",
        )


class OryxStore:
    """``STREAMSTEAD_TRANSCODE_GLOBAL`` string: OryxTranscode as JSON, server and secret sealed.
    ``SRS_TRANSCODE_CONFIG`` hash: ``global`` the same for programs that know Oryx, without what is
    secret. What such a program left there counts until it is changed here, and is sealed."""

    KEY = "STREAMSTEAD_TRANSCODE_GLOBAL"
    ORYX = "SRS_TRANSCODE_CONFIG"

    def __init__(self, redis: Redis, master_key: bytes) -> None:
        self._redis = redis
        self._sealer = Sealer(master_key, TRANSCODE)

    async def get(self) -> OryxTranscode:
        """Raises RedisError."""
        raw = await self._redis.get(self.KEY)
        if raw is not None:
            stored = _read(text(raw))
            try:
                server, secret = (self._sealer.open(it) for it in (stored.server, stored.secret))
                return replace(stored, server=server, secret=secret)
            except SealBroken:
                return replace(stored, all=False, server="", secret="")
        left = await self._redis.hget(self.ORYX, "global")
        found = _read(text(left)) if left is not None else OryxTranscode()
        if found.secret or found.server != found.shown_server:
            await self.set(found)
        return found

    async def set(self, wanted: OryxTranscode) -> None:
        """Raises RedisError."""
        server, secret = (self._sealer.seal(it) for it in (wanted.server, wanted.secret))
        sealed = replace(wanted, server=server, secret=secret)
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(self.KEY, orjson.dumps(asdict(sealed)))
            shown = replace(wanted, server=wanted.shown_server, secret="")
            pipe.hset(self.ORYX, "global", orjson.dumps(asdict(shown)).decode())
            await pipe.execute()


def _read(raw: str) -> OryxTranscode:
    try:
        stored: dict[str, Any] = orjson.loads(raw)
        known = {
            name: value
            for name, value in stored.items()
            if name in OryxTranscode.__dataclass_fields__
            and isinstance(value, type(getattr(OryxTranscode(), name)))
        }
    except (ValueError, AttributeError):
        return OryxTranscode()
    return OryxTranscode(**known)


def masked(secret: str) -> str:
    """Return what may be shown of a stream's name and key."""
    name, mark, query = secret.partition("?")
    if mark:
        return f"{name}?{_HIDDEN}{query[-4:] if len(query) > 12 else ''}"
    return f"{_HIDDEN}{secret[-4:]}" if len(secret) > 8 else secret


class Oryx:
    """Makes a work of it."""

    def __init__(self, store: OryxStore, grants: HouseGrants, rtmp_port: int) -> None:
        self.store = store
        self._grants = grants
        self._rtmp_port = rtmp_port
        self.source = ""
        """What is transcoded now, ``app/stream``; empty when nothing is."""

    async def works(self, live: Mapping[str, Session], renditions: Mapping[str, str]) -> list[Work]:
        """Return what is wanted now: the newest stream that nobody made here. Raises RedisError."""
        wanted = await self.store.get()
        own = self.own_target(wanted)
        if not wanted.all or not wanted.secret:
            self.source = ""
            return []
        if self.source not in live or self.source in renditions or self.source == own:
            found = [
                session for url, session in live.items() if url not in renditions and url != own
            ]
            newest = max(found, key=lambda one: (one.since_ms, one.url), default=None)
            self.source = newest.url if newest else ""
        if not self.source:
            return []
        return [self._work(wanted, self.source, own)]

    def own_target(self, wanted: OryxTranscode) -> str | None:
        """Return the stream of this house that it publishes, None when it goes elsewhere."""
        parts = urlsplit(wanted.server)
        try:
            port = parts.port
        except ValueError:
            return None
        if parts.scheme != "rtmp" or parts.hostname not in _HOUSE:
            return None
        if port not in (None, 1935, self._rtmp_port):
            return None
        app = parts.path.strip("/")
        try:
            return check_stream(app, wanted.secret.partition("?")[0])
        except Invalid:
            return None

    def output(self, wanted: OryxTranscode) -> str:
        """Return where it goes, without the key."""
        own = self.own_target(wanted)
        return f"rtmp://localhost/{own}" if own else redact_destination(wanted.target)

    def _work(self, wanted: OryxTranscode, source: str, own: str | None) -> Work:
        def build(encoder: Encoder) -> Command:
            return self._command(wanted, encoder, source, own)

        digest = sha256(orjson.dumps([source, asdict(wanted)])).hexdigest()
        targets = (own,) if own else ()
        return Work(WORK_ID, digest, source, targets, (wanted.rendition,), Hardware.OFF, build)

    def _command(
        self, wanted: OryxTranscode, encoder: Encoder, source: str, own: str | None
    ) -> Command:
        read = self._grant(Way.PLAY, source)
        secrets, target = [read], wanted.target
        if own:
            write = self._grant(Way.PUBLISH, own)
            secrets.append(write)
            target = self._address(own, write)
        else:
            password = urlsplit(wanted.server).password
            secrets += [
                wanted.target,
                wanted.server,
                wanted.secret,
                *([password] if password else ()),
            ]
        argv = single_command(
            wanted.rendition, wanted.vprofile, encoder, self._address(source, read), target
        )
        return Command(argv, tuple(secrets))

    def _grant(self, way: Way, url: str) -> str:
        return self._grants.make(way, url, time.time_ns() // 1_000_000)

    def _address(self, url: str, grant: str) -> str:
        path = quote(url, safe="/")
        return f"rtmp://127.0.0.1:{self._rtmp_port}/{path}?grant={quote(grant, safe='')}"
