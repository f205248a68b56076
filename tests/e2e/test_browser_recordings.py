"""The library of recordings in headless Chromium. Screenshots: ui/screenshots/."""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ..conftest import wait_until
from .house import Api, House, in_time, publishing, random_name
from .test_browser import SCREENSHOTS, SIZES, moves
from .test_browser_webhooks import signed_in

pytestmark = pytest.mark.browser

LEAST_S = 11
"""So long is recorded at least: several segments of two seconds."""


@dataclass(frozen=True)
class Recorded:
    id: str
    stream: str
    seen: str
    """What the library, opened before the recording began, said of it while it ran."""


@pytest.fixture(scope="module")
def api(first_house: House) -> Iterator[Api]:
    with first_house.api() as made:
        yield made


def one(api: Api, id_: str) -> dict[str, object]:
    found: dict[str, object] = api.call("/recordings/get", id=id_)
    return found


def is_finished(api: Api, id_: str) -> bool:
    facts = one(api, id_)
    return facts["state"] == "ready" and facts["mp4"] == "ready" and bool(facts["has_poster"])


@pytest.fixture(scope="module")
def recorded(first_house: House, api: Api, browser: Browser) -> Iterator[Recorded]:
    """A finished recording, and what an open page showed of it meanwhile."""
    stream = random_name()
    api.call("/recordings/stream/update", app="live", stream=stream, mode="on")
    made = signed_in(first_house, browser, "desktop", "dark", "en-US")
    try:
        page = made.new_page()
        page.goto(f"{first_house.base}/mgmt/recordings")
        expect(page.get_by_role("heading", name="Recordings", level=1)).to_be_visible()
        with publishing(f"{first_house.rtmp}/{stream}?secret={api.secret()}"):

            def long_enough() -> bool:
                found = api.call("/recordings/query", app="live", stream=stream)["recordings"]
                return bool(found) and found[0]["duration_ms"] >= LEAST_S * 1000

            wait_until(in_time(long_enough), "some seconds are recorded", 90)
            row = page.get_by_role("row").filter(has_text=f"live/{stream}")
            expect(row).to_contain_text("Recording ·")
            seen = row.inner_text()
            page.screenshot(path=SCREENSHOTS / "recordings-live.png")
        id_ = api.call("/recordings/query", app="live", stream=stream)["recordings"][0]["id"]
        with suppress(AssertionError):  # the encoder's end may have ended it already
            api.call("/recordings/end", id=id_)
        wait_until(in_time(lambda: is_finished(api, id_)), "it is finished", 120)
        # Nobody has reloaded this page.
        expect(row).to_contain_text("Ready")
    finally:
        made.close()
    yield Recorded(id_, stream, seen)
    api.call("/recordings/stream/update", app="live", stream=stream, mode="default")
    found = api.call("/recordings/query", app="live", stream=stream)["recordings"]
    if ids := [it["id"] for it in found]:
        api.call("/recordings/delete", ids=ids, confirm=len(ids), bucket_too=True)


@pytest.fixture
def context(first_house: House, browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which the operator is signed in."""
    made = signed_in(first_house, browser, "desktop", "dark", "en-US")
    yield made
    made.close()


@pytest.fixture
def page(first_house: House, context: BrowserContext, recorded: Recorded) -> Page:
    opened = context.new_page()
    opened.goto(f"{first_house.base}/mgmt/recordings/{recorded.id}")
    expect(opened.get_by_role("region", name="Player", exact=True)).to_be_visible()
    return opened


def test_the_library_follows_a_recording_while_it_is_made(recorded: Recorded) -> None:
    assert re.search(r"Recording · \d+:\d\d", recorded.seen)
    assert re.search(r"\d+\.\d MB", recorded.seen)


def test_a_private_recording_plays_for_the_operator_and_can_be_sought_in(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).click()
    video = page.get_by_test_id("recording-video")
    moves(video)
    assert video.evaluate("(it) => it.duration") >= LEAST_S - 1
    video.evaluate("(it) => { it.pause(); it.currentTime = 7.5; }")
    page.wait_for_function(
        """() => {
          const it = document.querySelector('video');
          return !it.seeking && it.readyState >= 2 && Math.abs(it.currentTime - 7.5) < 0.5;
        }""",
        timeout=60_000,
    )
    card = page.get_by_role("region", name="Cut a clip")
    card.get_by_role("button", name="Begin the clip here").click()
    expect(card.get_by_role("textbox", name="From")).to_have_value("0:07.5")
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").click()
    assert saved.value.suggested_filename.endswith(".mp4")
    assert saved.value.path().stat().st_size > 100_000


def test_title_and_tags_are_found_by_search(
    first_house: House, page: Page, recorded: Recorded
) -> None:
    title = f"Final of {recorded.stream}"
    about = page.get_by_role("region", name="About")
    about.get_by_role("textbox", name="Title").fill(title)
    about.get_by_label("Tags").fill("cup")
    about.get_by_label("Tags").press("Enter")
    about.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=title, level=1)).to_be_visible()
    page.goto(f"{first_house.base}/mgmt/recordings")
    page.get_by_role("searchbox").fill(f"final {recorded.stream}")
    rows = page.get_by_role("table", name="Library").get_by_role("row")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("cup")
    page.get_by_role("searchbox").fill("nothing is called this")
    expect(page.get_by_text("No recording matches.")).to_be_visible()


def test_a_part_becomes_a_clip_that_plays(page: Page, api: Api, recorded: Recorded) -> None:
    name = f"Clip of {recorded.stream}"
    card = page.get_by_role("region", name="Cut a clip")
    card.get_by_role("textbox", name="From").fill("0:02")
    card.get_by_role("textbox", name="To").fill("0:06.5")
    card.get_by_role("textbox", name="Title").fill(name)
    card.get_by_role("button", name="Cut clip").click()
    card.get_by_role("link", name=f"Open “{name}”").click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()
    id_ = page.url.rpartition("/")[2]
    wait_until(in_time(lambda: one(api, id_)["state"] == "ready"), "the clip is made", 120)
    assert 4000 <= int(str(one(api, id_)["duration_ms"])) <= 7000
    page.get_by_role("button", name="Play", exact=True).click()
    moves(page.get_by_test_id("recording-video"))
    expect(page.get_by_role("link", name="Another recording")).to_be_visible()


def test_a_shared_link_lets_in_who_is_not_signed_in(
    first_house: House, browser: Browser, page: Page, recorded: Recorded
) -> None:
    label = random_name()
    page.get_by_role("button", name="New pass").click()
    form = page.get_by_role("dialog", name="New pass for")
    form.get_by_role("textbox", name="Label").fill(label)
    form.get_by_role("button", name="Create pass").click()
    links = page.get_by_role("dialog", name=re.compile(label))
    link = links.get_by_label("Watch page", exact=True).input_value()
    assert link.startswith(f"{first_house.base}/vod/{recorded.id}?pass=")
    page.screenshot(path=SCREENSHOTS / "recordings-share.png")
    stranger = browser.new_context(viewport=SIZES["desktop"], locale="en-US")
    try:
        stranger.set_default_timeout(60_000)
        guest = stranger.new_page()
        guest.goto(f"{first_house.base}/vod/{recorded.id}")
        expect(guest.get_by_role("button", name="Play")).not_to_be_visible()
        expect(guest.locator(".gate h2")).to_be_visible()
        guest.goto(link)
        guest.get_by_role("button", name="Play").last.click()
        moves(guest.locator("video"))
    finally:
        stranger.close()


def test_several_are_deleted_after_their_number_was_typed(
    first_house: House, page: Page, api: Api, recorded: Recorded
) -> None:
    title = random_name()
    clips = [
        api.call("/recordings/clip", id=recorded.id, in_ms=0, out_ms=3000, title=f"{title} {at}")
        for at in ("one", "two")
    ]

    def made() -> bool:
        return all(one(api, clip["id"])["state"] == "ready" for clip in clips)

    wait_until(in_time(made), "the clips are made", 120)
    page.goto(f"{first_house.base}/mgmt/recordings")
    page.get_by_role("searchbox").fill(title)
    rows = page.get_by_role("table", name="Library").get_by_role("row")
    expect(rows).to_have_count(3)
    page.get_by_role("checkbox", name="Choose all shown").check()
    page.get_by_role("button", name="Delete…", exact=True).click()
    dialog = page.get_by_role("dialog", name="Delete 2 recordings?")
    button = dialog.get_by_role("button", name="Delete 2 recordings")
    expect(button).to_be_disabled()
    dialog.get_by_role("textbox", name="Type 2 to confirm").fill("2")
    page.screenshot(path=SCREENSHOTS / "recordings-delete.png")
    button.click()
    expect(dialog).not_to_be_visible()
    expect(page.get_by_text("No recording matches.")).to_be_visible()

    def gone() -> bool:
        return int(api.call("/recordings/query", search=title)["total"]) == 0

    wait_until(in_time(gone), "they are gone", 60)
    assert one(api, recorded.id)["state"] == "ready"


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_pages_fit_every_screen(
    first_house: House, browser: Browser, recorded: Recorded, size: str, language: str
) -> None:
    scheme = {"en": "dark", "zh": "light"}[language]
    locale = {"en": "en-US", "zh": "zh-CN"}[language]
    made = signed_in(first_house, browser, size, scheme, locale)
    try:
        page = made.new_page()

        def shoot(name: str, full: bool = False) -> None:
            expect(page.locator("[aria-busy]")).to_have_count(0)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= SIZES[size]["width"], f"{name} is {width} px wide"
            path = SCREENSHOTS / f"{name}-{size}-{scheme}-{language}.png"
            page.screenshot(path=path, full_page=full)

        page.goto(f"{first_house.base}/mgmt/recordings")
        expect(page.get_by_role("table").get_by_role("row").nth(1)).to_be_visible()
        shoot("recordings")
        page.goto(f"{first_house.base}/mgmt/recordings/{recorded.id}")
        expect(page.get_by_test_id("recording-video")).to_be_visible()
        expect(page.get_by_role("radio").first).to_be_visible()
        shoot("recording", full=True)
        page.goto(f"{first_house.base}/mgmt/recordings?q=nothing-is-called-this")
        expect(page.get_by_role("searchbox")).to_be_visible()
        shoot("recordings-none")
    finally:
        made.close()
