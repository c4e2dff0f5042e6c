"""The main job in a browser, on everything that `broadcaster run` starts: written, looked at, submitted, approved, watched to its end."""

import json
import re
import time

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.hands import Keyboard, Mouse
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
#: From the first button of the home page to posts that providers show, at a person's pace.
SECONDS, CLICKS = 60, 12


def let_in(started: Run, name: str, role: str) -> str:
    """The password that the command prints for a new person."""
    new = json.loads(started.say("user", "add", f"{name}@city.example", "--role", role, "--json"))
    return str(new["password"])


def come_in(browser: Browser, url: str, name: str, password: str, scripts: bool = True) -> Page:
    page = browser.new_context(locale="en-AU", java_script_enabled=scripts).new_page()
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


def practised(ada: Mouse, ben: Mouse) -> float:
    """The way that people have practised, from the first button of the home page: seconds until posts were read back at the providers."""
    began = time.monotonic()
    ada.press("main a:has-text('Holding message')")
    ada.press("a:has-text('It is an exercise')")
    ada.choose("[name='f.what']", "water-rising")
    ada.tick("[name='f.zones'][value=rocklea]")
    ada.write("[name='f.next_update']", "+30m")
    ada.press("button:has-text('Write its alerts and submit them')")
    expect(ada.page.locator("main")).to_contain_text("Waits for approval", timeout=PATIENCE)
    ben.page.reload()
    ben.press("section[aria-labelledby=mine] a")
    ben.press("a:has-text('Read it and decide')")
    ben.tick("[name=read]")
    ben.write("[name=word]", "EXERCISE")
    ben.press("button:has-text('Send 25 texts')")
    ben.press("a:has-text('Watch how it goes')")
    while not {"Facebook 1 of 1 final", "X 2 of 2 final"} <= set(seen(ben.page)):
        assert time.monotonic() - began < PATIENCE / 1000, seen(ben.page)
        ben.page.reload()
    return time.monotonic() - began


def seen(page: Page) -> list[str]:
    """What the page says of each channel."""
    return re.findall(r"(?:Facebook|X) \d+ of \d+ final", " ".join(page.locator("#progress").inner_text().split()))


def test_an_alert_is_written_approved_by_another_and_watched_to_its_end(browser: Browser, run: Run) -> None:
    """Starts every part of an installation and plays an exercise on its sandbox providers: half a minute and more."""
    populate(run)
    passwords = {name: let_in(run, name, role) for name, role in (("ada", "author"), ("ben", "approver"))}
    ada, ben = (come_in(browser, run.url, name, password) for name, password in passwords.items())
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
    for hand, scripts in ((Mouse, True), (Keyboard, True), (Mouse, False)):
        writer, approver = (hand(come_in(browser, run.url, name, passwords[name], scripts)) for name in ("ada", "ben"))
        took, clicks = practised(writer, approver), writer.clicks + approver.clicks
        assert (took <= SECONDS, clicks <= CLICKS) == (True, True), f"{hand.__name__}: {took:.1f} s, {clicks} clicks"
