"""Stored JSON → the frozen documents of the domain: the way back of `broadcaster.domain.alert.plain`."""

import dataclasses
import types
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from broadcaster.domain.alert import Alert
from broadcaster.domain.errors import Invalid, Problem

T = TypeVar("T")


def alert_from(document: object) -> Alert:
    """The Alert whose `plain` form is `document`. Raises Invalid with the place of what does not fit."""
    return document_as(Alert, document)


def document_as(kind: type[T], document: object) -> T:
    """An instance of the frozen dataclass `kind` from its `plain` form; unknown and missing keys are refused."""
    return cast(T, _build(kind, document, kind.__name__.lower()))


def _build(kind: Any, value: object, place: str) -> object:
    origin = get_origin(kind)
    if dataclasses.is_dataclass(kind):
        return _record(kind, value, place)
    if origin in (Union, types.UnionType):
        options = [each for each in get_args(kind) if each is not type(None)]
        return None if value is None else _build(options[0], value, place)
    if origin is tuple:
        return _items(get_args(kind), value, place)
    if origin is not None and issubclass(origin, Mapping):
        return {
            str(key): _build(get_args(kind)[1], each, f"{place}.{key}") for key, each in _mapping(value, place).items()
        }
    if kind is object or kind is Any:
        return value
    if isinstance(kind, type):
        return _single(kind, value, place)
    raise TypeError(f"no way to read {kind} at {place}")


def _record(kind: Any, value: object, place: str) -> object:
    given = _mapping(value, place)
    hints = get_type_hints(kind)
    fields = {each.name: each for each in dataclasses.fields(kind)}
    for name in given:
        if name not in fields:
            raise _refused(f"{place}.{name}", "is not known here")
    built = {}
    for name, each in fields.items():
        if name in given:
            built[name] = _build(hints[name], given[name], f"{place}.{name}")
        elif each.default is dataclasses.MISSING and each.default_factory is dataclasses.MISSING:
            raise _refused(f"{place}.{name}", "is missing")
    return kind(**built)


def _items(kinds: tuple[Any, ...], value: object, place: str) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise _refused(place, "is not a list")
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise _refused(place, f"has {len(value)} items instead of {len(kinds)}")
    return tuple(_build(kind, each, f"{place}[{at}]") for at, (kind, each) in enumerate(zip(kinds, value, strict=True)))


def _single(kind: type[Any], value: object, place: str) -> object:
    if kind is datetime and isinstance(value, str):
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise _refused(place, "is not a time") from None
        if moment.tzinfo is None:
            raise _refused(place, "is a time without zone")
        return moment
    if issubclass(kind, StrEnum) and isinstance(value, str):
        try:
            return kind(value)
        except ValueError:
            raise _refused(place, f"is {value[:40]!r}, not one of {', '.join(kind)}") from None
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise _refused(place, f"is not {'a text' if kind is str else f'a {kind.__name__}'}")


def _mapping(value: object, place: str) -> Mapping[str, object]:
    if not isinstance(value, Mapping):
        raise _refused(place, "is not a record")
    return value


def _refused(place: str, message: str) -> Invalid:
    return Invalid([Problem(place, message)])
