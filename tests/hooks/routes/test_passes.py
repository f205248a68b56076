"""Links handed to viewers."""

import pytest

from .conftest import Api

CAM = {"app": "live", "stream": "cam"}


async def make(api: Api, **more: object) -> tuple[dict[str, object], str]:
    made = await api.good("play/passes/create", {**CAM, "label": "guest", **more})
    return made["pass"], made["token"]


async def test_a_pass_lets_in_counts_its_uses_and_can_be_told_again(api: Api) -> None:
    made, token = await make(api)
    assert made == {
        "id": made["id"],
        **CAM,
        "label": "guest",
        "created_ms": made["created_ms"],
        "expires_ms": None,
        "revoked": False,
        "max_viewers": 0,
        "uses": 0,
        "last_used_ms": None,
    }
    await api.good("play/rule/update", {**CAM, "kind": "pass"})
    assert await api.play() == "pass_missing"
    assert await api.play(token) == ""
    assert await api.play(token, client_id="v2") == ""
    [listed] = (await api.good("play/passes/list", CAM))["passes"]
    assert listed == made | {"uses": 2, "last_used_ms": listed["last_used_ms"]}
    assert listed["last_used_ms"] > made["created_ms"]
    assert await api.good("play/passes/token", {"id": made["id"]}) == {"token": token}


async def test_a_pass_of_one_stream_is_worth_nothing_for_another(api: Api) -> None:
    _, token = await make(api)
    await api.good("play/rule/update", {"kind": "pass"})
    for other in ("cam2", "ca", "cam ", "CAM"):
        assert await api.play(token, stream=other) == "pass_other_stream"


async def test_revoking_ends_who_came_by_it_and_no_other(api: Api) -> None:
    first, token = await make(api)
    _, other = await make(api)
    await api.good("play/rule/update", {**CAM, "kind": "pass"})
    assert await api.play(token) == ""
    assert await api.play(other, client_id="v2") == ""
    for _ in range(2):
        assert await api.good("play/passes/revoke", {"id": first["id"]}) is None
    assert api.media.kicked == ["v1"]
    assert await api.play(token, client_id="v3") == "pass_revoked"
    assert await api.play(other, client_id="v4") == ""
    listed = (await api.good("play/passes/list", CAM))["passes"]
    assert {one["id"]: one["revoked"] for one in listed}[first["id"]] is True


async def test_a_pass_ends_at_its_time(api: Api) -> None:
    expires_ms = (api.house.clock_ms // 1000 + 60) * 1000
    _, token = await make(api, expires_ms=expires_ms)
    await api.good("play/rule/update", {**CAM, "kind": "pass"})
    assert await api.play(token) == ""
    api.house.clock_ms = expires_ms
    assert await api.play(token, client_id="v2") == "pass_expired"


async def test_only_so_many_may_use_a_pass_at_once(api: Api) -> None:
    _, token = await make(api, max_viewers=1)
    await api.good("play/rule/update", {**CAM, "kind": "pass"})
    assert await api.play(token) == ""
    assert await api.play(token, client_id="v2") == "pass_in_use"
    await api.house.registry.finish("v1", api.house.now(), "on_stop")
    assert await api.play(token, client_id="v2") == ""


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ({"label": ""}, "invalid"),
        ({"expires_ms": 5}, "expires_in_past"),
        ({"max_viewers": -1}, "invalid"),
    ],
)
async def test_a_bad_pass_is_not_made(api: Api, more: dict[str, object], key: str) -> None:
    assert await api.bad("play/passes/create", {**CAM, "label": "x", **more}) == (422, key)
    assert await api.good("play/passes/list", CAM) == {"passes": []}


@pytest.mark.parametrize("path", ["play/passes/token", "play/passes/revoke"])
async def test_a_pass_that_is_not_there_is_not_found(api: Api, path: str) -> None:
    assert await api.bad(path, {"id": "0" * 12}) == (404, "pass_unknown")


async def test_the_operator_sees_every_stream(api: Api) -> None:
    await api.good("play/rule/update", {"kind": "pass"})
    token = (await api.good("play/preview", CAM))["pass"]
    assert await api.play(token) == ""
    assert await api.play(token, stream="other", client_id="v2") == "pass_other_stream"
