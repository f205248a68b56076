"""The web's own doors: plain and encrypted, with a certificate of our own at first."""

import json
import os
import pwd
import ssl
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from ..conftest import free_port, need
from ..mgmt.https.authority import Authority
from ..mgmt.https.name_server import NameServer
from .house import House

NAME = "live.example.org"


@pytest.fixture(scope="module")
def names() -> Iterator[NameServer]:
    server = NameServer(free_port())
    server.records = {(NAME, "A"): ["127.0.0.1"]}
    yield server
    server.close()


@pytest.fixture(scope="module")
def web_house(
    first_house: House,
    new_house: Callable[..., House],
    names: NameServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[House]:
    """One with the web's own doors, and a CA that knows the way to them."""
    need("pebble")
    house = new_house("web")
    web_port = free_port()
    authority = Authority(tmp_path_factory.mktemp("ca"), web_port, names.address)
    house.env |= {
        "STREAMSTEAD_WEB_HTTP_PORT": str(web_port),
        "STREAMSTEAD_WEB_HTTPS_PORT": str(free_port()),
        "STREAMSTEAD_ACME_SERVER": authority.directory,
        "STREAMSTEAD_ACME_STAGING_SERVER": authority.directory,
        "STREAMSTEAD_ACME_CA_BUNDLE": str(authority.bundle),
        "STREAMSTEAD_ACME_HTTP_PORT": str(web_port),
        "STREAMSTEAD_ACME_DNS": names.address,
    }
    house.reuse_release(first_house)
    done = house.bootstrap()
    assert done.returncode == 0, house.output
    yield house
    house.stop()
    authority.stop()


def test_the_page_is_there_by_http_and_https(web_house: House) -> None:
    http = web_house.env["STREAMSTEAD_WEB_HTTP_PORT"]
    https = web_house.env["STREAMSTEAD_WEB_HTTPS_PORT"]
    for base in (f"http://127.0.0.1:{http}", f"https://127.0.0.1:{https}"):
        reply = httpx.get(f"{base}/mgmt/", verify=False, trust_env=False, timeout=60)  # noqa: S501
        assert reply.status_code == 200, base
        envs = httpx.get(
            f"{base}/terraform/v1/mgmt/envs",
            verify=False,  # noqa: S501
            trust_env=False,
            timeout=60,
        )
        assert envs.json()["data"]["https"] is True


def test_the_first_certificate_is_self_signed_and_its_key_is_private(web_house: House) -> None:
    port = int(web_house.env["STREAMSTEAD_WEB_HTTPS_PORT"])
    found = x509.load_pem_x509_certificate(ssl.get_server_certificate(("127.0.0.1", port)).encode())
    assert found.issuer == found.subject
    keys = list((web_house.data / "ssl").glob("*/key.pem"))
    assert keys
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys)


def test_a_sign_in_by_https_gets_a_cookie_for_https_only(web_house: House) -> None:
    with web_house.api():
        pass
    port = web_house.env["STREAMSTEAD_WEB_HTTPS_PORT"]
    reply = httpx.post(
        f"https://127.0.0.1:{port}/terraform/v1/mgmt/login",
        json={"password": "correct horse battery"},
        verify=False,  # noqa: S501
        trust_env=False,
        timeout=60,
    )
    assert "secure" in reply.headers["set-cookie"].lower()


def test_a_certificate_of_a_ca_is_had_by_the_page_and_renewed_by_the_command_line(
    web_house: House,
) -> None:
    port = int(web_house.env["STREAMSTEAD_WEB_HTTPS_PORT"])
    with web_house.api() as api:
        found = api.call("/mgmt/letsencrypt/check", domain=NAME)
        assert found["ok"], found
        made = api.call("/mgmt/letsencrypt", domain=NAME, staging=True)
        assert (made["provider"], made["domains"], made["port"]) == ("lets", [NAME], port)
        assert [step["state"] for step in made["job"]["steps"]] == [
            "done",
            "skipped",
            "done",
            "done",
        ]
        assert made["crt"].startswith(ssl.get_server_certificate(("127.0.0.1", port))[:64])
        refused = api.client.post("/mgmt/letsencrypt/check", json={"domain": "192.0.2.1"})
        assert refused.json()["data"]["key"] == "domain_invalid"
    done = web_house.cli("https", "renew", "--force")
    assert done.returncode == 0, done.stderr
    assert "served to new connections" in done.stdout
    shown = web_house.cli("https", "status")
    assert NAME in shown.stdout
    assert "test server" in shown.stdout
    back = web_house.cli("https", "rollback")
    assert back.returncode == 0, back.stderr
    found = ssl.get_server_certificate(("127.0.0.1", port))
    assert found.strip() == made["crt"].split("-----END CERTIFICATE-----")[0].strip() + (
        "\n-----END CERTIFICATE-----"
    )


def test_files_with_secrets_are_read_by_nobody_else(web_house: House) -> None:
    config = web_house.data / "config"
    secrets = [web_house.settings()[f"STREAMSTEAD_{n}"] for n in ("HOOK_SECRET", "REDIS_PASSWORD")]
    for path in config.rglob("*"):
        if path.is_file() and any(one.encode() in path.read_bytes() for one in secrets):
            assert path.stat().st_mode & 0o007 == 0, path
    # Of root, and read by the services as a group.
    for name in (".env", "master.key"):
        facts = (config / name).stat()
        assert (facts.st_uid, facts.st_mode & 0o777) == (0, 0o640), name


def test_the_platform_alone_speaks_with_the_manager(web_house: House) -> None:
    owners = {}
    for name in ("platform", "hooks", "recorder", "ffmpeg_forward"):
        pid = json.loads((web_house.data / f"run/{name}.pid").read_text())["pid"]
        status = Path(f"/proc/{pid}/status").read_text()
        uid = next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1]
        owners[name] = pwd.getpwuid(int(uid)).pw_name
    web = owners.pop("platform")
    assert web == "streamstead-web"
    assert set(owners.values()) == {"streamstead"}
    assert {user: reaches_manager(web_house, user) for user in (web, "streamstead")} == {
        web: True,
        "streamstead": False,
    }


def reaches_manager(house: House, user: str) -> bool:
    entry = pwd.getpwnam(user)
    code = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    done = subprocess.run(
        ["/usr/bin/python3", "-I", "-c", code, str(house.data / "run/mgmt.sock")],
        user=entry.pw_uid,
        group=entry.pw_gid,
        extra_groups=os.getgrouplist(user, entry.pw_gid),
        cwd="/",
        capture_output=True,
        check=False,
    )
    return done.returncode == 0


def test_no_log_holds_a_secret(web_house: House) -> None:
    with web_house.api() as api:
        secrets = [
            api.secret(),
            *(
                web_house.settings()[f"STREAMSTEAD_{name}"]
                for name in ("API_SECRET", "HOOK_SECRET", "REDIS_PASSWORD")
            ),
        ]
    for path in (web_house.data / "logs").rglob("*"):
        if path.is_file():
            text = path.read_text(errors="replace")
            assert not any(secret in text for secret in secrets), path
