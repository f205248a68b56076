"""What holds for every publisher, and the global secret."""

import pytest

from streamstead.core.publish_rules import PublishRules

from ..conftest import SECRET
from .conftest import Api

DEFAULTS = {
    "no_auth": False,
    "known_only": False,
    "secret_in_name": False,
    "max_streams": 0,
    "max_kbps": 0,
    "max_attempts": 30,
    "kick_block_s": 10,
}


async def test_the_defaults_hold_until_something_is_changed(api: Api) -> None:
    assert await api.good("publish/rules/query") == DEFAULTS
    assert PublishRules().model_dump() == DEFAULTS


async def test_only_what_is_sent_changes_and_a_second_time_changes_nothing(api: Api) -> None:
    for _ in range(2):
        changed = await api.good("publish/rules/update", {"max_streams": 2, "no_auth": True})
        assert changed == DEFAULTS | {"max_streams": 2, "no_auth": True}
    assert await api.good("publish/rules/update", {"max_streams": 0}) == DEFAULTS | {
        "no_auth": True
    }
    assert await api.good("publish/rules/query") == DEFAULTS | {"no_auth": True}


@pytest.mark.parametrize(
    "change", [{"max_streams": -1}, {"max_attempts": 1.5}, {"known_only": "x"}, {"max_kbps": 10**9}]
)
async def test_a_value_out_of_bounds_changes_nothing(api: Api, change: dict[str, object]) -> None:
    body = {"no_auth": True, **change}
    assert await api.bad("publish/rules/update", body) == (422, "invalid")
    assert await api.good("publish/rules/query") == DEFAULTS


async def test_the_switch_of_oryx_and_ours_are_one(api: Api) -> None:
    await api.good("srs/secret/disable", {"pubNoAuth": True})
    assert (await api.good("publish/rules/query"))["no_auth"] is True
    assert await api.publish("") == ""
    await api.good("publish/rules/update", {"no_auth": False})
    assert await api.house.redis.hget("SRS_AUTH_SECRET", "pubNoAuth") == "false"
    assert await api.publish("", stream="x", client_id="p2") == "wrong_secret"


async def test_known_streams_only_ends_the_others_and_refuses_them(api: Api) -> None:
    await api.good("streams/create", {"stream": "cam"})
    for number, stream in enumerate(("cam", "other")):
        assert await api.publish(SECRET, stream=stream, client_id=f"p{number}") == ""
    await api.good("publish/rules/update", {"known_only": True})
    assert await api.live() == ["live/cam"]
    assert api.media.kicked == ["p1"]
    assert await api.publish(SECRET, stream="other", client_id="p2") == "unknown_stream"


async def test_the_number_of_streams_is_limited(api: Api) -> None:
    await api.good("publish/rules/update", {"max_streams": 1})
    assert await api.publish(SECRET) == ""
    assert await api.publish(SECRET, stream="x", client_id="p2") == "too_many_streams"


async def test_wrong_keys_of_one_address_are_limited(api: Api) -> None:
    await api.good("publish/rules/update", {"max_attempts": 2})
    said = [await api.publish("wrong-wrong", client_id=f"p{n}") for n in range(3)]
    assert said == ["wrong_secret", "wrong_secret", "too_many_attempts"]


async def test_the_older_form_works_only_when_switched_on(api: Api) -> None:
    assert await api.publish("", stream=f"cam{SECRET}") == "wrong_secret"
    await api.good("publish/rules/update", {"secret_in_name": True})
    assert await api.publish("", stream=f"cam{SECRET}") == ""


@pytest.mark.parametrize("path", ["srs/secret", "srs/secret/query"])
async def test_the_secret_is_told_and_changed(api: Api, path: str) -> None:
    assert await api.good(path) == {"publish": SECRET}
    assert await api.good("srs/secret/update", {"secret": "new.secret_1"}) == {}
    assert await api.good(path) == {"publish": "new.secret_1"}
    assert await api.publish(SECRET) == "wrong_secret"
    assert await api.publish("new.secret_1") == ""


@pytest.mark.parametrize("secret", ["short", "has space", "has&amp", "a" * 129, "é" * 9, ""])
async def test_a_secret_that_encoders_would_change_is_refused(api: Api, secret: str) -> None:
    status, key = await api.bad("srs/secret/update", {"secret": secret})
    assert (status, key) in ((422, "secret_weak"), (422, "invalid"))
    assert await api.good("srs/secret") == {"publish": SECRET}


async def test_before_there_is_a_secret_it_says_so(api: Api) -> None:
    await api.house.redis.delete("SRS_AUTH_SECRET")
    assert await api.bad("srs/secret") == (503, "not_booted")
