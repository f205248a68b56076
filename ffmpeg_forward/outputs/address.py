"""Where an output goes: a server's address and the key, taken apart and put together.

Keys are written in three ways: as the last part of the path (most), as a query behind the path
(Bilibili, WeChat), and as stream id of SRT. People paste whole addresses, too.
"""

import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from ...core.errors import Invalid

MAX_SERVER = 1000
MAX_KEY = 1000
SCHEMES = ("rtmp", "rtmps", "srt")
_LABEL = r"[A-Za-z0-9_][A-Za-z0-9_-]{0,62}"
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?|[0-9A-Fa-f:.]+")
_LONG_KEY = 9
_SRT_OPTION = re.compile(
    r"(streamid|passphrase|pbkeylen|latency|rcvlatency|peerlatency|mode|transtype|maxbw|inputbw"
    r"|oheadbw|pkt_size|payload_size|connect_timeout|tlpktdrop|lossmaxttl|ffs|sndbuf)="
)
_OPEN_QUERIES = ("", "backup=1")
"""Everything else behind a server's address may be a password; this is YouTube's second server."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Address:
    """``server`` may hold user and password; ``key`` is secret."""

    server: str = field(repr=False)
    key: str = field(default="", repr=False)

    @classmethod
    def of(cls, server: str, key: str = "") -> "Address":
        """Clean what somebody typed; a whole address without a key is taken apart.

        Raises Invalid: ``output_bad_server``, ``output_bad_key``. No error names any of it.
        """
        server, key = server.strip(), key.strip()
        parts = _split(server)
        if len(key) > MAX_KEY or not key.isascii() or not key.isprintable() or " " in key:
            raise Invalid(
                "the key has a character that no key has, or is too long",
                "Copy it again, without spaces.",
                key="output_bad_key",
            )
        if parts.scheme == "srt":
            # Stream id and passphrase are as secret as a key; the rest goes with them.
            key = _srt_query(key)
            if parts.query:
                key = f"{parts.query}&{key}" if key else parts.query
            return cls(urlunsplit(parts._replace(path="", query="", fragment="")), key)
        whole = len(_folders(parts.path)) > 1 and parts.path.rstrip("/").endswith(f"/{key}")
        if key and whole:
            # The whole address and the key: people fill in every field there is.
            server = urlunsplit(parts._replace(path=parts.path.rstrip("/").removesuffix(f"/{key}")))
        if key or (parts.query in _OPEN_QUERIES and len(_folders(parts.path)) == 1):
            return cls(server, key)
        folder, _, last = parts.path.rstrip("/").rpartition("/")
        if not folder:
            folder, last = parts.path, ""
        key = f"{last}?{parts.query}" if parts.query else last
        return cls(urlunsplit(parts._replace(path=folder, query="")), key)

    def changed(self, server: str | None, key: str | None) -> "Address":
        """Lay what somebody sent over what there is. None, and what was told of it (``shown``,
        ``hint``), change nothing; an empty key removes it. Raises Invalid."""
        same_server = not server or server == self.shown
        same_key = key is None or (bool(key) and key == self.hint)
        if same_server and same_key:
            return self
        if same_server or server is None:
            return Address.of(self.server, key or "")
        if not same_key:
            return Address.of(server, key or "")
        whole = Address.of(server)
        return whole if whole.key else Address.of(server, self.key)

    @property
    def url(self) -> str:
        """Everything in one."""
        parts = urlsplit(self.server)
        if parts.scheme == "srt":
            return urlunsplit(parts._replace(query=self.key))
        if not self.key:
            return self.server
        return f"{self.server.rstrip('/')}/{self.key.lstrip('/')}"

    @property
    def shown(self) -> str:
        """The server without password and query: for people."""
        parts = urlsplit(self.server)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        if parts.port:
            host = f"{host}:{parts.port}"
        query = parts.query if parts.query in _OPEN_QUERIES else ""
        return urlunsplit((parts.scheme, host, parts.path, query, ""))

    @property
    def hint(self) -> str:
        """The end of the key, to tell keys apart; of a short one nothing is shown."""
        if not self.key:
            return ""
        return f"…{self.key[-4:]}" if len(self.key) >= _LONG_KEY else "…"

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be seen anywhere."""
        parts = urlsplit(self.server)
        query = "" if parts.query in _OPEN_QUERIES else parts.query
        return tuple(one for one in (self.key, parts.password, query) if one)

    def is_own(self, rtmp_port: int, app: str, stream: str) -> bool:
        """Tell whether it is that stream of this very machine: it would be fed to itself."""
        parts = urlsplit(self.url)
        here = parts.hostname in _LOOPBACK and (parts.port or 1935) == rtmp_port
        return parts.scheme == "rtmp" and here and _folders(parts.path) == [app, stream]


def _split(server: str) -> SplitResult:
    def bad(why: str) -> Invalid:
        return Invalid(
            why,
            "It looks like rtmp://host/app, rtmps://host/app or srt://host:port.",
            key="output_bad_server",
        )

    if not server or len(server) > MAX_SERVER:
        raise bad("the server's address is missing or too long")
    if not server.isascii() or not server.isprintable() or any(ch in ' \\"<>' for ch in server):
        raise bad("the server's address has a character that is not allowed")
    try:
        parts = urlsplit(server)
        port = parts.port
    except ValueError:
        raise bad("the server's address is not valid") from None
    if parts.scheme not in SCHEMES:
        raise bad("the server's address does not begin with rtmp://, rtmps:// or srt://")
    if not _HOST.fullmatch(parts.hostname or "") or port == 0:
        raise bad("the server's address has no valid host")
    if parts.scheme == "srt" and port is None:
        raise bad("the server's address has no port, which SRT needs")
    if parts.scheme != "srt" and not _folders(parts.path):
        raise bad("the server's address has nothing behind the host: the app is missing")
    return parts


def _folders(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _srt_query(key: str) -> str:
    """Return a key as the query of an SRT address: it may be one, or a bare stream id."""
    key = key.lstrip("?")
    if not key or _SRT_OPTION.match(key):
        return key
    return f"streamid={quote(key, safe='!:,=/._-')}"
