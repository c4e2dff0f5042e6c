"""Every page of the console: nothing that axe can find, nothing to scroll sideways for, nothing the browser complains about."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, expect

from tests.browser.conftest import Town

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    # A browser that leaves a page early leaves Werkzeug's test server with the file that it was sending.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

#: Every pair of language, theme and width.
LOOKS = (("en", "light", 1280), ("nb", "dark", 1280), ("nb", "light", 320), ("en", "dark", 320))


def paths(town: Town) -> dict[str, list[str]]:
    """Endpoint → its pages, as an admin sees them."""
    ids = town.ids
    each = {
        "home": ["/"],
        "account": ["/account"],
        "phone": ["/account/phone"],
        "incidents": ["/incidents"],
        "incident": ["/incidents/creek", "/incidents/drill"],
        "alert": [f"/alerts/{ids[name]}" for name in ("draft", "pending", "going", "stopped", "drill")],
        "deliveries": [f"/alerts/{ids['going']}/deliveries"],
        "new": ["/alerts/new", "/alerts/new?mode=live", "/alerts/new?mode=exercise"],
        "new_of_kind": [f"/alerts/new/{kind}?mode=live" for kind in ("holding", "evacuation", "all-clear")],
        "writing": [f"/alerts/writing/{ids['writing']}"],
        "edit": [f"/alerts/{ids['draft']}/edit"],
        "check": [f"/alerts/{ids[name]}/check" for name in ("draft", "doubtful")],
        "duty": ["/duty"],
        "decided": [f"/alerts/{ids['going']}/decided"],
        "ladder": [f"/alerts/{ids['pending']}/ladder"],
        "log_lines_page": [f"/alerts/{ids['going']}/log-lines"],
        "decide": [f"/alerts/{ids['pending']}/decide"],
        "stop_page": [f"/alerts/{ids['going']}/stop", f"/alerts/{ids['pending']}/stop"],
        "correct": [f"/alerts/{ids['going']}/correct", f"/alerts/{ids['pending']}/correct"],
        "retry_page": [f"/alerts/{ids['going']}/retry"],
        "instructions": ["/instructions"],
        "inbox": ["/inbox"],
        "handover": ["/handover"],
        "exercises": ["/exercises"],
        "not_reached": [f"/alerts/{ids['going']}/not-reached"],
        "crew_list": [f"/crew-lists/{ids['crew_list']}"],
        "real_event_page": ["/real-event"],
        "signed_handover": [f"/handover/{ids['handover']}"],
        "requests": ["/requests"],
        "new_request": [f"/requests/new?alert={ids['going']}"],
        "national_request": [f"/requests/{ids['request']}"],
        "residents": ["/residents"],
        "import_page": [f"/residents/imports/{ids['import']}"],
        "playbook_list": ["/playbooks"],
        "playbook": ["/playbooks/boil-water", "/playbooks/boil-water?mode=exercise"],
        "run": [f"/runs/{ids['run']}"],
        "kinds": ["/kinds"],
        "kind": ["/kinds/evacuation"],
        "system": ["/system"],
        "users": ["/people"],
        "people_changes": ["/people/changes"],
        "second_step": ["/account/second-step"],
        "break_glass": ["/break-glass"],
        "queue": ["/queue"],
        "wall": ["/wall"],
        "wall_key": ["/wall/key"],
        "first_hour_page": ["/first-hour"],
    }
    return {f"console.{name}": found for name, found in each.items()}


#: Parts of pages, and files.
NO_PAGES = {
    "console.decide_short",
    "console.alert_progress",
    "console.live",
    "console.inbox_list",
    "console.import_progress",
    "console.run_progress",
    "console.htmx",
    "console.leaflet",
    "console.zones_geojson",
    "console.map_tile",
    "console.queue_board",
    "console.wall_board",
}


def test_no_page_of_the_console_is_forgotten(town: Town) -> None:
    real = {
        rule.endpoint
        for rule in town.house.app.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and "GET" in (rule.methods or set())
    }
    assert real - NO_PAGES == paths(town).keys()


def look(page: Page, address: str, width: int) -> list[str]:
    """What is wrong with a page."""
    page.goto(address)
    wrong = [
        f"{found['id']}: {[node['target'] for node in found['nodes']]}"
        for found in Axe().run(page).response["violations"]
    ]
    wide = page.evaluate("document.documentElement.scrollWidth")
    return wrong + ([f"is {wide} pixels wide"] if wide > width else [])


@pytest.mark.parametrize(("language", "scheme", "width"), LOOKS)
def test_every_page_can_be_used_by_everybody(
    town: Town, visitor: Callable[..., Page], language: str, scheme: str, width: int
) -> None:
    """WCAG 2.2 AA as far as a machine can see. Some 35 pages with axe in each: well over 5 s."""
    page = visitor("root", width, scheme, language)
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", note)
    wrong = {
        path: found
        for found_paths in paths(town).values()
        for path in found_paths
        if (found := look(page, town.url + path, width))
    }
    assert wrong == {}
    assert complaints == []
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize(("language", "scheme", "width"), LOOKS)
def test_pages_before_the_log_in_can_be_used_by_everybody(
    town: Town, visitor: Callable[..., Page], language: str, scheme: str, width: int
) -> None:
    page = visitor("", width, scheme, language)
    assert {path: found for path in ("/login", "/nowhere") if (found := look(page, town.url + path, width))} == {}


@pytest.mark.filterwarnings("ignore:Passing SelectField choices:DeprecationWarning")
@pytest.mark.parametrize(("language", "scheme", "width"), LOOKS[:2])
def test_pages_about_ones_own_access_can_be_used_by_everybody(
    town: Town, visitor: Callable[..., Page], language: str, scheme: str, width: int
) -> None:
    page = visitor("cy", width, scheme, language)
    own = ("/account", "/password", "/two-factor", "/two-factor/recovery-codes", "/verify", "/passkeys")
    assert {path: found for path in own if (found := look(page, town.url + path, width))} == {}
    page.goto(f"{town.url}/two-factor")
    page.click("main form button")
    expect(page.locator("img.qr")).to_be_visible()
    assert not Axe().run(page).response["violations"]
