"""Kinds of alert and what they share (languages, bank of actions, instructions): from nodes to frozen objects."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import TypeVar

from broadcaster.domain.alert import Category, Certainty, MsgType, ResponseType, Severity, Urgency
from broadcaster.domain.condition import Cases, Rule, When
from broadcaster.domain.field import FieldSpec, FieldType, Visibility
from broadcaster.domain.kind import AlertKind, Audience, CapDefaults, Instruction, Lane, Opening, Sentence
from broadcaster.domain.language import Language
from broadcaster.domain.profile import Words
from broadcaster.store.documents_cases import read_cases, read_rule
from broadcaster.store.documents_fields import read_fields
from broadcaster.store.documents_node import SLUG, Node
from broadcaster.store.documents_reader import Reader, Section

T = TypeVar("T")

_DRAFT_NAMES = frozenset({"onset", "expires", "next_update", "area", "msg_type", "resources", "references"})


@dataclass(frozen=True, slots=True)
class Common:
    """What every kind has unless it says otherwise (KINDS.md section 0)."""

    fields: Mapping[str, FieldSpec]
    certainty: tuple[tuple[When, Certainty], ...]
    rules: tuple[Rule, ...]


def read_common(reader: Reader, languages: Mapping[str, Language]) -> Common:
    top = reader.section()
    fields = read_fields(top, languages)
    certainty = read_cases(top, "certainty", lambda node: _enum_of(top, node, Certainty), Certainty.UNKNOWN)
    rules = top.each("rules", lambda each: read_rule(each, languages))
    top.done()
    return Common(fields, certainty.cases, rules)


def read_kind(
    reader: Reader,
    folder: PurePath,
    common: Common,
    bank: Mapping[str, Sentence],
    instructions: Mapping[str, Instruction],
    languages: Mapping[str, Language],
) -> AlertKind:
    """Read one kind.yaml. Common fields come first; `omit` leaves some out; a field of the same name replaces one."""
    top = reader.section()
    if not SLUG.fullmatch(folder.name):
        reader.refuse(top.node, f"the folder {folder.name!r} is not a name", "Use a-z, 0-9 and hyphens.")
    omit = top.texts("omit", ())
    for name in omit:
        if name not in common.fields:
            top.refuse("omit", f"there is no common field {name!r}")
    own = read_fields(top, languages)
    fields = {name: own.get(name, spec) for name, spec in common.fields.items() if name not in omit} | own
    kind = AlertKind(
        name=folder.name,
        folder=folder,
        title=top.words("title", languages),
        event=read_cases(top, "event", lambda node: _words(top, node, languages), {}),
        lane=top.enum("lane", Lane) or Lane.LIFE_SAFETY,
        channels=top.texts("channels"),
        msg_types=top.enums("msg_types", MsgType, (MsgType.ALERT, MsgType.UPDATE)),
        cap=_cap(top, common),
        fields=fields,
        rules=tuple(rule for rule in common.rules if _applies(rule, fields))
        + top.each("rules", lambda each: read_rule(each, languages)),
        needs=top.texts("needs", ()),
        expires_after=timedelta(minutes=top.integer("expires_after_minutes", 720, 10, 31 * 24 * 60)),
        opens=read_cases(top, "opens", lambda node: _opening(reader, node, instructions), None),
        lifts=top.text("lifts", ""),
        pictures=top.enum("pictures", Visibility) or Visibility.PUBLIC,
        always_two=top.flag("always_two"),
        never_where=top.texts("never_where", ()),
        bank=bank,
        instructions=instructions,
        languages=languages,
        audience=top.enum("audience", Audience) or Audience.AREA,
        correction=top.words("correction", languages, required=False),
    )
    top.done()
    _check(top, kind)
    return kind


def _applies(rule: Rule, fields: Mapping[str, FieldSpec]) -> bool:
    """A common rule on a field that this kind leaves out has nothing to say."""
    return all(name in fields or name in _DRAFT_NAMES for name in _names(rule))


def _names(rule: Rule) -> set[str]:
    conditions = (rule.when, rule.require)
    return {name for each in conditions for name in (*each.equals, *each.present, *each.absent)}


def _check(top: Section, kind: AlertKind) -> None:
    known = set(kind.fields) | _DRAFT_NAMES
    _check_cases(top, "event", kind.event, known)
    _check_cases(top, "opens", kind.opens, known)
    for rule in kind.rules:
        for name in sorted(_names(rule) - known):
            top.refuse("rules", f"name {name!r}, which is not a field of this kind")
    for key in kind.never_where:
        if key not in kind.instructions:
            top.refuse("never_where", f"{key!r} is not in instructions.yaml")
    for name in kind.needs:
        if name not in _DRAFT_NAMES:
            top.refuse("needs", f"{name!r} is not a part of a draft", f"One of: {', '.join(sorted(_DRAFT_NAMES))}.")
    if kind.lifts and (kind.lifts not in kind.fields or kind.fields[kind.lifts].type is not FieldType.INSTRUCTIONS):
        top.refuse("lifts", f"{kind.lifts!r} is not a field of type instructions")


def _check_cases(top: Section, key: str, cases: Cases[T], known: set[str]) -> None:
    for when, _ in cases.cases:
        for name in sorted({*when.equals, *when.present, *when.absent} - known):
            top.refuse(key, f"names {name!r}, which is not a field of this kind")


def _cap(top: Section, common: Common) -> CapDefaults:
    section = top.section("cap", required=True) or Section(top.reader, Node(top.node.place, {}))
    certainty = read_cases(section, "certainty", lambda node: _enum_of(section, node, Certainty), Certainty.LIKELY)
    cap = CapDefaults(
        categories=read_cases(section, "category", lambda node: _enums_of(section, node, Category), (Category.SAFETY,)),
        responses=read_cases(section, "response", lambda node: _enums_of(section, node, ResponseType), ()),
        urgency=read_cases(section, "urgency", lambda node: _enum_of(section, node, Urgency), Urgency.EXPECTED),
        severity=read_cases(section, "severity", lambda node: _enum_of(section, node, Severity), Severity.UNKNOWN),
        certainty=Cases(certainty.otherwise, (*certainty.cases, *common.certainty)),
    )
    section.done()
    return cap


def _enum_of(section: Section, node: Node, options: type[T]) -> T:
    inner = Section(section.reader, Node(node.place, {"value": node}))
    found: T = inner.enum("value", options)  # type: ignore[type-var, assignment]
    return found or next(iter(options))  # type: ignore[call-overload]


def _enums_of(section: Section, node: Node, options: type[T]) -> tuple[T, ...]:
    return tuple(_enum_of(section, each, options) for each in section.items(node))


def _words(section: Section, node: Node, languages: Mapping[str, Language]) -> Words:
    return section.words_of(node, languages)


def _opening(reader: Reader, node: Node, instructions: Mapping[str, Instruction]) -> Opening | None:
    section = reader.section(node)
    opening = Opening(section.text("key"), section.integer("level", None, 1, 3))
    section.done()
    if opening.key not in instructions:
        section.refuse("key", f"{opening.key!r} is not in instructions.yaml")
        return None
    return opening
