"""API keys: made, used within their scope, ended; and what the audit log says of it."""

from typing import Any

import pytest

from .conftest import CODE, Page

PASSWORD = "a long enough password"


async def sign_in(page: Page) -> dict[str, str]:
    reply = await page.client.post(
        "/terraform/v1/mgmt/init", json={"password": PASSWORD, "setup_code": CODE}
    )
    page.client.cookies.clear()
    return {"Authorization": f"Bearer {reply.json()['data']['token']}"}


async def ask(page: Page, path: str, headers: dict[str, str], **body: Any) -> tuple[int, Any]:
    reply = await page.client.post(f"/terraform/v1/mgmt/{path}", json=body, headers=headers)
    return reply.status_code, reply.json()["data"]


async def make(page: Page, admin: dict[str, str], **body: Any) -> tuple[str, dict[str, str]]:
    status, made = await ask(page, "api-keys/create", admin, **body)
    assert status == 200, made
    return made["id"], {"Authorization": f"Bearer {made['key']}"}


async def test_a_key_is_shown_once_and_kept_as_a_hash_only(page: Page) -> None:
    admin = await sign_in(page)
    _, made = await ask(page, "api-keys/create", admin, label="CI", scope="read")
    assert made["key"].startswith(f"ssk_{made['id']}_")
    _, listed = await ask(page, "api-keys/list", admin)
    assert [(key["label"], key["scope"]) for key in listed["keys"]] == [("CI", "read")]
    assert listed["keys"][0]["hint"] == made["key"][-4:]
    secret = made["key"].rpartition("_")[2]
    kept = await page.redis.hgetall("STREAMSTEAD_API_KEYS")
    assert secret not in str(kept)
    assert secret not in str(listed)


@pytest.mark.parametrize(
    ("scope", "path", "status"),
    [
        ("read", "streams/query", 200),
        ("read", "hooks/deliveries/query", 403),
        ("operate", "hooks/deliveries/query", 200),
        ("operate", "api-keys/list", 403),
        ("operate", "secret/query", 403),
        ("admin", "api-keys/list", 200),
    ],
)
async def test_a_key_may_do_what_its_scope_says_and_no_more(
    page: Page, scope: str, path: str, status: int
) -> None:
    admin = await sign_in(page)
    _, key = await make(page, admin, label="bot", scope=scope)
    got, data = await ask(page, path, key)
    assert got == status
    if status == 403:
        assert data["key"] == "scope_too_small"


async def test_a_removed_key_and_one_that_has_ended_are_worth_nothing(page: Page) -> None:
    admin = await sign_in(page)
    key_id, key = await make(page, admin, label="bot", scope="read")
    assert (await ask(page, "streams/query", key))[0] == 200
    await ask(page, "api-keys/remove", admin, id=key_id)
    status, data = await ask(page, "streams/query", key)
    assert (status, data["key"]) == (401, "api_key_invalid")
    soon = page.services.clock() + 60_000
    key_id, ending = await make(page, admin, label="brief", scope="read", expires_ms=soon)
    raw = await page.redis.hget("STREAMSTEAD_API_KEYS", key_id)
    await page.redis.hset("STREAMSTEAD_API_KEYS", key_id, raw.replace(str(soon), "1"))
    assert (await ask(page, "streams/query", ending))[0] == 401


async def test_a_key_gives_no_session_that_would_outlive_it(page: Page) -> None:
    admin = await sign_in(page)
    _, key = await make(page, admin, label="bot", scope="admin")
    status, data = await ask(page, "token", key)
    assert (status, data["key"]) == (403, "forbidden")
    assert (await ask(page, "token", admin))[0] == 200


async def test_wrong_keys_are_refused(page: Page) -> None:
    admin = await sign_in(page)
    key_id, _ = await make(page, admin, label="bot", scope="admin")
    for wrong in (f"ssk_{key_id}_", f"ssk_{key_id}_{'x' * 43}", "ssk_", "ssk_nobody_abc"):
        status, _data = await ask(page, "status", {"Authorization": f"Bearer {wrong}"})
        assert status == 401


async def test_an_end_in_the_past_is_refused(page: Page) -> None:
    admin = await sign_in(page)
    status, data = await ask(page, "api-keys/create", admin, label="x", scope="read", expires_ms=1)
    assert status == 422
    assert "past" in data["message"]


async def test_the_last_use_of_a_key_is_told(page: Page) -> None:
    admin = await sign_in(page)
    _, key = await make(page, admin, label="bot", scope="read")
    assert (await ask(page, "api-keys/list", admin))[1]["keys"][0]["last_used_ms"] is None
    await ask(page, "streams/query", key)
    assert (await ask(page, "api-keys/list", admin))[1]["keys"][0]["last_used_ms"] > 0


async def test_the_audit_log_says_who_did_what_from_where_and_when(page: Page) -> None:
    admin = await sign_in(page)
    began = page.services.clock()
    _, key = await make(page, admin, label="bot", scope="read")
    await ask(page, "streams/query", key)
    await ask(page, "api-keys/list", key)
    await ask(page, "login", {}, password="not the password")
    _, told = await ask(page, "audit/query", admin)
    deeds = [(one["who"], one["what"], one["result"]) for one in told["entries"]]
    assert deeds == [
        ("nobody", "mgmt/login", "wrong_password"),
        ("key bot", "mgmt/api-keys/list", "scope_too_small"),
        ("admin", "mgmt/api-keys/create", "ok"),
        ("admin", "mgmt/init", "ok"),
    ]
    assert told["entries"][2]["target"] == "label=bot scope=read"
    assert told["entries"][2]["from"]
    assert told["entries"][2]["at_ms"] >= began
    assert PASSWORD not in str(told)
    assert "not the password" not in str(told)


async def test_strangers_cannot_fill_the_audit_log(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await sign_in(page)
    await ask(page, "logout", {}, name="x" * 120)
    await ask(page, "api-keys/list", {}, name="x" * 120)
    await ask(page, "login", {}, password="not the password", name="x" * 120)
    _, told = await ask(page, "audit/query", admin)
    tried = [(one["what"], one["target"]) for one in told["entries"]]
    assert tried == [("mgmt/login", ""), ("mgmt/init", "")]
    monkeypatch.setattr("streamstead.core.audit.NOBODY_BYTES", 0)
    await ask(page, "login", {}, password="not the password")
    await make(page, admin, label="bot", scope="read")
    _, told = await ask(page, "audit/query", admin)
    deeds = [one["what"] for one in told["entries"]]
    assert (deeds[0], deeds.count("mgmt/login")) == ("mgmt/api-keys/create", 1)


async def test_the_audit_log_is_read_page_by_page_and_filtered(page: Page) -> None:
    admin = await sign_in(page)
    for number in range(5):
        await make(page, admin, label=f"key {number}", scope="read")
    seen: list[str] = []
    older = ""
    while True:
        _, told = await ask(page, "audit/query", admin, limit=2, before=older)
        seen += [one["target"] for one in told["entries"] if "create" in one["what"]]
        older = told["older"]
        if not older:
            break
    assert seen == [f"label=key {number} scope=read" for number in (4, 3, 2, 1, 0)]
    _, told = await ask(page, "audit/query", admin, what="key 3")
    assert [one["target"] for one in told["entries"]] == ["label=key 3 scope=read"]
    assert (await ask(page, "audit/query", admin, who="nobody", what="create"))[1]["entries"] == []


async def test_half_a_line_in_the_audit_log_hides_no_other(page: Page) -> None:
    admin = await sign_in(page)
    await make(page, admin, label="first", scope="read")
    path = next(page.services.data.audit.glob("*.jsonl"))
    with path.open("ab") as file:
        file.write(b'{"at_ms": 17, "who": "adm\n')
    await make(page, admin, label="second", scope="read")
    _, told = await ask(page, "audit/query", admin, what="api-keys")
    assert [one["target"].split()[0] for one in told["entries"]] == ["label=second", "label=first"]
