"""What strangers and operators type is shown as words, whatever it looks like."""

import pytest

from broadcaster.domain.errors import Invalid
from broadcaster.runtime import Runtime
from broadcaster.services import drafting, inbound
from broadcaster.web.plain_page import plain_page
from tests.engine.city import holding
from tests.web.cast import House
from tests.web.stories import submitted

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
