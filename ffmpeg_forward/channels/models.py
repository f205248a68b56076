"""What the API of channels takes and tells."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from ...core.app import Body
from ...core.media_limits import MAX_KBPS, MAX_QUOTA_MB
from ..models import AirTimes, MediaFacts, Problem
from .channel import (
    MAX_ITEMS,
    ChannelItemType,
    ChannelKind,
    ChannelState,
    ChannelToKind,
    ChannelTranscode,
)
from .files import FilmFolder

Id = Annotated[str, Field(min_length=1, max_length=64)]
Label = Annotated[str, Field(max_length=100)]
Name = Annotated[str, Field(max_length=255)]
Target = Annotated[str, Field(max_length=2048)]
Duration = Annotated[int, Field(ge=0, le=366 * 86_400)]
ExtraAudio = Literal["", "silent"]


class ChannelTo(BaseModel):
    """Where a channel goes. ``stream``: to ``app`` and ``stream`` of this house. ``outputs``: by
    their ids. ``address``: to a server and a key of its own, of which ``server`` and ``key_hint``
    may be shown."""

    kind: ChannelToKind = ChannelToKind.STREAM
    app: Name = ""
    stream: Name = ""
    outputs: Annotated[list[Id], Field(max_length=64)] = []
    server: Annotated[str, Field(max_length=1000)] = ""
    key_hint: Annotated[str, Field(max_length=10)] = ""


class ChannelToAddress(ChannelTo):
    """``key``: of the server; absent leaves it as it is."""

    key: Annotated[str | None, Field(max_length=1000)] = None


class ChannelItem(BaseModel):
    """A file or an address. ``target``: a path below the data directory, or the address without
    what is secret. ``problem``: why it cannot be played now."""

    id: str
    type: ChannelItemType
    name: str
    target: str
    bytes: int
    duration_ms: int
    video_codec: str
    audio_codec: str
    problem: Problem | None


class ChannelItemIn(BaseModel):
    """A known ``id`` keeps its item, and its whole address when ``target`` is absent or as it was
    shown; else ``target`` is a path as ``channels/files`` tells it, or an address."""

    id: Annotated[str, Field(max_length=64)] = ""
    type: ChannelItemType = ChannelItemType.UPLOAD
    name: Name = ""
    target: Target | None = None


class ChannelNow(BaseModel):
    """What is being played: ``index`` of the items, ``position_ms`` within it."""

    index: int
    name: str
    position_ms: int


class Channel(BaseModel):
    """A channel and how it is. ``max_duration_s`` 0: no limit. ``since_ms``: when its state began,
    ``next_try_ms``: when one in trouble tries again (null: not known), ms since the epoch."""

    id: str
    kind: ChannelKind
    label: str
    enabled: bool
    to: ChannelTo
    items: list[ChannelItem]
    loop: bool
    shuffle: bool
    max_duration_s: int
    schedule: AirTimes | None
    transcode: ChannelTranscode
    extra_audio: ExtraAudio
    allow_private: bool
    state: ChannelState
    since_ms: int
    now: ChannelNow | None
    kbps: int
    problem: Problem | None
    media: MediaFacts | None
    next_try_ms: int | None


class Channels(BaseModel):
    channels: list[Channel]


class ListChannels(Body):
    kind: ChannelKind | None = None


class ChannelQuery(Body):
    """Nothing but the session."""


class ChannelBody(Body):
    id: Id


Items = Annotated[list[ChannelItemIn], Field(max_length=MAX_ITEMS)]


class CreateChannel(Body):
    """``allow_private``: its addresses may be in private networks, such as a camera's.

    ``transcode``: auto encodes what players do not know; always encodes every film to the size of
    the first one, so that nothing changes from one to the next; never plays no other codecs.
    """

    kind: ChannelKind
    label: Label = ""
    to: ChannelToAddress = ChannelToAddress()
    items: Items = []
    enabled: bool = False
    loop: bool = True
    shuffle: bool = False
    max_duration_s: Duration = 0
    schedule: AirTimes | None = None
    transcode: ChannelTranscode = ChannelTranscode.AUTO
    extra_audio: ExtraAudio = ""
    allow_private: bool = False


class UpdateChannel(ChannelBody):
    """What is absent stays as it is; ``schedule`` null: at any time."""

    label: Label | None = None
    to: ChannelToAddress | None = None
    items: Items | None = None
    enabled: bool | None = None
    loop: bool | None = None
    shuffle: bool | None = None
    max_duration_s: Duration | None = None
    schedule: AirTimes | None = None
    transcode: ChannelTranscode | None = None
    extra_audio: ExtraAudio | None = None
    allow_private: bool | None = None


class ProbeChannel(Body):
    """``url``, or ``file`` as ``channels/files`` tells it."""

    url: Target = ""
    file: Target = ""
    kind: ChannelKind = ChannelKind.VLIVE
    allow_private: bool = False


class ChannelProbe(BaseModel):
    """What is in a file or behind an address; ``problem``: why that is not known."""

    media: MediaFacts | None
    duration_ms: int
    kbps: int
    problem: Problem | None


class ListFiles(Body):
    folder: FilmFolder


class ServerFile(BaseModel):
    """``path`` is what ``target`` of an item takes; ``duration_ms`` 0: not known."""

    path: str
    name: str
    bytes: int
    duration_ms: int


class ServerFiles(BaseModel):
    """``used_bytes`` of all films, of which ``quota_bytes`` are allowed (null: no limit but the
    disk)."""

    files: list[ServerFile]
    used_bytes: int
    quota_bytes: int | None


class RemoveFile(Body):
    path: Target


class ChannelLimits(BaseModel):
    """The largest bitrate of a source, and what all films together may take; 0 MB: no limit."""

    vlive_kbps: int
    camera_kbps: int
    quota_mb: int


class UpdateChannelLimits(Body):
    """What is absent stays as it is."""

    vlive_kbps: Annotated[int, Field(ge=1, le=MAX_KBPS)] | None = None
    camera_kbps: Annotated[int, Field(ge=1, le=MAX_KBPS)] | None = None
    quota_mb: Annotated[int, Field(ge=0, le=MAX_QUOTA_MB)] | None = None
