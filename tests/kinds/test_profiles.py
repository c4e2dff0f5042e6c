"""The two cities that ship, and what a profile may not be."""

import json
from pathlib import Path

import pytest
from shapely.geometry import Polygon, shape

from broadcaster.domain.errors import Invalid
from broadcaster.store.documents import load_profile
from tests.rendering.stage import ROOT, city

PROFILES = ROOT / "profiles"


def changed(tmp_path: Path, *pairs: tuple[str, str]) -> Path:
    """Brisbane's profile with words replaced, as a file of its own."""
    text = (PROFILES / "brisbane.yaml").read_text()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "city.yaml"
    path.write_text(text)
    return path


def test_brisbane_is_what_its_residents_know() -> None:
    profile = city("brisbane")
    assert profile.sender == {"en": "Brisbane City Council"}
    assert (profile.timezone, profile.languages, profile.phone_region) == ("Australia/Brisbane", ("en",), "AU")
    assert (profile.danger_number, profile.question_number) == ("000", "07 7010 8888")
    assert profile.may_decide("state", "order-evacuation")
    assert not profile.may_decide("police", "order-evacuation")
    assert not profile.may_decide("state", "something-nobody-named")


def test_kongsvinger_speaks_bokmaal_first() -> None:
    profile = city("kongsvinger")
    assert (profile.languages, profile.fallback) == (("nb", "en"), "nb")
    assert profile.phone_region == "NO"  # and not the truth value that YAML 1.1 makes of it
    assert (profile.danger_number, profile.numbers["police"]) == ("112", "02800")
    assert profile.may_decide("police", "order-evacuation")
    assert not profile.may_decide("municipality", "order-evacuation")
    assert profile.sms_segments == {"nb": 2, "en": 2}


def test_a_city_with_a_language_that_needs_ucs_2_may_allow_it_more_segments(tmp_path: Path) -> None:
    path = changed(tmp_path, ("sms_segments: {en: 2}", "sms_segments: {en: 2, ar: 3}"))
    assert load_profile(path).sms_segments == {"en": 2, "ar": 3}


def test_every_problem_of_a_profile_is_told_at_once_with_line_and_column(tmp_path: Path) -> None:
    path = changed(
        tmp_path,
        ("timezone: Australia/Brisbane", "timezone: Australia/Brisbain"),
        ('danger: "000"', "dangr: 000"),
        ("zoom: 13", "zoom: [13]"),
        ("hashtag: qldfloods", "hashtagg: qldfloods"),
        ("order-evacuation: [state]", "order-evacuation: [mayor]"),
    )
    with pytest.raises(Invalid) as caught:
        load_profile(path)
    problems = {problem.place.removeprefix(f"{path}:"): problem.message for problem in caught.value.problems}
    lines = path.read_text().splitlines()

    def place(words: str, column: int) -> str:
        return f"{next(number for number, line in enumerate(lines, 1) if words in line)}:{column}"

    assert "'Australia/Brisbain' is not a time zone" in problems[place("Brisbain", 11)]
    assert "there is no key 'hashtagg'" in problems[place("hashtagg", 11)]
    assert "danger is missing" in problems[place("dangr", 3)]
    assert "number" in problems[place("zoom", 7)]
    assert "'mayor', which is no authority" in problems[place("mayor", 3)]
    assert len(problems) == 6  # and hashtag is missing


def test_words_must_be_there_in_every_language_of_the_profile(tmp_path: Path) -> None:
    path = changed(tmp_path, ("languages: [en]", "languages: [en, nb]"))
    with pytest.raises(Invalid) as caught:
        load_profile(path)
    assert any("has no words in nb" in problem.message for problem in caught.value.problems)


@pytest.mark.parametrize("name", ["brisbane", "kongsvinger"])
def test_the_zones_that_ship_are_sound_named_and_do_not_overlap(name: str) -> None:
    profile = city(name)
    features = json.loads((PROFILES / profile.zones_file).read_text())["features"]
    assert 8 <= len(features) <= 14
    shapes = []
    for feature in features:
        assert set(profile.languages) <= set(feature["properties"]["names"])
        outline = shape(feature["geometry"])
        assert isinstance(outline, Polygon)
        assert outline.is_valid
        assert outline.exterior.is_ccw
        shapes.append(outline)
    for index, one in enumerate(shapes):
        for other in shapes[index + 1 :]:
            assert one.intersection(other).area == pytest.approx(0, abs=1e-12)
    assert len({feature["properties"]["id"] for feature in features}) == len(features)


def test_numbers_that_ship_reach_nobody() -> None:
    """07 7010 and 0491 57 are set aside for fiction; 70 00 00 00 is a placeholder; the others are public services."""
    public = {"000", "112", "113", "02800", "116117", "131 444", "13 43 25 84"}
    for name in ("brisbane", "kongsvinger"):
        profile = city(name)
        for number in profile.numbers.values():
            assert number in public or number.startswith(("07 7010", "70 00 00"))
        assert all(phone.startswith("+6149157") for phone in profile.staff_phones)
