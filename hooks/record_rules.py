"""What is recorded: pure rules, read by the hot path from a file, without Redis.

Order: by hand, then the stream's own choice, then schedules, then DVR, VoD and record for all.
"""

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import orjson

from ..core.files import write_atomic
from ..core.log import get_logger
from ..core.weekly import Weekly, is_clock

log = get_logger(__name__)


class Mode(StrEnum):
    """A stream's own choice."""

    DEFAULT = "default"
    ON = "on"
    OFF = "off"


class OnCodecChange(StrEnum):
    SPLIT = "split"
    JOIN = "join"


class UploadWhat(StrEnum):
    ALL = "all"
    SEGMENTS = "segments"
    MP4 = "mp4"


@dataclass(frozen=True, slots=True)
class StreamRule:
    """``target_id`` None: the house's own rule of uploading; "" never."""

    mode: Mode = Mode.DEFAULT
    target_id: str | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """Streams that match ``glob`` are recorded at these times of the week (core/weekly.py)."""

    id: str
    label: str
    glob: str
    days: tuple[int, ...]
    start: str
    end: str
    zone: str
    enabled: bool = True

    def concerns(self, url: str) -> bool:
        """Tell whether it says anything about a stream."""
        return self.enabled and glob_matches(self.glob, url)

    def active(self, now_ms: int) -> bool:
        """Tell whether its time is now; never when the zone is not known."""
        return self._times.active(now_ms)

    def next_change_ms(self, now_ms: int) -> int | None:
        """Return when it begins or ends next, ms since the epoch; None for never."""
        return self._times.next_change_ms(now_ms) if self.enabled else None

    def next_start_ms(self, now_ms: int) -> int | None:
        """Return when it begins next, ms since the epoch; None for never."""
        return self._times.next_start_ms(now_ms) if self.enabled else None

    @property
    def _times(self) -> Weekly:
        return Weekly(self.days, self.start, self.end, self.zone)


@dataclass(frozen=True, slots=True)
class Decision:
    """``why``: off, all, glob, stream, manual, schedule, dvr, vod or disk. ``target_id``: where it
    is uploaded; "" nowhere."""

    record: bool
    target_id: str
    why: str


@dataclass(frozen=True, slots=True)
class RecordRules:
    """``manual``: stream -> "on" or "off", until its publisher leaves. ``default_target``: the
    storage that DVR, VoD and ``upload_all`` use. ``disk_full``: nothing new is recorded.
    ``revision`` grows with every change by the operator."""

    revision: int = 0

    record_all: bool = False
    dvr_all: bool = False
    vod_all: bool = False
    globs: tuple[str, ...] = ()
    grace_s: int = 30
    on_codec_change: OnCodecChange = OnCodecChange.SPLIT
    max_length_s: int = 0
    max_size_mb: int = 0
    mp4: bool = True
    thumbnails: bool = True
    upload_all: bool = False
    upload_what: UploadWhat = UploadWhat.ALL
    post_copy_dir: str = ""
    default_target: str = ""
    streams: dict[str, StreamRule] = field(default_factory=dict)
    manual: dict[str, str] = field(default_factory=dict)
    schedules: tuple[Schedule, ...] = ()
    disk_full: bool = False

    def decide(self, url: str, now_ms: int) -> Decision:
        """Say whether a stream (``app/stream``) is to be recorded at a moment, and where to."""
        wanted, why = self._wish(url, now_ms)
        if not wanted:
            return Decision(False, "", why)
        if self.disk_full:
            return Decision(False, "", "disk")
        own = self.streams.get(url)
        if own is not None and own.target_id is not None:
            return Decision(True, own.target_id, why)
        uploads = self.upload_all or self.dvr_all or self.vod_all
        return Decision(True, self.default_target if uploads else "", why)

    def _wish(self, url: str, now_ms: int) -> tuple[bool, str]:
        by_hand = self.manual.get(url)
        if by_hand is not None:
            return by_hand == "on", "manual"
        own = self.streams.get(url)
        if own is not None and own.mode is not Mode.DEFAULT:
            return own.mode is Mode.ON, "stream"
        mine = [one for one in self.schedules if one.concerns(url)]
        if any(one.active(now_ms) for one in mine):
            return True, "schedule"
        if self.dvr_all:
            return True, "dvr"
        if self.vod_all:
            return True, "vod"
        if self.record_all and not self.globs:
            return True, "all"
        if self.record_all and any(glob_matches(glob, url) for glob in self.globs):
            return True, "glob"
        return False, "schedule" if mine else "off"

    def next_change_ms(self, now_ms: int) -> int | None:
        """Return when a schedule begins or ends next, ms since the epoch; None for never."""
        edges = (one.next_change_ms(now_ms) for one in self.schedules)
        return min((edge for edge in edges if edge is not None), default=None)

    def save(self, path: Path) -> None:
        """Write the copy for the hot path. Raises OSError."""
        write_atomic(path, orjson.dumps(asdict(self)), 0o640)

    @classmethod
    def load(cls, path: Path) -> "RecordRules":
        """Read the copy; nothing is recorded by rules that are absent or broken."""
        try:
            return cls.from_stored(orjson.loads(path.read_bytes()))
        except FileNotFoundError:
            return cls()
        except (OSError, ValueError, TypeError, KeyError, AttributeError) as exc:
            log.error("record_rules.unreadable", path=str(path), error=type(exc).__name__)
            return cls()

    @classmethod
    def from_stored(cls, stored: dict[str, Any]) -> "RecordRules":
        """Build from what ``save`` wrote; fields of other versions are ignored. Raises ValueError,
        TypeError, KeyError or AttributeError when it is something else."""
        known = {name: one for name, one in stored.items() if name in _TYPES}
        for name, kind in _TYPES.items():
            if kind is not None and name in known and type(known[name]) is not kind:
                raise TypeError(f"{name} is not of its type")
        if "globs" in known:
            known["globs"] = tuple(str(one) for one in known["globs"])
        if "on_codec_change" in known:
            known["on_codec_change"] = OnCodecChange(known["on_codec_change"])
        if "upload_what" in known:
            known["upload_what"] = UploadWhat(known["upload_what"])
        if "streams" in known:
            known["streams"] = {
                url: StreamRule(Mode(one["mode"]), one.get("target_id"))
                for url, one in known["streams"].items()
            }
        if "manual" in known:
            known["manual"] = {str(url): str(wish) for url, wish in known["manual"].items()}
        if "schedules" in known:
            known["schedules"] = tuple(_schedule(one) for one in known["schedules"])
        return cls(**known)


_TYPES = {
    one.name: one.type if one.type in (bool, int, str) else None for one in fields(RecordRules)
}


def _schedule(stored: dict[str, Any]) -> Schedule:
    known = {one.name: stored[one.name] for one in fields(Schedule) if one.name in stored}
    found = Schedule(**known | {"days": tuple(int(day) for day in known["days"])})
    if not (is_clock(found.start) and is_clock(found.end)):
        raise ValueError("a schedule begins or ends at no time of day")
    return found


def glob_matches(glob: str, url: str) -> bool:
    """Match as Oryx does: against ``/app/stream``; a leading slash may be left out."""
    return fnmatchcase(f"/{url}", glob if glob.startswith("/") else f"/{glob}")
