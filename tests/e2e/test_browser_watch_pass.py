"""Protected streams in headless Chromium: the passphrase, links, and losing the right to watch."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ..conftest import wait_until
from .conftest import NO_SRS, srs_binary
from .house import Api, House, playable, publishing, random_name
from .receiver import receiving
from .test_browser import SCREENSHOTS, SIZES, moves

pytestmark = pytest.mark.browser

PHRASE = "open sesame"

# What the viewer chose before -> the player that must do it.
METHODS = {"instant": "whep", "low": "flv", "steady": "hls"}


@pytest.fixture(scope="module", params=["embedded", "srs-process"])
def media_house(request: pytest.FixtureRequest) -> House:
    if request.param == "srs-process" and srs_binary() is None:
        pytest.skip(NO_SRS)
    name = {"embedded": "first_house", "srs-process": "srs_process_house"}[request.param]
    found = request.getfixturevalue(name)
    assert isinstance(found, House)
    return found


@pytest.fixture
def api(media_house: House) -> Iterator[Api]:
    with media_house.api() as signed_in:
        yield signed_in


@pytest.fixture
def cam(media_house: House, api: Api) -> Iterator[str]:
    """A stream that is live, for viewers with a pass or the passphrase."""
    name = random_name()
    with publishing(f"{media_house.rtmp}/{name}?secret={api.secret()}"):
        wait_until(lambda: playable(f"{media_house.base}/live/{name}.m3u8"), "it plays")
        api.call("/hooks/play/rule/update", app="live", stream=name, kind="pass", passphrase=PHRASE)
        yield name


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport=SIZES["desktop"], locale="en-US")
    made.set_default_timeout(60_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.fixture
def link(media_house: House, api: Api, cam: str) -> Callable[..., tuple[str, str]]:
    """Make a pass; returns its id and the link to give away."""

    def make(**more: object) -> tuple[str, str]:
        made = api.call("/hooks/play/passes/create", app="live", stream=cam, label="test", **more)
        return made["pass"]["id"], f"{media_house.base}/watch/live/{cam}?pass={made['token']}"

    return make


def picture(page: Page, method: str = "") -> None:
    where = f"video[data-method={method}]" if method else "video"
    moves(page.locator(where).first)


def test_the_passphrase_opens_the_picture_and_a_wrong_one_says_so(
    media_house: House, cam: str, page: Page
) -> None:
    page.goto(f"{media_house.base}/watch/live/{cam}")
    expect(page.get_by_text("This stream needs a passphrase")).to_be_visible()
    page.get_by_label("Passphrase", exact=True).fill("sesame")
    page.get_by_role("button", name="Watch").click()
    expect(page.get_by_role("alert")).to_contain_text("That is not the passphrase")
    page.screenshot(path=SCREENSHOTS / "watch-passphrase-wrong.png")
    page.get_by_label("Passphrase", exact=True).fill(PHRASE)
    page.get_by_role("button", name="Watch").click()
    picture(page)
    # Kept in this tab, and in no other.
    page.reload()
    picture(page)
    other = page.context.new_page()
    other.goto(f"{media_house.base}/watch/live/{cam}")
    expect(other.get_by_label("Passphrase", exact=True)).to_be_visible()


@pytest.mark.parametrize("delay", list(METHODS))
def test_the_link_of_a_pass_plays_by_each_method(
    media_house: House, api: Api, page: Page, link: Callable[..., tuple[str, str]], delay: str
) -> None:
    if (
        delay == "instant"
        and not api.client.get("/mgmt/envs").json()["data"]["capabilities"]["webrtc"]
    ):
        pytest.skip("this media server has no WebRTC")
    page.add_init_script(f"localStorage.setItem('streamstead.delay', '{delay}')")
    method = METHODS[delay]
    # On a busy machine it would fall back to another, and stay there.
    others = {"flv": "m3u8", "hls": "flv", "whep": "(flv|m3u8)"}[method]
    page.route(re.compile(rf"\.{others}(\?|$)"), lambda route: route.abort())
    _, address = link()
    page.goto(address)
    picture(page, method)


@pytest.mark.parametrize("delay", ["low", "steady"])
def test_a_pass_that_is_withdrawn_while_watching_is_said_and_the_phrase_lets_in_again(
    api: Api, page: Page, link: Callable[..., tuple[str, str]], delay: str
) -> None:
    page.add_init_script(f"localStorage.setItem('streamstead.delay', '{delay}')")
    pass_id, address = link()
    page.goto(address)
    picture(page)
    api.call("/hooks/play/passes/revoke", id=pass_id)
    expect(page.get_by_text("This access has been withdrawn")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "watch-revoked.png")
    page.get_by_label("Passphrase", exact=True).fill(PHRASE)
    page.get_by_role("button", name="Watch").click()
    picture(page)


def test_a_playback_id_leads_to_the_stream_without_telling_its_name(
    media_house: House, api: Api, cam: str, page: Page
) -> None:
    known = api.call("/hooks/streams/update", app="live", stream=cam, title="Evening service")
    page.goto(f"{media_house.base}/watch/s/{known['playback_id']}")
    page.get_by_label("Passphrase", exact=True).fill(PHRASE)
    page.get_by_role("button", name="Watch").click()
    picture(page)
    expect(page.get_by_role("heading", name="Evening service")).to_be_visible()
    assert cam not in page.locator("body").inner_text()


def test_a_kicked_viewer_is_told_and_not_connected_again(
    api: Api, cam: str, page: Page, link: Callable[..., tuple[str, str]]
) -> None:
    _, address = link()
    page.goto(address)
    picture(page)

    def viewers() -> list[dict[str, str]]:
        found: list[dict[str, str]] = api.call("/hooks/viewers/query", app="live", stream=cam)[
            "viewers"
        ]
        return found

    wait_until(lambda: len(viewers()) > 0, "the viewer is listed")
    for one in viewers():
        api.call("/hooks/viewers/kick", client_id=one["client_id"], block_s=600)
    expect(page.get_by_text("You have been disconnected")).to_be_visible()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_what_the_owners_server_refuses_is_said(
    media_house: House, api: Api, cam: str, page: Page
) -> None:
    with receiving() as server:
        server.answer = (200, {"code": 1})
        api.call(
            "/hooks/play/rule/update",
            app="live",
            stream=cam,
            kind="webhook",
            webhook_url=server.url,
            allow_private=True,
        )
        page.goto(f"{media_house.base}/watch/live/{cam}")
        expect(page.get_by_text("You may not watch this stream")).to_be_visible()
        server.answer = (200, {"code": 0})
        page.get_by_role("button", name="Try again").click()
        picture(page)


def test_the_operators_own_page_shows_a_protected_stream(
    media_house: House, api: Api, cam: str, page: Page
) -> None:
    token = api.client.cookies["streamstead_session"]
    page.context.add_cookies(
        [{"name": "streamstead_session", "value": token, "url": media_house.base}]
    )
    page.goto(f"{media_house.base}/mgmt/streams/live/{cam}")
    card = page.get_by_label(re.compile(f"Live stream live/{cam}"))
    moves(card.locator("video"))


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_question_for_the_passphrase_fits_every_screen(
    media_house: House, cam: str, browser: Browser, size: str, language: str
) -> None:
    locale = {"en": "en-US", "zh": "zh-CN"}[language]
    made = browser.new_context(viewport=SIZES[size], locale=locale)
    try:
        page = made.new_page()
        page.goto(f"{media_house.base}/watch/live/{cam}")
        expect(page.locator("#passphrase")).to_be_visible()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZES[size]["width"]
        page.screenshot(path=SCREENSHOTS / f"watch-passphrase-{size}-{language}.png")
    finally:
        made.close()
