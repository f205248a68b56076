"""Routes of uploads: what is on its way, pause, resume, try again, and how fast it may go."""

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ..library.catalogue_query import Query
from ..library.recording import State, UploadState
from ..library.routes import Problem, RecordingBody
from ..recorder.services import ServicesDep
from .upload_settings import MAX_PARALLEL, UploadSettings
from .upload_view import UNFINISHED, UploadView

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
    page = await services.catalogue.page(
        Query(limit=body.limit, cursor=body.cursor, order="asc", uploads=UNFINISHED)
    )
    views = [services.uploads.view(one) for one in page.items if one.state is not State.DELETING]
    return Reply(data=UploadPage(uploads=[shown_upload(it) for it in views], cursor=page.cursor))


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
