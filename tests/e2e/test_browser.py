"""The page as a newcomer meets it, in headless Chromium. Screenshots go to ui/screenshots/."""

import re
import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from ..conftest import wait_until
from .conftest import NO_SRS, srs_binary, srs_env
from .house import PASSWORD, ROOT, House

pytestmark = pytest.mark.browser

SCREENSHOTS = ROOT / "ui/screenshots"
SIZES = {"desktop": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}
PICTURE = """(video) => {
  const canvas = document.createElement('canvas');
  canvas.width = 64; canvas.height = 36;
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0, 64, 36);
  return Array.from(context.getImageData(0, 0, 64, 36).data);
}"""


@pytest.fixture(scope="module", params=["embedded", "srs-process"])
def demo_house(
    request: pytest.FixtureRequest, first_house: House, new_house: Callable[..., House]
) -> Iterator[House]:
    """A house nobody has opened yet, with the test picture on."""
    binary = srs_binary()
    if request.param == "srs-process" and binary is None:
        pytest.skip(NO_SRS)
    env = srs_env(binary) if request.param == "srs-process" and binary else {}
    house = new_house("page", **env)
    house.reuse_release(first_house)
    done = house.bootstrap("--demo")
    assert done.returncode == 0, house.output
    yield house
    house.stop()  # at once: making the picture is work for as long as it runs


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport=SIZES["desktop"], locale="en-US", color_scheme="dark")
    made.set_default_timeout(60_000)
    yield made
    made.close()


def printed_url(house: House) -> str:
    found = re.search(r"http://\S+/mgmt/setup#code=\S+", house.output)
    assert found, house.output
    return found[0]


def moves(video: Locator, within_s: float = 60) -> None:
    """Fail unless two frames of the picture, taken at different times, differ.

    A frame of one flat colour does not count: a player shows that before the first real one.
    """
    expect(video).to_be_visible()
    end = time.monotonic() + within_s
    before: list[int] = []
    while time.monotonic() < end:
        now = video.evaluate(PICTURE)
        if len(set(now)) > 20:
            if before and now != before:
                return
            before = now
        video.page.wait_for_timeout(300)
    raise AssertionError("the picture stands still" if before else "there is no picture")


def sign_in(page: Page, house: House, password: str = PASSWORD) -> None:
    page.goto(house.base + "/mgmt/")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_newcomer_sets_the_password_and_sees_the_picture_move(
    demo_house: House, context: BrowserContext
) -> None:
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(printed_url(demo_house))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("textbox", name="Password again").fill(PASSWORD)
    page.screenshot(path=SCREENSHOTS / "setup-password.png")
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_text("You are live")).to_be_visible()
    moves(page.locator("video").first)
    page.screenshot(path=SCREENSHOTS / "setup-live.png")
    page.get_by_role("button", name="Go to your page").or_(
        page.get_by_role("link", name="Go to your page")
    ).click()
    card = page.get_by_role("article", name="live/demo").or_(
        page.get_by_label("Live stream live/demo")
    )
    expect(card.first).to_be_visible()
    moves(page.locator("video").first)
    page.screenshot(path=SCREENSHOTS / "streams.png")
    assert faults == []


def pasted(page: Page) -> str:
    """Return what the clipboard puts into a text area this moment."""
    page.evaluate(
        "() => { if (document.getElementById('paste')) return;"
        " const t = document.createElement('textarea'); t.id = 'paste';"
        " t.style.position = 'fixed'; t.style.top = '0'; t.style.zIndex = '99999';"
        " document.body.append(t); }"
    )
    area = page.locator("#paste")
    area.fill("")
    area.press("Control+V")
    return area.input_value()


def test_copied_server_and_key_can_be_pasted(demo_house: House, context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page, demo_house)
    page.get_by_role("link", name="Streams").click()
    with demo_house.api() as api:
        secret = api.secret()
    for label, wanted in (
        ("Server", f":{demo_house.ports['RTMP']}/live"),
        ("Stream key", f"secret={secret}"),
    ):
        page.get_by_role("button", name=f"Copy {label}", exact=True).first.click()
        # The browser copies in its own time, after the click.
        wait_until(lambda wanted=wanted: wanted in pasted(page), f"{label} can be pasted")


def test_sign_out_and_a_wrong_password_says_why(demo_house: House, context: BrowserContext) -> None:
    page = context.new_page()
    sign_in(page, demo_house)
    page.get_by_role("button", name="Account").click()
    page.get_by_role("menuitem", name="Sign out").click()
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("password")
    page.screenshot(path=SCREENSHOTS / "sign-in-wrong.png")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def test_anyone_with_the_link_watches_without_signing_in(
    demo_house: House, context: BrowserContext
) -> None:
    page = context.new_page()
    foreign: list[str] = []
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((demo_house.base, "blob:", "data:"))
            else foreign.append(request.url)
        ),
    )
    page.goto(f"{demo_house.base}/watch/live/demo")
    moves(page.locator("video").first)
    page.screenshot(path=SCREENSHOTS / "watch.png")
    assert foreign == []


def test_a_watch_page_without_a_stream_says_so_and_turns_into_the_picture(
    demo_house: House, context: BrowserContext
) -> None:
    page = context.new_page()
    sign_in(page, demo_house)
    page.get_by_role("link", name="Streams").click()
    expect(page.get_by_text("Send a picture here")).to_be_visible()
    done = demo_house.cli("demo", "off")
    assert done.returncode == 0, done.stderr
    expect(page.get_by_text("Nothing is live yet")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "streams-empty.png")
    watch = context.new_page()
    watch.goto(f"{demo_house.base}/watch/live/demo")
    watch.wait_for_timeout(500)
    watch.screenshot(path=SCREENSHOTS / "watch-offline.png")
    page.get_by_role("switch", name="Demo picture").click(force=True)
    expect(page.get_by_text("Nothing is live yet")).not_to_be_visible()
    moves(watch.locator("video").first)


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize(("scheme", "language"), [("dark", "en"), ("light", "zh")])
def test_every_page_fits_its_screen(
    demo_house: House, browser: Browser, size: str, scheme: str, language: str
) -> None:
    locale = {"en": "en-US", "zh": "zh-CN"}[language]
    made = browser.new_context(
        viewport=SIZES[size],
        locale=locale,
        color_scheme="dark" if scheme == "dark" else "light",
    )
    made.add_init_script(f"localStorage.setItem('mantine-color-scheme-value', '{scheme}')")
    page = made.new_page()
    try:
        with demo_house.api() as api:
            token = api.client.cookies["streamstead_session"]
        made.add_cookies([{"name": "streamstead_session", "value": token, "url": demo_house.base}])
        for name in ("streams", "system"):
            page.goto(f"{demo_house.base}/mgmt/{name}")
            page.wait_for_load_state("load")
            expect(page.locator("main")).to_be_visible()
            page.wait_for_timeout(1500)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= SIZES[size]["width"], f"{name} is {width} px wide"
            page.screenshot(path=SCREENSHOTS / f"{name}-{size}-{scheme}-{language}.png")
    finally:
        made.close()
