"""What the doctor finds on a machine that is well, and on one that is not."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from streamstead.core.settings import Settings
from streamstead.mgmt.doctor import child, disk, examine, house, machine, network, programs
from streamstead.mgmt.doctor.item import Item, Level
from streamstead.mgmt.doctor.sockets import listeners
from streamstead.mgmt.https.models import About, Provider
from streamstead.mgmt.https.pem import check_readable
from streamstead.mgmt.https.shelf import Shelf, ensure_certificate


def levels(items: Iterable[Item]) -> dict[str, Level]:
    return {item.id: item.level for item in items}


def status(settings: Settings, **more: Any) -> dict[str, Any]:
    return {
        "runtime": "process",
        "media_server": "embedded",
        "front_ports": [settings.http_port],
        "services": [],
        **more,
    }


def test_who_holds_a_port_is_named(settings: Settings, free_port: Callable[[], int]) -> None:
    port = free_port()
    with socket.socket() as open_to_all, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        open_to_all.bind(("0.0.0.0", port))
        open_to_all.listen(1)
        udp.bind(("127.0.0.1", port))
        (found,) = [one for one in listeners("tcp") if one.port == port]
        assert f"({os.getpid()})" in found.holder
        assert not found.loopback
        assert next(one for one in listeners("udp") if one.port == port).loopback
        held = settings.model_copy(update={"http_port": port})
        # While the house does not run, whoever has the port is in its way.
        item = next(one for one in network.ports(held, None) if one.id == "port_page")
        assert (item.level, f"({os.getpid()})" in item.message) == (Level.FAIL, True)
        # The front runs and goes without it.
        running = status(held, front_ports=[])
        assert levels(network.ports(held, running))["port_page"] is Level.FAIL
        assert levels(network.ports(held, status(held)))["port_page"] is Level.OK
        inner = settings.model_copy(update={"platform_port": port})
        assert levels(network.internal(inner, None))["internal_ports"] is Level.FAIL
        # The door of the web, which the CA asks for too, is open to all on purpose.
        web = settings.model_copy(update={"web_http_port": port, "acme_http_port": port})
        assert levels(network.internal(web, None))["internal_ports"] is Level.OK
    free = levels(network.ports(held, None))
    assert set(free.values()) == {Level.OK}
    assert levels(network.ports(held, status(held)))["port_rtmp"] is Level.FAIL
    assert levels(network.internal(inner, None))["internal_ports"] is Level.OK


def test_a_program_that_does_not_run_is_told_with_its_reason(settings: Settings) -> None:
    services = [
        {"name": "redis", "state": "running", "detail": ""},
        {"name": "front", "state": "backoff", "detail": "port 80 is used"},
        {"name": "prometheus", "state": "off", "detail": "too little memory"},
    ]
    found = {one.id: one for one in house.services(settings, status(settings, services=services))}
    assert found["service_front"].level is Level.FAIL
    assert "port 80 is used" in found["service_front"].message
    assert found["service_redis"].level is found["service_prometheus"].level is Level.OK
    assert levels(house.services(settings, None)) == {"services": Level.FAIL}


def test_secrets_that_others_can_read_are_told_with_the_cure(settings: Settings) -> None:
    settings.data.env_file.write_text("A=1")
    settings.data.env_file.chmod(0o644)
    (item,) = house.secrets(settings, None)
    assert item.level is Level.FAIL
    assert item.help == f"chmod go= {settings.data.env_file}"
    settings.data.env_file.chmod(0o600)
    assert levels(house.secrets(settings, None)) == {"secrets": Level.OK}
    settings.data.root.chmod(0o777)
    assert levels(house.secrets(settings, None)) == {"secrets": Level.FAIL}


def test_a_certificate_of_our_own_and_one_that_ends_are_told(
    settings: Settings, tmp_path: Path
) -> None:
    settings = settings.model_copy(update={"web_https_port": 443})
    assert levels(house.certificate(settings, None)) == {"certificate": Level.FAIL}
    ensure_certificate(settings.data.ssl, ("localhost", "127.0.0.1"))
    (item,) = house.certificate(settings, None)
    assert (item.level, "browsers warn" in item.message) == (Level.WARN, True)
    assert list(network.domains(settings, None)) == []
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    new += ["-nodes", "-keyout", "k", "-out", "c", "-subj", "/CN=x", "-days", "3"]
    new += ["-addext", "subjectAltName=DNS:nowhere.invalid"]
    subprocess.run(new, check=True, cwd=tmp_path, capture_output=True)
    chain, key = (tmp_path / "c").read_text(), (tmp_path / "k").read_text()
    shelf = Shelf(settings.data.ssl)
    facts = check_readable(chain, key)
    shelf.point_to(shelf.put(chain, key, About(provider=Provider.SSL, facts=facts)))
    (item,) = house.certificate(settings, None)
    assert (item.level, "days left" in item.message) == (Level.WARN, True)
    (name,) = network.domains(settings, None)
    assert (name.id, name.level) == ("dns_nowhere.invalid", Level.FAIL)


def test_the_disk_is_tried_and_nothing_is_left_there(settings: Settings) -> None:
    before = sorted(settings.data_dir.iterdir())
    began = time.monotonic()
    found = {**levels(disk.room(settings, None)), **levels(disk.speed(settings, None))}
    assert time.monotonic() - began < 20
    assert set(found) >= {"disk_space", "disk_speed"}
    assert sorted(settings.data_dir.iterdir()) == before
    (mounted,) = disk.mount(settings, None)
    kind = subprocess.check_output(["stat", "-f", "-c", "%T", settings.data_dir], text=True)
    assert mounted.message.split()[0][:3] in (kind[:3], "ove")


def test_a_clock_that_went_back_is_told(settings: Settings) -> None:
    future = time.time() + 3600
    os.utime(settings.data.html, (future, future))
    (item,) = machine.clock(settings, None)
    assert (item.level, "from the future" in item.message) == (Level.FAIL, True)
    os.utime(settings.data.html)
    (item,) = machine.clock(settings, None)
    assert item.level is not Level.FAIL


def test_memory_limits_and_programs_have_words(settings: Settings) -> None:
    found = [*machine.memory(settings, None), *machine.limits(settings, None)]
    found += programs.versions(settings, status(settings))
    assert {"memory", "load", "open_files", "version", "media"} <= {one.id for one in found}
    assert all(one.help for one in found if one.level is not Level.OK)
    assert next(one for one in found if one.id == "media").level is Level.FAIL


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")
@pytest.mark.parametrize(("kept", "level"), [("yes", Level.OK), ("no", Level.FAIL)])
def test_redis_that_keeps_nothing_is_told(settings: Settings, kept: str, level: Level) -> None:
    argv = ["redis-server", "--port", "0", "--unixsocket", str(settings.data.redis_socket)]
    argv += ["--requirepass", settings.redis_password.get_secret_value(), "--save", ""]
    argv += ["--dir", str(settings.data.redis), "--appendonly", kept]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as server:
        try:
            end = time.monotonic() + 20
            while levels(house.redis(settings, status(settings))) != {"redis": level}:
                assert time.monotonic() < end
                time.sleep(0.02)
        finally:
            server.terminate()


def test_a_look_that_breaks_off_hides_no_other(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterable[Item]:
        raise RuntimeError("strange machine")

    monkeypatch.setattr(examine, "LOOKS", (broken, disk.room))
    found = list(examine.examine(settings))
    assert found[0].level is Level.WARN
    assert "strange machine" in found[0].message
    assert found[1].id == "disk_space"


async def test_the_manager_asks_a_process_of_its_own(settings: Settings) -> None:
    lines = [
        f"STREAMSTEAD_{name.upper()}={getattr(value, 'get_secret_value', lambda v=value: v)()}"
        for name, value in settings
        if value is not None and name != "data_dir"
    ]
    settings.data.env_file.write_text("\n".join(lines))
    settings.data.env_file.chmod(0o600)
    found = await child.report(settings)
    by_id = {one["id"]: one for one in found["items"]}
    assert by_id["services"]["level"] == "fail"
    assert by_id["disk_space"]["level"] == "ok"
    assert abs(found["at_ms"] - time.time() * 1000) < 60_000
    assert settings.api_secret.get_secret_value() not in str(found)


@pytest.mark.parametrize(
    ("program", "says", "seen"),
    [
        ("ufw", "Status: active", "ufw is active"),
        ("ufw", "Status: inactive", ""),
        ("firewall-cmd", "running", "firewalld is running"),
        ("firewall-cmd", "not running", ""),
        ("nft", "chain input { type filter hook input priority 0; policy drop; }", "nftables"),
        ("nft", "chain input { type filter hook input priority 0; policy accept; }", ""),
        ("iptables", "-P INPUT DROP", "iptables"),
        ("iptables", "-P INPUT ACCEPT", ""),
    ],
)
def test_a_firewall_is_seen_and_told_what_to_let_in(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, program: str, says: str, seen: str
) -> None:
    monkeypatch.setattr(network.shutil, "which", lambda name: name if name == program else None)
    monkeypatch.setattr(network, "said_by", lambda *_: says)
    monkeypatch.setattr(network, "_vendor", lambda: "Amazon EC2")
    wall, cloud = network.firewall(settings, None)
    assert wall.level is (Level.WARN if seen else Level.OK)
    if seen:
        assert seen in wall.message
        assert f"TCP {settings.http_port}" in wall.help
        assert f"UDP {settings.rtc_port} (WebRTC)" in wall.help
    assert (cloud.id, "security group" in cloud.help) == ("cloud_firewall", True)
