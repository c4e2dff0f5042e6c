"""Every word of the console in every language of it, and the right one for whoever reads."""

import re

import pytest
from babel.messages.catalog import Message

from broadcaster.runtime import Runtime
from broadcaster.web import catalogue
from broadcaster.web.language import CONSOLE_LANGUAGES
from tests.web.cast import House

OTHERS = [tag for tag in CONSOLE_LANGUAGES if tag != "en"]
BLANKS = re.compile(r"%\(\w+\)[sd]")


def forms(message: Message) -> tuple[str, ...]:
    """What a text is translated to: one form, or one for each number."""
    given = message.string if isinstance(message.string, tuple) else (message.string,)
    return tuple(str(each or "") for each in given)


def sources_of(message: Message) -> tuple[str, ...]:
    return tuple(message.id) if isinstance(message.id, tuple) else (str(message.id),)


@pytest.mark.parametrize("language", OTHERS)
def test_every_word_is_translated(language: str) -> None:
    """Mend with `python -m broadcaster.web.catalogue`, then fill in what is empty."""
    stored = catalogue.stored(language)
    wanted = {message.id for message in catalogue.extracted() if message.id}
    have = {message.id for message in stored if message.id and all(forms(message))}
    assert wanted - have == set()


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_left_over(language: str) -> None:
    wanted = {message.id for message in catalogue.extracted() if message.id}
    assert {message.id for message in catalogue.stored(language) if message.id} - wanted == set()


@pytest.mark.parametrize("language", OTHERS)
def test_translations_keep_the_blanks(language: str) -> None:
    for message in catalogue.stored(language):
        sources = sources_of(message)
        for source, translated in zip(sources, forms(message), strict=True):
            if source and len(sources) == 1:
                assert sorted(BLANKS.findall(source)) == sorted(BLANKS.findall(translated)), source
            assert set(BLANKS.findall(translated)) <= set(BLANKS.findall(sources[-1])), source


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("nb-NO,nb;q=0.9,en;q=0.5", "Logg inn"),
        ("nn", "Logg inn"),
        ("no", "Logg inn"),
        ("en-AU", "Log in"),
        ("fr", "Log in"),
        ("", "Log in"),
    ],
)
def test_the_browsers_language_is_spoken(house: House, asked: str, words: str) -> None:
    page = house.browser().get("/login", Accept_Language=asked).text
    assert f"<h1>{words}</h1>" in page


def test_a_choice_is_kept_by_the_browser_and_by_the_person(house: House) -> None:
    browser = house.of("ada")
    browser.post("/language", {"language": "nb", "next": "/incidents"})
    assert '<html lang="nb">' in browser.get("/incidents").text
    elsewhere = house.of("ada")
    assert "Hendelser" in elsewhere.get("/incidents", Accept_Language="en").text
    assert "Innlogging i to trinn" in elsewhere.get("/account").text


def test_a_language_that_does_not_exist_changes_nothing(house: House) -> None:
    browser = house.of("ada")
    assert browser.post("/language", {"language": "xx"}).status_code == 302
    assert '<html lang="en">' in browser.get("/").text


def test_words_of_the_log_in_machinery_are_ours_in_both_languages(house: House) -> None:
    browser = house.browser()
    for asked, words in (("en", "The address or the password is wrong."), ("nb", "Adressen eller passordet er feil.")):
        browser.get("/login")
        answer = browser.post("/login", {"email": "x@bcc.example", "password": "wrong"}, Accept_Language=asked)
        assert words in answer.text


def test_the_stop_word_of_either_language_stops(town: House, rt: Runtime) -> None:
    from tests.engine.city import holding
    from tests.web.stories import approved, row

    alert_id = approved(town, rt, holding())
    ada = town.of("ada")
    ada.post("/language", {"language": "nb"})
    assert "Skriv STOPP for å bekrefte" in ada.get(f"/alerts/{alert_id}/stop").text
    assert ada.post(f"/alerts/{alert_id}/stop", {"word": "stopp"}).status_code == 302
    assert row(rt, alert_id).state == "stopped"
