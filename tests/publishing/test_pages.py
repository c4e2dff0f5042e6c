"""What residents read: order, words, levels, languages, and what is no longer said."""

import base64
import gzip
import hashlib
import html
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from broadcaster.domain.alert import MsgType, PictureFile, ResponseType, Status
from broadcaster.domain.errors import Invalid
from broadcaster.domain.lifecycle import AlertState
from broadcaster.store.status_page import build, content_security_policy
from broadcaster.store.status_words import blanks, load_words, may_replace
from tests.publishing.city import NOW, alert, following, told, view

HOUR = timedelta(hours=1)


def text_of(page: str) -> str:
    """What a person reads, on one line."""
    body = re.sub(r"<head>.*?</head>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).strip()


def order(page: str, *words: str) -> None:
    found = [page.index(word) for word in words]
    assert found == sorted(found), words


def test_the_files_are_those_that_others_rely_on() -> None:
    files = build(view(alert(), instructions=(told(),))).files
    assert set(files) == {
        "index.html",
        "nb/index.html",
        "en/index.html",
        "nb/alerts/flood-1.html",
        "en/alerts/flood-1.html",
        "a/abcdefg1/index.html",
        "alerts/flood-1.cap.xml",
        "status.json",
        "alerts.atom",
        "alerts.rss",
        "alerts.txt",
        "robots.txt",
        "404.html",
    }


def test_nothing_links_to_what_is_not_written_yet() -> None:
    paths = list(build(view(alert(), alert(2))).files)
    assert paths[-1] == "index.html"
    for front in ("nb/index.html", "alerts.atom", "status.json"):
        assert paths.index(front) > max(at for at, path in enumerate(paths) if "flood-" in path)


def test_the_front_page_says_when_then_what_to_do_then_whom_to_call_before_anything_else() -> None:
    page = build(view(alert(), instructions=(told(),))).files["en/index.html"]
    order(
        page,
        "<body",
        "Updated <time",
        "Next update by <time",
        "What to do now</h1>",
        "Get ready to leave.</p>",
        'href="tel:112"',
        'href="tel:70000000"',
        "Messages in force",
        "<article",
        "Other languages",
        "Accessibility",
        "Privacy",
    )
    assert "<nav" not in page
    assert "<img" not in page[: page.index("<article")]


def test_a_level_is_said_as_a_word_then_a_shape_then_a_colour() -> None:
    page = build(view(alert(), instructions=(told("evacuate"),))).files["nb/index.html"]
    assert re.search(
        r'<p class="level">Handle nå <svg class="l3" [^>]*aria-hidden="true"><path d="M10 1l9 17H1z"/>', page
    )


def test_the_levels_have_the_words_of_the_australian_warning_system() -> None:
    every = (told("evacuate", "Oxley"), told("prepare", "Rocklea"), told("informed", "Sherwood"))
    page = build(view(alert(tags=("en",)), instructions=every, city="brisbane")).files["index.html"]
    order(page, "Emergency Warning", "Watch and Act", "Advice")


def test_shapes_follow_the_word_of_the_level_inside_an_alerts_own_text() -> None:
    page = build(view(alert())).files["en/alerts/flood-1.html"]
    assert re.search(r'<p class="level"><strong>Level</strong> <svg class="l2"', page)


def test_green_means_lifted_and_nothing_else() -> None:
    lifted = told("evacuate", lifted=NOW - HOUR)
    with_lifted = build(view(lifted=(lifted,))).files["nb/index.html"]
    assert "Opphevet <svg class=" in with_lifted
    assert 'class="l0"' in with_lifted
    for page in (build(view()).files, build(view(alert(), instructions=(told(),))).files):
        assert 'class="l0"' not in page["nb/index.html"]


def test_an_all_clear_is_marked_as_lifted() -> None:
    shown = alert()
    infos = tuple(replace(info, response_types=(ResponseType.ALL_CLEAR,)) for info in shown.document.infos)
    files = build(view(replace(shown, document=replace(shown.document, infos=infos)))).files
    for path in ("index.html", "nb/alerts/flood-1.html"):
        assert re.search(r'<p class="level">Opphevet <svg class="l0"', files[path]), path


def test_an_empty_page_does_not_say_that_it_is_safe() -> None:
    files = build(view()).files
    assert "Det betyr ikke at det ikke er noen fare." in text_of(files["nb/index.html"])
    assert "does not mean that there is no danger" in text_of(files["en/index.html"])
    assert "betyr ikke at det er trygt" in text_of(files["404.html"])


def test_an_expired_instruction_is_still_to_be_followed() -> None:
    """SECURITY R15."""
    over = NOW - HOUR
    seen = view(alert(expires=over), instructions=(told("evacuate", expires=over),))
    page = text_of(build(seen).files["en/index.html"])
    order(page, "Leave now.", "Not renewed at 12.40 pm Wed 12 Jan")
    assert "Still follow this until we lift it." in page
    assert seen.past == ()
    order(page, "Messages in force", "This message was not renewed at", "The river will cover low streets.")
    own = text_of(build(seen).files["en/alerts/flood-1.html"])
    assert "was not renewed at" in own
    assert "Still follow it until we lift it." in own
    assert "The river will cover low streets." in own


def test_a_message_that_ran_out_without_an_instruction_is_not_shown_as_if_it_held() -> None:
    page = text_of(build(view(alert(expires=NOW - HOUR))).files["en/alerts/flood-1.html"])
    assert "The river will cover" not in page
    assert "That does not mean that it is safe." in page


def test_a_broken_promise_is_admitted() -> None:
    late = alert(next_update_at=NOW - HOUR)
    page = text_of(build(view(late)).files["en/index.html"])
    assert "The update promised by 12.40 pm Wed 12 Jan is late." in page
    assert "Next update by" not in page.partition("What to do now")[0]


def test_the_soonest_promise_that_can_be_kept_is_the_one_announced() -> None:
    seen = view(alert(1, next_update_at=NOW - HOUR), alert(2, next_update_at=NOW + HOUR), alert(3))
    assert (seen.late_since, seen.next_update_at) == (NOW - HOUR, NOW + HOUR)


def test_times_are_on_the_citys_clock_with_weekday_and_date_and_one_full_stop() -> None:
    page = build(view(alert())).files["nb/index.html"]
    assert '<time datetime="2011-01-12T13:20+01:00">kl. 13.20 onsdag 12. jan.</time>' in page
    assert "jan.</time>." not in page
    assert "jan.." not in text_of(page)


def test_places_with_the_same_instructions_stand_together_and_the_gravest_first() -> None:
    seen = view(
        alert(),
        instructions=(
            told("prepare", "Oxley"),
            told("prepare", "Rocklea"),
            told("evacuate", "Moen"),
            told("prepare", "Moen"),
        ),
    )
    assert [[each.zone for each in group.places] for group in seen.place_groups] == [["moen"], ["oxley", "rocklea"]]
    page = build(seen).files["en/index.html"]
    order(page, "For Moen", "Leave now.", "For Oxley and Rocklea")


def test_where_people_are_told_to_leave_nobody_reads_get_ready_beside_it() -> None:
    both = (told("prepare", "Moen"), told("evacuate", "Moen"), told("prepare", "Oxley"))
    covers = {told("evacuate", "Moen").key: (told("prepare", "Moen").key,)}
    seen = replace(view(alert(), instructions=both), covers=covers)
    said = {group.places[0].zone: [each.key for each in group.instructions] for group in seen.place_groups}
    assert said == {"moen": [told("evacuate", "Moen").key], "oxley": [told("prepare", "Moen").key]}


def test_a_place_that_was_not_renewed_does_not_hide_among_those_that_were() -> None:
    seen = view(alert(), instructions=(told(place="Oxley"), told(place="Rocklea", expires=NOW - HOUR)))
    assert len(seen.place_groups) == 2


def test_the_front_page_holds_every_message_in_force_so_that_no_second_request_is_needed() -> None:
    page = build(view(alert(1, text="First text"), alert(2, text="Second text"))).files["index.html"]
    assert "First text" in page
    assert "Second text" in page
    assert not re.search(r"<(script|link rel=.stylesheet|iframe)", page)


def test_the_gravest_message_comes_first_and_what_lifts_comes_last() -> None:
    seen = view(alert(1), alert(2), instructions=(told("evacuate", source="flood-2"),))
    assert [each.identifier for each in seen.in_force] == ["flood-2", "flood-1"]


def test_a_superseded_message_points_to_the_newest_and_says_nothing_of_its_own() -> None:
    first = alert(1, state=AlertState.SUPERSEDED, text="Old words", successors=("flood-2",))
    second = following(first, alert(2, state=AlertState.SUPERSEDED, successors=("flood-3",)))
    third = following(second, alert(3))
    files = build(view(first, second, third)).files
    page = files["en/alerts/flood-1.html"]
    assert "A newer message has taken the place of this one." in page
    assert 'href="../../en/alerts/flood-3.html"' in page
    assert "flood-2.html" not in page
    assert not any("Old words" in text for path, text in files.items() if not path.endswith(".cap.xml"))


def test_who_must_still_follow_a_replaced_message_finds_its_route_below_the_newer_one() -> None:
    """A correction for one place says nothing of the route of another."""
    first = alert(1, state=AlertState.SUPERSEDED, text="Take Ipswich Road north", successors=("flood-2",))
    correction = following(first, alert(2, text="Sherwood: you need not leave"))
    files = build(view(first, correction, instructions=(told("evacuate", source="flood-1"),))).files
    page = text_of(files["en/alerts/flood-1.html"])
    order(
        page,
        "A newer message",
        "Read the newer message",
        "Leave now.",
        "the newer one holds",
        "Take Ipswich Road north",
    )
    assert "Take Ipswich Road" not in files["en/index.html"]
    assert "Take Ipswich Road" not in files["alerts.atom"]
    person = replace(first, personal=True)
    gone = build(view(person, correction, instructions=(told("evacuate", source="flood-1"),))).files
    assert "Take Ipswich Road" not in gone["en/alerts/flood-1.html"]


def test_successors_that_go_in_a_circle_do_not_hang_the_page() -> None:
    first = alert(1, state=AlertState.SUPERSEDED, successors=("flood-2",))
    second = alert(2, state=AlertState.SUPERSEDED, successors=("flood-1",))
    assert build(view(first, second)).files["en/alerts/flood-1.html"]


def test_a_person_who_was_found_leaves_a_tombstone_without_words_or_picture() -> None:
    """FIELD "Calls that close themselves": name and photo removed everywhere."""
    photo = PictureFile("ola.jpg", {"nb": "Ola Nordmann"})
    found = alert(
        1,
        state=AlertState.CANCELLED,
        text="Ola Nordmann, 78",
        personal=True,
        pictures=(photo,),
        successors=("flood-2",),
    )
    all_clear = following(found, alert(2, text="Found."), MsgType.CANCEL)
    before = build(view(replace(found, state=AlertState.ACTIVE, successors=())))
    assert before.pictures == (photo,)
    assert "Ola Nordmann" in before.files["pictures/index.html"]
    site = build(view(found, all_clear))
    assert not any("Ola" in text or "ola.jpg" in text for text in site.files.values())
    assert not site.pictures
    assert set(site.gone) == {"pictures/ola.jpg", "pictures/index.html", "alerts/flood-1.cap.xml"}
    assert "This message ended at" in site.files["en/alerts/flood-1.html"]
    assert (
        "What it said has been removed." in site.files["a/abcdefg1/index.html"]
        or "Innholdet er fjernet." in (site.files["a/abcdefg1/index.html"])
    )


def test_a_picture_that_another_message_still_shows_stays() -> None:
    map_ = PictureFile("map.png", {"nb": "Kart"})
    ended = alert(1, state=AlertState.CANCELLED, pictures=(map_,))
    site = build(view(ended, alert(2, pictures=(map_,))))
    assert site.pictures == (map_,)
    assert not site.gone


def test_a_stopped_message_is_not_relied_on_but_its_instruction_stays_until_lifted() -> None:
    stopped = alert(state=AlertState.STOPPED, text="Wrong words")
    files = build(view(stopped, instructions=(told("evacuate"),))).files
    page = text_of(files["en/alerts/flood-1.html"])
    assert "We stopped sending this message" in page
    assert "Wrong words" not in page
    assert "These instructions still apply For Rocklea" in page
    assert "Leave now." in text_of(files["en/index.html"])


def test_an_alert_without_this_pages_language_is_shown_in_its_own_and_marked() -> None:
    files = build(view(alert(tags=("en",)))).files
    page = files["nb/index.html"]
    assert '<article id="m-flood-1" lang="en">' in page
    assert "Bare på English" in page
    assert "nb/alerts/flood-1.html" not in files


def test_the_short_link_is_the_page_in_the_first_language_and_links_to_the_others() -> None:
    files = build(view(alert())).files
    page = files["a/abcdefg1/index.html"]
    assert '<html lang="nb">' in page
    assert '<a lang="en" hreflang="en" href="../../en/alerts/flood-1.html">English</a>' in page
    assert page.partition("<body")[2] == files["nb/alerts/flood-1.html"].partition("<body")[2]


def test_every_relative_link_leads_to_a_file() -> None:
    seen = view(alert(), alert(2, state=AlertState.CANCELLED), instructions=(told(),), lifted=(told(lifted=NOW),))
    files = build(seen).files
    for path, text in files.items():
        if not path.endswith(".html") or path == "404.html":
            continue
        folder = path.rpartition("/")[0].split("/") if "/" in path else []
        for href in re.findall(r'href="([^"#:]+)"', text):
            pieces = list(folder)
            for piece in href.split("/"):
                if piece == "..":
                    pieces.pop()
                else:
                    pieces.append(piece)
            target = "/".join(pieces)
            assert (f"{target}index.html" if target.endswith("/") or not target else target) in files, (path, href)


def test_an_exercise_looks_and_reads_differently_first_and_last() -> None:
    drill = build(view(alert(status=Status.EXERCISE), root="exercise")).files
    live = build(view(alert())).files
    for path, page in drill.items():
        if not path.endswith(".html"):
            continue
        body = page[page.index("<body") :]
        assert body.startswith('<body class="practice">')
        assert "<title>ØVELSE – " in page or "<title>EXERCISE – " in page
        words = text_of(page)
        assert words.startswith(("ØVELSE.", "EXERCISE."))
        assert words[-130:].count("ØVELSE.") + words[-130:].count("EXERCISE.") == 1
        assert "practice" not in live[path][live[path].index("<body") :]
    assert drill["robots.txt"].endswith("Disallow: /\n")
    lines = drill["alerts.txt"].strip().splitlines()
    assert lines[0].startswith("ØVELSE.")
    assert lines[-1].startswith("EXERCISE.")


@pytest.mark.parametrize(("count", "limit"), [(3, 8_000), (20, 14_600)])
def test_the_first_response_is_small(count: int, limit: int) -> None:
    """Issue 5: 8 kB gzipped with 3 live alerts, 14.6 kB (ten TCP segments, RFC 6928) with 20, of real length."""
    filler = "Sherwood Road at the creek is closed, Bowhill Road floods next. Boats leave from {} every {} minutes. "
    alerts = [
        alert(at, text="".join(filler.format(f"stop {at * 7 + line}", at + line) for line in range(8)))
        for at in range(count)
    ]
    instructions = tuple(told("evacuate", f"Place {at}", f"flood-{at}") for at in range(count))
    page = build(view(*alerts, instructions=instructions)).files["index.html"]
    assert len(gzip.compress(page.encode(), 9)) <= limit


def test_the_same_view_gives_the_same_files() -> None:
    seen = view(alert(), alert(2, state=AlertState.CANCELLED), instructions=(told(),))
    assert build(seen) == build(seen)


def test_only_front_pages_and_data_change_with_the_moment_of_writing() -> None:
    before = build(view(alert(), instructions=(told(),))).files
    after = build(view(alert(), instructions=(told(),), at=NOW + timedelta(minutes=1))).files
    assert {path for path in before if before[path] != after[path]} == {
        "index.html",
        "nb/index.html",
        "en/index.html",
        "status.json",
    }


def test_the_style_in_the_page_is_the_one_that_its_policy_allows() -> None:
    for page in (text for path, text in build(view(alert())).files.items() if path.endswith(".html")):
        style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
        assert style
        digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
        assert f"sha256-{digest}" in content_security_policy()
        assert "default-src 'none'" in html.unescape(page)
        assert 'style="' not in page


def test_an_alert_that_cap_cannot_carry_still_has_its_pages() -> None:
    odd = alert()
    odd = replace(odd, document=replace(odd.document, sender="two words"))
    site = build(view(odd))
    assert "alerts/flood-1.cap.xml" not in site.files
    assert "CAP 1.2" not in site.files["en/alerts/flood-1.html"]
    assert [problem.place for problem in site.problems] == ["flood-1.sender"]


def test_every_language_has_every_sentence_with_the_same_blanks() -> None:
    words = load_words()
    assert {"en", "nb"} <= words.keys()
    for key in words["en"]:
        assert len({blanks(each[key]) for each in words.values()}) == 1, key


def test_a_language_with_a_missing_sentence_is_refused(tmp_path: Path) -> None:
    (tmp_path / "en.toml").write_text('title = "What to do now"\nlate = "Late"\n')
    (tmp_path / "se.toml").write_text('title = "Maid"\n')
    with pytest.raises(Invalid, match=r"se\.toml: late is missing"):
        load_words(tmp_path)


def test_a_citys_own_sentence_must_say_the_time_where_ours_does() -> None:
    assert may_replace("Late since {time}.", "Since {time} we are late.")
    assert not may_replace("Late since {time}.", "We are late.")
    assert not may_replace("Nothing.", "Nothing, {danger}.")
    assert not may_replace("Nothing.", "Nothing {")


def test_a_language_without_words_of_its_own_borrows_those_of_the_first() -> None:
    shown = alert(tags=("en",))
    info = replace(shown.document.infos[0], language="so")
    somali = replace(shown, document=replace(shown.document, infos=(info,)), articles={"so": "<p>Daad</p>"})
    page = build(view(somali)).files["so/alerts/flood-1.html"]
    assert '<html lang="so">' in page
    assert "Daad" in page
