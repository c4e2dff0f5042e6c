"""While it goes out and after: the approved correction, promises, what people are told, and one page that follows along."""

from broadcaster.domain.lifecycle import AlertState
from broadcaster.runtime import Runtime
from broadcaster.store import alerts as alert_store
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
