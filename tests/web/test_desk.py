"""The desk: handed over by two people, nothing ever ownerless; and what was asked of others, on the card and in public."""

from broadcaster.domain.alert import Status
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import asking, ownership, publishing
from broadcaster.services.asking import Card
from broadcaster.store import ownership as owners
from tests.engine.city import holding
from tests.web.cast import House
from tests.web.stories import approved, row, submitted, written


def test_a_handover_takes_two_people_and_moves_everything(town: House, rt: Runtime) -> None:
    going, waiting = approved(town, rt, holding()), submitted(town, rt, holding())
    bens = written(town, rt, holding(), by="ben")
    ada, ben = town.of("ada"), town.of("ben")
    ada.get("/handover")
    told = {"incident": holding().incident, "whom": "The hospital", "what": "Expect 40 people"}
    assert ada.post("/handover/told", told).status_code == 302
    page = ada.get("/handover").text
    for words in ("The hospital", "Expect 40 people", "Next promises", row(rt, going).incident_title):
        assert words in page
    signed = ada.post("/handover/sign", {"line1": "The bridge worries me", "line2": "", "line3": ""})
    where = signed.headers["Location"]
    assert "You signed it" in ada.get(where).text
    assert ada.post(f"{where}/confirm").status_code == 403
    assert {row(rt, each).owner for each in (going, waiting)} == {town.people["ada"].id}
    assert ben.post("/handover/sign", {}).status_code == 409
    assert "The bridge worries me" in ben.get(where).text
    assert ben.post(f"{where}/confirm").status_code == 302
    assert {row(rt, each).owner for each in (going, waiting, bens)} == {town.people["ben"].id}
    assert ben.post(f"{where}/confirm").status_code == 409
    after = ben.get(where).text
    assert row(rt, going).identifier in after
    assert row(rt, bens).identifier not in after
    assert "from Ada to Ben" in ben.get("/handover").text


def test_nothing_is_ever_ownerless(town: House, rt: Runtime) -> None:
    key = Actor("key:1", "The gauge", Role.AUTHOR, person=False)
    alert_id = submitted(town, rt, holding())
    with rt.db.write() as tx:
        owners.give_alert(tx, alert_id, key.id)
        assert owners.ownerless(tx)["alerts"] == [alert_id]
    cy, ada = town.of("cy"), town.of("ada")
    assert "belongs to nobody" in cy.get("/handover").text
    assert cy.post(f"/alerts/{alert_id}/take").status_code == 404
    assert ada.post(f"/alerts/{alert_id}/take").status_code == 302
    assert row(rt, alert_id).owner == town.people["ada"].id
    # What a key wrote and submitted belongs to the person who lets it go out.
    with rt.db.write() as tx:
        owners.give_alert(tx, alert_id, key.id)
    with rt.db.write() as tx:
        ownership.never_without(tx, row(rt, alert_id), town.people["ben"].actor)
    assert row(rt, alert_id).owner == town.people["ben"].id


def test_a_request_goes_step_by_step_and_is_public_only_when_sent(town: House, rt: Runtime) -> None:
    going = approved(town, rt, holding())
    ada = town.of("ada")
    page = ada.get(f"/requests/new?alert={going}").text
    assert "Brisbane City Council" in page  # the frozen text is there already
    empty = ada.post("/requests/new", {"incident": holding().incident, "text.en": ""})
    assert empty.status_code == 422
    assert "it says nowhere" in empty.text
    form = {"incident": holding().incident, "alert": going, "zones": ["rocklea"], "text.en": "Leave Rocklea now."}
    where = ada.post("/requests/new", form).headers["Location"]
    card = ada.get(where).text
    assert "07 7010 1234" in card
    assert card.count('<th scope="row">') >= 4
    assert ada.post(f"{where}/sent", {"whom": "Kim"}).status_code == 409
    for step, more in (("asked", {}), ("answered", {"agreed": "yes", "answer": "In ten minutes"}), ("sent", {})):
        assert "all phones in Rocklea" not in public(rt, town)
        assert ada.post(f"{where}/{step}", {"whom": ""}).status_code == 422
        assert ada.post(f"{where}/{step}", {"whom": "Kim Lee", **more}).status_code == 302
        assert ada.post(f"{where}/{step}", {"whom": "Kim Lee", **more}).status_code == 409
    said = public(rt, town)
    assert "Emergency Alert was sent by the disaster coordinator of Queensland to all phones in Rocklea: " in said
    assert "Kim" not in said
    assert "Leave Rocklea now." not in said
    assert "Sent by them" in town.of("cy").get("/handover").text


def public(rt: Runtime, house: House) -> str:
    """What the front page says now."""
    assert publishing.publish(rt, "live", house.clock()).written
    return (rt.settings.var_dir / "public" / "alerts.txt").read_text(encoding="utf-8")


def test_a_request_in_an_exercise_says_so_before_its_words(town: House, rt: Runtime) -> None:
    written(town, rt, holding(incident="drill", status=Status.EXERCISE))
    card = Card("drill", ("rocklea",), {"en": "Leave now."})
    made = asking.make(rt, card, town.people["ada"].actor, town.clock())
    page = town.of("ada").get(f"/requests/{made}").text
    assert "EXERCISE EXERCISE: Leave now." in page
    assert "07 7010 1234" not in page


def test_at_night_the_console_says_that_a_text_wakes_nobody(town: House) -> None:
    words = "a text will not wake people"
    ada = town.of("ada")
    town.clock.now = town.clock.now.replace(hour=2)  # noon in Brisbane
    assert words not in ada.get("/requests").text
    town.clock.now = town.clock.now.replace(hour=13)  # 11 pm
    assert words in town.of("ada").get("/requests").text


def test_one_person_and_one_word_make_it_real(town: House, rt: Runtime) -> None:
    written(town, rt, holding(incident="drill", status=Status.EXERCISE))
    cy, ada = town.of("cy"), town.of("ada")
    assert cy.post("/real-event", {"word": "REAL EVENT", "title": "Flood"}).status_code == 404
    ada.get("/real-event")
    assert ada.post("/real-event", {"word": "STOP", "title": "Flood"}).status_code == 422
    assert ada.post("/real-event", {"word": "real event", "title": " "}).status_code == 422
    assert "An exercise is running" in cy.get("/").text
    answer = ada.post("/real-event", {"word": "real event", "title": "Flood, Oxley Creek"})
    assert answer.headers["Location"] == "/incidents/flood-oxley-creek"
    again = ada.post("/real-event", {"word": "real event", "title": "Flood, Oxley Creek"})
    assert again.headers["Location"] == answer.headers["Location"]  # pressed twice is pressed once
    page = cy.get("/").text
    assert "An exercise is running" not in page
    assert "All exercises are over." in page
    assert "Nothing is in force" in page
    assert ada.post("/exercises/drill/replay").status_code == 409  # nothing was submitted in it
