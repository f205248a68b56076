"""What the API of outputs takes and tells."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ...core.app import Body
from ..models import AirTimes, MediaFacts, Problem
from ..relay.config import Sender
from .output import OutputState, SourceKind
from .presets import Group, KeyForm

Id = Annotated[str, Field(min_length=1, max_length=64)]
Ids = Annotated[list[Id], Field(max_length=200)]
Text = Annotated[str, Field(max_length=100)]
Name = Annotated[str, Field(max_length=255)]
ServerUrl = Annotated[str, Field(max_length=1000)]
Key = Annotated[str, Field(max_length=1000)]
GiveUp = Annotated[int, Field(ge=0, le=10_000)]


class OutputSource(BaseModel):
    """Where an output gets its pictures: a stream, or a programme by its id.

    With an empty ``app`` whichever has a stream of that name, with an empty ``stream`` whichever is
    live; of several the one that began last.
    """

    kind: SourceKind
    app: Name = ""
    stream: Name = ""
    programme: Annotated[str, Field(max_length=64)] = ""


class Advice(BaseModel):
    """What the platform may dislike about the stream."""

    key: str
    message: str
    help: str
    level: Literal["info", "warning"]


class Output(BaseModel):
    """An output and how it is; its key is never told again. Times are ms since the epoch.

    ``state`` is live only while the far end takes what it is sent. ``accepted_at_ms``: when it did
    so last. ``drops``: groups of pictures left out because it was too slow. ``attempts``: failed
    ones in a row; ``restarts``: connections that broke. ``media``: what is being sent.
    """

    id: str
    label: str
    platform: str
    server: str
    key_hint: str
    has_key: bool
    source: OutputSource
    enabled: bool
    sender: Sender
    verify_tls: bool
    give_up_after: int
    order: int
    schedule: AirTimes | None
    created_ms: int
    state: OutputState
    since_ms: int
    live_since_ms: int | None
    bitrate_kbps: int
    accepted_at_ms: int | None
    drops: int
    restarts: int
    attempts: int
    next_try_ms: int | None
    problem: Problem | None
    advice: list[Advice]
    media: MediaFacts | None


class OutputServer(BaseModel):
    label: str
    url: str


class OutputPreset(BaseModel):
    """A platform. ``max_kbps`` of video and audio, ``max_gop_s`` between key frames: 0 for no limit
    that is known. ``key_url``: the page where the key is found."""

    id: str
    label: str
    group: Group
    servers: list[OutputServer]
    key_form: KeyForm
    key_help: str
    key_url: str
    max_kbps: int
    max_gop_s: int
    codecs: list[str]


class Outputs(BaseModel):
    outputs: list[Output]
    presets: list[OutputPreset]


class OutputList(BaseModel):
    outputs: list[Output]


class CreateOutput(Body):
    """``server`` may be left out where the platform has one, and may hold the key at its end."""

    platform: Text
    source: OutputSource
    label: Text = ""
    server: ServerUrl = ""
    key: Key = ""
    enabled: bool = False
    sender: Sender = Sender.NATIVE
    verify_tls: bool = True
    give_up_after: GiveUp = 0
    schedule: AirTimes | None = None


class OutputBody(Body):
    id: Id


class UpdateOutput(OutputBody):
    """What is absent stays as it is; ``schedule`` null: at any time. ``key`` empty: none. A
    ``server`` as it was told, without its password, changes nothing."""

    platform: Text | None = None
    source: OutputSource | None = None
    label: Text | None = None
    server: ServerUrl | None = None
    key: Key | None = None
    enabled: bool | None = None
    sender: Sender | None = None
    verify_tls: bool | None = None
    give_up_after: GiveUp | None = None
    schedule: AirTimes | None = None


class OutputIds(Body):
    ids: Ids


class OutputLine(BaseModel):
    at_ms: int
    text: str


class OutputLog(BaseModel):
    """What was done last and what came of it, oldest first."""

    lines: list[OutputLine]


class TestOutput(Body):
    """An ``id``, or what is not saved yet, or both: then the fields count over what is saved."""

    id: Id | None = None
    platform: Text | None = None
    server: ServerUrl | None = None
    key: Key | None = None
    sender: Sender | None = None
    verify_tls: bool | None = None


class OutputTestStep(BaseModel):
    """``ok`` null: not tried, because one before it failed, or not part of this way of sending."""

    name: Literal["dns", "connect", "tls", "handshake", "publish", "media", "accepted"]
    ok: bool | None
    took_ms: int
    problem: Problem | None


class OutputTest(BaseModel):
    """``ok``: the far end took the test picture to its end."""

    ok: bool
    steps: list[OutputTestStep]
    sent_bytes: int
    acked_bytes: int
    kbps: int
