"""The web's own doors: plain and encrypted, with a certificate of our own at first."""

import ssl
from collections.abc import Callable

import httpx
import pytest
from cryptography import x509

from ..conftest import free_port
from .house import House


@pytest.fixture(scope="module")
def web_house(first_house: House, new_house: Callable[..., House]) -> House:
    house = new_house("web")
    house.env["STREAMSTEAD_WEB_HTTP_PORT"] = str(free_port())
    house.env["STREAMSTEAD_WEB_HTTPS_PORT"] = str(free_port())
    house.reuse_release(first_house)
    done = house.bootstrap()
    assert done.returncode == 0, house.output
    return house


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


def test_files_with_secrets_are_for_their_owner_only(web_house: House) -> None:
    config = web_house.data / "config"
    secrets = [web_house.settings()[f"STREAMSTEAD_{n}"] for n in ("HOOK_SECRET", "REDIS_PASSWORD")]
    for path in config.rglob("*"):
        if path.is_file() and any(one.encode() in path.read_bytes() for one in secrets):
            assert path.stat().st_mode & 0o007 == 0, path
    assert (config / ".env").stat().st_mode & 0o777 == 0o600
    assert (config / "master.key").stat().st_mode & 0o777 == 0o600


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
