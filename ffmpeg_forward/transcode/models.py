"""What the API of transcodes takes and tells."""

from typing import Annotated

from pydantic import BaseModel, Field

from ...core.app import Body
from ..models import Problem
from .keeper import TranscodeState
from .ladder import MAX_RENDITIONS, Hardware, Rendition

Id = Annotated[str, Field(min_length=1, max_length=64)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Label = Annotated[str, Field(max_length=100)]
# One more than there may be: the error of the ladder itself says what is wrong.
Rungs = Annotated[list[Rendition], Field(max_length=MAX_RENDITIONS + 1)]


class Transcode(BaseModel):
    """A ladder and how it is. ``since_ms``: when that state began, ms since the epoch.

    ``cpu_percent``: of all cores that this service may use. ``speed``: media time per real time, 1
    keeps up; 0 when it cannot be told. ``master_url``: where players find all renditions, relative
    to the house's web address.
    """

    id: str
    app: str
    stream: str
    label: str
    enabled: bool
    renditions: list[Rendition]
    hardware: Hardware
    state: TranscodeState
    since_ms: int
    cpu_percent: float
    speed: float
    problem: Problem | None
    master_url: str


class TranscodeMachine(BaseModel):
    """``cores``: that this service may use. ``speed_1080p30``: how many times as fast as it comes
    all of them encode 1920x1080 at 30 pictures a second, 0 until measured. ``hardware``: encoders
    that work. ``free_percent``: what is left for more."""

    cores: float
    speed_1080p30: float
    hardware: list[Hardware]
    free_percent: float


class Transcodes(BaseModel):
    transcodes: list[Transcode]
    machine: TranscodeMachine


class TranscodeEstimate(BaseModel):
    """Parts of all cores that this service may use, 100 is all of it. ``percent`` has decoding too,
    ``per`` is of each rendition."""

    percent: float
    free_percent: float
    ok: bool
    per: list[float]


class TranscodeId(Body):
    id: Id


class CreateTranscode(Body):
    app: Name
    stream: Name
    label: Label = ""
    enabled: bool = False
    renditions: Rungs
    hardware: Hardware = Hardware.AUTO


class UpdateTranscode(Body):
    """What is absent stays as it is."""

    id: Id
    app: Name | None = None
    stream: Name | None = None
    label: Label | None = None
    enabled: bool | None = None
    renditions: Rungs | None = None
    hardware: Hardware | None = None


class EstimateTranscode(Body):
    """``id``: of a ladder that these renditions would replace."""

    app: Name
    stream: Name
    renditions: Rungs
    hardware: Hardware = Hardware.AUTO
    id: Annotated[str, Field(max_length=64)] = ""
