"""What a watch page is told, and whom it is told nothing."""

from dataclasses import replace
from typing import Any

from streamstead.core.play_rules import PlayKind

from .conftest import Page

PATH = "/terraform/v1/watch"
URL = "live/cam"


async def look(page: Page, name: str = URL, token: str = "") -> dict[str, Any]:
    reply = await page.client.get(f"{PATH}/{name}", params={"pass": token} if token else None)
    assert reply.status_code == 200, reply.text
    data: dict[str, Any] = reply.json()["data"]
    return data


async def protect(page: Page, kind: PlayKind) -> None:
    await page.services.viewing.rules.change(URL, lambda rule: replace(rule, kind=kind))


async def test_a_public_stream_is_told_to_everybody(page: Page) -> None:
    before = await look(page)
    assert (before["live"], before["access"], before["allowed"]) == (False, "public", True)
    await page.publish()
    data = await look(page)
    assert data["live"] is True
    assert "ip" not in data
    assert "param" not in data


async def test_a_protected_stream_tells_nothing_without_a_pass(page: Page) -> None:
    await page.publish()
    await protect(page, PlayKind.PASS)
    data = await look(page)
    assert (data["access"], data["allowed"], data["reason"]) == ("pass", False, "pass_missing")
    assert (data["live"], data["since_ms"], data["viewers"]) == (False, None, 0)
    assert (await look(page, token="x"))["reason"] == "pass_malformed"


async def test_a_pass_opens_it_until_it_is_revoked(page: Page) -> None:
    await page.publish()
    await protect(page, PlayKind.PASS)
    viewing = page.services.viewing
    made = await viewing.passes.create(URL, "live", "cam", "guest", 0)
    token = viewing.signer.token(made.id, URL, None)
    assert (await look(page, token=token))["live"] is True
    await viewing.passes.revoke(made.id)
    refused = await look(page, token=token)
    assert (refused["allowed"], refused["reason"]) == (False, "pass_revoked")


async def test_the_owners_server_is_not_asked_by_looking(page: Page) -> None:
    await page.publish()
    await protect(page, PlayKind.WEBHOOK)
    data = await look(page)
    assert (data["access"], data["allowed"], data["live"]) == ("webhook", True, True)


async def test_a_playback_id_stands_for_its_stream_without_naming_it(page: Page) -> None:
    await page.publish()
    known, _ = await page.services.viewing.known.ensure("live", "cam", 0, title="The show")
    data = await look(page, f"s/{known.playback_id}")
    assert (data["app"], data["stream"]) == ("s", known.playback_id)
    assert (data["title"], data["live"]) == ("The show", True)
    assert (await look(page, "s/nosuchstream"))["live"] is False


async def test_an_emptied_store_tells_nothing(page: Page) -> None:
    await page.publish()
    await page.redis.flushall()
    reply = await page.client.get(f"{PATH}/{URL}")
    assert (reply.status_code, reply.json()["data"]["key"]) == (503, "store_emptied")
