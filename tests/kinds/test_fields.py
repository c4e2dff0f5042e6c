"""What may be written into the blanks of an alert, and what each value becomes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import PurePath
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcaster.domain.alert import MsgType, plain
from broadcaster.domain.errors import Problem
from broadcaster.domain.field import RESERVED, FieldSpec, FieldType, Values, Visibility
from broadcaster.domain.field_reading import Reading, read_fields
from broadcaster.domain.kind import AlertKind
from broadcaster.store.rendering_names import Matter
from tests.rendering import stage

BRISBANE = ZoneInfo("Australia/Brisbane")
NOW = datetime(2011, 1, 12, 12, 40, tzinfo=UTC)


def kind(name: str) -> AlertKind:
    return stage.kinds()[name]


def read(name: str, fields: Mapping[str, object], msg_type: MsgType = MsgType.ALERT) -> tuple[Values, list[Problem]]:
    values, problems = kind(name).read(fields, msg_type, ("en", "nb"), BRISBANE, NOW)
    return values, list(problems)


def told(name: str, fields: Mapping[str, object], msg_type: MsgType = MsgType.ALERT) -> dict[str, str]:
    return {problem.place: f"{problem.message} {problem.cure}" for problem in read(name, fields, msg_type)[1]}


def test_text_is_given_once_for_all_languages_or_in_each() -> None:
    values, _ = read(
        "holding", {"seen": "  Oxley   Creek\nrises ", "not_known": [{"en": "how far", "nb": "hvor langt"}]}
    )
    assert values["seen"] == {"en": "Oxley Creek rises", "nb": "Oxley Creek rises"}
    assert values["not_known"] == ({"en": "how far", "nb": "hvor langt"},)
    values, _ = read("holding", {"seen": "x", "not_known": {"en": ["a", "b"], "nb": ["c", "d"]}})
    assert values["not_known"] == ({"en": "a", "nb": "c"}, {"en": "b", "nb": "d"})


def test_each_problem_has_the_place_of_its_field_and_a_cure() -> None:
    found = told(
        "holding",
        {
            "seen": {"en": "Rising"},
            "not_known": {"en": ["a", "b"], "nb": ["c"]},
            "acton": ["keep-phone-on"],
            "action": ["keep-phone-off", "keep-phone-on"],
            "next_update": "23:15",
            "doing": "x" * 201,
            "confidence": "maybe",
        },
    )
    assert "no words in nb" in found["fields.seen"]
    assert "en 2, nb 1" in found["fields.not_known"]
    assert found["fields.acton"] == "there is no such field Did you mean action?"
    assert "Did you mean keep-phone-on?" in found["fields.action.1"]
    assert (
        found["fields.next_update"]
        == "there is no such field next_update stands beside fields, at the top of the alert."
    )
    assert "1 more than the 200" in found["fields.doing"]
    assert "known, likely, unknown" in found["fields.confidence"]
    assert len(found) == 7


def test_a_required_field_that_is_empty_is_told_with_its_help() -> None:
    found = told("flood-warning", {"level": " ", "impact": {"en": "", "nb": None}, "action": []})
    assert {"fields.level", "fields.impact", "fields.action", "fields.basis", "fields.confidence"} == set(found)
    assert found["fields.level"].startswith("must be filled in")


def test_hidden_and_turning_signs_are_refused() -> None:
    for sign in ("\u202e", "\u200b", "\x07", "\u2066", "\ufeff"):
        found = told("holding", {"seen": f"Rising{sign}gnisiR", "not_known": ["x"], "action": ["keep-phone-on"]})
        assert f"U+{ord(sign):04X}" in found["fields.seen"]


@pytest.mark.parametrize(
    "written", ["{{ config }}", "{% for x in range(10**9) %}", "<b>x</b>", "${7*7}", "{{''.__class__}}"]
)
def test_templates_and_tags_in_a_field_are_only_words(written: str) -> None:
    values, problems = read("holding", {"seen": written, "not_known": ["x"], "action": ["keep-phone-on"]})
    assert not problems
    assert values["seen"] == {"en": written, "nb": written}


def test_a_field_of_updates_has_no_place_in_a_first_alert() -> None:
    fields = {"seen": "x", "not_known": ["y"], "action": ["keep-phone-on"]}
    assert "belongs to an Update" in told("holding", {**fields, "what_changed": "more"})["fields.what_changed"]
    assert "must be filled in" in told("holding", fields, MsgType.UPDATE)["fields.what_changed"]
    assert not told("holding", {**fields, "what_changed": "more"}, MsgType.UPDATE)


def test_a_route_that_was_checked_too_long_ago_blocks() -> None:
    found = told("evacuation", {"route_checked_at": "2011-01-12 22:09"})
    assert "31 minutes old, more than the 30 allowed" in found["fields.route_checked_at"]
    assert "fields.route_checked_at" not in told("evacuation", {"route_checked_at": "-30m"})
    assert "has not come yet" in told("evacuation", {"route_checked_at": "23:00"})["fields.route_checked_at"]


def test_volunteers_are_never_called_at_night() -> None:
    found = told("volunteer-call", {"shifts": [{"start": "+1d 22:00", "end": "+1d 23:00", "needed": 10}]})
    assert found["fields.shifts.1.start"].startswith("22:00 is outside 06:00 to 20:00")


def test_records_name_their_parts() -> None:
    found = told(
        "evacuation", {"centre": {"name": "RNA", "adress": "Gregory Tce", "capacity": 1.5}, "transport": "bus"}
    )
    assert found["fields.centre.adress"] == "there is no such part Did you mean address?"
    assert "must be filled in" in found["fields.centre.address"]
    assert "not a whole number" in found["fields.centre.capacity"]
    assert "pick_up, times, phone" in found["fields.transport"]


@pytest.mark.parametrize(
    ("given", "typed"), [(3, 3), ("3,5", 3.5), ("4.46", 4.46), ("-2", -2)], ids=["int", "comma", "point", "minus"]
)
def test_numbers_come_with_a_point_or_a_comma(given: object, typed: float) -> None:
    assert read("flood-warning", {"gauge_level_m": given})[0]["gauge_level_m"] == typed


@pytest.mark.parametrize("given", ["high", "1e9", "nan", True, "4001", [], {}])
def test_what_is_no_number_within_bounds_is_refused(given: object) -> None:
    values, _ = read("flood-warning", {"gauge_level_m": given})
    assert "gauge_level_m" not in values


def test_settling_makes_times_absolute_and_settling_again_changes_nothing() -> None:
    for name in stage.CITIES:
        profile = stage.city(name)
        zone = ZoneInfo(profile.timezone)
        for each in stage.kinds().values():
            now = stage.now(profile)
            settled, values, problems = each.settle(stage.example(each.name, profile), profile, zone, now)
            assert not problems, "\n".join(map(str, problems))
            again, same, problems = each.settle(settled, profile, zone, now)
            assert (again, same, problems) == (settled, values, ())
            assert plain(values) == settled.fields
            assert settled.channels
            assert settled.languages
            assert settled.severity
            assert settled.expires


def test_closed_blanks_are_those_in_which_nobody_can_put_words_of_their_own() -> None:
    flood = kind("flood-warning").fields
    assert all(flood[name].closed for name in ("level", "reaches_from", "action", "power", "gauge_level_m"))
    assert not any(flood[name].closed for name in ("impact", "place_names", "danger_number", "sandbags"))
    assert all(kind("all-clear").fields[name].closed for name in ("lifted", "zones_not_lifted"))
    open_number = FieldSpec("n", FieldType.NUMBER, {}, {})
    assert not open_number.closed


def test_no_field_hides_a_name_that_texts_rely_on() -> None:
    profile = stage.city("brisbane")
    each = kind("holding")
    draft = stage.example("holding", profile)
    settled, values, _ = each.settle(draft, profile, BRISBANE, NOW)
    names = Matter(settled, values, each, profile, stage.setting(profile, draft), BRISBANE).names("sms", "en", 0)
    assert set(names) - set(each.fields) == RESERVED


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(list(FieldType)), st.booleans(), ANYTHING)
def test_no_value_breaks_the_reading_of_any_type(type_: FieldType, many: bool, given_value: object) -> None:
    part = FieldSpec("part", FieldType.TEXT, {"en": "x"}, {})
    spec = FieldSpec("f", type_, {"en": "F"}, {}, many=many, fields=(part,), visibility=Visibility.JOURNAL)
    reading = Reading(("en",), BRISBANE, NOW, MsgType.ALERT, frozenset({"a"}), frozenset({"b"}))
    values = read_fields({"f": spec}, {"f": given_value}, reading)
    assert not (reading.problems and "f" in values)
    plain(values)


def test_a_kind_knows_its_folder() -> None:
    assert kind("holding").folder == PurePath(stage.TEMPLATES / "holding")
