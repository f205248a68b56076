"""Routes of backups: make, list, fetch, remove, restore, and when they are made by themselves."""

from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ..services import ServicesDep
from .proof import Proven

router = APIRouter(prefix=f"{API}/mgmt/backup", tags=["backup"])

ASK_S = 30.0
"""The list of a bucket is asked over the network."""

_ID = r"^[A-Za-z0-9][A-Za-z0-9.-]*$"
_BINARY = {"type": "string", "format": "binary"}

BackupId = Annotated[str, Field(min_length=1, max_length=100, pattern=_ID)]
Passphrase = Annotated[str, Field(min_length=8, max_length=500)]
AnyPassphrase = Annotated[str, Field(max_length=500)]
Clock = Annotated[str, Field(pattern=r"^(?:[01][0-9]|2[0-3]):[0-5][0-9]$")]
Weekday = Annotated[int, Field(ge=0, le=6)]


class BackupPlace(StrEnum):
    """On this machine, or in the bucket that is the default for recordings."""

    FILE = "file"
    BUCKET = "bucket"


class CreateBackup(Body):
    """Without ``passphrase`` the one of the schedule is taken. ``recordings``: with the media of
    recordings, films and pictures, not their list alone. ``unencrypted``: on purpose, and to a
    file only."""

    passphrase: Passphrase | None = None
    recordings: bool = False
    to: BackupPlace = BackupPlace.FILE
    unencrypted: bool = False


class BackupRequest(Body):
    id: BackupId


class RestoreBackup(Proven):
    """``passphrase`` may be absent for one that is not encrypted."""

    id: BackupId
    passphrase: AnyPassphrase = ""


class BackupEntry(BaseModel):
    """``verified``: it was read again, in whole, after it was written. ``version``: of the release
    that made it."""

    id: str
    name: str
    at_ms: int
    bytes: int
    version: str
    encrypted: bool
    recordings: bool
    where: BackupPlace
    verified: bool


class BackupProblem(BaseModel):
    message: str
    help: str
    key: str


class BackupJob(BaseModel):
    """``kind``: create or restore. ``state``: running, done, failed or rolled_back. ``step``:
    stable name of what is being done; ``done_bytes`` of about ``total_bytes``."""

    id: str
    kind: str
    state: str
    step: str
    done_bytes: int
    total_bytes: int
    started_ms: int
    ended_ms: int | None
    error: BackupProblem | None


class Backups(BaseModel):
    """``running``: what is done now; ``last``: what ended last. ``bucket_problem``: why the list of
    the bucket is not there; null when there is none or it was read. ``move``: how to take the
    house to another server, in words."""

    backups: list[BackupEntry]
    running: BackupJob | None
    last: BackupJob | None
    free_bytes: int
    bucket: bool
    bucket_problem: str | None
    move: list[str]


class BackupSchedule(BaseModel):
    """``days``: 0 is Monday, none is every day. ``keep``: so many of those that the schedule made
    stay. ``next_ms``: null while it is off."""

    enabled: bool
    at: str
    zone: str
    days: list[int]
    keep: int
    to: BackupPlace
    recordings: bool
    passphrase_set: bool
    next_ms: int | None
    last_at_ms: int | None
    last_ok: bool | None
    last_error: str


class UpdateBackupSchedule(Body):
    """What is absent stays as it is."""

    enabled: bool | None = None
    at: Clock | None = None
    zone: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    days: Annotated[list[Weekday], Field(max_length=7)] | None = None
    keep: Annotated[int, Field(ge=1, le=365)] | None = None
    to: BackupPlace | None = None
    recordings: bool | None = None
    passphrase: Passphrase | None = None


class BackupNothing(BaseModel):
    """There is nothing to tell."""


@router.post("/list")
async def list_backups(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[Backups]:
    """List all backups, newest first, and what is going on."""
    found = await services.host.call("GET", "/v1/backup/list", timeout_s=ASK_S)
    return Reply(data=Backups.model_validate(found))


@router.post("/create")
async def create_backup(body: CreateBackup, services: ServicesDep, _: SignedIn) -> Reply[BackupJob]:
    """Begin a backup; ``list`` tells how it goes."""
    return Reply(data=BackupJob.model_validate(await _ask(services, "create", body)))


@router.post("/remove")
async def remove_backup(
    body: BackupRequest, services: ServicesDep, _: SignedIn
) -> Reply[BackupNothing]:
    """Remove one for good."""
    await _ask(services, "remove", body)
    return Reply(data=BackupNothing())


@router.get(
    "/download",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {"schema": _BINARY}}}},
)
async def download_backup(
    services: ServicesDep,
    _: SignedIn,
    id_: Annotated[
        str,
        Query(alias="id", min_length=1, max_length=100, pattern=_ID),
    ],
) -> StreamingResponse:
    """Return the file, as it is kept."""
    return StreamingResponse(
        await services.host.download(f"/v1/backup/download?id={id_}"),
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": f'attachment; filename="{id_}.ssbackup"',
            "Cache-Control": "no-store",
        },
    )


@router.post("/restore")
async def restore_backup(
    body: RestoreBackup, services: ServicesDep, _: SignedIn
) -> Reply[BackupJob]:
    """Put the house back to a backup. All streams end for a moment, and all services restart; the
    state of before returns when they do not become healthy."""
    return Reply(data=BackupJob.model_validate(await _ask(services, "restore", body)))


@router.post("/schedule/query")
async def query_schedule(
    services: ServicesDep, _who: SignedIn, _: Body | None = None
) -> Reply[BackupSchedule]:
    """Tell when backups are made by themselves."""
    found = await services.host.call("GET", "/v1/backup/schedule/query")
    return Reply(data=BackupSchedule.model_validate(found))


@router.post("/schedule/update")
async def update_schedule(
    body: UpdateBackupSchedule, services: ServicesDep, _: SignedIn
) -> Reply[BackupSchedule]:
    """Change when and where to backups are made by themselves."""
    return Reply(data=BackupSchedule.model_validate(await _ask(services, "schedule/update", body)))


async def _ask(services: ServicesDep, what: str, body: Body) -> Any:
    wanted = body.model_dump(mode="json", exclude={"token"}, exclude_none=True)
    return await services.host.call("POST", f"/v1/backup/{what}", wanted, ASK_S)
