"""Storage, rules and retention of recordings, and uploads of own files, in headless Chromium."""

import re
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

from ..conftest import wait_until
from ..fault_proxy import NO_BUCKET, FaultProxy
from ..storage_server import ACCESS_KEY, SECRET_KEY, SeaweedFS, bucket, proxy, seaweed
from .house import Api, House, publishing, random_name
from .test_browser import SCREENSHOTS, SIZES
from .test_browser_webhooks import signed_in

pytestmark = pytest.mark.browser

__all__ = ["bucket", "proxy", "seaweed"]

PAGES = ("rules", "storage", "retention")
WRONG = "not-the-secret-key"


@pytest.fixture
def api(first_house: House) -> Iterator[Api]:
    """The API; what a test has set up goes with it."""
    with first_house.api() as signed:
        yield signed
        signed.call("/recordings/rules/update", grace_s=30)
        clear(signed)


def clear(api: Api) -> None:
    """Remove every recording and storage."""

    def gone() -> bool:
        page = api.call("/recordings/query", limit=200)["recordings"]
        if ids := [one["id"] for one in page if one["state"] not in ("recording", "deleting")]:
            api.call("/recordings/delete", ids=ids, confirm=len(ids), bucket_too=True)
        targets = api.call("/storage/targets/list")["targets"]
        # A storage stays as long as something is being deleted there.
        done = [api.client.post("/storage/targets/remove", json={"id": it["id"]}) for it in targets]
        return not page and all(reply.status_code == 200 for reply in done)

    wait_until(gone, "recordings and storages are removed", 60)


@pytest.fixture
def context(first_house: House, browser: Browser) -> Iterator[BrowserContext]:
    made = signed_in(first_house, browser, "desktop", "dark", "en-US")
    yield made
    made.close()


def at(house: House, part: str) -> str:
    return f"{house.base}/mgmt/recordings/{part}"


def write_target(page: Page, label: str, endpoint: str, name: str, secret: str) -> Locator:
    """Fill the form of a new storage in; returns the form, which is not sent yet."""
    page.get_by_role("button", name="Add storage").first.click()
    form = page.get_by_role("dialog", name="Add storage")
    form.get_by_label("Provider").select_option("SeaweedFS")
    form.get_by_label("Name").fill(label)
    form.get_by_label("Bucket", exact=True).fill(name)
    form.get_by_label("Endpoint").fill(endpoint)
    form.get_by_label("Access key").fill(ACCESS_KEY)
    form.get_by_label("Secret key", exact=True).fill(secret)
    return form


def test_a_storage_is_tested_before_it_is_saved_and_says_what_breaks_it(
    first_house: House, context: BrowserContext, api: Api, bucket: str, proxy: FaultProxy
) -> None:
    page = context.new_page()
    page.goto(at(first_house, "storage"))
    form = write_target(page, "Archive", proxy.endpoint, bucket, WRONG)
    form.get_by_role("button", name="Test it now").click()
    refused = form.get_by_role("alert")
    expect(refused).to_contain_text("Access key or secret key is wrong.")
    refused.scroll_into_view_if_needed()
    page.screenshot(path=SCREENSHOTS / "storage-test-refused.png")
    form.get_by_label("Secret key", exact=True).fill(SECRET_KEY)
    form.get_by_role("button", name="Test it now").click()
    steps = form.get_by_role("status").filter(has_text="Everything works")
    expect(steps).to_contain_text("Put a large file in parts")
    form.get_by_role("button", name="Add storage").click()
    expect(form).not_to_be_visible()

    row = page.get_by_role("listitem").filter(has_text="Archive")
    expect(row.get_by_text("Default")).to_be_visible()
    assert SECRET_KEY not in page.content()
    proxy.fail(NO_BUCKET)
    page.get_by_role("button", name="Test Archive").click()
    expect(row.get_by_role("alert")).to_contain_text("There is no such bucket.")
    expect(row.get_by_text("Not working")).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "storage-broken.png")
    proxy.heal()
    page.get_by_role("button", name="Test Archive").click()
    expect(row.get_by_role("status").filter(has_text="Everything works")).to_be_visible()
    expect(row.get_by_text("Working", exact=True)).to_be_visible()


def test_a_stream_is_recorded_by_hand_and_its_upload_arrives(
    first_house: House, context: BrowserContext, api: Api, seaweed: SeaweedFS, bucket: str
) -> None:
    api.call("/recordings/rules/update", grace_s=1)
    page = context.new_page()
    page.goto(at(first_house, "storage"))
    form = write_target(page, "Archive", seaweed.endpoint, bucket, SECRET_KEY)
    form.get_by_role("button", name="Add storage").click()
    expect(form).not_to_be_visible()
    name = random_name()
    with publishing(f"{first_house.rtmp}/{name}?secret={api.secret()}"):
        page.goto(f"{first_house.base}/mgmt/streams/live/{name}/recording")
        page.get_by_label("Upload to").select_option("Archive")
        now = page.get_by_role("region", name="Now")
        expect(now.get_by_text("Not recording")).to_be_visible()
        now.get_by_role("button", name="Start recording").click()
        expect(now.get_by_text("Started by hand")).to_be_visible()
        expect(now.get_by_text("Recording", exact=True)).to_be_visible()
        length = now.locator("dd").first
        expect(length).to_have_text(re.compile(r"^0:0[1-9]|^0:[1-5]\d"))
        before = length.inner_text()
        expect(length).not_to_have_text(before)
        page.screenshot(path=SCREENSHOTS / "stream-recording-now.png")
        now.get_by_role("button", name="Stop recording").click()
        expect(now.get_by_text("Not recording")).to_be_visible()

    page.goto(at(first_house, "storage"))

    def arrived() -> bool:
        found = api.call("/recordings/query", stream=name)["recordings"]
        return bool(found) and all(one["upload"] == "verified" for one in found)

    wait_until(arrived, "the upload arrives", 60)
    stored = seaweed.client().list_objects_v2(Bucket=bucket)["Contents"]
    assert any(one["Key"].endswith("index.m3u8") for one in stored)
    expect(page.get_by_text("everything that is to be uploaded has arrived")).to_be_visible()


def test_rules_schedules_and_retention_are_written_in_the_page(
    first_house: House, context: BrowserContext, api: Api
) -> None:
    page = context.new_page()
    page.goto(at(first_house, "rules"))
    what = page.get_by_role("region", name="What is recorded")
    what.get_by_role("radio", name="Streams whose name matches").check()
    what.get_by_label("Patterns").fill("archive/*")
    what.get_by_role("button", name="Save").click()
    expect(what.get_by_text("Saved")).to_be_visible()
    assert api.call("/recordings/rules/query")["globs"] == ["archive/*"]
    api.call("/recordings/rules/update", record_all=False, globs=[])

    page.get_by_role("button", name="New schedule").click()
    form = page.get_by_role("dialog", name="New schedule")
    form.get_by_label("Name").fill("Sunday service")
    form.get_by_label("Streams").fill("archive/*")
    form.get_by_label("Time zone").select_option("Asia/Shanghai")
    form.get_by_role("button", name="Save").click()
    row = page.get_by_role("listitem").filter(has_text="Sunday service")
    expect(row).to_contain_text("Mon\u2013Fri 18:00\u201320:00")
    expect(row.locator("time")).to_be_visible()
    page.get_by_role("button", name="What to do with Sunday service").click()
    page.get_by_role("menuitem", name="Remove…").click()
    page.get_by_role("button", name="Remove schedule").click()
    expect(row).not_to_be_visible()

    page.goto(at(first_house, "retention"))
    expect(page.get_by_role("meter", name="Disk in use")).to_be_visible()
    page.get_by_label("In the bucket, days").fill("400")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved")).to_be_visible()
    assert api.call("/recordings/retention/query")["bucket_days"] == 400
    api.call("/recordings/retention/update", bucket_days=0)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """A film of 20 MB: a short picture, and room that players skip."""
    path = tmp_path / f"{random_name()}.mp4"
    argv = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin"]
    argv += ["-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25:duration=4"]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(argv, check=True, timeout=60)
    room = 20_000_000 - path.stat().st_size
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", room, b"free") + bytes(room - 8))
    return path


def test_an_upload_that_a_reload_cuts_off_goes_on_with_the_same_file(
    first_house: House, context: BrowserContext, api: Api, film: Path
) -> None:
    page = context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{first_house.base}/mgmt/recordings")
    panel = page.get_by_role("region", name="Upload files")
    expect(panel.get_by_text(re.compile(r"At most [\d.]+ [MGT]B each"))).to_be_visible()
    line = context.new_cdp_session(page)
    line.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1}
    line.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": 3_000_000})
    panel.locator("input[type=file]").set_input_files(film)
    row = panel.get_by_role("listitem").filter(has_text=film.name)
    expect(row.get_by_text("Uploading")).to_be_visible()
    expect(row.get_by_text(re.compile(r"MB/s"))).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "upload-running.png")
    wait_until(lambda: offset(api, film.name) > 0, "a part has arrived")
    page.reload()
    expect(row.get_by_text("Interrupted")).to_be_visible()
    had = offset(api, film.name)
    assert 0 < had < film.stat().st_size
    page.screenshot(path=SCREENSHOTS / "upload-interrupted.png")

    line.send("Network.emulateNetworkConditions", slow | {"uploadThroughput": -1})
    bodies: list[int] = []
    page.on(
        "request",
        lambda request: (
            bodies.append(int(request.headers.get("upload-offset", "-1")))
            if request.method == "PATCH"
            else None
        ),
    )
    panel.locator("input[type=file]").set_input_files(film)
    expect(row.get_by_text("Arrived")).to_be_visible()
    assert bodies[0] == had

    def ready() -> bool:
        found = api.call("/recordings/query", kind="upload")["recordings"]
        return [(one["title"], one["state"]) for one in found] == [(film.stem, "ready")]

    wait_until(ready, "it is in the library", 60)


def offset(api: Api, name: str) -> int:
    """Return how many bytes of a file the server has; 0 when it knows of none."""
    unfinished = api.client.get("/uploads/").json()["data"]["uploads"]
    return next((one["offset_bytes"] for one in unfinished if one["filename"] == name), 0)


@pytest.fixture(scope="module")
def recorded(first_house: House, seaweed: SeaweedFS) -> Iterator[str]:
    """The name of a stream that is recorded, in a house with something to show: a storage that
    works and one that does not, a schedule, a stream with limits of its own."""
    name = random_name()
    with first_house.api() as api:
        fields = {"provider": "seaweedfs", "access_key": ACCESS_KEY, "endpoint": seaweed.endpoint}
        for label, where, key in (
            ("Archive", seaweed.make_bucket(), SECRET_KEY),
            ("Old attic", "attic", WRONG),
        ):
            made = api.call(
                "/storage/targets/create", label=label, bucket=where, secret_key=key, **fields
            )
            api.call("/storage/targets/test", id=made["id"])
        api.call(
            "/recordings/schedules/create",
            label="Sunday service",
            glob="church/*",
            days=[6],
            start="10:00",
            end="11:30",
            zone="Europe/Berlin",
        )
        api.call("/recordings/retention/update", streams={"live/news": {"local_days": 7}})
        api.call("/recordings/rules/update", grace_s=1)
        with publishing(f"{first_house.rtmp}/{name}?secret={api.secret()}"):
            wait_until(lambda: f"live/{name}" in api.streams(), "it is live", 60)
            api.call("/recordings/start", app="live", stream=name)
            yield name
        api.call("/recordings/retention/update", streams={})
        for one in api.call("/recordings/schedules/list")["schedules"]:
            api.call("/recordings/schedules/remove", id=one["id"])
        clear(api)
        api.call("/recordings/rules/update", grace_s=30)


@pytest.mark.parametrize("size", list(SIZES))
@pytest.mark.parametrize(("scheme", "language"), [("dark", "en"), ("light", "zh")])
def test_the_pages_fit_every_screen(
    first_house: House, recorded: str, browser: Browser, size: str, scheme: str, language: str
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

        for part in PAGES:
            page.goto(at(first_house, part))
            expect(page.get_by_role("button").nth(1)).to_be_visible()
            shoot(f"recording-{part}")
        page.goto(at(first_house, "storage"))
        expect(page.get_by_role("listitem").filter(has_text="Old attic")).to_be_visible()
        page.locator("header").get_by_role("button").first.click()
        expect(page.get_by_role("dialog").get_by_role("textbox").first).to_be_visible()
        page.get_by_role("dialog").locator("summary").click()
        shoot("storage-add", whole=False)
        page.goto(f"{first_house.base}/mgmt/streams/live/{recorded}/recording")
        expect(page.locator("dd").first).to_have_text(re.compile(r"\d:\d\d"))
        shoot("stream-recording")
    finally:
        made.close()
