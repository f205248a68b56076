"""One output: a source of this house, and the place where it is to go."""

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

import orjson

from ...core.weekly import Weekly, is_clock
from ..relay.config import Sender


class SourceKind(StrEnum):
    STREAM = "stream"
    PROGRAMME = "programme"


class OutputState(StrEnum):
    """How an output is. ``live`` only while the far end takes what it is sent."""

    OFF = "off"
    SCHEDULED = "scheduled"
    WAITING = "waiting"
    CONNECTING = "connecting"
    LIVE = "live"
    STALLED = "stalled"
    RETRYING = "retrying"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OutputSource:
    """A stream, or a programme by its id. An empty ``app``: whichever has a stream of that name; an
    empty ``stream``: whichever is live. Of several it is the one that began last."""

    kind: SourceKind = SourceKind.STREAM
    app: str = ""
    stream: str = ""
    programme: str = ""

    def matches(self, app: str, stream: str) -> bool:
        """Tell whether this stream may be it."""
        if self.kind is not SourceKind.STREAM:
            return False
        return self.app in ("", app) and self.stream in ("", stream)


@dataclass(frozen=True, slots=True)
class Output:
    """What the operator has set. ``sealed_server`` and ``sealed_key`` are for
    ``OutputStore.address``: a server's address may hold a password. ``compat``: what programs that
    know SRS-cloud and Oryx call it, a field of ``SRS_FORWARD_CONFIG``. ``give_up_after``: so many
    failed attempts in a row; 0 never. ``key_hint``: the end of the key, to tell keys apart."""

    id: str
    label: str
    platform: str
    compat: str
    source: OutputSource = OutputSource()
    sealed_server: str = field(default="", repr=False)
    sealed_key: str = field(default="", repr=False)
    shown_server: str = ""
    key_hint: str = ""
    enabled: bool = False
    sender: Sender = Sender.NATIVE
    verify_tls: bool = True
    give_up_after: int = 0
    order: int = 0
    schedule: Weekly | None = None
    created_ms: int = 0

    @property
    def has_key(self) -> bool:
        return bool(self.sealed_key)

    def wanted(self, now_ms: int) -> bool:
        """Tell whether it is to run now, if its source does."""
        return self.enabled and (self.schedule is None or self.schedule.active(now_ms))

    @classmethod
    def from_json(cls, raw: str | bytes) -> "Output":
        """Read what is stored; fields of other versions are ignored. Raises ValueError, KeyError,
        TypeError or AttributeError when it is something else."""
        stored: dict[str, Any] = orjson.loads(raw)
        known = {one.name: stored[one.name] for one in fields(cls) if one.name in stored}
        source = known.get("source", {})
        known["source"] = OutputSource(
            SourceKind(source.get("kind", "stream")),
            str(source.get("app", "")),
            str(source.get("stream", "")),
            str(source.get("programme", "")),
        )
        known["sender"] = Sender(known.get("sender", "native"))
        known["schedule"] = _schedule(known.get("schedule"))
        return cls(**known)

    def to_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()


def _schedule(stored: Any) -> Weekly | None:
    if stored is None:
        return None
    found = Weekly(
        tuple(int(day) for day in stored["days"]),
        str(stored["start"]),
        str(stored["end"]),
        str(stored["zone"]),
    )
    if not (is_clock(found.start) and is_clock(found.end)):
        raise ValueError("a schedule begins or ends at no time of day")
    return found
