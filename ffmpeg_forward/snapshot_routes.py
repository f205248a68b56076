"""The small picture of a live stream, for the signed-in page."""

import asyncio

from fastapi import APIRouter, Response

from ..core.app import API
from ..core.auth import SignedIn
from ..core.errors import NotFound
from .services import ServicesDep

_BINARY = {"type": "string", "format": "binary"}

router = APIRouter(prefix=f"{API}/ffmpeg", tags=["ffmpeg"])


@router.get(
    "/snapshot/{app}/{stream}.jpg",
    response_class=Response,
    responses={200: {"content": {"image/jpeg": {"schema": _BINARY}}}},
)
async def snapshot(app: str, stream: str, services: ServicesDep, _: SignedIn) -> Response:
    """Show a live stream as it was some seconds ago, up to 480 pixels wide."""
    path = await asyncio.to_thread(services.snapshots.path, app, stream)
    try:
        data = await asyncio.to_thread(path.read_bytes) if path else b""
    except OSError:
        data = b""
    if not data:
        raise NotFound(
            "there is no picture of this stream",
            "It is there some seconds after the stream began, if it has video.",
            key="snapshot_none",
        )
    return Response(data, media_type="image/jpeg", headers={"Cache-Control": "no-store"})
