"""How the console behaves under a hand: with scripts and without, by keyboard, and while the world goes on."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, expect

from broadcaster.services import broadcasting
from tests.browser.conftest import Town
from tests.engine.city import holding
from tests.web.cast import PASSWORD
from tests.web.stories import approved

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(300),
    # A browser that leaves a page early leaves Werkzeug's test server with the file that it was sending.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def fill_in(page: Page) -> None:
    """What a first message needs."""
    page.fill("#new_incident", "Flom i Moelva")
    for tag, seen, unknown in (
        ("nb", "Moelva stiger raskt", "hvor langt vannet når"),
        ("en", "The river rises", "how far it goes"),
    ):
        page.fill(f"[name='f.seen.{tag}']", seen)
        page.fill(f"[name='f.not_known.0.{tag}']", unknown)
    page.select_option("[name='f.action.0']", "keep-from-river")
    page.check("[name='area.zones'][value=rocklea]")
    page.fill("[name=next_update]", "+30m")


def test_a_preview_comes_without_leaving_the_page(town: Town, visitor: Callable[..., Page]) -> None:
    page = visitor("ada")
    page.goto(f"{town.url}/alerts/new/holding?mode=exercise")
    fill_in(page)
    page.evaluate("window.stillHere = true")
    page.click("button[value=preview]")
    expect(page.locator("#preview")).to_contain_text("ØVELSE ØVELSE")
    expect(page.locator("#preview")).to_contain_text("EXERCISE EXERCISE")
    assert page.evaluate("window.stillHere") is True
    assert page.input_value("[name='f.seen.nb']") == "Moelva stiger raskt"


def test_what_is_typed_is_kept_and_shown_by_itself_through_a_lost_network_and_a_closed_tab(
    town: Town, visitor: Callable[..., Page]
) -> None:
    """Types, loses the network, finds it again (tried every four seconds), closes the tab, comes back: over 5 s."""
    page = visitor("ada")
    page.goto(f"{town.url}/alerts/new/holding?mode=exercise")
    fill_in(page)
    expect(page.locator("#preview")).to_contain_text("ØVELSE ØVELSE")
    expect(page.locator("#saved")).to_contain_text("Saved")
    expect(page.locator("[name='next_update']")).to_be_focused()
    page.context.set_offline(True)
    page.fill("[name='f.seen.en']", "The river rises fast")
    expect(page.locator("#saved-words")).to_contain_text("no connection")
    page.context.set_offline(False)
    expect(page.locator("#preview")).to_contain_text("The river rises fast", timeout=15_000)
    expect(page.locator("#saved-words")).to_contain_text("Saved")
    page.close()
    again = visitor("ada")
    again.click("a:has-text('Go on with: First message')")
    assert again.input_value("[name='f.seen.en']") == "The river rises fast"
    again.click("button[value=undo]")
    assert again.input_value("[name='f.seen.en']") != "The river rises fast"


def test_the_map_writes_into_the_form(town: Town, visitor: Callable[..., Page]) -> None:
    page = visitor("ada")
    page.goto(f"{town.url}/alerts/new/holding?mode=exercise")
    page.wait_for_selector("#map .map-zone")
    box = page.locator("#map").bounding_box()
    assert box is not None

    def click(across: float, down: float) -> None:
        page.locator("#map").click(position={"x": box["width"] * across, "y": box["height"] * down})

    page.check("[name='area.zones'][value=rocklea]")
    expect(page.locator("#map .map-zone.in")).to_have_count(1)
    page.click("[data-mode=circle]")
    click(0.4, 0.4)
    click(0.6, 0.6)
    assert float(page.input_value("[name='area.circle.radius_km']")) > 0
    expect(page.locator("#map .map-zone.spill")).not_to_have_count(0)
    page.click("[data-mode=outline]")
    for spot in ((0.3, 0.3), (0.7, 0.3), (0.6, 0.7)):
        click(*spot)
    page.click("[data-does=here]")
    assert page.input_value("[name='area.shape']").count("\n") == 3
    assert page.input_value("[name='area.circle.lat']") == ""
    page.click("[data-does=clear]")
    assert page.input_value("[name='area.shape']") == ""


def test_enter_in_a_field_sends_nothing(town: Town, visitor: Callable[..., Page]) -> None:
    page = visitor("ben")
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.url)

    page.on("request", note)
    page.goto(f"{town.url}/alerts/{town.ids['pending']}/decide")
    page.check("[name=read]")
    page.fill("#password", "four random words here")
    page.press("#password", "Enter")
    page.goto(f"{town.url}/alerts/{town.ids['going']}/stop")
    page.fill("#word", "STOP")
    page.press("#word", "Enter")
    page.goto(f"{town.url}/alerts/new/holding?mode=live")
    page.press("[name='f.seen.nb']", "Enter")
    page.wait_for_timeout(300)
    # Typing keeps what is typed, and does nothing else.
    assert [each for each in sent if not each.endswith("/alerts/writing")] == []


def test_everything_works_without_a_script(town: Town, visitor: Callable[..., Page]) -> None:
    """Preview, save, check and submit by plain forms; two dozen requests: it may take over 5 s."""
    page = visitor("ada", scripts=False)
    page.goto(f"{town.url}/alerts/new/holding?mode=exercise")
    fill_in(page)
    page.click("button[value=preview]")
    expect(page.locator("#preview")).to_contain_text("ØVELSE")
    page.click("button[value=check]")
    page.click("main button.huge")
    expect(page.locator("main")).to_contain_text("Waits for a second person")


def test_progress_follows_along_by_itself(town: Town, visitor: Callable[..., Page]) -> None:
    """Waits for a poll, which comes every two seconds: over 5 s on a busy machine."""
    with town.house.app.app_context():
        draft = holding(incident="follow", channels=("website", "sms"), languages=("en",))
        alert_id = approved(town.house, town.rt, draft)
    page = visitor("cy")
    page.goto(f"{town.url}/alerts/{alert_id}")
    expect(page.locator("#progress")).to_contain_text("Still to be listed")
    broadcasting.materialise(town.rt, alert_id)
    expect(page.locator("#progress")).not_to_contain_text("Still to be listed", timeout=30_000)
    broadcasting.stop(town.rt, alert_id, town.house.people["ada"].actor, "enough", town.house.clock())
    expect(page.locator(".head")).to_contain_text("Stopped", timeout=30_000)


def test_the_keyboard_reaches_the_content_first_and_sees_where_it_is(town: Town, visitor: Callable[..., Page]) -> None:
    page = visitor("ada")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.closest('main') !== null")
    assert focused
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_first_complaint_has_the_focus(town: Town, visitor: Callable[..., Page]) -> None:
    page = visitor("ada")
    page.goto(f"{town.url}/alerts/new/holding?mode=live")
    page.fill("#new_incident", "Flom")
    page.click("#when summary")
    page.fill("[name=expires]", "noonish")
    page.click("button[value=save]")
    page.wait_for_selector("#problems")
    assert page.evaluate("document.activeElement.id") == "problems"
    page.click("#problems a")
    assert page.url.endswith("#expires")
    expect(page.locator("[name=expires]")).to_be_focused()


def test_a_button_pressed_twice_sends_once(town: Town, visitor: Callable[..., Page]) -> None:
    page = visitor("ada")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.goto(f"{town.url}/alerts/{town.ids['draft']}/edit")
    with page.expect_navigation():
        page.evaluate("const b = document.querySelector('button[value=save]'); b.click(); b.click();")
    assert len(sent) == 1


def test_the_menu_of_a_phone_opens_without_a_script(town: Town, visitor: Callable[..., Page]) -> None:
    page = visitor("cy", width=320, scripts=False)
    page.click("summary:has-text('Menu')")
    page.click("details.menu a:has-text('Residents')")
    expect(page.locator("h1")).to_have_text("Residents")


def test_another_language_is_one_press_away(town: Town, visitor: Callable[..., Page]) -> None:
    page = visitor("cy")
    page.click("button[value=nb]")
    expect(page.locator("h1")).to_have_text("Oversikt")
    page.click("button[value=en]")
    expect(page.locator("h1")).to_have_text("Overview")


AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": False,
    "isUserVerified": False,
}


@pytest.mark.filterwarnings("ignore:Passing SelectField choices:DeprecationWarning")
def test_a_passkey_is_added_and_becomes_the_second_step(town: Town, visitor: Callable[..., Page]) -> None:
    """With Chromium's own virtual authenticator. It may take over 5 s."""
    page = visitor("root")
    wire = page.context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.goto(f"{town.url}/passkeys")
    page.fill("#name", "blue key")
    page.click("button:has-text('Add a passkey')")
    page.wait_for_url(f"{town.url}/account/second-step")
    expect(page.locator("main")).to_contain_text("The passkey blue key is ready.")
    page.click("button:has-text('Log out') >> visible=true")
    page.fill("#email", "root@bcc.example")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    expect(page.locator("h1")).to_have_text("Your passkey")
    page.goto(f"{town.url}/account")
    assert "/login" in page.url
    page.fill("#email", "root@bcc.example")
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.click("button:has-text('Use my passkey')")
    page.wait_for_url(f"{town.url}/account")
    page.goto(f"{town.url}/passkeys")
    page.click("button:has-text('Remove')")
    expect(page.locator("main")).to_contain_text("The passkey blue key is removed.")
