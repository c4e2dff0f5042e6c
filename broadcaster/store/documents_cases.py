"""Conditions, cases and rules of a kind: from nodes to frozen objects."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from broadcaster.domain.condition import Cases, Rule, When
from broadcaster.domain.language import Language
from broadcaster.store.documents_node import Node
from broadcaster.store.documents_reader import Section

T = TypeVar("T")


def read_cases(section: Section, key: str, read: Callable[[Node], T], otherwise: T) -> Cases[T]:
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
            cases.append((read_when(condition), value))
    return Cases(otherwise, tuple(cases))


def _is_case(node: Node) -> bool:
    return isinstance(node.value, dict) and "is" in node.value


def read_when(section: Section) -> When:
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


def read_rule(section: Section, languages: Mapping[str, Language]) -> Rule:
    when, require = section.section("when"), section.section("require")
    return Rule(
        when=read_when(when) if when else When(),
        require=read_when(require) if require else When(),
        decider=section.text("decider", ""),
        place=section.text("place"),
        message=section.words("message", languages),
    )
