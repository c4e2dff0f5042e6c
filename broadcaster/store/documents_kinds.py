"""Kinds of alert and what they share (languages, bank of actions, instructions): from nodes to frozen objects."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import PurePath
from typing import TypeVar

from broadcaster.domain.alert import Category, Certainty, MsgType, ResponseType, Severity, Urgency
from broadcaster.domain.field import FieldSpec, FieldType, Option, Visibility
from broadcaster.domain.kind import (
    AlertKind,
    CapDefaults,
    Cases,
    Instruction,
    Lane,
    Opening,
    Rule,
    Sentence,
    When,
)
from broadcaster.domain.language import Language
from broadcaster.domain.profile import Words
from broadcaster.store.documents_reader import SLUG, Node, Reader, Section

T = TypeVar("T")

_DRAFT_NAMES = frozenset({"onset", "expires", "next_update", "area", "msg_type", "resources", "references"})


@dataclass(frozen=True, slots=True)
class Common:
    """What every kind has unless it says otherwise (KINDS.md section 0)."""

    fields: Mapping[str, FieldSpec]
    certainty: tuple[tuple[When, Certainty], ...]
    rules: tuple[Rule, ...]


def read_languages(reader: Reader) -> Mapping[str, Language]:
    return {tag: _language(tag, reader.section(node)) for tag, node in reader.section().all()}


def _language(tag: str, section: Section) -> Language:
    clock = section.text("clock")
    language = Language(
        code=tag,
        name=section.text("name"),
        clock=clock,
        full_hour=section.text("full_hour", clock),
        noon=section.text("noon", ""),
        weekdays=_exactly(section, "weekdays", 7),
        months=_exactly(section, "months", 12),
        when=section.text("when"),
        day=section.text("day"),
        weekday_clock=section.text("weekday_clock"),
        and_word=section.text("and_word"),
        decimal=section.text("decimal"),
        exercise_first=section.text("exercise_first"),
        exercise_last=section.text("exercise_last"),
        refused=section.texts("refused", ()),
        words={key: _only_text(section.reader, node) for key, node in _named(section, "words")},
    )
    section.done()
    return language


def _exactly(section: Section, key: str, count: int) -> tuple[str, ...]:
    texts = section.texts(key)
    if len(texts) != count:
        section.refuse(key, f"has {len(texts)} entries, not {count}")
    return (*texts, *[""] * count)[:count]


def _named(section: Section, key: str) -> list[tuple[str, Node]]:
    inner = section.section(key, required=True)
    return inner.all() if inner else []


def _only_text(reader: Reader, node: Node) -> str:
    if not isinstance(node.value, str):
        reader.refuse(node, f"should be text, not {node.kind}", "Put it in quotes.")
    return str(node.value)


def read_bank(reader: Reader, languages: Mapping[str, Language]) -> Mapping[str, Sentence]:
    """The call-to-action bank; `short` is optional, per language."""

    def sentence(key: str, section: Section) -> Sentence:
        short = section.words("short", required=False)
        words = {tag: section.text(tag) for tag in languages}
        return Sentence(key, words, short)

    return _entries(reader.section(), sentence)


def read_instructions(reader: Reader, languages: Mapping[str, Language]) -> Mapping[str, Instruction]:
    def instruction(key: str, section: Section) -> Instruction:
        forms = {form: section.words(form, languages) for form in ("command", "still", "name", "lifted")}
        return Instruction(key, **forms)

    return _entries(reader.section(), instruction)


def _entries(section: Section, read: Callable[[str, Section], T]) -> dict[str, T]:
    found: dict[str, T] = {}
    for key, node in section.all():
        inner = section.reader.section(node)
        if not SLUG.fullmatch(key):
            section.reader.refuse(node, f"{key!r} is not a name", "Use a-z, 0-9 and hyphens.")
        found[key] = read(key, inner)
        inner.done()
    return found


def read_common(reader: Reader, languages: Mapping[str, Language]) -> Common:
    top = reader.section()
    fields = _fields(top, languages)
    certainty = _cases(top, "certainty", lambda node: _enum_of(top, node, Certainty), Certainty.UNKNOWN)
    rules = top.each("rules", lambda each: _rule(each, languages))
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
    own = _fields(top, languages)
    fields = {name: own.get(name, spec) for name, spec in common.fields.items() if name not in omit} | own
    kind = AlertKind(
        name=folder.name,
        folder=folder,
        title=top.words("title", languages),
        event=_cases(top, "event", lambda node: _words(top, node, languages), {}),
        lane=top.enum("lane", Lane) or Lane.LIFE_SAFETY,
        channels=top.texts("channels"),
        msg_types=top.enums("msg_types", MsgType, (MsgType.ALERT, MsgType.UPDATE)),
        cap=_cap(top, common),
        fields=fields,
        rules=tuple(rule for rule in common.rules if _applies(rule, fields))
        + top.each("rules", lambda each: _rule(each, languages)),
        needs=top.texts("needs", ()),
        expires_after=timedelta(minutes=top.integer("expires_after_minutes", 720, 10, 31 * 24 * 60)),
        opens=_cases(top, "opens", lambda node: _opening(reader, node, instructions), None),
        lifts=top.text("lifts", ""),
        pictures=top.enum("pictures", Visibility) or Visibility.PUBLIC,
        always_two=top.flag("always_two"),
        never_where=top.texts("never_where", ()),
        bank=bank,
        instructions=instructions,
        languages=languages,
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
    for key, cases in (("event", kind.event), ("opens", kind.opens)):
        _check_cases(top, key, cases, known)
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
    certainty = _cases(section, "certainty", lambda node: _enum_of(section, node, Certainty), Certainty.LIKELY)
    cap = CapDefaults(
        categories=_cases(section, "category", lambda node: _enums_of(section, node, Category), (Category.SAFETY,)),
        responses=_cases(section, "response", lambda node: _enums_of(section, node, ResponseType), ()),
        urgency=_cases(section, "urgency", lambda node: _enum_of(section, node, Urgency), Urgency.EXPECTED),
        severity=_cases(section, "severity", lambda node: _enum_of(section, node, Severity), Severity.UNKNOWN),
        certainty=Cases(certainty.otherwise, (*certainty.cases, *common.certainty)),
    )
    section.done()
    return cap


def _enum_of(section: Section, node: Node, options: type[T]) -> T:
    inner = Section(section.reader, Node(node.place, {"value": node}))
    found: T = inner.enum("value", options)  # type: ignore[type-var, assignment]
    return found or next(iter(options))  # type: ignore[call-overload, no-any-return]


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


def _cases(section: Section, key: str, read: Callable[[Node], T], otherwise: T) -> Cases[T]:
    """A plain value, or a list of {when: …, is: …} whose last may have no `when`."""
    node = section.get(key)
    if node is None:
        return Cases(otherwise)
    if not (isinstance(node.value, list) and node.value and all(_is_case(each) for each in node.value)):
        return Cases(read(node))
    cases: list[tuple[When, T]] = []
    for each in node.value:
        case = section.reader.section(each)
        value_node = case.get("is", required=True)
        value = otherwise if value_node is None else read(value_node)
        condition = case.section("when")
        case.done()
        if condition is None:
            otherwise = value
        else:
            cases.append((_when(condition), value))
    return Cases(otherwise, tuple(cases))


def _is_case(node: Node) -> bool:
    return isinstance(node.value, dict) and "is" in node.value


def _when(section: Section) -> When:
    """{field: value} | {field: [values]} | {field: present} | {field: absent}."""
    equals: dict[str, tuple[object, ...]] = {}
    present, absent = [], []
    for name, node in section.all():
        if node.value == "present":
            present.append(name)
        elif node.value == "absent":
            absent.append(name)
        else:
            equals[name] = tuple(_comparable(each.value) for each in section.items(node))
    return When(equals, tuple(present), tuple(absent))


def _comparable(value: object) -> object:
    """Choices are text, also where their key looks like a number."""
    return value if isinstance(value, bool) else str(value)


def _rule(section: Section, languages: Mapping[str, Language]) -> Rule:
    when, require = section.section("when"), section.section("require")
    return Rule(
        when=_when(when) if when else When(),
        require=_when(require) if require else When(),
        decider=section.text("decider", ""),
        place=section.text("place"),
        message=section.words("message", languages),
    )


def _fields(section: Section, languages: Mapping[str, Language]) -> dict[str, FieldSpec]:
    inner = section.section("fields")
    if inner is None:
        return {}
    found = {}
    for name, node in inner.all():
        each = section.reader.section(node)
        if not name.isidentifier() or name.startswith("_"):
            section.reader.refuse(node, f"{name!r} is not a field name", "Use a-z, 0-9 and _.")
        found[name] = _field(name, each, languages)
        each.done()
    return found


def _hours(section: Section) -> tuple[time, time] | None:
    if not section.has("hours"):
        return None
    try:
        first, last = (time.fromisoformat(each) for each in section.texts("hours"))
    except ValueError:
        section.refuse("hours", "should be two clock times", "Such as [06:00, 21:00].")
        return None
    return first, last


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
        fields=tuple(_fields(section, languages).values()),
    )
    if (spec.type is FieldType.CHOICE) != bool(spec.options):
        section.refuse("options", "belong to a choice, and a choice needs them")
    if (spec.type is FieldType.RECORD) != bool(spec.fields):
        section.refuse("fields", "belong to a record, and a record needs them")
    return spec
