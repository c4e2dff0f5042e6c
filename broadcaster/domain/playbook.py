"""A playbook: alerts written in advance, with named blanks. It is data from end to end: nothing in it can compute or reach out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from enum import StrEnum
from typing import TypeAlias

from broadcaster.domain.alert import MsgType, plain
from broadcaster.domain.errors import Problem
from broadcaster.domain.field import FieldSpec, FieldType, Values
from broadcaster.domain.field_reading import Reading, read_fields
from broadcaster.domain.field_values import nearest
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.lifecycle import Machine
from broadcaster.domain.profile import Words

#: Parameter types; the others of FieldType belong to alerts only.
PARAMETER_TYPES = frozenset(
    {
        FieldType.CHOICE,
        FieldType.NUMBER,
        FieldType.TIME,
        FieldType.DATE,
        FieldType.FLAG,
        FieldType.ZONES,
        FieldType.ACTIONS,
        FieldType.INSTRUCTIONS,
        FieldType.PHONE,
        FieldType.TEXT,
    }
)


@dataclass(frozen=True, slots=True)
class Given:
    """Stands for the value of a parameter; nothing when that was not given. Written `{param: level}`."""

    name: str


@dataclass(frozen=True, slots=True)
class Case:
    """Stands for one of several values, by a choice or a flag. Written `{case: level, of: {minor: …, major: …}, else: …}`."""

    name: str
    of: Mapping[str, "Value"]
    otherwise: "Value" = None


#: What a step says of an alert: plain values, lists and mappings, in which parameters stand here and there.
Value: TypeAlias = "str | int | float | bool | Given | Case | list[Value] | dict[str, Value] | None"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A blank of a playbook. `spec` says what may be given; `zones` which zones (empty: every imported one).

    `alerts`: ids of alerts that were sent; they are written as zones are. `sample` is a value that checks and documents use.
    """

    spec: FieldSpec
    sample: object = None
    zones: tuple[str, ...] = ()
    alerts: bool = False

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def closed(self) -> bool:
        """True when nobody can put words of their own into it (SECURITY R1)."""
        return self.spec.closed


class Form(StrEnum):
    """What a step does, by the key that it is written with."""

    ALERT = "alert"
    UPDATE = "update"
    ALL_CLEAR = "all-clear"
    CANCEL = "cancel"

    @property
    def msg_type(self) -> MsgType:
        if self is Form.ALERT:
            return MsgType.ALERT
        return MsgType.CANCEL if self is Form.CANCEL else MsgType.UPDATE


@dataclass(frozen=True, slots=True)
class Step:
    """One alert of a playbook.

    `kind` is the alert's kind. It updates, lifts or cancels the alerts of the earlier steps `refers_to`, or those that the
    parameter `refers_by` lists. It is left out unless each parameter in `when` has one of its values. `after_minutes` counts
    from the end of the step before. `body` is the rest of an alert file: fields, area, channels, times. `places` maps paths
    in `body` to file:line:column; the path of the step itself is "".
    """

    name: str
    form: Form
    kind: str
    refers_to: tuple[str, ...] = ()
    refers_by: str = ""
    when: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    after_minutes: int = 0
    body: Mapping[str, Value] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict, compare=False)

    def applies(self, values: Values) -> bool:
        """True unless the parameters say that this step is not for them."""
        return all(key_of(values.get(name)) in allowed for name, allowed in self.when.items())

    def document(self, values: Values) -> dict[str, object]:
        """The body with the parameters filled in, as plain values; what stands for nothing is left out."""
        found = fill(dict(self.body), values)
        return found if isinstance(found, dict) else {}

    def names(self) -> frozenset[str]:
        """Parameters that it depends on."""
        used = frozenset(name for each in self.body.values() for name in parameters_in(each))
        return used | frozenset(self.when) | frozenset(filter(None, [self.refers_by]))

    def place_of(self, path: str) -> str:
        """Where `path` (fields.level, area.zones.1) stands in the file; the nearest that is there, else the step itself."""
        while path and path not in self.places:
            path = path.rpartition(".")[0]
        return self.places.get(path, "")


@dataclass(frozen=True, slots=True)
class Playbook:
    """Alerts for one event, in order. `use_when` says when to reach for it; `incident` is the default name of the event's incident."""

    name: str
    title: Words
    use_when: Words
    incident: str
    parameters: Mapping[str, Parameter]
    steps: tuple[Step, ...]
    places: Mapping[str, str] = field(default_factory=dict, compare=False)

    def step(self, name: str) -> Step:
        return next(each for each in self.steps if each.name == name)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds that it writes, each once."""
        return tuple(dict.fromkeys(each.kind for each in self.steps))

    def read(
        self, raw: Mapping[str, object], kind: AlertKind, languages: tuple[str, ...], zone: tzinfo, now: datetime
    ) -> tuple[Values, tuple[Problem, ...]]:
        """Type and check what was given for the parameters; places are `parameters.NAME`. `kind` is any: it brings the bank."""
        reading = Reading(languages, zone, now, MsgType.ALERT, frozenset(kind.bank), frozenset(kind.instructions))
        known = {name: each for name, each in raw.items() if name in self.parameters}
        values = read_fields({name: each.spec for name, each in self.parameters.items()}, known, reading)
        problems = [
            Problem(f"parameters.{name[:64]}", "there is no such parameter", nearest(name, self.parameters))
            for name in raw
            if name not in self.parameters
        ]
        problems += [Problem(_moved(each.place), each.message, each.cure) for each in reading.problems]
        for name, parameter in self.parameters.items():
            given = values.get(name)
            if parameter.zones and isinstance(given, tuple):
                problems += [
                    Problem(
                        f"parameters.{name}", f"{code!r} is not a zone of this playbook", nearest(code, parameter.zones)
                    )
                    for code in given
                    if code not in parameter.zones
                ]
        return values, tuple(problems)

    def open_blanks(self, raw: Mapping[str, object]) -> tuple[str, ...]:
        """Parameters that were given words of somebody's own: with any of these a run waits for a second person."""
        return tuple(
            name
            for name, each in self.parameters.items()
            if not each.closed and raw.get(name) not in (None, "", [], {}, ())
        )


def _moved(place: str) -> str:
    return f"parameters.{place.removeprefix('fields.')}"


def key_of(value: object) -> str:
    """How a value is written as the key of a case: flags are true and false, as in YAML."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def fill(value: Value, values: Values) -> object:
    """`value` with the parameters filled in; None where nothing was given. Entries of lists and mappings that are None go."""
    if isinstance(value, Given):
        return plain(values.get(value.name))
    if isinstance(value, Case):
        return fill(value.of.get(key_of(values.get(value.name)), value.otherwise), values)
    if isinstance(value, dict):
        filled = {key: fill(each, values) for key, each in value.items()}
        return {key: each for key, each in filled.items() if each is not None} or None
    if isinstance(value, list):
        entries = [fill(each, values) for each in value]
        return [each for each in entries if each is not None]
    return value


def parameters_in(value: Value) -> Iterator[str]:
    """Names of the parameters that a value depends on."""
    if isinstance(value, Given):
        yield value.name
    elif isinstance(value, Case):
        yield value.name
        for each in (*value.of.values(), value.otherwise):
            yield from parameters_in(each)
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from parameters_in(each)


class RunState(StrEnum):
    """A run of a playbook. `waiting`: for a time, or for somebody's decision on an earlier alert."""

    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class StepState(StrEnum):
    """A step of a run. `submitted` waits for a second person; `sent` went out under the playbook's own approval."""

    PENDING = "pending"
    DRAFTED = "drafted"
    SUBMITTED = "submitted"
    SENT = "sent"
    SKIPPED = "skipped"
    FAILED = "failed"


R, S = RunState, StepState

RUN: Machine[RunState] = Machine(
    "run",
    frozenset({R.RUNNING}),
    (
        (R.RUNNING, "wait", R.WAITING),
        (R.WAITING, "wait", R.WAITING),
        (R.WAITING, "go_on", R.RUNNING),
        (R.RUNNING, "go_on", R.RUNNING),
        (R.RUNNING, "finish", R.DONE),
        (R.RUNNING, "fail", R.FAILED),
    ),
)

RUN_STEP: Machine[StepState] = Machine(
    "step",
    frozenset({S.PENDING}),
    (
        (S.PENDING, "draft", S.DRAFTED),
        (S.PENDING, "skip", S.SKIPPED),
        (S.PENDING, "fail", S.FAILED),
        (S.DRAFTED, "submit", S.SUBMITTED),
        (S.DRAFTED, "fail", S.FAILED),
        (S.DRAFTED, "send", S.SENT),
    ),
)
#: Nothing more will happen to these by itself.
FINAL_STEP = frozenset({S.SUBMITTED, S.SENT, S.SKIPPED, S.FAILED})
