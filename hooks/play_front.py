"""What nginx asks before it lets a viewer in; nothing here can be reached from outside.

- ``GET /internal/play/hls/{app}/{stream}``: a player begins with HLS; answered to the player.
- ``GET /internal/play/check``: a sub-request for HTTP-FLV and WHEP. 204 with ``X-Play-Uri``, the
  path and query that the media server gets, or 403 with ``X-Play-Reason``.
- ``GET /internal/play/denied``: the answer for the viewer after such a 403.

The application ``s`` stands for streams named by their playback id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote_plus, unquote_to_bytes

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from redis.exceptions import RedisError

from ..core.app import error_response
from ..core.errors import (
    Invalid,
    NotFound,
    PlayRefused,
    StoreUnavailable,
    StreamsteadError,
    UnknownPath,
)
from ..core.log import get_logger
from ..core.names import check_name
from ..core.play_rules import store_emptied
from ..core.registry import Protocol
from ..core.renditions import Variant, read_variants
from .callback import GRANT, MAX_FIELDS
from .gate import MAX_USER_AGENT, PlayRequest, no_store
from .hls_sessions import Who
from .refusal_page import HEADERS, refusal_page
from .services import Services, ServicesDep, client_address

log = get_logger(__name__)
router = APIRouter(prefix="/internal/play", include_in_schema=False)

PLAYBACK_APP = "s"
MAX_QUERY = 8192
WHEP = "/rtc/v1/whep"

_BITS_PER_S = 2_000_000
"""Players want a number in a master playlist; with one variant it decides nothing."""

_NOT_PASSED_ON = frozenset({"pass", GRANT, "vhost", "app", "stream"})
"""What the media server is not told: secrets, and a second name of the stream."""

_REASON = "X-Play-Reason"
_URI = "X-Play-Uri"


@dataclass(frozen=True, slots=True)
class _Query:
    """A query split but not decoded, so that what is not ours passes as it came."""

    pairs: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, raw: str) -> "_Query":
        """Raises Invalid when there is too much of it."""
        parts = [part for part in raw.split("&") if part]
        if len(raw) > MAX_QUERY or len(parts) > MAX_FIELDS:
            raise Invalid("the query is too long", "Send fewer parameters.")
        return cls(tuple((part.partition("=")[0], part) for part in parts))

    def one(self, name: str) -> str:
        """Return a value; empty when it is absent or there twice, which nobody reads alike."""
        found = [part for key, part in self.pairs if unquote_plus(key) == name]
        return unquote_plus(found[0].partition("=")[2]) if len(found) == 1 else ""

    def without(self, names: frozenset[str]) -> str:
        return "&".join(part for key, part in self.pairs if unquote_plus(key) not in names)

    def plain(self, but: frozenset[str]) -> list[str]:
        """Return the ``name=value`` that every program reads alike: SRS splits at , and ; too."""
        return [
            part
            for key, part in self.pairs
            if unquote_plus(key) not in but and part.count("=") == 1 and not set(part) & set(",;")
        ]


@router.api_route("/hls/{app}/{stream}", methods=["GET", "HEAD"])
async def begin_hls(app: str, stream: str, request: Request, services: ServicesDep) -> Response:
    """Answer a master playlist that leads to a playlist of this viewer's own session.

    HEAD only tells whether the viewer would be let in.
    """
    try:
        found = await _stream_of(services, app, stream)
        wanted = _play_request(request, *found, _Query.read(request.url.query), Protocol.HLS)
        if request.method == "HEAD":
            await services.gate.play(replace(wanted, check_only=True))
            return _playlist()
        who: Who = (wanted.url, wanted.ip, wanted.user_agent, wanted.pass_token)
        told: list[Variant] = []

        async def play(client_id: str) -> None:
            _, raw = await services.gate.play_hls(replace(wanted, client_id=client_id))
            for one in read_variants(raw):
                # It is live a few seconds before there is anything to fetch.
                if services.hls_sessions.has_playlist(found[0], one.stream):
                    told.append(one)

        sid = await services.hls_sessions.enter(*found, who, play, lambda: told)
        variants = services.hls_sessions.variants(sid)
    except (StreamsteadError, RedisError) as exc:
        return _refusal(request, _known(exc), f"/{app}/{stream}")
    only = Variant(stream=found[1], bandwidth=_BITS_PER_S)
    return _playlist(*_lines(f"../p/{sid}", found[0], variants or (only,)))


def _lines(session: str, app: str, variants: Sequence[Variant]) -> list[str]:
    """Return a line that describes each variant, and one that leads to it."""
    lines = []
    for one in variants:
        said = [f"BANDWIDTH={one.bandwidth}"]
        if one.width and one.height:
            said.append(f"RESOLUTION={one.width}x{one.height}")
        if one.fps:
            said.append(f"FRAME-RATE={one.fps}")
        if one.codecs:
            said.append(f'CODECS="{one.codecs}"')
        lines += [f"#EXT-X-STREAM-INF:{','.join(said)}", f"{session}/{_path(app, one.stream)}.m3u8"]
    return lines


def _playlist(*variants: str) -> Response:
    lines = ["#EXTM3U", *variants]
    return PlainTextResponse(
        "\n".join(lines) + "\n",
        media_type="application/vnd.apple.mpegurl",
        headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
    )


@router.get("/check")
async def check(request: Request, services: ServicesDep) -> Response:
    """Decide about the request that nginx names in ``X-Original-URI``; registers nobody."""
    try:
        uri = await _checked(request, services)
    except (StreamsteadError, RedisError) as exc:
        return Response(status_code=403, headers={_REASON: _known(exc).key})
    return Response(status_code=204, headers={_URI: uri})


async def _checked(request: Request, services: Services) -> str:
    """Return what the media server is asked instead. Raises why it is not."""
    path, _, raw = request.headers.get("x-original-uri", "").partition("?")
    whep = path.rstrip("/") == WHEP
    if whep and request.headers.get("x-original-method") == "DELETE":
        return f"{WHEP}/?{raw}"  # the end of a session, whose id is its own secret
    query = _Query.read(raw)
    app, stream = (query.one("app"), query.one("stream")) if whep else _names_in(path)
    found = await _stream_of(services, app, stream)
    protocol = Protocol.WEBRTC if whep else Protocol.FLV
    wanted = _play_request(request, *found, query, protocol)
    session = await services.gate.play(replace(wanted, check_only=True))
    grant = services.grants.make(
        session.url, session.ip, session.user_agent, session.pass_id, services.clock()
    )
    rest = [*query.plain(_NOT_PASSED_ON), f"{GRANT}={quote(grant, '')}"]
    if not whep:
        return f"/{_path(*found)}.flv?{'&'.join(rest)}"
    named = [f"app={quote(found[0], '')}", f"stream={quote(found[1], '')}"]
    return f"{WHEP}/?{'&'.join([*named, *rest])}"


@router.get("/denied")
async def denied(request: Request) -> Response:
    """Answer a viewer whom ``check`` refused; without a reason its stream is not live."""
    key = request.headers.get(_REASON, "stream_not_live")
    return _refusal(request, _error_of(key), _shown(request))


def _error_of(key: str) -> StreamsteadError:
    if key == "stream_not_live":
        return _not_live()
    if key == "store_emptied":
        return store_emptied()
    if key == StoreUnavailable.default_key:
        return no_store()
    try:
        return PlayRefused.of(key)
    except KeyError:
        return PlayRefused("this address cannot be played", "Open the watch page.", key=key)


def _not_live() -> NotFound:
    return NotFound("this stream is not live", "Wait until it begins.", key="stream_not_live")


def _known(error: StreamsteadError | RedisError) -> StreamsteadError:
    if isinstance(error, StreamsteadError):
        return error
    log.error("play.refused_without_store", error=type(error).__name__)
    return no_store()


async def _stream_of(services: Services, app: str, stream: str) -> tuple[str, str]:
    """Return (app, stream), looked up when it is named by its playback id. Raises NotFound."""
    check_name(app, "app")
    check_name(stream, "stream")
    if app != PLAYBACK_APP:
        return app, stream
    url = await services.known_streams.url_of(stream)
    if url is None:
        raise _not_live()
    app, _, stream = url.partition("/")
    return app, stream


def _names_in(path: str) -> tuple[str, str]:
    """Return (app, stream) of ``/app/stream.flv``. Raises Invalid, UnknownPath."""
    try:
        whole = unquote_to_bytes(path.encode("latin-1")).decode()
    except UnicodeError:
        raise Invalid("the address is not UTF-8", "Copy it again.") from None
    parts = whole.split("/")
    if len(parts) != 3 or not parts[2].endswith(".flv"):
        raise UnknownPath("there is no stream at this path", "Streams are at /app/stream.flv.")
    return parts[1], parts[2].removesuffix(".flv")


def _path(app: str, stream: str) -> str:
    return f"{quote(app, '')}/{quote(stream, '')}"


def _play_request(
    request: Request, app: str, stream: str, query: _Query, protocol: Protocol
) -> PlayRequest:
    return PlayRequest(
        app=app,
        stream=stream,
        protocol=protocol,
        ip=client_address(request),
        user_agent=request.headers.get("user-agent", "")[:MAX_USER_AGENT],
        pass_token=query.one("pass"),
        query=query.without(frozenset({GRANT})),
        must_be_live=True,
    )


def _shown(request: Request) -> str:
    """Return ``/app/stream`` of the refused address, as far as it has one."""
    path, _, raw = request.headers.get("x-original-uri", "").partition("?")
    try:
        if path.rstrip("/") == WHEP:
            query = _Query.read(raw)
            return f"/{query.one('app')}/{query.one('stream')}"
        plain = path.removesuffix(".m3u8").removesuffix(".flv")
        return "/" + "/".join(_names_in(f"{plain}.flv"))
    except StreamsteadError:
        return "/"


def _refusal(request: Request, error: StreamsteadError, stream: str) -> Response:
    """Answer a page to a browser that shows pages, and the envelope to everything else."""
    if "text/html" not in request.headers.get("accept", ""):
        reply = error_response(error)
        reply.headers["Cache-Control"] = "no-store"
        return reply
    page = refusal_page(
        error,
        stream.strip("/"),
        f"/watch{quote(stream)}",
        request.headers.get("accept-language", ""),
    )
    return HTMLResponse(page, error.status, headers=HEADERS)
