"""Routes of what is recorded: the rules of the house, of one stream, schedules, and by hand."""

import os
import secrets
import stat
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Conflict, Invalid, NotFound
from ...core.log import get_logger
from ..fields import Label, StreamBody
from ..record_rules import (
    Mode,
    OnCodecChange,
    RecordRules,
    Schedule,
    StreamRule,
    UploadWhat,
    minutes_of,
)
from .services import Services, ServicesDep

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/recordings", tags=["recording rules"])
compat = APIRouter(prefix=f"{API}/hooks", tags=["recording rules"])

MAX_GLOBS = 100
MAX_SCHEDULES = 100
MAX_STREAM_RULES = 10_000

Glob = Annotated[str, Field(min_length=1, max_length=500)]
Globs = Annotated[list[str], Field(max_length=MAX_GLOBS)]
Clock = Annotated[str, Field(pattern=r"^[0-2][0-9]:[0-5][0-9]$")]
Day = Annotated[int, Field(ge=0, le=6)]
Days = Annotated[list[Day], Field(min_length=1, max_length=7)]
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


class UpdateStream(StreamBody):
    """What is absent stays as it is; ``target_id`` null: as the house uploads."""

    mode: Mode | None = None
    target_id: Target | None = None


class ScheduleOut(BaseModel):
    """``next_ms``: when it begins next; null while it is off."""

    id: str
    label: str
    glob: str
    days: list[int]
    start: str
    end: str
    zone: str
    enabled: bool
    next_ms: int | None


class Schedules(BaseModel):
    schedules: list[ScheduleOut]


class CreateSchedule(Body):
    """``days``: 0 is Monday; an ``end`` before ``start`` is on the next day."""

    label: Label
    glob: Glob
    days: Days
    start: Clock
    end: Clock
    zone: Annotated[str, Field(max_length=100)] = "UTC"
    enabled: bool = True


class UpdateSchedule(Body):
    """What is absent stays as it is."""

    id: Annotated[str, Field(max_length=32)]
    label: Label | None = None
    glob: Glob | None = None
    days: Days | None = None
    start: Clock | None = None
    end: Clock | None = None
    zone: Annotated[str, Field(max_length=100)] | None = None
    enabled: bool | None = None


class ScheduleBody(Body):
    id: Annotated[str, Field(max_length=32)]


class ApplyAll(Body):
    all: bool


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
        changes["post_copy_dir"] = check_copy_dir(changes["post_copy_dir"], services)
    rules = await services.rules.edit(lambda current: replace(current, **changes))
    services.capture.wake()
    return rules


def check_copy_dir(name: str, services: Services) -> str:
    """Return the real path of a directory that copies of recordings may be written to.

    Raises Invalid unless it is absolute, exists, is ours to write, and lies apart from our data:
    nobody may overwrite settings or keys by it.
    """
    path = Path(name)
    if not path.is_absolute():
        raise _bad_directory("it does not begin with /")
    try:
        real = path.resolve(strict=True)
        if not stat.S_ISDIR(real.stat().st_mode):
            raise _bad_directory("it is no directory")
    except OSError as exc:
        raise _bad_directory(exc.strerror or "it cannot be read") from None
    root = services.settings.data_dir.resolve()
    if real == root or root in real.parents or real in root.parents:
        raise _bad_directory("it holds, or lies in, Streamstead's own data")
    if not os.access(real, os.W_OK | os.X_OK):
        raise _bad_directory("Streamstead's account may not write there")
    return str(real)


def _bad_directory(why: str) -> Invalid:
    return Invalid(
        f"this directory cannot take copies: {why}",
        "Make a directory of its own, such as /srv/recordings, give it to the account that "
        "Streamstead runs as, and name it in full.",
        key="copy_dir_invalid",
    )


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
    body: UpdateStream, services: ServicesDep, _: SignedIn
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
            raise Conflict("there are too many streams with rules of their own", "Remove some.")
        return replace(rules, streams=others | {url: own})

    await services.rules.edit(change)
    services.capture.wake()
    return Reply(data=_stream(services, url))


@router.post("/start")
async def start(body: StreamBody, services: ServicesDep, _: SignedIn) -> Reply[StreamRecording]:
    """Record a live stream from now on, until its publisher leaves."""
    url = body.url()
    if await services.registry.publisher(url) is None:
        raise Conflict(
            f"{url} is not live",
            "Start the encoder first, or let the stream always be recorded.",
            key="stream_not_live",
        )
    await services.rules.set_manual(url, "on")
    services.capture.wake()
    return Reply(data=_stream(services, url))


@router.post("/stop")
async def stop(body: StreamBody, services: ServicesDep, _: SignedIn) -> Reply[StreamRecording]:
    """Stop recording a stream, whatever wants it, until its publisher leaves."""
    url = body.url()
    rules = services.rules.current
    live = await services.registry.publisher(url) is not None
    by_hand_only = replace(rules, manual={}).decide(url, services.clock()).record is False
    await services.rules.set_manual(url, None if by_hand_only or not live else "off")
    services.capture.wake()
    return Reply(data=_stream(services, url))


@router.post("/schedules/list")
async def list_schedules(services: ServicesDep, _: SignedIn) -> Reply[Schedules]:
    """List all schedules."""
    now = services.clock()
    found = [_scheduled(one, now) for one in services.rules.current.schedules]
    return Reply(data=Schedules(schedules=found))


@router.post("/schedules/create")
async def create_schedule(
    body: CreateSchedule, services: ServicesDep, _: SignedIn
) -> Reply[ScheduleOut]:
    """Add a schedule: streams that match are recorded while it lasts."""
    made = Schedule(
        id=secrets.token_hex(4),
        label=body.label,
        glob=body.glob.lstrip("/"),
        days=tuple(sorted(set(body.days))),
        start=body.start,
        end=body.end,
        zone=body.zone,
        enabled=body.enabled,
    )
    _check_schedule(made)

    def change(rules: RecordRules) -> RecordRules:
        if len(rules.schedules) >= MAX_SCHEDULES:
            raise Conflict(f"there are {MAX_SCHEDULES} schedules already", "Remove one first.")
        return replace(rules, schedules=(*rules.schedules, made))

    await services.rules.edit(change)
    services.capture.wake()
    return Reply(data=_scheduled(made, services.clock()))


@router.post("/schedules/update")
async def update_schedule(
    body: UpdateSchedule, services: ServicesDep, _: SignedIn
) -> Reply[ScheduleOut]:
    """Change a schedule."""
    changes = body.model_dump(exclude_none=True, exclude={"token", "id"})
    if "days" in changes:
        changes["days"] = tuple(sorted(set(changes["days"])))
    if "glob" in changes:
        changes["glob"] = changes["glob"].lstrip("/")
    changed: list[Schedule] = []

    def change(rules: RecordRules) -> RecordRules:
        one = replace(_known(rules, body.id), **changes)
        _check_schedule(one)
        changed.append(one)
        some = tuple(one if known.id == one.id else known for known in rules.schedules)
        return replace(rules, schedules=some)

    await services.rules.edit(change)
    services.capture.wake()
    return Reply(data=_scheduled(changed[-1], services.clock()))


@router.post("/schedules/remove")
async def remove_schedule(body: ScheduleBody, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Take a schedule away."""

    def change(rules: RecordRules) -> RecordRules:
        gone = _known(rules, body.id)
        return replace(rules, schedules=tuple(one for one in rules.schedules if one != gone))

    await services.rules.edit(change)
    services.capture.wake()
    return Reply(data=None)


def _known(rules: RecordRules, id_: str) -> Schedule:
    for one in rules.schedules:
        if one.id == id_:
            return one
    raise NotFound("there is no such schedule", "Look at the list again.", key="schedule_unknown")


def _check_schedule(one: Schedule) -> None:
    minutes_of(one.start)
    minutes_of(one.end)
    if one.zone not in available_timezones():
        raise Invalid(
            f"{one.zone} is no time zone", "Write it as Europe/Berlin or UTC.", key="zone_unknown"
        )


def next_start_ms(one: Schedule, now_ms: int) -> int | None:
    """Return when a schedule begins next, ms since the epoch; None while it is off."""
    if not one.enabled:
        return None
    zone = ZoneInfo(one.zone)
    today = datetime.fromtimestamp(now_ms / 1000, zone)
    hour, minute = divmod(minutes_of(one.start), 60)
    for ahead in range(9):
        day = today + timedelta(days=ahead)
        at = day.replace(hour=hour, minute=minute, second=0, microsecond=0)
        at_ms = round(at.timestamp() * 1000)
        if at.weekday() in one.days and at_ms > now_ms:
            return at_ms
    return None


def _scheduled(one: Schedule, now_ms: int) -> ScheduleOut:
    return ScheduleOut.model_validate(asdict(one) | {"next_ms": next_start_ms(one, now_ms)})


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
