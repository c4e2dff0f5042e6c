"""What strangers and operators type is shown as words, whatever it looks like."""

import pytest

from broadcaster.domain.errors import Invalid
from broadcaster.runtime import Runtime
from broadcaster.services import drafting, inbound
from broadcaster.web.plain_page import plain_page
from tests.engine.city import holding
from tests.web.cast import House
from tests.web.forms import Form
from tests.web.stories import submitted
from tests.web.test_composing import HOLDING

NASTY = (
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
    "\u202etxet desrever",
    "{{config}} {{''.__class__.__mro__}}",
    "</p></article><script>alert(1)</script>",
    "&lt;b&gt; &amp;",
)


@pytest.mark.parametrize("text", NASTY)
def test_a_residents_text_is_only_text(town: House, rt: Runtime, text: str) -> None:
    inbound.receive(rt.db, rt.profile, town.clock(), provider_id="SM1", phone="+61400000001", text=text)
    page = town.of("ben").get("/inbox").text
    for tag in ("<img src=x", "<script>alert", "</p></article><"):
        assert tag not in page
    assert "<bdi>" in page


@pytest.mark.parametrize("text", NASTY)
def test_an_operators_words_are_only_words(town: House, rt: Runtime, text: str) -> None:
    fields = dict(holding().fields) | {"seen": {"en": text[:45]}}
    try:
        alert_id = submitted(town, rt, holding(fields=fields))
    except Invalid:
        return  # the reader refuses what hides; that is as good
    ben = town.of("ben")
    for path in (f"/alerts/{alert_id}", f"/alerts/{alert_id}/decide", "/", "/incidents"):
        page = ben.get(path).text
        for tag in ("<img src=x", "<script>alert", "<Config", "__subclasses__"):
            assert tag not in page, path
        if "{{" in text and "decide" in path:
            assert "{{CONFIG}}" in page or "{{config}}" in page


def test_a_reason_is_only_words(town: House, rt: Runtime) -> None:
    alert_id = submitted(town, rt, holding())
    town.of("ben").post(f"/alerts/{alert_id}/return", {"reason": "<script>alert(1)</script>"})
    page = town.of("ada").get(f"/alerts/{alert_id}").text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_names_of_incidents_and_people_are_only_words(house: House, rt: Runtime) -> None:
    root = house.of("root")
    root.post("/people", {"email": "eve@bcc.example", "name": "<b>Eve</b>", "role": "viewer"})
    assert "<b>Eve" not in root.get("/people").text
    drafting.create(rt, holding(incident="x"), house.people["ada"].actor, house.clock())
    assert "<b>" not in root.get("/incidents").text


def test_a_page_is_previewed_as_words() -> None:
    html = "<h2>Flood &amp; fire</h2><ul><li>Oxley</li><li>Rocklea</li></ul><p>Call <a href='tel:000'>000</a> now.</p>"
    assert plain_page(html) == "Flood & fire\n• Oxley\n• Rocklea\nCall 000 now."
    assert "<" not in plain_page("<script>x</script><img src=a alt='A creek'>")


#: What nobody would type, and somebody always sends.
ABSURD = (
    "\x00",
    "x" * 5_000,
    "1e999",
    "NaN",
    "-0",
    "９９",
    "٣",
    "\u202egnippilf",
    "a\r\nBcc: b",
    "{{7*7}}{% raw %}",
    "%s%n${jndi:x}",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "[[" * 400,
    "9999-99-99 99:99",
    "+9999999999d",
    "🌊" * 60,
    "../../etc/passwd",
)
#: One name of a field for each way in which fields are read.
READ = (
    *("f.seen.en", "f.not_known.0.en", "f.action.0", "f.confidence", "f.seen_at", "f.danger_number", "f.decided_by"),
    *("f.basis.by", "f.basis.at", "f.not_known.999.en", "f.no_such_field", "f", "correction.en", "short", "version"),
    *("area.zones", "area.arrivals.rocklea", "area.arrivals.nowhere", "area.shape", "area.circle.lat", "tab"),
    *("area.circle.radius_km", "area.near.address", "area.near.radius_km", "channels", "languages", "severity"),
    *("onset", "expires", "next_update", "incident", "new_incident", "status", "msg_type", "references", "writing"),
    *("picture", "picture.0.alt.en", "picture.0.licence", "new_picture.alt.en", "take.area", "take.fields.seen"),
)


def test_whatever_stands_in_a_field_is_answered_in_words(town: House) -> None:
    """Every field with three of the values in turn, kept as it is typed and saved: 130 requests take some seconds."""
    ada = town.of("ada")
    fresh = dict(Form(ada.get("/alerts/new/holding?mode=live").text, "compose").values) | HOLDING
    for number, name in enumerate(READ):
        for step in range(3):
            value = ABSURD[(number * 5 + step) % len(ABSURD)]
            path, action = ("/alerts/writing", "preview") if step else ("/alerts/new/holding", "save")
            sent = fresh | {"action": action, "writing": fresh["writing"] if step else ""} | {name: value}
            answer = ada.post(path, sent)
            assert answer.status_code in (200, 302, 404, 409, 422), (name, value, answer.text)
            assert "<script>alert" not in answer.text, name


@pytest.mark.parametrize(
    "action", ["more:", "more:\x00", "version:9" + "9" * 400, "version:-1", "undo", "redo", "nonsense"]
)
def test_a_button_that_does_not_exist_does_nothing(town: House, action: str) -> None:
    ada = town.of("ada")
    answer = ada.post("/alerts/new/holding", HOLDING | {"action": action})
    assert answer.status_code in (200, 404)
