"""Routes of uploads: what is on its way, pause, resume, try again, and how fast it may go."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Invalid
from ..library.recording import UploadState
from ..library.routes import Problem, RecordingBody
from ..recorder.services import ServicesDep
from .upload_settings import MAX_PARALLEL, UploadSettings
from .upload_view import UploadView

router = APIRouter(prefix=f"{API}/storage", tags=["storage"])

MAX_LIMIT_KBPS = 10_000_000


class UploadOut(BaseModel):
    """One recording on its way into a bucket. ``speed_bps``: bytes a second; ``left_s`` null: not
    known; ``next_try_ms``: when it is tried again, ms since the epoch, null when it runs."""

    recording_id: str
    title: str
    target_id: str
    state: UploadState
    done_bytes: int
    total_bytes: int
    speed_bps: int
    left_s: int | None
    next_try_ms: int | None
    problem: Problem | None


class UploadPage(BaseModel):
    uploads: list[UploadOut]
    cursor: str | None


class FindUploads(Body):
    cursor: Annotated[str, Field(max_length=2000)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class SettingsOut(BaseModel):
    """``limit_kbps``: kilobits a second of all uploads together, 0 for no limit; ``parallel``: so
    many transfers to one storage at once."""

    limit_kbps: int
    parallel: int


class UpdateSettings(Body):
    """What is absent stays as it is."""

    limit_kbps: Annotated[int, Field(ge=0, le=MAX_LIMIT_KBPS)] | None = None
    parallel: Annotated[int, Field(ge=1, le=MAX_PARALLEL)] | None = None


def shown_upload(view: UploadView) -> UploadOut:
    """Return an upload as the API shows it."""
    one, problem = view.recording, None
    if view.problem is not None:
        key, message, help_ = view.problem
        problem = Problem(key=key, message=message, help=help_)
    return UploadOut(
        recording_id=one.id,
        title=one.title or one.url,
        target_id=one.target_id,
        state=one.upload,
        done_bytes=view.done_bytes,
        total_bytes=view.total_bytes,
        speed_bps=view.speed_bps,
        left_s=view.left_s,
        next_try_ms=view.next_try_ms,
        problem=problem,
    )


@router.post("/uploads/query")
async def query_uploads(body: FindUploads, services: ServicesDep, _: SignedIn) -> Reply[UploadPage]:
    """List what is on its way into a bucket, oldest first, page by page."""
    waiting = await services.uploads.unfinished()
    ids = [one.id for one in waiting]
    if body.cursor is not None and body.cursor not in ids:
        raise Invalid("the cursor's upload is over", "Begin at the first page.", key="cursor")
    begin = 0 if body.cursor is None else ids.index(body.cursor) + 1
    some = waiting[begin : begin + body.limit]
    cursor = some[-1].id if begin + body.limit < len(waiting) else None
    found = [shown_upload(services.uploads.view(one)) for one in some]
    return Reply(data=UploadPage(uploads=found, cursor=cursor))


@router.post("/uploads/pause")
async def pause(body: RecordingBody, services: ServicesDep, _: SignedIn) -> Reply[UploadOut]:
    """Send nothing more of a recording until it is resumed."""
    paused = await services.uploads.pause(body.id)
    return Reply(data=shown_upload(services.uploads.view(paused)))


@router.post("/uploads/resume")
async def resume(body: RecordingBody, services: ServicesDep, _: SignedIn) -> Reply[UploadOut]:
    """Go on with a recording that was paused."""
    resumed = await services.uploads.resume(body.id)
    return Reply(data=shown_upload(services.uploads.view(resumed)))


@router.post("/uploads/retry")
async def retry(body: RecordingBody, services: ServicesDep, _: SignedIn) -> Reply[UploadOut]:
    """Try at once what waits for its next try, and again what was given up."""
    tried = await services.uploads.retry(body.id)
    return Reply(data=shown_upload(services.uploads.view(tried)))


@router.post("/settings/query")
async def query_settings(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[SettingsOut]:
    """Tell how fast uploads may go."""
    return Reply(data=_shown(services.uploads.settings))


@router.post("/settings/update")
async def update_settings(
    body: UpdateSettings, services: ServicesDep, _: SignedIn
) -> Reply[SettingsOut]:
    """Change how fast uploads may go, at once."""
    changes: dict[str, Any] = body.model_dump(exclude_none=True, exclude={"token"})
    await services.uploads.configure(replace(services.uploads.settings, **changes))
    return Reply(data=_shown(services.uploads.settings))


def _shown(settings: UploadSettings) -> SettingsOut:
    return SettingsOut(limit_kbps=settings.limit_kbps, parallel=settings.parallel)
