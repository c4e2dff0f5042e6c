"""Approvers and admins have a second step, and nobody is locked out by not having it yet."""

import pytest

from broadcaster.domain.errors import Invalid
from broadcaster.domain.lifecycle import AlertState
from broadcaster.runtime import Runtime
from broadcaster.settings import load
from tests.engine.city import holding
from tests.web.cast import PASSWORD, House
from tests.web.stories import approved, row, submitted
from tests.web.test_two_steps import code_of, set_up

pytestmark = pytest.mark.filterwarnings("ignore:Passing SelectField choices:DeprecationWarning")


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """As every installation is that nobody has told otherwise."""
    return {name: value for name, value in environment.items() if name != "BROADCASTER_SECOND_STEP"}


def form_of(rt: Runtime, alert_id: str, password: str) -> dict[str, object]:
    digest = row(rt, alert_id).content_hash
    return {"hash": digest, "read": "yes", "phones": "40", "password": password}


def test_an_approver_without_one_is_led_to_it_and_can_approve_nothing(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    ben = town.of("ben")
    answer = ben.get(f"/alerts/{alert_id}/decide")
    assert answer.headers["Location"] == f"/account/second-step?next=/alerts/{alert_id}/decide"
    assert "your power waits for a second step" in ben.get(answer.headers["Location"]).text
    assert ben.post(f"/alerts/{alert_id}/approve", form_of(rt, alert_id, PASSWORD)).status_code == 403
    assert row(rt, alert_id).state is AlertState.PENDING_APPROVAL
    secret = set_up(ben)
    page = ben.get("/account/second-step?next=/incidents").text
    assert "Make recovery codes now" in page
    assert 'href="/incidents"' in page
    assert ben.get(f"/alerts/{alert_id}/decide").status_code == 200
    assert ben.post(f"/alerts/{alert_id}/approve", form_of(rt, alert_id, code_of(secret, 1))).status_code == 302
    assert row(rt, alert_id).approved_by == town.people["ben"].id


def test_who_has_no_phone_at_hand_works_on_as_an_author(town: House, rt: Runtime) -> None:
    going = approved(town, rt, holding())
    root = town.of("root")
    assert root.get("/").headers["Location"].startswith("/account/second-step")
    assert root.get(f"/alerts/{going}/stop").status_code == 200  # before anything else is asked
    assert root.post("/account/second-step/later", {"next": "//evil.example"}).headers["Location"] == "/"
    assert root.get("/").status_code == 200
    assert root.get("/alerts/new").status_code == 200
    assert root.get("/people").headers["Location"].startswith("/account/second-step")
    assert root.post("/people", {"email": "x@bcc.example", "role": "author"}).status_code == 403
    assert root.post(f"/alerts/{going}/stop", {"word": "STOP"}).status_code == 302
    assert town.of("root").get("/").status_code == 302  # asked again at the next log-in


def test_authors_and_viewers_are_only_offered_it(house: House) -> None:
    for name in ("ada", "cy"):
        assert house.of(name).get("/").status_code == 200


def test_the_code_of_the_app_proves_it_again_once(town: House, rt: Runtime) -> None:
    ben = town.of("ben")
    secret = set_up(ben)
    first, second = submitted(town, rt, holding()), submitted(town, rt, holding())
    code = code_of(secret, 1)
    assert ben.post(f"/alerts/{first}/approve", form_of(rt, first, code)).status_code == 302
    assert "The password is wrong" in ben.post(f"/alerts/{second}/approve", form_of(rt, second, code)).text
    assert ben.post(f"/alerts/{second}/approve", form_of(rt, second, PASSWORD)).status_code == 302


def test_it_cannot_be_switched_off_where_alerts_reach_people(environment: dict[str, str]) -> None:
    offered = environment | {"BROADCASTER_SECOND_STEP": "offered"}
    assert load(offered).second_step == "offered"
    with pytest.raises(Invalid, match="live alerts go to twilio"):
        load(offered | {"BROADCASTER_TWILIO_API_URL": "https://api.twilio.example"})
