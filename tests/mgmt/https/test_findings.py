"""What is found about a domain is told in words, each cause by a key of its own."""

from dataclasses import replace

import pytest

from streamstead.mgmt.https.findings import DnsState, Domain, Fetched, Got, Machine, judge
from streamstead.mgmt.https.models import Level

OURS4, OURS6, OTHER4, OTHER6 = "8.8.8.8", "2001:4860::8", "9.9.9.9", "2620:fe::9"
NAME = "live.example.com"

MACHINE = Machine(
    own=frozenset({"127.0.0.1", "10.0.0.5", OURS4, OURS6}),
    named="",
    ipv6=True,
    listens=True,
    why_not="",
    port=80,
    public_ca=True,
    caa="letsencrypt.org",
    by_dns=False,
)
BEHIND_NAT = replace(MACHINE, own=frozenset({"127.0.0.1", "10.0.0.5"}), ipv6=False)
GOT = Fetched(Got.OURS)


def domain(**fetched: Fetched) -> Domain:
    """One whose addresses are the names of the arguments."""
    known = {"ours4": OURS4, "ours6": OURS6, "other4": OTHER4, "other6": OTHER6}
    by_address = {known.get(one, one): found for one, found in fetched.items()}
    return Domain(NAME, DnsState.FOUND, "", tuple(by_address), by_address)


@pytest.mark.parametrize(
    ("found", "machine", "keys"),
    [
        (domain(ours4=GOT), MACHINE, {"dns": "dns_ok", "port80": "port80_ok"}),
        (domain(ours4=GOT, ours6=GOT), MACHINE, {"dns": "dns_ok", "port80": "port80_ok"}),
        (domain(other4=Fetched(Got.REFUSED)), MACHINE, {"dns": "dns_wrong"}),
        (domain(other4=Fetched(Got.OTHER, "nginx")), MACHINE, {"port80": "port80_other_server"}),
        (domain(other4=GOT), MACHINE, {"dns": "dns_proxied", "port80": "port80_ok"}),
        (domain(ours4=Fetched(Got.TIMEOUT)), MACHINE, {"port80": "port80_unreachable"}),
        (
            domain(ours4=Fetched(Got.REFUSED)),
            replace(MACHINE, listens=False, why_not="port 80 is used by another program"),
            {"dns": "dns_ok", "port80": "port80_closed"},
        ),
        (domain(ours4=GOT, other6=Fetched(Got.NO_ROUTE)), MACHINE, {"dns": "ipv6_unreachable"}),
        (domain(other6=Fetched(Got.TIMEOUT)), MACHINE, {"dns": "ipv6_only"}),
        (domain(ours6=GOT), MACHINE, {"dns": "ipv6_only", "port80": "port80_ok"}),
        (
            domain(other4=Fetched(Got.TIMEOUT)),
            BEHIND_NAT,
            {"dns": "dns_unverified", "port80": "port80_unverified"},
        ),
        (
            domain(other4=Fetched(Got.TIMEOUT)),
            replace(BEHIND_NAT, named=OTHER4),
            {"dns": "dns_ok", "port80": "port80_unreachable"},
        ),
        (Domain(NAME, DnsState.MISSING), MACHINE, {"dns": "dns_missing"}),
        (Domain(NAME, DnsState.FAILED, "no answer"), MACHINE, {"dns": "dns_failed"}),
        (Domain(NAME, DnsState.FOUND, "", ("10.0.0.5",)), MACHINE, {"dns": "dns_private"}),
    ],
)
def test_every_cause_has_its_key(found: Domain, machine: Machine, keys: dict[str, str]) -> None:
    items = {item.id.partition(":")[0]: item for item in judge(found, machine)}
    assert {what: items[what].key for what in keys} == keys
    for item in items.values():
        assert NAME in item.message or item.key == "port80_closed"
        assert item.help or item.level is Level.OK


def test_an_ipv6_only_name_fails_only_where_nobody_is_there() -> None:
    there, not_there = (
        judge(domain(other6=found), MACHINE)[0] for found in (GOT, Fetched(Got.TIMEOUT))
    )
    assert (there.key, there.level) == ("ipv6_only", Level.WARN)
    assert (not_there.key, not_there.level) == ("ipv6_only", Level.FAIL)
    without = judge(domain(other6=Fetched(Got.NO_ROUTE)), replace(MACHINE, ipv6=False))[0]
    assert "has no IPv6" in without.message


def test_with_proof_by_dns_a_wrong_address_is_a_warning() -> None:
    by_dns = replace(MACHINE, by_dns=True)
    items = judge(Domain(NAME, DnsState.FOUND, "", (OTHER4,)), by_dns)
    assert [(item.key, item.level) for item in items] == [
        ("dns_wrong", Level.WARN),
        ("caa_ok", Level.OK),
    ]


@pytest.mark.parametrize(
    ("name", "records", "by_dns", "key"),
    [
        (NAME, (("issue", "letsencrypt.org"),), False, "caa_ok"),
        (NAME, (("issue", "LetsEncrypt.org; validationmethods=dns-01"),), False, "caa_forbidden"),
        (NAME, (("issue", "letsencrypt.org; validationmethods=dns-01"),), True, "caa_ok"),
        (NAME, (("issue", "other.example"),), False, "caa_forbidden"),
        (NAME, (("issue", ";"),), False, "caa_forbidden"),
        (NAME, (("iodef", "mailto:a@example.com"),), False, "caa_ok"),
        (NAME, (("issuewild", ";"),), False, "caa_ok"),
        ("*.example.com", (("issue", "letsencrypt.org"),), True, "caa_ok"),
        (
            "*.example.com",
            (("issue", "letsencrypt.org"), ("issuewild", "other.example")),
            True,
            "caa_forbidden",
        ),
    ],
)
def test_caa_records_are_read_as_a_ca_reads_them(
    name: str, records: tuple[tuple[str, str], ...], by_dns: bool, key: str
) -> None:
    found = Domain(name, DnsState.FOUND, "", (OURS4,), {OURS4: GOT}, records, "example.com")
    assert judge(found, replace(MACHINE, by_dns=by_dns))[-1].key == key
