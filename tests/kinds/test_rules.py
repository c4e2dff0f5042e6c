"""Who may decide what, and what needs what: the rules that each kind's file states as data."""

import dataclasses
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from broadcaster.domain.alert import Certainty, Draft, MsgType, ResponseType, Severity
from tests.rendering import stage

BRISBANE = stage.city("brisbane")
KONGSVINGER = stage.city("kongsvinger")


def told(draft: Draft, city: str = "brisbane") -> dict[str, str]:
    profile = stage.city(city)
    _, _, problems = stage.kinds()[draft.kind].settle(draft, profile, ZoneInfo(profile.timezone), stage.now(profile))
    return {problem.place: problem.message for problem in problems}


def test_every_example_keeps_the_rules_of_its_kind() -> None:
    for city, tag in stage.CITIES.items():
        for name in stage.kinds():
            assert not told(stage.example(name, stage.city(city)), city), (name, tag)


@pytest.mark.parametrize(
    ("city", "lawful", "unlawful"),
    [("brisbane", "state", "municipality"), ("kongsvinger", "police", "state")],
)
def test_only_a_lawful_authority_may_order_an_evacuation(city: str, lawful: str, unlawful: str) -> None:
    profile = stage.city(city)
    assert not told(stage.example("evacuation", profile, decided_by=lawful), city)
    assert "fields.strength" in told(stage.example("evacuation", profile, decided_by=unlawful), city)
    assert not told(stage.example("evacuation", profile, decided_by=unlawful, strength="advised"), city)


def test_rules_speak_the_first_language_of_the_city() -> None:
    broken = stage.example("evacuation", KONGSVINGER, decided_by="municipality")
    assert told(broken, "kongsvinger")["fields.strength"].startswith("bare politiet kan pålegge")


def test_an_advised_evacuation_asks_and_does_not_order() -> None:
    made = stage.shown(stage.example("evacuation", BRISBANE, strength="advised", decided_by="municipality"), BRISBANE)
    assert "WE ASK YOU TO LEAVE NOW." in stage.text(made, "sms", "en").parts[0]
    assert not any(
        "LEAVE NOW." in part.replace("WE ASK YOU TO LEAVE NOW.", "") for m in made.messages for part in m.parts
    )


def test_when_it_is_too_late_to_leave_people_are_sent_up_and_not_out() -> None:
    late = stage.example(
        "evacuation",
        BRISBANE,
        strength="too-late",
        route=None,
        route_checked_at=None,
        centre=None,
        action=["keep-phone-on"],
    )
    made = stage.shown(late, BRISBANE)
    text = stage.text(made, "sms", "en").parts[0]
    assert "TOO LATE TO LEAVE. Go to the top floor." in text
    assert "Ipswich" not in text
    assert "Bring" not in text
    assert made.alert is not None
    assert made.alert.infos[0].response_types == (ResponseType.SHELTER,)
    assert "fields.route" in told(stage.example("evacuation", BRISBANE, strength="too-late"))


def test_no_route_is_named_that_nobody_has_checked() -> None:
    assert "fields.route_checked_at" in told(stage.example("evacuation", BRISBANE, route_checked_by=None))


def test_people_who_leave_are_told_how_and_where_to() -> None:
    assert "fields.centre" in told(stage.example("evacuation", BRISBANE, centre=None))


def test_a_full_centre_is_not_named_as_the_place_to_go() -> None:
    full = {"name": "RNA Showgrounds", "address": "Gregory Tce", "full": True}
    second = {"name": "Chandler Arena", "address": "Old Cleveland Rd", "open": True}
    made = stage.shown(stage.example("evacuation", BRISBANE, centre=full, second_centre=second), BRISBANE)
    assert "to Chandler Arena, open." in stage.text(made, "sms", "en").parts[0]
    assert "RNA Showgrounds is full" in stage.text(made, "website", "en").parts[0]


def test_a_decision_of_the_police_needs_their_reference() -> None:
    assert "fields.decided_ref" in told(stage.example("evacuation", KONGSVINGER, decided_ref=None), "kongsvinger")


def test_a_forecast_level_is_quoted_with_its_issuer_and_time() -> None:
    for gone in ("forecast_issuer", "forecast_time"):
        assert "fields.forecast_level" in told(
            stage.example("flood-warning", KONGSVINGER, **{gone: None}), "kongsvinger"
        )


def test_no_missing_person_without_the_police() -> None:
    assert "fields.decided_by" in told(stage.example("missing-person", BRISBANE, decided_by="municipality"))
    assert "fields.police_approved" in told(stage.example("missing-person", BRISBANE, police_approved=None))


def test_a_child_is_only_ever_the_polices_own_post() -> None:
    child: dict[str, Any] = {"form": "child", "sex": None, "hair": None, "clothes": None, "condition": None}
    child |= {"age": None, "last_seen_place": None, "last_seen_at": None, "police_post": "https://police.example/1"}
    made = stage.shown(stage.example("missing-person", BRISBANE, **child), BRISBANE)
    assert "MISSING CHILD" in stage.text(made, "sms", "en").parts[0]
    assert 'href="https://police.example/1"' in stage.text(made, "website", "en").parts[0]
    assert "fields.police_post" in told(stage.example("missing-person", BRISBANE, **child | {"police_post": None}))
    assert "fields.police_post" in told(stage.example("missing-person", BRISBANE, **child | {"hair": "blond"}))


def test_a_name_is_never_in_a_text_nor_in_cap_and_a_found_person_has_none() -> None:
    made = stage.shown(stage.example("missing-person", BRISBANE, name="Ada Example"), BRISBANE)
    assert "Ada Example" not in stage.text(made, "sms", "en").parts[0]
    assert "Ada Example" in stage.text(made, "website", "en").parts[0]
    assert made.alert is not None
    assert "Ada Example" not in repr(made.alert)
    found = stage.example("missing-person", BRISBANE, name="Ada Example", found_state="found")
    found = dataclasses.replace(found, msg_type=MsgType.UPDATE, references=("earlier",), next_update=None)
    assert told(found) == {"fields.name": "the search is over, so take the name and the photo out."}


def test_when_a_person_is_found_every_channel_drops_the_description() -> None:
    found = stage.example("missing-person", BRISBANE, found_state="found")
    found = dataclasses.replace(found, msg_type=MsgType.UPDATE, references=("earlier",), next_update=None)
    made = stage.shown(found, BRISBANE)
    for channel in stage.LIMITS:
        words = " ".join(stage.text(made, channel, "en").parts)
        assert "ound" in words
        for gone in ("grey hair", "blue coat", "78", "confused"):
            assert gone not in words


def test_people_not_accounted_for_are_a_number() -> None:
    fields: dict[str, Any] = {"form": "unaccounted", "count": 9, "action": ["check-in"], "sex": None, "age": None}
    made = stage.shown(stage.example("missing-person", BRISBANE, **fields), BRISBANE)
    assert "NOT ACCOUNTED FOR: 9 people in Corinda." in stage.text(made, "sms", "en").parts[0]
    assert made.alert is not None
    assert made.alert.infos[0].event == "People not accounted for"
    assert "fields.count" in told(stage.example("missing-person", BRISBANE, **fields | {"count": None}))


def test_volunteers_who_are_enough_are_told_so() -> None:
    for state, words in (("full", "FULL. We have enough people at Newmarket depot."), ("cancelled", "CANCELLED.")):
        draft = stage.example("volunteer-call", BRISBANE, state=state)
        draft = dataclasses.replace(draft, msg_type=MsgType.UPDATE, references=("earlier",))
        assert words in stage.text(stage.shown(draft, BRISBANE), "sms", "en").parts[0]


def test_an_all_clear_lifts_promises_or_ends() -> None:
    draft = dataclasses.replace(stage.example("all-clear", BRISBANE), next_update=None)
    assert "next_update" in told(draft)
    last = dataclasses.replace(stage.example("all-clear", BRISBANE, last=True), next_update=None)
    assert "This is our last message." in stage.text(stage.shown(last, BRISBANE), "sms", "en").parts[0]
    assert "references" in told(dataclasses.replace(draft, references=()))
    assert "msgType" in told(dataclasses.replace(draft, msg_type=MsgType.ALERT))


def test_what_kinds_tell_and_lift_is_known_to_the_ledger() -> None:
    def opened(name: str, **fields: object) -> tuple[str, int] | None:
        each = stage.kinds()[name]
        _, values, _ = each.settle(
            stage.example(name, BRISBANE, **fields), BRISBANE, ZoneInfo(BRISBANE.timezone), stage.now(BRISBANE)
        )
        found = each.opened(values)
        return (found[0].key, found[0].level) if found else None

    assert opened("flood-warning", level=1) == ("stay-informed", 1)
    assert opened("flood-warning", level=2) == ("prepare-to-leave", 2)
    assert opened("flood-warning", level=3) == ("evacuate", 3)
    assert opened("evacuation") == ("evacuate", 3)
    assert opened("health-warning") == ("boil-water", 2)
    assert opened("stay-indoors") == ("stay-indoors", 3)
    assert opened("rumour-correction") is None
    all_clear = stage.kinds()["all-clear"]
    assert all_clear.lifted({"lifted": ("evacuate",)}) == ("evacuate",)
    assert {name for name, each in stage.kinds().items() if each.always_two} == {"all-clear", "missing-person"}


def test_cap_defaults_follow_the_fields_and_the_draft_has_the_last_word() -> None:
    def info(**fields: object) -> tuple[object, ...]:
        made = stage.shown(stage.example("flood-warning", BRISBANE, **fields), BRISBANE)
        assert made.alert is not None
        found = made.alert.infos[0]
        return found.response_types[0], found.severity, found.certainty

    assert info(level=2, confidence="likely") == (ResponseType.PREPARE, Severity.SEVERE, Certainty.LIKELY)
    assert info(level=3, confidence="known") == (ResponseType.EVACUATE, Severity.EXTREME, Certainty.OBSERVED)
    assert info(level=1, confidence="unknown") == (ResponseType.MONITOR, Severity.MODERATE, Certainty.POSSIBLE)
    draft = dataclasses.replace(stage.example("flood-warning", BRISBANE), severity=Severity.MINOR)
    made = stage.shown(draft, BRISBANE)
    assert made.alert is not None
    assert made.alert.infos[0].severity is Severity.MINOR
