"""The page's calls about webhook targets, and those that programs written for Oryx make."""

from typing import Any

import pytest

from streamstead.core.hook_targets import MAX_TARGETS
from streamstead.core.sealed import HOOK_TARGET, Sealer

from .conftest import API, Page

TYPES = ["stream.published", "stream.unpublished"]
OF_ORYX = [*TYPES, "recording.started", "recording.finished", "recording.failed"]
GIVEN = {"label": "CRM", "url": "https://crm.example.com/hook?x=1", "types": TYPES}


@pytest.fixture
async def owner(page: Page) -> Page:
    await page.initialise()
    return page


async def call(page: Page, path: str, body: dict[str, Any] | None = None) -> Any:
    """Return the data of a good answer, or (status, key) of a bad one."""
    reply = await page.client.post(f"{API}/hooks/{path}", json=body or {})
    said = reply.json()
    return said["data"] if said["code"] == 0 else (reply.status_code, said["data"]["key"])


async def test_a_target_is_made_and_listed_and_its_secret_shown_once(owner: Page) -> None:
    made = await call(owner, "targets/create", GIVEN)
    assert len(made["secret"]) == 64
    target = made["target"]
    assert {key: target[key] for key in GIVEN} == GIVEN
    assert (target["enabled"], target["blocking"], target["fallback"]) == (True, False, "refuse")
    assert (target["pending"], target["dropped"]) == (0, 0)
    assert (target["last_ok_ms"], target["last_error"]) == (None, None)
    listed = await call(owner, "targets/list")
    assert listed["targets"] == [target]
    assert set(TYPES) < set(listed["types"])
    assert made["secret"] not in str(listed)


async def test_the_secret_is_sealed_in_redis(owner: Page) -> None:
    made = await call(owner, "targets/create", GIVEN)
    stored = str(await owner.redis.hgetall("STREAMSTEAD_HOOK_TARGETS"))
    assert made["secret"] not in stored
    [target] = await owner.services.hook_targets.all()
    assert Sealer(b"k" * 32, HOOK_TARGET).open(target.sealed_secret) == made["secret"]


async def test_a_rotated_secret_is_another_one(owner: Page) -> None:
    made = await call(owner, "targets/create", GIVEN)
    rotated = await call(owner, "targets/rotate", {"id": made["target"]["id"]})
    assert rotated["target"] == made["target"]
    assert rotated["secret"] != made["secret"]
    [target] = await owner.services.hook_targets.all()
    assert owner.services.hook_targets.secret(target) == rotated["secret"]


async def test_only_what_is_given_changes(owner: Page) -> None:
    made = await call(owner, "targets/create", GIVEN)
    changed = await call(
        owner, "targets/update", {"id": made["target"]["id"], "label": "new", "enabled": False}
    )
    assert changed == {**made["target"], "label": "new", "enabled": False}


async def test_a_removed_target_is_gone(owner: Page) -> None:
    target_id = (await call(owner, "targets/create", GIVEN))["target"]["id"]
    assert await call(owner, "targets/remove", {"id": target_id}) is None
    for path in ("remove", "rotate", "update", "test"):
        assert await call(owner, f"targets/{path}", {"id": target_id}) == (404, "target_unknown")
    assert (await call(owner, "targets/list"))["targets"] == []


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"url": "ftp://example.com/"}, "outbound_bad_url"),
        ({"url": "https://"}, "outbound_bad_url"),
        ({"url": "https://example.com:0/"}, "outbound_bad_url"),
        ({"url": "https://exa mple.com/"}, "outbound_bad_url"),
        ({"url": "https://münchen.de/"}, "outbound_bad_url"),
        ({"url": "http://localhost/x"}, "outbound_private_address"),
        ({"url": "http://127.0.0.1:8080/x"}, "outbound_private_address"),
        ({"url": "http://169.254.169.254/x", "allow_private": True}, "outbound_private_address"),
        ({"url": "http://[::1]/x"}, "outbound_private_address"),
        ({"types": ["no.such"]}, "invalid"),
        ({"types": ["viewer.joined"], "blocking": True}, "blocking_without_publish"),
        ({"fallback": "maybe"}, "invalid"),
        ({"colour": "red"}, "unknown_field"),
    ],
)
async def test_what_cannot_work_is_refused_by_name(
    owner: Page, change: dict[str, Any], key: str
) -> None:
    assert await call(owner, "targets/create", GIVEN | change) == (422, key)
    made = await call(owner, "targets/create", GIVEN)
    body = {"id": made["target"]["id"], **change}
    assert await call(owner, "targets/update", body) == (422, key)
    assert (await call(owner, "targets/list"))["targets"] == [made["target"]]


async def test_private_addresses_work_when_they_are_allowed(owner: Page) -> None:
    body = GIVEN | {"url": "http://192.168.1.5:8080/hook", "allow_private": True}
    target = (await call(owner, "targets/create", body))["target"]
    assert target["url"] == body["url"]
    body = {"id": target["id"], "allow_private": False}
    assert await call(owner, "targets/update", body) == (422, "outbound_private_address")


async def test_the_number_of_targets_is_bounded(owner: Page) -> None:
    for _ in range(MAX_TARGETS):
        await call(owner, "targets/create", GIVEN)
    assert await call(owner, "targets/create", GIVEN) == (409, "too_many_targets")


async def test_publishers_are_asked_about_only_while_somebody_wants_to_be_asked(
    owner: Page,
) -> None:
    async def asked() -> bool:
        return bool(await owner.redis.exists("STREAMSTEAD_HOOK_BLOCKING"))

    first = (await call(owner, "targets/create", GIVEN))["target"]["id"]
    assert not await asked()
    second = (await call(owner, "targets/create", GIVEN | {"blocking": True}))["target"]["id"]
    assert await asked()
    await call(owner, "targets/update", {"id": second, "enabled": False})
    assert not await asked()
    await call(owner, "targets/update", {"id": first, "blocking": True})
    assert await asked()
    await call(owner, "targets/remove", {"id": first})
    assert not await asked()


async def test_oryx_calls_set_and_show_the_target_named_default(owner: Page) -> None:
    empty = {"req": "", "res": "", "target": "", "opaque": "", "all": False, "host": ""}
    assert await call(owner, "query") == empty
    body = {"target": "https://crm.example.com/oryx", "opaque": "my-token", "all": True}
    assert await call(owner, "apply", body) is None
    shown = await call(owner, "query", {"all": True})
    assert shown == {**empty, **body, "host": "http://live.example.com:2022"}
    [target] = (await call(owner, "targets/list"))["targets"]
    assert (target["id"], target["url"], target["types"]) == (
        "default",
        body["target"],
        OF_ORYX,
    )
    assert await owner.redis.hgetall("SRS_HOOKS") == {
        "target": body["target"],
        "all": "true",
        "opaque": "my-token",
        "host": "http://live.example.com:2022",
    }


async def test_a_change_of_the_default_target_shows_in_oryx_calls(owner: Page) -> None:
    body = {"target": "https://crm.example.com/oryx", "opaque": "", "all": True, "host": "http://h"}
    await call(owner, "apply", body)
    await call(owner, "targets/update", {"id": "default", "enabled": False})
    assert (await call(owner, "query"))["all"] is False
    await call(owner, "apply", {"target": "", "opaque": "", "all": False})
    assert (await call(owner, "query"))["target"] == ""
    await call(owner, "targets/remove", {"id": "default"})
    assert (await call(owner, "targets/list"))["targets"] == []
    await call(owner, "apply", body)
    assert (await call(owner, "query"))["host"] == "http://h"


async def test_oryx_apply_refuses_a_private_target_until_it_is_allowed(owner: Page) -> None:
    body = {"target": "http://127.0.0.1:9/x", "opaque": "", "all": True}
    assert await call(owner, "apply", body) == (422, "outbound_private_address")
    assert await call(owner, "apply", body | {"allow_private": True}) is None


async def test_the_example_target_takes_anything_from_anybody(page: Page) -> None:
    body = {"action": "on_publish", "opaque": "x", "anything": [1]}
    assert await call(page, "example", body) is None
    reply = await page.client.post(f"{API}/hooks/example?fail=true", json=body)
    assert (reply.status_code, reply.json()["data"]["key"]) == (403, "example_failed")


async def test_everything_else_needs_a_session(page: Page) -> None:
    for path in (
        "targets/list",
        "targets/create",
        "targets/update",
        "targets/rotate",
        "targets/remove",
        "targets/test",
        "deliveries/query",
        "deliveries/resend",
        "query",
        "apply",
    ):
        full = GIVEN | {"id": "x", "target": "", "all": True, "opaque": ""}
        reply = await page.client.post(f"{API}/hooks/{path}", json=full)
        assert reply.status_code == 401, path
