"""The blanks of a kind: from nodes to FieldSpecs."""

from collections.abc import Mapping
from datetime import time

from broadcaster.domain.alert import MsgType
from broadcaster.domain.field import RESERVED, FieldSpec, FieldType, Option, Visibility
from broadcaster.domain.language import Language
from broadcaster.store.documents_reader import Section


def read_fields(section: Section, languages: Mapping[str, Language]) -> dict[str, FieldSpec]:
    inner = section.section("fields")
    if inner is None:
        return {}
    found = {}
    for name, node in inner.all():
        each = section.reader.section(node)
        if name in RESERVED:
            section.reader.refuse(node, f"{name!r} already means something in texts", "Choose another name.")
        if not name.isidentifier() or name.startswith("_"):
            section.reader.refuse(node, f"{name!r} is not a field name", "Use a-z, 0-9 and _.")
        found[name] = _field(name, each, languages)
        each.done()
    return found


def _field(name: str, section: Section, languages: Mapping[str, Language]) -> FieldSpec:
    options = section.section("options")
    default = section.get("default")
    bounds = {end: section.number(end, None) if section.has(end) else None for end in ("minimum", "maximum")}
    spec = FieldSpec(
        name=name,
        type=section.enum("type", FieldType) or FieldType.TEXT,
        label=section.words("label", languages),
        help=section.words("help", languages, required=False),
        required=section.flag("required"),
        many=section.flag("many"),
        visibility=section.enum("visibility", Visibility) or Visibility.PUBLIC,
        max_length=section.integer("max_length", 300, 1, 4000),
        max_items=section.integer("max_items", 12, 1, 50),
        minimum=bounds["minimum"],
        maximum=bounds["maximum"],
        whole=section.flag("whole"),
        options=tuple(Option(key, section.words_of(node, languages)) for key, node in options.all()) if options else (),
        only=section.enums("only", MsgType),
        fresh_for=section.integer("fresh_for", None, 1, 10_000) if section.has("fresh_for") else None,
        hours=_hours(section),
        default=default.plain() if default else None,
        from_profile=section.text("from_profile", ""),
        fields=tuple(read_fields(section, languages).values()),
    )
    if (spec.type is FieldType.CHOICE) != bool(spec.options):
        section.refuse("options", "belong to a choice, and a choice needs them")
    if (spec.type is FieldType.RECORD) != bool(spec.fields):
        section.refuse("fields", "belong to a record, and a record needs them")
    return spec


def _hours(section: Section) -> tuple[time, time] | None:
    if not section.has("hours"):
        return None
    try:
        first, last = (time.fromisoformat(each) for each in section.texts("hours"))
    except ValueError:
        section.refuse("hours", "should be two clock times", "Such as [06:00, 21:00].")
        return None
    return first, last
