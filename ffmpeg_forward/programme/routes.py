"""Routes of programmes."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ...core.app import API, Body, Reply
from ...core.auth import SignedIn
from ...core.errors import Invalid
from ...core.log import get_logger
from ...core.names import check_stream
from ..models import MediaFacts, Problem, media_of, problem_of
from ..relay.config import SLATE
from ..services import Services, ServicesDep
from .programme import (
    MAX_SOURCES,
    Normalise,
    Programme,
    ProgrammeSource,
    Slate,
    SlateAudio,
    SlateKind,
    Start,
)
from .show import SourceState, State, relay_name, source_state, state_of

log = get_logger(__name__)
router = APIRouter(prefix=f"{API}/ffmpeg/programme", tags=["programme"])

Name = Annotated[str, Field(min_length=1, max_length=200)]
Label = Annotated[str, Field(min_length=1, max_length=80)]


class SourceChoice(BaseModel):
    """A stream that a programme may show."""

    app: Name
    stream: Name
    label: Annotated[str, Field(max_length=80)] = ""


class SlateChoice(BaseModel):
    """What is shown while no source is there. ``title`` empty: the programme's label."""

    kind: SlateKind = SlateKind.CARD
    title: Annotated[str, Field(max_length=120)] = ""
    subtitle: Annotated[str, Field(max_length=200)] = "Back soon"
    file_id: Annotated[str, Field(pattern=r"^[0-9a-f-]{1,36}$")] | None = None
    audio: SlateAudio = SlateAudio.SILENT


class NormaliseChoice(BaseModel):
    """The format that sources are turned into. Sizes are even numbers of pixels."""

    enabled: bool = False
    width: Annotated[int, Field(ge=160, le=3840, multiple_of=2)] = 1280
    height: Annotated[int, Field(ge=90, le=2160, multiple_of=2)] = 720
    fps: Annotated[int, Field(ge=5, le=60)] = 30
    video_kbps: Annotated[int, Field(ge=100, le=50_000)] = 3000
    audio_rate: Literal[44100, 48000] = 48000


class SourceFacts(BaseModel):
    """How a source is. ``kbps``: its bit rate now."""

    app: str
    stream: str
    state: SourceState
    problem: Problem | None
    media: MediaFacts | None
    kbps: int


class ProgrammeView(BaseModel):
    """A programme and how it is. ``on_air`` and ``taken``: a source as ``app/stream``, or
    ``slate``. ``since_ms``: when that came on air, or the programme began. ``slate_ms``: for how
    long the slate was shown since then. ``slate_problem``: why there is none."""

    id: str
    label: str
    enabled: bool
    sources: list[SourceChoice]
    hold: bool
    taken: str | None
    lost_after_ms: int
    buffer_ms: int
    slate: SlateChoice
    normalise: NormaliseChoice
    local_stream: str
    start: Start
    state: State
    on_air: str | None
    since_ms: int
    source_states: list[SourceFacts]
    media: MediaFacts | None
    switches: int
    slate_ms: int
    slate_problem: Problem | None
    outputs: list[str]


class Programmes(BaseModel):
    programmes: list[ProgrammeView]


class ProgrammeCreate(Body):
    """``local_stream``: ``app/stream`` under which it can be watched here, or empty."""

    label: Label
    enabled: bool = False
    sources: Annotated[list[SourceChoice], Field(max_length=MAX_SOURCES)] = []
    lost_after_ms: Annotated[int, Field(ge=300, le=2000)] = 500
    buffer_ms: Annotated[int, Field(ge=0, le=2000)] = 300
    slate: SlateChoice = SlateChoice()
    normalise: NormaliseChoice = NormaliseChoice()
    local_stream: Annotated[str, Field(max_length=400)] = ""
    start: Start = Start.ALWAYS


class ProgrammeUpdate(Body):
    """Only what is given changes."""

    id: Name
    label: Label | None = None
    enabled: bool | None = None
    sources: Annotated[list[SourceChoice], Field(max_length=MAX_SOURCES)] | None = None
    lost_after_ms: Annotated[int, Field(ge=300, le=2000)] | None = None
    buffer_ms: Annotated[int, Field(ge=0, le=2000)] | None = None
    slate: SlateChoice | None = None
    normalise: NormaliseChoice | None = None
    local_stream: Annotated[str, Field(max_length=400)] | None = None
    start: Start | None = None


class ProgrammeOne(Body):
    id: Name


class ProgrammeTake(ProgrammeOne):
    """``source``: ``app/stream`` or ``slate``; ``hold``: stay with it even when it is lost."""

    source: Name
    hold: bool = False


@router.post("/list")
async def list_(services: ServicesDep, _who: SignedIn, _: Body | None = None) -> Reply[Programmes]:
    """Return every programme, oldest first."""
    return Reply(data=Programmes(programmes=await programme_views(services)))


@router.post("/create")
async def create(
    body: ProgrammeCreate, services: ServicesDep, _who: SignedIn
) -> Reply[ProgrammeView]:
    """Add a programme."""
    fields = _checked(body.model_dump(exclude_unset=True, exclude={"token"}), "")
    made = await services.programmes.create(
        Programme(**{"id": "", "created_ms": services.clock(), **fields})
    )
    log.info("programme.created", id=made.id)
    return Reply(data=_view(made, services))


@router.post("/update")
async def update(
    body: ProgrammeUpdate, services: ServicesDep, _who: SignedIn
) -> Reply[ProgrammeView]:
    """Change a programme; what it is showing goes on."""
    given = body.model_dump(exclude_unset=True, exclude={"id", "token"})
    changes = {name: value for name, value in given.items() if value is not None}

    def edit(programme: Programme) -> Programme:
        after = replace(programme, **_checked(changes, programme.local_stream))
        known = {one.url for one in after.sources} | {SLATE}
        if after.local_stream in {one.url for one in after.sources}:
            raise _loop()
        return after if after.taken in known else replace(after, taken="", hold=False)

    changed = await services.programmes.change(body.id, edit)
    log.info("programme.changed", id=changed.id, fields=sorted(changes))
    return Reply(data=_view(changed, services))


@router.post("/remove")
async def remove(body: ProgrammeOne, services: ServicesDep, _who: SignedIn) -> Reply[None]:
    """Forget a programme; outputs that carried it wait for another source."""
    await services.programmes.remove(body.id)
    log.info("programme.removed", id=body.id)
    return Reply(data=None)


@router.post("/take")
async def take(body: ProgrammeTake, services: ServicesDep, _who: SignedIn) -> Reply[ProgrammeView]:
    """Put a source or the slate on air at its next key frame."""

    def edit(programme: Programme) -> Programme:
        if body.source != SLATE and body.source not in {one.url for one in programme.sources}:
            raise Invalid(
                f"{body.source} is not a source of this programme",
                "Add it to the sources first.",
                key="programme_source_unknown",
            )
        return replace(programme, taken=body.source, hold=body.hold)

    changed = await services.programmes.change(body.id, edit)
    log.info("programme.taken", id=changed.id, source=body.source, hold=body.hold)
    return Reply(data=_view(changed, services))


@router.post("/release")
async def release(
    body: ProgrammeOne, services: ServicesDep, _who: SignedIn
) -> Reply[ProgrammeView]:
    """Go back to the order of priorities."""
    changed = await services.programmes.change(
        body.id, lambda it: replace(it, taken="", hold=False)
    )
    log.info("programme.released", id=changed.id)
    return Reply(data=_view(changed, services))


async def programme_views(services: Services) -> list[ProgrammeView]:
    """Return all of them as the page knows them; also for the live feed."""
    return [_view(one, services) for one in await services.programmes.all()]


def _checked(given: dict[str, Any], local_stream: str) -> dict[str, Any]:
    """Turn what was sent into fields of Programme. Raises Invalid."""
    fields = dict(given)
    if "sources" in fields:
        sources = tuple(ProgrammeSource(**one) for one in fields["sources"])
        urls = [check_stream(one.app, one.stream) for one in sources]
        if len(set(urls)) != len(urls):
            raise Invalid(
                "a source is there twice", "Leave one of them out.", key="programme_source_twice"
            )
        fields["sources"] = sources
    if "slate" in fields:
        slate = {**fields["slate"], "file_id": fields["slate"].get("file_id") or ""}
        fields["slate"] = Slate(**slate)
    if "normalise" in fields:
        fields["normalise"] = Normalise(**fields["normalise"])
    if fields.get("local_stream"):
        app, _, stream = fields["local_stream"].partition("/")
        check_stream(app, stream)
    carried = fields.get("local_stream", local_stream)
    if carried and carried in {one.url for one in fields.get("sources", ())}:
        raise _loop()
    return fields


def _loop() -> Invalid:
    return Invalid(
        "a programme cannot be its own source",
        "Choose another name for the stream that carries it here.",
        key="programme_loop",
    )


def _view(programme: Programme, services: Services) -> ProgrammeView:
    told = services.relays.status(relay_name(programme.id))
    state, on_air = state_of(programme, told)
    facts = asdict(programme)
    outputs = [one.id for one in services.outputs.current if one.source.programme == programme.id]
    return ProgrammeView(
        **{name: facts[name] for name in ("id", "label", "enabled", "hold", "local_stream")},
        sources=[SourceChoice(**one) for one in facts["sources"]],
        taken=programme.taken or None,
        lost_after_ms=programme.lost_after_ms,
        buffer_ms=programme.buffer_ms,
        slate=SlateChoice(**{**facts["slate"], "file_id": programme.slate.file_id or None}),
        normalise=NormaliseChoice(**facts["normalise"]),
        start=programme.start,
        state=state,
        on_air=on_air,
        since_ms=told["on_air_since_ms"] if told else programme.created_ms,
        source_states=[_source(one, told, on_air) for one in programme.sources],
        media=media_of(told["media"]) if told else None,
        switches=told["switches"] if told else 0,
        slate_ms=told["slate_ms"] if told else 0,
        slate_problem=problem_of(told["slate_problem"]) if told else None,
        outputs=outputs,
    )


def _source(
    one: ProgrammeSource, told: Mapping[str, Any] | None, on_air: str | None
) -> SourceFacts:
    source = (told or {}).get("sources", {}).get(one.url) or {}
    media = media_of(source.get("media"))
    return SourceFacts(
        app=one.app,
        stream=one.stream,
        state=source_state(one.url, told, on_air),
        problem=problem_of(source.get("problem")),
        media=media,
        kbps=media.video_kbps + media.audio_kbps if media and source.get("alive") else 0,
    )
