"""A ladder: one stream, and the smaller or lighter forms of it that are made here."""

import hashlib
import re
from enum import StrEnum
from typing import Annotated

import orjson
from pydantic import BaseModel, ConfigDict, Field

from ...core.errors import Invalid
from ...core.names import check_stream

MAX_LADDERS = 100
MAX_RENDITIONS = 8

_MAX_NAME_BYTES = 230
"""Names of segments are a little longer, and those of files have 255 bytes at most."""

_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z-]{0,31}")


class VideoCodec(StrEnum):
    """What becomes of the picture: encoded anew, passed on as it is, or left out."""

    H264 = "h264"
    COPY = "copy"
    NONE = "none"


class Preset(StrEnum):
    """How much work x264 puts into a picture, from least to most."""

    ULTRAFAST = "ultrafast"
    SUPERFAST = "superfast"
    VERYFAST = "veryfast"
    FASTER = "faster"
    FAST = "fast"
    MEDIUM = "medium"


class Hardware(StrEnum):
    """Which encoder of the machine to use; ``auto`` takes what there is, or the processor."""

    AUTO = "auto"
    OFF = "off"
    VAAPI = "vaapi"
    NVENC = "nvenc"
    QSV = "qsv"


class Rendition(BaseModel):
    """One form of a stream, published as ``<stream>_<name>``.

    ``width`` and ``height``: the picture fits into this box and keeps its shape; it is never
    enlarged, and 0 is no limit. ``fps`` 0, ``audio_channels`` 0: as the source has them.
    ``audio_kbps`` 0: the sound is passed on as it is. With ``codec`` ``copy`` the picture is passed
    on too and ``video_kbps`` is only what players are told, 0 for a guess; with ``none`` it is
    sound alone.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=32)]
    codec: VideoCodec = VideoCodec.H264
    width: Annotated[int, Field(ge=0, le=7680)] = 0
    height: Annotated[int, Field(ge=0, le=4320)] = 0
    fps: Annotated[int, Field(ge=0, le=120)] = 0
    video_kbps: Annotated[int, Field(ge=0, le=50_000)] = 0
    preset: Preset = Preset.VERYFAST
    gop_s: Annotated[float, Field(ge=0.5, le=10)] = 2.0
    audio_kbps: Annotated[int, Field(ge=0, le=512)] = 128
    audio_channels: Annotated[int, Field(ge=0, le=2)] = 0


class Ladder(BaseModel):
    """What is made of one stream. There is one ladder a stream."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: str
    app: str
    stream: str
    label: str = ""
    enabled: bool = False
    renditions: tuple[Rendition, ...]
    hardware: Hardware = Hardware.AUTO
    created_ms: int = 0

    @property
    def url(self) -> str:
        return f"{self.app}/{self.stream}"

    def stream_of(self, rendition: Rendition) -> str:
        """Return the name under which a rendition is published."""
        return f"{self.stream}_{rendition.name}"

    @property
    def rendition_urls(self) -> tuple[str, ...]:
        return tuple(f"{self.app}/{self.stream_of(one)}" for one in self.renditions)

    @property
    def digest(self) -> str:
        """Changes when what runs must be started anew."""
        what = [self.url, self.hardware, [one.model_dump(mode="json") for one in self.renditions]]
        return hashlib.sha256(orjson.dumps(what)).hexdigest()


def check_ladder(ladder: Ladder) -> None:
    """Raise Invalid when this ladder could never run; its ``key`` says what is wrong."""
    check_stream(ladder.app, ladder.stream)
    if not ladder.renditions:
        raise Invalid(
            "a ladder needs a rendition", "Add one, for example 720p.", key="transcode_empty"
        )
    if len(ladder.renditions) > MAX_RENDITIONS:
        raise Invalid(
            f"a ladder has {MAX_RENDITIONS} renditions at most",
            "Remove some of them.",
            key="transcode_too_many_renditions",
        )
    names = [one.name for one in ladder.renditions]
    if len({name.lower() for name in names}) < len(names):
        raise Invalid(
            "two renditions have the same name",
            "Give each a name of its own.",
            key="transcode_name_twice",
        )
    for one in ladder.renditions:
        _check_rendition(ladder, one)
    _check_key_frames(ladder)


def _check_rendition(ladder: Ladder, one: Rendition) -> None:
    if _NAME.fullmatch(one.name) is None:
        raise Invalid(
            "the name of a rendition has a character that is not allowed",
            "Use letters, digits and -, for example 720p.",
            key="transcode_name_invalid",
        )
    if len(ladder.stream_of(one).encode()) > _MAX_NAME_BYTES:
        raise Invalid(
            f"the stream's name and that of the rendition {one.name} are too long together",
            "Use a shorter one.",
            key="transcode_name_invalid",
        )
    if one.codec is not VideoCodec.H264:
        return
    if one.width % 2 or one.height % 2:
        raise Invalid(
            f"{one.name}: width and height must be even",
            "H.264 stores colours for two by two points; add or take away one.",
            key="transcode_size_odd",
        )
    if 0 < one.width < 16 or 0 < one.height < 16:
        raise Invalid(
            f"{one.name}: the picture is smaller than 16 points",
            "Choose a larger size.",
            key="transcode_size_small",
        )
    if one.video_kbps < 20:
        raise Invalid(
            f"{one.name}: the bitrate of the picture is missing or below 20 kbit/s",
            "For 1280x720 2 500 kbit/s are usual.",
            key="transcode_bitrate_low",
        )


def _check_key_frames(ladder: Ladder) -> None:
    """Players switch where key frames are, so these must be at the same places everywhere."""
    gops = {one.gop_s for one in ladder.renditions if one.codec is VideoCodec.H264}
    if len(gops) > 1:
        raise Invalid(
            "the renditions have key frames at different places",
            "Choose the same key frame interval for all of them.",
            key="transcode_gop_differs",
        )
