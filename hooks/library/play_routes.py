"""How recordings reach who watches them.

- ``GET /terraform/v1/vod/{id}``: what the page ``/vod/{id}`` asks first.
- ``GET /internal/vod/...``: what nginx makes of ``/vod/{id}.m3u8``, ``.mp4``, ``.jpg`` (poster),
  ``.sprite.jpg`` and ``.vtt``, and of ``/v/{sid}/{id}/{file}`` when the file is not on this disk.
  Not to be reached from outside.
- ``GET /terraform/v1/hooks/{record,dvr,vod}/hls/...``: the same under the addresses of old.
- ``GET /terraform/v1/recordings/{poster,sprite}/...``: pictures for the signed-in page.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal
from urllib.parse import quote, unquote_plus

from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from pydantic import BaseModel
from redis.exceptions import RedisError

from ...core.app import API, Reply, error_response
from ...core.auth import SignedIn, find_credential
from ...core.errors import Invalid, NotFound, PlayRefused, StreamsteadError, UnknownPath
from ...core.log import get_logger
from ...core.names import is_recording_id
from ...core.play_rules import PlayKind
from ...core.signed import MAX_TOKEN
from ..gate import MAX_USER_AGENT, no_store
from ..recorder.services import Services, ServicesDep
from ..refusal_page import HEADERS, refusal_page
from ..services import client_address
from .delivery import Wanted, file_name, has_mp4, is_file_name
from .play import Visitor
from .recording import MP4_FILE, PLAYLIST_FILE, POSTER_FILE, SPRITE_FILE, SPRITE_MAP_FILE, State

log = get_logger(__name__)
router = APIRouter(tags=["watch"])

MAX_QUERY = 8192
_BITS_PER_S = 2_000_000
"""Players want a number in a master playlist; with one variant it decides nothing."""

_OURS = frozenset({"pass", "download"})
_METHODS = ["GET", "HEAD"]
_FILES = {
    "mp4": MP4_FILE,
    "jpg": POSTER_FILE,
    "sprite.jpg": SPRITE_FILE,
    "vtt": SPRITE_MAP_FILE,
}
_KEPT = "private, max-age=3600, immutable"
_LOOKED_UP = "private, no-cache"


def _sent_as(*types: str) -> dict[int | str, dict[str, object]]:
    """Say in the description of the API what a call answers instead of JSON."""
    return {200: {"content": {one: {} for one in types}}}


_HLS = _sent_as("application/vnd.apple.mpegurl")
_VIDEO = _sent_as("video/mp4")
_JPEG = _sent_as("image/jpeg")
_VTT = _sent_as("text/vtt")

Id = Annotated[str, Path(min_length=36, max_length=36)]
Kind = Literal["record", "dvr", "vod"]


class VodFacts(BaseModel):
    """What a page may know. Unless ``allowed`` everything but ``access`` and ``reason`` is empty.

    ``reason``: key of the refusal; ``recording_unknown`` only for who could have watched. With
    ``access`` "webhook" it is known only when playing begins. ``passphrase``: there is one.
    ``recording``: it is still under way. Addresses hold the pass and are null without a file;
    ``sprite``: a sheet of small pictures, ``sprite_map``: WebVTT that says which shows when.
    """

    id: str
    access: PlayKind
    allowed: bool
    reason: str | None = None
    passphrase: bool = False
    title: str = ""
    stream: str = ""
    recording: bool = False
    started_ms: int | None = None
    duration_ms: int = 0
    width: int | None = None
    height: int | None = None
    playlist: str | None = None
    mp4: str | None = None
    poster: str | None = None
    sprite: str | None = None
    sprite_map: str | None = None


@router.get(f"{API}/vod/{{id}}")
async def facts(
    id: Id,
    request: Request,
    services: ServicesDep,
    pass_token: Annotated[str, Query(alias="pass", max_length=MAX_TOKEN)] = "",
) -> Reply[VodFacts]:
    """Tell a page whether there is a recording to see, and for this visitor."""
    _check_id(id)
    verdict = await services.play.verdict(id, await _visitor(request))
    found = VodFacts(
        id=id,
        access=verdict.kind,
        allowed=verdict.reason == "",
        reason=verdict.reason or None,
        passphrase=verdict.passphrase,
    )
    if not found.allowed:
        return Reply(data=found)
    try:
        one = await services.play.watchable(id)
    except NotFound as exc:
        gone = {"allowed": False, "reason": exc.key}
        return Reply(data=found.model_copy(update=gone))
    query = f"?pass={quote(pass_token, '')}" if pass_token else ""
    more = {
        "title": one.title,
        "stream": one.stream,
        "recording": one.state is State.RECORDING,
        "started_ms": one.started_ms,
        "duration_ms": one.duration_ms,
        "width": one.width or None,
        "height": one.height or None,
        "playlist": f"/vod/{id}.m3u8{query}" if one.playlist else None,
        "mp4": f"/vod/{id}.mp4{query}" if has_mp4(one) else None,
        "poster": f"/vod/{id}.jpg{query}" if one.poster else None,
        "sprite": f"/vod/{id}.sprite.jpg{query}" if one.sprite else None,
        "sprite_map": f"/vod/{id}.vtt{query}" if one.sprite else None,
    }
    return Reply(data=found.model_copy(update=more))


@router.api_route("/internal/vod/hls/{id}", methods=_METHODS, include_in_schema=False)
async def begin(id: str, request: Request, services: ServicesDep) -> Response:
    """Answer ``/vod/{id}.m3u8``."""
    return await _playlist(id, request, services, "../v")


@router.api_route("/internal/vod/as/{what}/{id}", methods=_METHODS, include_in_schema=False)
async def one_file(what: str, id: str, request: Request, services: ServicesDep) -> Response:
    """Answer ``/vod/{id}.{what}``; with ``download`` an MP4 is for saving."""
    return await _file(id, _FILES.get(what, ""), request, services)


@router.api_route("/internal/vod/file/{sid}/{id}/{name}", methods=_METHODS, include_in_schema=False)
async def elsewhere(
    sid: str,
    id: str,
    name: str,
    request: Request,
    services: ServicesDep,
) -> Response:
    """Answer for a session whose gate nginx has seen, about a file that is not on this disk."""

    async def answer() -> Response:
        if not is_file_name(name) or name == MP4_FILE or not services.play.is_open(id, sid):
            raise PlayRefused.of("segment_without_session")
        cache = _LOOKED_UP if name == PLAYLIST_FILE else _KEPT
        one = await services.play.watchable(id)
        wanted = Wanted(
            name,
            headers={"Cache-Control": cache},
            through=services.play.is_operator(sid),
            public=services.play.is_public(sid),
        )
        return await services.delivery.hand_out(one, wanted, request)

    return await _answered(id, request, answer)


@router.head(f"{API}/hooks/{{kind}}/hls/{{id}}.m3u8", include_in_schema=False)
@router.head(f"{API}/hooks/{{kind}}/hls/{{id}}/index.m3u8", include_in_schema=False)
@router.get(f"{API}/hooks/{{kind}}/hls/{{id}}.m3u8", response_class=Response, responses=_HLS)
@router.get(f"{API}/hooks/{{kind}}/hls/{{id}}/index.m3u8", response_class=Response, responses=_HLS)
async def begin_as_of_old(
    kind: Kind,
    id: Id,
    request: Request,
    services: ServicesDep,
) -> Response:
    """Begin to watch a recording by HLS; ``pass`` in the query as everywhere."""
    return await _playlist(id, request, services, "/v")


@router.head(f"{API}/hooks/{{kind}}/hls/{{id}}/index.mp4", include_in_schema=False)
@router.get(f"{API}/hooks/{{kind}}/hls/{{id}}/index.mp4", response_class=Response, responses=_VIDEO)
async def mp4_as_of_old(
    kind: Kind,
    id: Id,
    request: Request,
    services: ServicesDep,
) -> Response:
    """Return the MP4 of a recording, or the part that the Range header names."""
    return await _file(id, MP4_FILE, request, services)


@router.get(f"{API}/recordings/poster/{{id}}", response_class=Response, responses=_JPEG)
async def own_poster(
    id: Id,
    request: Request,
    services: ServicesDep,
    _: SignedIn,
) -> Response:
    """Return the poster (JPEG) to the signed-in page."""
    return await _picture(id, POSTER_FILE, request, services)


@router.get(f"{API}/recordings/sprite/{{id}}.vtt", response_class=Response, responses=_VTT)
async def own_sprite_map(
    id: Id,
    request: Request,
    services: ServicesDep,
    _: SignedIn,
) -> Response:
    """Return which part of the sheet shows which second (WebVTT)."""
    return await _picture(id, SPRITE_MAP_FILE, request, services)


@router.get(f"{API}/recordings/sprite/{{id}}", response_class=Response, responses=_JPEG)
async def own_sprite(
    id: Id,
    request: Request,
    services: ServicesDep,
    _: SignedIn,
) -> Response:
    """Return the sheet of small pictures (JPEG) to the signed-in page."""
    return await _picture(id, SPRITE_FILE, request, services)


@router.get("/internal/signed-in", status_code=204, include_in_schema=False)
async def signed_in(_: SignedIn) -> None:
    """Tell nginx whether somebody may send what it has not read yet."""


async def _picture(id_: str, name: str, request: Request, services: Services) -> Response:
    _check_id(id_)
    one = await services.play.watchable(id_)
    wanted = Wanted(name, headers={"Cache-Control": "private, max-age=300"}, through=True)
    return await services.delivery.hand_out(one, wanted, request)


async def _playlist(id_: str, request: Request, services: Services, lead: str) -> Response:
    """Answer a master playlist that leads to the session's own; HEAD only asks."""

    async def answer() -> Response:
        visitor = await _visitor(request)
        if request.method == "HEAD":
            one, sid = await services.play.check(id_, visitor), ""
        else:
            one, sid = await services.play.enter(id_, visitor)
        if not one.playlist:
            raise NotFound(
                "this recording has no playlist",
                "Play its .mp4 instead.",
                key="recording_without_playlist",
            )
        size = f",RESOLUTION={one.width}x{one.height}" if one.width and one.height else ""
        head = (
            f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH={_bits_per_s(one.size_bytes, one.duration_ms)}"
        )
        return PlainTextResponse(
            f"{head}{size}\n{lead}/{sid}/{id_}/{PLAYLIST_FILE}\n" if sid else "",
            media_type="application/vnd.apple.mpegurl",
            headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        )

    return await _answered(id_, request, answer)


def _bits_per_s(size_bytes: int, duration_ms: int) -> int:
    return size_bytes * 8_000 // duration_ms if duration_ms and size_bytes else _BITS_PER_S


async def _file(id_: str, name: str, request: Request, services: Services) -> Response:
    async def answer() -> Response:
        if not name:
            raise UnknownPath("there is nothing at this path", "Open the page of the recording.")
        visitor = await _visitor(request)
        if request.method == "HEAD":
            one, sid = await services.play.check(id_, visitor), ""
        else:
            one, sid = await services.play.enter(id_, visitor)
        saved = "download" in request.query_params
        wanted = Wanted(
            name,
            filename=file_name(one) if name == MP4_FILE and saved else None,
            headers={"Cache-Control": _LOOKED_UP},
            through=services.play.is_operator(sid),
            public=services.play.is_public(sid),
        )
        return await services.delivery.hand_out(one, wanted, request)

    return await _answered(id_, request, answer)


async def _answered(
    id_: str, request: Request, answer: Callable[[], Awaitable[Response]]
) -> Response:
    """Answer, or a page to a browser that shows pages, and the envelope to everything else."""
    try:
        _check_id(id_)
        return await answer()
    except (StreamsteadError, RedisError, OSError) as exc:
        error = _known(exc)
    if "text/html" not in request.headers.get("accept", ""):
        reply = error_response(error)
        reply.headers["Cache-Control"] = "no-store"
        return reply
    page = refusal_page(
        error, "", f"/vod/{quote(id_, '')}", request.headers.get("accept-language", "")
    )
    return HTMLResponse(page, error.status, headers=HEADERS)


def _known(error: StreamsteadError | RedisError | OSError) -> StreamsteadError:
    if isinstance(error, StreamsteadError):
        return error
    log.error("vod.refused", error=type(error).__name__)
    if isinstance(error, RedisError):
        return no_store()
    return StreamsteadError(
        "nobody can be let in at this moment", "Is the disk full? Try again in a moment."
    )


def _check_id(id_: str) -> None:
    if not is_recording_id(id_):
        raise Invalid(
            "this is not the id of a recording",
            "Copy the whole link again.",
            key="recording_id_invalid",
        )


async def _visitor(request: Request) -> Visitor:
    """Read who asks. A pass that is there twice counts as none: nobody reads that alike."""
    raw = request.url.query
    if len(raw) > MAX_QUERY:
        raise Invalid("the query is too long", "Send fewer parameters.")
    tokens = request.query_params.getlist("pass")
    parts = [part for part in raw.split("&") if part]
    try:
        credential = await find_credential(request)
    except StreamsteadError:
        credential = ""
    return Visitor(
        ip=client_address(request),
        user_agent=request.headers.get("user-agent", "")[:MAX_USER_AGENT],
        token=tokens[0] if len(tokens) == 1 else "",
        query="&".join(p for p in parts if unquote_plus(p.partition("=")[0]) not in _OURS),
        credential=credential,
    )
