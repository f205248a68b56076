"""What was found out about a domain, and the words for it. Knows no network: see look.py."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from ipaddress import IPv6Address, ip_address

from .domains import readable
from .models import CheckItem, Level


class Got(StrEnum):
    """What came back for a token that was fetched as the CA would."""

    OURS = "ours"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    NO_ROUTE = "no_route"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Fetched:
    """``detail`` of OTHER: what answered, in words."""

    got: Got
    detail: str = ""


class DnsState(StrEnum):
    FOUND = "found"
    MISSING = "missing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Domain:
    """``fetched``: per address, of at most a few; empty when port 80 is not what proves it."""

    name: str
    dns: DnsState
    dns_detail: str = ""
    addresses: tuple[str, ...] = ()
    fetched: dict[str, Fetched] = field(default_factory=dict)
    caa: tuple[tuple[str, str], ...] = ()
    """(tag, value) of the records that count."""
    caa_at: str = ""
    caa_failed: str = ""


@dataclass(frozen=True, slots=True)
class Machine:
    """``own``: addresses of our interfaces and the one the operator named.

    ``listens``: nginx has the port the CA comes to; ``why_not``: else the reason, in words.
    """

    own: frozenset[str]
    named: str
    ipv6: bool
    listens: bool
    why_not: str
    port: int
    public_ca: bool
    caa: str
    by_dns: bool

    @property
    def knows_itself(self) -> bool:
        """Behind a router or a cloud's NAT, the outer address is on no interface."""
        return bool(self.named) or any(ip_address(one).is_global for one in self.own)


def judge(domain: Domain, machine: Machine) -> list[CheckItem]:
    """Return the findings about one domain."""
    items = [_dns(domain, machine)]
    if not machine.by_dns and domain.fetched:
        items.append(_port(domain, machine))
    items.append(_caa(domain, machine))
    return items


def _item(
    domain: Domain, what: str, level: Level, key: str, message: str, help_text: str = ""
) -> CheckItem:
    return CheckItem(
        id=f"{what}:{domain.name}",
        level=level,
        key=key,
        subject=domain.name,
        message=message,
        help=help_text,
    )


def _dns(domain: Domain, machine: Machine) -> CheckItem:
    name = readable(domain.name)
    bad = Level.WARN if machine.by_dns else Level.FAIL

    def say(level: Level, key: str, message: str, help_text: str = "") -> CheckItem:
        return _item(domain, "dns", level, key, message, help_text)

    if domain.dns is DnsState.FAILED:
        return say(
            bad,
            "dns_failed",
            f"the name servers of {name} do not answer properly ({domain.dns_detail})",
            "Look at the domain in your provider's DNS page, then try again.",
        )
    if domain.dns is DnsState.MISSING:
        return say(
            bad,
            "dns_missing",
            f"{name} has no address: {domain.dns_detail or 'there is no A or AAAA record'}",
            f"Add an A record with {_own_text(machine)}. New records take minutes to be seen.",
        )
    v4 = [one for one in domain.addresses if ":" not in one]
    v6 = [one for one in domain.addresses if ":" in one]
    inner = [one for one in domain.addresses if not ip_address(one).is_global]
    if machine.public_ca and inner and not machine.by_dns:
        return say(
            Level.FAIL,
            "dns_private",
            f"{name} points to {inner[0]}, an address inside a private network",
            f"Use the public address{': ' + _own_text(machine) if machine.knows_itself else ''}, "
            "or prove the domain by DNS.",
        )
    wrong4 = [one for one in v4 if not _leads_here(one, domain, machine)]
    wrong6 = [one for one in v6 if not _leads_here(one, domain, machine)]
    if not v4 and wrong6:
        why = "" if machine.ipv6 else ", and this server has no IPv6"
        return say(
            bad,
            "ipv6_only",
            f"{name} has only an IPv6 address ({wrong6[0]}), at which this server is not "
            f"reached{why}",
            f"Add an A record with {_own_text(machine)}.",
        )
    if wrong4:
        if not machine.knows_itself:
            return say(
                Level.WARN,
                "dns_unverified",
                f"{name} points to {', '.join(wrong4)}; whether that is this server cannot be "
                "told from inside, because it stands behind a router or a cloud's network",
                "If it is, go on: a rehearsal with the CA's test server comes first.",
            )
        return say(
            bad,
            "dns_wrong",
            f"{name} points to {', '.join(wrong4)}, but this server has {_own_text(machine)}",
            "Correct the A record. If a change was made just now, wait until it is seen. "
            "If a proxy stands in between, let it hand port 80 on to this server.",
        )
    if wrong6:
        why = "is not this server's" if machine.ipv6 else "leads nowhere: this server has no IPv6"
        return say(
            bad,
            "ipv6_unreachable",
            f"{name} also has the IPv6 address {wrong6[0]}, which {why}; the CA tries it first",
            "Remove the AAAA record, or correct it.",
        )
    if not v4:
        return say(
            Level.WARN,
            "ipv6_only",
            f"{name} has only an IPv6 address: encoders and viewers without IPv6 cannot reach it",
            f"Add an A record with {_own_text(machine)}.",
        )
    foreign = [one for one in domain.addresses if not _is_own(one, machine)]
    if foreign:
        return say(
            Level.WARN,
            "dns_proxied",
            f"{name} points to {', '.join(foreign)}, through which this server is reached",
            "Fine for the certificate. If it is a proxy (a CDN), RTMP, SRT and WebRTC do not "
            "pass it: give encoders another name.",
        )
    return say(Level.OK, "dns_ok", f"{name} points to this server ({', '.join(domain.addresses)})")


def _port(domain: Domain, machine: Machine) -> CheckItem:
    name, port = readable(domain.name), machine.port

    def say(level: Level, key: str, message: str, help_text: str = "") -> CheckItem:
        return _item(domain, "port80", level, key, message, help_text)

    failed = {at: one for at, one in domain.fetched.items() if one.got is not Got.OURS}
    if not failed:
        return say(
            Level.OK, "port80_ok", f"port {port} of {name} leads to this server, as the CA needs it"
        )
    address, first = next(
        ((at, one) for at, one in failed.items() if one.got is Got.OTHER),
        next(iter(failed.items())),
    )
    if not machine.listens and first.got is not Got.OTHER:
        return say(
            Level.FAIL,
            "port80_closed",
            f"Streamstead does not listen on port {port}"
            + (f": {machine.why_not}" if machine.why_not else ""),
            f"Free port {port} on this server and run `streamstead restart front`, or prove the "
            "domain by DNS.",
        )
    if first.got is Got.OTHER:
        return say(
            Level.FAIL,
            "port80_other_server",
            f"port {port} of {name} at {address} is answered by something else ({first.detail})",
            "Correct the address of the domain, or let that program hand "
            "/.well-known/acme-challenge/ on to this server.",
        )
    what = {
        Got.REFUSED: "refuses connections",
        Got.TIMEOUT: "does not answer within the time",
        Got.NO_ROUTE: "cannot be reached from here",
    }[first.got]
    if not machine.knows_itself and not _is_own(address, machine):
        return say(
            Level.WARN,
            "port80_unverified",
            f"port {port} of {name} at {address} {what} when asked from this server itself",
            "Some routers do not let a machine reach itself by its outer address, so this may be "
            "no fault. Forward ports 80 and 443 to this server; the rehearsal will tell.",
        )
    return say(
        Level.FAIL,
        "port80_unreachable",
        f"port {port} of {name} at {address} {what}",
        f"Open port {port} (TCP) in the firewall of this server and in that of your provider.",
    )


def _caa(domain: Domain, machine: Machine) -> CheckItem:
    name = readable(domain.name)

    def say(level: Level, key: str, message: str, help_text: str = "") -> CheckItem:
        return _item(domain, "caa", level, key, message, help_text)

    if domain.caa_failed:
        return say(
            Level.FAIL,
            "caa_failed",
            f"whether {name} allows this CA (CAA record) cannot be told: {domain.caa_failed}",
            "The CA refuses when it gets no answer either. Look at the name servers of the domain.",
        )
    tag = "issue"
    if domain.name.startswith("*.") and any(one == "issuewild" for one, _ in domain.caa):
        tag = "issuewild"
    values = [value for one, value in domain.caa if one == tag]
    if not values:
        return say(Level.OK, "caa_ok", f"{name} leaves the choice of its CA free")
    challenge = "dns-01" if machine.by_dns else "http-01"
    if any(_allows(value, machine.caa, challenge) for value in values):
        return say(Level.OK, "caa_ok", f"{name} allows {machine.caa} by its CAA record")
    allowed = ", ".join(value or "nobody" for value in values)
    return say(
        Level.FAIL,
        "caa_forbidden",
        f"the CAA record of {domain.caa_at or name} allows {allowed} only",
        f'Add a CAA record: {tag} "{machine.caa}"',
    )


def _allows(value: str, ca: str, challenge: str) -> bool:
    who, *parameters = (part.strip() for part in value.split(";"))
    if who.lower() != ca.lower():
        return False
    for parameter in parameters:
        name, _, wanted = parameter.partition("=")
        if name.strip().lower() == "validationmethods":
            return challenge in (one.strip().lower() for one in wanted.split(","))
    return True


def _leads_here(address: str, domain: Domain, machine: Machine) -> bool:
    """An address that gives our token out is as good as one of our own."""
    found = domain.fetched.get(address)
    return _is_own(address, machine) or (found is not None and found.got is Got.OURS)


def _is_own(address: str, machine: Machine) -> bool:
    return _plain(address) in machine.own or address == machine.named


def _plain(address: str) -> str:
    found = ip_address(address)
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(found)


def _own_text(machine: Machine) -> str:
    """Name the addresses that a person would put into DNS."""
    if machine.named:
        return machine.named
    outer = sorted(one for one in machine.own if ip_address(one).is_global)
    if outer:
        return " or ".join(sorted(outer, key=lambda one: ":" in one)[:3])
    return "the public address of this server"


def worst(items: Sequence[CheckItem]) -> Level:
    levels = {item.level for item in items}
    return next((one for one in (Level.FAIL, Level.WARN) if one in levels), Level.OK)
