"""What a playbook would say, with sample values in its blanks: an approver stands for texts, not for YAML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from broadcaster.domain.alert import Status
from broadcaster.domain.errors import Invalid
from broadcaster.domain.field import FieldType
from broadcaster.domain.playbook import Parameter, Playbook, Step
from broadcaster.runtime import Runtime
from broadcaster.services import drafting
from broadcaster.services.playbook_drafts import draft_of
from channels.base import Message


@dataclass(frozen=True, slots=True)
class Sample:
    """One step with its texts; none when the samples do not make one (an update of an alert that is not there)."""

    step: Step
    texts: Sequence[Message]


def samples(rt: Runtime, book: Playbook, now: datetime) -> Sequence[Sample]:
    """The texts of every step for which the sample values are meant."""
    kind = next(iter(rt.kinds.values()))
    raw = {name: value for name, each in book.parameters.items() if (value := _sample(each)) is not None}
    values, _ = book.read(raw, kind, rt.profile.languages, ZoneInfo(rt.profile.timezone), now)
    found = []
    for step in book.steps:
        if not step.applies(values):
            continue
        try:
            draft = draft_of(step, values, Status.ACTUAL, book.incident, (), rt.profile, now)
            found.append(Sample(step, drafting.preview(rt, draft, now).partly.made.messages))
        except Invalid:
            found.append(Sample(step, ()))
    return found


def _sample(parameter: Parameter) -> Any:
    spec = parameter.spec
    if parameter.sample is not None:
        return parameter.sample
    if spec.type is FieldType.CHOICE:
        return spec.options[0].key
    if spec.type is FieldType.TIME:
        return "+1h"
    if spec.type is FieldType.NUMBER:
        return spec.minimum
    return spec.default
