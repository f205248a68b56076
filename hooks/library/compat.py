"""Recordings as SRS-cloud and Oryx list them; every one of them can be reached."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.registry import rfc3339
from ..recorder.services import Services, ServicesDep
from .catalogue_query import Query
from .recording import Mp4State, Recording, State, UploadState
from .routes import RecordingOut, show

router = APIRouter(prefix=f"{API}/hooks", tags=["recordings (compatible)"])

_PAGE = 200
Uuid = Annotated[str, Field(max_length=64)]


class RecordSwitch(BaseModel):
    """``home``: where recordings lie; ``processCpDir``: where copies of MP4s go."""

    all: bool
    home: str
    globs: list[str]
    processCpDir: str  # noqa: N815


class DvrSwitch(BaseModel):
    """``secret``: a storage is set up."""

    all: bool
    secret: bool


class VodSwitch(DvrSwitch):
    service: bool
    storage: bool


class FilesBody(Body):
    """Without a ``limit`` all of them are listed, newest first."""

    limit: Annotated[int, Field(ge=1, le=10_000)] | None = None
    before: Annotated[str, Field(max_length=2000)] | None = None


class RemuxTask(BaseModel):
    """The MP4 of a recording."""

    url: str
    bitrate: int
    height: int
    width: int
    size: int
    duration: float
    md5: str


class RecordFile(BaseModel):
    """One recording; ``update`` is an ISO time, ``duration`` seconds, ``size`` bytes."""

    uuid: str
    vhost: str
    app: str
    stream: str
    progress: bool
    update: str
    nn: int
    duration: float
    size: int


class DvrFile(RecordFile):
    bucket: str
    region: str


class VodFile(RecordFile):
    """``file``: the object's key in the bucket; ``media``: the address of the MP4 here."""

    file: str
    media: str
    task: RemuxTask | None


class UuidBody(Body):
    uuid: Uuid


@router.post("/record/query")
async def query_record(services: ServicesDep, _: SignedIn) -> Reply[RecordSwitch]:
    """Tell whether every stream is recorded."""
    rules = services.rules.current
    return Reply(
        data=RecordSwitch(
            all=rules.record_all,
            home=str(services.settings.data.record),
            globs=list(rules.globs),
            processCpDir=rules.post_copy_dir,
        )
    )


@router.post("/dvr/query")
async def query_dvr(services: ServicesDep, _: SignedIn) -> Reply[DvrSwitch]:
    """Tell whether every stream is recorded into a bucket."""
    rules = services.rules.current
    return Reply(data=DvrSwitch(all=rules.dvr_all, secret=bool(rules.default_target)))


@router.post("/vod/query")
async def query_vod(services: ServicesDep, _: SignedIn) -> Reply[VodSwitch]:
    """Tell whether every stream is recorded into a bucket with an MP4."""
    rules = services.rules.current
    ready = bool(rules.default_target)
    return Reply(data=VodSwitch(all=rules.vod_all, secret=ready, service=ready, storage=ready))


async def _all(services: Services, body: FilesBody, want: str) -> AsyncIterator[Recording]:
    cursor, left = body.before, body.limit
    while left is None or left > 0:
        size = _PAGE if left is None else min(_PAGE, left)
        page = await services.catalogue.page(Query(limit=size, cursor=cursor, want=want))
        for one in page.items:
            yield one
        cursor = page.cursor
        left = None if left is None else left - len(page.items)
        if cursor is None:
            return


def _file(one: Recording) -> dict[str, object]:
    return {
        "uuid": one.id,
        "vhost": one.vhost,
        "app": one.app,
        "stream": one.stream,
        "progress": one.state is State.RECORDING,
        "update": rfc3339(one.ended_ms or one.started_ms + one.duration_ms),
        "nn": one.segments,
        "duration": one.duration_ms / 1000,
        "size": one.size_bytes,
    }


@router.post("/record/files")
async def record_files(
    body: FilesBody, services: ServicesDep, _: SignedIn
) -> Reply[list[RecordFile]]:
    """List what was recorded to this disk."""
    found = [RecordFile.model_validate(_file(it)) async for it in _all(services, body, "record")]
    return Reply(data=found)


@router.post("/dvr/files")
async def dvr_files(body: FilesBody, services: ServicesDep, _: SignedIn) -> Reply[list[DvrFile]]:
    """List what was recorded into a bucket."""
    places = await services.targets.places()
    found = []
    async for one in _all(services, body, "dvr"):
        bucket, region = places.get(one.target_id, ("", ""))
        found.append(DvrFile.model_validate(_file(one) | {"bucket": bucket, "region": region}))
    return Reply(data=found)


@router.post("/vod/files")
async def vod_files(body: FilesBody, services: ServicesDep, _: SignedIn) -> Reply[list[VodFile]]:
    """List what was recorded into a bucket with an MP4."""
    found = []
    async for one in _all(services, body, "vod"):
        media = f"{API}/hooks/vod/hls/{one.id}/index.mp4"
        there = one.upload is UploadState.VERIFIED
        task = _task(one, media) if one.mp4 is Mp4State.READY else None
        more = {"file": one.id if there else "", "media": media if there else "", "task": task}
        found.append(VodFile.model_validate(_file(one) | more))
    return Reply(data=found)


def _task(one: Recording, media: str) -> RemuxTask:
    seconds = one.duration_ms / 1000
    return RemuxTask(
        url=media,
        bitrate=round(one.mp4_bytes * 8 / seconds) if seconds else 0,
        height=one.height,
        width=one.width,
        size=one.mp4_bytes,
        duration=seconds,
        md5="",
    )


@router.post("/record/remove")
async def remove(body: UuidBody, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Delete a recording, also one under way."""
    await services.remover.remove(body.uuid)
    return Reply(data=None)


@router.post("/record/end")
async def end(body: UuidBody, services: ServicesDep, _: SignedIn) -> Reply[RecordingOut]:
    """Close a recording that is under way."""
    ended = await services.capture.end(body.uuid)
    return Reply(data=(await show(services, ended))[0])
