"""Routes of how long recordings stay, and of the disk they lie on."""

from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Invalid
from ...core.names import check_stream
from .guard import Level
from .retention_rules import AfterUpload, Retention, StreamDays
from .services import Services, ServicesDep

router = APIRouter(prefix=f"{API}/recordings", tags=["recording retention"])

MAX_STREAMS = 1_000

Days = Annotated[int, Field(ge=0, le=36_500)]


class StreamDaysOut(BaseModel):
    """Days of one stream; what is absent is as for the house. 0: for ever."""

    model_config = ConfigDict(extra="forbid")

    local_days: Days | None = None
    bucket_days: Days | None = None


class RetentionOut(BaseModel):
    """0 days: for ever; 0 of the others: no limit. What is on its way into a bucket, and what is
    marked to be kept, stays in any case. ``after_upload``: what becomes of the local files."""

    local_days: int
    local_max_gb: int
    min_free_percent: int
    warn_percent: int
    stop_percent: int
    after_upload: AfterUpload
    after_upload_days: int
    bucket_days: int
    streams: dict[str, StreamDaysOut]


class UpdateRetention(Body):
    """What is absent stays as it is; ``streams`` are replaced as a whole."""

    local_days: Days | None = None
    local_max_gb: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    min_free_percent: Annotated[int, Field(ge=0, le=90)] | None = None
    warn_percent: Annotated[int, Field(ge=2, le=95)] | None = None
    stop_percent: Annotated[int, Field(ge=1, le=90)] | None = None
    after_upload: AfterUpload | None = None
    after_upload_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    bucket_days: Days | None = None
    streams: Annotated[dict[str, StreamDaysOut], Field(max_length=MAX_STREAMS)] | None = None


class Disk(BaseModel):
    """``stopped``: work for which there is no room; ``full_in_days``: until there is none for new
    recordings, at the pace of the last week."""

    total_bytes: int
    free_bytes: int
    free_percent: float
    level: Level
    spool_bytes: int
    record_bytes: int
    stopped: list[Literal["thumbnails", "mp4", "recording"]]
    full_in_days: float | None


@router.post("/retention/query", response_model_exclude_none=True)
async def query_retention(services: ServicesDep, _: SignedIn) -> Reply[RetentionOut]:
    """Tell how long recordings stay."""
    return Reply(data=_shown(await services.retention.load()))


@router.post("/retention/update", response_model_exclude_none=True)
async def update_retention(
    body: UpdateRetention, services: ServicesDep, _: SignedIn
) -> Reply[RetentionOut]:
    """Change some of it; what is due by it is deleted at once."""
    given = body.model_dump(exclude_none=True, exclude={"token", "streams"})
    if body.streams is not None:
        given["streams"] = _streams(body.streams)
    return Reply(data=_shown(await services.retention.edit(lambda it: _checked(it, given))))


@router.post("/disk")
async def disk(services: ServicesDep, _who: SignedIn, _: Body | None = None) -> Reply[Disk]:
    """Tell how full the disk is."""
    return Reply(data=await disk_facts(services))


async def disk_facts(services: Services) -> Disk:
    """Return how full the disk is. Raises OSError, sqlite3.Error."""
    return Disk.model_validate(asdict(await services.disk.facts()))


def _shown(rules: Retention) -> RetentionOut:
    return RetentionOut.model_validate(asdict(rules))


def _streams(given: dict[str, StreamDaysOut]) -> dict[str, StreamDays]:
    found: dict[str, StreamDays] = {}
    for url, days in given.items():
        app, _, stream = url.strip("/").partition("/")
        if days.local_days is not None or days.bucket_days is not None:
            found[check_stream(app, stream)] = StreamDays(days.local_days, days.bucket_days)
    return found


def _checked(rules: Retention, given: dict[str, Any]) -> Retention:
    after = replace(rules, **given)
    if after.stop_percent >= after.warn_percent:
        raise Invalid(
            "the warning would come after work has stopped",
            "Choose a greater share of free space for the warning than for the stop.",
            key="warn_below_stop",
        )
    return after
