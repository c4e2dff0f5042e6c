"""A city's profile: from nodes to a Profile."""

import re
from collections.abc import Mapping
from datetime import time
from decimal import Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from broadcaster.domain.profile import (
    CELL_BROADCAST,
    Authority,
    Geocoder,
    Level,
    Money,
    NationalAlert,
    Profile,
    QuestionHours,
)
from broadcaster.store.documents_night import read_night
from broadcaster.store.documents_reader import Node, Reader, Section

_SENDER = re.compile(r"[^\s,<&]{1,128}")
_REGION = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_TAG = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_HASHTAG = re.compile(r"\w{1,60}")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE = re.compile(r"[0-9][0-9 ]{1,18}[0-9]")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
#: When the duty roster decides whether anything live can be submitted; empty is "kept".
ROSTERS = ("", "kept", "required", "off")
#: What the public page says around the alerts, and texts to residents; a profile gives its own words.
STATUS_TEXTS = ("nothing_open", "not_renewed", "late", "stopped_texts", "resumed_texts", "help")


def read_profile(reader: Reader) -> Profile:
    """Read a profile; words must be there in every language of the profile."""
    top = reader.section()
    languages = top.texts("languages", max_length=16)
    night = read_night(top)
    profile = Profile(
        name=top.slug("name"),
        title=top.words("title", languages),
        sender=top.words("sender", languages),
        cap_sender=_matching(top, "cap_sender", _SENDER, "an identifier without space, comma, < or &"),
        timezone=_timezone(top),
        timezone_name=top.words("timezone_name", languages),
        languages=languages,
        phone_region=_matching(top, "phone_region", _REGION, "a country code such as AU"),
        level_set=top.slug("level_set"),
        levels=top.each("levels", lambda each: _level(each, languages), required=True),
        numbers=_numbers(top),
        hashtag=_matching(top, "hashtag", _HASHTAG, "letters and digits, without #"),
        authorities={
            key: Authority(key, top.words_of(node, languages)) for key, node in _entries(top, "authorities").items()
        },
        deciders=_lists(top, "deciders"),
        sms_segments=_segments(top, languages),
        danger_words=_lists(top, "danger_words"),
        not_monitored=top.words("not_monitored", languages),
        status_texts={key: top.words_of(node, languages) for key, node in _entries(top, "status_texts").items()},
        centre=_centre(top),
        zoom=top.integer("zoom", 12, 1, 19),
        question_hours=_hours(top),
        geocoder=_geocoder(top),
        staff_phones=top.texts("staff_phones", ()),
        sms_price=_price(top),
        national_alert=_national_alert(top, languages),
        roster=_roster(top),
        night=night,
        zones_file=top.text("zones_file", ""),
    )
    top.done()
    _check(top, profile)
    return profile


def _check(top: Section, profile: Profile) -> None:
    """What can be seen only once everything is read."""
    if not profile.languages:
        top.refuse("languages", "names no language", "The first is the fallback.")
    for tag in profile.languages:
        if not _TAG.fullmatch(tag):
            top.refuse("languages", f"{tag!r} is not a language tag", "Such as en or nb.")
        if tag not in profile.danger_words:
            top.refuse("danger_words", f"has no words in {tag}", "Words of danger to life in texts from residents.")
    _check_numbers(top, profile)


def _check_numbers(top: Section, profile: Profile) -> None:
    for name in ("danger", "question"):
        if name not in profile.numbers:
            top.refuse("numbers", f"{name} is missing", "Two numbers are needed: in danger, and for questions.")
    for name in STATUS_TEXTS:
        if name not in profile.status_texts:
            top.refuse("status_texts", f"{name} is missing", "Write it in each language.")
    _check_deciders(top, profile)


def _check_deciders(top: Section, profile: Profile) -> None:
    for power, keys in profile.deciders.items():
        for key in keys:
            if key not in profile.authorities:
                top.refuse("deciders", f"{power} names {key!r}, which is no authority", "Add it to authorities.")
    if profile.national_alert and profile.national_alert.authority not in profile.authorities:
        named = repr(profile.national_alert.authority)
        top.refuse("national_alert", f"names {named}, which is no authority", "Add it to authorities.")
    for phone in profile.staff_phones:
        if not _E164.fullmatch(phone):
            top.refuse("staff_phones", "one of them is not an E.164 number", "Write it as +61491570006.")


def _entries(top: Section, key: str) -> Mapping[str, Node]:
    section = top.section(key, required=True)
    return dict(section.all()) if section else {}


def _matching(top: Section, key: str, pattern: re.Pattern[str], what: str) -> str:
    text = top.text(key)
    if text and not pattern.fullmatch(text):
        top.refuse(key, f"{text!r} is not {what}")
    return text


def _timezone(top: Section) -> str:
    name = top.text("timezone")
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        top.refuse("timezone", f"{name!r} is not a time zone", "Such as Australia/Brisbane.")
    return name


def _level(section: Section, languages: tuple[str, ...]) -> Level:
    return Level(section.integer("number", None, 0, 9), section.words("words", languages), section.slug("shape"))


def _numbers(top: Section) -> Mapping[str, str]:
    numbers = {}
    for key, node in _entries(top, "numbers").items():
        numbers[key] = str(node.value)
        if not _PHONE.fullmatch(numbers[key]):
            top.reader.refuse(node, f"{node.kind} is not a phone number", "Digits and spaces, in quotes.")
    return numbers


def _lists(top: Section, key: str) -> Mapping[str, tuple[str, ...]]:
    section = top.section(key, required=True)
    return {name: section.texts(name) for name, _ in section.all()} if section else {}


def _segments(top: Section, languages: tuple[str, ...]) -> Mapping[str, int]:
    """Two segments unless the profile says otherwise: a longer text is read less, and costs more on every phone."""
    section = top.section("sms_segments")
    given = {tag: section.integer(tag, None, 1, 10) for tag, _ in section.all()} if section else {}
    return dict.fromkeys(languages, 2) | given


def _centre(top: Section) -> tuple[float, float]:
    section = top.section("centre", required=True)
    if section is None:
        return (0.0, 0.0)
    centre = (section.number("lat", None, -90, 90), section.number("lon", None, -180, 180))
    section.done()
    return centre


def _hours(top: Section) -> QuestionHours:
    section = top.section("question_hours", required=True)
    if section is None:
        return QuestionHours(time(0), time(0))
    days = section.texts("weekdays", _DAYS)
    for day in days:
        if day not in _DAYS:
            section.refuse("weekdays", f"{day!r} is not a day", f"One of: {', '.join(_DAYS)}.")
    hours = QuestionHours(
        _clock(section, "opens"), _clock(section, "closes"), tuple(_DAYS.index(day) for day in days if day in _DAYS)
    )
    section.done()
    return hours


def _clock(section: Section, key: str) -> time:
    text = section.text(key)
    clock = _CLOCK.fullmatch(text)
    if clock is None:
        section.refuse(key, f"{text!r} is not a time of day", "Such as 08:00.")
        return time(0)
    return time(int(clock[1]), int(clock[2]))


def _national_alert(top: Section, languages: tuple[str, ...]) -> NationalAlert | None:
    section = top.section("national_alert")
    if section is None:
        return None
    number = section.text("number")
    if number and not _PHONE.fullmatch(number):
        section.refuse("number", "is not a phone number", "Digits and spaces, in quotes.")
    alert = NationalAlert(
        section.words("name", languages),
        section.text("authority"),
        number,
        section.integer("letters", CELL_BROADCAST, 1, 5_000),
    )
    section.done()
    return alert


def _roster(top: Section) -> str:
    text = top.text("roster", "")
    if text not in ROSTERS:
        top.refuse("roster", f"{text[:40]!r} is not one of: kept, required, off")
    return text


def _price(top: Section) -> Money | None:
    section = top.section("sms_price")
    if section is None:
        return None
    # By its decimal digits, as it is written: money is not counted in binary fractions.
    amount = Decimal(str(section.number("amount", None, 0, 1_000)))
    price = Money(amount, _matching(section, "currency", _CURRENCY, "a currency such as AUD"))
    section.done()
    return price


def _geocoder(top: Section) -> Geocoder:
    section = top.section("geocoder")
    if section is None:
        return Geocoder()
    box = section.section("box")
    sides = tuple(box.number(side, None, -180, 180) for side in ("south", "west", "north", "east")) if box else None
    if box:
        box.done()
    geocoder = Geocoder(
        country_codes=section.texts("country_codes", ()),
        suffix=section.text("suffix", ""),
        box=(sides[0], sides[1], sides[2], sides[3]) if sides else None,
    )
    section.done()
    return geocoder
