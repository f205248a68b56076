"""What stands at the foot and in the title of the pages."""

import httpx
import pytest

from .conftest import API, Page


@pytest.fixture
async def owner(page: Page) -> Page:
    await page.initialise()
    return page


async def test_everybody_reads_it_and_the_operator_writes_it(owner: Page) -> None:
    for name, text in (("icp", " ICP-12345 "), ("title", "直播 & <b>"), ("other", "x")):
        reply = await owner.client.post(f"{API}/beian/update", json={"beian": name, "text": text})
        assert reply.status_code == 200, reply.text
    for call in (owner.client.get, owner.client.post):
        data = (await call(f"{API}/beian/query")).json()["data"]
        assert data == {
            "icp": "ICP-12345",
            "title": "直播 & <b>",
            "police": None,
            "more": {"other": "x"},
        }
    envs = (await owner.client.get(f"{API}/envs")).json()["data"]
    assert (envs["title"], envs["icp"], envs["rtmpsPort"]) == ("直播 & <b>", "ICP-12345", "")
    await owner.client.post(f"{API}/beian/update", json={"beian": "icp", "text": ""})
    assert (await owner.client.get(f"{API}/beian/query")).json()["data"]["icp"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"beian": "Icp", "text": "x"},
        {"beian": "a b", "text": "x"},
        {"beian": "icp", "text": "a\nb"},
        {"beian": "icp", "text": "a\u202eb"},
        {"beian": "icp", "text": "x" * 201},
        {"beian": "icp"},
    ],
)
async def test_what_cannot_be_shown_is_refused(owner: Page, body: dict[str, str]) -> None:
    assert (await owner.client.post(f"{API}/beian/update", json=body)).status_code == 422


async def test_it_never_grows_without_bound(owner: Page) -> None:
    replies: list[httpx.Response] = []
    for number in range(17):
        body = {"beian": f"key{number}", "text": "x"}
        replies.append(await owner.client.post(f"{API}/beian/update", json=body))
    assert [one.status_code for one in replies] == [200] * 16 + [422]
    again = await owner.client.post(f"{API}/beian/update", json={"beian": "key3", "text": "y"})
    assert again.status_code == 200


async def test_strangers_write_nothing(page: Page) -> None:
    body = {"beian": "icp", "text": "x"}
    assert (await page.client.post(f"{API}/beian/update", json=body)).status_code == 401
