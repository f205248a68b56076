"""What the world may reach through the front door, and what it may not."""

import httpx
import pytest

from .house import API, House


@pytest.mark.parametrize("path", ["/hooks/srs/verify", "/hooks/srs/hls"])
def test_callbacks_cannot_be_sent_from_outside_even_with_the_secret(
    house: House, path: str
) -> None:
    hook = house.settings()["STREAMSTEAD_HOOK_SECRET"]
    reply = httpx.post(
        f"{house.base}{API}{path}?hook={hook}",
        json={"action": "on_close", "client_id": "x"},
        trust_env=False,
        timeout=60,
    )
    assert (reply.status_code, reply.json()["data"]["key"]) == (404, "unknown_path")


@pytest.mark.parametrize(
    "path",
    ["/api/v1/clients/", "/api/v1/streams/", "/api/v1/raw?rpc=reload", "/api/v1/summaries"],
)
def test_the_media_servers_own_api_is_closed(house: House, path: str) -> None:
    assert httpx.get(house.base + path, trust_env=False, timeout=60).status_code in (302, 404)
    assert httpx.delete(house.base + path, trust_env=False, timeout=60).status_code in (
        302,
        404,
        405,
    )


def test_the_media_servers_version_is_open(house: House) -> None:
    reply = httpx.get(f"{house.base}/api/v1/versions", trust_env=False, timeout=60)
    assert reply.json()["code"] == 0


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "key"),
    [
        ("POST", "/mgmt/login", b"{", 400, "malformed_json"),
        ("POST", "/mgmt/login", b'{"password": 1}', 422, "invalid"),
        ("POST", "/mgmt/login", b'{"password":"x","y":1}', 422, "unknown_field"),
        ("POST", "/mgmt/login", b"{}", 422, "field_missing"),
        ("POST", "/mgmt/login", b" " * 1_100_000, 413, "body_too_large"),
        ("GET", "/nowhere", b"", 404, "unknown_path"),
        ("POST", "/mgmt/status", b"{}", 401, "token_missing"),
        ("POST", "/hooks/srs/secret/query", b"{}", 401, "token_missing"),
        ("POST", "/ffmpeg/demo/update", b'{"enabled":true}', 401, "token_missing"),
    ],
)
def test_bad_requests_are_answered_in_the_envelope(
    house: House, method: str, path: str, content: bytes, status: int, key: str
) -> None:
    headers = {"content-type": "application/json"} if content else {}
    reply = httpx.request(
        method,
        house.base + API + path,
        content=content,
        headers=headers,
        trust_env=False,
        timeout=60,
    )
    assert (reply.status_code, reply.json()["data"]["key"]) == (status, key)


@pytest.mark.parametrize(
    "headers",
    [
        {"x-real-ip": "127.0.0.1", "x-forwarded-for": "127.0.0.1", "host": "live.example"},
        {"x-forwarded-for": "203.0.113.1", "host": "localhost"},
        {"via": "1.1 proxy", "host": "localhost", "x-client-forwarded": ""},
    ],
)
def test_a_forged_address_does_not_replace_the_setup_code(
    house: House, headers: dict[str, str]
) -> None:
    reply = httpx.get(f"{house.base}{API}/mgmt/init", headers=headers, trust_env=False, timeout=60)
    assert reply.json()["data"]["setup_code_required"] is True


def test_the_root_leads_to_the_page_and_the_page_is_there(house: House) -> None:
    reply = httpx.get(house.base + "/", follow_redirects=True, trust_env=False, timeout=60)
    assert reply.status_code == 200
    assert reply.url.path == "/mgmt/"
    assert '<div id="root">' in reply.text
    assert "content-security-policy" in reply.headers
    watch = httpx.get(f"{house.base}/watch/live/any", trust_env=False, timeout=60)
    assert watch.status_code == 200


def test_the_api_describes_itself(house: House) -> None:
    reply = httpx.get(f"{house.base}{API}/openapi.json", trust_env=False, timeout=60)
    assert reply.json()["openapi"].startswith("3.")
    assert f"{API}/hooks/srs/secret/query" in reply.json()["paths"]


@pytest.mark.parametrize(
    "path", ["/live/../../config/.env", "/live/%2e%2e/%2e%2e/config/.env", "/assets/../.env"]
)
def test_no_path_leads_out_of_what_is_served(house: House, path: str) -> None:
    with httpx.Client(trust_env=False, timeout=60) as client:
        request = client.build_request("GET", house.base)
        request = httpx.Request("GET", httpx.URL(house.base).copy_with(raw_path=path.encode()))
        reply = client.send(request)
    assert "SECRET" not in reply.text
    assert reply.status_code in (302, 400, 404)
