"""Which addresses a channel may read: what somebody typed in must lead nowhere that was not meant.

Asked when an address is set, and again before every connection: a name may lead elsewhere by then.
Relays use it: standard library only.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from ...core.addresses import is_address, may_connect
from ...core.errors import Invalid, Upstream
from ...core.resolver import Resolve

MAX_URL = 2048
PORTS = {
    "rtmp": 1935,
    "rtmps": 443,
    "rtsp": 554,
    "rtsps": 322,
    "srt": None,
    "http": 80,
    "https": 443,
}
FILM_ENDINGS = (".flv", ".m3u8", ".ts", ".mp4", ".mp3", ".aac", ".m4a")
"""Of what a virtual live channel reads over HTTP; a camera's address may end as it likes."""

_SRT_WORDS = frozenset(
    {"streamid", "passphrase", "pbkeylen", "latency", "rcvlatency", "peerlatency", "mode",
     "transtype", "connect_timeout", "pkt_size"}
)  # fmt: skip
_NAME = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_-]{1,63})*")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_SECRET_QUERY = re.compile(r"(?<==)[^&]+")


class SourceUnreachable(Upstream):
    """The name of a source cannot be resolved at this moment."""

    default_key = "channel_name_unknown"


@dataclass(frozen=True, slots=True)
class Admitted:
    """An address that may be connected to. ``url`` has the host's own address in place of its name,
    where nothing but the connection needs the name; ``options`` are for FFmpeg's input.
    ``through_guard``: whoever connects must go through guard.py, because FFmpeg looks up the name
    and follows answers by itself."""

    url: str = field(repr=False)
    addresses: tuple[str, ...]
    through_guard: bool
    options: Mapping[str, str] = field(default_factory=dict)


def check_url(url: str, *, allow_private: bool, film: bool) -> str:
    """Return the address, cleaned, if it may be a source; ``film``: of a virtual live channel.

    Raises Invalid: ``channel_bad_url``, ``channel_scheme``, ``channel_private_address`` (of a host
    that is written as an address; names are looked at by ``admit``). No error names any of it.
    """
    parts = _split(url)
    path = parts.path.lower()
    if film and parts.scheme in ("http", "https") and not path.endswith(FILM_ENDINGS):
        raise Invalid(
            f"the address does not end in one of {', '.join(FILM_ENDINGS)}",
            "A web page cannot be played: enter the address of the stream or film itself.",
            key="channel_bad_url",
        )
    host = _host(parts)
    written = "127.0.0.1" if host == "localhost" else host
    if is_address(written) and not may_connect(written, allow_private=allow_private):
        raise _private()
    return urlunsplit(parts)


async def admit(url: str, *, allow_private: bool, film: bool, resolve: Resolve) -> Admitted:
    """Look up the host now; every address of it must be allowed.

    Raises Invalid as ``check_url``; SourceUnreachable when the name is not known now.
    """
    parts = urlsplit(check_url(url, allow_private=allow_private, film=film))
    host = _host(parts)
    addresses = [host]
    if not is_address(host):
        try:
            addresses = await resolve(host, parts.port or PORTS[parts.scheme] or 0)
        except OSError:
            raise SourceUnreachable(
                f"the name {host} cannot be resolved", "Check the address."
            ) from None
    # One of them is enough to lead there: the program that connects takes its own choice.
    if not addresses or not all(may_connect(one, allow_private=allow_private) for one in addresses):
        raise _private()
    guarded = parts.scheme in ("http", "https", "rtmps", "rtsps")
    options = {}
    if not guarded:
        if parts.scheme == "rtmp":
            # One server may serve many names.
            folder = parts.path.rpartition("/")[0]
            options["rtmp_tcurl"] = f"rtmp://{_netloc(parts, host).rpartition('@')[2]}{folder}"
        parts = parts._replace(netloc=_netloc(parts, addresses[0].partition("%")[0]))
    return Admitted(urlunsplit(parts), tuple(addresses), guarded, options)


def shown_url(url: str) -> str:
    """Return an address without user, password and what stands behind ``=`` in its query."""
    parts = _split(url)
    host = _bracketed(_host(parts))
    if parts.port is not None:
        host = f"{host}:{parts.port}"
    if parts.username is not None or parts.password is not None:
        host = f"***@{host}"
    query = _SECRET_QUERY.sub("***", parts.query) if "=" in parts.query else parts.query and "***"
    return urlunsplit((parts.scheme, host, parts.path, query, ""))


def _split(url: str) -> SplitResult:
    url = url.strip()
    if not url or len(url) > MAX_URL:
        raise _bad(f"the address is missing, or longer than {MAX_URL} characters")
    # FFmpeg takes words behind a space for options of RTMP, and a backslash for nothing special
    # where others end the host.
    if not url.isascii() or not url.isprintable() or any(ch in ' \\"<>^`{|}' for ch in url):
        raise _bad("the address has a character that must be percent-encoded (or punycode)")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _bad("the address is not valid") from None
    if parts.scheme not in PORTS:
        raise Invalid(
            "addresses of this kind are not read",
            f"These are: {', '.join(PORTS)}.",
            key="channel_scheme",
        )
    if not url[len(parts.scheme) :].startswith("://"):
        raise _bad("the address has no host")
    if parts.netloc.count("@") > 1 or "%" in _host(parts):
        raise _bad("the address is not valid: write @ as %40 in user and password")
    host = _host(parts)
    if len(host) > 253 or not (_NAME.fullmatch(host) or is_address(host)) or port == 0:
        raise _bad("the address has no valid host")
    # 127.1, 0x7f.0.0.1 and 2130706433 are taken for addresses by some and for names by others.
    if not is_address(host) and _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise _bad("the address has no valid host")
    if parts.scheme == "srt":
        _check_srt(parts)
    return parts._replace(fragment="")


def _check_srt(parts: SplitResult) -> None:
    if parts.port is None:
        raise _bad("the address has no port, which SRT needs")
    try:
        words = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise _bad("what stands behind ? is not valid") from None
    if not words.keys() <= _SRT_WORDS or words.get("mode", "caller") != "caller":
        raise _bad(f"behind ? SRT takes only {', '.join(sorted(_SRT_WORDS))}, and mode is caller")


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").removesuffix(".")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _netloc(parts: SplitResult, address: str) -> str:
    """Return user, password and port with another host."""
    user, at, _ = parts.netloc.rpartition("@")
    port = f":{parts.port}" if parts.port is not None else ""
    return f"{user}{at}{_bracketed(address)}{port}"


def _bad(why: str) -> Invalid:
    return Invalid(
        why,
        "It looks like rtsp://host/path, rtmp://host/app/stream, srt://host:port or "
        "https://host/path.m3u8.",
        key="channel_bad_url",
    )


def _private() -> Invalid:
    return Invalid(
        "this address is not a public one",
        "Allow private addresses for this channel, if it is your own camera or server.",
        key="channel_private_address",
    )
