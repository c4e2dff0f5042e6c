"""From what was written into the blanks of an alert to typed values, with every complaint at once."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

from broadcaster.domain.field import FieldSpec, FieldType, Values
from broadcaster.domain.field_values import (
    Reading,
    blank,
    nearest,
    read_action,
    read_choice,
    read_date,
    read_flag,
    read_instruction,
    read_number,
    read_phone,
    read_text,
    read_time,
    read_zone,
)

__all__ = ["Reading", "nearest", "read_fields"]

#: Names of the alert file's own keys, which people look for among the fields.
BESIDE_FIELDS = frozenset(
    {"incident", "status", "severity", "urgency", "certainty", "area", "channels", "onset", "expires", "next_update"}
)


def read_fields(specs: Mapping[str, FieldSpec], raw: Mapping[str, object], reading: Reading) -> Values:
    """Read all fields of a kind; unknown names are refused with the nearest known one."""
    for name in raw:
        if name not in specs:
            reading.refuse(f"fields.{name}", "there is no such field", _nearest(name, specs))
    return _read_all(specs.values(), raw, "fields", reading)


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
            if not blank(given):
                allowed = " or ".join(spec.only)
                reading.refuse(here, f"belongs to an {allowed}, not to an {reading.msg_type}", "Leave it out.")
            continue
        if blank(given):
            given = spec.default
        if blank(given):
            if spec.required and not spec.from_profile:
                reading.refuse(here, "must be filled in", _english(spec))
            continue
        value = _read_many(spec, given, here, reading) if _is_list(spec) else _read_one(spec, given, here, reading)
        if value is not None:
            values[spec.name] = value
    return MappingProxyType(values)


def _english(spec: FieldSpec) -> str:
    return spec.help.get("en") or next(iter(spec.help.values()), "")


def _is_list(spec: FieldSpec) -> bool:
    return spec.many or spec.type in (FieldType.ACTIONS, FieldType.ZONES, FieldType.INSTRUCTIONS)


def _read_many(spec: FieldSpec, given: object, place: str, reading: Reading) -> tuple[object, ...] | None:
    if spec.type is FieldType.TEXT and isinstance(given, Mapping):
        given = _turned(given, place, reading)
        if given is None:
            return None
    items = list(given) if isinstance(given, list | tuple) else [given]
    items = [each for each in items if not blank(each)]
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
    FieldType.TEXT: read_text,
    FieldType.CHOICE: read_choice,
    FieldType.ACTIONS: read_action,
    FieldType.TIME: read_time,
    FieldType.DATE: read_date,
    FieldType.NUMBER: read_number,
    FieldType.FLAG: read_flag,
    FieldType.PHONE: read_phone,
    FieldType.ZONES: read_zone,
    FieldType.INSTRUCTIONS: read_instruction,
    FieldType.RECORD: _record,
}
