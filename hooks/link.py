"""Read any address that a viewer may have been given, the way our doors and the media server do."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from ..core.errors import Invalid
from ..core.names import VOD_APP, check_name

MAX_LINK = 8192
_MAX_FIELDS = 100
_SESSION = re.compile(r"p/([0-9a-f]{32})/([^/]+)/([^/]+)")
_SEGMENT = re.compile(r"(.+)-\d+\.ts")
_RECORDING = re.compile(r"vod/([0-9a-f-]{36})(\.m3u8|\.mp4|\.jpg)?")
_RECORDING_SESSION = re.compile(r"v/([0-9a-f]{32})/([0-9a-f-]{36})/[^/]+")


class Way(StrEnum):
    """Which door an address leads to."""

    WATCH = "watch"
    HLS = "hls"
    FLV = "flv"
    WEBRTC = "webrtc"
    RTMP = "rtmp"
    SRT = "srt"
    SESSION = "session"
    """The playlist or a segment of one viewing session."""
    SEGMENT = "segment"
    """A segment outside of any session."""


@dataclass(frozen=True, slots=True)
class Link:
    """``token`` is empty when there is no pass, or more than one. ``sid`` is for Way.SESSION.
    ``query``: all parameters, without ``?``; the owner's server may look at them."""

    way: Way
    app: str
    stream: str
    token: str = ""
    query: str = ""
    sid: str = ""


def is_link(text: str) -> bool:
    """Tell a whole address, or the path of one, from a pass alone."""
    return "://" in text or text.startswith("/")


def read_link(text: str) -> Link:
    """Return what an address means. Raises Invalid when it is none of ours."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        raise _unreadable("it is no address") from None
    path = unquote(parts.path).strip("/")
    match parts.scheme.lower():
        case "srt":
            found = _srt(text)
        case "rtmp" | "rtmps":
            found = _rtmp(text)
        case "webrtc":
            found = _link(Way.WEBRTC, _two(path), parts.query)
        case "http" | "https" | "ws" | "wss" | "":
            found = _http(path, parts.query)
        case other:
            raise _unreadable(f"{other!r} is no protocol that viewers use")
    check_name(found.app, "app")
    check_name(found.stream, "stream")
    return found


def _link(way: Way, names: tuple[str, str], query: str) -> Link:
    return Link(way, *names, _one(_fields(query), "pass"), query)


def _http(path: str, query: str) -> Link:
    session = _SESSION.fullmatch(path)
    if session:
        segment = _SEGMENT.fullmatch(session[3])
        stream = segment[1] if segment else session[3].removesuffix(".m3u8")
        return Link(Way.SESSION, session[2], stream, sid=session[1])
    recording = _RECORDING_SESSION.fullmatch(path)
    if recording:
        return Link(Way.SESSION, VOD_APP, recording[2], sid=recording[1])
    recording = _RECORDING.fullmatch(path)
    if recording:
        return _link(Way.WATCH, (VOD_APP, recording[1]), query)
    if path.startswith("watch/"):
        return _link(Way.WATCH, _two(path.removeprefix("watch/")), query)
    if path in ("rtc/v1/whep", "rtc/v1/play"):
        fields = _fields(query)
        return _link(Way.WEBRTC, (_one(fields, "app"), _one(fields, "stream")), query)
    app, name = _two(path)
    for suffix, way in ((".m3u8", Way.HLS), (".flv", Way.FLV)):
        if name.endswith(suffix):
            return _link(way, (app, name.removesuffix(suffix)), query)
    if name.endswith(".ts"):
        segment = _SEGMENT.fullmatch(name)
        return Link(Way.SEGMENT, app, segment[1] if segment else name.removesuffix(".ts"))
    raise _unreadable("it is neither a page to watch on, .m3u8, .flv nor WHEP")


def _rtmp(text: str) -> Link:
    """``rtmp://host/app/stream?pass=``; some players put the query behind the app."""
    rest = text.strip().partition("://")[2].partition("/")[2]
    path, _, query = rest.partition("?")
    query, slash, behind = query.partition("/")
    if slash:
        path = f"{path}/{behind}"
    return _link(Way.RTMP, _two(unquote(path).strip("/")), query)


def _srt(text: str) -> Link:
    """``srt://host:port?streamid=#!::r=app/stream,m=request,pass=``; the pass may also follow the
    stream as ``?pass=``."""
    _, given, raw = text.strip().partition("streamid=")
    if not given:
        raise _unreadable("an srt address needs a streamid")
    # A player that takes the streamid for a part of the query wants its # escaped.
    streamid = unquote(raw.partition("&")[0] if raw.startswith("%23") else raw)
    if not streamid.startswith("#!::"):
        path, _, query = streamid.partition("?")
        return _link(Way.SRT, _two(path.strip("/")), query)
    path, found = "", []
    for word in streamid.removeprefix("#!::").split(","):
        name, _, value = word.partition("=")
        if name == "r":
            path, _, query = value.partition("?")
            found += _fields(query)
        else:
            found.append((name, value))
    return _link(Way.SRT, _two(path.strip("/")), urlencode(found))


def _two(path: str) -> tuple[str, str]:
    app, slash, stream = path.partition("/")
    if not slash or "/" in stream:
        raise _unreadable("it does not name an app and a stream")
    return app, stream


def _fields(query: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError:
        raise _unreadable(f"it has more than {_MAX_FIELDS} parameters") from None


def _one(fields: list[tuple[str, str]], name: str) -> str:
    """Two values could be read differently by two programs, so neither counts."""
    found = [value for field, value in fields if field == name]
    return found[0] if len(found) == 1 else ""


def _unreadable(why: str) -> Invalid:
    return Invalid(
        f"this is no address of a stream: {why}", "Copy the whole link.", key="link_unreadable"
    )
