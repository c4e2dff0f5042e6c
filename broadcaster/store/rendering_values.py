"""What a template sees of an alert: values in one language, with only the fields that its channel may show."""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from jinja2 import StrictUndefined, Undefined, UndefinedError

from broadcaster.domain.field import FieldSpec, FieldType, Values, Visibility
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.profile import Profile


class EmptyField(UndefinedError):
    """A text wanted to print a field that was left empty."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


class Absent(StrictUndefined):
    """A field without a value: false in a condition, equal to nothing, and an error naming it when it is printed."""

    __slots__ = ()
    __hash__ = Undefined.__hash__  # type: ignore[assignment]

    def __bool__(self) -> bool:  # type: ignore[override]
        return False

    def __eq__(self, other: object) -> bool:  # type: ignore[override]
        return False

    def __ne__(self, other: object) -> bool:  # type: ignore[override]
        return True


class Chosen(str):
    """A choice: compares as its key, and `label` is what people read."""

    __slots__ = ("label",)
    label: str

    def __new__(cls, key: str, label: str) -> "Chosen":
        chosen = super().__new__(cls, key)
        chosen.label = label
        return chosen


def empty(name: str) -> Absent:
    return Absent(hint=f"{name} is empty", name=name, exc=functools.partial(EmptyField, name))  # type: ignore[arg-type]


def hidden(name: str, visibility: Visibility, channel: str) -> StrictUndefined:
    """Any use is an error, even in a condition: a template must not hint at what its channel may not say."""
    return StrictUndefined(hint=f"{name} is for {visibility.value} only, so {channel} may not say it", name=name)


@dataclass(frozen=True, slots=True)
class View:
    """Turns typed values into what one language and channel read. `zones` are names of zone ids in that language."""

    kind: AlertKind
    profile: Profile
    language: str
    channel: str
    zone: tzinfo
    zones: Mapping[str, str]

    def fields(self, values: Values) -> dict[str, object]:
        """Every field by name; one that is empty, or not for this channel, is `Absent`."""
        return {name: self._seen(name, spec, values.get(name)) for name, spec in self.kind.fields.items()}

    def details(self, values: Values) -> list[dict[str, object]]:
        """Name, label, type and value of each field that can be shown, in the order of the kind's file."""
        return [
            {"name": name, "label": spec.label[self.language], "type": spec.type.value, "value": seen}
            for name, spec in self.kind.fields.items()
            if not isinstance(seen := self._seen(name, spec, values.get(name)), StrictUndefined)
        ]

    def instruction(self, key: str) -> dict[str, str]:
        """An instruction's key and the four forms of its words."""
        found = self.kind.instructions[key]
        return {
            "key": key,
            "command": found.command[self.language],
            "still": found.still[self.language],
            "name": found.name[self.language],
            "lifted": found.lifted[self.language],
        }

    def _seen(self, name: str, spec: FieldSpec, value: object) -> object:
        if not spec.visibility.reaches(self.channel):
            return hidden(name, spec.visibility, self.channel)
        if value is None:
            value = self._from_profile(spec)
        if value is None:
            return empty(name)
        if isinstance(value, tuple):
            return [self._one(name, spec, each) for each in value]
        return self._one(name, spec, value)

    def _one(self, name: str, spec: FieldSpec, value: object) -> object:
        match spec.type:
            case FieldType.TEXT if isinstance(value, Mapping):
                return value[self.language]
            case FieldType.CHOICE:
                option = spec.option(str(value))
                return Chosen(str(value), option.label[self.language] if option else str(value))
            case FieldType.ACTIONS:
                return self.kind.bank[str(value)].said(self.language, briefly=self.channel in ("sms", "x"))
            case FieldType.INSTRUCTIONS:
                return self.instruction(str(value))
            case FieldType.ZONES:
                return self.zones.get(str(value), str(value))
            case FieldType.TIME if isinstance(value, datetime):
                return value.astimezone(self.zone)
            case FieldType.DATE:
                return date.fromisoformat(str(value))
            case FieldType.RECORD if isinstance(value, Mapping):
                return {
                    each.name: self._seen(f"{name}.{each.name}", each, value.get(each.name)) for each in spec.fields
                }
        return value

    def _from_profile(self, spec: FieldSpec) -> object:
        if spec.from_profile == "sender":
            return self.profile.sender
        return self.profile.numbers.get(spec.from_profile.removeprefix("numbers.")) if spec.from_profile else None
