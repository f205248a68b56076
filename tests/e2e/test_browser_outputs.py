"""Destinations and the programme in headless Chromium, against real RTMP servers."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from ..conftest import wait_until
from ..ffmpeg_forward.sinks import RtmpSink, rtmp_sink
from .house import Api, House, publishing, random_name
from .test_browser import SCREENSHOTS, SIZES, moves
from .test_browser_webhooks import signed_in

pytestmark = pytest.mark.browser

KEY = "a-key-nobody-must-see-7f3d"
LIVE = re.compile(r"^Live \d")


@pytest.fixture
def api(first_house: House) -> Iterator[Api]:
    """The API; what a test has set up goes with it."""
    with first_house.api() as signed:
        yield signed
        clear(signed)


def clear(api: Api) -> None:
    for one in api.call("/ffmpeg/outputs/list")["outputs"]:
        api.call("/ffmpeg/outputs/remove", id=one["id"])
    for one in api.call("/ffmpeg/programme/list")["programmes"]:
        api.call("/ffmpeg/programme/remove", id=one["id"])


@pytest.fixture
def context(first_house: House, browser: Browser) -> Iterator[BrowserContext]:
    made = signed_in(first_house, browser, "desktop", "dark", "en-US")
    yield made
    made.close()


@pytest.fixture
def sink() -> Iterator[RtmpSink]:
    with rtmp_sink() as made:
        yield made


def at(house: House, part: str = "") -> str:
    return f"{house.base}/mgmt/outputs{part}"


def card(page: Page, label: str) -> Locator:
    """Return the card of an output."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=label))


def write_output(page: Page, sink: RtmpSink, label: str, source: str) -> Locator:
    """Fill the form of a new output in; returns the form, which is not sent yet."""
    page.get_by_role("button", name="Add output").first.click()
    form = page.get_by_role("dialog", name="Add output")
    form.get_by_role("button", name="RTMP or RTMPS server").click()
    form.get_by_label("Address of the server").fill(f"rtmp://127.0.0.1:{sink.port}/live")
    form.get_by_label("Stream key", exact=True).fill(KEY)
    form.get_by_label("What to send").select_option(label=source)
    form.get_by_label("Name", exact=True).fill(label)
    return form


def test_an_output_is_added_by_clicking_goes_live_says_what_breaks_it_and_comes_back(
    first_house: House, context: BrowserContext, api: Api, sink: RtmpSink
) -> None:
    name = random_name()
    page = context.new_page()
    page.goto(at(first_house))
    expect(page.get_by_text("No outputs yet. Add YouTube in a minute")).to_be_visible()
    with publishing(f"{first_house.rtmp}/{name}?secret={api.secret()}"):
        wait_until(lambda: f"live/{name}" in api.streams(), "it is live", 60)
        form = write_output(page, sink, "Club", f"live/{name}")
        sink.allow = lambda _: False
        form.get_by_role("button", name="Test push").click()
        refused = form.get_by_role("alert")
        expect(refused).to_contain_text("The platform does not accept the key.")
        refused.scroll_into_view_if_needed()
        page.screenshot(path=SCREENSHOTS / "outputs-test-refused.png")
        sink.allow = lambda _: True
        form.get_by_role("button", name="Add output").click()
        expect(form).not_to_be_visible()

        one = card(page, "Club")
        expect(one.get_by_text(LIVE)).to_be_visible()
        expect(one.get_by_text(re.compile(r"^[0-4] s ago$"))).to_be_visible()
        expect(one.get_by_text("Key …7f3d")).to_be_visible()
        assert KEY not in page.content()
        assert len([it for it in sink.sessions(KEY) if it.ended_s is None]) == 1
        page.screenshot(path=SCREENSHOTS / "outputs-live.png")

        sink.stop()
        expect(one.get_by_text("Trying again")).to_be_visible()
        expect(one.locator("strong")).to_have_text(f"Nothing listens at 127.0.0.1:{sink.port}.")
        page.screenshot(path=SCREENSHOTS / "outputs-broken.png")
        with page.expect_response(re.compile("ffmpeg/outputs/retry$")) as asked:
            one.get_by_role("button", name="Retry Club now").click()
        assert asked.value.ok
        sink.start()
        expect(one.get_by_text(LIVE)).to_be_visible(timeout=90_000)

        page.get_by_role("button", name="What to do with Club").click()
        page.get_by_role("menuitem", name="Log").click()
        log = page.get_by_role("dialog", name="Log of Club")
        expect(log.get_by_role("listitem").first).to_be_visible()
        assert KEY not in log.inner_text()
        page.screenshot(path=SCREENSHOTS / "outputs-log.png")
        log.get_by_role("button", name="Close").click()

        page.get_by_role("switch", name="Send to Club").click(force=True)
        page.get_by_role("button", name="Stop output").click()
        expect(one.get_by_text("Off", exact=True)).to_be_visible()
        wait_until(lambda: all(it.ended_s for it in sink.sessions(KEY)), "nothing is sent", 30)


def test_a_programme_is_switched_by_hand_and_its_output_never_ends(
    first_house: House, context: BrowserContext, api: Api, sink: RtmpSink
) -> None:
    main, backup, local = (f"{random_name()}{part}" for part in ("a", "b", "p"))
    secret = api.secret()
    page = context.new_page()
    with (
        publishing(f"{first_house.rtmp}/{main}?secret={secret}"),
        publishing(f"{first_house.rtmp}/{backup}?secret={secret}"),
    ):
        wait_until(lambda: {f"live/{main}", f"live/{backup}"} <= set(api.streams()), "live", 60)
        page.goto(at(first_house, "/programme"))
        page.get_by_role("button", name="Create programme").click()
        form = page.get_by_role("dialog", name="Create programme")
        form.get_by_label("Name").fill("Sunday service")
        form.get_by_label("First source").select_option(label=f"live/{main}")
        form.get_by_label("Backup source").select_option(label=f"live/{backup}")
        form.get_by_label("Also watchable here as").fill(f"live/{local}")
        form.get_by_role("button", name="Create programme").click()
        expect(form).not_to_be_visible()
        expect(page.get_by_text(f"ON AIR: live/{main}")).to_be_visible()
        moves(page.get_by_test_id("preview-video"))

        page.get_by_role("link", name="Add output").click()
        added = page.get_by_role("dialog", name="Add output")
        added.get_by_role("button", name="RTMP or RTMPS server").click()
        added.get_by_label("Address of the server").fill(sink.url(KEY))
        expect(added.get_by_label("What to send")).to_have_value(re.compile("^programme:"))
        added.get_by_role("button", name="Add output").click()
        expect(added).not_to_be_visible()
        expect(card(page, "RTMP or RTMPS server").get_by_text(LIVE)).to_be_visible()

        page.goto(at(first_house, "/programme"))
        carried = page.get_by_role("list", name="Outputs that carry it")
        expect(carried.get_by_text(LIVE)).to_be_visible()
        page.get_by_role("button", name=f"Take live/{backup}").click()
        expect(page.get_by_text(f"ON AIR: live/{backup}")).to_be_visible()
        page.screenshot(path=SCREENSHOTS / "programme-taken.png")
        page.get_by_role("button", name="Show slate").click()
        expect(page.get_by_text("SLATE", exact=True)).to_be_visible()
        page.get_by_role("button", name="Hold", exact=True).click()
        expect(page.get_by_text("Held: nothing else until you let it go")).to_be_visible()
        page.screenshot(path=SCREENSHOTS / "programme-slate.png")
        page.get_by_role("button", name="Back to automatic").click()
        expect(page.get_by_text(f"ON AIR: live/{main}")).to_be_visible()

        slate = page.get_by_role("region", name="Slate")
        slate.get_by_label("Second line").fill("Zurück um 8")
        picture = slate.get_by_role("img", name="How the slate will look")
        expect(picture).to_be_visible()
        shown = picture.get_attribute("src")
        slate.get_by_label("First line").fill("Pause")
        expect(picture).not_to_have_attribute("src", shown or "")
        slate.get_by_role("button", name="Save").click()
        expect(slate.get_by_text("Saved")).to_be_visible()
        assert len(sink.sessions(KEY)) == 1

    expect(page.get_by_text("SLATE", exact=True)).to_be_visible()
    expect(carried.get_by_text(LIVE)).to_be_visible()
    assert [one.ended_s for one in sink.sessions(KEY)] == [None]


@pytest.fixture(scope="module")
def busy(first_house: House) -> Iterator[str]:
    """The id of a programme, in a house with outputs in every state."""
    name = random_name()
    with first_house.api() as api, rtmp_sink() as sink:
        source = {"kind": "stream", "app": "live", "stream": name}
        dead = "rtmp://127.0.0.1:9/live/key-of-nobody"
        with publishing(f"{first_house.rtmp}/{name}?secret={api.secret()}"):
            wait_until(lambda: f"live/{name}" in api.streams(), "it is live", 60)
            programme = api.call(
                "/ffmpeg/programme/create",
                label="Sunday service",
                enabled=True,
                sources=[
                    {"app": "live", "stream": name, "label": "Main camera"},
                    {"app": "live", "stream": "balcony", "label": "Balcony"},
                ],
            )
            own = {"kind": "programme", "programme": programme["id"]}
            for label, platform, place, feed in (
                ("Club", "custom", {"server": sink.url("key-of-the-club")}, source),
                ("Parish", "youtube", {"key": "abcd-efgh-1234"}, own),
                ("Neighbour", "custom", {"server": dead}, source),
                ("Evening", "bilibili", {"key": "?k=12345678"}, source | {"stream": "not-there"}),
                ("Archive", "twitch", {"key": "live_12345678"}, source),
            ):
                api.call(
                    "/ffmpeg/outputs/create",
                    label=label,
                    platform=platform,
                    source=feed,
                    enabled=label in ("Club", "Neighbour", "Evening"),
                    **place,
                )

            def shown() -> bool:
                found = {it["label"]: it for it in api.call("/ffmpeg/outputs/list")["outputs"]}
                states = (found["Club"]["state"], found["Neighbour"]["state"])
                return states == ("live", "retrying")

            wait_until(shown, "outputs are in the states to be shown", 60)
            yield str(programme["id"])
        clear(api)


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize(("scheme", "language"), [("dark", "en"), ("light", "zh")])
def test_the_pages_fit_every_screen(
    first_house: House, busy: str, browser: Browser, size: str, scheme: str, language: str
) -> None:
    locale = {"en": "en-US", "zh": "zh-CN"}[language]
    made = signed_in(first_house, browser, size, scheme, locale)
    try:
        page = made.new_page()

        def shoot(name: str, whole: bool = True) -> None:
            expect(page.locator("[aria-busy]")).to_have_count(0)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= SIZES[size]["width"], f"{name} is {width} px wide"
            path = SCREENSHOTS / f"{name}-{size}-{scheme}-{language}.png"
            page.screenshot(path=path, full_page=whole)

        page.goto(at(first_house))
        expect(page.get_by_role("heading", name="Neighbour")).to_be_visible()
        expect(page.locator("[data-state=live] dl")).to_be_visible()
        shoot("outputs")
        page.locator("header").get_by_role("button").first.click()
        drawer = page.get_by_role("dialog")
        expect(drawer.get_by_role("button", name="YouTube")).to_be_visible()
        shoot("outputs-platforms", whole=False)
        drawer.get_by_role("button", name="YouTube").click()
        drawer.locator("summary").click()
        shoot("outputs-add", whole=False)
        page.goto(at(first_house, "/programme"))
        expect(page.get_by_role("heading", name="Balcony")).to_be_visible()
        expect(page.locator("img").last).to_be_visible()
        shoot("programme")
    finally:
        made.close()
