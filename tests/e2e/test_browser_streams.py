"""A stream's keys, access, passes and viewers in headless Chromium: ui/screenshots/."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from ..conftest import wait_until
from .house import Api, House, playable, publishing, random_name
from .test_browser import SCREENSHOTS, SIZES, moves, pasted

pytestmark = pytest.mark.browser

TABS = ("", "/keys", "/viewers", "/access", "/share")


@pytest.fixture
def api(first_house: House) -> Iterator[Api]:
    """The API; an encoder that was kicked may come back at once while a test has it."""
    with first_house.api() as signed_in:
        before = signed_in.call("/hooks/publish/rules/query")["kick_block_s"]
        signed_in.call("/hooks/publish/rules/update", kick_block_s=0)
        yield signed_in
        signed_in.call("/hooks/publish/rules/update", kick_block_s=before)


@pytest.fixture
def name(api: Api) -> Iterator[str]:
    """A stream that was added, and goes with all that belongs to it."""
    made = random_name()
    api.call("/hooks/streams/create", app="live", stream=made, title="Evening show")
    yield made
    api.call("/hooks/streams/remove", app="live", stream=made)


@pytest.fixture
def live(first_house: House, api: Api, name: str) -> Iterator[str]:
    """The same stream while it is live and can be played."""
    with publishing(f"{first_house.rtmp}/{name}?secret={api.secret()}"):
        wait_until(lambda: playable(f"{first_house.base}/live/{name}.m3u8"), "it can be played", 60)
        yield name


def operator(
    house: House, browser: Browser, api: Api, size: str = "desktop", scheme: str = "dark"
) -> BrowserContext:
    """A browser in which the operator is signed in."""
    made = browser.new_context(viewport=SIZES[size], locale="en-US")
    made.set_default_timeout(60_000)
    made.add_init_script(f"localStorage.setItem('mantine-color-scheme-value', '{scheme}')")
    token = api.client.cookies["streamstead_session"]
    made.add_cookies([{"name": "streamstead_session", "value": token, "url": house.base}])
    return made


@pytest.fixture
def page(first_house: House, browser: Browser, api: Api) -> Iterator[Page]:
    made = operator(first_house, browser, api)
    yield made.new_page()
    made.close()


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """A second browser, of a viewer who is nobody here, with the steadiest way to play."""
    made = browser.new_context(viewport=SIZES["desktop"], locale="en-US")
    made.set_default_timeout(60_000)
    made.add_init_script("localStorage.setItem('streamstead.delay', 'steady')")
    yield made.new_page()
    made.close()


def address(house: House, name: str, tab: str = "") -> str:
    return f"{house.base}/mgmt/streams/live/{name}{tab}"


def take_secret(page: Page, label: str) -> str:
    """Copy the secret that the page shows this once, and go on."""
    shown = page.get_by_role("dialog", name=f"Key “{label}”")
    field = shown.get_by_label("Key", exact=True)
    expect(field).to_have_value(re.compile(r"^[0-9a-f]{32}$"))
    secret = field.input_value()
    shown.get_by_role("button", name="Copy Key", exact=True).click()
    expect(shown.get_by_text("Key copied")).to_be_attached()
    page.screenshot(path=SCREENSHOTS / "keys-secret.png")
    shown.get_by_role("button", name="I have copied it").click()
    expect(shown).not_to_be_visible()
    wait_until(lambda: pasted(page) == secret, "the copied secret can be pasted")
    return secret


def make_pass(page: Page, label: str) -> str:
    """Make a pass in the page; returns the link for people."""
    page.get_by_role("button", name="New pass").click()
    form = page.get_by_role("dialog", name=re.compile("^New pass for"))
    form.get_by_label("Label").fill(label)
    form.get_by_role("button", name="Create pass").click()
    shown = page.get_by_role("dialog", name=f"Links of “{label}”")
    field = shown.get_by_label("Watch page", exact=True)
    expect(field).to_have_value(re.compile("pass="))
    page.screenshot(path=SCREENSHOTS / "pass-links.png")
    link = field.input_value()
    shown.get_by_role("button", name="Close").click()
    expect(shown).not_to_be_visible()
    return link


def choose_pass_rule(page: Page) -> None:
    """Let only viewers with a pass in; returns when the server has the rule."""
    page.get_by_role("radio", name=re.compile("With a pass")).click()
    page.get_by_role("button", name="Save rule").click()
    expect(page.get_by_text("Saved", exact=True)).to_be_visible()


def revoke_pass(page: Page, label: str) -> None:
    page.get_by_role("button", name=f"Actions for pass {label}").click()
    page.get_by_role("menuitem", name="Revoke…").click()
    page.get_by_role("button", name="Revoke pass").click()
    row = page.get_by_role("row").filter(has_text=label)
    expect(row.get_by_text("Revoked")).to_be_visible()


def test_a_key_is_made_shown_once_used_and_replaced(
    first_house: House, api: Api, page: Page, name: str
) -> None:
    page.goto(address(first_house, name, "/keys"))
    page.get_by_role("button", name="New key").click()
    form = page.get_by_role("dialog", name=f"New key for live/{name}")
    form.get_by_label("Label").fill("Studio")
    form.get_by_role("button", name="Create key").click()
    secret = take_secret(page, "Studio")
    row = page.get_by_role("row").filter(has_text="Studio")
    expect(row).to_contain_text(f"…{secret[-4:]}")
    page.reload()
    expect(row).to_contain_text(f"…{secret[-4:]}")
    assert secret not in page.content()

    with publishing(f"{first_house.rtmp}/{name}?secret={secret}") as encoder:
        wait_until(lambda: f"live/{name}" in api.streams(), "the key opens the stream", 60)
        expect(row).to_contain_text("from 127.0.0.1")
        row.get_by_role("button", name="Actions for key Studio").click()
        page.get_by_role("menuitem", name="Replace secret…").click()
        question = page.get_by_role("dialog", name="Replace the secret of “Studio”?")
        expect(question).to_contain_text("kicks the encoder")
        assert encoder.alive
        question.get_by_role("button", name="Replace secret").click()
        new_secret = take_secret(page, "Studio")
        assert encoder.wait() is not None
    assert new_secret != secret

    with publishing(f"{first_house.rtmp}/{name}?secret={secret}") as encoder:
        encoder.wait()
    with publishing(f"{first_house.rtmp}/{name}?secret={new_secret}"):
        wait_until(lambda: f"live/{name}" in api.streams(), "the new secret opens it", 60)


def test_a_stream_for_pass_holders_plays_in_another_browser_by_its_link_alone(
    first_house: House, page: Page, stranger: Page, live: str
) -> None:
    page.goto(address(first_house, live, "/access"))
    choose_pass_rule(page)
    link = make_pass(page, "Press")

    stranger.goto(f"{first_house.base}/watch/live/{live}")
    expect(stranger.get_by_text("This stream needs a passphrase")).to_be_visible()
    stranger.goto(link)
    moves(stranger.locator("video"))
    row = page.get_by_role("row").filter(has_text="Press")
    expect(row).not_to_contain_text("Never", timeout=60_000)
    page.screenshot(path=SCREENSHOTS / "access-in-use.png")


def test_the_tester_says_why_a_link_would_be_let_in_or_not(
    first_house: House, page: Page, name: str
) -> None:
    page.goto(address(first_house, name, "/access"))
    choose_pass_rule(page)
    link = make_pass(page, "Press")
    tester = page.get_by_role("region", name="Try a link")
    field = tester.get_by_label("Link or pass")

    def verdict(typed: str) -> Locator:
        field.fill(typed)
        tester.get_by_role("button", name="Try").click()
        return tester.get_by_role("status")

    expect(verdict("")).to_contain_text("asks for a pass")
    expect(verdict(link)).to_contain_text("Would be let in")
    steps = tester.get_by_role("list", name="What is checked, in order")
    expect(steps.get_by_text("The pass has not expired")).to_be_visible()
    # A letter in the middle of it: the last ones may mean nothing.
    middle = len(link) - 20
    other = "A" if link[middle] != "A" else "B"
    expect(verdict(link[:middle] + other + link[middle + 1 :])).to_contain_text("Would be refused")
    revoke_pass(page, "Press")
    expect(verdict(link)).to_contain_text("The pass was revoked")
    page.screenshot(path=SCREENSHOTS / "access-tester.png")


def test_a_viewer_is_listed_and_kicked(
    first_house: House, page: Page, stranger: Page, live: str
) -> None:
    page.goto(address(first_house, live, "/viewers"))
    expect(page.get_by_text("Nobody is watching")).to_be_visible()
    stranger.goto(f"{first_house.base}/watch/live/{live}")
    moves(stranger.locator("video"))
    row = page.get_by_role("row").filter(has_text="127.0.0.1")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("HLS")
    expect(row).to_contain_text("Chrome")
    expect(page.get_by_test_id("viewer-counts")).to_have_text("1 viewerHLS 1")
    page.screenshot(path=SCREENSHOTS / "viewers.png")

    row.get_by_role("button", name="Kick viewer 127.0.0.1").click()
    question = page.get_by_role("dialog", name="Kick viewer 127.0.0.1?")
    question.get_by_label("Keep the address out for").select_option("Ten minutes")
    question.get_by_role("button", name="Kick viewer").click()
    expect(question).not_to_be_visible()
    expect(page.get_by_text("Nobody is watching")).to_be_visible()
    expect(stranger.get_by_text("You have been disconnected")).to_be_visible()


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize(("scheme", "language"), [("dark", "en"), ("light", "zh")])
def test_every_part_of_a_stream_fits_its_screen(
    first_house: House,
    browser: Browser,
    api: Api,
    name: str,
    size: str,
    scheme: str,
    language: str,
) -> None:
    of = {"app": "live", "stream": name}
    api.call("/hooks/keys/create", **of, label="OBS in the studio upstairs")
    api.call("/hooks/play/rule/update", **of, kind="pass", passphrase="open sesame")
    api.call("/hooks/play/passes/create", **of, label="Press")
    made = operator(first_house, browser, api, size, scheme)
    made.add_init_script(f"localStorage.setItem('streamstead.language', '{language}')")
    page = made.new_page()
    pages = {f"stream{tab.replace('/', '-')}": address(first_house, name, tab) for tab in TABS}
    pages["stream-rules"] = f"{first_house.base}/mgmt/streams/rules"
    try:
        for part, url in pages.items():
            page.goto(url)
            expect(page.locator("main section").first).to_be_visible()
            expect(page.locator("main [aria-busy]")).to_have_count(0)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= SIZES[size]["width"], f"{part} is {width} px wide"
            page.screenshot(path=SCREENSHOTS / f"{part}-{size}-{scheme}-{language}.png")
    finally:
        made.close()
