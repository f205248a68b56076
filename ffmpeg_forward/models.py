"""Parts that outputs, programmes, channels and transcodes have in common in the API."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field

from ..core.errors import Invalid
from ..core.weekly import Weekly, is_zone


class Problem(BaseModel):
    key: str
    message: str
    help: str


class MediaFacts(BaseModel):
    """What a stream is made of, as far as it is known: empty words and zeros are not."""

    video_codec: str = ""
    profile: str = ""
    level: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0
    pix_fmt: str = ""
    b_frames: bool = False
    gop_ms: int = 0
    video_kbps: int = 0
    audio_codec: str = ""
    audio_rate: int = 0
    audio_channels: int = 0
    audio_kbps: int = 0


class AirTimes(BaseModel):
    """Times of the week. ``days``: 0 is Monday; an ``end`` that is not after ``start`` is on the
    next day; ``zone`` as in Europe/Berlin."""

    days: Annotated[list[Annotated[int, Field(ge=0, le=6)]], Field(min_length=1, max_length=7)]
    start: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    end: Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    zone: Annotated[str, Field(min_length=1, max_length=100)] = "UTC"

    @classmethod
    def of(cls, times: Weekly | None) -> "AirTimes | None":
        if times is None:
            return None
        return cls(days=list(times.days), start=times.start, end=times.end, zone=times.zone)

    async def times(self) -> Weekly:
        """Return what it means. Raises Invalid (``zone_unknown``)."""
        if not await asyncio.to_thread(is_zone, self.zone):
            raise Invalid(
                f"{self.zone} is no time zone that is known here",
                "Write it as Europe/Berlin or UTC.",
                key="zone_unknown",
            )
        return Weekly(tuple(sorted(set(self.days))), self.start, self.end, self.zone)


def problem_of(told: Mapping[str, Any] | None) -> Problem | None:
    """Read what a relay tells of a failure; None for none."""
    if not told:
        return None
    return Problem(**{name: str(told.get(name, "")) for name in Problem.model_fields})


def media_of(told: Mapping[str, Any] | None) -> MediaFacts | None:
    """Read what a relay tells of a stream; None for nothing."""
    if not told:
        return None
    return MediaFacts(**{name: told[name] for name in MediaFacts.model_fields if name in told})
