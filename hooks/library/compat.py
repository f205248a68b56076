"""Recordings as SRS-cloud and Oryx list them; every one of them can be reached."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Annotated

import orjson
from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Invalid, NotFound
from ...core.registry import rfc3339
from ..recorder.services import Services, ServicesDep
from .catalogue_query import Query
from .recording import Mp4State, Recording, State, UploadState
from .routes import RecordingOut, saved, show

router = APIRouter(prefix=f"{API}/hooks", tags=["recordings (compatible)"])

_PAGE = 1000
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
    """Without a ``limit`` all of them are listed, newest first. ``cursor``: the uuid of the last
    one that was listed before."""

    limit: Annotated[int, Field(ge=1, le=10_000)] | None = None
    cursor: Uuid | None = None


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
    """``file``: the recording's uuid once it is in the bucket; ``media``: where the MP4 is watched;
    ``task`` is absent until there is an MP4."""

    file: str
    media: str
    task: RemuxTask | None = None


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


async def _listed(
    services: Services, body: FilesBody, want: str, shown: Callable[[Recording], dict[str, object]]
) -> Response:
    """Answer with all that a switch asked for; sent as it is read, for there may be very many."""
    query = Query(limit=_PAGE, want=want)
    if body.cursor is not None:
        last = await _known(services, body.cursor)
        query = replace(query, cursor=query.cursor_after(last, 0))
    first = await services.catalogue.page(query)

    async def parts() -> AsyncIterator[bytes]:
        page, left = first, body.limit
        yield b'{"code":0,"data":['
        comma = b""
        while True:
            items = [shown(one) for one in page.items if one.state is not State.DELETING][:left]
            if items:
                yield comma + orjson.dumps(items)[1:-1]
                comma = b","
            left = None if left is None else left - len(items)
            if page.cursor is None or left == 0:
                break
            page = await services.catalogue.page(replace(query, cursor=page.cursor))
        yield b"]}"

    return StreamingResponse(parts(), media_type="application/json")


async def _known(services: Services, uuid: str) -> Recording:
    try:
        return await services.catalogue.get(uuid)
    except NotFound as exc:
        raise Invalid(exc.message, exc.help, key=exc.key) from None


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


@router.post("/record/files", response_model=Reply[list[RecordFile]])
async def record_files(body: FilesBody, services: ServicesDep, _: SignedIn) -> Response:
    """List what was recorded to this disk."""
    return await _listed(services, body, "record", _file)


@router.post("/dvr/files", response_model=Reply[list[DvrFile]])
async def dvr_files(body: FilesBody, services: ServicesDep, _: SignedIn) -> Response:
    """List what was recorded into a bucket."""
    places = await services.targets.places()

    def shown(one: Recording) -> dict[str, object]:
        bucket, region = places.get(one.target_id, ("", ""))
        return _file(one) | {"bucket": bucket, "region": region}

    return await _listed(services, body, "dvr", shown)


@router.post("/vod/files", response_model=Reply[list[VodFile]])
async def vod_files(body: FilesBody, services: ServicesDep, _: SignedIn) -> Response:
    """List what was recorded into a bucket with an MP4."""
    return await _listed(services, body, "vod", _vod_file)


def _vod_file(one: Recording) -> dict[str, object]:
    media = f"{API}/hooks/vod/hls/{one.id}/index.mp4"
    there = one.upload is UploadState.VERIFIED
    found = _file(one) | {"file": one.id if there else "", "media": media if there else ""}
    if one.mp4 is Mp4State.READY:
        found["task"] = _task(one, media).model_dump()
    return found


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
    recording = await _known(services, body.uuid)
    with saved():
        await services.remover.remove(recording.id)
    return Reply(data=None)


@router.post("/record/end")
async def end(body: UuidBody, services: ServicesDep, _: SignedIn) -> Reply[RecordingOut]:
    """Close a recording that is under way."""
    recording = await _known(services, body.uuid)
    with saved():
        ended = await services.capture.end(recording.id)
    return Reply(data=(await show(services, ended))[0])
