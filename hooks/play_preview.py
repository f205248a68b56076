"""The operator's own pass: pictures in the page of a stream that is not open to everyone."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ..core.app import API, Body, Reply
from ..core.auth import SignedIn
from ..core.names import check_watched
from ..core.play_rules import OPERATOR
from .services import ServicesDep

router = APIRouter(prefix=f"{API}/hooks/play", tags=["play rules"])

PREVIEW_MS = 12 * 3_600_000
Name = Annotated[str, Field(min_length=1, max_length=255)]


class PreviewRequest(Body):
    app: Name
    stream: Name


class Preview(BaseModel):
    """``pass`` goes into the ``pass`` parameter of any play address of this stream; 12 h."""

    model_config = {"populate_by_name": True}

    token: Annotated[str, Field(alias="pass")]


@router.post("/preview")
async def preview(body: PreviewRequest, services: ServicesDep, _: SignedIn) -> Reply[Preview]:
    """Let the signed-in operator watch a stream, or with the app ``vod`` a recording, for 12 h,
    whatever its rule."""
    url = check_watched(body.app, body.stream)
    token = services.pass_signer.token(OPERATOR, url, services.clock() + PREVIEW_MS)
    return Reply(data=Preview(token=token))
