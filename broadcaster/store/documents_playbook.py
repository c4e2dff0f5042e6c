"""Playbooks: from nodes to frozen objects. What they say of kinds is checked by services/playbook_checks.py, with the kinds at hand."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.field import FieldType
from broadcaster.domain.field_values import nearest
from broadcaster.domain.playbook import Case, Form, Given, Parameter, Playbook, Step, Value, key_of
from broadcaster.store.documents import parse
from broadcaster.store.documents_parameters import ALERTS, read_parameter
from broadcaster.store.documents_reader import SLUG, Node, Reader, Section

_DURATION = re.compile(r"(?:(?P<d>\d{1,2})d)?(?:(?P<h>\d{1,3})h)?(?:(?P<m>\d{1,4})m)?")
_TIMES = ("onset", "expires", "next_update")
_LEVELS = ("severity", "urgency", "certainty")
_AREA = ("zones", "polygon", "circle")
#: More would be a program, not a plan that somebody approves by reading it.
MAX_STEPS = 30


def load_playbook(path: Path, languages: Iterable[str]) -> Playbook:
    """Read a playbook's file, whose name is the playbook's. Raises Invalid with all problems."""
    return parse_playbook(read_text(path), path.stem, languages, str(path))


def parse_playbook(text: str, name: str, languages: Iterable[str], source: str = "") -> Playbook:
    """Read a playbook from its text; `source` is the file in the places of problems. Raises Invalid with all problems."""
    reader = Reader(parse(text, source or f"{name}.yaml"))
    playbook = read_playbook(reader, name, languages)
    reader.finish()
    return playbook


def read_text(path: Path) -> str:
    """The text of a playbook's file; Invalid when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise Invalid([Problem(str(path), f"cannot be read: {reason}", "Name a readable file.")]) from None


def read_playbook(reader: Reader, name: str, languages: Iterable[str]) -> Playbook:
    """Read one playbook; titles and labels must be there in all of `languages`. Problems are in the reader."""
    top = reader.section()
    tags = tuple(languages)
    if not SLUG.fullmatch(name):
        reader.refuse(top.node, f"the file {name!r} is not a name", "Use a-z, 0-9 and hyphens.")
    title, use_when = top.words("title", tags), top.words("use_when", tags)
    incident = top.slug("incident", name)
    parameters = top.named("parameters", lambda key, section: read_parameter(key, section, tags))
    nodes = top.get("steps", required=True)
    entries = top.items(nodes) if nodes else []
    if len(entries) > MAX_STEPS:
        top.refuse("steps", f"has {len(entries)} entries, at most {MAX_STEPS} are read", "Make two playbooks of it.")
    steps: dict[str, Step] = {}
    for node in entries[:MAX_STEPS]:
        step = _Steps(reader, parameters, steps).read(node)
        if step.name in steps:
            reader.refuse(node, f"there is another step {step.name!r}", "Give each a name of its own.")
        steps[step.name] = step
    places = {key: node.place for key, node in _entries(top, "parameters")}
    for unused in sorted(set(parameters) - {used for step in steps.values() for used in step.names()}):
        reader.refuse(Node(places[unused], None), f"no step uses {unused!r}", "Use it, or take it out.")
    top.done()
    return Playbook(name, title, use_when, incident, parameters, tuple(steps.values()), places)


def _entries(section: Section, key: str) -> list[tuple[str, Node]]:
    node = section.entries.get(key)
    return list(node.value.items()) if node is not None and isinstance(node.value, dict) else []


@dataclass(frozen=True, slots=True)
class _Steps:
    """Reads a step: the parameters that it may name, and the steps before it."""

    reader: Reader
    parameters: Mapping[str, Parameter]
    earlier: Mapping[str, Step]

    def read(self, node: Node) -> Step:
        section = self.reader.section(node)
        form = self._form(section)
        refers_to, refers_by = ((), "") if form is Form.ALERT else self._references(section, form)
        after = section.get("after")
        step = Step(
            name=section.slug("name"),
            form=form,
            kind=self._kind(section, form, refers_to),
            refers_to=refers_to,
            refers_by=refers_by,
            when=self._when(section),
            after_minutes=self._minutes(after) if after else 0,
            body=self._body(section),
            places={"": node.place} | {path: place for key in _BODY for path, place in _walk(section, key)},
        )
        section.done()
        return step

    def _form(self, section: Section) -> Form:
        found = [each for each in Form if section.has(each)]
        if len(found) != 1:
            self.reader.refuse(
                section.node,
                f"says {' and '.join(found)}" if found else "does not say what it does",
                f"Give one of: {', '.join(Form)}.",
            )
        for each in found[1:]:
            section.get(each)
        return found[0] if found else Form.ALERT

    def _kind(self, section: Section, form: Form, refers_to: tuple[str, ...]) -> str:
        if form is Form.ALERT:
            return section.slug(form)
        before = [self.earlier[name].kind for name in refers_to if name in self.earlier]
        usual = "all-clear" if form is Form.ALL_CLEAR else next(iter(before), None)
        return section.slug("kind", usual)

    def _references(self, section: Section, form: Form) -> tuple[tuple[str, ...], str]:
        node = section.get(form, required=True)
        if node is None:
            return (), ""
        given = self._given(node)
        if given is not None:
            parameter = self.parameters.get(given.name)
            if parameter is not None and not parameter.alerts:
                self.reader.refuse(
                    node, f"{given.name!r} does not list alerts", f"Make it a parameter of type {ALERTS}."
                )
            return (), given.name
        names = tuple(str(each.value) for each in section.items(node))
        for name, each in zip(names, section.items(node), strict=True):
            if name not in self.earlier:
                cure = nearest(name, self.earlier) or "Name a step that stands before this one."
                self.reader.refuse(each, f"there is no earlier step {name[:64]!r}", cure)
        return names, ""

    def _when(self, section: Section) -> dict[str, tuple[str, ...]]:
        node = section.get("when")
        if node is None:
            return {}
        when = {}
        for name, values in self.reader.section(node).all():
            when[name] = tuple(key_of(each.value) for each in section.items(values))
            for key in when[name]:
                self._check_key(values, name, key)
        return when

    def _body(self, section: Section) -> dict[str, Value]:
        body: dict[str, Value] = {}
        for key in _BODY:
            node = section.get(key)
            if node is None:
                continue
            body[key] = self._time(node) if key in _TIMES else self.value(node)
            if key in ("fields", "area") and not isinstance(node.value, dict):
                self.reader.refuse(node, f"should be a mapping (name: value), not {node.kind}")
        area = section.entries.get("area")
        for key, node in area.value.items() if area is not None and isinstance(area.value, dict) else ():
            if key not in _AREA:
                self.reader.refuse(node, f"there is no key {key!r} here", nearest(key, _AREA))
        return body

    def value(self, node: Node) -> Value:
        """Plain values, with {param: …} and {case: …, of: …} wherever a value may stand."""
        given = self._given(node)
        if given is not None:
            return given
        if isinstance(node.value, dict):
            if "case" in node.value:
                return self._case(node, self.value)
            return {key: self.value(each) for key, each in node.value.items()}
        if isinstance(node.value, list):
            return [self.value(each) for each in node.value]
        return node.value

    def _time(self, node: Node) -> Value:
        """A duration counted from the moment of the step, or a parameter that is a time."""
        given = self._given(node)
        if given is not None:
            parameter = self.parameters.get(given.name)
            if parameter is not None and parameter.spec.type is not FieldType.TIME:
                self.reader.refuse(node, f"{given.name!r} is not a time", "Name a parameter of type time.")
            return given
        if isinstance(node.value, dict) and "case" in node.value:
            return self._case(node, lambda each: None if each.value is None else self._time(each))
        return f"+{node.value}" if self._minutes(node) else None

    def _minutes(self, node: Node) -> int:
        found = _DURATION.fullmatch(str(node.value)) if isinstance(node.value, str) else None
        days, hours, minutes = (int(each or 0) for each in found.group("d", "h", "m")) if found else (0, 0, 0)
        if not days + hours + minutes:
            self.reader.refuse(node, f"{node.kind} is not a duration", "Write 45m, 2h, 1h30m or 1d.")
        return (days * 24 + hours) * 60 + minutes

    def _given(self, node: Node) -> Given | None:
        if not (isinstance(node.value, dict) and set(node.value) == {"param"}):
            return None
        name = str(node.value["param"].value)
        self._check_name(node.value["param"], name)
        return Given(name)

    def _case(self, node: Node, read: Callable[[Node], Value]) -> Value:
        section = self.reader.section(node)
        named = section.get("case", required=True)
        name = str(named.value) if named else ""
        if named:
            self._check_name(named, name)
        cases = section.section("of", required=True)
        of = {}
        for key, each in cases.all() if cases else ():
            self._check_key(each, name, key)
            of[key] = read(each)
        otherwise = section.get("else")
        missing = [key for key in self._keys(name) or () if key not in of]
        if missing and not section.has("else"):
            self.reader.refuse(node, f"says nothing for {', '.join(missing)}", "Add them, or add else.")
        section.done()
        return Case(name, of, read(otherwise) if otherwise else None)

    def _check_name(self, node: Node, name: str) -> None:
        if name not in self.parameters:
            self.reader.refuse(node, f"there is no parameter {name[:64]!r}", nearest(name, self.parameters))

    def _check_key(self, node: Node, name: str, key: str) -> None:
        keys = self._keys(name)
        if name not in self.parameters:
            self._check_name(node, name)
        elif keys is None:
            self.reader.refuse(node, f"{name!r} is neither a choice nor a flag", "Only those can be told apart.")
        elif key not in keys:
            self.reader.refuse(node, f"{key[:64]!r} is not a value of {name!r}", nearest(key, keys))

    def _keys(self, name: str) -> tuple[str, ...] | None:
        """What a parameter can be in a case; None when it cannot stand there, or does not exist."""
        parameter = self.parameters.get(name)
        if parameter is None or parameter.spec.type not in (FieldType.CHOICE, FieldType.FLAG):
            return None
        return tuple(each.key for each in parameter.spec.options) or ("true", "false")


_BODY = ("fields", "area", "channels", *_LEVELS, *_TIMES)


def _walk(section: Section, key: str) -> Iterator[tuple[str, str]]:
    """Every path below a key of a step, and its place."""
    node = section.entries.get(key)
    waiting = [(key, node)] if node is not None else []
    while waiting:
        path, here = waiting.pop()
        yield path, here.place
        if isinstance(here.value, dict):
            waiting += [(f"{path}.{name}", each) for name, each in here.value.items()]
        elif isinstance(here.value, list):
            waiting += [(f"{path}.{number}", each) for number, each in enumerate(here.value, start=1)]
