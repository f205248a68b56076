"""Proof of a domain by DNS: a real name server that takes changes (RFC 2136), a real CA."""

import base64
import os
import secrets
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dns.message
import dns.query
import pytest

from streamstead.core.errors import Invalid
from streamstead.core.settings import Settings
from streamstead.mgmt.https.certbot import CaFailed, check_credentials
from streamstead.mgmt.https.models import DnsChallenge, Plugin

from ...conftest import free_port, need, wait_until
from .authority import Authority
from .conftest import Place
from .name_server import NameServer

pytestmark = [pytest.mark.integration]

ZONE = "example.org"
_CONF = """
options {{
  directory "{folder}"; pid-file "{folder}/named.pid"; listen-on port {port} {{ 127.0.0.1; }};
  listen-on-v6 {{ none; }}; recursion no; session-keyfile "{folder}/session.key";
}};
controls {{ }};
key "acme." {{ algorithm hmac-sha256; secret "{secret}"; }};
zone "example.org" {{
  type primary; file "{folder}/zone"; update-policy {{ grant acme. zonesub TXT; }};
}};
"""
_ZONE = """$TTL 1
@ SOA ns.example.org. admin.example.org. 1 60 60 60 1
@ NS ns.example.org.
ns A 127.0.0.1
live A 192.0.2.7
"""


@dataclass
class Bind:
    port: int
    secret: str

    @property
    def credentials(self) -> dict[str, str]:
        return {
            "server": "127.0.0.1",
            "port": str(self.port),
            "name": "acme.",
            "secret": self.secret,
            "algorithm": "HMAC-SHA256",
            "propagation_s": "0",
        }

    def answers(self) -> bool:
        query = dns.message.make_query(ZONE, "SOA")
        try:
            return bool(dns.query.udp(query, "127.0.0.1", 1, self.port).answer)
        except (OSError, dns.exception.Timeout):
            return False


@pytest.fixture(scope="module")
def bind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bind]:
    folder = tmp_path_factory.mktemp("bind")
    found = Bind(free_port(), base64.b64encode(secrets.token_bytes(32)).decode())
    text = _CONF.format(folder=folder, port=found.port, secret=found.secret)
    (folder / "named.conf").write_text(text)
    (folder / "zone").write_text(_ZONE)
    with (folder / "log").open("wb") as log:
        argv = [need("named"), "-c", str(folder / "named.conf"), "-g", "-n", "1"]
        child = subprocess.Popen(argv, stdout=log, stderr=log, env={"PATH": os.environ["PATH"]})
    wait_until(found.answers, "the name server answers")
    yield found
    child.kill()
    child.wait()


@pytest.fixture
def authority(tmp_path: Path, bind: Bind, web_port: int) -> Iterator[Authority]:
    need("pebble")
    ca = Authority(tmp_path, web_port, f"127.0.0.1:{bind.port}")
    yield ca
    ca.stop()


async def test_a_wildcard_is_proved_by_dns_and_its_secret_is_kept_sealed(
    open_place: Callable[[Settings], Any], with_authority: Settings, bind: Bind, names: NameServer
) -> None:
    names.records = {}  # what is proved by DNS need not lead here, nor anywhere
    place: Place = await open_place(with_authority)
    wrong = {**bind.credentials, "secret": base64.b64encode(b"x" * 32).decode()}
    with pytest.raises(CaFailed) as failed:
        await place.request(
            f"*.{ZONE} {ZONE}",
            staging=True,
            dns=DnsChallenge(plugin=Plugin.RFC2136, credentials=wrong),
        )
    assert failed.value.key == "dns_plugin_failed"
    dns_challenge = DnsChallenge(plugin=Plugin.RFC2136, credentials=bind.credentials)
    await place.request(f"*.{ZONE} {ZONE}", staging=True, dns=dns_challenge)
    about = place.desk.about()
    assert set(about.facts.domains) == {f"*.{ZONE}", ZONE}
    assert await place.served() == about.facts.fingerprint
    for path in place.house.data.root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert bind.secret.encode() not in path.read_bytes(), path


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"api_token": "a\nb"},
        {"api_token": "a", "extra": "b"},
        {"api_token": "a", "propagation_s": "soon"},
        {"api_token": "ключ"},
    ],
)
def test_credentials_that_cannot_be_right_are_refused(given: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        check_credentials(Plugin.CLOUDFLARE, given)
    assert refused.value.key == "dns_credentials_invalid"
