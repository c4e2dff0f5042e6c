"""Whatever the domain can say survives CAP and JSON unharmed."""

import json
import string
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from broadcaster.domain.alert import (
    Alert,
    Area,
    Category,
    Certainty,
    Circle,
    Draft,
    Info,
    MsgType,
    Reference,
    Resource,
    ResponseType,
    Severity,
    Status,
    Urgency,
    content_hash,
    plain,
)
from broadcaster.domain.errors import Invalid
from broadcaster.store import cap
from broadcaster.store.alert_documents import alert_from, document_as
from broadcaster.store.cap_reading import read
from broadcaster.store.cap_rules import problems
from tests.cap.test_writing import schema

TOKEN = st.text(string.ascii_letters + string.digits + "-._@:/æ", min_size=1, max_size=30)
#: Marks that turn letters around, which CAP texts may not have.
TURNING = "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A))))
#: Any script, no controls; without markup's own characters, which have tests of their own.
WORDS = st.text(
    st.characters(
        codec="utf-8", exclude_categories=("Cs", "Cc", "Cn", "Co"), exclude_characters=f'<&"\u2028\u2029{TURNING}'
    ),
    max_size=80,
).map(str.strip)
SAID = WORDS.filter(bool)
MOMENT = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
DEGREE = st.integers(-80_000_000, 80_000_000).map(lambda micro: micro / 1_000_000)


@st.composite
def rings(draw: st.DrawFn) -> tuple[tuple[float, float], ...]:
    """A rectangle somewhere: closed, and never crossing itself."""
    lat, lon = draw(DEGREE), draw(DEGREE)
    high, wide = (draw(st.integers(10, 9_000_000)) / 1_000_000 for _ in range(2))
    north, east = round(lat + high, 6), round(lon + wide, 6)
    return ((lat, lon), (lat, east), (north, east), (north, lon), (lat, lon))


AREA = st.builds(
    Area,
    description=SAID,
    polygons=st.lists(rings(), max_size=2).map(tuple),
    circles=st.lists(st.builds(Circle, DEGREE, DEGREE, st.integers(0, 5000).map(lambda m: m / 8)), max_size=2).map(
        tuple
    ),
    geocodes=st.lists(st.tuples(SAID, SAID), max_size=2).map(tuple),
)
RESOURCE = st.builds(
    Resource,
    description=SAID,
    mime_type=st.sampled_from(["image/png", "application/vnd.ms-excel"]),
    uri=st.sampled_from(["", "https://bcc.example/a.png"]),
    size=st.none() | st.integers(0, 10**9),
    digest=st.sampled_from(["", "0123456789abcdef0123456789abcdef01234567"]),
)


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    sent = draw(MOMENT)
    categories = tuple(draw(st.lists(st.sampled_from(Category), min_size=1, max_size=3)))
    msg_type = draw(st.sampled_from(MsgType))
    reference = st.builds(Reference, TOKEN, TOKEN.map(lambda text: f"ref-{text}"), MOMENT)
    languages = draw(st.lists(st.sampled_from(["en", "nb", "se", "uk", "en-AU"]), min_size=1, max_size=3, unique=True))
    infos = tuple(
        Info(
            language=language,
            categories=categories,
            event=draw(SAID),
            response_types=tuple(draw(st.lists(st.sampled_from(ResponseType), max_size=2))),
            urgency=draw(st.sampled_from(Urgency)),
            severity=draw(st.sampled_from(Severity)),
            certainty=draw(st.sampled_from(Certainty)),
            sender_name=draw(WORDS),
            headline=draw(WORDS),
            description=draw(WORDS),
            instruction=draw(WORDS),
            effective=sent,
            onset=draw(st.none() | st.just(sent + timedelta(minutes=5))),
            expires=sent + timedelta(minutes=draw(st.integers(10, 100_000))),
            web=draw(st.sampled_from(["", "https://bcc.example/a/1?b=c&d=e"])),
            contact=draw(WORDS),
            areas=tuple(draw(st.lists(AREA, max_size=2))),
            resources=tuple(draw(st.lists(RESOURCE, max_size=1))),
            parameters=tuple(draw(st.lists(st.tuples(SAID, WORDS), max_size=2))),
        )
        for language in languages
    )
    return Alert(
        identifier=draw(TOKEN),
        sender=draw(TOKEN),
        sent=sent,
        status=draw(st.sampled_from(Status)),
        msg_type=msg_type,
        infos=infos,
        references=tuple(draw(st.lists(reference, min_size=int(msg_type is not MsgType.ALERT), max_size=2))),
        incidents=tuple(draw(st.lists(TOKEN, max_size=2))),
        note=draw(WORDS),
    )


@given(alerts(), st.sampled_from(["UTC", "Australia/Brisbane", "Europe/Oslo", "Asia/Kathmandu", "America/St_Johns"]))
def test_every_alert_survives_cap_and_satisfies_the_schema(alert: Alert, zone: str) -> None:
    assert problems(alert) == []
    xml = cap.write(alert, ZoneInfo(zone))
    assert schema().validate(etree.fromstring(xml))
    assert read(xml) == alert
    assert cap.write(read(xml), ZoneInfo(zone)) == xml


@given(alerts())
def test_every_alert_survives_its_stored_form(alert: Alert) -> None:
    stored = json.loads(json.dumps(plain(alert)))
    assert alert_from(stored) == alert
    assert content_hash(alert_from(stored)) == content_hash(alert)


@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_no_bytes_at_all_upset_the_reader(data: bytes) -> None:
    with pytest.raises(Invalid):
        read(data)


def test_a_draft_survives_its_stored_form() -> None:
    draft = Draft("flood", "flood-warning", fields={"river": "Oxley Creek"}, expires=datetime(2011, 1, 13, tzinfo=UTC))
    assert document_as(Draft, json.loads(json.dumps(plain(draft)))) == draft


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"colour": "red"}, "alert.colour: is not known here"),
        ({"sent": "2011-01-12T12:40:00"}, "alert.sent: is a time without zone"),
        ({"sent": "soon"}, "alert.sent: is not a time"),
        ({"status": "Real"}, "alert.status: is 'Real', not one of Actual, Exercise, Test"),
        ({"infos": [{}]}, "alert.infos[0].language: is missing"),
        ({"infos": "none"}, "alert.infos: is not a list"),
        ({"note": None}, "alert.note: is not a text"),
        ({"references": [3]}, "alert.references[0]: is not a record"),
    ],
)
def test_a_stored_form_that_does_not_fit_is_refused_with_its_place(
    change: dict[str, object], complaint: str, flood: Alert
) -> None:
    document = plain(flood)
    assert isinstance(document, dict)
    with pytest.raises(Invalid) as refused:
        alert_from(document | change)
    assert str(refused.value) == complaint
