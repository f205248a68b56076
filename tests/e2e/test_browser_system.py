"""The pages that keep the house, in headless Chromium. Screenshots: ui/screenshots/."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser, BrowserContext, Page, expect

from ..conftest import wait_until
from .house import API, House, random_name
from .test_browser import SCREENSHOTS, SIZES
from .test_browser_webhooks import signed_in

pytestmark = pytest.mark.browser

PLACES = ("", "https", "upgrade", "backup", "api-keys", "settings")
LOOKS = [
    ("desktop", "dark", "en"),
    ("phone", "dark", "en"),
    ("phone", "light", "zh"),
]


@pytest.fixture
def page(first_house: House, browser: Browser) -> Iterator[Page]:
    """A page of a browser in which the operator is signed in."""
    made: BrowserContext = signed_in(first_house, browser, "desktop", "dark", "en-US")
    yield made.new_page()
    made.close()


def own_certificate(*names: str) -> tuple[str, str]:
    """Return a certificate that is its own authority, and its key, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=60))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    crt = made.public_bytes(serialization.Encoding.PEM).decode()
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
    return crt, pem


def test_a_service_is_looked_into_and_restarted_and_the_page_goes_on(
    first_house: House, page: Page
) -> None:
    before = first_house.services()["platform"]["pid"]
    page.goto(f"{first_house.base}/mgmt/system")
    row = page.get_by_role("row").filter(has_text="The API behind this page")
    expect(row).to_contain_text(re.compile(r"\d MB"))
    page.get_by_role("button", name="platform").click()
    drawer = page.get_by_role("dialog", name="platform")
    expect(drawer.get_by_role("log", name="Log")).to_contain_text("platform")
    page.screenshot(path=SCREENSHOTS / "system-service.png")
    drawer.get_by_role("button", name="Restart").click()
    wait_until(lambda: first_house.services()["platform"]["pid"] != before, "it was restarted")
    init = f"{first_house.base}{API}/mgmt/init"
    wait_until(
        lambda: httpx.get(init, trust_env=False, timeout=60).status_code == 200,
        "the API is there again",
    )
    expect(row).to_contain_text("Running")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="media").click()
    page.get_by_role("dialog", name="media").get_by_role("button", name="Restart").click()
    asked = page.get_by_role("dialog", name="Restart media?")
    expect(asked).to_contain_text("Every stream is cut")
    asked.get_by_role("button", name="Cancel").click()
    expect(page).to_have_url(re.compile("/mgmt/system$"))


def test_a_certificate_is_uploaded_and_the_one_before_comes_back(
    first_house: House, page: Page
) -> None:
    crt, key = own_certificate(f"{random_name()}.example.com")
    _, wrong = own_certificate("other.example.com")
    page.goto(f"{first_house.base}/mgmt/system/https")
    page.get_by_role("button", name="Other certificates").click()
    page.get_by_role("menuitem", name="Upload a certificate").click()
    form = page.get_by_role("dialog", name="Upload a certificate")
    form.get_by_role("textbox", name="Certificate with its chain").fill(crt)
    form.get_by_role("textbox", name="Private key").fill(wrong)
    form.get_by_role("button", name="Use this certificate").click()
    expect(form.get_by_role("alert")).to_contain_text("do not belong together")
    form.get_by_role("textbox", name="Private key").fill(key)
    form.get_by_role("button", name="Use this certificate").click()
    expect(form).not_to_be_visible()
    expect(page.get_by_text("59 days").first).to_be_visible()
    page.get_by_role("button", name="Other certificates").click()
    page.get_by_role("menuitem", name="Back to the previous one").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    expect(page.get_by_text("Browsers warn of this certificate")).to_be_visible()


def test_an_api_key_made_in_the_page_reads_and_no_more(first_house: House, page: Page) -> None:
    label = random_name()
    page.goto(f"{first_house.base}/mgmt/system/api-keys")
    page.get_by_role("button", name="New key").click()
    form = page.get_by_role("dialog", name="New API key")
    form.get_by_role("textbox", name="Name").fill(label)
    form.get_by_role("button", name="Make key").click()
    shown = page.get_by_role("dialog", name=f"Key of {label}")
    key = shown.get_by_label("API key", exact=True).input_value()
    page.screenshot(path=SCREENSHOTS / "system-api-key.png")
    shown.get_by_role("button", name="I have copied it").click()
    api = f"{first_house.base}{API}/mgmt"
    headers = {"Authorization": f"Bearer {key}"}

    def status(path: str) -> int:
        return httpx.post(
            f"{api}/{path}", json={}, headers=headers, trust_env=False, timeout=60
        ).status_code

    assert status("streams/query") == 200
    assert status("api-keys/list") == 403
    page.get_by_role("button", name=f"Remove {label}").click()
    page.get_by_role("button", name="Remove key").click()
    expect(page.get_by_role("button", name=f"Remove {label}")).not_to_be_visible()
    assert status("streams/query") == 401


def test_a_backup_is_made_fetched_and_removed(first_house: House, page: Page) -> None:
    page.goto(f"{first_house.base}/mgmt/system/backup")
    page.get_by_role("button", name="Back up now").click()
    form = page.get_by_role("dialog", name="Back up now")
    form.get_by_label("Passphrase", exact=True).fill("four words are good")
    form.get_by_role("button", name="Back up", exact=True).click()
    row = page.get_by_role("table", name="Backups").get_by_role("row").nth(1)
    expect(row).to_contain_text("Encrypted")
    row.get_by_role("button").last.click()
    with page.expect_download() as fetched:
        page.get_by_role("menuitem", name="Download").click()
    assert fetched.value.path().stat().st_size > 1000
    row.get_by_role("button").last.click()
    page.get_by_role("menuitem", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove backup").click()
    expect(page.get_by_role("heading", name="No backup yet")).to_be_visible()


def test_the_sites_name_and_filing_stand_on_every_page(first_house: House, page: Page) -> None:
    with first_house.api() as api:
        try:
            page.goto(f"{first_house.base}/mgmt/system/settings")
            page.get_by_role("textbox", name="Name of the site").fill("My station")
            page.get_by_role("textbox", name="ICP filing").fill("京ICP备12345678号-1")
            page.get_by_role("button", name="Save title and footer").click()
            expect(page.get_by_role("link", name="京ICP备12345678号-1")).to_be_visible()
            expect(page).to_have_title("Settings · My station")
            page.goto(f"{first_house.base}/watch/live/{random_name()}")
            expect(page.get_by_role("link", name="京ICP备12345678号-1")).to_be_visible()
        finally:
            for name in ("title", "icp"):
                api.call("/mgmt/beian/update", beian=name, text="")


def test_the_doctor_tells_what_it_found(first_house: House, page: Page) -> None:
    page.goto(f"{first_house.base}/mgmt/system/settings")
    page.get_by_role("button", name="Examine").click()
    found = page.get_by_role("list", name="What was found")
    expect(found.get_by_role("listitem").nth(3)).to_be_visible()
    page.screenshot(path=SCREENSHOTS / "system-doctor.png")


@pytest.mark.parametrize(("size", "scheme", "language"), LOOKS)
def test_the_pages_fit_every_screen(
    first_house: House, browser: Browser, size: str, scheme: str, language: str
) -> None:
    made = signed_in(first_house, browser, size, scheme, {"en": "en-US", "zh": "zh-CN"}[language])
    try:
        page = made.new_page()
        for place in PLACES:
            page.goto(f"{first_house.base}/mgmt/system/{place}".rstrip("/"))
            expect(page.locator("main section").first).to_be_visible()
            expect(page.locator("[aria-busy]")).to_have_count(0)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= SIZES[size]["width"], f"{place} is {width} px wide"
            name = f"system-{place or 'services'}-{size}-{scheme}-{language}.png"
            page.screenshot(path=SCREENSHOTS / name, full_page=True)
    finally:
        made.close()
