"""What fits, what is said shorter so that it fits, and what a person is told when it does not."""

import dataclasses

import pytest

from broadcaster.store.rendering import Still
from channels.base import Limits
from channels.text import measure_sms
from tests.rendering import stage

BRISBANE = stage.city("brisbane")
KONGSVINGER = stage.city("kongsvinger")
LONG = [f"The street named number {number}" for number in range(1, 9)]


def test_a_text_that_is_too_long_is_said_shorter_and_the_note_says_so() -> None:
    made = stage.shown(stage.exercise(stage.example("evacuation", KONGSVINGER)), KONGSVINGER)
    message = stage.text(made, "sms", "nb")
    assert message.units == (2,)
    assert message.notes == ("said in a shorter form, to fit 2 segments",)
    assert "Ta med medisiner." not in message.parts[0]
    assert "Kommer du ikke ut? Ring 112." in message.parts[0]


def test_what_cannot_be_said_shorter_says_by_how_much_and_how_to_save() -> None:
    made = stage.shown(stage.example("flood-warning", BRISBANE, place_names=LONG), BRISBANE)
    (problem,) = [each for each in made.problems if each.place == "sms.en"]
    assert problem.message.endswith("characters too long for 2 segments (GSM-7)")
    over = int(problem.message.split()[1])
    assert 50 < over < 250
    assert problem.cure == "Shorten the longest fields, or name fewer places."
    # Taking out exactly that much makes it fit: the last place plus its comma is what one name costs.
    names = [*LONG]
    while over > 0:
        over -= len(names.pop()) + 2
    assert stage.shown(stage.example("flood-warning", BRISBANE, place_names=names), BRISBANE).messages


def test_a_single_letter_that_makes_it_ucs_2_is_named() -> None:
    made = stage.shown(stage.example("flood-warning", BRISBANE, place_names=["Łódź Street", "Oxley"]), BRISBANE)
    (problem,) = [each for each in made.problems if each.place == "sms.en"]
    assert "(UCS-2)" in problem.message
    assert "ó" in problem.cure or "Ł" in problem.cure


def test_typographic_punctuation_is_made_plain_and_told() -> None:
    made = stage.shown(stage.example("holding", BRISBANE, seen="Oxley Creek – “rising”"), BRISBANE)
    message = stage.text(made, "sms", "en")
    assert message.encoding == "GSM-7"
    assert 'OXLEY CREEK - "RISING"' in message.parts[0]
    assert len(message.notes) == 3
    assert "–" in stage.text(made, "facebook", "en").parts[0]


def test_a_city_may_allow_a_language_more_segments() -> None:
    profile = dataclasses.replace(BRISBANE, sms_segments={"en": 4})
    draft = stage.example("flood-warning", BRISBANE, place_names=["Łódź Street", "Oxley"])
    message = stage.text(stage.shown(draft, profile), "sms", "en")
    assert message.encoding == "UCS-2"
    assert message.units == (4,)
    assert measure_sms(message.parts[0]).segments == 4


def test_x_is_one_post_when_it_fits_and_a_thread_whose_first_part_stands_alone_when_not() -> None:
    short = stage.example("correction", BRISBANE)
    assert len(stage.text(stage.shown(short, BRISBANE), "x", "en").parts) == 1
    message = stage.text(stage.shown(stage.example("evacuation", BRISBANE), BRISBANE), "x", "en")
    assert len(message.parts) == 2
    assert "LEAVE NOW: Rocklea below Sherwood Rd." in message.parts[0]
    assert message.parts[0].endswith(f"(1/2)\n{message.link}")
    assert message.link not in message.parts[1]
    assert message.notes == ("cut into a thread of 2",)


def test_a_thread_longer_than_the_channel_takes_is_refused() -> None:
    limits = {**stage.LIMITS, "x": Limits("weighted", 280, parts=1)}
    made = stage.shown(stage.example("evacuation", BRISBANE), BRISBANE, limits=limits)
    assert ("x.en", "needs 2 posts, at most 1 are allowed") in {(each.place, each.message) for each in made.problems}


def test_an_opening_that_does_not_fit_a_post_is_told() -> None:
    made = stage.shown(stage.example("flood-warning", BRISBANE, place_names=LONG), BRISBANE)
    (problem,) = [each for each in made.problems if each.place == "x.en"]
    assert "of 280 weighted characters" in problem.message


def test_facebook_and_page_say_by_how_much_too() -> None:
    limits = {**stage.LIMITS, "facebook": Limits("characters", 100), "website": Limits("characters", 500)}
    made = stage.shown(stage.example("holding", BRISBANE), BRISBANE, limits=limits)
    told = {each.place: each.message for each in made.problems}
    assert told["facebook.en"].endswith("characters too long of 100")
    assert told["website.en"].endswith("characters too long of 500")


def test_a_headline_longer_than_cap_takes_is_told() -> None:
    names = [f"A rather long name of a place {number}" for number in range(5)]
    made = stage.shown(stage.example("flood-warning", BRISBANE, place_names=names), BRISBANE)
    assert any(each.place == "cap.en.headline" and "too long of 160" in each.message for each in made.problems)
    assert made.alert is None


def test_a_channel_that_is_not_set_up_cannot_be_chosen() -> None:
    limits = {name: each for name, each in stage.LIMITS.items() if name != "x"}
    made = stage.shown(stage.example("holding", BRISBANE), BRISBANE, limits=limits)
    assert [each.place for each in made.problems] == ["channels"]
    assert made.problems[0].message == "x is not set up"
    assert {message.channel for message in made.messages} == {"website", "sms", "facebook"}


@pytest.mark.parametrize("word", ["tonight", "Tonight", "soon"])
def test_a_word_that_names_no_day_is_refused(word: str) -> None:
    made = stage.shown(stage.example("holding", BRISBANE, not_known=[f"how far it will reach {word}"]), BRISBANE)
    assert f"says {word.lower()!r}" in {each.message for each in made.problems if each.place == "sms.en"}
    assert "soon" not in {each.message for each in made.problems}


def test_in_bokmaal_i_natt_is_refused_and_sooner_words_are_not() -> None:
    draft = stage.example("holding", KONGSVINGER, doing={"nb": "Vi følger elva i natt", "en": "We watch at Soonwald"})
    told = {(each.place, each.message) for each in stage.shown(draft, KONGSVINGER).problems}
    assert ("facebook.nb", "says 'i natt'") in told
    assert not any(place.endswith(".en") for place, _ in told)


def test_places_left_empty_are_the_names_of_the_zones() -> None:
    draft = stage.example("flood-warning", BRISBANE, place_names=None)
    made = stage.shown(draft, BRISBANE)
    assert "low streets in Rocklea and Oxley from" in stage.text(made, "sms", "en").parts[0]
    assert made.alert is not None
    area = made.alert.infos[0].areas[0]
    assert (area.description, area.geocodes) == (
        "Rocklea, Oxley",
        (("brisbane:zone", "rocklea"), ("brisbane:zone", "oxley")),
    )


def test_a_drawn_area_without_names_asks_for_them() -> None:
    draft = stage.example("flood-warning", BRISBANE, place_names=None)
    draft = dataclasses.replace(draft, area=dataclasses.replace(draft.area, zones=()))
    places = {each.place for each in stage.shown(draft, BRISBANE).problems}
    assert "fields.place_names" in places


def test_volunteers_are_never_called_into_a_zone_that_people_were_sent_out_of() -> None:
    draft = stage.example("volunteer-call", BRISBANE)
    made = stage.shown(draft, BRISBANE, still_applies=(Still("evacuate", {}, ("corinda", "rocklea")),))
    assert [(each.place, each.message) for each in made.problems] == [
        ("area", "in corinda people are told to leave now")
    ]
    assert not stage.shown(draft, BRISBANE, still_applies=(Still("evacuate", {}, ("rocklea",)),)).problems


def test_an_evacuation_is_lifted_by_whoever_ordered_it() -> None:
    draft = stage.example("all-clear", BRISBANE, decided_by="municipality")
    (parent,) = stage.setting(BRISBANE, draft).parents
    ordered = dataclasses.replace(parent, fields={"decided_by": "state"}, opened="evacuate")
    made = stage.shown(draft, BRISBANE, parents=(ordered,))
    assert [each.place for each in made.problems] == ["fields.decided_by"]
    assert not stage.shown(stage.example("all-clear", BRISBANE), BRISBANE, parents=(ordered,)).problems
    other = dataclasses.replace(ordered, opened="boil-water")
    assert not stage.shown(draft, BRISBANE, parents=(other,)).problems


def test_what_stays_in_force_is_said_with_its_place_where_it_is_another() -> None:
    still = (Still("boil-water", {"en": ("Rocklea",)}), Still("stay-indoors", {"en": ("Oxley",)}))
    made = stage.shown(stage.example("all-clear", BRISBANE), BRISBANE, still_applies=still)
    assert "STILL ON: boil water, stay indoors in Oxley." in stage.text(made, "sms", "en").parts[0]
    page = stage.text(made, "website", "en").parts[0]
    assert "<li>Boil your water: Rocklea</li>" in page
