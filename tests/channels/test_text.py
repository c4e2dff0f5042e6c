"""What a text costs on each channel, and how it is made to fit, held against independent counts and invented texts."""

import re
import unicodedata

import pytest
import smsutil
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from channels.text import (
    GSM_BASIC,
    GSM_EXTENDED,
    PLAIN,
    PostLength,
    SmsLength,
    measure_post,
    measure_sms,
    split_thread,
    transliterate_sms,
    urls_in,
)

GSM = st.text(st.sampled_from(sorted(GSM_BASIC | GSM_EXTENDED)), max_size=700)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)
LINK = "https://bcc.example/a/k3x9q7ab"

KINDS_SMS = {  # counted once by hand and once by a carrier's calculator
    "Brisbane City Council: Flood water is rising.": ("GSM-7", 45, 1),
    "a" * 160: ("GSM-7", 160, 1),
    "a" * 161: ("GSM-7", 161, 2),
    "a" * 306: ("GSM-7", 306, 2),
    "a" * 307: ("GSM-7", 307, 3),
    "a" * 152 + "€" + "a" * 152: ("GSM-7", 306, 3),
    "€" * 80: ("GSM-7", 160, 1),
    "€" * 81: ("GSM-7", 162, 2),
    "€" * 76 + "a" + "€" * 76: ("GSM-7", 305, 2),
    "æøåÆØÅ": ("GSM-7", 6, 1),
    "ш" * 70: ("UCS-2", 70, 1),
    "ш" * 71: ("UCS-2", 71, 2),
    "ш" * 134: ("UCS-2", 134, 2),
    "ш" * 66 + "😷" + "ш" * 66: ("UCS-2", 134, 3),
    "čáŋ": ("UCS-2", 3, 1),
    "`": ("UCS-2", 1, 1),
    "": ("GSM-7", 0, 1),
}


@pytest.mark.parametrize(("text", "expected"), KINDS_SMS.items())
def test_an_sms_costs_what_a_network_counts(text: str, expected: tuple[str, int, int]) -> None:
    measured = measure_sms(text)
    assert (measured.encoding, measured.units, measured.segments) == expected


@settings(deadline=None)
@given(GSM | ANYTHING)
def test_sms_segments_agree_with_an_independent_splitter(text: str) -> None:
    theirs = smsutil.split(text or " ")
    ours = measure_sms(text)
    if "\x1b" in text or not text:
        return  # the splitter takes the bare escape code for a character
    assert ours.segments == len(theirs.parts)
    assert (ours.encoding == "GSM-7") is (theirs.encoding == "gsm0338")
    assert ours.units == (theirs.total_bytes if ours.encoding == "GSM-7" else theirs.total_bytes // 2)


@settings(deadline=None)
@given(ANYTHING)
def test_plain_punctuation_touches_nothing_but_punctuation(text: str) -> None:
    plain, report = transliterate_sms(text)
    kept = "".join(PLAIN.get(c, c) for c in text)
    assert plain in (text, kept)
    assert bool(report) is (plain != text)
    assert all(not unicodedata.category(c).startswith(("L", "N", "M")) for c in PLAIN)
    if report:
        assert measure_sms(plain).encoding == "GSM-7"
        assert measure_sms(text).encoding == "UCS-2"
        assert transliterate_sms(plain) == (plain, ())


def test_smart_punctuation_becomes_plain_and_the_report_names_it() -> None:
    text, report = transliterate_sms("Elva stiger – “flytt deg nå”… Ring 112\u00a0ved fare. Ærlig, Øst, Åsen’s’")
    assert text == "Elva stiger - \"flytt deg nå\"... Ring 112 ved fare. Ærlig, Øst, Åsen's'"
    assert report == (
        "– became -",
        '“ became "',
        '” became "',
        "… became ...",
        "no-break space became a space",
        "’ became ' (2 times)",
    )


def test_a_text_that_needs_ucs2_anyway_keeps_its_own_punctuation() -> None:
    ukrainian = "Вода піднімається – «залиште дім»…"
    assert transliterate_sms(ukrainian) == (ukrainian, ())


@pytest.mark.parametrize(
    ("text", "weight", "valid"),
    [
        ("Flood", 5, True),
        ("", 0, False),
        ("a" * 280, 280, True),
        ("a" * 281, 281, False),
        ("é" * 280, 280, True),
        ("e\u0301" * 280, 280, True),
        ("水" * 140, 280, True),
        ("水" * 141, 282, False),
        ("😷", 2, True),
        ("👨‍👩‍👧‍👦", 2, True),
        ("See https://www.brisbane.qld.gov.au/alerts/a-long-address-that-x-shortens", 27, True),
        (f"See {LINK}", 34, True),  # .example is no real domain, so X does not shorten it
        ("See bcc.qld.gov.au/alerts/flood-2011", 27, True),
        ("a\ufeffb", 4, False),
        ("\ud800", 2, False),
    ],
)
def test_a_post_weighs_what_x_counts(text: str, weight: int, valid: bool) -> None:
    assert measure_post(text) == PostLength(weight, valid)


LEAD = "Brisbane City Council: LEAVE NOW. Flood water will cut Rocklea and Oxley by 2 am Thu 13 Jan."
REST = (
    "Go to Mt. Gravatt showground by Beaudesert Rd. Do not drive through water. "
    "Buses run from Oxley station every 10\u00a0min.\n\n"
    "Take medicine, papers, warm clothes, your phone and a charger. Dogs and cats are welcome at the showground. "
    "Can you not leave? Call 132\u00a0500.\n\n"
    "Danger to life: 000. Next update by 11 pm Wed 12 Jan. The council's page lists all streets: no other is ours. "
    "Help your neighbours if it is safe."
)


def test_a_post_that_fits_is_not_cut() -> None:
    assert split_thread("Stay away from the river.", LINK, lead="Council: FLOOD.") == (
        f"Council: FLOOD.\nStay away from the river.\n{LINK}",
    )


def test_the_first_part_stands_alone_with_lead_and_link() -> None:
    parts = split_thread(REST, LINK, lead=LEAD)
    assert parts[0].startswith(LEAD)
    assert parts[0].endswith(f" (1/{len(parts)})\n{LINK}")
    assert [part[-5:] for part in parts[1:]] == [f"({n}/{len(parts)})" for n in range(2, len(parts) + 1)]
    assert sum(part.count(LINK) for part in parts) == 1


def test_a_thread_breaks_after_sentences_and_knows_abbreviations() -> None:
    parts = split_thread(REST, LINK, lead=LEAD)
    bodies = [re.sub(r" \(\d/\d\)$", "", part.removesuffix("\n" + LINK)) for part in parts]
    assert all(body.endswith((".", "?")) for body in bodies)
    assert not any(body.endswith("Mt.") for body in bodies)
    assert " ".join(" ".join(bodies).split()) == " ".join(f"{LEAD} {REST}".split()).replace("\u00a0", " ")


def test_lead_and_link_that_the_text_already_has_are_not_said_twice() -> None:
    apart = split_thread(REST, LINK, lead=LEAD)
    together = split_thread(f"{LEAD}\n{REST}\n{LINK}", LINK, lead=LEAD)
    assert apart == together


def test_the_same_words_an_hour_later_are_another_thread_in_every_part() -> None:
    early = split_thread(REST, LINK, lead=LEAD, stamp="7.53 am")
    late = split_thread(REST, f"{LINK}2", lead=LEAD, stamp="8.53 am")
    assert not set(early) & set(late)
    assert early[1].endswith(f" (2/{len(early)}, 7.53 am)")
    assert all(measure_post(part).valid for part in early)


def test_every_part_of_an_exercise_says_so_first() -> None:
    mark = "EXERCISE EXERCISE:"
    parts = split_thread(REST, LINK, lead=f"{mark} {LEAD}", mark=mark)
    assert len(parts) > 2
    assert all(part.startswith(mark) and part.count(mark) == 1 and measure_post(part).valid for part in parts)


def test_a_word_that_cannot_fit_is_named() -> None:
    with pytest.raises(ValueError, match=r"'x{300}' cannot fit in one post"):
        split_thread("Go " + "x" * 300 + " now.", LINK)


def test_an_opening_that_leaves_no_room_is_named() -> None:
    with pytest.raises(ValueError, match="the opening and the link cannot fit"):
        split_thread("Go.", LINK, lead="Leave. " * 60)


@pytest.mark.parametrize(("text", "named"), [("a\ufeffb", r"U\+FEFF"), ("a\ud83cb", r"U\+D83C"), ("  \n ", "nothing")])
def test_what_x_refuses_is_named(text: str, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        split_thread(text)


WORDS = st.text(st.sampled_from("abcæøåABC.!?,:0123456789шあ。😷-"), min_size=1, max_size=25)
URLS = st.sampled_from(["https://bcc.example/a/1", "bcc.qld.gov.au/oxley?x=1", "https://elvdal.example/v/0c3"])
PROSE = st.lists(st.tuples(WORDS | URLS, st.sampled_from([" ", " ", " ", ". ", "\n", "\n\n", "\u00a0"])), max_size=160)


@settings(deadline=None)  # twitter-text's expressions are slow the first time
@given(PROSE, st.booleans(), st.sampled_from([280, 140]), st.sampled_from(["", "ØVELSE ØVELSE:"]))
def test_threads_lose_nothing_and_every_part_is_valid(
    prose: list[tuple[str, str]], with_link: bool, limit: int, mark: str
) -> None:
    text = "".join(word + gap for word, gap in prose)
    link = "https://elvdal.example/a/zzzzzzzz" if with_link else ""
    lead = "Elvdal kommune: FORLAT HUSET NÅ."
    try:
        parts = split_thread(text, link, limit, lead, mark)
    except ValueError as error:
        assume("cannot fit" not in str(error))
        raise
    assert all(measure_post(part).valid and measure_post(part).weighted_length <= limit for part in parts)
    assert lead in parts[0]
    assert link in parts[0]
    bodies = [part.removeprefix(mark).strip() for part in parts]
    if link:
        bodies[0] = bodies[0].removesuffix(link).strip()
    if len(parts) > 1:
        bodies = [body.removesuffix(f"({n}/{len(parts)})").strip() for n, body in enumerate(bodies, 1)]
    said = re.split(r"[ \n]+", " ".join(body for body in bodies if body))
    meant = re.split(r"[ \n]+", f"{lead} {text.strip()}".strip())
    # A full-width stop is a place to cut, so only there may a word come back in two, less a no-break space.
    assert "".join(said).replace("。\u00a0", "。") == "".join(meant).replace("。\u00a0", "。")
    assert all(word in meant for word in said if "。" not in "".join(meant))
    assert set(urls_in(text)) <= {url for part in parts for url in urls_in(part)} or "。" in text


def test_an_sms_length_is_a_value() -> None:
    assert measure_sms("ok") == SmsLength("GSM-7", 2, 1)
