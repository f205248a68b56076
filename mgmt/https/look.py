"""Looks at a domain as a CA would: its records, and our own webroot through its addresses.

Needs libraries that cost memory: only the worker imports this module.
"""

import http.client
import socket
import ssl
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import dns.exception
import dns.flags
import dns.name
import dns.rdatatype
import dns.resolver

from .findings import DnsState, Domain, Fetched, Got

DNS_TIMEOUT_S = 8.0
FETCH_TIMEOUT_S = 5.0
MAX_ADDRESSES = 4
MAX_ANSWER = 4096
MAX_REDIRECTS = 3
WORKERS = 16
CHALLENGES = "/.well-known/acme-challenge/"


class Looker:
    """``server``: a name server (``address:port``) to ask; empty: those of the system."""

    def __init__(self, server: str, port: int, token: str, secret: str) -> None:
        self._port = port
        self._token = token
        self._secret = secret
        self._resolver = dns.resolver.Resolver(configure=not server)
        if server:
            address, _, number = server.rpartition(":")
            self._resolver.nameservers = [address.strip("[]")]
            self._resolver.port = int(number)
        self._resolver.lifetime = DNS_TIMEOUT_S
        self._resolver.timeout = DNS_TIMEOUT_S / 3

    def look(self, names: Sequence[str], by_dns: bool) -> list[Domain]:
        """Return what is found about each; never raises for what others do wrong."""
        with ThreadPoolExecutor(WORKERS) as pool:
            return list(pool.map(lambda name: self._look_at(name, by_dns), names))

    def _look_at(self, name: str, by_dns: bool) -> Domain:
        plain = name.removeprefix("*.")
        caa, caa_at, caa_failed = self._caa(plain)
        try:
            addresses = self._addresses(plain)
        except _Missing as exc:
            state, detail, addresses = DnsState.MISSING, str(exc), ()
        except _Failed as exc:
            state, detail, addresses = DnsState.FAILED, str(exc), ()
        else:
            state, detail = DnsState.FOUND, ""
        fetched = {}
        if not by_dns:
            fetched = {one: self._fetch(plain, one) for one in addresses[:MAX_ADDRESSES]}
        return Domain(name, state, detail, addresses, fetched, caa, caa_at, caa_failed)

    def _addresses(self, name: str) -> tuple[str, ...]:
        found: list[str] = []
        for kind in ("A", "AAAA"):
            try:
                answer = self._resolver.resolve(f"{name}.", kind)
                found += [record.to_text() for record in answer]
            except dns.resolver.NXDOMAIN:
                raise _Missing("the name does not exist in DNS") from None
            except dns.resolver.NoAnswer:
                continue
            except dns.exception.DNSException as exc:
                raise _Failed(_words(exc)) from None
        if not found:
            raise _Missing("there is no A or AAAA record")
        return tuple(found)

    def _caa(self, name: str) -> tuple[tuple[tuple[str, str], ...], str, str]:
        """Climb to the nearest CAA records, as RFC 8659 says."""
        at = dns.name.from_text(name)
        while len(at.labels) > 1:
            try:
                answer = self._resolver.resolve(at, "CAA")
                records = tuple(
                    (record.tag.decode().lower(), record.value.decode()) for record in answer
                )
                return records, at.to_text(omit_final_dot=True), ""
            except (dns.resolver.NoAnswer, dns.resolver.NXDOMAIN):
                at = at.parent()
            except dns.exception.DNSException as exc:
                return (), "", _words(exc)
        return (), "", ""

    def _fetch(self, name: str, address: str) -> Fetched:
        path = CHALLENGES + self._token
        port, tls = self._port, False
        for _ in range(MAX_REDIRECTS + 1):
            try:
                status, location, server, body = _get(name, address, port, path, tls)
            except (TimeoutError, ssl.SSLError):
                return Fetched(Got.TIMEOUT)
            except ConnectionRefusedError:
                return Fetched(Got.REFUSED)
            except http.client.HTTPException:
                return Fetched(Got.OTHER, "it does not speak HTTP")
            except OSError:
                return Fetched(Got.NO_ROUTE)
            if status in (301, 302, 303, 307, 308) and location:
                to = urlsplit(location)
                if to.hostname not in (None, name):
                    return Fetched(Got.OTHER, f"it redirects to {to.hostname}")
                tls = to.scheme == "https" if to.scheme else tls
                if to.hostname is not None:
                    port = to.port or (443 if tls else self._port)
                path = to.path or "/"
                continue
            if status == 200 and body.strip() == self._secret.encode():
                return Fetched(Got.OURS)
            return Fetched(Got.OTHER, f"{server or 'a server'}, status {status}")
        return Fetched(Got.OTHER, "it redirects in a circle")


class _Missing(Exception):
    pass


class _Failed(Exception):
    pass


def _get(name: str, address: str, port: int, path: str, tls: bool) -> tuple[int, str, str, bytes]:
    """Ask one address under the domain's name: status, Location, Server, beginning of the body."""
    connection = http.client.HTTPConnection(name, port, timeout=FETCH_TIMEOUT_S)
    sock = socket.create_connection((address, port), FETCH_TIMEOUT_S)
    try:
        if tls:
            # As the CA: it does not mind the certificate that is about to be replaced.
            context = ssl._create_unverified_context()  # noqa: S323
            sock = context.wrap_socket(sock, server_hostname=name)
        connection.sock = sock
        connection.request("GET", path, headers={"User-Agent": "streamstead-check"})
        reply = connection.getresponse()
        server = reply.getheader("Server") or ""
        return reply.status, reply.getheader("Location") or "", server[:60], reply.read(MAX_ANSWER)
    finally:
        connection.close()
        sock.close()


def _words(exc: dns.exception.DNSException) -> str:
    if isinstance(exc, dns.resolver.LifetimeTimeout):
        return "no answer in time"
    if isinstance(exc, dns.resolver.NoNameservers):
        return "they answer with an error (SERVFAIL)"
    return type(exc).__name__
