"""Routes of transcodes: ladders, what they cost, and what the machine can do."""

from typing import cast

from fastapi import APIRouter, Request

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.log import get_logger
from ...core.names import check_stream
from ..services import ServicesDep
from .ladder import Ladder
from .models import (
    CreateTranscode,
    EstimateTranscode,
    Transcode,
    TranscodeEstimate,
    TranscodeId,
    Transcodes,
    UpdateTranscode,
)
from .service import Transcoder
from .store import new_ladder_id

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/ffmpeg/transcode", tags=["transcode"])


def _transcoder(request: Request) -> Transcoder:
    return cast(Transcoder, request.app.state.transcoder)


@router.post("/list")
async def list_transcodes(
    request: Request, _who: SignedIn, _: Body | None = None
) -> Reply[Transcodes]:
    """List every ladder and how it is, and what the machine can carry."""
    transcoder = _transcoder(request)
    return Reply(
        data=Transcodes(transcodes=await transcoder.snapshot(), machine=await transcoder.machine())
    )


@router.post("/estimate")
async def estimate(
    body: EstimateTranscode, request: Request, _: SignedIn
) -> Reply[TranscodeEstimate]:
    """Reckon what renditions would take of the processor, and whether that is free. The first time
    the machine is measured, which takes a few seconds."""
    found = await _transcoder(request).estimate(
        check_stream(body.app, body.stream), body.renditions, body.hardware, body.id
    )
    return Reply(
        data=TranscodeEstimate(
            percent=found.percent,
            free_percent=found.free_percent,
            ok=found.ok,
            per=list(found.per),
        )
    )


@router.post("/create")
async def create(
    body: CreateTranscode, request: Request, services: ServicesDep, _: SignedIn
) -> Reply[Transcode]:
    """Add a ladder to a stream; each rendition is published as ``<stream>_<name>``."""
    ladder = Ladder(
        id=new_ladder_id(),
        app=body.app,
        stream=body.stream,
        label=body.label,
        enabled=body.enabled,
        renditions=tuple(body.renditions),
        hardware=body.hardware,
        created_ms=services.clock(),
    )
    transcoder = _transcoder(request)
    made = await transcoder.store.create(ladder)
    log.info("transcode.added", id=made.id, stream=made.url)
    return Reply(data=transcoder.show(made))


@router.post("/update")
async def update(body: UpdateTranscode, request: Request, _: SignedIn) -> Reply[Transcode]:
    """Change a ladder. What runs is started anew when its renditions change."""
    changes = body.model_dump(exclude={"token", "id", "renditions"}, exclude_none=True)
    if body.renditions is not None:
        changes["renditions"] = tuple(body.renditions)
    return Reply(data=await _change(_transcoder(request), body.id, changes))


@router.post("/start")
async def start(body: TranscodeId, request: Request, _: SignedIn) -> Reply[Transcode]:
    """Switch a ladder on; one that was refused or given up is tried again."""
    return Reply(data=await _change(_transcoder(request), body.id, {"enabled": True}))


@router.post("/stop")
async def stop(body: TranscodeId, request: Request, _: SignedIn) -> Reply[Transcode]:
    """Switch a ladder off; its renditions end."""
    return Reply(data=await _change(_transcoder(request), body.id, {"enabled": False}))


@router.post("/remove")
async def remove(body: TranscodeId, request: Request, _: SignedIn) -> Reply[None]:
    """Forget a ladder; its renditions end."""
    await _transcoder(request).store.remove(body.id)
    log.info("transcode.removed", id=body.id)
    return Reply(data=None)


async def _change(transcoder: Transcoder, ladder_id: str, changes: dict[str, object]) -> Transcode:
    ladder = await transcoder.store.change(
        ladder_id, lambda before: before.model_copy(update=changes)
    )
    transcoder.keeper.forgive(ladder_id)
    log.info("transcode.changed", id=ladder.id, fields=sorted(changes))
    return transcoder.show(ladder)
