"""Who reaches what: a matrix made from the URL map itself, so that a new page cannot be forgotten."""

import re

import pytest
from flask import Flask

from broadcaster.domain.rules import Role
from broadcaster.runtime import Runtime
from broadcaster.web.auth.guard import _OWN_RULES
from tests.engine.city import holding
from tests.web.cast import PASSWORD, ROLES, House
from tests.web.stories import written

#: Values for the variables of routes when nothing better is known: right in shape, belonging to nothing.
NOBODYS = dict.fromkeys(("alert_id", "change_id", "key_id", "run_id", "token", "user_id", "writing_id"), "0" * 32)
NOBODYS |= {
    "handover_id": "0" * 32,
    "request_id": "0" * 32,
    "list_id": "0" * 32,
    "watch_id": "0" * 32,
    "loan_id": "0" * 32,
}
OTHERS = {
    "short": "22222222",
    "step": "asked",
    "kind": "holding",
    "name": "holding",
    "form": "update",
    "path": "nothing.html",
}
NUMBERS = dict.fromkeys(("zoom", "across", "down"), 0)


def routes(app: Flask) -> list[tuple[str, str, str, Role | None]]:
    """(endpoint, method, path, role that it needs or None for everybody)."""
    found = []
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if rule.endpoint.startswith(_OWN_RULES):
            continue
        values = {name: (NUMBERS | NOBODYS | OTHERS)[name] for name in rule.arguments}
        with app.test_request_context():
            path = rule.build(values)[1]  # type: ignore[index]
        methods = sorted((rule.methods or set()) & {"GET", "POST", "PUT", "PATCH", "DELETE"})
        found += [(rule.endpoint, method, path, getattr(view, "needs", None)) for method in methods]
    return found


def test_every_view_says_whom_it_is_for(house: House) -> None:
    silent = [
        endpoint
        for endpoint, view in house.app.view_functions.items()
        if not endpoint.startswith(_OWN_RULES) and not hasattr(view, "needs") and not hasattr(view, "everybody")
    ]
    assert silent == []


def test_a_view_that_says_nothing_is_for_nobody(house: House) -> None:
    house.app._got_first_request = False
    house.app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert house.of("root").get("/forgotten").status_code == 404


def test_nobody_gets_past_the_log_in(house: House) -> None:
    browser = house.browser()
    browser.get("/login")
    for endpoint, method, path, role in routes(house.app):
        if role is None:
            continue
        answer = browser.get(path) if method == "GET" else browser.post(path)
        if method == "GET":
            assert answer.status_code == 302, endpoint
            assert answer.headers["Location"].startswith("/login"), endpoint
        else:
            assert answer.status_code == 401, endpoint


@pytest.mark.parametrize("name", ROLES)
def test_what_a_role_may_not_reach_does_not_exist_for_it(house: House, name: str) -> None:
    """Runs over a second: every route is asked for, with every role."""
    browser, refused = house.of(name), 0
    for endpoint, method, path, role in routes(house.app):
        if role is None or ROLES[name].covers(role):
            continue
        answer = browser.get(path) if method == "GET" else browser.post(path)
        assert answer.status_code == 404, f"{method} {endpoint}"
        refused += 1
    assert bool(refused) == (name != "root")


@pytest.mark.parametrize("name", ROLES)
def test_an_id_that_is_nobodys_answers_like_one_of_another_role(house: House, name: str) -> None:
    browser = house.of(name)
    for endpoint, method, path, role in routes(house.app):
        if role is None or "0" * 32 not in path or endpoint == "console.follow_up":
            continue
        answer = (
            browser.get(path)
            if method == "GET"
            else browser.post(path, {"word": "STOP", "role": "viewer", "password": PASSWORD})
        )
        assert answer.status_code in (404, 422), f"{method} {endpoint}: {answer.status_code}"


def test_ids_in_addresses_cannot_be_guessed(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, holding())
    assert re.fullmatch(r"[0-9a-f]{32}", alert_id)
    browser = town.of("cy")
    assert browser.get(f"/alerts/{alert_id}").status_code == 200
    for other in ("1", "2", alert_id[:-1] + ("0" if alert_id[-1] != "0" else "1"), "../people", "%2e%2e"):
        assert browser.get(f"/alerts/{other}").status_code == 404


def test_a_viewer_sees_an_alert_and_no_button(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, holding())
    page = town.of("cy").get(f"/alerts/{alert_id}").text
    main = page[page.index("<main") : page.index("</main>")]
    assert "<button" not in main
    assert f"/alerts/{alert_id}/edit" not in main


def test_get_changes_nothing_anywhere(house: House) -> None:
    """Views that change something are POST only; those that take both only show their form on GET."""
    both = {
        rule.endpoint
        for rule in house.app.url_map.iter_rules()
        if rule.endpoint.startswith("console.") and {"GET", "POST"} <= (rule.methods or set())
    }
    assert both == {"console.new_of_kind", "console.edit", "console.writing"}
