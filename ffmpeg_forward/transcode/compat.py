"""Transcoding as Oryx knows it: one transcode of the newest stream."""

from dataclasses import asdict, replace
from typing import Annotated, cast

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, StrictBool

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.log import get_logger
from ...core.registry import rfc3339
from .keeper import TranscodeState
from .oryx import WORK_ID, OryxTranscode, check, masked
from .service import Transcoder

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/ffmpeg/transcode", tags=["transcode"])

Word = Annotated[str, Field(max_length=32)]
Kbps = Annotated[int, Field(ge=0, le=50_000)]


class OryxTranscodeConfig(BaseModel):
    """Field names are Oryx's; ``server`` without a password, of ``secret`` only the stream's name
    and the end of the key."""

    all: bool
    vcodec: str
    acodec: str
    vbitrate: int
    abitrate: int
    vprofile: str
    vpreset: str
    achannels: int
    server: str
    secret: str


class ApplyOryxTranscode(Body):
    """``all`` switches it on. ``server`` and ``secret`` that are sent back as they were shown stay
    what they are."""

    all: StrictBool
    vcodec: Word = "libx264"
    acodec: Word = "aac"
    vbitrate: Kbps = 1000
    abitrate: Kbps = 64
    vprofile: Word = "baseline"
    vpreset: Word = "veryfast"
    achannels: Annotated[int, Field(ge=0, le=8)] = 2
    server: Annotated[str, Field(max_length=1000)] = ""
    secret: Annotated[str, Field(max_length=1000)] = ""


class OryxFrame(BaseModel):
    """The child's last words and when they were looked at."""

    log: str
    update: str


class OryxTranscodeTask(BaseModel):
    """``input`` and ``output`` without keys; empty when nothing is transcoded."""

    uuid: str
    enabled: bool
    input: str
    output: str
    frame: OryxFrame


def _transcoder(request: Request) -> Transcoder:
    return cast(Transcoder, request.app.state.transcoder)


@router.post("/query")
async def query_global(
    request: Request, _who: SignedIn, _: Body | None = None
) -> Reply[OryxTranscodeConfig]:
    """Return the transcode of the newest stream (as Oryx)."""
    return Reply(data=_shown(await _transcoder(request).oryx.store.get()))


@router.post("/apply")
async def apply_global(
    body: ApplyOryxTranscode, request: Request, _: SignedIn
) -> Reply[OryxTranscodeConfig]:
    """Set it, and start it anew (as Oryx)."""
    transcoder = _transcoder(request)
    before = await transcoder.oryx.store.get()
    wanted = OryxTranscode(**body.model_dump(exclude={"token"}))
    if before.secret and wanted.secret == masked(before.secret):
        wanted = replace(wanted, secret=before.secret)
    if wanted.server == before.shown_server:
        wanted = replace(wanted, server=before.server)
    if wanted.all or wanted.server or wanted.secret:
        check(wanted)
    await transcoder.oryx.store.set(wanted)
    transcoder.keeper.forgive(WORK_ID)
    log.info("transcode.applied", on=wanted.all)
    return Reply(data=_shown(wanted))


@router.post("/task")
async def task_global(
    request: Request, _who: SignedIn, _: Body | None = None
) -> Reply[OryxTranscodeTask]:
    """Tell what is being transcoded (as Oryx)."""
    transcoder = _transcoder(request)
    wanted = await transcoder.oryx.store.get()
    how = transcoder.keeper.how(WORK_ID, enabled=wanted.all)
    source = transcoder.oryx.source
    lines = transcoder.keeper.lines(WORK_ID)
    said = lines[-1] if lines else ""
    if how.state is TranscodeState.LIVE:
        said = said or f"speed={how.speed:g}x"
    elif how.problem is not None:
        said = how.problem.message
    busy = how.state not in (TranscodeState.OFF, TranscodeState.WAITING)
    return Reply(
        data=OryxTranscodeTask(
            uuid=WORK_ID if busy else "",
            enabled=wanted.all,
            input=f"rtmp://localhost/{source}" if source else "",
            output=transcoder.oryx.output(wanted) if source else "",
            frame=OryxFrame(log=said, update=rfc3339(how.since_ms) if busy else ""),
        )
    )


def _shown(wanted: OryxTranscode) -> OryxTranscodeConfig:
    return OryxTranscodeConfig(
        **asdict(replace(wanted, server=wanted.shown_server, secret=masked(wanted.secret)))
    )
