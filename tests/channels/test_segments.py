"""What makes a text dearer than it need be, and how it is said to whoever still writes it."""

import pytest

from channels import weighing
from channels.segments import advise_sms, heavy_in_post
from channels.text import measure_post, measure_sms


def test_the_letters_that_force_ucs2_are_named_with_their_word_and_what_to_write() -> None:
    advice = advise_sms("Čáhci goarkŋu " + "x" * 130)
    assert [(each.character, each.word, each.instead) for each in advice.forcing] == [
        ("Č", "Čáhci", "C"),
        ("á", "Čáhci", "a"),
        ("ŋ", "goarkŋu", "n"),
    ]
    assert (advice.length.encoding, advice.length.segments, advice.plain_segments) == ("UCS-2", 3, 1)
    assert advice.doubled == ()


def test_what_has_nothing_to_stand_instead_is_left_out() -> None:
    (wave,) = advise_sms("Flood 🌊🌊").forcing
    assert (wave.times, wave.instead) == (2, "")


def test_norwegian_letters_cost_nothing_more_and_brackets_count_twice() -> None:
    advice = advise_sms("Blåbær på øya [nå] for 5 €")
    assert advice.forcing == ()
    assert [each.character for each in advice.doubled] == ["[", "]", "€"]


@pytest.mark.parametrize("text", ["a" * 161, "a" * 310, "ž" * 71, "ž" * 140, "a" * 306 + "€"])
def test_cutting_as_much_as_it_says_saves_a_segment_and_one_less_does_not(text: str) -> None:
    advice = advise_sms(text)
    segments = advice.length.segments
    assert measure_sms(text[: len(text) - advice.over]).segments < segments
    if "€" not in text:
        assert measure_sms(text[: len(text) - advice.over + 1]).segments == segments


@pytest.mark.parametrize("text", ["a" * 100, "a" * 160, "ž" * 70, "a" * 200])
def test_the_room_that_is_left_can_be_used_to_the_last_character(text: str) -> None:
    advice = advise_sms(text)
    assert measure_sms(text + text[0] * advice.room).segments == advice.length.segments
    assert measure_sms(text + text[0] * (advice.room + 1)).segments == advice.length.segments + 1


def test_a_post_counts_emoji_and_far_scripts_twice() -> None:
    assert [each.character for each in heavy_in_post("Flom på Moen… 洪水 🌊")] == ["…", "洪", "水", "🌊"]


def test_emoji_are_looked_for_wherever_there_can_be_any() -> None:
    """The library's search is passed by only for texts in which it finds nothing."""
    weighing.parse_tweet("")
    from twitter_text.regexp.emoji import emoji

    passed = [chr(code) for code in range(0x203C) if not weighing._MAYBE.search(chr(code))]
    assert not emoji.search("".join(passed))
    assert not emoji.search("".join(f"{sign}\ufe0e" for sign in "0123456789#*"))
    assert measure_post("1️⃣").weighted_length == 2
    assert measure_post("©").weighted_length == measure_post("© ").weighted_length - 1
