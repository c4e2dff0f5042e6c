"""The warning check's rules: silent on every shipped example, and outspoken where an alert contradicts itself."""

from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from broadcaster.domain.alert import Draft, MsgType, Severity
from broadcaster.domain.lint.case import Case, Given, Text
from broadcaster.domain.lint.catalogue import RULES
from broadcaster.domain.lint.checking import check
from broadcaster.domain.lint.finding import Finding
from broadcaster.domain.profile import Profile
from broadcaster.services.warning_check import case_of
from broadcaster.store.rarity import rare
from broadcaster.store.zone_files import read_zones
from tests.rendering import stage

EN = "Brisbane City Council: LEAVE NOW. Flood reaches Rocklea by 2 am Thu 13 Jan. Take Ipswich Rd. Danger: 000."
NB = "Kongsvinger kommune: FORLAT HUSET NÅ. Flommen når Langeland innen kl. 02.00 torsdag 13. jan. Ring 112 ved fare."


def found(draft: Draft, profile: Profile) -> tuple[Finding, ...]:
    """What the check says of a draft of one of the two cities, with that city's zones."""
    kind = stage.kinds()[draft.kind]
    made = stage.shown(draft, profile)
    assert not made.problems, made.problems
    file = stage.ROOT / "profiles" / profile.zones_file
    places = [each.names for each in read_zones(file.read_bytes(), file.name, profile.fallback)]
    settled, _values, _problems = kind.settle(draft, profile, ZoneInfo(profile.timezone), stage.now(profile))
    return check(case_of(settled, kind, profile, made.messages, places), rare)


def of(*texts: Text, given: tuple[Given, ...] = (), **more: object) -> dict[str, Finding]:
    """Rule → its first finding in these texts."""
    answers: dict[str, Finding] = {}
    for each in check(Case(texts, given, **more)):  # type: ignore[arg-type]
        answers.setdefault(each.rule.id, each)
    return answers


@pytest.mark.parametrize("live", [True, False], ids=["live", "exercise"])
@pytest.mark.parametrize("name", stage.CITIES)
def test_no_shipped_example_is_complained_about(name: str, live: bool) -> None:
    profile = stage.city(name)
    for kind in sorted(stage.kinds()):
        draft = replace(stage.example(kind, profile), channels=tuple(stage.LIMITS))
        said = found(draft if live else stage.exercise(draft), profile)
        assert not said, [(kind, each.rule.id, each.place, each.message()) for each in said]


def test_a_finding_points_to_the_field_and_names_every_text_that_shows_it() -> None:
    profile = stage.city("brisbane")
    draft = stage.example("flood-warning", profile, impact="Inundation could cover low streets in")
    said = {each.rule.id: each for each in found(draft, profile)}
    tone = said["uncertain-tone"]
    assert (tone.place, tone.language, tone.said) == ("fields.impact", "en", "could")
    assert {"sms.en", "facebook.en", "website.en"} <= set(tone.seen)
    assert said["rare-word"].said == "inundation"
    assert said["rare-word"].message("nb") == "sier «inundation», et ord som sjelden brukes"


def test_two_languages_that_say_different_times_are_found_in_their_field() -> None:
    profile = stage.city("kongsvinger")
    pick_up = {"pick_up": "Langeland", "times": {"nb": "til kl. 01.30", "en": "until 2.30 am"}}
    said = {each.rule.id: each for each in found(stage.example("evacuation", profile, transport=pick_up), profile)}
    assert said["times-differ"].place == "fields.transport.times"
    assert said["times-differ"].message("en") == "Norwegian says 01:30, English says 02:30"


def test_a_field_in_the_wrong_language_is_found() -> None:
    profile = stage.city("kongsvinger")
    impact = {"nb": "The river will cover all of the streets in", "en": "The river will cover all the streets in"}
    said = {each.rule.id: each for each in found(stage.example("flood-warning", profile, impact=impact), profile)}
    mixed = said["language-mixed"]
    assert (mixed.place, mixed.language) == ("fields.impact", "nb")
    assert not any(each.error for each in said.values())


def test_the_same_command_and_level_stand_in_every_language_and_channel() -> None:
    assert (
        not {"actions-differ", "levels-differ", "times-differ"}
        & of(Text("sms", "en", EN), Text("sms", "nb", NB)).keys()
    )
    inside = NB.replace("FORLAT HUSET NÅ", "HOLD DEG INNE")
    differ = of(Text("sms", "en", EN), Text("sms", "nb", inside))["actions-differ"]
    assert differ.message("nb") == "engelsk sier «LEAVE NOW», norsk sier «HOLD DEG INNE»"
    page = EN.replace("LEAVE NOW", "Get ready to leave")
    assert "levels-differ" in of(Text("sms", "en", EN), Text("website", "en", page))
    red, orange = "NVE: rødt nivå.", "NVE: orange level."
    assert "levels-differ" in of(Text("sms", "nb", f"{NB} {red}"), Text("sms", "en", f"{EN} {orange}"))
    not_you = (
        "Brisbane City Council: Sherwood: you do NOT need to leave now. Stay indoors at Sherwood until 2 am Thu 13 Jan."
    )
    assert "actions-differ" not in of(Text("sms", "en", not_you), Text("website", "en", not_you))


def test_a_text_names_no_place_and_time_that_the_page_lacks() -> None:
    places = ({"en": "Rocklea"}, {"en": "Oxley"})
    page = Text("website", "en", EN.replace("Rocklea", "Oxley").replace("2 am", "3 am"))
    said = of(Text("sms", "en", EN), page, places=places)
    assert said["times-differ"].message() == "the text message says 02:00, the page says 03:00"
    assert said["places-differ"].message() == "the text message names Rocklea, the page does not"


def test_severity_fits_the_call_to_action() -> None:
    assert "severity-action" in of(Text("sms", "en", EN), severity=Severity.MINOR)
    calm = EN.replace("LEAVE NOW", "Stay informed")
    assert "severity-action" in of(Text("sms", "en", calm), severity=Severity.EXTREME)
    assert "severity-action" not in of(Text("sms", "en", EN), severity=Severity.EXTREME)


def test_an_update_says_what_is_new() -> None:
    profile = stage.city("brisbane")
    draft = replace(stage.example("flood-warning", profile, what_changed="Update"), msg_type=MsgType.UPDATE)
    assert [each.rule.id for each in found(draft, profile)] == ["nothing-new"]
    draft = replace(draft, fields={**draft.fields, "what_changed": "The water comes two hours sooner"})
    assert not found(draft, profile)


@pytest.mark.parametrize(
    ("text", "stopped"),
    [
        ("Leave by {time} on Thu 13 Jan", True),
        ("Go to XXX school", True),
        ("Gå til [skole]", False),
        ("The [old] bridge is closed", False),
        ("[UPDATE] Leave Zone [B 2]. The ship <<SOLSTRAND>> burns. Where???", False),
        ("Meet at [INSERT SCHOOL HERE]", True),
        ("Route M3 and the XXXX brewery", True),
        ("Call 07 7010 8888 (24 hours)", False),
        ("Gates <4 m> high", False),
        ("Meet at <PLACE>", True),
    ],
)
def test_only_certain_blanks_stop_a_text(text: str, stopped: bool) -> None:
    assert ("placeholder" in of(Text("sms", "en", text))) is stopped


def test_every_rule_has_its_source_its_words_in_both_languages_and_its_line_in_the_manual() -> None:
    manual = (stage.ROOT / "docs" / "warning-check.md").read_text(encoding="utf-8")
    for rule in RULES.values():
        assert f"| `{rule.id}` | {rule.weight} | {rule.title['en']} | {rule.source} |" in manual
        assert rule.source
        for words in (rule.title, rule.says, rule.cure):
            assert words["en"]
            assert words["nb"]
            assert words["nb"] != words["en"]
    assert sum(rule.weight == "error" for rule in RULES.values()) == 5
