"""A session ends on the server: who kept the cookie has nothing."""

from datetime import timedelta

import pytest

from broadcaster.domain.rules import Role
from broadcaster.runtime import Runtime
from broadcaster.services import accounts
from tests.web.cast import OPERATOR, PASSWORD, Browser, House


def alive(browser: Browser) -> bool:
    return browser.get("/account").status_code == 200


def copy_of(house: House, browser: Browser) -> Browser:
    """Another browser with the very same cookies: what a thief would have."""
    other = house.browser()
    for name, value in browser.cookies().items():
        other.client.set_cookie(name, value, domain="console.bcc.example", secure=True)
    return other


def test_the_cookie_is_for_this_host_over_https_and_not_for_scripts(house: House) -> None:
    browser = house.browser()
    browser.get("/login")
    answer = browser.post("/login", {"email": "ada@bcc.example", "password": PASSWORD})
    (cookie,) = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith("__Host-session=")]
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))


def test_logging_in_changes_the_cookie_so_that_nobody_can_plant_one(house: House) -> None:
    browser = house.browser()
    browser.get("/login")
    planted = copy_of(house, browser)
    browser.post("/login", {"email": "ada@bcc.example", "password": PASSWORD})
    assert alive(browser)
    assert not alive(planted)


def test_a_cookie_kept_from_before_logging_out_is_dead(house: House) -> None:
    browser = house.of("ada")
    stolen = copy_of(house, browser)
    assert alive(stolen)
    browser.post("/logout")
    assert not alive(browser)
    assert not alive(stolen)


def test_logging_out_on_one_device_leaves_the_other_at_work(house: House) -> None:
    laptop, phone = house.of("ada"), house.of("ada")
    phone.post("/logout")
    assert alive(laptop)
    assert not alive(phone)


def test_changing_the_password_ends_every_other_session(house: House) -> None:
    here, elsewhere = house.of("ada"), house.of("ada")
    here.get("/password")
    new = "quite another four words"
    answer = here.post("/password", {"password": PASSWORD, "new_password": new, "new_password_confirm": new})
    assert answer.status_code == 302
    assert alive(here)
    assert not alive(elsewhere)
    assert house.browser().login("ada").status_code == 200
    assert house.browser().login("ada", new).status_code == 302


def test_a_short_new_password_is_refused(house: House) -> None:
    browser = house.of("ada")
    browser.get("/password")
    answer = browser.post("/password", {"password": PASSWORD, "new_password": "short", "new_password_confirm": "short"})
    assert "at least 12 characters" in answer.text


def test_another_role_ends_the_session(house: House, rt: Runtime) -> None:
    browser = house.of("ben")
    accounts.change_role(rt, house.people["ben"].id, Role.VIEWER, OPERATOR, house.clock())
    assert not alive(browser)


def test_a_closed_account_is_out_at_once_and_cannot_come_back(house: House, rt: Runtime) -> None:
    browser = house.of("ben")
    accounts.set_active(rt, house.people["ben"].id, False, OPERATOR, house.clock())
    assert not alive(browser)
    assert house.browser().login("ben").status_code == 200


def test_a_session_that_nobody_uses_ends_after_half_an_hour(house: House) -> None:
    browser = house.of("ada")
    for _ in range(3):
        house.clock.pass_by(minutes=29)
        assert alive(browser)
    house.clock.pass_by(minutes=31)
    assert not alive(browser)


def test_a_page_that_asks_by_itself_does_not_keep_a_session_alive(house: House) -> None:
    browser = house.of("ada")
    for _ in range(4):
        house.clock.pass_by(minutes=9)
        answer = browser.get("/inbox/list", HX_Request="true")
    assert answer.status_code == 204
    assert answer.headers["HX-Refresh"] == "true"
    assert not alive(browser)


def test_a_session_ends_after_twelve_hours_whatever_happens(house: House) -> None:
    browser = house.of("ada")
    for _ in range(28):
        house.clock.pass_by(minutes=25)
        assert alive(browser)
    house.clock.pass_by(minutes=25)
    assert not alive(browser)


def test_a_cookie_that_was_tampered_with_is_nobody(house: House) -> None:
    browser = house.of("ada")
    thief = house.browser()
    value = browser.cookies()["__Host-session"]
    thief.client.set_cookie("__Host-session", value[:-2] + "xx", domain="console.bcc.example", secure=True)
    assert not alive(thief)


@pytest.mark.parametrize("path", ["/", "/incidents", "/inbox", "/residents", "/kinds", "/account", "/alerts/new"])
def test_looking_at_pages_takes_no_writers_place(house: House, rt: Runtime, path: str) -> None:
    browser = house.of("ada")
    assert rt.db._turnstile is not None
    with rt.db._turnstile.turn():  # as long as this is held nobody can write; a page that tried would hang
        answer = browser.get(path)
    assert answer.status_code == 200


def test_sessions_of_long_ago_are_forgotten(house: House, rt: Runtime) -> None:
    from sqlalchemy import func, select

    from broadcaster.store.schema import sessions

    for _ in range(3):
        house.of("ada")
    house.clock.now += timedelta(days=3)
    house.of("ada")
    with rt.db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(sessions)) == 1
