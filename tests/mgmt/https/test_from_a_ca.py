"""Certificates from a real CA, by certbot, through nginx."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from streamstead.core.errors import Invalid
from streamstead.core.settings import Settings
from streamstead.mgmt.https import certbot
from streamstead.mgmt.https.certbot import CaFailed
from streamstead.mgmt.https.models import Provider, WantCheck

from .authority import Authority
from .conftest import Place
from .name_server import NameServer

pytestmark = [pytest.mark.integration]

LIVE, API = "live.example.org", "api.example.org"


@pytest.fixture(autouse=True)
def both_names_lead_here(names: NameServer) -> None:
    names.records = {(LIVE, "A"): ["127.0.0.1"], (API, "A"): ["127.0.0.1"]}


async def test_two_domains_are_issued_renewed_by_force_and_given_back(place: Place) -> None:
    first = await place.served()
    watching = asyncio.create_task(place.watch())
    try:
        await place.request(f"{LIVE}; {API}", email="owner@example.org")
        about = place.desk.about()
        assert (about.provider, set(about.facts.domains)) == (Provider.LETS, {LIVE, API})
        assert about.facts.key_type == "ECDSA P-256"
        assert await place.served() == about.facts.fingerprint
        done, words = await place.renewal.renew(force=True)
        assert done
        assert "days" in words
        renewed = place.desk.about().facts.fingerprint
        assert renewed != about.facts.fingerprint
        assert await place.served() == renewed
        await place.desk.rollback()
        assert await place.served() == about.facts.fingerprint
        assert not watching.done(), "a connection was refused"
    finally:
        watching.cancel()
    # Each in its turn, and nothing else in between: every connection was answered.
    assert place.seen[0] == first
    assert set(place.seen) == {first, about.facts.fingerprint, renewed}
    assert place.told() == ["certificate.issued", "certificate.renewed"]
    etc = place.house.data.letsencrypt / "etc"
    assert not list(etc.glob("live/*/*.pem")), "keys lie in one place"


async def test_a_ca_that_is_away_and_comes_back_without_memory_is_lived_with(
    place: Place, authority: Authority
) -> None:
    await place.request(LIVE, staging=True)
    before = await place.served()
    authority.stop()
    try:
        with pytest.raises(CaFailed) as failed:
            await place.renewal.renew(force=True)
    finally:
        authority.start()
    assert failed.value.key == "ca_unreachable"
    assert await place.served() == before
    state = place.desk.state
    assert (state.last_ok, state.failures) == (False, 1)
    assert state.last_error is not None
    assert place.told() == ["certificate.issued", "certificate.failed"]
    # It does not know our account any more: a new one is made by itself.
    assert (await place.renewal.renew(force=True))[0]
    assert await place.served() == place.desk.about().facts.fingerprint != before
    assert place.desk.state.last_error is None


class Stranger(BaseHTTPRequestHandler):
    """Another web server at an address of ours."""

    def do_GET(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stranger(web_port: int) -> Iterator[None]:
    class OnIpv6(HTTPServer):
        address_family = socket.AF_INET6

    try:
        server = OnIpv6(("::1", web_port), Stranger)
    except OSError:
        pytest.skip("this machine has no IPv6")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield
    server.shutdown()
    thread.join()
    server.server_close()


async def test_an_ipv6_record_that_leads_elsewhere_is_found_before_the_ca_finds_it(
    open_place: Callable[..., Any],
    with_authority: Settings,
    authority: Authority,
    names: NameServer,
    stranger: None,
) -> None:
    place = await open_place(with_authority, ipv6=False)
    before = await place.served()
    orders = authority.log.count("POST /order-plz")
    names.records[API, "AAAA"] = ["::1"]
    with pytest.raises(Invalid) as refused:
        await place.request(f"{LIVE} {API}")
    assert refused.value.key == "port80_other_server"
    assert "::1" in refused.value.message
    del names.records[API, "A"]
    with pytest.raises(Invalid) as refused:
        await place.request(f"{LIVE} {API}")
    assert authority.log.count("POST /order-plz") == orders, "the CA was asked"
    # An operator who knows better than the check is told what the CA says.
    with pytest.raises(CaFailed) as failed:
        await place.request(API, force=True)
    assert failed.value.key == "challenge_wrong_content"
    assert API in failed.value.message
    assert await place.served() == before
    assert place.told() == ["certificate.failed"]


async def test_nonces_that_are_refused_again_and_again_are_told_as_trouble_of_the_ca(
    place: Place, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certbot, "NONCE_TRIES", 1)
    before = await place.served()
    authority.stop()
    authority.start(nonces_refused_percent=100)
    try:
        with pytest.raises(CaFailed) as failed:
            await place.request(LIVE, staging=True)
    finally:
        authority.stop()
        authority.start()
    assert failed.value.key == "ca_unreachable"
    assert "stale" in failed.value.message
    assert await place.served() == before


async def test_the_check_tells_names_that_are_wrong_missing_broken_or_forbidden(
    open_place: Callable[..., Any], with_authority: Settings, names: NameServer
) -> None:
    # The operator has said how the machine is seen from outside.
    place = await open_place(with_authority.model_copy(update={"candidate": "203.0.113.9"}))
    names.records["wrong.example.org", "A"] = ["192.0.2.7"]
    names.records[API, "CAA"] = ['0 issue "other.example"']
    names.broken = {"broken.example.org"}
    try:
        items = await place.desk.check(
            WantCheck(
                domain=f"{LIVE} {API} wrong.example.org nowhere.example.net broken.example.org"
            )
        )
    finally:
        names.broken = set()
    keys = {item.id: item.key for item in items}
    assert keys["clock"] == "clock_ok"
    assert keys[f"dns:{LIVE}"] == "dns_ok"
    assert keys[f"port80:{LIVE}"] == "port80_ok"
    assert keys[f"caa:{LIVE}"] == "caa_ok"
    assert keys[f"caa:{API}"] == "caa_forbidden"
    assert keys["dns:wrong.example.org"] == "dns_wrong"
    said = next(item.message for item in items if item.id == "dns:wrong.example.org")
    assert said == ("wrong.example.org points to 192.0.2.7, but this server has 203.0.113.9")
    assert keys["dns:nowhere.example.net"] == "dns_missing"
    assert keys["dns:broken.example.org"] == "dns_failed"
    assert keys["caa:broken.example.org"] == "caa_failed"


async def test_a_closed_port_80_is_told(
    open_place: Callable[..., Any], settings: Settings, free_port: Callable[[], int]
) -> None:
    closed = settings.model_copy(update={"acme_http_port": free_port()})
    place = await open_place(closed)
    with pytest.raises(Invalid) as refused:
        await place.request(LIVE)
    assert refused.value.key == "port80_closed"
    assert str(closed.acme_http_port) in refused.value.message
