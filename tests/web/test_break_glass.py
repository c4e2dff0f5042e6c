"""The sealed account: opens once, without a second step, and everybody hears of it."""

from pathlib import Path

import pytest

from broadcaster.domain.errors import NotAllowed
from broadcaster.runtime import FOLDER, Runtime
from broadcaster.services import seals
from broadcaster.store import accounts
from channels.sandbox.server import Sandbox
from tests.engine.city import holding
from tests.web.cast import OPERATOR, House
from tests.web.stories import submitted
from tests.web.test_people import journal

WHO = {"name": "Kari Nordmann", "why": "The water is in the server room"}


@pytest.fixture
def environment(environment: dict[str, str], folder: Path, sandbox: Sandbox) -> dict[str, str]:
    """A second step is demanded, and the staff have a phone that the sandbox serves."""
    profile = (FOLDER / "profiles" / "brisbane.yaml").read_text(encoding="utf-8")
    own = folder / "brisbane.yaml"
    lines = [line for line in profile.splitlines() if not line.startswith("staff_phones:")]
    own.write_text("\n".join([*lines, 'staff_phones: ["+61491570156"]', ""]), encoding="utf-8")
    kept = {name: value for name, value in environment.items() if name != "BROADCASTER_SECOND_STEP"}
    return kept | {"BROADCASTER_PROFILE": str(own), "BROADCASTER_TWILIO_API_URL": sandbox.urls["twilio"]}


def sent(sandbox: Sandbox) -> list[str]:
    return [str(each["text"]) for each in sandbox.control("twilio").sent()]


def test_what_stands_on_the_sheet_opens_once_and_everybody_sees_and_hears_it(
    house: House, rt: Runtime, sandbox: Sandbox
) -> None:
    _, secret = seals.seal(rt, OPERATOR, house.clock())
    cy = house.of("cy")
    assert "BREAK-GLASS" not in cy.get("/").text
    kari = house.browser()
    assert "A text goes to 1 phone of the staff" in kari.get("/break-glass").text
    assert kari.post("/break-glass", {"secret": secret}).status_code == 422  # nobody knows who, and the seal is whole
    assert kari.post("/break-glass", WHO | {"secret": secret.lower().replace("-", " ")}).status_code == 302
    assert kari.get("/people").status_code == 200  # an admin, and no second step is asked for
    house.clock.pass_by(hours=3)
    assert kari.get("/").status_code == 200  # no idle limit: it could not be opened again
    page = house.of("cy").get("/incidents").text
    assert "BREAK-GLASS ACCOUNT IN USE" in page
    assert "Kari Nordmann" in page
    assert "BREAK-GLASS" not in house.browser().get("/login").text
    for _ in range(2):
        seals.tell(rt, house.clock())
    (text,) = sent(sandbox)
    assert "Kari Nordmann: The water is in the server room" in text
    assert journal(rt)[:3] == ["seal.told", "seal.break", "seal.make"]
    thief = house.browser()
    thief.get("/break-glass")
    assert "This seal was broken before" in thief.post("/break-glass", WHO | {"secret": secret}).text
    house.clock.pass_by(hours=10)
    assert kari.get("/").status_code == 302  # twelve hours are over
    _, new = seals.seal(rt, OPERATOR, house.clock())
    assert "BREAK-GLASS" not in house.of("cy").get("/").text
    assert thief.post("/break-glass", WHO | {"secret": secret}).status_code == 403
    assert thief.post("/break-glass", WHO | {"secret": new}).status_code == 302


def test_it_is_one_person_and_the_sheet_proves_it_again(town: House, rt: Runtime) -> None:
    _, secret = seals.seal(rt, OPERATOR, town.clock())
    kari = town.browser()
    kari.get("/break-glass")
    kari.post("/break-glass", WHO | {"secret": secret})
    kari.get("/account")
    with rt.db.read() as connection:
        sealed = accounts.sealed(connection)
    assert sealed is not None
    assert sealed.name == "Kari Nordmann (break-glass account)"
    town.people["kari"] = sealed
    own, others = submitted(town, rt, holding(), by="kari"), submitted(town, rt, holding())
    assert kari.get(f"/alerts/{own}/decide").status_code == 403
    page = kari.get(f"/alerts/{others}/decide").text
    digest = page.split('name="hash" value="')[1].split('"')[0]
    form: dict[str, object] = {"hash": digest, "read": "yes", "phones": "40", "password": secret}
    assert kari.post(f"/alerts/{others}/approve", form).status_code == 302


def test_the_ordinary_log_in_never_opens_it_and_no_person_seals_it(house: House, rt: Runtime) -> None:
    _, secret = seals.seal(rt, OPERATOR, house.clock())
    browser = house.browser()
    browser.get("/login")
    assert browser.post("/login", {"email": seals.EMAIL, "password": secret}).status_code == 200
    with pytest.raises(NotAllowed):
        seals.seal(rt, house.people["root"].actor, house.clock())


def test_guessing_at_it_is_slowed_by_address(house: House, rt: Runtime) -> None:
    seals.seal(rt, OPERATOR, house.clock())
    browser = house.browser("198.51.100.9")
    browser.get("/break-glass")
    answers = [browser.post("/break-glass", WHO | {"secret": f"guess {each}"}).status_code for each in range(32)]
    assert answers == [403] * 30 + [429] * 2
