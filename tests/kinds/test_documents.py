"""What people write in YAML or JSON, and what is refused at the door."""

import contextlib
import dataclasses
import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.alert import Circle, Draft, MsgType, Near, PictureFile, Selector, Severity, Status, plain
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.store.documents import MAX_BYTES, draft_from, parse, read_alert_file, read_file

BRISBANE = ZoneInfo("Australia/Brisbane")
NOW = datetime(2011, 1, 12, 12, 40, tzinfo=UTC)
FULL = """
incident: flood
kind: flood-warning
status: Exercise
msgType: Update
references: [flood-1, flood-2]
languages: [en]
severity: Severe
fields:
  level: 2
  danger_number: 000
  verdict: no
  impact: {en: The river rises, nb: Elva stiger}
area:
  zones: [rocklea, oxley]
  circle: {lat: -27.54, lon: 153.01, radius_km: 1.5}
channels: [sms, website]
onset: 2011-01-13T02:00:00+10:00
expires: 2011-01-13 14:00
next_update: 01:00
resources:
  - {file: map.png, alt: {en: A map}, licence: CC0}
"""


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(Invalid) as caught:
        read_alert_file(text, BRISBANE, NOW)
    return caught.value.problems


def test_an_alert_file_becomes_a_draft() -> None:
    draft = read_alert_file(FULL, BRISBANE, NOW)
    assert draft == Draft(
        incident="flood",
        kind="flood-warning",
        status=Status.EXERCISE,
        msg_type=MsgType.UPDATE,
        references=("flood-1", "flood-2"),
        languages=("en",),
        severity=Severity.SEVERE,
        fields={
            "level": 2,
            "danger_number": "000",
            "verdict": "no",
            "impact": {"en": "The river rises", "nb": "Elva stiger"},
        },
        area=Selector(zones=("rocklea", "oxley"), circle=Circle(-27.54, 153.01, 1.5)),
        channels=("sms", "website"),
        onset=datetime(2011, 1, 12, 16, 0, tzinfo=UTC),
        expires=datetime(2011, 1, 13, 4, 0, tzinfo=UTC),
        next_update=datetime(2011, 1, 12, 15, 0, tzinfo=UTC),
        resources=(PictureFile("map.png", {"en": "A map"}, "CC0"),),
    )


def test_a_stored_draft_reads_back_as_it_was() -> None:
    draft = dataclasses.replace(read_alert_file(FULL, BRISBANE, NOW), area=Selector(near=Near("12 Ann St", 2.0)))
    assert draft_from(json.loads(json.dumps(plain(draft)))) == draft
    assert draft_from({"incident": "x", "kind": "holding"}) == Draft("x", "holding")


def test_json_is_read_as_yaml_is(tmp_path: Path) -> None:
    draft = read_alert_file(FULL, BRISBANE, NOW)
    path = tmp_path / "alert.json"
    path.write_text(json.dumps(plain(draft)))
    assert read_alert_file(path) == draft
    assert draft_from({"incident": "x", "kind": "holding", "fields": {"seen": "Øya 🌊"}}).fields == {"seen": "Øya 🌊"}
    assert read_alert_file('{"incident": "x", "kind": "holding", "fields": {"seen": "\\ud83c\\udf0a"}}').fields == {
        "seen": "🌊"
    }


def test_all_problems_are_told_at_once_each_with_line_and_column() -> None:
    found = problems(
        "incident: Flood 1\nkind: holding\nstatus: Real\nchanels: [sms]\nonset: soon\narea:\n  circle: {lat: 99, lon: 1}\n"
    )
    told = {problem.place: f"{problem.message} {problem.cure}" for problem in found}
    assert told["alert:1:11"].startswith("'Flood 1' is not a name")
    assert "Actual, Exercise, Test" in told["alert:3:9"]
    assert told["alert:4:10"] == "there is no key 'chanels' here Did you mean channels?"
    assert "'soon' is not a time" in told["alert:5:8"]
    assert told["alert:7:17"].startswith("99 is outside -90 to 90")
    assert "radius_km is missing" in told["alert:7:11"]
    assert [problem.place for problem in found] == sorted(told, key=lambda each: tuple(map(int, each.split(":")[1:])))


def test_places_in_json_values_are_paths() -> None:
    with pytest.raises(Invalid) as caught:
        draft_from({"incident": "x", "kind": "holding", "area": {"polygon": [[1, 2], [95, 2], "x"]}})
    assert [problem.place for problem in caught.value.problems] == ["area.polygon", "area.polygon.2", "area.polygon.3"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("a: &x [1]\nb: *x", "anchors and aliases"),
        ("a: !!python/object/apply:os.system [ls]", "tags"),
        ("a: !custom 1", "tags"),
        ("a: 1\na: 2", "stands there twice"),
        ("a: [1", "is not YAML"),
        ("a: 1\n---\nb: 2", "second document"),
        ("[a]: 1", "a key must be a word"),
        ("- " * 40 + "x", "nested more than 30 deep"),
        ("{" * 40 + "}" * 40, "nested more than 30 deep"),
        ('{"a": ' * 31 + "1" + "}" * 31, "nested more than 30 deep"),
        ('{"a": 1, "a": 2}', "stands there twice"),
        ("a: " + "x" * MAX_BYTES, "larger than"),
        ("- x\n" * 60_000, "more than 50000 values"),
        ("a: \x00", "is not YAML"),
        ("a: \ud800", "is not YAML"),
    ],
)
def test_what_could_harm_or_mislead_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(Invalid) as caught:
        parse(text, "x.yaml")
    assert complaint in str(caught.value)


def test_a_billion_laughs_never_unfolds() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(8)
    )
    with pytest.raises(Invalid, match="anchors and aliases"):
        parse(bomb, "bomb.yaml")


def test_words_that_yaml_would_make_into_something_else_stay_words() -> None:
    node = parse("{a: no, b: on, c: 02:00, d: 0491, e: 2011-01-13, f: 1e3, g: ~, h: true, i: -7, j: 3.10}", "x")
    assert node.plain() == {
        "a": "no",
        "b": "on",
        "c": "02:00",
        "d": "0491",
        "e": "2011-01-13",
        "f": "1e3",
        "g": None,
        "h": True,
        "i": -7,
        "j": 3.1,
    }
    assert parse("no: x\n1: y\ntrue: z", "x").plain() == {"no": "x", "1": "y", "true": "z"}


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    for path, words in ((tmp_path / "none.yaml", "No such file"), (tmp_path, "directory")):
        with pytest.raises(Invalid, match=words):
            read_file(path)
    (tmp_path / "latin").write_bytes(b"a: \xe5")
    with pytest.raises(Invalid, match="not UTF-8"):
        read_file(tmp_path / "latin")


def test_one_area_is_drawn_once_and_a_polygon_needs_three_corners() -> None:
    head = "incident: x\nkind: holding\narea: "
    assert "Give one of them" in str(
        problems(head + "{circle: {lat: 1, lon: 1, radius_km: 1}, near: {address: A, radius_km: 1}}")[0]
    )
    assert "fewer than three corners" in str(problems(head + "{polygon: [[1, 2], [3, 4], [1, 2]]}")[0])
    many = ", ".join(f"[{n / 1000}, 1]" for n in range(2_001))
    assert "2001 corners" in str(problems(f"{head}{{polygon: [{many}]}}")[0])


def test_a_name_cannot_be_a_path() -> None:
    for name in ("../../etc/passwd", "a/b", "%2e%2e", "A", "x" * 65):
        found = problems(f"incident: '{name}'\nkind: holding\narea: {{zones: ['{name}']}}")
        assert [problem.place for problem in found] == ["alert:1:11", "alert:3:16"]


@given(st.text(max_size=200))
def test_no_text_breaks_the_door(text: str) -> None:
    with contextlib.suppress(Invalid):
        read_alert_file(text, BRISBANE, NOW)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
        max_leaves=20,
    )
)
def test_no_json_value_breaks_a_draft(value: object) -> None:
    for key in ("incident", "fields", "area", "channels", "onset", "resources", "status"):
        with contextlib.suppress(Invalid):
            draft_from({"incident": "x", "kind": "holding", key: value}, BRISBANE, NOW)
