"""What a watch page may know: anyone who has the link asks, and is told no more than it may see."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from ..core.app import API, Reply
from ..core.play_rules import PlayKind
from ..core.registry import DEFAULT_VHOST, stream_url
from ..core.signed import MAX_TOKEN
from .facts import Stream
from .services import ServicesDep

router = APIRouter(prefix=API, tags=["watch"])

PLAYBACK_APP = "s"
"""``/watch/s/<playback id>`` is a stream whose own name the link does not tell."""

Name = Annotated[str, Path(max_length=255)]


class WatchVideo(BaseModel):
    codec: str
    width: int
    height: int


class WatchAudio(BaseModel):
    codec: str


class Watch(BaseModel):
    """``reason``: why this visitor may not watch, a key of core/errors.py. With ``access``
    "webhook" that is known only when playing begins. Times are ms since the epoch."""

    app: str
    stream: str
    title: str = ""
    access: PlayKind
    allowed: bool
    reason: str | None = None
    live: bool = False
    since_ms: int | None = None
    viewers: int = 0
    video: WatchVideo | None = None
    audio: WatchAudio | None = None
    webrtc: bool = False


@router.get("/watch/{app}/{stream}")
async def watch(
    app: Name,
    stream: Name,
    services: ServicesDep,
    pass_token: Annotated[str, Query(alias="pass", max_length=MAX_TOKEN)] = "",
) -> Reply[Watch]:
    """Tell a watch page whether there is something to see, and for this visitor."""
    viewing = services.viewing
    url: str | None = stream_url(DEFAULT_VHOST, app, stream)
    if app == PLAYBACK_APP:
        url = await viewing.known.url_of(stream)
    if url is None:
        return Reply(data=Watch(app=app, stream=stream, access=PlayKind.PUBLIC, allowed=True))
    kind, why = await viewing.refusal(url, pass_token, services.clock())
    known = await viewing.known.find(url)
    found = Watch(
        app=app,
        stream=stream,
        title=known.title if known else "",
        access=kind,
        allowed=why is None,
        reason=why,
    )
    if why is None:
        for one in await services.facts.live():
            if one.url == url:
                webrtc = (await services.media.get()).webrtc
                return Reply(data=found.model_copy(update=_facts(one, webrtc)))
    return Reply(data=found)


def _facts(stream: Stream, webrtc: bool) -> dict[str, object]:
    video, audio = stream.video, stream.audio
    return {
        "live": True,
        "since_ms": stream.since_ms,
        "viewers": stream.viewers.total,
        "video": WatchVideo(codec=video.codec, width=video.width, height=video.height)
        if video
        else None,
        "audio": WatchAudio(codec=audio.codec) if audio else None,
        "webrtc": webrtc,
    }
