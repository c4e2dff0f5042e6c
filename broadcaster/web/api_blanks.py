"""Blanks of kinds and playbooks, and faults, as the API shows them."""

from collections.abc import Iterable

from broadcaster.domain.errors import Problem
from broadcaster.domain.field import FieldSpec, FieldType


def blank(spec: FieldSpec, sample: object = None, kind: str = "") -> dict[str, object]:
    """A field or parameter; `kind` stands for its type where that is more than a field can be."""
    lists = spec.many or spec.type in (FieldType.ACTIONS, FieldType.ZONES, FieldType.INSTRUCTIONS)
    return {
        "name": spec.name,
        "type": kind or str(spec.type),
        "label": dict(spec.label),
        "help": dict(spec.help),
        "required": spec.required,
        "closed": spec.closed,
        "options": {each.key: dict(each.label) for each in spec.options},
        "minimum": spec.minimum,
        "maximum": spec.maximum,
        "max_length": spec.max_length if spec.type is FieldType.TEXT else None,
        "max_items": spec.max_items if lists else None,
        "sample": sample,
        "fields": [blank(each) for each in spec.fields],
    }


def faults(problems: Iterable[Problem]) -> list[dict[str, str]]:
    """Problems, each with its place and cure."""
    return [{"place": each.place, "message": each.message, "cure": each.cure} for each in problems]
