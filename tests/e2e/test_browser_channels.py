"""Channels that play by themselves, cameras and ladders, in headless Chromium."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from ..conftest import wait_until
from ..ffmpeg_forward.clips import make_clip
from .house import Api, House, publishing, random_name
from .test_browser import SCREENSHOTS, SIZES, moves
from .test_browser_webhooks import signed_in

pytestmark = pytest.mark.browser

LONG_MS = 120_000
"""A busy machine takes its time to start encoders."""

FITS = re.compile(r"takes about [\d.]+ % of the processor; [\d.]+ % are free")
TINY = {"codec": "h264", "width": 128, "height": 72, "video_kbps": 100, "preset": "ultrafast"}
SOUND = {"name": "audio", "codec": "none", "audio_kbps": 64}


@pytest.fixture
def api(first_house: House) -> Iterator[Api]:
    """The API; what a test has set up goes with it."""
    with first_house.api() as signed:
        yield signed
        clear(signed)


def clear(api: Api) -> None:
    for one in api.call("/ffmpeg/channels/list")["channels"]:
        api.call("/ffmpeg/channels/remove", id=one["id"])
    for one in api.call("/ffmpeg/transcode/list")["transcodes"]:
        api.call("/ffmpeg/transcode/remove", id=one["id"])
    for one in api.call("/ffmpeg/channels/files", folder="vlive")["files"]:
        removed = api.client.post("/ffmpeg/channels/files/remove", json={"path": one["path"]})
        assert removed.status_code == 200, removed.text


@pytest.fixture
def context(first_house: House, browser: Browser) -> Iterator[BrowserContext]:
    made = signed_in(first_house, browser, "desktop", "dark", "en-US")
    yield made
    made.close()


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("films") / "My film.mp4", seconds=4)


def at(house: House, part: str = "") -> str:
    return f"{house.base}/mgmt/channels{part}"


def row(page: Page, label: str) -> Locator:
    """Return the row of a channel, a camera or a ladder."""
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=label))


def test_an_uploaded_film_becomes_a_stream_that_plays_by_itself(
    first_house: House, context: BrowserContext, api: Api, film: Path
) -> None:
    name = random_name()
    page = context.new_page()
    page.goto(at(first_house))
    page.get_by_role("button", name="New channel").first.click()
    form = page.get_by_role("dialog", name="New channel")
    form.get_by_label("Name", exact=True).fill("Evening films")
    expect(form.get_by_label("Stream", exact=True)).to_have_value("live/evening-films")
    form.get_by_label("Stream", exact=True).fill(f"live/{name}")
    panel = form.get_by_role("region", name="Upload files")
    expect(panel.get_by_text(re.compile(r"At most [\d.]+ [MGT]B each"))).to_be_visible()
    panel.locator("input[type=file]").set_input_files(film)
    playlist = form.get_by_role("list", name="Playlist")
    item = playlist.get_by_role("listitem").filter(has_text="My film.mp4")
    expect(item).to_contain_text("0:04")
    expect(item).to_contain_text("H.264 + AAC")
    page.screenshot(path=SCREENSHOTS / "channel-form.png")
    # The same film once more, from the server, and then in another order.
    form.get_by_role("tab", name="Server files").click()
    form.get_by_role("button", name="Add My film.mp4").click()
    expect(playlist.get_by_role("listitem")).to_have_count(2)
    form.get_by_role("button", name="Move My film.mp4 up").last.click()
    form.get_by_role("button", name="Save and start").click()
    expect(form).not_to_be_visible()

    channel = row(page, "Evening films")
    expect(channel.get_by_text("Live", exact=True)).to_be_visible(timeout=LONG_MS)
    expect(channel.get_by_text(re.compile(r"Mbit/s$"))).to_be_visible()
    expect(channel.get_by_text(re.compile(r"^0:0\d / 0:04$"))).to_be_visible()
    assert f"live/{name}" in api.streams()
    expect(channel.locator("img:not([data-coming])")).to_be_visible(timeout=LONG_MS)
    page.screenshot(path=SCREENSHOTS / "channel-live.png")

    page.get_by_role("link", name=f"live/{name}").click()
    moves(page.locator("video").first)
    page.goto(at(first_house))
    page.get_by_role("button", name="Stop Evening films").click()
    expect(channel.get_by_text("Off", exact=True)).to_be_visible()
    wait_until(lambda: f"live/{name}" not in api.streams(), "the stream has ended")


def test_a_camera_is_tried_shown_and_comes_back(
    first_house: House, context: BrowserContext, api: Api
) -> None:
    source, name = random_name(), random_name()
    page = context.new_page()
    page.goto(at(first_house, "/cameras"))
    page.get_by_role("button", name="Add camera").first.click()
    form = page.get_by_role("dialog", name="Add camera")
    form.get_by_label("Name", exact=True).fill("Front door")
    form.get_by_label("Stream", exact=True).fill(f"live/{name}")
    form.get_by_role("textbox", name="Address").fill(f"{first_house.rtmp}/{source}")
    form.get_by_role("button", name="Try it").click()
    expect(form.get_by_role("alert")).to_contain_text("lies in a private network")
    page.screenshot(path=SCREENSHOTS / "camera-private.png")
    form.get_by_role("switch", name=re.compile("private network")).check(force=True)
    address = f"{first_house.rtmp}/{source}?secret={api.secret()}"
    with publishing(address):
        wait_until(lambda: f"live/{source}" in api.streams(), "the camera sends", 60)
        form.get_by_role("button", name="Try it").click()
        works = form.get_by_role("status").filter(has_text="It works")
        expect(works).to_contain_text("640\u00d7360", timeout=LONG_MS)
        form.get_by_role("button", name="Save and start").click()
        expect(form).not_to_be_visible()
        camera = row(page, "Front door")
        expect(camera.get_by_text("Live", exact=True)).to_be_visible(timeout=LONG_MS)
        assert f"live/{name}" in api.streams()
    expect(camera.get_by_text("Trying again", exact=True)).to_be_visible(timeout=LONG_MS)
    page.screenshot(path=SCREENSHOTS / "camera-retrying.png")
    with publishing(address):
        expect(camera.get_by_text("Live", exact=True)).to_be_visible(timeout=LONG_MS)


def test_a_ladder_tells_its_cost_and_where_players_find_it(
    first_house: House, context: BrowserContext, api: Api
) -> None:
    name = random_name()
    page = context.new_page()
    with publishing(f"{first_house.rtmp}/{name}?secret={api.secret()}"):
        wait_until(lambda: f"live/{name}" in api.streams(), "it is live", 60)
        page.goto(at(first_house, "/transcode"))
        page.get_by_role("button", name="New ladder").first.click()
        form = page.get_by_role("dialog", name="New ladder")
        form.get_by_label("Stream", exact=True).select_option(f"live/{name}")
        form.get_by_role("button", name="1080p").click()
        estimate = form.get_by_role("region", name="Processor")
        expect(estimate).to_contain_text("of the processor", timeout=LONG_MS)
        page.screenshot(path=SCREENSHOTS / "ladder-form.png")
        form.get_by_role("button", name="Remove 1080p").click()
        form.get_by_role("button", name="Own size").click()
        own = form.get_by_role("region", name="own")
        for label, value in (("Width", "128"), ("Height", "72"), ("Picture, kbit/s", "100")):
            own.get_by_label(label, exact=True).fill(value)
        form.get_by_role("button", name="Audio only").click()
        form.get_by_label("Encoder").select_option("ultrafast")
        expect(estimate).to_contain_text(FITS, timeout=LONG_MS)
        expect(own.get_by_text(re.compile(r"^about [\d.]+ %$"))).to_be_visible()
        form.get_by_role("button", name="Save and start").click()
        expect(form).not_to_be_visible()

        ladder = row(page, f"live/{name}")
        expect(ladder.get_by_text("Live", exact=True)).to_be_visible(timeout=LONG_MS)
        expect(ladder).to_contain_text(re.compile(r"[\d.]+ % of the processor"))
        master = ladder.get_by_label(f"Address for players of live/{name}", exact=True)
        page.screenshot(path=SCREENSHOTS / "ladder-live.png")

        def offered() -> bool:
            reply = httpx.get(master.input_value(), trust_env=False, timeout=30)
            return reply.status_code == 200 and "128x72" in reply.text

        wait_until(offered, "players are offered the small picture", 60)


@pytest.fixture(scope="module")
def furnished(first_house: House, film: Path) -> Iterator[str]:
    """The name of a stream in a house with something to show: a channel that plays, one that waits
    for its time, one that cannot, a camera, a ladder that runs and one that is off."""
    name = random_name()
    (first_house.data / "upload").mkdir(exist_ok=True)
    (first_house.data / "upload/intro.mp4").write_bytes(film.read_bytes())
    items = [{"type": "file", "target": "upload/intro.mp4", "name": "Intro.mp4"}]
    sunday = {"days": [6], "start": "10:00", "end": "11:30", "zone": "Europe/Berlin"}
    here = f"rtmp://127.0.0.1:{first_house.ports['RTMP']}/live"
    with first_house.api() as api:
        make: list[dict[str, Any]] = [
            {"label": "Evening films", "items": items * 2, "enabled": True},
            {"label": "Sunday", "items": items, "schedule": sunday},
            {"label": "晚间影院", "items": items, "shuffle": True},
        ]
        for stream, one in zip((name, "sunday", "night"), make, strict=True):
            to = {"kind": "stream", "app": "live", "stream": stream}
            api.call("/ffmpeg/channels/create", kind="vlive", to=to, **one)
        door = [{"type": "stream", "target": f"{here}/nobody", "name": "door"}]
        api.call(
            "/ffmpeg/channels/create",
            kind="camera",
            label="Front door",
            to={"kind": "stream", "app": "live", "stream": "door"},
            items=door,
            allow_private=True,
            enabled=True,
        )
        rungs = [{"name": "tiny"} | TINY, SOUND]
        for stream, enabled in ((name, True), ("show", False)):
            api.call(
                "/ffmpeg/transcode/create",
                app="live",
                stream=stream,
                renditions=rungs,
                enabled=enabled,
            )
        wait_until(lambda: f"live/{name}" in api.streams(), "the channel plays", 120)
        yield name
        clear(api)
    (first_house.data / "upload/intro.mp4").unlink()


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize(("scheme", "language"), [("dark", "en"), ("light", "zh")])
def test_the_pages_fit_every_screen(
    first_house: House, furnished: str, browser: Browser, size: str, scheme: str, language: str
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

        for part, label in (
            ("", "Evening films"),
            ("/cameras", "Front door"),
            ("/transcode", f"live/{furnished}"),
        ):
            page.goto(at(first_house, part))
            expect(row(page, label)).to_be_visible()
            shoot(f"channels{part.replace('/', '-')}")
            page.locator("header").get_by_role("button").first.click()
            expect(page.get_by_role("dialog").get_by_role("textbox").first).to_be_visible()
            shoot(f"channels{part.replace('/', '-')}-add", whole=False)
    finally:
        made.close()
