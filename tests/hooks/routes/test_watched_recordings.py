"""Rules and passes of recordings by the calls that those of streams have."""

import pytest

from .conftest import Api

ID = "0b6f2b0e-6f0f-4a52-9a3c-1c1d5f4f7a10"
ONE = {"app": "vod", "stream": ID}
CALLS = (
    ("play/rule/query", {}),
    ("play/rule/update", {"kind": "public"}),
    ("play/passes/list", {}),
    ("play/passes/create", {"label": "x"}),
    ("play/preview", {}),
    ("play/test", {}),
)


@pytest.mark.parametrize(("path", "rest"), CALLS)
async def test_a_recording_is_named_by_its_id_and_becomes_no_stream(
    api: Api, path: str, rest: dict[str, object]
) -> None:
    await api.good(path, ONE | rest)
    assert await api.house.known.all() == []


@pytest.mark.parametrize(("path", "rest"), CALLS)
@pytest.mark.parametrize("name", ["cam", ID.upper(), f"{ID}.m3u8", "../x"])
async def test_nothing_but_an_id_names_a_recording(
    api: Api, path: str, rest: dict[str, object], name: str
) -> None:
    refused = await api.bad(path, {"app": "vod", "stream": name, **rest})
    assert refused == (422, "recording_id_invalid")


async def test_without_a_rule_it_is_private_and_says_so(api: Api) -> None:
    assert (await api.good("play/rule/query", {}))["kind"] == "public"
    rule = await api.good("play/rule/query", ONE)
    assert (rule["kind"], rule["inherited"], rule["passphrase_set"]) == ("pass", True, False)
    said = await api.good("play/test", ONE)
    assert (said["allowed"], said["key"]) == (False, "pass_missing")
    assert "as every recording" in next(
        step["detail"] for step in said["steps"] if step["name"] == "rule"
    )


async def test_a_first_rule_takes_nothing_over_from_the_default(api: Api) -> None:
    house_rule = {"kind": "pass", "passphrase": "of the house"}
    await api.good("play/rule/update", house_rule)
    assert not (await api.good("play/rule/query", ONE))["passphrase_set"]
    made = await api.good("play/rule/update", ONE | {"kind": "pass"})
    assert not made["passphrase_set"]
    wrong = await api.visit("play/unlock", ONE | {"passphrase": "of the house"})
    assert wrong.json()["data"]["key"] == "passphrase_wrong"


async def test_nothing_else_takes_a_recording_for_a_stream(api: Api) -> None:
    for path, rest in (("streams/create", {}), ("keys/create", {"label": "x"})):
        assert await api.bad(path, ONE | rest) == (422, "app_reserved")
