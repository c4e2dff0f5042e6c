"""Four eyes, moving audiences, and what an alert lacks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from broadcaster.domain import rules
from broadcaster.domain.alert import (
    Circle,
    Draft,
    MsgType,
    Selector,
    Severity,
    Status,
    Urgency,
    content_hash,
    plain,
)
from broadcaster.domain.errors import Invalid, NotAllowed, Problem
from broadcaster.domain.instruction import Instruction, by_key, remaining, worth_saying
from broadcaster.domain.rules import Actor, Role

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA, BEN, CY = (Actor(n, n.title(), r) for n, r in (("ada", Role.AUTHOR), ("ben", Role.APPROVER), ("cy", Role.VIEWER)))
WHOLE = Draft("flood", "holding", channels=("sms",), area=Selector(zones=("a",)), expires=NOW + timedelta(hours=1))


def places(draft: Draft) -> list[str]:
    return [problem.place for problem in rules.missing(draft, NOW)]


def test_whoever_wrote_edited_or_submitted_is_not_the_second_person() -> None:
    rules.may_approve(BEN, frozenset({"ada"}), "ada", Status.ACTUAL)
    for editors, submitter in ((frozenset({"ben"}), "ada"), (frozenset({"ada"}), "ben")):
        with pytest.raises(NotAllowed, match="another person"):
            rules.may_approve(BEN, editors, submitter, Status.ACTUAL)


def test_a_role_or_a_key_that_may_not_approve_does_not() -> None:
    for actor in (ADA, CY, Actor("key", "gauge", Role.ADMIN, person=False), rules.SYSTEM):
        with pytest.raises(NotAllowed):
            rules.may_approve(actor, frozenset(), "x", Status.EXERCISE)


@pytest.mark.parametrize(
    ("approved", "now", "moved"),
    [(10_000, 10_100, False), (10_000, 10_101, True), (100, 103, True), (100, 102, False), (0, 0, False), (0, 1, True)],
)
def test_an_audience_has_moved_over_two_percent_or_a_hundred_phones(approved: int, now: int, moved: bool) -> None:
    assert rules.audience_moved(approved, now) is moved


def test_a_whole_draft_lacks_nothing() -> None:
    assert places(WHOLE) == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"channels": ()}, "channels"),
        ({"area": Selector()}, "area"),
        ({"expires": None}, "expires"),
        ({"expires": NOW}, "expires"),
        ({"expires": NOW + timedelta(days=40)}, "expires"),
        ({"onset": NOW + timedelta(hours=2)}, "onset"),
        ({"next_update": NOW}, "next_update"),
        ({"msg_type": MsgType.UPDATE}, "references"),
        ({"references": ("x",)}, "references"),
    ],
)
def test_what_a_draft_lacks_is_named_by_its_place(change: dict[str, object], place: str) -> None:
    assert places(replace(WHOLE, **change)) == [place]  # type: ignore[arg-type]


def test_the_hash_changes_with_every_word_and_not_with_the_order_of_keys() -> None:
    assert content_hash({"a": 1, "b": 2}) == content_hash({"b": 2, "a": 1})
    assert content_hash(WHOLE) != content_hash(replace(WHOLE, channels=("sms", "x")))
    assert content_hash(WHOLE) != content_hash(replace(WHOLE, expires=NOW + timedelta(hours=2)))


@given(some.recursive(some.none() | some.booleans() | some.integers() | some.text(), some.lists, max_leaves=20))
def test_what_is_plain_stays_as_it_is(value: object) -> None:
    assert plain(value) == value


def test_a_document_holds_no_time_without_zone_and_no_strange_thing() -> None:
    with pytest.raises(ValueError, match="without zone"):
        plain(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test
    with pytest.raises(TypeError):
        plain(object())
    assert plain(Circle(1.0, 2.0, 3.0)) == {"lat": 1.0, "lon": 2.0, "radius_km": 3.0}


def test_all_problems_are_told_each_with_its_cure() -> None:
    error = Invalid([Problem("a", "is wrong.", "Mend it."), Problem("b", "too.")])
    assert str(error) == "a: is wrong. Mend it.; b: too."


def test_an_all_clear_leaves_what_it_does_not_name() -> None:
    there = [
        Instruction("rocklea", "evacuate", 3, "1", None),
        Instruction("rocklea", "boil-water", 2, "2", NOW),
        Instruction("oxley", "evacuate", 3, "1", NOW + timedelta(hours=1)),
    ]
    left = remaining(there, ["evacuate"], ["rocklea"])
    assert by_key(left) == {"evacuate": ["oxley"], "boil-water": ["rocklea"]}
    assert [each.not_renewed(NOW) for each in left] == [True, False]


def test_a_text_does_not_say_get_ready_where_people_are_told_to_leave() -> None:
    there = [
        Instruction("rocklea", "evacuate", 3, "1", None),
        Instruction("rocklea", "prepare-to-leave", 2, "2", None),
        Instruction("rocklea", "boil-water", 2, "3", None),
        Instruction("oxley", "prepare-to-leave", 2, "2", None),
    ]
    said = worth_saying(there, {"evacuate": ("prepare-to-leave",)})
    assert by_key(said) == {"evacuate": ["rocklea"], "boil-water": ["rocklea"], "prepare-to-leave": ["oxley"]}


def test_lives_go_before_news_then_severity_then_urgency_then_the_water() -> None:
    soon, later = NOW + timedelta(minutes=20), NOW + timedelta(hours=3)
    in_order = [
        rules.priority("life-safety", Severity.EXTREME, Urgency.IMMEDIATE, soon),
        rules.priority("life-safety", Severity.EXTREME, Urgency.IMMEDIATE, later),
        rules.priority("life-safety", Severity.EXTREME, Urgency.IMMEDIATE),
        rules.priority("life-safety", Severity.EXTREME, Urgency.EXPECTED, soon),
        rules.priority("life-safety", Severity.SEVERE, Urgency.IMMEDIATE, soon),
        rules.priority("life-safety", Severity.UNKNOWN, Urgency.UNKNOWN),
        rules.priority("information", Severity.EXTREME, Urgency.IMMEDIATE, soon),
        rules.priority("information", Severity.UNKNOWN, Urgency.UNKNOWN, NOW + timedelta(days=50_000)),
    ]
    assert in_order == sorted(set(in_order))
    assert in_order[-1] < 2**31


def test_zones_are_told_in_the_order_of_their_arrivals_and_only_chosen_ones_have_one() -> None:
    soon, later = NOW + timedelta(minutes=20), NOW + timedelta(hours=3)
    area = Selector(zones=("a", "b", "c", "d"), arrivals={"c": soon, "a": later, "d": soon})
    assert area.order == ((soon, ("c", "d")), (later, ("a",)))
    assert places(replace(WHOLE, area=replace(area, zones=("a", "b", "c")))) == ["area.arrivals.d"]
