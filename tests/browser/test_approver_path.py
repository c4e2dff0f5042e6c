"""The approver's path on a phone, on a bad network: from the text's link to "approved" in five taps, light and soon."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from broadcaster.store import alerts as alert_store
from tests.browser.conftest import Town, served
from tests.browser.test_by_hand import AUTHENTICATOR
from tests.engine.city import holding
from tests.web.cast import PASSWORD
from tests.web.stories import submitted

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

#: What Chromium calls slow 3G: bytes per second both ways, milliseconds of delay.
SLOW_3G = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
TAPS, SECONDS, BYTES = 5, 45, 60_000


@pytest.fixture
def own_town(sqlite_template: Path) -> Iterator[Town]:
    """Apart from the others': here Ben gets a passkey, and approves."""
    with served(sqlite_template) as found:
        yield found


def with_passkey(page: Page, town: Town) -> None:
    """Ben's phone holds a passkey of his."""
    wire = page.context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    able = {**AUTHENTICATOR, "transport": "internal", "hasUserVerification": True, "isUserVerified": True}
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": able})
    page.goto(f"{town.url}/login")
    page.fill("#email", "ben@bcc.example")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_load_state("networkidle")
    page.goto(f"{town.url}/passkeys")
    page.fill("#name", "my phone")
    page.click("button:has-text('Add a passkey')")
    expect(page.locator("main")).to_contain_text("The passkey my phone is ready.")
    page.context.clear_cookies()


@pytest.mark.filterwarnings("ignore:Passing SelectField choices:DeprecationWarning")
def test_five_taps_from_the_link_to_approved(browser: Browser, own_town: Town) -> None:
    """Slow 3G is slow: it takes some 10 s, and 45 kB with both log-in pages. Address and password are filled in by the phone."""
    town = own_town
    with town.house.app.app_context():
        alert_id = submitted(
            town.house, town.rt, holding(incident="night", channels=("website", "sms"), languages=("en",))
        )
    with town.rt.db.read() as connection:
        token = alert_store.get(connection, alert_id).token
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, locale="en-AU"
    )
    page = context.new_page()
    with_passkey(page, town)
    wire, sizes, taps = context.new_cdp_session(page), list[float](), 0
    wire.send("Network.enable")
    wire.send("Network.setCacheDisabled", {"cacheDisabled": False})
    wire.send("Network.clearBrowserCache")
    wire.send("Network.emulateNetworkConditions", SLOW_3G)
    wire.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    began = time.monotonic()
    page.goto(f"{town.url}/d/{token}")  # the link in the text
    taps += 1
    page.fill("#email", "ben@bcc.example")
    page.fill("#password", PASSWORD)
    page.tap("main button[type=submit]")
    page.tap("main form.panel button")  # use my passkey
    expect(page.locator("main")).to_contain_text("OXLEY CREEK IS RISING", timeout=30_000)
    page.tap("[name=read]")
    page.tap("button[data-options]")
    expect(page.locator("main")).to_contain_text("Approved. It is going out now.", timeout=30_000)
    taps += 4
    took = time.monotonic() - began
    found = f"{taps} taps, {took:.1f} s, {sum(sizes):.0f} bytes in {len(sizes)} answers"
    assert (taps <= TAPS, took <= SECONDS, sum(sizes) <= BYTES) == (True, True, True), found
    context.close()
