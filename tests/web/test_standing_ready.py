"""Playbooks at the console: two people stand for a version, one starts it, and nothing goes that nobody stood for."""

import re

import pytest

from broadcaster.runtime import Runtime
from broadcaster.store import alerts as alert_store
from tests.web.cast import PASSWORD, Browser, House

BLANKS: dict[str, object] = {
    "f.cause": "pressure-lost",
    "f.zones": ["rocklea"],
    "f.decided_by": "health",
    "f.decided_at": "-10m",
    "f.log_number": "17",
    "f.schools_told": "no",
}


def approve(browser: Browser, name: str = "boil-water", password: str = PASSWORD) -> int:
    page = browser.get(f"/playbooks/{name}").text
    seen = re.search(r'name="hash" value="([0-9a-f]{64})"', page)
    return browser.post(
        f"/playbooks/{name}/approve", {"hash": seen[1] if seen else "", "password": password}
    ).status_code


def alerts_of(rt: Runtime) -> list[str]:
    with rt.db.read() as connection:
        return [str(each.state) for each in alert_store.listing(connection)]


def test_every_playbook_shows_its_texts(town: House) -> None:
    ada = town.of("ada")
    names = re.findall(r'href="/playbooks/([a-z-]+)"', ada.get("/playbooks").text)
    assert {"boil-water", "evacuation", "rumour"} <= set(names)
    assert "BOIL WATER" in ada.get("/playbooks/boil-water").text


def test_two_people_with_their_passwords_stand_for_a_version(town: House) -> None:
    ben, root = town.of("ben"), town.of("root")
    assert approve(ben, password="wrong") == 422
    assert approve(ben) == 302
    assert "I have read it and stand for this version" not in ben.get("/playbooks/boil-water").text
    assert approve(root) == 302
    assert "two people stand for it" in root.get("/playbooks").text


def test_an_author_cannot_stand_for_anything(town: House) -> None:
    assert approve(town.of("ada")) == 404


def test_a_version_that_was_not_the_one_seen_is_not_approved(town: House) -> None:
    ben = town.of("ben")
    answer = ben.post("/playbooks/boil-water/approve", {"hash": "0" * 64, "password": PASSWORD})
    assert answer.status_code == 409
    assert "has changed since you looked at it" in answer.text


def test_a_run_of_what_nobody_stands_for_waits(town: House, rt: Runtime) -> None:
    ada = town.of("ada")
    page = ada.get("/playbooks/boil-water?mode=live").text
    assert "Write its alerts and submit them" in page
    answer = ada.post("/playbooks/boil-water/runs", BLANKS | {"mode": "live", "password": PASSWORD})
    assert answer.status_code == 302, answer.text
    assert alerts_of(rt) == ["pending_approval"]
    assert "Each alert waits for another person" in ada.get(answer.headers["Location"]).text


def test_a_run_of_what_two_stand_for_goes_at_once(town: House, rt: Runtime) -> None:
    approve(town.of("ben"))
    approve(town.of("root"))
    ada = town.of("ada")
    assert "Send its alerts now" in ada.get("/playbooks/boil-water?mode=live").text
    answer = ada.post("/playbooks/boil-water/runs", BLANKS | {"mode": "live", "password": PASSWORD})
    assert alerts_of(rt) == ["broadcasting"]
    page = ada.get(answer.headers["Location"]).text
    assert re.search(r"approved by (Ben and Root|Root and Ben)", page)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"password": "wrong"}, "The password is wrong"),
        ({"mode": ""}, "Say whether it is real or an exercise"),
        ({"f.cause": ""}, "must be filled in"),
        ({"f.zones": ["atlantis"]}, "atlantis"),
    ],
)
def test_a_run_that_is_not_right_starts_nothing(town: House, rt: Runtime, change: dict[str, object], said: str) -> None:
    form = BLANKS | {"mode": "live", "password": PASSWORD} | change
    answer = town.of("ada").post("/playbooks/boil-water/runs", form)
    assert answer.status_code == 422
    assert said in answer.text
    assert alerts_of(rt) == []


@pytest.mark.parametrize("name", ["nothing", "..", "%2e%2e%2fx", "BOIL"])
def test_what_is_no_playbook_leads_nowhere(town: House, name: str) -> None:
    assert town.of("ada").get(f"/playbooks/{name}").status_code == 404
