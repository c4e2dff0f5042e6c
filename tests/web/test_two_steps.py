"""The second step cannot be skipped, replayed or used twice."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from passlib.totp import TOTP  # type: ignore[import-untyped]

from broadcaster.runtime import Runtime
from broadcaster.store import accounts
from tests.web.cast import PASSWORD, Browser, House

pytestmark = pytest.mark.filterwarnings("ignore:Passing SelectField choices:DeprecationWarning")


def code_of(secret: str, ahead: int = 0) -> str:
    """What the app on the phone shows now, or so many steps later."""
    totp = TOTP(key=secret)
    moment = totp.generate()
    return str(totp.generate(moment.start_time + 30 * ahead).token)


def set_up(browser: Browser) -> str:
    """Turn it on; returns the key that the phone keeps."""
    browser.get("/two-factor")
    page = browser.post("/two-factor", {"setup": "authenticator"})
    key = re.search(r'<code class="wrap-any">([^<]+)</code>', page.text)
    action = re.search(r'action="(/two-factor/[^"]+)"', page.text)
    assert key
    assert action
    secret = key[1].replace("-", "").replace(" ", "")
    answer = browser.post(action[1], {"code": code_of(secret, -1)})
    assert answer.status_code == 302, answer.text
    return secret


def begin(house: House) -> Browser:
    """A browser in which Ada has given her password."""
    browser = house.browser()
    browser.get("/login")
    answer = browser.post("/login", {"email": "ada@bcc.example", "password": PASSWORD})
    assert urlsplit(answer.headers["Location"]).path == "/two-factor/code"
    assert browser.get(answer.headers["Location"]).status_code == 200
    return browser


def test_a_password_alone_opens_nothing_any_more(house: House) -> None:
    set_up(house.of("ada"))
    browser = begin(house)
    for path in ("/", "/account", "/alerts/new", "/two-factor", "/two-factor/recovery-codes", "/password"):
        answer = browser.get(path)
        assert answer.status_code == 302, path
        assert (
            parse_qs(urlsplit(answer.headers["Location"]).query).get("next") or "/login" in answer.headers["Location"]
        )


def test_the_code_of_the_phone_opens(house: House) -> None:
    secret = set_up(house.of("ada"))
    browser = begin(house)
    assert browser.post("/two-factor/code", {"code": code_of(secret)}).status_code == 302
    assert browser.get("/account").status_code == 200


def test_a_code_opens_once(house: House) -> None:
    secret = set_up(house.of("ada"))
    code = code_of(secret)
    assert begin(house).post("/two-factor/code", {"code": code}).status_code == 302
    thief = begin(house)
    answer = thief.post("/two-factor/code", {"code": code})
    assert "The code is wrong or too old" in answer.text
    assert thief.get("/account").status_code == 302


def test_who_lost_the_phone_is_shown_the_way(house: House) -> None:
    set_up(house.of("ada"))
    browser = begin(house)
    for path in ("/two-factor/code", "/two-factor/lost", "/two-factor/recovery"):
        answer = browser.get(path)
        assert answer.status_code == 200, path
    assert "One of the codes that you kept" in answer.text


def test_guessing_codes_is_slowed(house: House) -> None:
    set_up(house.of("ada"))
    browser = begin(house)
    answers = [browser.post("/two-factor/code", {"code": f"{each:06}"}).status_code for each in range(12)]
    assert answers == [200] * 10 + [429] * 2


def test_a_recovery_code_opens_once(house: House) -> None:
    ada = house.of("ada")
    set_up(ada)
    ada.get("/two-factor/recovery-codes")
    page = ada.post("/two-factor/recovery-codes", {"generate_new_codes": "1"})
    codes = re.findall(r"<li>([0-9a-f-]{14})</li>", page.text)
    assert len(codes) == 8
    browser = begin(house)
    browser.get("/two-factor/recovery")
    assert browser.post("/two-factor/recovery", {"code": codes[0]}).status_code == 302
    assert browser.get("/account").status_code == 200
    again = begin(house)
    again.get("/two-factor/recovery")
    again.post("/two-factor/recovery", {"code": codes[0]})
    assert again.get("/account").status_code == 302


def test_the_key_of_the_phone_is_not_readable_in_the_database(house: House, rt: Runtime) -> None:
    secret = set_up(house.of("ada"))
    with rt.db.read() as connection:
        stored = accounts.get(connection, house.people["ada"].id).tf_totp_secret
    assert stored
    assert secret.upper() not in stored.upper()


def test_an_admin_can_let_somebody_in_who_lost_phone_and_password(house: House) -> None:
    set_up(house.of("ada"))
    root = house.of("root")
    root.get("/people")
    page = root.post(f"/people/{house.people['ada'].id}/reset")
    found = re.search(r'<code class="secret">([^<]+)</code>', page.text)
    assert found
    assert house.browser().login("ada", found[1]).status_code == 302
