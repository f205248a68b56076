"""Containers that not every house has: monitoring, certbot, another media server."""

import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from ..conftest import free_port, need, wait_until
from ..mgmt.https.authority import Authority
from ..mgmt.https.name_server import NameServer
from . import images
from .containers import (
    all_running,
    check_least_privilege,
    containers_of,
    engine,
    remove,
    starts_of,
)
from .house import Api, House, in_time, publishing, random_name

pytestmark = pytest.mark.docker

NAME, NOWHERE = "live.example.org", "nowhere.example.org"
MONITORING = ("prometheus", "node_exporter")


@pytest.fixture
def house(docker_house: House) -> House:
    return docker_house


@pytest.fixture
def monitoring(house: House, api: Api) -> Iterator[None]:
    """Switched on by the API as an operator does, and off again."""
    for name in MONITORING:
        api.call("/mgmt/containers", action="enabled", name=name, enabled=True)
    wait_until(
        lambda: all(house.services()[name]["state"] == "running" for name in MONITORING),
        "monitoring runs",
        120,
    )
    yield
    for name in MONITORING:
        api.call("/mgmt/containers", action="enabled", name=name, enabled=False)
    wait_until(lambda: not set(MONITORING) & set(containers_of(house)), "monitoring is gone", 60)


def _targets(api: Api) -> dict[str, str]:
    """Return job -> up, down or unknown, as Prometheus tells a signed-in operator."""
    reply = api.client.get(f"{str(api.client.base_url).partition('/terraform')[0]}{_TARGETS}")
    assert reply.status_code == 200, reply.text
    found = reply.json()["data"]["activeTargets"]
    return {one["labels"]["job"]: one["health"] for one in found}


_TARGETS = "/prometheus/api/v1/targets"


def test_monitoring_is_switched_on_from_the_page_and_repaired(
    house: House, api: Api, monitoring: None
) -> None:
    found = containers_of(house)
    for name in MONITORING:
        check_least_privilege(found[name])
        assert found[name]["Config"]["User"] not in ("", "0", "root")
        assert not found[name]["HostConfig"]["CapAdd"]
    folder = house.data / "prometheus"
    assert folder.stat().st_mode & 0o777 == 0o750
    assert {path.stat().st_uid for path in folder.iterdir()} == {folder.stat().st_uid}
    assert folder.stat().st_uid != 0

    assert httpx.get(f"{house.base}{_TARGETS}", trust_env=False, timeout=60).status_code == 401
    # What the stand-in plays has no exporter, unlike SRS.
    others = {"platform", "hooks", "recorder", "ffmpeg_forward", "node", "prometheus"}
    wait_until(
        in_time(lambda: all(_targets(api).get(job) == "up" for job in others)), "targets are up", 60
    )

    before = starts_of(house)
    for name in MONITORING:
        remove(house, name)
    wait_until(
        lambda: (
            all(starts_of(house).get(name, before[name]) != before[name] for name in MONITORING)
            and all_running(house)
        ),
        "monitoring runs again",
        60,
    )
    after = starts_of(house)
    assert {name: after[name] for name in after if name not in MONITORING} == {
        name: before[name] for name in before if name not in MONITORING
    }


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    server = NameServer(free_port())
    server.records = {(NAME, "A"): ["127.0.0.1"]}
    yield server
    server.close()


@pytest.fixture
def with_authority(
    house: House, names: NameServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The same house with the web's own doors and a CA that knows the way to them."""
    need("pebble")
    web, secure = free_port(), free_port()
    authority = Authority(tmp_path_factory.mktemp("ca"), web, names.address)
    house.env |= {
        "STREAMSTEAD_WEB_HTTP_PORT": str(web),
        "STREAMSTEAD_WEB_HTTPS_PORT": str(secure),
        "STREAMSTEAD_ACME_SERVER": authority.directory,
        "STREAMSTEAD_ACME_STAGING_SERVER": authority.directory,
        "STREAMSTEAD_ACME_CA_BUNDLE": str(authority.bundle),
        "STREAMSTEAD_ACME_HTTP_PORT": str(web),
        "STREAMSTEAD_ACME_DNS": names.address,
    }
    try:
        done = house.bootstrap("--healthy-wait", "180")
        assert done.returncode == 0, house.output
        yield house
    finally:
        authority.stop()


def _volumes() -> set[str]:
    with engine() as client:
        return {one.id for one in client.volumes.list()}


def test_certbot_gets_a_certificate_as_a_container_and_leaves_nothing(
    with_authority: House,
) -> None:
    house = with_authority
    port = int(house.env["STREAMSTEAD_WEB_HTTPS_PORT"])
    volumes, media = _volumes(), starts_of(house)["media"]
    with house.api() as api, engine() as client:
        since = int(time.time())
        made = api.call("/mgmt/letsencrypt", domain=NAME, staging=True)
        assert made["crt"].startswith(ssl.get_server_certificate(("127.0.0.1", port))[:64])
        done = house.cli("https", "renew", "--force")
        assert done.returncode == 0, done.stderr
        again = ssl.get_server_certificate(("127.0.0.1", port))
        assert not made["crt"].startswith(again[:-40])

        refused = api.client.post(
            "/mgmt/letsencrypt", json={"domain": NOWHERE, "staging": True, "force": True}
        )
        assert refused.status_code == 502, refused.text
        assert NOWHERE in refused.json()["data"]["message"]
        assert ssl.get_server_certificate(("127.0.0.1", port)) == again

        filters = {"type": "container", "event": "die"}
        until = int(time.time()) + 1
        ends = [
            event["Actor"]["Attributes"]["exitCode"]
            for event in client.events(since=since, until=until, filters=filters, decode=True)
            if event["Actor"]["Attributes"]["image"] == images.CERTBOT
        ]
        # Issued, renewed and refused; a refused nonce may have cost a run more.
        assert ends.count("0") == 2
        assert ends[-1] != "0"
        left = {"name": "certbot"}
        assert client.containers.list(all=True, filters=left) == []
    assert _volumes() == volumes
    assert starts_of(house)["media"] == media
    keys = [path.read_bytes().splitlines()[1] for path in house.data.glob("ssl/*/key.pem")]
    assert keys
    logs = [*(house.data / "logs").rglob("*"), *(house.data / "letsencrypt/logs").rglob("*")]
    for path in filter(Path.is_file, logs):
        raw = path.read_bytes()
        assert not any(key in raw for key in keys), path


def _media(api: Api) -> str:
    [row] = api.call("/mgmt/containers", action="query", name="media")
    return str(row["media_server"])


def _switch(api: Api, name: str, **more: bool) -> httpx.Response:
    asked = {"action": "switch", "name": name, **more}
    return api.client.post("/mgmt/containers", json=asked)


def test_another_media_server_is_taken_and_the_first_one_again(house: House, api: Api) -> None:
    dev = house.settings().get("STREAMSTEAD_SRS_DEV_IMAGE", "ossrs/srs:6")
    before = starts_of(house)
    reply = _switch(api, "srs-dev")
    assert reply.status_code == 200, reply.text

    def pull() -> str:
        [row] = api.call("/mgmt/containers", action="query", name="media")
        return str(row["pull"]["message"] if row["pull"] else "")

    wait_until(in_time(lambda: f"{dev} cannot be fetched" in pull()), "it is told", 120)
    assert starts_of(house) == before
    assert _media(api) == "srs-server"

    with engine() as client:
        client.images.get(house.env["STREAMSTEAD_SRS_IMAGE"]).tag(*dev.split(":"))
    try:
        name = random_name()
        with publishing(f"{house.rtmp}/{name}?secret={api.secret()}"):
            wait_until(lambda: f"live/{name}" in api.streams(), "the stream is listed")
            refused = _switch(api, "srs-dev")
            assert refused.json()["data"]["key"] == "somebody_is_live"
            assert _switch(api, "srs-dev", force=True).status_code == 200
            wait_until(in_time(lambda: _media(api) == "srs-dev"), "the other one is taken", 60)
        wait_until(lambda: all_running(house), "it runs", 60)
        assert containers_of(house)["media"]["Config"]["Image"]
        assert starts_of(house)["redis"] == before["redis"]
    finally:
        wait_until(in_time(lambda: _switch(api, "srs-server", force=True).is_success), "back", 60)
        wait_until(in_time(lambda: _media(api) == "srs-server" and all_running(house)), "runs", 60)
        with engine() as client:
            client.images.remove(dev)
    assert starts_of(house)["front"] == before["front"]
