"""How FFmpeg reads a file or an address, and nothing beside it.

What it may open is said by name: a playlist that somebody sends us must not make it read other
files of this machine. A file is never read as a list of files; an address leads to no file.

Passwords stay out of ``ps``: an address with one goes to FFmpeg by its standard input, as a list
of one entry. Seen to work with RTSP, RTMP, SRT, HTTP and HLS. It needs FFmpeg 5.0; an older one
gets the address in its command, where users of this machine can see it. Such a list tells no
duration, so that of a file behind a password is not known.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

from ...core.redact import redact_text
from ..fonts import FFMPEG, about
from ..gently import MediaFailed

SILENT_S = 15
"""An address that sends nothing for so long is given up."""

_FILE_FORMATS = (
    "mov,mp4,matroska,webm,flv,mpegts,mpeg,avi,asf,mp3,aac,wav,flac,ogg,h264,hevc,mxf,ac3"
)
_REMOTE_FORMATS = f"{_FILE_FORMATS},hls,applehttp,dash,rtsp,live_flv"
_HTTP = "http,https,httpproxy,tcp,tls,crypto"
_PROTOCOLS = {
    "http": _HTTP,
    "https": _HTTP,
    "rtmp": "rtmp,tcp",
    "rtmps": "rtmp,rtmps,httpproxy,tcp,tls",
    "rtsp": "rtsp,rtp,tcp",
    "rtsps": "rtsp,rtsps,rtp,httpproxy,tcp,tls",
    "srt": "srt",
}
# Of what is live the rate of pictures is not waited for: it comes back sooner.
_SOON = {"fpsprobesize": "0"}
SCHEMES = frozenset(_PROTOCOLS)
_OPTION_LISTS = 59
"""First libavformat whose lists take options for each entry (FFmpeg 5.0)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """``args``: of the command, up to and with ``-i``. ``feed``: for its standard input.
    ``secrets``: what its words may hold and nobody may see."""

    args: tuple[str, ...]
    feed: bytes = b""
    secrets: tuple[str, ...] = ()


def make_reading(
    target: str, is_file: bool, start_ms: int = 0, more: Mapping[str, str] = MappingProxyType({})
) -> Reading:
    """Return how a target is read from ``start_ms`` on, an address with ``more`` options. Blocks.

    Raises MediaFailed (``source_address``) for an address that is none.
    """
    at = f"{start_ms / 1000:.3f}"
    seek = ("-ss", at) if start_ms else ()
    if is_file:
        allowed = ("-protocol_whitelist", "file", "-format_whitelist", _FILE_FORMATS)
        return Reading((*allowed, *seek, "-i", f"file:{target}"))
    scheme = scheme_of(target)
    options = {
        "protocol_whitelist": _PROTOCOLS[scheme],
        "format_whitelist": _REMOTE_FORMATS,
        **_scheme_options(scheme, libavformat()),
        **more,
    }
    secrets = _secrets(target)
    if not secrets or libavformat() < _OPTION_LISTS:
        flat = [part for name, value in options.items() for part in (f"-{name}", value)]
        return Reading((*flat, *seek, "-i", target), secrets=secrets)
    quoted = target.replace("'", "'\\''")
    lines = ["ffconcat version 1.0", f"file '{quoted}'"]
    lines += [f"option {name} {value}" for name, value in options.items()]
    lines += [f"inpoint {at}"] if start_ms else []
    outer = ("-f", "concat", "-safe", "0", "-auto_convert", "0")
    protocols = f"pipe,{options['protocol_whitelist']}"
    args = (*outer, "-protocol_whitelist", protocols, "-i", "pipe:0")
    return Reading(args, "\n".join([*lines, ""]).encode(), secrets)


def scheme_of(target: str) -> str:
    """Return the scheme of an address that can be read. Raises MediaFailed (``source_address``)."""
    try:
        parts = urlsplit(target)
        fine = bool(parts.hostname) and parts.scheme in SCHEMES and target.isprintable()
    except ValueError:
        fine = False
    if not fine or " " in target:
        raise MediaFailed(
            "this is no address that can be read",
            f"It begins with one of: {', '.join(f'{one}://' for one in sorted(SCHEMES))}.",
            key="source_address",
        )
    return parts.scheme


def _scheme_options(scheme: str, version: int) -> dict[str, str]:
    silent_us = str(SILENT_S * 1_000_000)
    if scheme in ("rtsp", "rtsps"):
        # Before FFmpeg 5.0 `timeout` made it wait for somebody to send.
        name = "timeout" if version >= _OPTION_LISTS else "stimeout"
        return {"rtsp_transport": "tcp", name: silent_us, **_SOON}
    if scheme in ("http", "https"):
        again = {"reconnect": "1", "reconnect_streamed": "1", "reconnect_delay_max": "4"}
        return {"rw_timeout": silent_us, "user_agent": "Streamstead", **again}
    return {"rw_timeout": silent_us, **_SOON}


def _secrets(target: str) -> tuple[str, ...]:
    """Return what of an address is secret: the whole of it, its user's part, its query."""
    if redact_text(target) == target:
        return ()
    parts = urlsplit(target)
    userinfo = parts.netloc.rpartition("@")[0]
    password = parts.password or ""
    found = (target, userinfo, parts.query, password, unquote(password))
    return tuple(sorted({one for one in found if len(one) > 2}, key=len, reverse=True))


def libavformat() -> int:
    """Return the major version of FFmpeg's format library, 0 when it cannot be asked. Blocks."""
    found = re.search(rb"libavformat\s+(\d+)", about(FFMPEG, "-version"))
    return int(found[1]) if found else 0
