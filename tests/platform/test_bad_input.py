"""Requests that are wrong get the right status, a stable key and no secret back."""

import pytest
from redis import Redis as SyncRedis

from .conftest import API, Page


@pytest.mark.parametrize(
    ("content", "kind", "status", "key"),
    [
        ("{", "application/json", 400, "malformed_json"),
        ("", "application/json", 422, "field_missing"),
        ("[]", "application/json", 422, "invalid"),
        ('{"password": 5}', "application/json", 422, "invalid"),
        ("{}", "application/json", 422, "field_missing"),
        ('{"password": "hunter2-hunter2", "x": 1}', "application/json", 422, "unknown_field"),
        ("password=hunter2-hunter2", "application/x-www-form-urlencoded", 415, None),
        ('{"password": "hunter2-hunter2"}', "text/plain", 415, "unsupported_media_type"),
        ('{"password": "' + "a" * 1_000_001 + '"}', "application/json", 413, "body_too_large"),
    ],
)
async def test_a_bad_body_is_answered_by_name(
    page: Page, content: str, kind: str, status: int, key: str | None
) -> None:
    reply = await page.client.post(f"{API}/login", content=content, headers={"content-type": kind})
    assert reply.status_code == status
    data = reply.json()["data"]
    assert key is None or data["key"] == key
    assert "hunter2" not in reply.text
    assert data["message"]


async def test_a_body_without_length_is_cut_off_at_the_limit(page: Page) -> None:
    async def endless() -> object:
        for _ in range(2000):
            yield b"a" * 1000

    reply = await page.client.post(
        f"{API}/login",
        content=endless(),  # type: ignore[arg-type]
        headers={"content-type": "application/json"},
    )
    assert reply.status_code == 413


async def test_an_unknown_path_is_404_in_the_envelope(page: Page) -> None:
    reply = await page.client.get("/terraform/v1/nothing/here")
    assert (reply.status_code, reply.json()["data"]["key"]) == (404, "unknown_path")


async def test_a_wrong_method_is_405_in_the_envelope(page: Page) -> None:
    reply = await page.client.get(f"{API}/login")
    assert (reply.status_code, reply.json()["data"]["key"]) == (405, "method_not_allowed")


async def test_redis_away_is_503_in_words(page: Page, redis_server: SyncRedis) -> None:
    redis_server.shutdown(nosave=True)
    reply = await page.client.post(f"{API}/login", json={"password": "whatever it is"})
    assert (reply.status_code, reply.json()["data"]["key"]) == (503, "redis_unavailable")


async def test_open_calls_work_without_a_session(page: Page) -> None:
    for path in ("versions", "check", "envs"):
        reply = await page.client.get(f"{API}/{path}")
        assert (reply.status_code, reply.json()["code"]) == (200, 0), path
    envs = (await page.client.get(f"{API}/envs")).json()["data"]
    assert envs["mediaServer"] == "srs"
    assert envs["https"] is False, "nothing is claimed that nginx does not do"
    assert envs["capabilities"] == {"srt": True, "webrtc": True, "hevc": True}


async def test_status_is_honest_when_the_host_daemon_is_away(page: Page) -> None:
    await page.initialise()
    data = (await page.client.post(f"{API}/status", json={})).json()["data"]
    assert data["services"] == []
    assert "does not answer" in data["runtime_reason"]
