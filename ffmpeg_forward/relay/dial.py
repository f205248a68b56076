"""Connect to a server of other people: name, address, TCP, TLS, each with a limit of time."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from ...core.addresses import may_connect
from ...core.resolver import Resolve
from . import problems
from .limits import Limits
from .problems import PublishFailed, Step
from .tls import Trust

P = TypeVar("P", bound=asyncio.BaseProtocol)

MAX_TRIED = 3
"""Addresses of one name that are tried until one can be connected to."""

# Unsent bytes that the kernel may hold: so the socket says soon that the way is too slow.
_NOT_SENT_LOW_WATER = 128 * 1024
_TCP_NOTSENT_LOWAT = 25

Said = Callable[[Step], None]
"""Called when a step begins."""


@dataclass(frozen=True, slots=True)
class Place:
    """``loops``: connections to this machine at that port are a loop."""

    host: str
    port: int
    tls: bool = False
    verify_tls: bool = True
    loop_port: int = 0

    @property
    def where(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@asynccontextmanager
async def within(seconds: float, where: str, step: Step) -> AsyncIterator[None]:
    """Limit the time of a step. Raises PublishFailed when it is over."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise PublishFailed(problems.timeout(where, step)) from None


async def dial(
    make: Callable[[], P],
    place: Place,
    resolve: Resolve,
    trust: Trust,
    said: Said,
    limits: Limits,
) -> tuple[P, socket.socket]:
    """Return a connected protocol and its socket, for ``tcp_info`` only: the transport owns it.

    Raises PublishFailed.
    """
    said(Step.DNS)
    addresses = await addresses_of(place, resolve, limits)
    said(Step.CONNECT)
    sock = await _connect(place, addresses, limits)
    try:
        if place.loop_port == place.port and _is_here(sock):
            raise PublishFailed(problems.loop())
        context = await trust.context(place.verify_tls) if place.tls else None
        if context is not None:
            said(Step.TLS)
        protocol = await _attach(make, sock, place, context, limits)
    except BaseException:
        sock.close()
        raise
    return protocol, sock


async def addresses_of(place: Place, resolve: Resolve, limits: Limits) -> list[str]:
    """Return where a host is, without addresses that nothing may be sent to.

    Raises PublishFailed.
    """
    try:
        ipaddress.ip_address(place.host)
        found = [place.host]
    except ValueError:
        async with within(limits.dns_s, place.where, Step.DNS):
            try:
                found = await resolve(place.host, place.port)
            except OSError:
                raise PublishFailed(problems.dns(place.host)) from None
    allowed = [one for one in found if may_connect(one, allow_private=True)]
    if not allowed:
        raise PublishFailed(
            problems.forbidden_address(place.host) if found else problems.dns(place.host)
        )
    return allowed[:MAX_TRIED]


async def _connect(place: Place, addresses: list[str], limits: Limits) -> socket.socket:
    """Try one address after the other; the first one's failure is told when all fail."""
    failed: PublishFailed | None = None
    for address in addresses:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            with suppress(OSError):  # an old kernel
                sock.setsockopt(socket.IPPROTO_TCP, _TCP_NOTSENT_LOWAT, _NOT_SENT_LOW_WATER)
            async with within(limits.connect_s, place.where, Step.CONNECT):
                await asyncio.get_running_loop().sock_connect(sock, (address, place.port))
        except PublishFailed as exc:
            sock.close()
            failed = failed or exc
        except ConnectionRefusedError:
            sock.close()
            failed = failed or PublishFailed(problems.refused(place.where))
        except OSError:
            sock.close()
            failed = failed or PublishFailed(problems.unreachable(place.where))
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    assert failed is not None
    raise failed


async def _attach(
    make: Callable[[], P],
    sock: socket.socket,
    place: Place,
    context: ssl.SSLContext | None,
    limits: Limits,
) -> P:
    loop = asyncio.get_running_loop()
    try:
        async with within(limits.tls_s, place.where, Step.TLS):
            _, protocol = await loop.create_connection(
                make,
                sock=sock,
                ssl=context,
                ssl_handshake_timeout=2 * limits.tls_s if context is not None else None,
                server_hostname=place.host if context is not None else None,
            )
    except ssl.SSLError as exc:
        raise PublishFailed(problems.tls(place.host, exc)) from None
    except OSError as exc:
        if context is None:
            raise PublishFailed(problems.lost(place.where)) from None
        raise PublishFailed(problems.tls(place.host, exc)) from None
    return protocol


def leads_here(address: str) -> bool:
    """Tell whether an address is one of this machine, without a packet being sent."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.connect((address, 9))
        except OSError:
            return False
        return _is_here(sock)


def _is_here(sock: socket.socket) -> bool:
    """Tell whether the other end is this machine: it talks to an address of its own then."""
    ours = ipaddress.ip_address(sock.getsockname()[0].partition("%")[0])
    theirs = ipaddress.ip_address(sock.getpeername()[0].partition("%")[0])
    return ours == theirs or theirs.is_loopback
