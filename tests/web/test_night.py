"""At the console by night: who is on duty is said before anybody writes, the approver's page is light, and the ladder shows its steps."""

import re
from dataclasses import replace
from datetime import timedelta
from html import unescape

import pytest

from broadcaster.domain.alert import Selector
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.profile import Night
from broadcaster.domain.rules import Role
from broadcaster.runtime import Runtime
from broadcaster.services import accounts as people_service
from broadcaster.services import calling, lending
from broadcaster.services.lending import Terms
from broadcaster.store import accounts, calls
from broadcaster.web.app import create_app
from channels.sandbox.twilio_rules import FAKE_SENDER
from tests.engine.city import holding
from tests.web.cast import OPERATOR, PASSWORD, House
from tests.web.stories import row, submitted, written
from tests.web.test_callbacks import signed

pytestmark = pytest.mark.filterwarnings("ignore:Passing SelectField choices:DeprecationWarning")
PHONE = "+61400111002"


@pytest.fixture
def reachable(town: House, rt: Runtime) -> House:
    """Ben and Root have proved their phones."""
    with rt.db.write() as tx:
        for name in ("ben", "root"):
            accounts.change(tx, town.people[name].id, {"phone": PHONE, "phone_verified_at": town.clock()})
    return town


def put_on(house: House, who: str, by: str = "ada", **form: str) -> str:
    browser = house.of(by)
    browser.get("/duty")
    given = {"person": house.people[who].id, "post": "Duty officer", "from": "", "until": "+12h", "backup": ""}
    return browser.post("/duty/add", given | form).text


def test_the_console_says_that_nobody_is_on_duty_before_anybody_writes(reachable: House, rt: Runtime) -> None:
    put_on(reachable, "ben")
    ben, ada = reachable.of("ben"), reachable.of("ada")
    alert_id = written(reachable, rt, holding(channels=("website", "sms")), "ben")
    for path in ("/", "/alerts/new", "/alerts/new?mode=live", f"/alerts/{alert_id}/check"):
        assert 'id="nobody"' in ben.get(path).text, path
        assert 'id="nobody"' not in ada.get(path).text, path
    assert 'id="nobody"' not in ben.get("/alerts/new?mode=exercise").text
    answer = ben.post(f"/alerts/{alert_id}/submit")
    assert answer.status_code == 302
    assert "nobody who may approve this is on duty now" in ben.get(answer.headers["Location"]).text
    assert row(rt, alert_id).state is AlertState.DRAFT
    put_on(reachable, "root")
    ben.get(f"/alerts/{alert_id}/check")
    assert ben.post(f"/alerts/{alert_id}/submit").headers["Location"] == f"/alerts/{alert_id}"


def test_the_roster_is_kept_on_one_page(reachable: House) -> None:
    ada = reachable.of("ada")
    assert "Nobody keeps a roster" in ada.get("/duty").text
    wrong = put_on(reachable, "cy", until="yesterday")
    assert "is not a time" in wrong
    assert "Cy may not approve alerts" in unescape(put_on(reachable, "cy"))
    put_on(reachable, "ben", backup=reachable.people["root"].id)
    page = ada.get("/duty").text
    assert "backup: Root" in page
    assert PHONE not in page
    taken = re.search(r"/duty/([0-9a-f]{32})/remove", page)
    assert taken
    assert ada.post(f"/duty/{taken[1]}/remove").status_code == 302
    rows = "email,post,from,until,backup\nben@bcc.example,=cmd,22:00,+1d 08:00,\n"
    ada.get("/duty")
    assert ada.post("/duty/import", {"rows": rows}).status_code == 302
    assert "=cmd" in ada.get("/duty").text
    assert ada.post("/duty/import", {"rows": "x"}).status_code == 422
    assert reachable.of("cy").get("/duty").status_code == 200


def test_the_approver_s_page_begins_with_the_text_and_ends_with_one_tick(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    ben = town.of("ben")
    assert ben.get(f"/d/{row(rt, alert_id).token}").headers["Location"] == f"/alerts/{alert_id}/decide"
    page = ben.get(f"/alerts/{alert_id}/decide").text
    order = (
        "OXLEY CREEK IS RISING",
        'id="who"',
        "The other channels",
        'name="read"',
        'name="password"',
        'name="reason"',
    )
    assert [page.index(each) for each in order] == sorted(page.index(each) for each in order)
    assert page.count('type="checkbox"') == 1
    assert "htmx" not in page.partition("</head>")[2]
    form = {"hash": row(rt, alert_id).content_hash, "read": "yes", "phones": "40"}
    refused = ben.post(f"/alerts/{alert_id}/approve", form | {"credential": '{"id": "x"}', "password": PASSWORD})
    assert refused.status_code == 422
    assert "The passkey was not accepted" in refused.text
    assert ben.post(f"/alerts/{alert_id}/approve", form | {"password": PASSWORD}).status_code == 302
    shown = unescape(ben.get(f"/alerts/{alert_id}").text)
    assert re.search(r"LIVE · Approved · Ben · First message · brisbane-\S+ · 40 phones", shown)
    assert "Submitted for approval · Ada" in unescape(ben.get(f"/alerts/{alert_id}/log-lines").text)
    assert ben.get(f"/alerts/{alert_id}/decide").headers["Location"] == f"/alerts/{alert_id}"


def test_a_borrowed_approver_sees_what_they_were_lent_for_and_nothing_else(town: House, rt: Runtime) -> None:
    inside = submitted(town, rt, holding())
    cy = town.of("cy")
    assert cy.get(f"/alerts/{inside}/decide").status_code == 404
    terms = Terms(
        town.people["cy"].id, "neighbour", "Ipswich", ("holding",), ("rocklea",), town.clock() + timedelta(hours=6)
    )
    loan = lending.propose(rt, terms, town.people["ada"].actor, town.clock())
    root = town.of("root")
    root.get("/duty")
    assert root.post(f"/duty/borrowed/{loan}/confirm").status_code == 302
    assert (
        "You wrote, edited or submitted"
        in cy.get(f"/alerts/{submitted(town, rt, holding(area=Selector(zones=('rocklea', 'oxley'))))}/decide").text
    )
    assert cy.get(f"/alerts/{inside}/decide").status_code == 200
    form = {"hash": row(rt, inside).content_hash, "read": "yes", "phones": "40", "password": PASSWORD}
    assert cy.post(f"/alerts/{inside}/approve", form).status_code == 302
    assert row(rt, inside).approved_by == town.people["cy"].id
    ben = town.of("ben")
    assert "Not reviewed" in ben.get("/").text
    ben.get(f"/alerts/{inside}")
    assert ben.post(f"/alerts/{inside}/countersign", {"note": "Read"}).status_code == 302
    assert "Countersigned by Ben" in ben.get(f"/alerts/{inside}").text
    assert cy.get("/people").status_code == 404


def test_the_ladder_shows_each_step_with_its_state(reachable: House, rt: Runtime) -> None:
    put_on(reachable, "ben", backup=reachable.people["root"].id)
    alert_id = submitted(reachable, rt, holding())
    reachable.clock.pass_by(minutes=7)
    ada = reachable.of("ada")
    assert "Waiting for 7 min." in ada.get(f"/alerts/{alert_id}").text
    assert "waiting for 7 min" in reachable.of("cy").get("/").text
    page = unescape(ada.get(f"/alerts/{alert_id}/ladder").text)
    for words in (
        "No playbook with closed blanks",
        "Nobody is lent to us",
        "being texted",
        "Next: Root",
        "not possible",
    ):
        assert words in page, words
    assert ada.post(f"/alerts/{alert_id}/fallback", {"hash": row(rt, alert_id).content_hash}).status_code == 409


@pytest.mark.parametrize("name", ["ada", "ben"])
def test_self_approval_in_a_second_tab_stays_refused_after_a_change_of_role(
    town: House, rt: Runtime, name: str
) -> None:
    alert_id = submitted(town, rt, holding(), by=name)
    first, second = town.of(name), town.of(name)
    people_service.change_role(rt, town.people[name].id, Role.APPROVER, OPERATOR, town.clock())
    form = {"hash": row(rt, alert_id).content_hash, "read": "yes", "phones": "40", "password": PASSWORD}
    for browser in (first, second):
        browser.get("/")
        assert browser.post(f"/alerts/{alert_id}/approve", form).status_code in (401, 403, 404)
    assert row(rt, alert_id).state is AlertState.PENDING_APPROVAL


def test_an_approver_s_reply_counts_only_with_the_provider_s_signature(reachable: House, rt: Runtime) -> None:
    rt.profile = replace(rt.profile, night=Night(reply_approves=True))
    alert_id = submitted(reachable, rt, holding(channels=("website", "sms")))
    stands, ben = row(rt, alert_id), reachable.people["ben"]
    values: dict[str, object] = {
        "id": "c" * 32,
        "alert_id": alert_id,
        "content_hash": stands.content_hash,
        "user_id": ben.id,
        "phone": PHONE,
    }
    values |= {
        "round": 0,
        "phones": 40,
        "due_at": reachable.clock(),
        "code_until": reachable.clock() + timedelta(minutes=30),
    }
    with rt.db.write() as tx:
        calls.add(tx, values)
        (call,) = calls.of_alert(tx, alert_id, stands.content_hash or "")
        calls.done(tx, call.id, {"code_hash": calling.code_hash(rt, call, "abc234")})
    callbacks = create_app(rt, only="webhooks", clock=reachable.clock).test_client()
    form = {"MessageSid": "SM1", "From": PHONE, "To": FAKE_SENDER, "Body": "JA ABC234"}
    forged = signed(callbacks, "/webhooks/twilio/inbound", form, secret="0" * 32)
    assert forged.status_code == 403
    other = signed(callbacks, "/webhooks/twilio/inbound", form | {"From": "+61400999999"})
    assert "Approved" not in other.text
    assert row(rt, alert_id).state is AlertState.PENDING_APPROVAL
    answer = signed(callbacks, "/webhooks/twilio/inbound", form | {"MessageSid": "SM2"})
    assert "<Message>Approved. It is going out now." in answer.text
    assert (row(rt, alert_id).approved_by, row(rt, alert_id).state) == (ben.id, AlertState.BROADCASTING)
