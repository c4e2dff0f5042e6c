"""When two have changed one draft: who changed which field and when, what can be joined by itself, and what a person must choose."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from broadcaster.domain.likeness import alike
from broadcaster.store.alert_versions import AlertVersion

#: Parts of a draft beside its fields that somebody can change.
_PARTS = (
    "area",
    "channels",
    "languages",
    "onset",
    "expires",
    "next_update",
    "severity",
    "urgency",
    "certainty",
    "short",
    "correction",
    "resources",
)


@dataclass(frozen=True, slots=True)
class Change:
    """One place where another's version says something else: what mine says and theirs, and who wrote theirs when.

    `by` and `at` are None where nobody has noted it.
    """

    place: str
    mine: Any
    theirs: Any
    by: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Clash:
    """`both` have changed these, so a person chooses; `theirs` only the other has changed, so they are in the form already."""

    both: Sequence[Change]
    theirs: Sequence[Change]


def value_at(draft: Mapping[str, Any], place: str) -> Any:
    """What a draft as plain values says at `fields.NAME` or at one of its parts."""
    group, _, name = place.partition(".")
    return (draft.get("fields") or {}).get(name) if group == "fields" else draft.get(group)


def put(values: dict[str, Any], place: str, value: Any) -> None:
    """Let `values` say this at a place; None takes it out."""
    group, _, name = place.partition(".")
    holder = values.setdefault("fields", {}) if group == "fields" else values
    key = name if group == "fields" else group
    if value is None:
        holder.pop(key, None)
    else:
        holder[key] = value


def clash(mine: Mapping[str, Any], theirs: Mapping[str, Any], versions: Sequence[AlertVersion], base: int) -> Clash:
    """Compare mine, made from version `base`, with theirs. `versions` are those from `base` on, the oldest first.

    Where the base was not kept, every difference is for a person.
    """
    began = next((each.draft for each in versions if each.version == base), None)
    both, only_theirs = list[Change](), list[Change]()
    for place in _places(mine, theirs):
        ours, other = value_at(mine, place), value_at(theirs, place)
        if alike(ours, other) or (began is not None and alike(value_at(began, place), other)):
            continue
        by, at = _author(versions, place)
        change = Change(place, ours, other, by, at)
        alone = began is not None and alike(value_at(began, place), ours)
        (only_theirs if alone else both).append(change)
    return Clash(both, only_theirs)


def is_place(place: str) -> bool:
    """True for a place that a form may choose another's words for."""
    return place in _PARTS or place.startswith("fields.")


def _places(*drafts: Mapping[str, Any]) -> Iterable[str]:
    names = dict.fromkeys(name for each in drafts for name in each.get("fields") or {})
    return (*(f"fields.{name}" for name in names), *_PARTS)


def _author(versions: Sequence[AlertVersion], place: str) -> tuple[str | None, datetime | None]:
    """Who last changed what a place says, and when."""
    for before, after in zip(reversed(versions[:-1]), reversed(versions[1:]), strict=True):
        if not alike(value_at(before.draft, place), value_at(after.draft, place)):
            return after.by, after.at
    return (versions[-1].by, versions[-1].at) if versions else (None, None)
