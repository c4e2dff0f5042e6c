"""Reading a document with its places: typed access to nodes, unknown keys refused, every complaint remembered."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import TypeVar

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.field_reading import nearest
from broadcaster.domain.moment import read_moment
from broadcaster.store.documents_node import SLUG, Node

__all__ = ["SLUG", "Node", "Reader", "Section"]

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_HAS_OFFSET = re.compile(r"(Z|[+-][0-9]{2}:?[0-9]{2})$")


class Reader:
    """One document being read. Sections hand out typed values; `finish` raises Invalid with all problems, in order."""

    def __init__(self, root: Node, zone: tzinfo | None = None, now: datetime | None = None) -> None:
        self.root = root
        self.zone = zone
        self.now = now
        self.problems: list[Problem] = []

    def section(self, node: Node | None = None) -> "Section":
        """Open a mapping (the whole document by default); anything else is a problem and reads as empty."""
        node = self.root if node is None else node
        if not isinstance(node.value, dict):
            self.refuse(node, f"should be a mapping (key: value), not {node.kind}")
            return Section(self, Node(node.place, {}))
        return Section(self, node)

    def refuse(self, node: Node, message: str, cure: str = "") -> None:
        self.problems.append(Problem(node.place or "(document)", message, cure))

    def finish(self) -> None:
        if self.problems:
            raise Invalid(sorted(set(self.problems), key=lambda each: _in_order(each.place)))


def _in_order(place: str) -> tuple[str, int, int, str]:
    """Sort file:line:column by number."""
    parts = place.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        return parts[0], int(parts[1]), int(parts[2]), ""
    return "", 0, 0, place


class Section:
    """A mapping being read. Ask for each key once; `done` refuses the keys that nobody asked for.

    A method whose key is missing returns its default; without a default the key is required. After a problem a harmless
    value of the right type comes back, so that reading goes on to the next problem.
    """

    def __init__(self, reader: Reader, node: Node) -> None:
        self.reader = reader
        self.node = node
        self.entries = node.value if isinstance(node.value, dict) else {}
        self.asked: list[str] = []

    def done(self) -> None:
        for key, node in self.entries.items():
            if key not in self.asked:
                self.reader.refuse(node, f"there is no key {key!r} here", nearest(key, self.asked))

    def get(self, key: str, required: bool = False) -> Node | None:
        """The node under `key`, or None; null counts as missing."""
        self.asked.append(key)
        node = self.entries.get(key)
        if node is None or node.value is None:
            if required:
                self.reader.refuse(self.node, f"{key} is missing", "Add it.")
            return None
        return node

    def has(self, key: str) -> bool:
        return key in self.entries

    def refuse(self, key: str, message: str, cure: str = "") -> None:
        """Complain about the value under `key` (about the whole mapping when there is none)."""
        self.reader.refuse(
            self.entries.get(key, self.node), message if key in self.entries else f"{key} {message}", cure
        )

    def text(self, key: str, default: str | None = None, max_length: int = 1000) -> str:
        node = self.get(key, required=default is None)
        return (default or "") if node is None else self._text(node, max_length)

    def slug(self, key: str, default: str | None = None) -> str:
        """Letters a-z, digits and hyphens, at most 64."""
        node = self.get(key, required=default is None)
        if node is None:
            return default or ""
        text = self._text(node, 1000)
        if text and not SLUG.fullmatch(text):
            self.reader.refuse(node, f"{text[:64]!r} is not a name", "Use a-z, 0-9 and hyphens, at most 64.")
        return text

    def integer(self, key: str, default: int | None = None, low: int = 0, high: int = 10**9) -> int:
        return int(self.number(key, default, low, high, whole=True))

    def number(
        self, key: str, default: float | None = None, low: float = -1e9, high: float = 1e9, whole: bool = False
    ) -> float:
        node = self.get(key, required=default is None)
        return (default or low) if node is None else self._number(node, low, high, whole)

    def flag(self, key: str, default: bool = False) -> bool:
        node = self.get(key)
        if node is None:
            return default
        if not isinstance(node.value, bool):
            self.reader.refuse(node, f"should be true or false, not {node.kind}")
            return default
        return node.value

    def enum(self, key: str, options: type[E], default: E | None = None) -> E | None:
        """One of an enumeration's values, spelled exactly."""
        node = self.get(key)
        return default if node is None else self._one_of(node, options, default)

    def enums(self, key: str, options: type[E], default: tuple[E, ...] = ()) -> tuple[E, ...]:
        node = self.get(key)
        if node is None:
            return default
        found = (self._one_of(each, options, None) for each in self.items(node))
        return tuple(each for each in found if each is not None)

    def texts(self, key: str, default: tuple[str, ...] | None = None, max_length: int = 300) -> tuple[str, ...]:
        """A list of texts; a single text counts as a list of one."""
        node = self.get(key, required=default is None)
        return (default or ()) if node is None else tuple(self._text(each, max_length) for each in self.items(node))

    def words(self, key: str, languages: Iterable[str] = (), required: bool = True) -> dict[str, str]:
        """Words per language: {en: …, nb: …}, or one text for all of `languages`; each of them must be there."""
        node = self.get(key, required=required)
        return {} if node is None else self.words_of(node, languages)

    def words_of(self, node: Node, languages: Iterable[str] = ()) -> dict[str, str]:
        tags = tuple(languages)
        if isinstance(node.value, dict):
            words = {tag: self._text(each, 2000) for tag, each in node.value.items()}
            missing = [tag for tag in tags if not words.get(tag)]
            if missing:
                self.reader.refuse(node, f"has no words in {', '.join(missing)}", "Write them.")
            return words
        return dict.fromkeys(tags or ("en",), self._text(node, 2000))

    def moment(self, key: str) -> datetime | None:
        """A time in any form of `read_moment`, as aware UTC."""
        node = self.get(key)
        if node is None:
            return None
        text = self._text(node, 64)
        try:
            if self.reader.zone is None and not _HAS_OFFSET.search(text):
                raise ValueError(f"{text!r} is not a full time with its offset from UTC")
            return read_moment(text, self.reader.zone or UTC, self.reader.now)
        except ValueError as error:
            self.reader.refuse(node, str(error))
            return None

    def section(self, key: str, required: bool = False) -> "Section | None":
        node = self.get(key, required=required)
        return None if node is None else self.reader.section(node)

    def each(self, key: str, read: "Callable[[Section], T]", required: bool = False) -> tuple[T, ...]:
        """A list of mappings, each read by `read` and then checked for unknown keys."""
        node = self.get(key, required=required)
        return () if node is None else tuple(self._closed(each, read) for each in self.items(node))

    def named(self, key: str, read: "Callable[[str, Section], T]", required: bool = False) -> dict[str, T]:
        """A mapping of names to mappings, each read by `read`."""
        section = self.section(key, required=required)
        if section is None:
            return {}
        return {name: self._closed(each, lambda inner, n=name: read(n, inner)) for name, each in section.all()}  # type: ignore[misc]

    def all(self) -> list[tuple[str, Node]]:
        """Every entry, in order; none of them is unknown any more."""
        self.asked += self.entries
        return list(self.entries.items())

    def items(self, node: Node) -> list[Node]:
        return node.value if isinstance(node.value, list) else [node]

    def _closed(self, node: Node, read: "Callable[[Section], T]") -> T:
        section = self.reader.section(node)
        value = read(section)
        section.done()
        return value

    def _text(self, node: Node, max_length: int) -> str:
        value = node.value
        if isinstance(value, list | dict | bool | float):
            cure = "Put it in quotes." if isinstance(value, bool | float) else ""
            self.reader.refuse(node, f"should be text, not {node.kind}", cure)
            return ""
        text = "" if value is None else str(value).strip()
        if len(text) > max_length:
            self.reader.refuse(node, f"has {len(text)} characters, at most {max_length} are allowed", "Shorten it.")
            return text[:max_length]
        return text

    def _number(self, node: Node, low: float, high: float, whole: bool) -> float:
        value = node.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            self.reader.refuse(node, f"should be a number, not {node.kind}")
            return low
        if not low <= value <= high:
            self.reader.refuse(node, f"{value} is outside {low:g} to {high:g}")
            return low
        if whole and value != int(value):
            self.reader.refuse(node, f"should be a whole number, not {value}")
            return low
        return value

    def _one_of(self, node: Node, options: type[E], default: E | None) -> E | None:
        try:
            return options(str(node.value))
        except ValueError:
            known = [each.value for each in options]
            self.reader.refuse(node, f"{node.kind} is not allowed here", f"One of: {', '.join(known)}.")
            return default
