"""The warning check at the console: what it says stands beside its field, errors stop, warnings go on only with a reason."""

from dataclasses import replace

from broadcaster.domain.alert import Draft
from broadcaster.runtime import Runtime
from broadcaster.services import journal
from tests.engine.city import holding
from tests.web.cast import House
from tests.web.stories import written


def doubtful(**fields: str) -> Draft:
    """A first message that the warning check has something to say about."""
    whole = holding()
    seen = {"seen": "Inundation at Oxley Creek since this morning"}
    return replace(whole, channels=("website", "sms"), fields={**whole.fields, **seen, **fields})


def test_warnings_need_a_tick_with_a_reason_and_the_second_person_reads_it(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, doubtful())
    ada = town.of("ada")
    page = ada.get(f"/alerts/{alert_id}/check").text
    assert f'href="/alerts/{alert_id}/edit#field-seen"' in page
    assert "says “this morning”, which is read at another time." in page
    assert "Source: Mileti" in page
    refused = ada.post(
        f"/alerts/{alert_id}/submit", {"accept": "rare-word", "reason.rare-word": "said here since 1974"}
    )
    assert refused.status_code == 422
    assert 'id="accept-relative-time-error"' in refused.text
    assert 'id="accept-rare-word-error"' not in refused.text
    assert 'value="said here since 1974"' in refused.text
    answers = {"reason.rare-word": "said here since 1974", "reason.relative-time": "nobody <b>knows</b>"}
    assert (
        ada.post(f"/alerts/{alert_id}/submit", {"accept": ["rare-word", "relative-time"], **answers}).status_code == 302
    )
    page = town.of("ben").get(f"/alerts/{alert_id}/decide").text
    assert "Warnings accepted and why" in page
    assert "nobody &lt;b&gt;knows&lt;/b&gt;" in page
    entry = [each for each in journal.export(rt, "flood") if each["action"] == "submit"][-1]
    assert {each["reason"] for each in entry["body"]["warnings"]} == {"said here since 1974", "nobody <b>knows</b>"}
    ada.post("/language", {"language": "nb"})
    assert "Tekstsjekk: " not in ada.get(f"/alerts/{alert_id}").text


def test_an_error_of_the_warning_check_stops_the_submission(town: House, rt: Runtime) -> None:
    alert_id = written(town, rt, doubtful(seen="Oxley Creek is rising at [SUBURB]"))
    ada = town.of("ada")
    assert ada.post(f"/alerts/{alert_id}/submit").headers["Location"] == f"/alerts/{alert_id}/check"
    page = ada.get(f"/alerts/{alert_id}/check").text
    assert 'huge" disabled' in page
    assert "says “[SUBURB]”, which is a blank that nobody filled in." in page
    ada.post("/language", {"language": "nb"})
    assert "sier «[SUBURB]», et felt som ingen har fylt ut." in ada.get(f"/alerts/{alert_id}/check").text
