"""One written value of each type, turned into what it means; ValueError says what is wrong with it, in words for the writer."""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from types import MappingProxyType

from broadcaster.domain.alert import MsgType
from broadcaster.domain.errors import Problem
from broadcaster.domain.field import FieldSpec, Visibility
from broadcaster.domain.moment import read_day, read_moment

#: Clocks of two people in one room may differ by this much.
_CLOCK_SLACK = timedelta(minutes=2)
_PHONE = re.compile(r"\+?[0-9][0-9 ]{1,18}[0-9]")
_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
#: Signs that turn the direction of text or hide in it: they can make a warning read as something else.
_HIDDEN = frozenset("\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff")


@dataclass(slots=True)
class Reading:
    """What reading needs to know, and the problems found so far."""

    languages: tuple[str, ...]
    zone: tzinfo
    now: datetime
    msg_type: MsgType
    bank: frozenset[str]
    instructions: frozenset[str]
    problems: list[Problem] = field(default_factory=list)

    def refuse(self, place: str, message: str, cure: str = "") -> None:
        self.problems.append(Problem(place, message, cure))


def nearest(name: str, known: Iterable[str]) -> str:
    """A cure that names the closest of `known`, or all of them when there are few."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Known: {', '.join(names)}." if 0 < len(names) <= 12 else ""


def blank(given: object) -> bool:
    if isinstance(given, str):
        return not given.strip()
    if isinstance(given, Mapping):
        return all(blank(each) for each in given.values())
    return given is None or (isinstance(given, list | tuple) and all(blank(each) for each in given))


def read_text(spec: FieldSpec, given: object, place: str, reading: Reading) -> Mapping[str, str] | None:
    per_language = given if isinstance(given, Mapping) else dict.fromkeys(reading.languages, given)
    words = {str(tag): each for tag, each in per_language.items()}
    if spec.visibility is Visibility.JOURNAL:  # read by colleagues only: one language is enough
        words = dict.fromkeys(reading.languages, next(each for each in words.values() if not blank(each))) | words
    missing = [tag for tag in reading.languages if blank(words.get(tag))]
    if missing:
        reading.refuse(place, f"has no words in {', '.join(missing)}", "Write it in each language of the alert.")
        return None
    return MappingProxyType({tag: _clean(words[tag], spec.max_length) for tag in reading.languages})


def _clean(given: object, max_length: int) -> str:
    if isinstance(given, bool | float) or not isinstance(given, str | int):
        raise ValueError("is not text: put it in quotes")
    text = " ".join(unicodedata.normalize("NFC", str(given)).split())
    for sign in text:
        if sign in _HIDDEN or unicodedata.category(sign) in ("Cc", "Cs", "Co"):
            raise ValueError(f"contains U+{ord(sign):04X}, which cannot be seen: type the text again")
    if len(text) > max_length:
        raise ValueError(f"has {len(text)} characters, {len(text) - max_length} more than the {max_length} it may have")
    return text


def read_choice(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    key = str(given).lower() if isinstance(given, bool) else str(given).strip()
    if spec.option(key) is None:
        raise ValueError(f"{key!r} is not one of: {', '.join(each.key for each in spec.options)}")
    return key


def read_action(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    return _listed(given, reading.bank, "in the bank of actions")


def read_instruction(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    return _listed(given, reading.instructions, "an instruction")


def _listed(given: object, known: frozenset[str], what: str) -> str:
    key = str(given).strip()
    if key not in known:
        raise ValueError(f"{key[:64]!r} is not {what}. {nearest(key, sorted(known))}".strip())
    return key


def read_zone(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    key = str(given).strip()
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key[:64]!r} is not the id of a zone: small letters, digits and hyphens")
    return key


def read_time(spec: FieldSpec, given: object, place: str, reading: Reading) -> datetime:
    moment = given if isinstance(given, datetime) else read_moment(str(given), reading.zone, reading.now)
    if moment.tzinfo is None:
        raise ValueError("has no time zone")
    if spec.hours is not None:
        first, last = spec.hours
        wall = moment.astimezone(reading.zone).time()
        if not first <= wall <= last:
            raise ValueError(f"{wall:%H:%M} is outside {first:%H:%M} to {last:%H:%M}")
    if spec.fresh_for is not None:
        age = reading.now - moment
        if age < -_CLOCK_SLACK:
            raise ValueError("has not come yet: give the time at which it was done")
        if age > timedelta(minutes=spec.fresh_for):
            minutes = int(age.total_seconds() // 60)
            raise ValueError(f"is {minutes} minutes old, more than the {spec.fresh_for} allowed: do it again")
    return moment


def read_date(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    return read_day(str(given), reading.zone, reading.now).isoformat()


def read_number(spec: FieldSpec, given: object, place: str, reading: Reading) -> int | float:
    text = str(given).strip().replace(",", ".")
    if isinstance(given, bool) or not re.fullmatch(r"[+-]?\d{1,12}(\.\d{1,6})?", text):
        raise ValueError(f"{str(given)[:32]!r} is not a number")
    value = float(text) if "." in text else int(text)
    if spec.whole and value != int(value):
        raise ValueError(f"{text} is not a whole number")
    if (spec.minimum is not None and value < spec.minimum) or (spec.maximum is not None and value > spec.maximum):
        low, high = ("any" if bound is None else f"{bound:g}" for bound in (spec.minimum, spec.maximum))
        raise ValueError(f"{text} is outside {low} to {high}")
    return int(value) if spec.whole else value


def read_flag(spec: FieldSpec, given: object, place: str, reading: Reading) -> bool:
    known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    text = str(given).strip().lower()
    if text not in known:
        raise ValueError(f"{text[:32]!r} is neither yes nor no")
    return known[text]


def read_phone(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    text = str(given).strip()
    if isinstance(given, bool | float) or not _PHONE.fullmatch(text):
        raise ValueError(f"{text[:32]!r} is not a phone number: digits and spaces")
    return " ".join(text.split())
