"""The page of a recording in headless Chromium: a real recording, made for it by a real encoder."""

import re
from collections.abc import Iterator
from contextlib import suppress

import pytest
from playwright.sync_api import Browser, BrowserContext, FrameLocator, Locator, Page, expect

from ..conftest import wait_until
from .house import Api, House, in_time, publishing, random_name
from .test_browser import PICTURE, SCREENSHOTS, SIZES, moves

pytestmark = pytest.mark.browser

LEAST_S = 9
"""So long is recorded at least: several segments of two seconds."""


@pytest.fixture(scope="module")
def api(first_house: House) -> Iterator[Api]:
    with first_house.api() as signed_in:
        yield signed_in


def recording_of(api: Api, stream: str) -> dict[str, object]:
    found = api.call("/recordings/query", app="live", stream=stream)["recordings"]
    assert found, f"nothing of {stream} is recorded"
    one: dict[str, object] = found[0]
    return one


@pytest.fixture(scope="module")
def recorded(first_house: House, api: Api) -> Iterator[tuple[str, bool]]:
    """The id of a finished recording, and whether it could be watched while it was made."""
    stream = random_name()
    api.call("/recordings/stream/update", app="live", stream=stream, mode="on")
    with publishing(f"{first_house.rtmp}/{stream}?secret={api.secret()}"):

        def long_enough() -> bool:
            return int(str(recording_of(api, stream)["duration_ms"])) >= LEAST_S * 1000

        wait_until(in_time(long_enough), "some seconds are recorded", 60)
        id_ = str(recording_of(api, stream)["id"])
        api.call("/hooks/play/rule/update", app="vod", stream=id_, kind="public")
        under_way = api.client.get(f"/vod/{id_}").json()["data"]
        playlist = api.client.get(f"{first_house.base}{under_way['playlist']}")
        growing = bool(under_way["recording"]) and playlist.status_code == 200
    with suppress(AssertionError):  # the encoder's end may have ended it already
        api.call("/recordings/end", id=id_)
    wait_until(in_time(lambda: recording_of(api, stream)["mp4"] == "ready"), "the MP4 is ready", 90)
    yield id_, growing
    api.call("/recordings/stream/update", app="live", stream=stream, mode="default")
    api.call("/recordings/delete", ids=[id_], confirm=1, bucket_too=False)


@pytest.fixture
def public(recorded: tuple[str, bool], api: Api) -> str:
    api.call("/hooks/play/rule/update", app="vod", stream=recorded[0], kind="public")
    return recorded[0]


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport=SIZES["desktop"], locale="en-US", color_scheme="dark")
    made.set_default_timeout(60_000)
    yield made
    made.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


def begin(where: Page | FrameLocator, method: str) -> Locator:
    """Press the large button; return the picture, which moves."""
    where.get_by_role("button", name="Play").last.click()
    video = where.locator(f"video[data-method={method}]")
    moves(video)
    return video


def until(video: Locator, expression: str) -> None:
    """Wait for a condition of the picture; the page's policy forbids the browser's own waiting."""
    page = video.page
    for _ in range(600):
        if video.evaluate(f"(video) => {expression}"):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"never: {expression}")


def seek(page: Page, video: Locator, part: float) -> list[int]:
    """Click on the line of time; return the picture that is shown there."""
    box = page.get_by_role("slider", name="Position").bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] * part, box["y"] + box["height"] / 2)
    until(
        video,
        f"!video.seeking && video.readyState >= 2 "
        f"&& Math.abs(video.currentTime / video.duration - {part}) < 0.08",
    )
    found: list[int] = video.evaluate(PICTURE)
    return found


@pytest.mark.parametrize("method", ["hls", "mp4"])
def test_a_viewer_seeks_forwards_and_back(
    first_house: House, public: str, page: Page, method: str
) -> None:
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    if method == "mp4":
        page.route(re.compile(r"\.m3u8"), lambda route: route.abort())
    page.goto(f"{first_house.base}/vod/{public}")
    video = begin(page, method)
    page.get_by_role("button", name="Pause").click()
    until(video, "video.paused")
    early, late = seek(page, video, 0.15), seek(page, video, 0.8)
    page.screenshot(path=SCREENSHOTS / f"vod-{method}.png")
    assert late != early
    again = seek(page, video, 0.15)
    assert again != late
    page.get_by_role("button", name="Play", exact=True).first.click()
    moves(video)
    assert faults == []


def test_it_could_be_watched_while_it_was_recorded(recorded: tuple[str, bool]) -> None:
    assert recorded[1]


def test_a_frame_of_another_page_shows_it(first_house: House, public: str, page: Page) -> None:
    # A page of this machine: browsers keep others from embedding what is on it.
    page.goto(f"{first_house.base}/healthz")
    page.set_content(f'<iframe src="{first_house.base}/vod/{public}" width="800" height="450">')
    begin(page.frame_locator("iframe"), "hls")
    page.screenshot(path=SCREENSHOTS / "vod-embedded.png")


def test_who_loses_the_right_is_told_and_the_next_pass_lets_in(
    first_house: House, api: Api, public: str, page: Page
) -> None:
    def link() -> tuple[str, str]:
        made = api.call("/hooks/play/passes/create", app="vod", stream=public, label="test")
        return made["pass"]["id"], f"{first_house.base}/vod/{public}?pass={made['token']}"

    api.call("/hooks/play/rule/update", app="vod", stream=public, kind="inherit")
    page.goto(f"{first_house.base}/vod/{public}")
    expect(page.get_by_text("This recording is private")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "vod-private.png")
    pass_id, address = link()
    page.goto(address)
    begin(page, "hls")
    api.call("/hooks/play/passes/revoke", id=pass_id)
    page.reload()
    expect(page.get_by_text("This access has been withdrawn")).to_be_visible()
    page.goto(link()[1])
    begin(page, "hls")


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_fits_every_screen(
    first_house: House, public: str, browser: Browser, size: str, language: str
) -> None:
    locale = {"en": "en-US", "zh": "zh-CN"}[language]
    made = browser.new_context(viewport=SIZES[size], locale=locale)
    try:
        page = made.new_page()
        page.goto(f"{first_house.base}/vod/{public}")
        expect(page.locator(".begin")).to_be_visible()
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= SIZES[size]["width"]
        page.screenshot(path=SCREENSHOTS / f"vod-poster-{size}-{language}.png")
    finally:
        made.close()
