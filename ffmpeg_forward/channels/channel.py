"""One channel: files or addresses of the operator, played as if somebody were live."""

from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

import orjson

from ...core.weekly import Weekly, is_clock

MAX_CHANNELS = 64
MAX_ITEMS = 500


class ChannelKind(StrEnum):
    VLIVE = "vlive"
    CAMERA = "camera"


class ChannelItemType(StrEnum):
    """``upload``, ``file`` and ``ytdl`` are files below the data directory, ``stream`` is an
    address."""

    UPLOAD = "upload"
    FILE = "file"
    STREAM = "stream"
    YTDL = "ytdl"


class ChannelToKind(StrEnum):
    """``address``: a server and a key of the channel's own, as Oryx has them."""

    STREAM = "stream"
    OUTPUTS = "outputs"
    ADDRESS = "address"


class ChannelTranscode(StrEnum):
    AUTO = "auto"
    NEVER = "never"
    ALWAYS = "always"


class ChannelState(StrEnum):
    """``ended``: it has played to its end, or as long as it may, and waits for its next time."""

    OFF = "off"
    SCHEDULED = "scheduled"
    STARTING = "starting"
    LIVE = "live"
    RETRYING = "retrying"
    FAILED = "failed"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What is wrong, for people (``message``, ``help``) and for programs (``key``)."""

    key: str
    message: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """``target``: a path below the data directory, or an address as it may be shown; that one is in
    ``sealed`` as a whole. ``facts``: what ffprobe told when it was added, as Oryx shows it;
    ``trouble``: why it told nothing."""

    id: str
    type: ChannelItemType
    name: str
    target: str
    sealed: str = field(default="", repr=False)
    bytes: int = 0
    duration_ms: int = 0
    video_codec: str = ""
    audio_codec: str = ""
    facts: dict[str, Any] = field(default_factory=dict)
    trouble: Trouble | None = None

    @property
    def is_file(self) -> bool:
        return self.type is not ChannelItemType.STREAM


@dataclass(frozen=True, slots=True)
class Destination:
    """``stream``: ``app`` and ``stream`` of this house. ``outputs``: ids. ``address``:
    ``sealed_server``, ``sealed_key``, and what may be shown of them."""

    kind: ChannelToKind = ChannelToKind.STREAM
    app: str = "live"
    stream: str = ""
    outputs: tuple[str, ...] = ()
    sealed_server: str = field(default="", repr=False)
    sealed_key: str = field(default="", repr=False)
    shown_server: str = ""
    key_hint: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """What the operator has set, and of its run no more than a restart of ours must not lose:
    ``run_ms``, when the run began (0: it has not); ``ended_ms``, when it ended by itself (0: it has
    not); ``told``, the last event of it. ``compat``: what programs that know Oryx call it. Moments
    are ms since the epoch."""

    id: str
    kind: ChannelKind
    label: str
    compat: str
    to: Destination = Destination()
    enabled: bool = False
    items: tuple[Item, ...] = ()
    loop: bool = True
    shuffle: bool = False
    max_duration_s: int = 0
    schedule: Weekly | None = None
    transcode: ChannelTranscode = ChannelTranscode.AUTO
    extra_audio: str = ""
    allow_private: bool = False
    created_ms: int = 0
    run_ms: int = 0
    ended_ms: int = 0
    told: str = ""

    @classmethod
    def from_json(cls, raw: str | bytes) -> "Channel":
        """Read what is stored; fields of other versions are ignored. Raises ValueError, KeyError,
        TypeError or AttributeError when it is something else."""
        stored: dict[str, Any] = orjson.loads(raw)
        known = _known(cls, stored)
        known["kind"] = ChannelKind(known["kind"])
        to = _known(Destination, stored.get("to", {}))
        to["kind"] = ChannelToKind(to.get("kind", "stream"))
        to["outputs"] = tuple(str(one) for one in to.get("outputs", ()))
        known["to"] = Destination(**to)
        known["items"] = tuple(_item(one) for one in stored.get("items", ()))
        known["transcode"] = ChannelTranscode(known.get("transcode", "auto"))
        known["schedule"] = _weekly(stored.get("schedule"))
        return cls(**known)

    def to_json(self) -> str:
        return orjson.dumps(asdict(self)).decode()

    def phase(self, now_ms: int) -> ChannelState:
        """Return ``off``, ``scheduled`` or ``ended``; ``starting`` when it is to run now."""
        if not self.enabled:
            return ChannelState.OFF
        if self.schedule is None:
            return ChannelState.ENDED if self.ended_ms else ChannelState.STARTING
        begun = self.schedule.active_since_ms(now_ms)
        if begun is None:
            return ChannelState.SCHEDULED
        return ChannelState.ENDED if self.ended_ms >= begun else ChannelState.STARTING

    def began_ms(self, now_ms: int) -> int:
        """Return when the run that is to be now began; 0 when nobody has noted it yet."""
        begun = self.schedule.active_since_ms(now_ms) if self.schedule is not None else None
        return self.run_ms if begun is None or self.run_ms >= begun else 0

    def next_change_ms(self, now_ms: int) -> int | None:
        """Return when its time begins or ends next; None for never."""
        edges = []
        if self.enabled and self.schedule is not None:
            edges.append(self.schedule.next_change_ms(now_ms))
        if self.max_duration_s and (began := self.began_ms(now_ms)):
            edges.append(began + self.max_duration_s * 1000)
        return min((one for one in edges if one is not None and one > now_ms), default=None)


def _item(stored: dict[str, Any]) -> Item:
    known = _known(Item, stored)
    known["type"] = ChannelItemType(known["type"])
    if known.get("trouble") is not None:
        known["trouble"] = Trouble(**_known(Trouble, known["trouble"]))
    return Item(**known)


def _weekly(stored: Any) -> Weekly | None:
    if stored is None:
        return None
    days = tuple(int(day) for day in stored["days"])
    found = Weekly(days, str(stored["start"]), str(stored["end"]), str(stored["zone"]))
    if not (is_clock(found.start) and is_clock(found.end)):
        raise ValueError("a schedule begins or ends at no time of day")
    return found


def _known(kind: type[Any], stored: dict[str, Any]) -> dict[str, Any]:
    return {one.name: stored[one.name] for one in fields(kind) if one.name in stored}
