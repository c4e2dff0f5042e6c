"""What the service complains about in English is said in the reader's language, and the table of it stays true."""

import ast
import re

import pytest

from broadcaster.runtime import FOLDER
from broadcaster.web.told import SHAPES, told
from tests.web.cast import House

SOURCES = [FOLDER / "broadcaster" / ring for ring in ("domain", "store", "services", "web/console")]


def literals() -> str:
    """Every literal piece of text in the sources, f-strings in one piece with a sign for their blanks."""
    found = []
    for folder in SOURCES:
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.append(node.value)
                if isinstance(node, ast.JoinedStr):
                    found.append(
                        "".join(str(each.value) if isinstance(each, ast.Constant) else "\0" for each in node.values)
                    )
    return "\n".join(found)


def test_every_shape_is_still_said_somewhere() -> None:
    """By its longest piece without a blank; a sentence that was reworded shows here."""
    said = literals()
    gone = [shape for shape in SHAPES if max(re.split(r"%\(\w+\)s|(?<=\.) ", shape), key=len).strip() not in said]
    assert gone == []


def in_bokmaal(house: House, text: str) -> str:
    with house.app.test_request_context(headers={"Accept-Language": "nb"}):
        return told(text)


@pytest.mark.parametrize(
    ("english", "bokmaal"),
    [
        ("must be filled in", "må fylles ut"),
        ("has 95 characters, 5 more than the 90 it may have", "har 95 tegn, 5 mer enn de 90 det kan ha"),
        ("'soon' is not a number", "'soon' er ikke et tall"),
        ("One to four sentences from the bank.", "En til fire setninger fra banken."),
        ("a sentence that nobody knows", "a sentence that nobody knows"),
        ("", ""),
    ],
)
def test_a_complaint_is_told_in_the_readers_language(house: House, english: str, bokmaal: str) -> None:
    assert in_bokmaal(house, english) == bokmaal


def test_an_english_reader_gets_what_was_said(house: House) -> None:
    with house.app.test_request_context(headers={"Accept-Language": "en"}):
        assert told("'soon' is not a number") == "'soon' is not a number"


def test_the_form_complains_in_the_readers_language(town: House) -> None:
    ada = town.of("ada")
    form = {"status": "Actual", "action": "preview", "new_incident": "Flom", "languages": "en"}
    page = ada.post("/alerts/new/holding", form, Accept_Language="nb").text
    assert "må fylles ut" in page
    assert "must be filled in" not in page
