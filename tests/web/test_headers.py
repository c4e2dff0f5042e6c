"""What every answer carries, whatever was asked and by whom; and that pages hold nothing a strict policy would block."""

import re
from html.parser import HTMLParser

import pytest

from broadcaster.runtime import Runtime
from tests.engine.city import holding
from tests.web.cast import House
from tests.web.stories import submitted, written
from tests.web.test_access import routes


def test_every_route_carries_the_headers(house: House) -> None:
    browser = house.of("root")
    for endpoint, method, path, _ in routes(house.app):
        answer = browser.get(path) if method == "GET" else browser.post(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy, endpoint
        assert "unsafe" not in policy, endpoint
        assert policy.startswith(("default-src 'self'", "default-src 'none'")), endpoint
        assert answer.headers["X-Content-Type-Options"] == "nosniff", endpoint
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000"), endpoint
        assert answer.headers["Referrer-Policy"] in ("same-origin", "no-referrer"), endpoint
        assert answer.headers["X-Frame-Options"] == "DENY", endpoint


def test_log_in_and_its_pages_carry_them_too(house: House) -> None:
    for path in ("/login", "/two-factor/code", "/two-factor/recovery", "/nowhere"):
        answer = house.browser().get(path)
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/account", "/residents", "/people"])
def test_pages_of_the_console_are_kept_by_nobody(house: House, path: str) -> None:
    assert "no-store" in house.of("root").get(path).headers["Cache-Control"]


class _Inline(HTMLParser):
    """Collects what the policy would block."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)
        self.found += [f"{tag} {name}" for name in names if name == "style" or name.startswith("on")]
        for name in ("src", "href", "action", "formaction"):
            if (
                (names.get(name) or "")
                .strip()
                .lower()
                .startswith(("http:", "https:", "//", "javascript:", "data:text"))
            ):
                self.found.append(f"{tag} {name}={names[name]}")


def test_no_page_holds_inline_script_style_or_anything_from_elsewhere(town: House, rt: Runtime) -> None:
    draft, pending = written(town, rt, holding()), submitted(town, rt, holding(incident="oxley"))
    browser = town.of("ben")
    paths = ["/", "/incidents", "/incidents/oxley", "/inbox", "/residents", "/kinds", "/kinds/evacuation", "/system"]
    paths += ["/account", "/password", "/alerts/new", "/alerts/new/evacuation?mode=live", f"/alerts/{draft}"]
    paths += [
        f"/alerts/{draft}/edit",
        f"/alerts/{pending}",
        f"/alerts/{pending}/decide",
        f"/alerts/{pending}/deliveries",
    ]
    for path in paths:
        answer = browser.get(path)
        assert answer.status_code == 200, path
        reader = _Inline()
        reader.feed(answer.text)
        assert reader.found == [], path


def test_the_style_sheet_asks_for_nothing_from_elsewhere(house: House) -> None:
    text = house.browser().get("/static/console.css").text
    assert not re.search(r"url\(|@import|https?:", text)


def test_without_https_there_is_no_promise_of_it(environment: dict[str, str]) -> None:
    from broadcaster.runtime import build
    from broadcaster.settings import load
    from broadcaster.web.app import create_app

    rt = build(load(environment | {"BROADCASTER_PUBLIC_URL": "http://127.0.0.1:8000"}))
    answer = create_app(rt).test_client().get("/healthz")
    assert "Strict-Transport-Security" not in answer.headers
    rt.close()
    rt.db.engine.dispose()
