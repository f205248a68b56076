"""What the calls of Oryx take and tell of channels; field names are Oryx's."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from ...core.app import Body
from ...core.media_limits import MAX_KBPS
from .channel import MAX_ITEMS, ChannelItemType

Platform = Annotated[str, Field(max_length=64)]
Address = Annotated[str, Field(max_length=2048)]


class OryxFile(BaseModel):
    """A source as it was told by the call that made it; what else stands there is passed over."""

    name: Annotated[str, Field(max_length=255)] = ""
    path: Annotated[str, Field(max_length=2048)] = ""
    size: Annotated[int, Field(ge=0)] = 0
    uuid: Annotated[str, Field(max_length=64)] = ""
    target: Address = ""
    type: ChannelItemType = ChannelItemType.UPLOAD


Files = Annotated[list[OryxFile], Field(max_length=MAX_ITEMS)]


class OryxSecret(Body):
    """``action`` absent: tell all. ``secret`` empty or as it was told: the key stays."""

    action: Literal["update"] | None = None
    platform: Platform | None = None
    server: Annotated[str, Field(max_length=1000)] | None = None
    secret: Annotated[str, Field(max_length=1000)] | None = None
    enabled: bool | None = None
    custom: bool | None = None
    label: Annotated[str, Field(max_length=100)] | None = None
    files: Files | None = None
    extra_audio: Annotated[Literal["", "silent"] | None, Field(alias="extraAudio")] = None
    allow_private: Annotated[bool | None, Field(alias="allowPrivate")] = None


class OryxSourceBody(Body):
    platform: Platform
    files: Files
    extra_audio: Annotated[Literal["", "silent"] | None, Field(alias="extraAudio")] = None
    allow_private: Annotated[bool | None, Field(alias="allowPrivate")] = None


class OryxUrl(Body):
    url: Address
    allow_private: Annotated[bool, Field(alias="allowPrivate")] = False


class OryxServerFile(Body):
    file: Annotated[str, Field(max_length=2048)]


class OryxSource(BaseModel):
    """``format``, ``video`` and ``audio`` as ffprobe tells them."""

    name: str
    path: str
    size: int
    uuid: str
    target: str
    type: ChannelItemType
    format: dict[str, Any] | None
    video: dict[str, Any] | None
    audio: dict[str, Any] | None


class OryxSources(BaseModel):
    platform: str
    files: list[OryxSource]


class OryxChannel(BaseModel):
    """``secret`` is only the end of it."""

    platform: str
    server: str
    secret: str
    enabled: bool
    custom: bool
    label: str
    files: list[OryxSource]
    extraAudio: str = ""  # noqa: N815


class OryxChannelFrame(BaseModel):
    log: str
    update: str


class OryxChannelStream(BaseModel):
    """``source``: id of what is played; ``start``, ``ready`` (RFC 3339) and ``frame`` are there
    only while it runs."""

    platform: str
    enabled: bool
    custom: bool
    label: str
    files: list[OryxSource]
    source: str | None = None
    start: str | None = None
    ready: str | None = None
    frame: OryxChannelFrame | None = None


class OryxNamed(BaseModel):
    name: str
    uuid: str
    target: str


class OryxSized(OryxNamed):
    size: int


class OryxUploaded(BaseModel):
    uuid: str
    target: str


class OryxLimits(BaseModel):
    """The largest bitrate of a source, kbit/s."""

    vlive: int
    camera: int


class OryxUpdateLimits(Body):
    vlive: Annotated[int, Field(gt=0, le=MAX_KBPS)]
    camera: Annotated[int, Field(gt=0, le=MAX_KBPS)]
