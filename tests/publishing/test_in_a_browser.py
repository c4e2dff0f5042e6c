"""The public pages in a real browser: no fault that axe can find, nothing to scroll sideways for, no request beside the page."""

import functools
import http.server
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Page

from broadcaster.domain.alert import MsgType, Status
from broadcaster.domain.lifecycle import AlertState
from broadcaster.store.status_page import build
from broadcaster.store.status_view import PublicView
from tests.publishing.city import NOW, alert, following, told, view

pytestmark = pytest.mark.browser

EVERYWHERE = ("index.html", "en/index.html", "nb/alerts/flood-2.html", "a/abcdefg3/index.html", "404.html")


def flooded(root: str = "live") -> PublicView:
    """Everything that a page can show at once: every level, broken promises, what ran out, what was lifted and replaced."""
    status = Status.ACTUAL if root == "live" else Status.EXERCISE
    first = alert(1, state=AlertState.SUPERSEDED, successors=("flood-2",), status=status)
    second = following(first, alert(2, status=status, next_update_at=NOW - timedelta(hours=1)))
    third = alert(3, state=AlertState.CANCELLED, status=status)
    fourth = alert(4, tags=("en",), status=status, text="A" * 80)
    over = alert(5, status=status, expires=NOW - timedelta(hours=1))
    instructions = (
        told("evacuate", "Nedre Moen", "flood-2"),
        told("boil-water", "Nedre Moen", "flood-4"),
        told("prepare", "Langeland", "flood-2"),
        told("informed", "Vennersberg", "flood-5", expires=NOW - timedelta(hours=1)),
    )
    return view(
        *(first, second, third, fourth, over),
        instructions=instructions,
        lifted=(told("evacuate", "Sentrum", lifted=NOW),),
        root=root,
    )


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and keeps what was asked for."""

    asked: list[str] = []  # noqa: RUF012 - one list for all requests of a test

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class calls it so
        self.asked.append(self.path)


@pytest.fixture(params=["live", "exercise"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of the folder as any static server would serve it."""
    for path, text in build(flooded(request.param)).files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    Quiet.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def opened(browser: Browser, address: str, width: int = 360, scheme: str = "light", scripts: bool = False) -> Page:
    """A page in a context of its own; whatever its console says is kept in `page.complaints`."""
    context = browser.new_context(
        viewport={"width": width, "height": 640},
        color_scheme="dark" if scheme == "dark" else "light",
        java_script_enabled=scripts,
        # axe runs inside the page, which our own policy forbids to everybody.
        bypass_csp=scripts,
    )
    page = context.new_page()
    page.goto(address)
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(browser: Browser, site: str, scheme: str) -> None:
    """WCAG 2.2 AA as far as a machine can see, in light and dark, on a phone's width. Ten pages: it may take over 5 s."""
    for path in EVERYWHERE:
        page = opened(browser, f"{site}/{path}", scheme=scheme, scripts=True)
        found = Axe().run(page)
        assert found.violations_count == 0, f"{path}: {found.generate_report()}"
        page.context.close()


def test_nothing_scrolls_sideways_at_320_pixels(browser: Browser, site: str) -> None:
    for path in EVERYWHERE:
        page = opened(browser, f"{site}/{path}", width=320, scripts=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320, path
        page.context.close()


def test_a_page_is_one_request_and_the_browser_has_nothing_to_complain_about(browser: Browser, site: str) -> None:
    for path in EVERYWHERE:
        Quiet.asked = []
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        complaints: list[str] = []

        def note(message: ConsoleMessage, complaints: list[str] = complaints) -> None:
            complaints.append(message.text)

        page.on("console", note)
        page.goto(f"{site}/{path}", wait_until="networkidle")
        assert Quiet.asked == [f"/{path}"]
        assert complaints == []
        assert page.locator("h1").count() == 1
        context.close()


def test_when_and_what_to_do_and_whom_to_call_come_first_on_a_small_screen(browser: Browser, site: str) -> None:
    page = opened(browser, f"{site}/index.html", width=320)

    def top(selector: str) -> float:
        box = page.locator(selector).first.bounding_box()
        assert box
        return box["y"]

    assert top("p.when") < top("h1#now") < top(".place") < top("#call") < top("#messages") < top("footer h2")
    assert top("h1#now") < 640
    page.context.close()


def test_phones_numbers_are_large_enough_to_tap(browser: Browser, site: str) -> None:
    """WCAG 2.2, 2.5.8 asks for 24 pixels; a wet finger needs 44."""
    page = opened(browser, f"{site}/index.html", width=320)
    for link in page.locator(".call a").all():
        box = link.bounding_box()
        assert box
        assert box["height"] >= 44
    page.context.close()


def test_the_languages_lead_to_each_other_without_script(browser: Browser, site: str) -> None:
    page = opened(browser, f"{site}/a/abcdefg3/")
    page.get_by_role("link", name="English").click()
    assert page.url.endswith("/en/alerts/flood-3.html")
    page.get_by_role("link", name="All instructions and messages").click()
    assert page.url.endswith("/en/")
    page.get_by_role("link", name="Norsk (bokmål)").click()
    assert page.locator("html").get_attribute("lang") == "nb"
    page.context.close()


def test_colour_is_never_alone(browser: Browser, site: str) -> None:
    """Every coloured shape stands behind the word that says the same, and is hidden from screen readers."""
    page = opened(browser, f"{site}/index.html")
    for shape in page.locator("main svg").all():
        assert shape.get_attribute("aria-hidden") == "true"
        before = shape.locator("xpath=..").inner_text().strip()
        assert before
    page.context.close()


def test_a_cancel_is_shown_as_what_it_is(browser: Browser, tmp_path: Path) -> None:
    ended = alert(1, state=AlertState.CANCELLED, successors=("flood-2",))
    cancel = following(ended, alert(2), MsgType.CANCEL)
    for path, text in build(replace(view(ended, cancel))).files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    page = opened(browser, f"file://{tmp_path}/en/alerts/flood-1.html")
    assert page.locator("h1").inner_text() == "Flood: no longer in force"
    page.get_by_role("link", name="Read the newer message").click()
    assert page.url.endswith("flood-2.html")
    page.context.close()
