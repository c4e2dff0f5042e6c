"""The main job in a browser, on everything that `broadcaster run` starts: written, looked at, submitted, approved, watched to its end."""

import json

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.processes.installed import Run
from tests.processes.test_run import run
from tests.residents.city import SQUARES, collection

__all__ = ["run"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
]
#: Milliseconds that a step may take while all parts share two cores with other tests.
PATIENCE = 90_000


def let_in(started: Run, name: str, role: str) -> str:
    """The password that the command prints for a new person."""
    new = json.loads(started.say("user", "add", f"{name}@city.example", "--role", role, "--json"))
    return str(new["password"])


def come_in(browser: Browser, url: str, name: str, password: str) -> Page:
    page = browser.new_context(locale="en-AU").new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{url}/login")
    page.fill("#email", f"{name}@city.example")
    page.fill("#password", password)
    page.click("main button[type=submit]")
    page.wait_for_url(f"{url}/")
    return page


def populate(started: Run) -> None:
    """Four zones, and 25 people in one of them who take part in exercises."""
    zones, register = started.folder / "zones.geojson", started.folder / "register.csv"
    zones.write_bytes(collection(SQUARES))
    phones = "".join(f"+6149157{number:04},register,rocklea,yes\n" for number in range(25))
    register.write_text(f"phone,basis,zones,exercise\n{phones}")
    started.say("zones", "import", zones)
    started.say("residents", "import", register, "--merge")


def write(page: Page) -> None:
    """From the first page to submitted."""
    page.click("text=New alert")
    page.click("text=It is an exercise")
    page.click("a.first")
    page.fill("#new_incident", "Oxley Creek")
    page.fill("[name='f.seen.en']", "Oxley Creek is rising")
    page.fill("[name='f.not_known.0.en']", "how far it will reach")
    page.select_option("[name='f.action.0']", "keep-from-creek")
    page.check("[name='area.zones'][value=rocklea]")
    page.fill("[name=next_update]", "+30m")
    page.click("button[value=preview]")
    expect(page.locator("#preview")).to_contain_text("EXERCISE EXERCISE: Brisbane City Council", timeout=PATIENCE)
    expect(page.locator("#preview")).to_contain_text("25 phones", timeout=PATIENCE)
    page.click("button[value=check]")
    page.click("button:has-text('Submit for approval: 25 texts, 2 segments each')")
    expect(page.locator("main")).to_contain_text("Waits for a second person", timeout=PATIENCE)


def decide(page: Page) -> None:
    """From the first page to going out."""
    page.reload()
    page.click("section[aria-labelledby=mine] a")
    page.click("text=Read it and decide")
    expect(page.locator("main")).to_contain_text("OXLEY CREEK IS RISING", timeout=PATIENCE)
    page.check("[name=read]")
    page.fill("[name=word]", "EXERCISE")
    page.click("button:has-text('Send 25 texts, 2 segments each, and publish')")
    expect(page.locator("main")).to_contain_text("Approved. It is going out now.", timeout=PATIENCE)
    page.click("text=Watch how it goes")


def test_an_alert_is_written_approved_by_another_and_watched_to_its_end(browser: Browser, run: Run) -> None:
    """Starts every part of an installation and plays an exercise on its sandbox providers: half a minute and more."""
    populate(run)
    ada = come_in(browser, run.url, "ada", let_in(run, "ada", "author"))
    ben = come_in(browser, run.url, "ben", let_in(run, "ben", "approver"))
    write(ada)
    decide(ben)
    progress = ben.locator("#progress")
    expect(progress).to_contain_text("All is final since", timeout=PATIENCE)
    for channel in ("Status page 1 of 1 final", "Text messages 25 of 25 final", "Facebook 1 of 1 final"):
        expect(progress).to_contain_text(channel)
    expect(progress).to_contain_text("Delivered 25")
    expect(progress).not_to_contain_text("Failed")
    ben.goto(f"{run.url}/status-exercise/")
    expect(ben.locator("body")).to_contain_text("Oxley Creek is rising")
    ben.goto(f"{run.url}/system")
    expect(ben.locator("main")).to_contain_text("ready to send")
