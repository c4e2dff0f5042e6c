"""The door for files that people write: YAML or JSON in, frozen objects out, every problem with its line and column.

The only importer of yaml. Only plain values are read: no anchors, no tags, and `no`, `on` or `02:00` are just text.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path

import yaml

from broadcaster.domain.alert import Draft
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.language import Language
from broadcaster.domain.profile import Profile
from broadcaster.store.documents_alert import read_draft
from broadcaster.store.documents_kinds import read_common, read_kind
from broadcaster.store.documents_node import MAX_DEPTH, MAX_NODES, Node, Scalar, nodes_of
from broadcaster.store.documents_profile import read_profile
from broadcaster.store.documents_reader import Reader, Section
from broadcaster.store.documents_words import read_bank, read_instructions, read_languages

__all__ = [
    "Node",
    "Reader",
    "Section",
    "draft_from",
    "load_kinds",
    "load_languages",
    "load_profile",
    "parse",
    "read_alert_file",
    "read_file",
]

#: A document larger than this is not one that a person wrote (SECURITY "YAML, CAP XML, JSON").
MAX_BYTES = 1_000_000
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,15})")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]{0,15})\.[0-9]{1,15}")
_PLAIN_WORDS: Mapping[str, Scalar] = {"true": True, "false": False, "null": None, "~": None, "": None}


def load_profile(path: Path) -> Profile:
    """Read a city's profile. Raises Invalid with all problems."""
    reader = Reader(read_file(path))
    profile = read_profile(reader)
    reader.finish()
    return profile


def load_languages(folder: Path) -> Mapping[str, Language]:
    """Read `languages.yaml` of a template folder: tag → how that language writes times, lists and exercise marks."""
    reader = Reader(read_file(folder / "languages.yaml"))
    languages = read_languages(reader)
    reader.finish()
    return languages


def load_kinds(folder: Path) -> Mapping[str, AlertKind]:
    """Read every kind below `folder` (templates/alerts): each sub-folder with a kind.yaml is one, named by the folder.

    Beside them stand languages.yaml, bank.yaml, instructions.yaml and common.yaml, shared by all. Raises Invalid with
    the problems of all files at once.
    """
    problems: list[Problem] = []
    shared = [Reader(read_file(folder / f"{name}.yaml")) for name in ("languages", "bank", "instructions", "common")]
    languages = read_languages(shared[0])
    bank, instructions = read_bank(shared[1], languages), read_instructions(shared[2], languages)
    common = read_common(shared[3], languages)
    for reader in shared:
        problems += reader.problems
    kinds = {}
    for path in sorted(folder.glob("*/kind.yaml")):
        try:
            reader = Reader(read_file(path))
            kind = read_kind(reader, path.parent, common, bank, instructions, languages)
            kinds[kind.name] = replace(kind, short=_tongues(path.parent, "sms_short"))
            problems += reader.problems
        except Invalid as error:
            problems += error.problems
    if not kinds and not problems:
        problems.append(Problem(str(folder), "holds no kind", "A kind is a folder with a kind.yaml."))
    if problems:
        raise Invalid(problems)
    return kinds


def _tongues(folder: Path, text: str) -> frozenset[str]:
    """Languages in which a kind has this text."""
    return frozenset(path.name.split(".")[1] for path in folder.glob(f"{text}.*.txt"))


def read_alert_file(source: Path | str, zone: tzinfo | None = None, now: datetime | None = None) -> Draft:
    """Read an alert file (CONTRACT.md "Alert file"), YAML or JSON, from a path or from its text.

    `zone` reads times without an offset as that wall clock, `now` also "02:00" and "+2h". Raises Invalid with all
    problems.
    """
    root = read_file(source) if isinstance(source, Path) else parse(source, "alert")
    return _draft(root, zone, now)


def draft_from(values: Mapping[str, object], zone: tzinfo | None = None, now: datetime | None = None) -> Draft:
    """Build a Draft from plain values: the API's body, a form, or `plain(draft)` as it was stored."""
    return _draft(nodes_of(values), zone, now)


def _draft(root: Node, zone: tzinfo | None, now: datetime | None) -> Draft:
    reader = Reader(root, zone, now)
    draft = read_draft(reader)
    reader.finish()
    return draft


def read_file(path: Path) -> Node:
    """Read a YAML or JSON file as nodes. Raises Invalid, with the file as place, when it cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Invalid([Problem(str(path), f"is larger than {MAX_BYTES} bytes", "Make it smaller.")])
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise Invalid([Problem(str(path), f"is not UTF-8 (byte {error.start})", "Save it as UTF-8.")]) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "it is not a path"
        raise Invalid([Problem(str(path), f"cannot be read: {reason}", "Name a readable file.")]) from None
    return parse(text, str(path))


def parse(text: str, name: str) -> Node:
    """Read YAML or JSON text as nodes; places are `name:line:column`. Raises Invalid."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Invalid([Problem(name, f"is larger than {MAX_BYTES} bytes", "Make it smaller.")])
    if text.lstrip().startswith("{"):
        try:
            return nodes_of(json.loads(text, object_pairs_hook=_without_repeats))
        except (json.JSONDecodeError, RecursionError):
            pass  # a YAML flow mapping begins like JSON; its own reader has the better places
        except _Repeated as error:
            raise Invalid([Problem(name, f"the key {error} stands there twice", "Keep one.")]) from None
    return _Tree(name).read(text.removeprefix("\ufeff"))


class _Repeated(ValueError):
    pass


def _without_repeats(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in pairs:
        if key in values:
            raise _Repeated(repr(key[:64]))
        values[key] = value
    return values


class _Tree:
    """Builds nodes from YAML events on its own stack, so that depth, size and aliases are refused before they cost."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems: list[Problem] = []
        self.open: list[tuple[Node, list[Node]]] = []
        self.count = 0

    def read(self, text: str) -> Node:
        root: Node | None = None
        documents = 0
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                documents += isinstance(event, yaml.DocumentStartEvent)
                if documents > 1:
                    self._refuse(event.start_mark, "a second document begins here", "Keep one to a file.")
                    break
                root = self._take(event) or root
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._refuse(mark, f"is not YAML: {error.problem or error.context}", "Mind indentation and quotes.")
        except (yaml.YAMLError, UnicodeError) as error:
            self.problems.append(Problem(f"{self.name}:1:1", f"is not YAML: {str(error).splitlines()[0]}"))
        if self.problems:
            raise Invalid(self.problems)
        return root or Node(f"{self.name}:1:1", {})

    def _take(self, event: yaml.Event) -> Node | None:
        """Return the root once it is complete."""
        if isinstance(event, yaml.CollectionEndEvent):
            node, children = self.open.pop()
            self._fill(node, children)
            return self._place(node)
        if not isinstance(event, yaml.NodeEvent):
            return None
        self._check(event)
        place = self._at(event.start_mark)
        if isinstance(event, yaml.MappingStartEvent):
            self.open.append((Node(place, {}), []))
        elif isinstance(event, yaml.SequenceStartEvent):
            self.open.append((Node(place, []), []))
        elif isinstance(event, yaml.ScalarEvent):
            return self._place(Node(place, _scalar(event)))
        return None

    def _check(self, event: yaml.NodeEvent) -> None:
        self.count += 1
        if self.count > MAX_NODES:
            self._stop(event, f"there are more than {MAX_NODES} values", "Make it smaller.")
        if len(self.open) >= MAX_DEPTH:
            self._stop(event, f"is nested more than {MAX_DEPTH} deep", "Make it flatter.")
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            self._stop(event, "anchors and aliases (& and *) are not read", "Write the value out, or quote it.")
        tag = getattr(event, "tag", None)
        if tag:
            self._stop(event, f"tags ({tag[:40]}) are not read", "Write a plain value, or quote it.")

    def _stop(self, event: yaml.Event, message: str, cure: str) -> None:
        self._refuse(event.start_mark, message, cure)
        raise Invalid(self.problems)

    def _place(self, node: Node) -> Node | None:
        if not self.open:
            return node
        self.open[-1][1].append(node)
        return None

    def _fill(self, node: Node, children: list[Node]) -> None:
        if isinstance(node.value, list):
            node.value.extend(children)
        elif isinstance(node.value, dict):
            self._pair(node.value, children)

    def _pair(self, entries: dict[str, Node], children: list[Node]) -> None:
        for key, value in zip(children[::2], children[1::2], strict=True):
            if isinstance(key.value, list | dict):
                self.problems.append(Problem(key.place, "a key must be a word", "Quote it."))
                continue
            name = _key(key)
            if name in entries:
                self.problems.append(Problem(key.place, f"the key {name!r} stands there twice", "Keep one."))
            entries[name] = value

    def _refuse(self, mark: object, message: str, cure: str = "") -> None:
        self.problems.append(Problem(self._at(mark), message, cure))

    def _at(self, mark: object) -> str:
        line, column = getattr(mark, "line", 0), getattr(mark, "column", 0)
        return f"{self.name}:{line + 1}:{column + 1}"


def _key(key: Node) -> str:
    if key.value is None:
        return "null"
    return str(key.value).lower() if isinstance(key.value, bool) else str(key.value)


def _scalar(event: yaml.ScalarEvent) -> Scalar:
    text: str = event.value
    if event.style not in (None, ""):
        return text
    if text in _PLAIN_WORDS:
        return _PLAIN_WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text
