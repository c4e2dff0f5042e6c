"""A document as a tree of values that know where they stand."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from broadcaster.domain.errors import Invalid, Problem

Scalar = str | int | float | bool | None
#: Names in file names, addresses and ids (SECURITY "paths").
SLUG = re.compile(r"[a-z0-9-]{1,64}")
MAX_DEPTH = 30
MAX_NODES = 50_000


@dataclass(frozen=True, slots=True)
class Node:
    """A value and where it stands. `value` is a scalar, a list of nodes, or a mapping of str to nodes."""

    place: str
    value: "Scalar | list[Node] | dict[str, Node]"

    @property
    def kind(self) -> str:
        if isinstance(self.value, dict):
            return "a mapping"
        if isinstance(self.value, list):
            return "a list"
        return "nothing" if self.value is None else f"{str(self.value)[:40]!r}"

    def plain(self) -> object:
        """The value without its places."""
        if isinstance(self.value, dict):
            return {key: each.plain() for key, each in self.value.items()}
        if isinstance(self.value, list):
            return [each.plain() for each in self.value]
        return self.value


def nodes_of(value: object, place: str = "", depth: int = 0) -> Node:
    """Turn plain values (from JSON) into nodes; a place is the path of keys, such as `area.circle.lat`.

    Raises Invalid where it is nested too deep or holds what JSON cannot.
    """
    if depth > MAX_DEPTH:
        raise Invalid([Problem(place, f"is nested more than {MAX_DEPTH} deep", "Make it flatter.")])
    if isinstance(value, Mapping):
        return Node(
            place, {str(key): nodes_of(each, f"{place}.{key}".lstrip("."), depth + 1) for key, each in value.items()}
        )
    if isinstance(value, list | tuple):
        return Node(place, [nodes_of(each, f"{place}.{index}", depth + 1) for index, each in enumerate(value, start=1)])
    if value is None or isinstance(value, str | int | float | bool):
        return Node(place, str(value) if isinstance(value, StrEnum) else value)
    raise Invalid([Problem(place, f"a {type(value).__name__} cannot be read", "Give text, numbers, lists, mappings.")])
