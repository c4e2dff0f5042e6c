"""Conditions on what an alert's fields hold, and what depends on them: rules of contents as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from broadcaster.domain.field import Values
from broadcaster.domain.profile import Words

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class When:
    """A condition on fields: each of `equals` has one of its values (flags, or what str() makes of the value);
    of a list, any entry has.


    `present` and `absent` ask whether there is any value at all.
    """

    equals: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    def holds(self, values: Values) -> bool:
        return (
            all(_among(values.get(name), allowed) for name, allowed in self.equals.items())
            and all(has(values, name) for name in self.present)
            and not any(has(values, name) for name in self.absent)
        )


@dataclass(frozen=True, slots=True)
class Cases(Generic[T]):
    """A value that may depend on fields: the first case that holds, else `otherwise`."""

    otherwise: T
    cases: tuple[tuple[When, T], ...] = ()

    def pick(self, values: Values) -> T:
        return next((value for when, value in self.cases if when.holds(values)), self.otherwise)


@dataclass(frozen=True, slots=True)
class Rule:
    """Where `when` holds, `require` must too; `decider` names a power (profile.deciders) that decided_by must have.

    `place` is the field to complain about, `message` the complaint per language.
    """

    when: When
    require: When
    decider: str
    place: str
    message: Words


def _among(value: object, allowed: tuple[object, ...]) -> bool:
    if isinstance(value, tuple):
        return any(_among(each, allowed) for each in value)
    return (value if isinstance(value, bool) else str(value)) in allowed


def has(values: Mapping[str, object], name: str) -> bool:
    """True when there is a value to speak of; False and 0 are values."""
    value = values.get(name)
    return value is not None and value not in ("", (), {})
