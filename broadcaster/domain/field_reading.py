"""From what was written into the blanks of an alert to typed values, with every complaint at once."""

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from types import MappingProxyType

from broadcaster.domain.alert import MsgType
from broadcaster.domain.errors import Problem
from broadcaster.domain.field import FieldSpec, FieldType, Values, Visibility
from broadcaster.domain.moment import read_day, read_moment

#: Names of the alert file's own keys, which people look for among the fields.
BESIDE_FIELDS = frozenset(
    {"incident", "status", "severity", "urgency", "certainty", "area", "channels", "onset", "expires", "next_update"}
)
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


def read_fields(specs: Mapping[str, FieldSpec], raw: Mapping[str, object], reading: Reading) -> Values:
    """Read all fields of a kind; unknown names are refused with the nearest known one."""
    for name in raw:
        if name not in specs:
            reading.refuse(f"fields.{name}", "there is no such field", _nearest(name, specs))
    return _read_all(specs.values(), raw, "fields", reading)


def nearest(name: str, known: Iterable[str]) -> str:
    """A cure that names the closest of `known`, or all of them when there are few."""
    names = list(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]}?"
    return f"Known: {', '.join(names)}." if 0 < len(names) <= 12 else ""


def _nearest(name: str, specs: Mapping[str, FieldSpec]) -> str:
    if name in BESIDE_FIELDS:
        return f"{name} stands beside fields, at the top of the alert."
    return nearest(name, specs)


def _read_all(specs: Iterable[FieldSpec], raw: Mapping[str, object], place: str, reading: Reading) -> Values:
    values: dict[str, object] = {}
    for spec in specs:
        here = f"{place}.{spec.name}"
        given = raw.get(spec.name)
        if spec.only and reading.msg_type not in spec.only:
            if not _blank(given):
                allowed = " or ".join(spec.only)
                reading.refuse(here, f"belongs to an {allowed}, not to an {reading.msg_type}", "Leave it out.")
            continue
        if _blank(given):
            given = spec.default
        if _blank(given):
            if spec.required and not spec.from_profile:
                reading.refuse(here, "must be filled in", _english(spec))
            continue
        value = _read_many(spec, given, here, reading) if _is_list(spec) else _read_one(spec, given, here, reading)
        if value is not None:
            values[spec.name] = value
    return MappingProxyType(values)


def _english(spec: FieldSpec) -> str:
    return spec.help.get("en") or next(iter(spec.help.values()), "")


def _blank(given: object) -> bool:
    if isinstance(given, str):
        return not given.strip()
    if isinstance(given, Mapping):
        return all(_blank(each) for each in given.values())
    return given is None or (isinstance(given, list | tuple) and all(_blank(each) for each in given))


def _is_list(spec: FieldSpec) -> bool:
    return spec.many or spec.type in (FieldType.ACTIONS, FieldType.ZONES, FieldType.INSTRUCTIONS)


def _read_many(spec: FieldSpec, given: object, place: str, reading: Reading) -> tuple[object, ...] | None:
    if spec.type is FieldType.TEXT and isinstance(given, Mapping):
        given = _turned(given, place, reading)
        if given is None:
            return None
    items = list(given) if isinstance(given, list | tuple) else [given]
    items = [each for each in items if not _blank(each)]
    if len(items) > spec.max_items:
        reading.refuse(place, f"has {len(items)} entries, at most {spec.max_items} are allowed", "Take some out.")
        return None
    before = len(reading.problems)
    values = tuple(_read_one(spec, each, f"{place}.{number}", reading) for number, each in enumerate(items, start=1))
    return values if len(reading.problems) == before else None


def _turned(given: Mapping[object, object], place: str, reading: Reading) -> list[object] | None:
    """Turn {en: [a, b], nb: [c, d]} into [{en: a, nb: c}, {en: b, nb: d}]."""
    lists = {str(tag): list(each) if isinstance(each, list | tuple) else [each] for tag, each in given.items()}
    if len({len(each) for each in lists.values()}) > 1:
        counts = ", ".join(f"{tag} {len(each)}" for tag, each in lists.items())
        reading.refuse(place, f"has not as many entries in each language ({counts})", "Give each entry in each.")
        return None
    return [dict(zip(lists, each, strict=True)) for each in zip(*lists.values(), strict=True)]


def _read_one(spec: FieldSpec, given: object, place: str, reading: Reading) -> object | None:
    try:
        return _READERS[spec.type](spec, given, place, reading)
    except ValueError as error:
        reading.refuse(place, str(error))
        return None


def _text(spec: FieldSpec, given: object, place: str, reading: Reading) -> Mapping[str, str] | None:
    if isinstance(given, Mapping):
        words = {str(tag): each for tag, each in given.items()}
    else:
        words = dict.fromkeys(reading.languages, given)
    if spec.visibility is Visibility.JOURNAL:  # read by colleagues only: one language is enough
        words = dict.fromkeys(reading.languages, next(each for each in words.values() if not _blank(each))) | words
    missing = [tag for tag in reading.languages if _blank(words.get(tag))]
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


def _choice(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    key = str(given).lower() if isinstance(given, bool) else str(given).strip()
    if spec.option(key) is None:
        raise ValueError(f"{key!r} is not one of: {', '.join(each.key for each in spec.options)}")
    return key


def _action(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    return _listed(given, reading.bank, "in the bank of actions")


def _instruction(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    return _listed(given, reading.instructions, "an instruction")


def _listed(given: object, known: frozenset[str], what: str) -> str:
    key = str(given).strip()
    if key not in known:
        raise ValueError(f"{key[:64]!r} is not {what}. {nearest(key, sorted(known))}".strip())
    return key


def _zone(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    key = str(given).strip()
    if not _KEY.fullmatch(key):
        raise ValueError(f"{key[:64]!r} is not the id of a zone: small letters, digits and hyphens")
    return key


def _time(spec: FieldSpec, given: object, place: str, reading: Reading) -> datetime:
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


def _day(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    return read_day(str(given), reading.zone, reading.now).isoformat()


def _number(spec: FieldSpec, given: object, place: str, reading: Reading) -> int | float:
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


def _flag(spec: FieldSpec, given: object, place: str, reading: Reading) -> bool:
    known = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}
    text = str(given).strip().lower()
    if text not in known:
        raise ValueError(f"{text[:32]!r} is neither yes nor no")
    return known[text]


def _phone(spec: FieldSpec, given: object, place: str, reading: Reading) -> str:
    text = str(given).strip()
    if isinstance(given, bool | float) or not _PHONE.fullmatch(text):
        raise ValueError(f"{text[:32]!r} is not a phone number: digits and spaces")
    return " ".join(text.split())


def _record(spec: FieldSpec, given: object, place: str, reading: Reading) -> Values | None:
    if not isinstance(given, Mapping):
        raise ValueError(f"has parts of its own: {', '.join(each.name for each in spec.fields)}")
    names = [each.name for each in spec.fields]
    before = len(reading.problems)
    for name in given:
        if name not in names:
            reading.refuse(f"{place}.{name}", "there is no such part", nearest(str(name), names))
    values = _read_all(spec.fields, {str(name): each for name, each in given.items()}, place, reading)
    return values if len(reading.problems) == before else None


_READERS: Mapping[FieldType, Callable[[FieldSpec, object, str, Reading], object | None]] = {
    FieldType.TEXT: _text,
    FieldType.CHOICE: _choice,
    FieldType.ACTIONS: _action,
    FieldType.TIME: _time,
    FieldType.DATE: _day,
    FieldType.NUMBER: _number,
    FieldType.FLAG: _flag,
    FieldType.PHONE: _phone,
    FieldType.ZONES: _zone,
    FieldType.INSTRUCTIONS: _instruction,
    FieldType.RECORD: _record,
}
