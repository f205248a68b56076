"""The pages about webhooks and statistics in headless Chromium. Screenshots: ui/screenshots/."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ..conftest import wait_until
from .house import House, playable, probe, publishing, random_name
from .receiver import Message, Receiver, receiving
from .test_browser import SCREENSHOTS, SIZES, moves

pytestmark = pytest.mark.browser

ACCENT_PIXELS = """(chart) => {
  const canvas = chart.querySelector('canvas');
  const wanted = getComputedStyle(chart).getPropertyValue('--ss-accent').trim();
  const [r, g, b] = wanted.match(/[0-9a-f]{2}/gi).map((part) => parseInt(part, 16));
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let found = 0;
  for (let at = 0; at < data.length; at += 4)
    if (data[at] === r && data[at + 1] === g && data[at + 2] === b && data[at + 3] > 0) found++;
  return found;
}"""


@pytest.fixture
def receiver(clean: None) -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def clean(first_house: House) -> Iterator[None]:
    """Targets of a test end with it: nothing more is sent to a server that is gone."""
    yield
    with first_house.api() as api:
        for one in api.call("/mgmt/hooks/targets/list")["targets"]:
            api.call("/mgmt/hooks/targets/remove", id=one["id"])


@pytest.fixture
def context(first_house: House, browser: Browser) -> Iterator[BrowserContext]:
    """A browser in which the operator is signed in."""
    made = signed_in(first_house, browser, "desktop", "dark", "en-US")
    yield made
    made.close()


def signed_in(
    house: House, browser: Browser, size: str, scheme: str, locale: str
) -> BrowserContext:
    made = browser.new_context(
        viewport=SIZES[size],
        locale=locale,
        color_scheme="dark" if scheme == "dark" else "light",
    )
    made.set_default_timeout(60_000)
    made.add_init_script(f"localStorage.setItem('mantine-color-scheme-value', '{scheme}')")
    with house.api() as api:
        token = api.client.cookies["streamstead_session"]
    made.add_cookies([{"name": "streamstead_session", "value": token, "url": house.base}])
    return made


def add_target(page: Page, receiver: Receiver, label: str) -> str:
    """Make a target in the page; returns the secret that it shows once."""
    page.get_by_role("button", name="Add webhook").first.click()
    form = page.get_by_role("dialog", name="Add webhook")
    form.get_by_role("textbox", name="Name").fill(label)
    form.get_by_role("textbox", name="Address").fill(receiver.url)
    form.get_by_role("switch", name=re.compile("private network")).check()
    form.get_by_role("button", name="Add webhook").click()
    shown = page.get_by_role("dialog", name=f"Secret of {label}")
    shown.get_by_role("button", name="Show Signing secret").click()
    secret = shown.get_by_label("Signing secret", exact=True).input_value()
    page.screenshot(path=SCREENSHOTS / "webhooks-secret.png")
    shown.get_by_role("button", name="I have copied it").click()
    expect(shown).not_to_be_visible()
    return secret


def test_a_target_is_told_of_a_stream_and_a_delivery_is_sent_again(
    first_house: House, context: BrowserContext, receiver: Receiver
) -> None:
    page = context.new_page()
    page.goto(f"{first_house.base}/mgmt/system/webhooks")
    label, name = random_name(), random_name()
    secret = add_target(page, receiver, label)

    page.get_by_role("button", name=f"Send a test to {label}").click()
    expect(page.get_by_role("status").filter(has_text="Arrived: 200")).to_be_visible()
    assert receiver.of_type("webhook.test")[0].is_signed_with(secret)

    page.get_by_label("Show deliveries to").select_option(label)
    with first_house.api() as api, publishing(f"{first_house.rtmp}/{name}?secret={api.secret()}"):

        def told() -> list[Message]:
            messages = receiver.of_type("stream.published")
            return [one for one in messages if one.json["url"] == f"live/{name}"]

        wait_until(lambda: len(told()) == 1, "it is told of the stream")
        assert told()[0].is_signed_with(secret)
        rows = page.get_by_role("row").filter(has_text="A stream goes live")
        expect(rows.first).to_contain_text("Delivered")

        rows.first.get_by_role("button").click()
        drawer = page.get_by_role("dialog", name="Delivery")
        expect(drawer.get_by_role("region", name="Sent")).to_contain_text(f"live/{name}")
        expect(drawer.get_by_role("region", name="Reply")).to_contain_text('"code": 0')
        page.screenshot(path=SCREENSHOTS / "webhooks-delivery.png")
        drawer.get_by_role("button", name="Send again").click()
        expect(drawer.get_by_text("Sent again")).to_be_visible()
        wait_until(lambda: len(told()) == 2, "it is sent again")
        assert told()[0].json["id"] == told()[1].json["id"]
        page.keyboard.press("Escape")
        expect(rows.nth(1)).to_be_visible()


def test_a_target_that_fails_says_why_and_is_removed_after_a_question(
    first_house: House, context: BrowserContext, receiver: Receiver
) -> None:
    page = context.new_page()
    page.goto(f"{first_house.base}/mgmt/system/webhooks")
    label = random_name()
    add_target(page, receiver, label)
    receiver.answer = (500, {"code": 1})
    page.get_by_role("button", name=f"Send a test to {label}").click()
    expect(page.get_by_role("alert").filter(has_text="500")).to_be_visible()
    one = page.get_by_role("listitem").filter(has_text=label)
    expect(one.get_by_text("Not getting through")).to_be_visible()

    page.get_by_role("button", name=f"What to do with {label}").click()
    page.get_by_role("menuitem", name="Remove…").click()
    page.get_by_role("button", name="Remove webhook").click()
    expect(one).not_to_be_visible()


def test_the_graph_and_the_session_log_show_a_viewer(
    first_house: House, context: BrowserContext
) -> None:
    name = random_name()
    with first_house.api() as api, publishing(f"{first_house.rtmp}/{name}?secret={api.secret()}"):
        watch = context.new_page()
        watch.goto(f"{first_house.base}/watch/live/{name}")
        moves(watch.locator("video").first)
        page = context.new_page()
        page.goto(f"{first_house.base}/mgmt/streams/live/{name}/statistics")
        page.get_by_text("1 h", exact=True).click()
        graph = page.get_by_role("img", name=re.compile(r"at most [1-9]\d* at once"))
        expect(graph).to_be_visible()
        wait_until(lambda: int(graph.evaluate(ACCENT_PIXELS)) > 0, "the graph has a line")
        log = page.get_by_role("table", name="Session log")
        viewers = log.get_by_role("row").filter(has_text="Viewer")
        expect(viewers.filter(has_text="still on").first).to_be_visible()
        expect(log.get_by_role("row").filter(has_text="Publisher")).to_contain_text("RTMP")
        watch.close()
        page.goto(f"{first_house.base}/mgmt/streams/statistics")
        expect(page.get_by_role("link", name=f"live/{name}")).to_be_visible()


@pytest.fixture(scope="module")
def busy_house(first_house: House) -> Iterator[House]:
    """With something to show: targets that get through and not, deliveries, a viewer."""
    name = random_name()
    with first_house.api() as api, receiving() as server:
        types = ["stream.published", "stream.unpublished", "viewer.joined"]
        for label, url in (("Chat bot", server.url), ("Old log server", "https://log.invalid/in")):
            api.call(
                "/mgmt/hooks/targets/create",
                label=label,
                url=url,
                types=types,
                allow_private=url == server.url,
                blocking=url == server.url,
                fallback="accept",
            )
        address = f"{first_house.rtmp}/{name}?secret={api.secret()}"
        with publishing(address):
            entry = f"{first_house.base}/live/{name}.m3u8"
            wait_until(lambda: playable(entry), "it plays")
            probe(entry, seconds=2)
            wait_until(lambda: len(server.of_type("viewer.joined")) > 0, "the viewer is told of")
            yield first_house
        for one in api.call("/mgmt/hooks/targets/list")["targets"]:
            api.call("/mgmt/hooks/targets/remove", id=one["id"])


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize(("scheme", "language"), [("dark", "en"), ("light", "zh")])
def test_the_pages_fit_every_screen(
    busy_house: House, browser: Browser, size: str, scheme: str, language: str
) -> None:
    locale = {"en": "en-US", "zh": "zh-CN"}[language]
    made = signed_in(busy_house, browser, size, scheme, locale)
    try:
        page = made.new_page()

        def shoot(name: str) -> None:
            expect(page.locator("[aria-busy]")).to_have_count(0)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= SIZES[size]["width"], f"{name} is {width} px wide"
            page.screenshot(path=SCREENSHOTS / f"{name}-{size}-{scheme}-{language}.png")

        page.goto(f"{busy_house.base}/mgmt/system/webhooks")
        expect(page.get_by_role("table").get_by_role("row").nth(1)).to_be_visible()
        shoot("webhooks")
        page.locator("header").get_by_role("button").first.click()
        expect(page.get_by_role("dialog").get_by_role("checkbox").first).to_be_visible()
        shoot("webhooks-add")
        page.goto(f"{busy_house.base}/mgmt/streams/statistics")
        expect(page.locator("canvas")).to_be_visible()
        expect(page.get_by_role("table").last.get_by_role("row").nth(1)).to_be_visible()
        shoot("statistics")
        page.get_by_role("table").last.scroll_into_view_if_needed()
        shoot("statistics-log")
    finally:
        made.close()
