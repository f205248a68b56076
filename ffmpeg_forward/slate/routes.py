"""Routes of slates: own pictures and clips, and how a slate will look.

A file comes as the raw body of one request. Who sends it is asked before a byte of it is read.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect

from ...core.app import API, Body, RawBodies, Reply
from ...core.auth import Sender, SignedIn
from ...core.errors import Invalid, RateLimited, RequestTimeout
from ...core.http_limits import MORE_TIME
from ..programme.routes import SlateChoice
from ..services import ServicesDep
from .files import MAX_FILE_BYTES, OwnFile
from .preview import make_preview
from .scene import CARD, MAX_CLIP_S, SlateLook

PATH = f"{API}/ffmpeg/slate"
CONTENT_TYPE = "application/octet-stream"
RAW_BODIES = RawBodies(f"{PATH}/upload", CONTENT_TYPE, MAX_FILE_BYTES)

PATIENCE_S = 30.0
"""Without a byte for so long an upload is given up."""

UPLOAD_S = 600.0

_BINARY = {"type": "string", "format": "binary"}

router = APIRouter(prefix=PATH, tags=["slate"])


class SlateFile(BaseModel):
    """An own picture or clip. ``duration_ms``: 0 for a picture. ``created_ms``: since the epoch."""

    id: str
    name: str
    kind: str
    bytes: int
    width: int
    height: int
    duration_ms: int
    created_ms: int


class SlateFileList(BaseModel):
    """Newest first. ``max_bytes``: of one file; ``max_clip_s``: how long a clip may be."""

    files: list[SlateFile]
    max_bytes: int
    max_clip_s: int


class SlateFileRemove(Body):
    id: str


class SlatePreview(Body):
    """``slate`` as a programme has it; ``title`` empty: none is shown."""

    slate: SlateChoice
    width: Annotated[int, Field(ge=64, le=1920)] = 640
    height: Annotated[int, Field(ge=64, le=1920)] = 360


@router.post("/files")
async def files(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[SlateFileList]:
    """List own pictures and clips."""
    found = await asyncio.to_thread(services.slate_files.all)
    listed = [_shown(one) for one in found]
    return Reply(data=SlateFileList(files=listed, max_bytes=MAX_FILE_BYTES, max_clip_s=MAX_CLIP_S))


@router.post(
    "/upload",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {CONTENT_TYPE: {"schema": _BINARY}},
        }
    },
)
async def upload(
    request: Request,
    services: ServicesDep,
    _: Sender,
    name: Annotated[str, Query(max_length=300)] = "",
) -> Reply[SlateFile]:
    """Take a picture (PNG, JPEG, WebP) or a clip (MP4, MOV, WebM, MKV; up to 60 s, 200 MB)."""
    if services.slate_files.receiving.locked():
        raise RateLimited(
            "another file is being sent right now", "Try again when it is done.", retry_after_s=5
        )
    async with services.slate_files.receiving:
        return Reply(data=_shown(await services.slate_files.add(name, _blocks(request))))


@router.post("/remove")
async def remove(body: SlateFileRemove, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Remove a picture or clip; programmes that use it show the built-in card then."""
    await asyncio.to_thread(services.slate_files.remove, body.id)
    return Reply(data=None)


@router.post(
    "/preview",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def preview(body: SlatePreview, services: ServicesDep, _: SignedIn) -> Response:
    """Show a slate as a JPEG of this size."""
    look = SlateLook(body.slate.kind.value, body.slate.title, body.slate.subtitle)
    if look.kind != CARD:
        own = await asyncio.to_thread(services.slate_files.get, body.slate.file_id or "")
        if own.kind != look.kind:
            raise Invalid(f"the file is no {look.kind}", "Choose another one.")
        look = replace(look, path=await asyncio.to_thread(services.slate_files.path, own.id))
    width, height = body.width & ~1, body.height & ~1
    async with services.slate_files.drawing:
        data = await make_preview(look, width, height, services.slate_files.cache)
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "no-store"})


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """Yield a body as it comes. Raises RequestTimeout, Invalid when the sender goes away."""
    loop = asyncio.get_running_loop()
    end = loop.time() + UPLOAD_S
    more_time = request.scope.get(MORE_TIME)
    try:
        async for block in request.stream():
            if more_time is not None:
                more_time(min(end, loop.time() + PATIENCE_S))
            if loop.time() > end:
                raise RequestTimeout(
                    f"the file did not arrive within {UPLOAD_S:.0f} s",
                    "Send it again on a better connection, or make it smaller.",
                )
            yield block
    except ClientDisconnect:
        raise Invalid("the file did not arrive in whole", "Send it again.") from None


def _shown(file: OwnFile) -> SlateFile:
    return SlateFile(
        id=file.id,
        name=file.name,
        kind=file.kind,
        bytes=file.bytes,
        width=file.width,
        height=file.height,
        duration_ms=file.duration_ms,
        created_ms=file.created_ms,
    )
