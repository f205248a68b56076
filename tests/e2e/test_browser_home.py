"""Home, and the pages of System that watch, in headless Chromium. Screenshots: ui/screenshots/."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ..conftest import wait_until
from .house import House, playable, publishing, random_name
from .receiver import Receiver, receiving
from .test_browser import SCREENSHOTS, SIZES
from .test_browser_webhooks import signed_in

pytestmark = pytest.mark.browser

PAGES = {
    "home": "",
    "monitoring": "system/monitoring",
    "alerts": "system/alerts",
    "logs": "system/logs",
    "audit": "system/audit",
}
WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def page(first_house: House, browser: Browser) -> Iterator[Page]:
    """A page in which the operator is signed in; it must not fail."""
    made: BrowserContext = signed_in(first_house, browser, "desktop", "dark", "en-US")
    faults: list[str] = []
    opened = made.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    yield opened
    made.close()
    assert faults == []


def go(page: Page, house: House, name: str) -> None:
    page.goto(f"{house.base}/mgmt/{PAGES[name]}")


def test_home_says_in_one_sentence_who_is_live_and_how_the_machine_is(
    first_house: House, page: Page
) -> None:
    name = random_name()
    go(page, first_house, "home")
    with first_house.api() as api, publishing(f"{first_house.rtmp}/{name}?secret={api.secret()}"):
        card = page.get_by_label(f"Live stream live/{name}")
        expect(card).to_be_visible()
        head = page.locator("main header").first
        expect(head.get_by_role("heading", level=1)).to_be_visible()
        expect(head.get_by_role("link", name=re.compile(r"^\d+ streams? live$"))).to_be_visible()
        machine = page.get_by_role("region", name="The machine")
        expect(machine.get_by_role("meter", name="Processor")).to_be_visible()
        happened = page.get_by_role("region", name="What has happened")
        expect(happened.get_by_text(f"live/{name} went live")).to_be_visible()
        page.screenshot(path=SCREENSHOTS / "home.png")


def test_the_live_tail_shows_a_line_as_it_is_written_and_is_held_and_filtered(
    first_house: House, page: Page
) -> None:
    go(page, first_house, "logs")
    log = page.get_by_role("log", name="Lines of the logs")
    expect(log).to_be_visible()
    expect(page.get_by_role("checkbox", name="hooks", exact=True)).to_be_attached()
    name = random_name()
    page.get_by_label("Search in the lines").fill(name)
    expect(page.get_by_text("Nothing fits the filter")).to_be_visible()
    with first_house.api() as api, publishing(f"{first_house.rtmp}/{name}?secret={api.secret()}"):
        expect(log.get_by_text(name).first).to_be_visible()
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("status").filter(has_text="Held")).to_be_visible()
        wait_until(lambda: playable(f"{first_house.base}/live/{name}.m3u8"), "it plays")
    page.get_by_role("button", name="Go on").click()
    log.get_by_role("button").filter(has_text=name).first.click()
    expect(page.get_by_role("dialog", name="Line of the log")).to_contain_text(name)
    page.keyboard.press("Escape")
    page.get_by_role("group", name="Services").get_by_text("redis", exact=True).click()
    expect(page.get_by_text("Nothing fits the filter")).to_be_visible()
    with page.expect_download() as found:
        page.get_by_role("link", name="Download").click()
    assert found.value.suggested_filename == "streamstead.log"


def test_somebody_to_tell_is_added_tested_and_removed_and_the_audit_knows(
    first_house: House, page: Page, receiver: Receiver
) -> None:
    label = random_name()
    go(page, first_house, "alerts")
    page.get_by_role("button", name="Add somebody to tell").first.click()
    form = page.get_by_role("dialog", name="Add somebody to tell")
    form.get_by_role("textbox", name="Name").fill(label)
    form.get_by_label("Address", exact=True).fill(receiver.url)
    form.get_by_role("switch", name="It is in a private network").check(force=True)
    form.get_by_role("button", name="Add somebody to tell").click()
    expect(form).not_to_be_visible()
    page.get_by_role("button", name=f"Send a test to {label}").click()
    expect(page.get_by_role("status").filter(has_text="It has arrived")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "alerts-told.png")
    page.get_by_role("button", name=f"Actions for {label}").click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text(label)).to_have_count(0)

    rule = page.get_by_role("switch", name="Swap space")
    rule.uncheck(force=True)
    with first_house.api() as api:
        rules = {one["rule"]: one for one in api.call("/mgmt/alerts/rules/list")["rules"]}
        assert not rules["swap_high"]["enabled"]
        api.call("/mgmt/alerts/rules/update", rule="swap_high", reset=True)

    go(page, first_house, "audit")
    row = page.get_by_role("row").filter(has_text="Added somebody to notify").first
    expect(row).to_contain_text(f"label={label}")
    expect(row).to_contain_text("Done")


def test_graphs_are_drawn_for_any_span_and_a_quota_is_kept(first_house: House, page: Page) -> None:
    go(page, first_house, "monitoring")
    expect(page.get_by_role("img", name=re.compile("^Processor, Memory"))).to_be_visible()
    page.get_by_text("24 h", exact=True).click()
    expect(page.get_by_role("radio", name="24 h")).to_be_checked()
    page.get_by_label("Quota of a month, GB").fill("1000")
    page.get_by_role("button", name="Save quota").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"of 1\.0 TB"))).to_be_visible()
    with first_house.api() as api:
        assert api.call("/mgmt/traffic/query")["quota_gb"] == 1000
        api.call("/mgmt/traffic/update", quota_gb=None)


@pytest.mark.parametrize(
    ("size", "scheme", "language"), [("desktop", "light", "zh"), ("phone", "dark", "en")]
)
def test_the_pages_fit_the_screen(
    first_house: House, browser: Browser, size: str, scheme: str, language: str
) -> None:
    made = signed_in(first_house, browser, size, scheme, {"en": "en-US", "zh": "zh-CN"}[language])
    try:
        page = made.new_page()
        for name in PAGES:
            go(page, first_house, name)
            expect(page.locator("main h1")).to_be_visible()
            expect(page.locator("[aria-busy=true]")).to_have_count(0)
            width = page.evaluate(WIDTH)
            assert width <= SIZES[size]["width"], f"{name} is {width} px wide"
            page.screenshot(path=SCREENSHOTS / f"{name}-{size}-{scheme}-{language}.png")
    finally:
        made.close()
