"""Nobody makes an approver or an admin alone, and nobody acts outside the channels and zones that are theirs."""

import re

import pytest

from broadcaster.domain.alert import Circle, Selector, Status
from broadcaster.domain.bounds import Bounds
from broadcaster.domain.errors import Conflict, Invalid, NotAllowed, NotFound
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.rules import Role
from broadcaster.runtime import Runtime
from broadcaster.services import accounts, approval, drafting, playbooks, user_changes
from broadcaster.store import accounts as store
from tests.engine.city import holding
from tests.web.cast import OPERATOR, PASSWORD, House
from tests.web.stories import row, submitted, written
from tests.web.test_people import journal


def role_of(rt: Runtime, house: House, name: str) -> Role:
    with rt.db.read() as connection:
        return store.get(connection, house.people[name].id).role


def waiting(rt: Runtime, house: House) -> list[str]:
    with rt.db.read() as connection:
        return [each.id for each in user_changes.waiting(connection, house.clock())]


def test_an_approver_is_made_by_two_people(house: House, rt: Runtime) -> None:
    root, ben, ada = house.of("root"), house.of("ben"), house.of("ada")
    root.post(f"/people/{house.people['ada'].id}/role", {"role": "approver"})
    assert role_of(rt, house, "ada") is Role.AUTHOR
    assert "1 change waits for a second person" in ben.get("/").text
    (change,) = waiting(rt, house)
    form: dict[str, object] = {"password": PASSWORD}
    assert root.post(f"/people/changes/{change}/confirm", form).status_code == 409  # who asked is no second person
    assert ada.post(f"/people/changes/{change}/confirm", form).status_code == 404  # whom it is about even less
    assert "Ada becomes approver" in ben.get("/people/changes").text
    assert ben.post(f"/people/changes/{change}/confirm", {"password": "guess"}).status_code == 422
    assert role_of(rt, house, "ada") is Role.AUTHOR
    assert ben.post(f"/people/changes/{change}/confirm", form).status_code == 302
    assert role_of(rt, house, "ada") is Role.APPROVER
    assert ada.get("/account").status_code == 302  # it counts at once
    assert journal(rt)[:2] == ["user.role", "user.ask"]
    with pytest.raises(NotFound):
        user_changes.confirm(rt, change, house.people["ben"].actor, house.clock())


def test_a_new_approver_may_only_look_until_a_second_person_agrees(house: House, rt: Runtime) -> None:
    page = house.of("root").post("/people", {"email": "dee@bcc.example", "name": "Dee", "role": "approver"}).text
    found = re.search(r'<code class="secret">([^<]+)</code>', page)
    assert found
    assert "A second person must agree first" in page
    dee = house.browser()
    dee.login("dee", found[1])
    assert dee.get("/alerts/new").status_code == 404
    user_changes.confirm(rt, waiting(rt, house)[0], house.people["ben"].actor, house.clock())
    dee.login("dee", found[1])
    assert dee.get("/alerts/new").status_code == 200


def test_access_of_an_approver_is_reset_by_two_people_and_closed_by_one(house: House, rt: Runtime) -> None:
    root = house.of("root")
    page = root.post(f"/people/{house.people['ben'].id}/reset").text
    found = re.search(r'<code class="secret">([^<]+)</code>', page)
    assert found
    assert house.browser().login("ben", found[1]).status_code == 200  # opens nothing yet
    root.post(f"/people/{house.people['ben'].id}/active", {"active": "no"})
    assert house.browser().login("ben").status_code == 200
    with rt.db.read() as connection:
        (change,) = user_changes.waiting(connection, house.clock())
        assert user_changes.nobody_else(connection, change)
    assert "broadcaster user confirm" in root.get("/people/changes").text
    user_changes.confirm(rt, change.id, OPERATOR, house.clock())
    root.post(f"/people/{house.people['ben'].id}/active", {"active": "yes"})
    assert house.browser().login("ben", found[1]).status_code == 200  # opening again takes two as well
    user_changes.confirm(rt, waiting(rt, house)[0], OPERATOR, house.clock())
    assert house.browser().login("ben", found[1]).status_code == 302


def test_a_change_dies_with_its_askers_power_with_time_and_with_a_no(house: House, rt: Runtime) -> None:
    ben, cy = house.people["ben"].actor, house.people["cy"].id
    eve = accounts.add_user(rt, "eve@bcc.example", Role.ADMIN, OPERATOR, house.clock()).account
    accounts.change_role(rt, cy, Role.ADMIN, eve.actor, house.clock())
    accounts.set_active(rt, eve.id, False, OPERATOR, house.clock())
    (change,) = waiting(rt, house)
    with pytest.raises(Conflict, match="no admin any more"):
        user_changes.confirm(rt, change, ben, house.clock())
    user_changes.refuse(rt, change, ben, house.clock())
    assert waiting(rt, house) == []
    accounts.change_role(rt, cy, Role.APPROVER, house.people["root"].actor, house.clock())
    (change,) = waiting(rt, house)
    house.clock.pass_by(days=8)
    with pytest.raises(NotFound):
        user_changes.confirm(rt, change, ben, house.clock())
    assert role_of(rt, house, "cy") is Role.VIEWER


def test_bounds_hold_in_drafting_and_approval_whatever_the_page_says(town: House, rt: Runtime) -> None:
    page = town.of("root").post(f"/people/{town.people['ada'].id}/bounds", {"zones": ["rocklea"], "channels": ["sms"]})
    assert page.status_code == 302
    with rt.db.read() as connection:
        bound = store.get(connection, town.people["ada"].id).actor
    assert bound.bounds == Bounds.of(["sms"], ["rocklea"])
    now = town.clock()
    wide = holding(area=Selector(zones=("rocklea", "oxley")), channels=("sms",))
    with pytest.raises(NotAllowed, match="the zone oxley"):
        drafting.create(rt, wide, bound, now)
    with pytest.raises(NotAllowed, match="the channel x"):
        drafting.create(rt, holding(channels=("sms", "x")), bound, now)
    with pytest.raises(NotAllowed, match="all of this area"):
        drafting.create(rt, holding(area=Selector(circle=Circle(-27.54, 153.0, 50)), channels=("sms",)), bound, now)
    kept = drafting.create(rt, holding(channels=("sms", "website")), bound, now)
    with pytest.raises(NotAllowed):
        drafting.edit(rt, kept, 1, wide, bound, now)
    others = written(town, rt, holding(area=Selector(zones=("oxley",)), channels=("sms",)), by="ben")
    with pytest.raises(NotAllowed):
        drafting.discard(rt, others, bound, now)
    with pytest.raises(NotAllowed, match="the zone oxley"):
        playbooks.run(rt, "boil-water", BOIL, bound, Status.EXERCISE, now)
    drafting.submit(rt, kept, bound, now)


def test_an_approver_decides_within_their_bounds_only(town: House, rt: Runtime) -> None:
    accounts.change_bounds(rt, town.people["ben"].id, Bounds.of([], ["oxley"]), OPERATOR, town.clock())
    alert_id = submitted(town, rt, holding())
    ben = town.of("ben")
    assert ben.get(f"/alerts/{alert_id}/decide").status_code == 403
    digest = row(rt, alert_id).content_hash or ""
    with rt.db.read() as connection:
        bound = store.get(connection, town.people["ben"].id).actor
    for decide in (approval.send_back, approval.reject):
        with pytest.raises(NotAllowed):
            decide(rt, alert_id, bound, "not mine", town.clock())
    with pytest.raises(NotAllowed, match="the zone rocklea"):
        approval.approve(rt, alert_id, bound, digest, town.clock())
    assert row(rt, alert_id).state is AlertState.PENDING_APPROVAL
    approval.approve(rt, alert_id, town.people["root"].actor, digest, town.clock())


def test_a_key_has_bounds_too_and_a_slip_of_the_pen_binds_nobody(town: House, rt: Runtime) -> None:
    new = accounts.add_key(
        *(rt, "gauge", ["alerts:write"], OPERATOR, town.clock()), bounds=Bounds.of(["sms"], ["oxley"])
    )
    key = accounts.verify_key(rt, new.secret, town.clock())
    assert key is not None
    with pytest.raises(NotAllowed):
        drafting.create(rt, holding(), key, town.clock())
    with pytest.raises(Invalid, match="there is no zone"):
        accounts.change_bounds(rt, town.people["ada"].id, Bounds.of([], ["rockley"]), OPERATOR, town.clock())
    with pytest.raises(Invalid, match="there is no channel"):
        accounts.add_key(rt, "gauge", ["alerts:write"], OPERATOR, town.clock(), bounds=Bounds.of(["fax"], []))


BOIL = {
    "cause": "pressure-lost",
    "zones": ["rocklea", "oxley"],
    "decided_by": "health",
    "decided_at": "-10m",
    "log_number": 17,
    "schools_told": False,
}
