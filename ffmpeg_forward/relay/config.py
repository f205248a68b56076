"""What a relay is told to do. It holds secrets: it travels over a socket, never into a file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, TypeVar

import orjson

T = TypeVar("T")

FORWARD, PROGRAMME, CHANNEL = "forward", "programme", "channel"
STREAM, ITEMS, CAMERA = "stream", "items", "camera"
LOCAL = "local:"
"""A destination ``local:<app>/<stream>`` is a stream of our own media server."""

SLATE = "slate"
"""In place of a source: nothing but the slate."""


class Sender(StrEnum):
    """What carries a timeline to a destination: ourselves, or FFmpeg."""

    NATIVE = "native"
    FFMPEG = "ffmpeg"


@dataclass(frozen=True, slots=True)
class ItemConfig:
    """One thing to play. ``target``: an absolute path, or an address with its secrets, which is
    asked for by channels/url_policy.py before each connection: ``allow_private`` addresses, and as
    a ``film`` or as a camera. ``width``, ``height`` and ``audio_rate``: what it is turned into
    where it must be transcoded; 0 leaves it."""

    id: str
    target: str = field(repr=False)
    name: str = ""
    is_file: bool = True
    may_transcode: bool = True
    must_transcode: bool = False
    allow_private: bool = False
    film: bool = True
    width: int = 0
    height: int = 0
    audio_rate: int = 0


@dataclass(frozen=True, slots=True)
class SourceConfig:
    """``kind`` stream: ``app`` and ``stream``, with ``live`` telling whether it is believed to be
    on. items: ``items`` one after the other, ``loop`` for ever, ``shuffle`` anew in each round.
    camera: ``items[0]``, read again and again; ``silent_audio`` replaces its sound."""

    id: str
    kind: str
    app: str = ""
    stream: str = ""
    live: bool = True
    items: tuple[ItemConfig, ...] = ()
    loop: bool = False
    shuffle: bool = False
    silent_audio: bool = False


@dataclass(frozen=True, slots=True)
class DestinationConfig:
    """``url``: where to, with its key, or ``local:<app>/<stream>``. ``secrets``: what must never
    be shown of it. ``give_up_after``: failed attempts in a row, 0 for never."""

    id: str
    url: str = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    sender: Sender = Sender.NATIVE
    verify_tls: bool = True
    give_up_after: int = 0


@dataclass(frozen=True, slots=True)
class SlateConfig:
    """``kind`` card, picture or clip; ``path`` of the latter two. ``audio`` silent or own."""

    kind: str = "card"
    title: str = ""
    subtitle: str = ""
    path: str = ""
    audio: str = "silent"


@dataclass(frozen=True, slots=True)
class HouseFormat:
    """What sources are turned into before they are spliced."""

    width: int = 1280
    height: int = 720
    fps: int = 30
    video_kbps: int = 3000
    audio_rate: int = 48000
    audio_kbps: int = 128


@dataclass(frozen=True, slots=True)
class RelayConfig:
    """``house_key`` signs grants for the media server at ``rtmp_port``. ``taken``: id of a source
    or ``slate`` chosen by hand; ``hold``: stay with it even when it is lost."""

    name: str
    mode: str
    rtmp_port: int
    house_key: str = field(repr=False)
    sources: tuple[SourceConfig, ...] = ()
    destinations: tuple[DestinationConfig, ...] = ()
    slate: SlateConfig | None = None
    normalise: HouseFormat | None = None
    taken: str = ""
    hold: bool = False
    buffer_ms: int = 300
    lost_after_ms: int = 500
    wait_for_source: bool = False

    def to_json(self) -> bytes:
        return orjson.dumps(asdict(self))

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "RelayConfig":
        """Read what ``to_json`` wrote. Raises KeyError, TypeError or ValueError for what is not."""
        known = _known(cls, stored)
        known["sources"] = tuple(
            SourceConfig(
                **{**_known(SourceConfig, one), "items": _all(ItemConfig, one.get("items", ()))}
            )
            for one in stored.get("sources", ())
        )
        known["destinations"] = tuple(
            DestinationConfig(
                **{
                    **_known(DestinationConfig, one),
                    "secrets": tuple(one.get("secrets", ())),
                    "sender": Sender(one.get("sender", Sender.NATIVE)),
                }
            )
            for one in stored.get("destinations", ())
        )
        if known.get("slate") is not None:
            known["slate"] = SlateConfig(**_known(SlateConfig, known["slate"]))
        if known.get("normalise") is not None:
            known["normalise"] = HouseFormat(**_known(HouseFormat, known["normalise"]))
        return cls(**known)


def _known(kind: type[Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the fields that this version knows."""
    return {one.name: stored[one.name] for one in fields(kind) if one.name in stored}


def _all(kind: type[T], stored: Any) -> tuple[T, ...]:
    return tuple(kind(**_known(kind, one)) for one in stored)
