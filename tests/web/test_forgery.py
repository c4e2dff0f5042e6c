"""Forms that come from elsewhere, and links that lead elsewhere."""

import pytest

from broadcaster.domain.lifecycle import AlertState
from broadcaster.runtime import Runtime
from tests.engine.city import holding
from tests.web.cast import HOST, PASSWORD, House
from tests.web.stories import row, written
from tests.web.test_access import routes


def test_every_form_without_its_token_is_refused(house: House) -> None:
    browser = house.of("root")
    for endpoint, method, path, role in routes(house.app):
        if method == "POST" and (role is not None or endpoint == "console.choose_language"):
            assert browser.post(path, {"csrf_token": ""}).status_code == 403, endpoint


def test_a_token_of_another_session_is_refused(house: House) -> None:
    ada, ben = house.of("ada"), house.of("ben")
    assert ada.post("/language", {"csrf_token": ben.token, "language": "nb"}).status_code == 403
    assert ada.post("/language", {"language": "nb"}).status_code == 302


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"{HOST}.evil.example"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
        {"Referer": "https://evil.example/"},
    ],
)
def test_a_form_of_another_site_is_refused_even_with_the_right_token(
    town: House, rt: Runtime, headers: dict[str, str]
) -> None:
    alert_id = written(town, rt, holding())
    browser = town.of("ada")
    assert browser.post(f"/alerts/{alert_id}/discard", None, **headers).status_code == 403
    assert row(rt, alert_id).state is AlertState.DRAFT


def test_a_form_of_ours_names_us_and_passes(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, holding())
    browser = town.of("ada")
    answer = browser.post(f"/alerts/{alert_id}/discard", Origin=HOST, Sec_Fetch_Site="same-origin")
    assert answer.status_code == 302
    assert row(rt, alert_id).state is AlertState.DISCARDED


def test_log_in_cannot_be_forged_either(house: House) -> None:
    browser = house.browser()
    answer = browser.post("/login", {"email": "ada@bcc.example", "password": PASSWORD, "csrf_token": "made-up"})
    assert answer.status_code == 403


AWAY = (
    *("//evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "https:evil.example"),
    *("http:///evil.example", "////evil.example", "/\t/evil.example", "javascript:alert(1)", " //evil.example"),
    *("/x\r\nSet-Cookie: a=b", f"{HOST}@evil.example", "//console.bcc.example@evil.example"),
)


@pytest.mark.parametrize("path", AWAY)
def test_logging_in_never_leads_elsewhere(house: House, path: str) -> None:
    browser = house.browser()
    crafted = browser.client.get("/login", query_string={"next": path}, base_url=HOST)
    assert crafted.headers["Location"] == "/login"
    browser.get("/login")
    answer = browser.client.post(
        "/login",
        query_string={"next": path},
        data={"email": "ada@bcc.example", "password": PASSWORD, "csrf_token": browser.token, "next": path},
        base_url=HOST,
        headers={"Referer": f"{HOST}/login"},
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login")
    assert "a=b" not in str(answer.headers)


def test_logging_in_leads_on_to_where_one_wanted_to_go(house: House) -> None:
    browser = house.browser()
    answer = browser.get("/incidents?before=3")
    assert answer.headers["Location"] == "/login?next=/incidents?before%3D3"
    page = browser.get(answer.headers["Location"])
    assert 'action="/login?next=/incidents?before%3D3"' in page.text
    answer = browser.post("/login?next=/incidents?before%3D3", {"email": "ada@bcc.example", "password": PASSWORD})
    assert answer.headers["Location"] == "/incidents?before=3"


@pytest.mark.parametrize("path", AWAY)
def test_choosing_a_language_never_leads_elsewhere(house: House, path: str) -> None:
    browser = house.of("ada")
    answer = browser.post("/language", {"language": "nb", "next": path})
    assert answer.headers["Location"] == "/"
