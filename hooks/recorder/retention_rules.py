"""How long recordings stay, here and in a bucket: pure rules, which default to for ever."""

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

import orjson

from ..library.recording import Mp4State, Recording, State, UploadState

DAY_MS = 86_400_000


class AfterUpload(StrEnum):
    """What becomes of the files on this disk once a bucket has them."""

    KEEP = "keep"
    DELETE = "delete"
    DAYS = "days"


class Fate(StrEnum):
    """What is due for a recording. ``free``: what a bucket has of it goes from this disk.
    ``free_all``: all of its media goes from this disk, for a bucket has it. ``unstore``: its copy
    in the bucket goes. ``delete``: it goes."""

    KEEP = "keep"
    FREE = "free"
    FREE_ALL = "free_all"
    UNSTORE = "unstore"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class StreamDays:
    """A stream's own days; None: as the house."""

    local_days: int | None = None
    bucket_days: int | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """0 days: for ever; 0 of the others: no limit. ``streams``: by ``app/stream``.

    What is marked to be kept never goes. What is meant for a bucket and is not verified there never
    goes from this disk, whatever its age and however full the disk is.
    """

    local_days: int = 0
    local_max_gb: int = 0
    min_free_percent: int = 0
    warn_percent: int = 10
    stop_percent: int = 5
    after_upload: AfterUpload = AfterUpload.KEEP
    after_upload_days: int = 7
    bucket_days: int = 0
    streams: dict[str, StreamDays] = field(default_factory=dict)

    def days_of(self, url: str) -> tuple[int, int]:
        """Return the days on this disk and in a bucket that hold for a stream."""
        own = self.streams.get(url, StreamDays())
        return (
            self.local_days if own.local_days is None else own.local_days,
            self.bucket_days if own.bucket_days is None else own.bucket_days,
        )

    def local_horizon_days(self) -> int | None:
        """Return the age below which nothing goes from this disk by its days; None: never."""
        own = (self.days_of(url)[0] for url in self.streams)
        return min((days for days in (self.local_days, *own) if days), default=None)

    def bucket_horizon_days(self) -> int | None:
        """Return the age below which nothing goes from a bucket; None: never."""
        own = (self.days_of(url)[1] for url in self.streams)
        return min((days for days in (self.bucket_days, *own) if days), default=None)

    def fate(self, recording: Recording, now_ms: int) -> Fate:
        """Say what is due for a recording at a moment."""
        if not is_settled(recording):
            return Fate.KEEP
        local_ms, bucket_ms = self._ends(recording)
        local_due = local_ms is not None and local_ms <= now_ms
        if not in_bucket(recording):
            return Fate.DELETE if local_due else Fate.KEEP
        after = self._after_upload_due(recording, now_ms)
        if bucket_ms is not None and bucket_ms <= now_ms:
            stays = recording.local and not (local_due or after)
            return Fate.UNSTORE if stays else Fate.DELETE
        if not recording.local:
            return Fate.KEEP
        if local_due:
            return Fate.FREE_ALL
        return Fate.FREE if after and not recording.freed else Fate.KEEP

    def _ends(self, recording: Recording) -> tuple[int | None, int | None]:
        local, bucket = self.days_of(recording.url)
        over_ms = recording.ended_ms or recording.started_ms
        return (
            over_ms + local * DAY_MS if local else None,
            over_ms + bucket * DAY_MS if bucket else None,
        )

    def _after_upload_due(self, recording: Recording, now_ms: int) -> bool:
        if self.after_upload is AfterUpload.DELETE:
            return True
        if self.after_upload is AfterUpload.KEEP or recording.verified_ms is None:
            return False
        return recording.verified_ms + self.after_upload_days * DAY_MS <= now_ms

    def delete_at_ms(self, recording: Recording) -> int | None:
        """Return when a recording will be gone, here and in its bucket, by age; None: never."""
        if recording.keep or recording.state in (State.RECORDING, State.DELETING):
            return None
        local_ms, bucket_ms = self._ends(recording)
        if recording.upload is UploadState.NONE:
            return local_ms
        if bucket_ms is None or not recording.local or self.after_upload is not AfterUpload.KEEP:
            return bucket_ms
        return None if local_ms is None else max(local_ms, bucket_ms)

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def from_json(cls, raw: str | bytes) -> "Retention":
        """Read what is stored; fields of other versions are ignored. Raises ValueError, TypeError
        or AttributeError when it is something else."""
        stored: dict[str, Any] = dict(orjson.loads(raw).items())
        known = {one.name: stored[one.name] for one in fields(cls) if one.name in stored}
        for name, value in known.items():
            if name not in ("streams", "after_upload") and type(value) is not int:
                raise TypeError(f"{name} is no number")
        if "after_upload" in known:
            known["after_upload"] = AfterUpload(known["after_upload"])
        if "streams" in known:
            known["streams"] = {
                url: StreamDays(one.get("local_days"), one.get("bucket_days"))
                for url, one in known["streams"].items()
            }
        return cls(**known)


def in_bucket(recording: Recording) -> bool:
    """Tell whether everything that was to go into a bucket was verified there."""
    return recording.upload is UploadState.VERIFIED and recording.target_id != ""


def is_settled(recording: Recording) -> bool:
    """Tell whether rules may take anything of it away: it is over, nobody wants it kept, nothing is
    being made of it, and it is not on its way into a bucket."""
    on_its_way = recording.upload not in (UploadState.NONE, UploadState.VERIFIED)
    return (
        recording.state in (State.READY, State.FAILED)
        and not recording.keep
        and recording.mp4 not in (Mp4State.WAITING, Mp4State.MAKING)
        and not on_its_way
    )
