"""What is recorded: pure rules, read by the hot path from a file, without Redis.

Order: by hand, then the stream's own choice, then schedules, then DVR, VoD and record for all.
"""

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from ..core.errors import Invalid
from ..core.files import write_atomic
from ..core.log import get_logger

log = get_logger(__name__)

DAY_MINUTES = 24 * 60


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
    """``days``: 0 is Monday; a window that passes midnight belongs to the day it begins.

    ``start`` and ``end`` are ``HH:MM`` in ``zone``; equal ones mean the whole day.
    """

    id: str
    label: str
    glob: str
    days: tuple[int, ...]
    start: str
    end: str
    zone: str
    enabled: bool = True

    def active(self, url: str, now_ms: int) -> bool:
        """Tell whether it wants this stream now; a zone that is not known wants nothing."""
        if not self.enabled or not fnmatchcase(url, self.glob.lstrip("/")):
            return False
        zone = _zone(self.zone)
        if zone is None:
            return False
        local = datetime.fromtimestamp(now_ms / 1000, zone)
        minute = local.hour * 60 + local.minute
        start, end = minutes_of(self.start), minutes_of(self.end)
        length = (end - start) % DAY_MINUTES or DAY_MINUTES
        today, yesterday = local.weekday(), (local - timedelta(days=1)).weekday()
        if today in self.days and start <= minute < start + length:
            return True
        return yesterday in self.days and minute + DAY_MINUTES < start + length


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
    storage that DVR, VoD and ``upload_all`` use. ``disk_full``: nothing new is recorded."""

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
        mine = [one for one in self.schedules if fnmatchcase(url, one.glob.lstrip("/"))]
        if any(one.active(url, now_ms) for one in mine):
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
        known = {name: stored[name] for name in _FIELDS if name in stored}
        for name in _FLAGS & known.keys():
            if not isinstance(known[name], bool):
                raise TypeError(f"{name} is no flag")
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
        if "schedules" in known:
            known["schedules"] = tuple(
                Schedule(**{**one, "days": tuple(one["days"])}) for one in known["schedules"]
            )
        return cls(**known)


_FIELDS = frozenset(one.name for one in fields(RecordRules))
_FLAGS = frozenset(one.name for one in fields(RecordRules) if one.type in (bool, "bool"))


def glob_matches(glob: str, url: str) -> bool:
    """Match as Oryx does: against ``/app/stream``; a leading slash may be left out."""
    return fnmatchcase(f"/{url}", glob if glob.startswith("/") else f"/{glob}")


def minutes_of(clock: str) -> int:
    """Return the minute of the day of ``HH:MM``. Raises Invalid."""
    hours, _, minutes = clock.partition(":")
    if len(clock) == 5 and hours.isdigit() and minutes.isdigit():
        found = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and found < DAY_MINUTES:
            return found
    raise Invalid(f"{clock} is no time of day", "Write it as HH:MM, for example 18:30.")


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
