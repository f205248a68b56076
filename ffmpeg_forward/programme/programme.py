"""One programme: sources in the order of their priority, and what is shown while none is there."""

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

import orjson

MAX_SOURCES = 16


class Start(StrEnum):
    """When the timeline begins."""

    ALWAYS = "always"
    FIRST_SOURCE = "first_source"


class SlateKind(StrEnum):
    CARD = "card"
    PICTURE = "picture"
    CLIP = "clip"


class SlateAudio(StrEnum):
    SILENT = "silent"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class ProgrammeSource:
    app: str
    stream: str
    label: str = ""

    @property
    def url(self) -> str:
        return f"{self.app}/{self.stream}"


@dataclass(frozen=True, slots=True)
class Slate:
    """``file_id``: of an own picture or clip."""

    kind: SlateKind = SlateKind.CARD
    title: str = ""
    subtitle: str = "Back soon"
    file_id: str = ""
    audio: SlateAudio = SlateAudio.SILENT


@dataclass(frozen=True, slots=True)
class Normalise:
    """The house format that all sources are turned into, when ``enabled``."""

    enabled: bool = False
    width: int = 1280
    height: int = 720
    fps: int = 30
    video_kbps: int = 3000
    audio_rate: int = 48000


@dataclass(frozen=True, slots=True)
class Programme:
    """``taken``: url of a source, or ``slate``, chosen by hand; with ``hold`` nothing else is ever
    shown until it is released. ``local_stream``: where it can be watched here, or empty."""

    id: str
    label: str
    enabled: bool = False
    sources: tuple[ProgrammeSource, ...] = ()
    taken: str = ""
    hold: bool = False
    lost_after_ms: int = 500
    buffer_ms: int = 300
    slate: Slate = field(default_factory=Slate)
    normalise: Normalise = field(default_factory=Normalise)
    local_stream: str = ""
    start: Start = Start.ALWAYS
    created_ms: int = 0

    @classmethod
    def from_json(cls, raw: str | bytes) -> "Programme":
        """Read what is stored; fields of other versions are ignored."""
        stored = orjson.loads(raw)
        known = _known(cls, stored)
        known["sources"] = tuple(
            ProgrammeSource(**_known(ProgrammeSource, one)) for one in stored.get("sources", ())
        )
        slate = _known(Slate, stored.get("slate", {}))
        if "kind" in slate:
            slate["kind"] = SlateKind(slate["kind"])
        if "audio" in slate:
            slate["audio"] = SlateAudio(slate["audio"])
        known["slate"] = Slate(**slate)
        known["normalise"] = Normalise(**_known(Normalise, stored.get("normalise", {})))
        known["start"] = Start(stored.get("start", Start.ALWAYS))
        return cls(**known)

    def to_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()


def _known(kind: type[Any], stored: dict[str, Any]) -> dict[str, Any]:
    return {one.name: stored[one.name] for one in fields(kind) if one.name in stored}
