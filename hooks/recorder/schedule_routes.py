"""Routes of schedules: when streams are recorded by the clock."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Conflict, Invalid, NotFound
from ...core.weekly import is_zone
from ..fields import Label
from ..record_rules import RecordRules, Schedule
from .rules_routes import Glob
from .services import Services, ServicesDep

router = APIRouter(prefix=f"{API}/recordings/schedules", tags=["recording rules"])

MAX_SCHEDULES = 100

Clock = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Day = Annotated[int, Field(ge=0, le=6)]
Days = Annotated[list[Day], Field(min_length=1, max_length=7)]
Zone = Annotated[str, Field(min_length=1, max_length=100)]
ScheduleId = Annotated[str, Field(min_length=1, max_length=32)]


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
    """``days``: 0 is Monday; an ``end`` that is not after ``start`` is on the next day."""

    label: Label
    glob: Glob
    days: Days
    start: Clock
    end: Clock
    zone: Zone = "UTC"
    enabled: bool = True


class UpdateSchedule(Body):
    """What is absent stays as it is."""

    id: ScheduleId
    label: Label | None = None
    glob: Glob | None = None
    days: Days | None = None
    start: Clock | None = None
    end: Clock | None = None
    zone: Zone | None = None
    enabled: bool | None = None


class ScheduleBody(Body):
    id: ScheduleId


@router.post("/list")
async def list_schedules(services: ServicesDep, _: SignedIn) -> Reply[Schedules]:
    """List all schedules."""
    now = services.clock()
    found = [_shown(one, now) for one in services.rules.current.schedules]
    return Reply(data=Schedules(schedules=found))


@router.post("/create")
async def create_schedule(
    body: CreateSchedule, services: ServicesDep, _: SignedIn
) -> Reply[ScheduleOut]:
    """Add a schedule: streams that match are recorded while it lasts."""
    given = _given(body)
    made = Schedule(id=secrets.token_hex(4), **given)
    await _check_zone(made.zone)

    def change(rules: RecordRules) -> RecordRules:
        if len(rules.schedules) >= MAX_SCHEDULES:
            raise Conflict(
                f"there are {MAX_SCHEDULES} schedules already",
                "Remove one that is no longer used.",
                key="too_many_schedules",
            )
        return replace(rules, schedules=(*rules.schedules, made))

    await _edit(services, change)
    return Reply(data=_shown(made, services.clock()))


@router.post("/update")
async def update_schedule(
    body: UpdateSchedule, services: ServicesDep, _: SignedIn
) -> Reply[ScheduleOut]:
    """Change a schedule."""
    given = _given(body)
    if body.zone is not None:
        await _check_zone(body.zone)

    def change(rules: RecordRules) -> RecordRules:
        after = replace(_known(rules, body.id), **given)
        some = tuple(after if one.id == body.id else one for one in rules.schedules)
        return replace(rules, schedules=some)

    rules = await _edit(services, change)
    return Reply(data=_shown(_known(rules, body.id), services.clock()))


@router.post("/remove")
async def remove_schedule(body: ScheduleBody, services: ServicesDep, _: SignedIn) -> Reply[None]:
    """Take a schedule away; what it had recorded ends, unless another rule wants it."""

    def change(rules: RecordRules) -> RecordRules:
        gone = _known(rules, body.id)
        return replace(rules, schedules=tuple(one for one in rules.schedules if one is not gone))

    await _edit(services, change)
    return Reply(data=None)


async def _edit(services: Services, change: Callable[[RecordRules], RecordRules]) -> RecordRules:
    rules = await services.rules.edit(change)
    services.capture.wake()
    return rules


def _given(body: CreateSchedule | UpdateSchedule) -> dict[str, Any]:
    given = body.model_dump(exclude_none=True, exclude={"token", "id"})
    if "days" in given:
        given["days"] = tuple(sorted(set(given["days"])))
    if "glob" in given:
        given["glob"] = given["glob"].lstrip("/") or "*"
    return given


def _known(rules: RecordRules, id_: str) -> Schedule:
    for one in rules.schedules:
        if one.id == id_:
            return one
    raise NotFound("there is no such schedule", "Look at the list again.", key="schedule_unknown")


async def _check_zone(zone: str) -> None:
    if not await asyncio.to_thread(is_zone, zone):
        raise Invalid(
            f"{zone} is no time zone that is known here",
            "Write it as Europe/Berlin or UTC.",
            key="zone_unknown",
        )


def _shown(one: Schedule, now_ms: int) -> ScheduleOut:
    return ScheduleOut.model_validate(asdict(one) | {"next_ms": one.next_start_ms(now_ms)})
