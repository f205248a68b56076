"""Addresses that the operator gives to the front: taken apart, judged, and put together anew.

Nothing of what was typed reaches nginx.conf as it is: every part is checked against the few
characters it may have, or percent-encoded.
"""

import ipaddress
import re
import socket
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from ...core.errors import Invalid
from ...core.log import get_logger
from ...core.settings import Settings

log = get_logger(__name__)

OURS = frozenset(
    [
        "terraform",
        "mgmt",
        "prometheus",
        ".well-known",
        "watch",
        "vod",
        "assets",
        "p",
        "v",
        "s",
        "live",
        "rtc",
        "api",
        "internal",
        "healthz",
    ]
)
"""First parts of paths that this house answers itself."""

MAX_PROXIES = 50
_CA_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")
_RESOLV_CONF = Path("/etc/resolv.conf")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"^(?=.{{1,253}}$){_LABEL}(?:\.{_LABEL})*\Z")
_LOCATION = re.compile(r"^/(?:[A-Za-z0-9._~-]+/)*(?:[A-Za-z0-9._~-]+)?\Z")
_SOURCE = re.compile(
    rf"^(?:(?P<scheme>https?)://)?(?P<wild>\*\.)?(?P<host>{_LABEL}(?:\.{_LABEL})*)"
    r"(?::(?P<port>[0-9]{1,5}))?\Z"
)
_SAFE = "/-._~!()*,:@=+"
"""What stays as it is in a path; no character that nginx reads as its own."""


@dataclass(frozen=True, slots=True)
class Address:
    """A checked http or https address. ``path`` begins with / or is empty; both it and ``query``
    are percent-encoded."""

    scheme: str
    host: str
    port: int | None
    path: str = ""
    query: str = ""
    fragment: str = ""

    @property
    def ip(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        try:
            return ipaddress.ip_address(self.host)
        except ValueError:
            return None

    @property
    def authority(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"

    @property
    def real_port(self) -> int:
        return self.port or (443 if self.scheme == "https" else 80)

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        return f"{self.origin}{self.path}{query}{fragment}"


@dataclass(frozen=True, slots=True)
class Proxy:
    """One entry as the template wants it.

    ``near``: on this machine or in a private network, so that the public host name is of use to it
    and its certificate is nobody's business. ``resolver``: name servers, when the backend is a
    name: it is looked up while nginx runs, for one that is gone must not keep nginx from starting.
    """

    location: str
    backend: Address
    near: bool
    resolver: str
    ca_bundle: str

    @property
    def exact(self) -> str:
        """The location itself, when it is no folder."""
        return "" if self.location.endswith("/") else self.location

    @property
    def folder(self) -> str:
        return self.location if self.location.endswith("/") else f"{self.location}/"


def parse_address(raw: str, what: str) -> Address:
    """Take an http or https address apart. Raises Invalid."""
    if any(ord(char) <= 0x20 or ord(char) == 0x7F for char in raw) or "\\" in raw:
        raise _bad(what, "it has spaces or control characters")
    try:
        parts = urlsplit(raw)
        port = parts.port
    except ValueError:
        raise _bad(what, "its host or port cannot be read") from None
    if parts.scheme not in ("http", "https"):
        raise _bad(what, "it does not begin with http:// or https://")
    if "@" in parts.netloc:
        raise _bad(what, "it has a user name or a password in it")
    if port == 0:
        raise _bad(what, "there is no port 0")
    return Address(
        scheme=parts.scheme,
        host=_host(parts.hostname or "", what),
        port=port,
        path=_encoded(parts.path),
        query=_encoded(parts.query, "?&"),
        fragment=_encoded(parts.fragment, "?&"),
    )


def check_homepage(raw: str) -> str:
    """Return where ``/`` may lead to: a path of this house, or an address. Raises Invalid."""
    what = "the homepage"
    if raw.startswith("/"):
        parts = urlsplit(raw)
        if raw.startswith(("//", "/\\")) or parts.netloc or any(ord(c) <= 0x20 for c in raw):
            raise _bad(what, "it is no path of this site")
        if parts.path == "/":
            raise _bad(what, "it would lead to itself")
        query = f"?{_encoded(parts.query, '?&')}" if parts.query else ""
        return _encoded(parts.path) + query
    return str(parse_address(raw, what))


def check_location(raw: str) -> str:
    """Return a location that hides nothing of ours. Raises Invalid."""
    what = "the location"
    if not raw.startswith("/"):
        raise _bad(what, "it does not begin with /")
    if not _LOCATION.match(raw):
        raise _bad(what, "only letters, digits and . _ ~ - stand between its slashes")
    parts = raw.strip("/").split("/")
    if any(part in (".", "..") for part in parts):
        raise _bad(what, "it goes up or nowhere")
    if parts[0].lower() in OURS or parts[0].startswith("."):
        raise Invalid(
            f"/{parts[0]} belongs to this house",
            "Choose another location.",
            key="location_taken",
        )
    return raw


def check_backend(raw: str, settings: Settings) -> str:
    """Return the address of a server that may stand behind this door. Raises Invalid."""
    address = parse_address(raw, "the backend")
    if address.query or address.fragment:
        raise _bad("the backend", "it has a ? or a # in it")
    if ".." in address.path.split("/"):
        raise _bad("the backend", "its path goes up")
    if address.host == "localhost":
        address = Address(address.scheme, "127.0.0.1", address.port, address.path)
    for ip in _ips_of(address):
        if ip.is_link_local or ip.is_multicast or ip.is_unspecified:
            raise Invalid(
                f"{ip} is no server that may be shown to everybody",
                "Cloud providers keep credentials at such addresses. Give the server's own.",
                key="backend_refused",
            )
        if _is_here(ip) and address.real_port in internal_ports(settings):
            raise Invalid(
                f"port {address.real_port} of this machine is internal to this house",
                "It has no sign-in of its own. Give another server.",
                key="backend_refused",
            )
    return str(address)


def check_embed_host(raw: str) -> str:
    """Return a source for frame-ancestors. Raises Invalid."""
    found = _SOURCE.match(raw.strip().lower().removesuffix("/"))
    if found is None or not 0 < int(found["port"] or 443) < 65536:
        raise Invalid(
            f"{raw[:80]!r} is no site",
            "Write example.com, *.example.com or https://example.com:8443.",
            key="embed_host_invalid",
        )
    return found.group(0)


def internal_ports(settings: Settings) -> set[int]:
    """Ports of loopback that answer everybody who reaches them."""
    public = ("http_port", "web_http_port", "web_https_port", "rtmps_port")
    names = (name for name in Settings.model_fields if name.endswith("_port"))
    return {getattr(settings, name) for name in names if name not in public} - {0} | {6379}


def open_proxies(proxies: dict[str, str]) -> list[Proxy]:
    """Return what the template wants, from values that were checked when they were given."""
    servers = name_servers()
    bundle = str(_CA_BUNDLE) if _CA_BUNDLE.is_file() else ""
    found = []
    for location, backend in sorted(proxies.items()):
        try:
            check_location(location)
            address = parse_address(backend, "the backend")
        except Invalid as exc:
            # A file that somebody has edited must not keep the whole house from starting.
            log.error("proxy.left_out", location=location, reason=exc.message)
            continue
        ip = address.ip
        near = ip is not None and (ip.is_private or ip.is_loopback)
        resolver = "" if ip is not None else servers
        found.append(Proxy(location, address, near, resolver, "" if near else bundle))
    return found


def name_servers() -> str:
    """Return the machine's name servers as nginx wants them; its own loopback when none is named,
    as the library does."""
    found = []
    try:
        lines = _RESOLV_CONF.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        words = line.split()
        if len(words) < 2 or words[0] != "nameserver":
            continue
        try:
            ip = ipaddress.ip_address(words[1])
        except ValueError:
            continue
        found.append(f"[{ip}]" if ip.version == 6 else str(ip))
    return " ".join(found or ["127.0.0.1"])


def _host(raw: str, what: str) -> str:
    if not raw:
        raise _bad(what, "it names no host")
    try:
        # The name of an interface may follow, with any characters in it.
        return str(ipaddress.ip_address("" if "%" in raw else raw))
    except ValueError:
        pass
    try:
        name = raw.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        name = ""
    # What looks like a number is read as an address by some programs, and not by others.
    if not _NAME.match(name) or name.rpartition(".")[2].isdigit() or name.startswith("0x"):
        raise _bad(what, "its host is neither a name nor an address")
    return name


def _encoded(text: str, more: str = "") -> str:
    """Encode every character but the harmless ones; what is encoded already stays so."""
    pieces = re.split(r"(%[0-9A-Fa-f]{2})", text)
    return "".join(
        piece.upper() if number % 2 else quote(piece, safe=_SAFE + more)
        for number, piece in enumerate(pieces)
    )


def _ips_of(address: Address) -> list[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return what the host stands for now; nothing when its name is not known just now."""
    if address.ip is not None:
        return [_plain(address.ip)]
    try:
        found = socket.getaddrinfo(address.host, address.real_port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return [_plain(ipaddress.ip_address(str(one[4][0]).partition("%")[0])) for one in found]


def _plain(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    mapped = getattr(ip, "ipv4_mapped", None)
    return mapped if mapped is not None else ip


def _is_here(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Tell whether an address is one of this machine."""
    if ip.is_loopback:
        return True
    family = socket.AF_INET6 if ip.version == 6 else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((str(ip), 0))
        except OSError:
            return False
    return True


def _bad(what: str, why: str) -> Invalid:
    return Invalid(f"{what} is not one: {why}", "Correct it.", key="address_invalid")
