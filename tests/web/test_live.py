"""While it goes out and after: the approved correction, promises, what people are told, and one page that follows along."""

import re
from datetime import timedelta
from html import unescape

from sqlalchemy import select, update

from broadcaster.domain.lifecycle import AlertState
from broadcaster.runtime import Runtime
from broadcaster.services import broadcasting, correcting, publishing
from broadcaster.store import alerts as alert_store
from broadcaster.store import chronicle
from broadcaster.store.schema import batches, deliveries
from broadcaster.web.shared import Shared
from tests.engine.city import holding
from tests.web.cast import House
from tests.web.stories import approved, row, submitted


def test_the_correction_is_read_before_it_is_approved_and_sent_by_one_person_with_a_word(
    town: House, rt: Runtime
) -> None:
    alert_id = submitted(town, rt, holding(correction={"en": "Oxley Creek is not rising"}))
    page = town.of("ben").get(f"/alerts/{alert_id}/decide").text
    assert "Its correction, should it be wrong" in page
    assert "Oxley Creek is not rising." in page
    going = approved(town, rt, holding(incident="oxley"))
    ada = town.of("ada")
    assert f"/alerts/{going}/correct" in ada.get(f"/alerts/{going}").text
    page = ada.get(f"/alerts/{going}/correct").text
    assert "Part of it was wrong. We are finding out what is right" in page
    assert "Send the correction to 0 phones" in page  # nothing has been handed over here
    assert ada.post(f"/alerts/{going}/correct", {"word": "yes"}).status_code == 422
    assert row(rt, going).state is AlertState.BROADCASTING
    answer = ada.post(f"/alerts/{going}/correct", {"word": "correct"})
    assert answer.status_code == 302, answer.text
    assert row(rt, going).state is AlertState.SUPERSEDED
    sent = row(rt, answer.headers["Location"].rpartition("/")[2])
    assert (sent.kind, sent.state) == ("correction", AlertState.BROADCASTING)
    again = ada.post(f"/alerts/{going}/correct", {"word": "correct"})
    assert (again.status_code, "has gone out already" in again.text) == (409, True)


def test_other_words_than_the_approved_ones_wait_for_a_second_person(town: House, rt: Runtime) -> None:
    going = approved(town, rt, holding())
    form = {"word": "correct", "right.en": "Everything is fine", "right.nb": ""}
    answer = town.of("ada").post(f"/alerts/{going}/correct", form)
    assert answer.status_code == 302, answer.text
    assert row(rt, going).state is AlertState.BROADCASTING
    with rt.db.read() as connection:
        (waiting,) = alert_store.listing(connection, states=(AlertState.PENDING_APPROVAL,))
    assert waiting.kind == "correction"


def test_no_change_is_one_click_a_new_promise_and_a_word_on_the_page(town: House, rt: Runtime) -> None:
    """And whoever clicks second, on an older page, is told so; a viewer sees the promise and no button."""
    going = approved(town, rt, holding(channels=("website",), next_update=town.clock() + timedelta(hours=1)))
    ada, cy = town.of("ada"), town.of("cy")
    page = ada.get("/").text
    assert "Promised to the public" in page
    assert 'data-due="' in page
    button = re.search(r'formaction="(/alerts/[^"]+/no-change[^"]*)" name="seen" value="([^"]+)"', page)
    assert button is not None
    assert "no-change" not in cy.get("/incidents/flood").text
    town.clock.pass_by(minutes=20)
    answer = ada.post(unescape(button[1]), {"seen": button[2]})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    now_there = row(rt, going)
    assert now_there.no_change_at is not None
    assert town.clock() - now_there.no_change_at < timedelta(seconds=1)
    assert now_there.next_update_at is not None
    assert timedelta(minutes=60) <= now_there.next_update_at - town.clock() <= timedelta(minutes=65)
    ada.post(unescape(button[1]), {"seen": button[2]})
    assert "somebody has made a new promise" in ada.get("/").text
    publishing.publish(rt, "live", town.clock())
    public = town.browser().get("/status/en/").text
    assert "No change as at " in public
    assert public.count("Next update by") == 2  # at its top, and beside the alert; the frozen one is gone
    town.clock.pass_by(minutes=70)
    assert "The promise is broken, and the public page says so." in town.of("ada").get("/incidents/flood").text
    publishing.publish(rt, "live", town.clock())
    assert "is late" in town.browser().get("/status/en/").text


def test_the_page_of_an_incident_follows_along_and_says_finished_only_when_all_is_final(
    town: House, rt: Runtime
) -> None:
    going = approved(town, rt, holding())
    cy = town.of("cy")
    page = cy.get("/incidents/flood").text
    assert 'data-poll="/incidents/flood/live"' in page
    assert f'id="stop-{going}"' not in page  # Cy may only look
    broadcasting.materialise(rt, going)
    page = town.of("ada").get("/incidents/flood").text
    assert f'id="stop-{going}"' in page
    with rt.db.write() as tx:
        mine = deliveries.c.alert_id == going
        tx.execute(update(deliveries).where(mine).values(state="delivered"))
        some = select(deliveries.c.id).where(mine, deliveries.c.phone_id.is_not(None)).order_by(deliveries.c.id)
        numbers = tx.scalars(some).all()
        tx.execute(update(deliveries).where(deliveries.c.id.in_(numbers)).values(state="accepted"))
        tx.execute(update(deliveries).where(deliveries.c.id == numbers[0]).values(state="failed", code="30003"))
        tx.execute(update(deliveries).where(deliveries.c.id == numbers[1]).values(state="sending", epoch=0))
        tx.execute(update(batches).where(batches.c.alert_id == going).values(state="done", epoch=1))
        broadcasting.finish_if_sent(tx, going)
    shared_anew(town)
    part = cy.get("/incidents/flood/live").text
    assert "Finished" not in part
    assert "1 may have gone out or not" in part
    assert "38 are taken by a provider and not confirmed yet." in part
    assert "csrf_token" not in part  # it is made once for many readers
    with rt.db.write() as tx:
        unsure = deliveries.c.state.in_(("accepted", "sending"))
        tx.execute(update(deliveries).where(mine, unsure).values(state="unconfirmed"))
        broadcasting.finish_if_sent(tx, going)
    shared_anew(town)
    part = cy.get("/incidents/flood/live").text
    assert "Finished: all is final since" in part
    assert "Not confirmed 39" in part
    ada = town.of("ada")
    page = ada.get(f"/alerts/{going}/retry").text
    assert "Try 1 delivery again" in page
    assert ada.post(f"/alerts/{going}/retry", {"channel": ""}).status_code == 302
    with rt.db.read() as connection:
        assert any(each.action == "retry" for each in chronicle.latest(connection, "flood"))


def shared_anew(town: House) -> None:
    """Two seconds later: what many share is made again."""
    town.app.extensions["broadcaster.shared"] = Shared()


def test_what_people_are_told_stays_in_the_ledger_until_its_all_clear(town: House, rt: Runtime) -> None:
    """Also when a correction has taken the place of the alert that said it: the all-clear is begun from what is open."""
    going = approved(town, rt, holding(channels=("website", "sms")))
    ada, ben = town.of("ada"), town.of("ben")
    sent = correcting.send(rt, going, town.people["ada"].actor, town.clock())
    assert (sent.waits, row(rt, going).state) == ("", AlertState.SUPERSEDED)
    page = ada.get("/instructions").text
    assert "Rocklea" in page
    assert "Stay informed" in page or "stay informed" in page
    assert "people are still told" in ben.post("/incidents/flood/close").text
    answer = ada.post("/incidents/flood/all-clear?zone=rocklea")
    assert answer.status_code == 302, answer.text
    draft = row(rt, answer.headers["Location"].split("/")[2])
    assert (draft.kind, draft.draft["fields"]["lifted"]) == ("all-clear", ["stay-informed"])
    assert draft.draft["channels"] == ["website", "sms"]
    assert draft.draft["area"]["zones"] == ["rocklea"]
    assert draft.draft["references"] == [sent.alert_id]
