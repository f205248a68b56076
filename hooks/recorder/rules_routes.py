"""Routes of what is recorded: the rules of the house, of one stream, and by hand."""

import asyncio
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field, StrictBool

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Conflict
from ..fields import StreamBody
from ..record_rules import Mode, OnCodecChange, RecordRules, StreamRule, UploadWhat
from .post_copy import check_copy_directory
from .services import Services, ServicesDep

router = APIRouter(prefix=f"{API}/recordings", tags=["recording rules"])
compat = APIRouter(prefix=f"{API}/hooks", tags=["recording rules"])

MAX_GLOBS = 100
MAX_STREAM_RULES = 1_000

Glob = Annotated[str, Field(min_length=1, max_length=500)]
Globs = Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=MAX_GLOBS)]
Target = Annotated[str, Field(max_length=64)]
Directory = Annotated[str, Field(max_length=1000)]


class Rules(BaseModel):
    """What is recorded and how. 0 is no limit; ``post_copy_dir`` empty: no copy is made."""

    record_all: bool
    dvr_all: bool
    vod_all: bool
    globs: list[str]
    grace_s: int
    on_codec_change: OnCodecChange
    max_length_s: int
    max_size_mb: int
    mp4: bool
    thumbnails: bool
    upload_all: bool
    upload_what: UploadWhat
    post_copy_dir: str


class UpdateRules(Body):
    """What is absent stays as it is."""

    record_all: bool | None = None
    dvr_all: bool | None = None
    vod_all: bool | None = None
    globs: Globs | None = None
    grace_s: Annotated[int, Field(ge=0, le=3600)] | None = None
    on_codec_change: OnCodecChange | None = None
    max_length_s: Annotated[int, Field(ge=0, le=30 * 86_400)] | None = None
    max_size_mb: Annotated[int, Field(ge=0, le=10_000_000)] | None = None
    mp4: bool | None = None
    thumbnails: bool | None = None
    upload_all: bool | None = None
    upload_what: UploadWhat | None = None
    post_copy_dir: Directory | None = None


class StreamRecording(BaseModel):
    """``why``: off, all, glob, stream, manual, schedule, dvr, vod or disk. ``target_id`` null: as
    the house uploads; empty: never."""

    mode: Mode
    target_id: str | None
    wanted: bool
    why: str
    recording_id: str | None
    manual: str | None


class UpdateStreamRecording(StreamBody):
    """What is absent stays as it is; ``target_id`` null: as the house uploads."""

    mode: Mode | None = None
    target_id: Target | None = None


class ApplyAll(Body):
    all: StrictBool


class ApplyGlobs(Body):
    globs: Globs


class PostProcessing(Body):
    """Field names are Oryx's."""

    post_process: Annotated[str, Field(alias="postProcess", pattern="^post-cp-file$")]
    post_dir: Annotated[str, Field(alias="postCpDir", max_length=1000)]


def _shown(rules: RecordRules) -> Rules:
    return Rules.model_validate({name: getattr(rules, name) for name in Rules.model_fields})


@router.post("/rules/query")
async def query_rules(services: ServicesDep, _: SignedIn) -> Reply[Rules]:
    """Tell what is recorded and how."""
    return Reply(data=_shown(services.rules.current))


@router.post("/rules/update")
async def update_rules(body: UpdateRules, services: ServicesDep, _: SignedIn) -> Reply[Rules]:
    """Change some of it; it counts from the next segment on."""
    return Reply(data=_shown(await _change(services, body.model_dump(exclude_none=True))))


async def _change(services: Services, changes: dict[str, Any]) -> RecordRules:
    changes.pop("token", None)
    if "globs" in changes:
        changes["globs"] = tuple(one.strip() for one in changes["globs"] if one.strip())
    if changes.get("post_copy_dir"):
        changes["post_copy_dir"] = await asyncio.to_thread(
            check_copy_directory, changes["post_copy_dir"], services.settings.data_dir
        )
    rules = await services.rules.edit(lambda current: replace(current, **changes))
    services.capture.wake()
    return rules


@router.post("/stream/query")
async def query_stream(
    body: StreamBody, services: ServicesDep, _: SignedIn
) -> Reply[StreamRecording]:
    """Tell whether a stream is recorded, and why."""
    return Reply(data=_stream(services, body.url()))


def _stream(services: Services, url: str) -> StreamRecording:
    rules = services.rules.current
    own = rules.streams.get(url, StreamRule())
    decision = rules.decide(url, services.clock())
    return StreamRecording(
        mode=own.mode,
        target_id=own.target_id,
        wanted=decision.record,
        why=decision.why,
        recording_id=services.capture.recording_of(url),
        manual=rules.manual.get(url),
    )


@router.post("/stream/update")
async def update_stream(
    body: UpdateStreamRecording, services: ServicesDep, _: SignedIn
) -> Reply[StreamRecording]:
    """Change what holds for one stream."""
    url = body.url()

    def change(rules: RecordRules) -> RecordRules:
        own = rules.streams.get(url, StreamRule())
        if body.mode is not None:
            own = replace(own, mode=body.mode)
        if "target_id" in body.model_fields_set:
            own = replace(own, target_id=body.target_id)
        others = {known: one for known, one in rules.streams.items() if known != url}
        if own == StreamRule():
            return replace(rules, streams=others)
        if len(others) >= MAX_STREAM_RULES:
            raise Conflict(
                f"{MAX_STREAM_RULES} streams have a choice of their own already",
                "Set some of them back to the rules of the house.",
                key="too_many_stream_rules",
            )
        return replace(rules, streams=others | {url: own})

    await services.rules.edit(change)
    services.capture.wake()
    return Reply(data=_stream(services, url))


@router.post("/start")
async def start(body: StreamBody, services: ServicesDep, _: SignedIn) -> Reply[StreamRecording]:
    """Record a live stream from now on, whatever the rules say, until its publisher leaves."""
    url = body.url()
    await _check_live(services, url)
    if services.rules.current.disk_full:
        raise Conflict(
            "the disk is nearly full, so nothing new is recorded",
            "Delete recordings, or let old ones be deleted by age or size.",
            key="disk_full",
        )
    return await _by_hand(services, url, "on")


@router.post("/stop")
async def stop(body: StreamBody, services: ServicesDep, _: SignedIn) -> Reply[StreamRecording]:
    """Stop recording a stream, whatever wants it, until its publisher leaves."""
    url = body.url()
    if services.capture.recording_of(url) is None:
        await _check_live(services, url)
    return await _by_hand(services, url, "off")


async def _by_hand(services: Services, url: str, wish: str) -> Reply[StreamRecording]:
    await services.rules.set_manual(url, wish)
    services.capture.wake()
    return Reply(data=_stream(services, url))


async def _check_live(services: Services, url: str) -> None:
    if await services.registry.publisher(url) is None:
        raise Conflict(
            f"{url} is not live",
            "Start the encoder first, or let the stream always be recorded.",
            key="stream_not_live",
        )


@compat.post("/record/apply")
async def apply_record(body: ApplyAll, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Record every stream, or none by this switch (as SRS-cloud and Oryx)."""
    await _change(services, {"record_all": body.all})
    return Reply(data=None)


@compat.post("/dvr/apply")
async def apply_dvr(body: ApplyAll, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Record every stream into the default storage (as SRS-cloud and Oryx)."""
    await _change(services, {"dvr_all": body.all})
    return Reply(data=None)


@compat.post("/vod/apply")
async def apply_vod(body: ApplyAll, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Record every stream into the default storage, with an MP4 (as SRS-cloud and Oryx)."""
    await _change(services, {"vod_all": body.all})
    return Reply(data=None)


@compat.post("/record/globs")
async def apply_globs(body: ApplyGlobs, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Narrow recording of everything to streams that match ``/app/stream`` (as Oryx)."""
    await _change(services, {"globs": body.globs})
    return Reply(data=None)


@compat.post("/record/post-processing")
async def post_processing(body: PostProcessing, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Copy every finished MP4 into a directory (as Oryx); an empty one switches it off."""
    await _change(services, {"post_copy_dir": body.post_dir})
    return Reply(data=None)
