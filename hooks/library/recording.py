"""One recording, as the library knows it and as ``record/<id>/recording.json`` holds it."""

from dataclasses import dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

RECORD_FILE = "recording.json"
SEGMENTS_FILE = "segments.jsonl"
PLAYLIST_FILE = "index.m3u8"
MP4_FILE = "index.mp4"
POSTER_FILE = "poster.jpg"
SPRITE_FILE = "sprite.jpg"
SPRITE_MAP_FILE = "sprite.vtt"
MANIFEST_FILE = "manifest.json"


class Kind(StrEnum):
    """Where it comes from."""

    LIVE = "live"
    CLIP = "clip"
    UPLOAD = "upload"
    IMPORT = "import"


class State(StrEnum):
    """``finishing``: complete and playable, MP4 and pictures are being made."""

    RECORDING = "recording"
    FINISHING = "finishing"
    READY = "ready"
    FAILED = "failed"
    DELETING = "deleting"


class Mp4State(StrEnum):
    OFF = "off"
    WAITING = "waiting"
    MAKING = "making"
    READY = "ready"
    FAILED = "failed"


class UploadState(StrEnum):
    """``failed``: it was given up and waits for somebody to ask again."""

    NONE = "none"
    WAITING = "waiting"
    UPLOADING = "uploading"
    PAUSED = "paused"
    VERIFIED = "verified"
    FAILED = "failed"


class HoleReason(StrEnum):
    """``lost``: the media server made segments that did not arrive. ``encoder_away``: nobody
    published. ``clock``: only the clock jumped, nothing is missing."""

    LOST = "lost"
    ENCODER_AWAY = "encoder_away"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Hole:
    """``at_ms`` from the beginning of the recording; ``missing_ms`` of real time."""

    at_ms: int
    missing_ms: int
    reason: HoleReason
    detail: str = ""


class EndReason(StrEnum):
    """Why a recording ended."""

    UNPUBLISHED = "unpublished"
    OPERATOR = "operator"
    LENGTH = "length"
    SIZE = "size"
    SCHEDULE = "schedule"
    RULES = "rules"
    CODEC = "codec"
    RECOVERED = "recovered"
    DISK = "disk"


@dataclass(frozen=True, slots=True)
class Recording:
    """Times are ms since the epoch, lengths ms, sizes bytes.

    ``wants``: which switches asked for it (``record``, ``dvr``, ``vod``). ``local``: segments or
    MP4 are on this disk; ``freed``: those of them that a bucket has are not any more.
    ``playlist``: there is an ``index.m3u8``. ``size_bytes`` counts segments, or the original file.
    ``problem``: key of what went wrong last and needs somebody, with ``problem_text`` and
    ``problem_help`` in words. ``told``: events that were appended.
    """

    id: str
    kind: Kind
    state: State
    app: str
    stream: str
    started_ms: int
    vhost: str = "__defaultVhost__"
    title: str = ""
    tags: tuple[str, ...] = ()
    keep: bool = False
    ended_ms: int | None = None
    duration_ms: int = 0
    size_bytes: int = 0
    segments: int = 0
    playlist: bool = False
    mp4: Mp4State = Mp4State.OFF
    mp4_bytes: int = 0
    poster: bool = False
    sprite: bool = False
    video_codec: str = ""
    audio_codec: str = ""
    width: int = 0
    height: int = 0
    holes: tuple[Hole, ...] = ()
    end_reason: EndReason | None = None
    source_id: str = ""
    wants: tuple[str, ...] = ("record",)
    local: bool = True
    freed: bool = False
    target_id: str = ""
    prefix: str = ""
    upload: UploadState = UploadState.NONE
    upload_what: str = "all"
    uploaded_bytes: int = 0
    upload_bytes: int = 0
    verified_ms: int | None = None
    problem: str = ""
    problem_text: str = ""
    problem_help: str = ""
    told: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The stream's name, ``app/stream``; empty for what was no stream."""
        return f"{self.app}/{self.stream}" if self.app else ""

    def to_json(self) -> bytes:
        return orjson.dumps(self, option=orjson.OPT_INDENT_2)

    @classmethod
    def from_json(cls, raw: str | bytes) -> "Recording":
        """Read what is stored; fields of other versions are ignored.

        Raises KeyError, TypeError or ValueError when it is no recording.
        """
        stored: dict[str, Any] = orjson.loads(raw)
        known = {name: stored[name] for name in _FIELDS if name in stored}
        end = known.get("end_reason")
        known |= {
            "kind": Kind(known["kind"]),
            "state": State(known["state"]),
            "tags": tuple(known.get("tags", ())),
            "wants": tuple(known.get("wants", ("record",))),
            "told": tuple(known.get("told", ())),
            "mp4": Mp4State(known.get("mp4", Mp4State.OFF)),
            "upload": UploadState(known.get("upload", UploadState.NONE)),
            "end_reason": None if end is None else EndReason(end),
            "holes": tuple(hole_from(one) for one in known.get("holes", ())),
        }
        return cls(**known)


_FIELDS = frozenset(field.name for field in fields(Recording))


def hole_from(stored: dict[str, Any]) -> Hole:
    """Read one stored hole."""
    return Hole(
        stored["at_ms"],
        stored["missing_ms"],
        HoleReason(stored["reason"]),
        stored.get("detail", ""),
    )


def directory_of(root: Path, id_: str) -> Path:
    """Return where a recording lies; ``root`` is ``DataDir.record``."""
    return root / id_
