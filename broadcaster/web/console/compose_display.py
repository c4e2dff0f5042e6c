"""How the compose form shows values and places again: filters and tests for its templates."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask

from broadcaster.domain.errors import Problem
from broadcaster.domain.field import FieldSpec, FieldType, Visibility
from broadcaster.domain.kind import AlertKind
from broadcaster.domain.profile import Profile
from broadcaster.services.reach import people
from broadcaster.web.context import runtime
from broadcaster.web.display import said
from broadcaster.web.language import gettext as _
from broadcaster.web.told import told

_SECTIONS = (
    "area",
    "channels",
    "resources",
    "incident",
    "onset",
    "expires",
    "next_update",
    "languages",
    "correction",
    "severity",
)
#: Channels' own complaints point at the preview, where the text is.
_PREVIEW = ("sms", "x", "facebook", "website", "cap")


#: What most residents see.
_SEEN = (Visibility.PUBLIC, Visibility.POSTS)


def add_filters(app: Flask) -> None:
    """Make everything here known to the templates of `app`."""
    filters = (
        wall,
        corners,
        at,
        at_path,
        listed_items,
        anchor,
        place_words,
        as_said,
        any_given,
        sort_fields,
        told,
        people,
    )
    app.jinja_env.filters.update({each.__name__: each for each in filters})
    app.jinja_env.tests["applies"] = applies


def wall(value: object) -> str:
    """A time for its input: what was typed stays, an absolute one is shown as the city's clock has it."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    if moment.tzinfo is None or "T" not in value:
        return value
    return moment.astimezone(ZoneInfo(runtime().profile.timezone)).strftime("%Y-%m-%d %H:%M")


def corners(polygon: Sequence[Sequence[float]]) -> str:
    """An outline as lines for its text area."""
    return "\n".join(f"{lat}, {lon}" for lat, lon in polygon)


def at(problems: Iterable[Problem], place: str) -> list[Problem]:
    """Those that are about `place` or something in it."""
    return [each for each in problems if each.place == place or each.place.startswith((f"{place}.", f"{place}["))]


def at_path(profile: Profile, path: str) -> str:
    """What the city's profile gives for a field: `sender`, `numbers.danger`."""
    value: Any = profile
    for name in path.split("."):
        value = value.get(name, "") if isinstance(value, Mapping) else getattr(value, name, "")
    return said(value) if isinstance(value, Mapping) else str(value)


def listed_items(value: object) -> list[Any]:
    """The entries of a list field however they were given."""
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


def anchor(place: str) -> str:
    """The id of the part of the page that a problem is about."""
    head, _dot, rest = place.partition(".")
    if head == "fields":
        return "field-" + rest.partition(".")[0].partition("[")[0]
    bare = head.partition("[")[0]
    if bare in _PREVIEW:
        return "preview"
    return bare if bare in _SECTIONS else "compose"


def place_words(place: str, kind: AlertKind) -> str:
    """What a place is called on the page."""
    head, _dot, rest = place.partition(".")
    if head == "fields":
        spec: FieldSpec | None = kind.fields.get(rest.partition(".")[0].partition("[")[0])
        return said(spec.label) if spec else rest
    known = {
        "area": _("Where"),
        "channels": _("Channels"),
        "resources": _("Pictures"),
        "incident": _("Incident"),
        "onset": _("From"),
        "expires": _("Until"),
        "next_update": _("Next update by"),
        "languages": _("Languages"),
        "correction": _("If this turns out wrong"),
        "severity": _("Severity"),
        "references": _("What it is about"),
        "msgType": _("Kind of message"),
        "sms": _("Text messages"),
        "website": _("Status page"),
    }
    return known.get(head.partition("[")[0], place)


def as_said(value: object) -> str:
    """Another person's value in one line."""
    if value in (None, "", [], {}):
        return _("nothing")
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {as_said(each)}" for name, each in value.items() if each not in (None, "", [], {}))
    if isinstance(value, list | tuple):
        return " / ".join(as_said(each) for each in value)
    return str(value)


def any_given(specs: Iterable[FieldSpec], values: Mapping[str, object]) -> bool:
    """True when one of these fields has a value of its own."""
    return any(values.get(spec.name) not in (None, "", [], {}, spec.default) for spec in specs)


def sort_fields(specs: Iterable[FieldSpec]) -> list[FieldSpec]:
    """What happens first, then what to do, then what only the page and the record need; else the kind's own order."""
    return sorted(specs, key=lambda spec: (spec.visibility not in _SEEN, spec.type is FieldType.ACTIONS))


def applies(only: Sequence[str], msg_type: str) -> bool:
    """Jinja test: a field is used for this type of message."""
    return not only or msg_type in only
