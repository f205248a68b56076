"""The operator's session from the first visit on."""

import asyncio
from contextlib import suppress

import pytest
from argon2 import PasswordHasher

from streamstead.core.auth import COOKIE
from streamstead.core.errors import RateLimited
from streamstead.core.settings import Settings
from streamstead.platform.host import HostRefused

from .conftest import API, CODE, PASSWORD, Page
from .manager import PasswordManager


async def test_a_new_house_says_so(page: Page) -> None:
    reply = await page.client.get(f"{API}/init")
    assert reply.json() == {"code": 0, "data": {"init": False, "setup_code_required": True}}


@pytest.mark.parametrize("code", [None, "", "wrong", CODE + "x", CODE.upper()])
async def test_only_the_setup_code_lets_a_visitor_set_the_first_password(
    page: Page, code: str | None
) -> None:
    reply = await page.client.post(f"{API}/init", json={"password": PASSWORD, "setup_code": code})
    assert (reply.status_code, reply.json()["data"]["key"]) == (403, "setup_code_wrong")
    assert (await page.client.get(f"{API}/init")).json()["data"]["init"] is False


async def test_init_signs_in_and_ends_the_setup_code(page: Page) -> None:
    await page.initialise()
    assert COOKIE in page.client.cookies
    assert (await page.client.post(f"{API}/status")).status_code == 200
    assert not page.services.data.setup_code.exists()
    body = {"password": PASSWORD, "setup_code": CODE}
    again = await page.client.post(f"{API}/init", json=body)
    assert (again.status_code, again.json()["data"]["key"]) == (422, "already_initialised")


async def test_of_two_first_visitors_one_wins(page: Page) -> None:
    bodies = [{"password": f"password {n}", "setup_code": CODE} for n in range(4)]
    replies = await asyncio.gather(*(page.client.post(f"{API}/init", json=body) for body in bodies))
    assert sorted(reply.status_code for reply in replies) == [200, 422, 422, 422]


@pytest.mark.parametrize(
    ("headers", "local"),
    [
        ({"x-real-ip": "127.0.0.1", "host": "localhost:2022"}, True),
        ({"x-real-ip": "127.0.0.1", "host": "127.0.0.1"}, True),
        ({"x-real-ip": "127.0.0.1", "host": "live.example.com"}, False),
        (
            {"x-real-ip": "127.0.0.1", "host": "localhost", "x-client-forwarded": "203.0.113.1"},
            False,
        ),
        ({"x-real-ip": "203.0.113.9", "host": "localhost"}, False),
    ],
)
async def test_only_a_browser_on_the_machine_itself_needs_no_code(
    page: Page, headers: dict[str, str], local: bool
) -> None:
    reply = await page.client.post(f"{API}/init", json={"password": PASSWORD}, headers=headers)
    assert reply.status_code == (200 if local else 403)


async def test_a_short_password_is_refused_with_advice(page: Page) -> None:
    reply = await page.client.post(f"{API}/init", json={"password": "1", "setup_code": CODE})
    assert reply.json()["data"]["key"] == "password_too_short"
    assert reply.json()["data"]["help"]


async def test_sign_in_before_a_password_is_set_says_where_to_begin(page: Page) -> None:
    reply = await page.client.post(f"{API}/login", json={"password": "x"})
    assert (reply.status_code, reply.json()["code"]) == (401, 2002)


async def test_a_wrong_password_is_refused_by_name(page: Page) -> None:
    await page.initialise()
    reply = await page.client.post(f"{API}/login", json={"password": "wrong password"})
    assert (reply.status_code, reply.json()["code"]) == (401, 2000)
    assert reply.json()["data"]["key"] == "wrong_password"


async def test_too_many_wrong_passwords_lock_out_that_address_only(page: Page) -> None:
    await page.initialise()
    for _ in range(10):
        await page.client.post(f"{API}/login", json={"password": "wrong password"})
    reply = await page.client.post(f"{API}/login", json={"password": PASSWORD})
    assert reply.status_code == 429
    assert 0 < int(reply.headers["retry-after"]) <= 300
    other = await page.client.post(
        f"{API}/login", json={"password": PASSWORD}, headers={"x-real-ip": "198.51.100.1"}
    )
    assert other.status_code == 200


@pytest.mark.parametrize("style", ["bearer", "body", "cookie"])
async def test_a_session_is_taken_from_header_body_or_cookie(page: Page, style: str) -> None:
    await page.initialise()
    page.client.cookies.clear()
    login = await page.client.post(f"{API}/login", json={"password": PASSWORD})
    token = login.json()["data"]["token"]
    if style != "cookie":
        page.client.cookies.clear()
    reply = await page.client.post(
        f"{API}/streams/query",
        headers={"authorization": f"Bearer {token}"} if style == "bearer" else {},
        json={"token": token} if style == "body" else {},
    )
    assert reply.json() == {"code": 0, "data": {"streams": []}}


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(page: Page) -> None:
    body = {"password": PASSWORD, "setup_code": CODE}
    reply = await page.client.post(f"{API}/init", json=body, headers={"x-forwarded-proto": "https"})
    flags = reply.headers["set-cookie"].lower()
    assert "httponly" in flags
    assert "samesite=strict" in flags
    assert "secure" in flags


async def test_the_api_secret_works_as_bearer(page: Page) -> None:
    secret = page.services.settings.api_secret.get_secret_value()
    headers = {"authorization": f"Bearer {secret}"}
    reply = await page.client.post(f"{API}/secret/query", headers=headers)
    assert reply.json() == {"code": 0, "data": secret}


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer x.y.z", "Bearer " + "a" * 300]
)
async def test_a_wrong_credential_never_falls_back_to_a_right_cookie(
    page: Page, header: str
) -> None:
    await page.initialise()
    reply = await page.client.post(f"{API}/status", headers={"authorization": header})
    assert (reply.status_code, reply.json()["code"]) == (401, 2001)


async def test_without_a_credential_the_answer_is_401(page: Page) -> None:
    for path in ("status", "secret/query", "streams/query", "token"):
        reply = await page.client.post(f"{API}/{path}", json={})
        assert (reply.status_code, reply.json()["code"]) == (401, 1000), path
    assert (await page.client.get(f"{API}/live")).status_code == 401


async def test_sign_out_ends_the_session_everywhere(page: Page) -> None:
    await page.initialise()
    token = page.client.cookies[COOKIE]
    assert (await page.client.post(f"{API}/logout", json={})).status_code == 200
    headers = {"authorization": f"Bearer {token}"}
    reply = await page.client.post(f"{API}/status", headers=headers)
    assert (reply.status_code, reply.json()["data"]["key"]) == (401, "token_revoked")


async def test_a_new_password_ends_all_other_sessions(page: Page) -> None:
    await page.initialise()
    old = page.client.cookies[COOKIE]
    body = {"password": PASSWORD, "new_password": "another horse"}
    reply = await page.client.post(f"{API}/password", json=body)
    assert reply.status_code == 200
    assert (await page.client.post(f"{API}/status")).status_code == 200
    headers = {"authorization": f"Bearer {old}"}
    assert (await page.client.post(f"{API}/status", headers=headers)).status_code == 401
    reply = await page.client.post(f"{API}/login", json={"password": PASSWORD})
    assert reply.status_code == 401


async def test_a_renewed_token_works(page: Page) -> None:
    await page.initialise()
    token = (await page.client.post(f"{API}/token", json={})).json()["data"]["token"]
    page.client.cookies.clear()
    headers = {"authorization": f"Bearer {token}"}
    assert (await page.client.post(f"{API}/status", headers=headers)).status_code == 200


async def test_no_password_is_stored_in_clear(page: Page) -> None:
    await page.initialise()
    stored = await page.redis.hgetall("STREAMSTEAD_ADMIN")
    assert stored["password_hash"].startswith("$argon2id$")
    assert PASSWORD not in str(stored)


async def test_where_the_manager_knows_another_password_the_way_out_is_told(page: Page) -> None:
    await page.initialise()
    other = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("another horse")
    await page.redis.hset("STREAMSTEAD_ADMIN", "password_hash", other)
    body = {"password": "another horse", "new_password": "a third horse"}
    reply = await page.client.post(f"{API}/password", json=body)
    assert (reply.status_code, reply.json()["data"]["key"]) == (403, "password_wrong")
    assert "sudo streamstead password" in reply.json()["data"]["help"]


async def test_how_long_the_manager_wants_one_to_wait_is_handed_on(
    page: Page, settings: Settings
) -> None:
    await page.initialise()
    manager = PasswordManager(settings)
    kept = await page.redis.hget("STREAMSTEAD_ADMIN", "password_hash")
    wrong = {"password": "wrong", "hash": kept}

    async def try_often() -> None:
        for _ in range(8):  # each wait is longer than the last, and than a busy machine takes
            with suppress(HostRefused):
                await manager.call("POST", "/v1/password/change", wrong)

    with pytest.raises(RateLimited) as refused:
        await try_often()
    assert refused.value.retry_after_s > 0
    await manager.aclose()
