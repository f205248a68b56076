"""Send a signed message to a server whose address somebody typed in, trusting neither of them.

The name is resolved once and that very address connected to, so a name that answers differently a
moment later leads nowhere else. No redirect is followed, no proxy of the environment used, and
no more of the answer read than asked for, however slowly or endlessly it comes.
"""

import asyncio
import base64
import hmac
import re
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import SplitResult, unquote, urlsplit

import httpx

from .addresses import is_address, may_connect
from .errors import Invalid, Upstream, UpstreamTimeout
from .loopback import NO_TLS
from .resolver import Resolve, Resolver
from .version import VERSION

MAX_URL = 2048
MAX_TRIED = 3
"""Addresses of one name that are tried, until one can be connected to."""

SIGNATURE = "Streamstead-Signature"

_PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")


@dataclass(frozen=True, slots=True)
class OutboundReply:
    """``body`` is what was read; ``cut``: there was more."""

    status: int
    body: bytes
    took_ms: int
    cut: bool = False


class OutboundFailed(Upstream):
    """No answer, or none that counts. Keys: ``outbound_private_address``,
    ``outbound_unreachable``, ``outbound_tls``, ``outbound_bad_reply``, ``outbound_redirect``."""

    default_key = "outbound_unreachable"
    http_status: int | None = None
    """Of an answer that there was (a redirect)."""


class OutboundTimeout(OutboundFailed, UpstreamTimeout):
    """The time was over, whatever it was spent on."""

    default_key = "outbound_timeout"


def signature(secret: str, at_s: int, body: bytes) -> str:
    """Return ``t=<unix s>,v1=<hex HMAC-SHA256 of "<t>.<body>">``."""
    digest = hmac.digest(secret.encode(), b"%d." % at_s + body, "sha256").hex()
    return f"t={at_s},v1={digest}"


def check_url(url: str, *, allow_private: bool) -> str:
    """Return the address, cleaned, if a message could be sent there.

    Raises Invalid: ``outbound_bad_url``, or ``outbound_private_address`` when the host is written
    as an address that is not allowed (names are looked at when they are used).
    """
    parts = _split(url)
    host = cast(str, parts.hostname)
    written = "127.0.0.1" if host == "localhost" else host
    numeric = ":" in host or written.replace(".", "").isdigit()
    if numeric and not may_connect(written, allow_private=allow_private):
        raise Invalid(
            f"{host} is not a public address",
            "Allow private addresses for this target, if it is your own server.",
            key="outbound_private_address",
        )
    return parts.geturl()


def origin_of(url: str) -> str:
    """Return scheme, host and port alone: what may be named in a log."""
    try:
        parts = _split(url)
    except Invalid:
        return "an address that is not valid"
    return f"{parts.scheme}://{_host_header(parts)}"


def _split(url: str) -> SplitResult:
    def bad(why: str) -> Invalid:
        return Invalid(
            why, "It looks like https://example.com/path or http://...", key="outbound_bad_url"
        )

    url = url.strip()
    if len(url) > MAX_URL:
        raise bad(f"the address is longer than {MAX_URL} characters")
    if not url.isascii() or not url.isprintable() or any(ch in " \\" for ch in url):
        raise bad("the address has a character that must be percent-encoded (or punycode)")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise bad("the address is not valid") from None
    if parts.scheme not in _PORTS:
        raise bad("the address does not begin with https:// or http://")
    host = parts.hostname or ""
    if port == 0 or len(host) > 253 or not (_NAME.fullmatch(host) or is_address(host)):
        raise bad("the address has no valid host")
    return parts


def _host_header(parts: SplitResult) -> str:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = parts.port or _PORTS[parts.scheme]
    return f"{host}" if port == _PORTS[parts.scheme] else f"{host}:{port}"


class Outbound:
    """Keeps no connection and remembers nothing between messages.

    ``resolve`` and ``trust`` (how TLS certificates are checked) are parameters for tests.
    """

    def __init__(
        self,
        resolve: Resolve | None = None,
        trust: Callable[[], ssl.SSLContext] | None = None,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._resolve = resolve or Resolver()
        self._trust = trust or _system_trust
        self._now_s = now_s
        self._context: ssl.SSLContext | None = None
        self._loading = asyncio.Lock()

    async def post_signed(
        self,
        url: str,
        body: bytes,
        secret: str,
        *,
        timeout_s: float,
        allow_private: bool,
        max_reply_bytes: int,
        headers: Mapping[str, str] | None = None,
    ) -> OutboundReply:
        """POST JSON, signed if there is a secret. Any status but a redirect is an answer.

        ``timeout_s`` is for everything together. At most ``max_reply_bytes`` of the answer are
        read. Raises OutboundFailed, OutboundTimeout; Invalid for an address that is none. No
        error names more of the address than its host.
        """
        parts = _split(url)
        begun = time.monotonic()
        try:
            async with asyncio.timeout(timeout_s):
                addresses = await self._addresses(parts, allow_private)
                all_headers = {**self._headers(parts, body, secret), **(headers or {})}
                status, read, cut = await self._post(
                    parts, addresses, body, all_headers, timeout_s, max_reply_bytes
                )
        except TimeoutError:
            raise OutboundTimeout(
                f"{parts.hostname} did not answer completely within {timeout_s:g} s",
                "Let your server answer first and do slow work afterwards.",
                key="outbound_timeout",
            ) from None
        if 300 <= status < 400:
            failed = OutboundFailed(
                f"{parts.hostname} redirects (status {status}), which is not followed",
                "Enter the address that it redirects to.",
                key="outbound_redirect",
            )
            failed.http_status = status
            raise failed
        return OutboundReply(status, read, round((time.monotonic() - begun) * 1000), cut)

    async def _addresses(self, parts: SplitResult, allow_private: bool) -> list[str]:
        host = cast(str, parts.hostname)
        try:
            found = (
                [host]
                if is_address(host)
                else await self._resolve(host, parts.port or _PORTS[parts.scheme])
            )
        except OSError as exc:
            raise OutboundFailed(
                f"the name {host} cannot be resolved", f"{exc.strerror or exc}. Check the address."
            ) from None
        allowed = [one for one in found if may_connect(one, allow_private=allow_private)]
        if not allowed:
            raise OutboundFailed(
                f"{host} leads to an address that is not public",
                "Allow private addresses for this target, if it is your own server.",
                key="outbound_private_address",
            )
        return allowed[:MAX_TRIED]

    def _headers(self, parts: SplitResult, body: bytes, secret: str) -> dict[str, str]:
        headers = {
            "Host": _host_header(parts),
            "Content-Type": "application/json",
            "User-Agent": f"Streamstead/{VERSION}",
            "Accept-Encoding": "identity",  # nothing to unpack, so nothing that unpacks to more
            "Connection": "close",
        }
        if parts.username is not None:
            pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        if secret:
            headers[SIGNATURE] = signature(secret, int(self._now_s()), body)
        return headers

    async def _post(
        self,
        parts: SplitResult,
        addresses: list[str],
        body: bytes,
        headers: Mapping[str, str],
        timeout_s: float,
        max_reply_bytes: int,
    ) -> tuple[int, bytes, bool]:
        """Try the addresses until one can be connected to; nothing is ever sent twice."""
        for number, address in enumerate(addresses, start=1):
            last = number == len(addresses)
            try:
                return await self._post_to(
                    parts,
                    address,
                    body,
                    headers,
                    timeout_s if last else timeout_s / len(addresses),
                    max_reply_bytes,
                )
            except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
                why = _tls_reason(exc)
                if why is not None:
                    raise OutboundFailed(
                        f"no safe connection to {parts.hostname}: {why}",
                        "Its certificate must be valid for this name and known to this machine.",
                        key="outbound_tls",
                    ) from None
                if last:
                    raise OutboundFailed(
                        f"{parts.hostname} cannot be connected to",
                        "Check that it runs, its port and its firewall.",
                    ) from None
            except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as exc:
                raise OutboundFailed(
                    f"{parts.hostname} broke off or answered something that is not HTTP "
                    f"({type(exc).__name__})",
                    "See the log of that server.",
                    key="outbound_bad_reply",
                ) from None
        raise AssertionError("there is always a last address")

    async def _post_to(
        self,
        parts: SplitResult,
        address: str,
        body: bytes,
        headers: Mapping[str, str],
        connect_s: float,
        max_reply_bytes: int,
    ) -> tuple[int, bytes, bool]:
        # A pool of its own for each message: httpx shares connections by address, and a connection
        # whose certificate was checked for one name must never carry a message for another.
        transport = httpx.AsyncHTTPTransport(verify=await self._context_for(parts.scheme))
        url = httpx.URL(
            scheme=parts.scheme,
            host=address.partition("%")[0],
            port=parts.port,
            raw_path=((parts.path or "/") + (f"?{parts.query}" if parts.query else "")).encode(
                "ascii"
            ),
        )
        opened: list[Any] = []

        async def note(event: str, info: Mapping[str, Any]) -> None:
            if event == "connection.connect_tcp.complete":
                opened.append(info["return_value"])

        try:
            async with httpx.AsyncClient(
                transport=transport,
                timeout=httpx.Timeout(None, connect=connect_s),
                follow_redirects=False,
                trust_env=False,
            ) as client:
                request = client.build_request(
                    "POST",
                    url,
                    content=body,
                    headers=headers,
                    extensions={"sni_hostname": parts.hostname, "trace": note},
                )
                reply = await client.send(request, stream=True, auth=None)
                read = await _beginning(reply, max_reply_bytes + 1)
                await reply.aclose()
        finally:
            # httpcore forgets the connection when it is cancelled in the middle of a handshake;
            # the loop would keep it until the other side ends it.
            for stream in opened:
                await stream.aclose()
        return reply.status_code, read[:max_reply_bytes], len(read) > max_reply_bytes

    async def _context_for(self, scheme: str) -> ssl.SSLContext:
        if scheme != "https":
            return NO_TLS
        async with self._loading:
            if self._context is None:
                # Reading all authorities takes a third of a second.
                self._context = await asyncio.to_thread(self._trust)
        return self._context


async def _beginning(reply: httpx.Response, most: int) -> bytes:
    """Read the body as it came, ``most`` bytes of it."""
    read = bytearray()
    async with aclosing(cast(AsyncGenerator[bytes, None], reply.aiter_raw())) as chunks:
        async for chunk in chunks:
            read += chunk
            if len(read) >= most:
                break
    return bytes(read[:most])


def _system_trust() -> ssl.SSLContext:
    """The authorities of httpx, and those that this machine was given besides."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context


def _tls_reason(exc: BaseException) -> str | None:
    """Return what TLS has against the server; None when it was not TLS."""
    seen: BaseException | None = exc
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return seen.verify_message
        if isinstance(seen, ssl.SSLError):
            return (seen.reason or "TLS failed").lower().replace("_", " ")
        seen = seen.__cause__ or seen.__context__
    return None
