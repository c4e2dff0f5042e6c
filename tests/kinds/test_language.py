"""How each language writes times, days, numbers and lists."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from broadcaster.store.documents import load_languages
from tests.rendering.stage import TEMPLATES

LANGUAGES = load_languages(TEMPLATES)
EN, NB = LANGUAGES["en"], LANGUAGES["nb"]
ZONE = ZoneInfo("Europe/Oslo")


def at(hour: int, minute: int = 0, day: int = 13) -> datetime:
    return datetime(2011, 1, day, hour, minute, tzinfo=ZONE)


@pytest.mark.parametrize(
    ("moment", "en", "nb"),
    [
        (at(2), "2 am Thu 13 Jan", "kl. 02.00 torsdag 13. jan."),
        (at(22, 40, 12), "10.40 pm Wed 12 Jan", "kl. 22.40 onsdag 12. jan."),
        (at(0, 5), "12.05 am Thu 13 Jan", "kl. 00.05 torsdag 13. jan."),
        (at(0), "12 am Thu 13 Jan", "kl. 00.00 torsdag 13. jan."),
        (at(12), "12 noon Thu 13 Jan", "kl. 12.00 torsdag 13. jan."),
        (at(12, 30), "12.30 pm Thu 13 Jan", "kl. 12.30 torsdag 13. jan."),
    ],
)
def test_a_time_has_clock_weekday_and_date(moment: datetime, en: str, nb: str) -> None:
    assert EN.moment(moment) == en
    assert NB.moment(moment) == nb


def test_the_clock_alone_is_used_only_within_a_day() -> None:
    now = at(22, 40, 12)
    assert EN.soon(at(1), now) == "1 am"
    assert NB.soon(at(8), now) == "kl. 08.00"
    assert EN.soon(now - timedelta(hours=1), now) == "9.40 pm"
    assert EN.soon(now + timedelta(hours=24), now) == "10.40 pm Thu 13 Jan"


def test_weekdays_days_lists_and_numbers() -> None:
    assert EN.on_weekday(at(6)) == "Thu 6 am"
    assert NB.on_weekday(at(18)) == "torsdag kl. 18.00"
    assert EN.day_of(date(2011, 1, 15)) == "Sat 15 Jan"
    assert NB.day_of(date(2011, 9, 5)) == "mandag 5. sept."
    assert EN.listed(["Rocklea"]) == "Rocklea"
    assert EN.listed(["Rocklea", "Oxley", "Sherwood"]) == "Rocklea, Oxley and Sherwood"
    assert NB.listed(["Strandveien", "Nedre Moen"]) == "Strandveien og Nedre Moen"
    assert EN.listed([]) == ""
    assert (EN.number(4.46), NB.number(4.46), NB.number(3.0), EN.number(1200)) == ("4.46", "4,46", "3", "1200")


def test_each_language_marks_an_exercise_in_its_own_words() -> None:
    assert (EN.exercise_first, EN.exercise_last) == ("EXERCISE EXERCISE:", "This is an exercise.")
    assert (NB.exercise_first, NB.exercise_last) == ("ØVELSE ØVELSE:", "Dette er en øvelse.")
    assert EN.words.keys() == NB.words.keys()
