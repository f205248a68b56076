"""The statistics page of nginx-rtmp, read into plain values."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

# nginx escapes <, > and &, but a flashver may hold control characters, which no XML may.
_CONTROL = bytes(range(9)) + bytes([11, 12]) + bytes(range(14, 32)) + b"\x7f"


class BadStat(ValueError):
    """The page is not what nginx-rtmp writes."""


@dataclass(frozen=True, slots=True)
class StatClient:
    cid: int
    address: str
    publishing: bool


@dataclass(frozen=True, slots=True)
class StatVideo:
    codec: str
    profile: str
    level: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class StatAudio:
    codec: str
    profile: str
    sample_rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class StatStream:
    """``bytes_in`` and ``bytes_out`` count since the stream object was made in nginx."""

    app: str
    name: str
    bytes_in: int
    bytes_out: int
    clients: tuple[StatClient, ...]
    video: StatVideo | None
    audio: StatAudio | None

    @property
    def publisher_cid(self) -> int | None:
        return next((c.cid for c in self.clients if c.publishing), None)


@dataclass(frozen=True, slots=True)
class Stat:
    """``pid`` is the worker's: another one means that the worker died and all clients with it."""

    pid: int
    uptime_s: int
    bytes_in: int
    bytes_out: int
    streams: tuple[StatStream, ...]

    def clients(self) -> Iterator[tuple[StatStream, StatClient]]:
        for stream in self.streams:
            for client in stream.clients:
                yield stream, client


def parse_stat(page: bytes) -> Stat:
    """Raise BadStat for anything but the page of nginx-rtmp."""
    clean = page.translate(None, _CONTROL).decode("utf-8", "replace")
    try:
        # The page comes from our own nginx, which escapes what clients say: no DTD can be in it.
        root = ElementTree.fromstring(clean)  # noqa: S314
        return Stat(
            pid=_number(root, "pid"),
            uptime_s=_number(root, "uptime"),
            bytes_in=_number(root, "bytes_in"),
            bytes_out=_number(root, "bytes_out"),
            streams=tuple(
                _stream(_text(app, "name"), stream)
                for app in root.iter("application")
                for stream in app.iterfind("live/stream")
            ),
        )
    except (ElementTree.ParseError, ValueError) as exc:
        raise BadStat(f"the statistics cannot be read: {exc}") from exc


def _stream(app: str, node: Element) -> StatStream:
    return StatStream(
        app=app,
        name=_text(node, "name"),
        bytes_in=_number(node, "bytes_in"),
        bytes_out=_number(node, "bytes_out"),
        clients=tuple(
            StatClient(_number(c, "id"), _text(c, "address"), c.find("publishing") is not None)
            for c in node.iterfind("client")
        ),
        video=_video(node.find("meta/video")),
        audio=_audio(node.find("meta/audio")),
    )


def _video(node: Element | None) -> StatVideo | None:
    if node is None or not _text(node, "codec"):
        return None
    return StatVideo(
        codec=_text(node, "codec"),
        profile=_text(node, "profile"),
        level=_text(node, "level"),
        width=_number(node, "width"),
        height=_number(node, "height"),
    )


def _audio(node: Element | None) -> StatAudio | None:
    if node is None or not _text(node, "codec"):
        return None
    return StatAudio(
        codec=_text(node, "codec"),
        profile=_text(node, "profile"),
        sample_rate=_number(node, "sample_rate"),
        channels=_number(node, "channels"),
    )


def _text(node: Element, name: str) -> str:
    return (node.findtext(name) or "").strip()


def _number(node: Element, name: str) -> int:
    return int(_text(node, name) or 0)
