"""From the compose form's flat names to the plain values of an alert file, and back; what is wrong is said by the reader of that.

Names are paths: `f.impact.en`, `f.bring.0.en`, `f.centre.name.en`, `area.zones`, `area.circle.lat`.
"""

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from broadcaster.domain.alert import MsgType
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.domain.field import FieldSpec, FieldType, Visibility
from broadcaster.domain.kind import AlertKind

#: Entries of one list that are read at most; a kind's own limit is lower and complained about by name.
_MOST = 50
_LISTS = frozenset({FieldType.ACTIONS, FieldType.ZONES, FieldType.INSTRUCTIONS})
_CORNER = re.compile(r"\s*\[?\s*(-?\d+(?:\.\d+)?)\s*[, ]\s*(-?\d+(?:\.\d+)?)\s*\]?\s*[,;]?\s*")
_LETTERS = str.maketrans({"æ": "ae", "ø": "o", "å": "a", "ß": "ss", "đ": "d", "ł": "l"})

_ARRIVAL = "area.arrivals."

Form = MultiDict[str, str]


def values_of(form: Form, kind: AlertKind, languages: Sequence[str], problems: list[Problem]) -> dict[str, Any]:
    """The alert file that this form describes; blanks are left out. An outline that cannot be read is added to `problems`.

    A name that is typed for a new incident goes before one that stands in the list.
    """
    values: dict[str, Any] = {
        "incident": slug(form.get("new_incident", "")) or form.get("incident", ""),
        "kind": kind.name,
        "status": form.get("status", ""),
        # Hidden in the form: what is none of them was not put there by us.
        "msg_type": given if (given := form.get("msg_type", "")) in set(MsgType) else str(MsgType.ALERT),
        "references": form.getlist("references"),
        "languages": form.getlist("languages"),
        "channels": form.getlist("channels"),
        "fields": _Reader(form, languages).record(kind.fields.values(), "f"),
        "area": area_of(form, problems),
    }
    for name in ("severity", "urgency", "certainty", "onset", "expires", "next_update"):
        if given := form.get(name, "").strip():
            values[name] = given
    if form.get("short"):
        values["short"] = True
    words = {tag: form.get(f"correction.{tag}", "").strip() for tag in languages}
    if any(words.values()):
        values["correction"] = {tag: text for tag, text in words.items() if text}
    if pictures := _pictures(form, languages):
        values["resources"] = pictures
    return values


def values_of_blanks(form: Form, specs: Iterable[FieldSpec], languages: Sequence[str]) -> dict[str, Any]:
    """Only the blanks `f.NAME`, for forms that are not a whole alert: the parameters of a playbook."""
    return _Reader(form, languages).record(specs, "f")


class _Reader:
    """Reads the values of fields by their paths."""

    def __init__(self, form: Form, languages: Sequence[str]) -> None:
        self._form = form
        self._languages = languages

    def record(self, specs: Iterable[FieldSpec], path: str) -> dict[str, Any]:
        """Field name → value, those that were left empty left out."""
        found = {spec.name: self._field(spec, f"{path}.{spec.name}") for spec in specs}
        return {name: value for name, value in found.items() if value not in (None, "", [], {})}

    def _field(self, spec: FieldSpec, path: str) -> Any:
        if spec.type in (FieldType.ZONES, FieldType.INSTRUCTIONS):
            return self._form.getlist(path)
        if spec.many or spec.type in _LISTS:
            entries = [self._one(spec, f"{path}.{index}") for index in self._indexes(path)]
            return [each for each in entries if each not in (None, "", {})]
        return self._one(spec, path)

    def _one(self, spec: FieldSpec, path: str) -> Any:
        if spec.type is FieldType.RECORD:
            return self.record(spec.fields, path)
        if spec.type is FieldType.TEXT and spec.visibility is not Visibility.JOURNAL:
            words = {tag: self._form.get(f"{path}.{tag}", "").strip() for tag in self._languages}
            words = {tag: text for tag, text in words.items() if text}
            same = self._form.get(f"{path}.same") and words
            return next(iter(words.values())) if same else words
        return self._form.get(path, "").strip()

    def _indexes(self, path: str) -> list[int]:
        start = len(path) + 1
        heads = (key[start:].partition(".")[0] for key in self._form if key.startswith(f"{path}."))
        return sorted({int(head) for head in heads if head.isdecimal() and len(head) < 4})[:_MOST]


def area_of(form: Form, problems: list[Problem]) -> dict[str, Any]:
    """Zones and when the hazard is in them, and at most one of a pasted outline, a circle, or the surroundings of an address."""
    area: dict[str, Any] = {}
    if zones := form.getlist("area.zones"):
        area["zones"] = zones
    arrivals = {key.removeprefix(_ARRIVAL): value.strip() for key, value in form.items() if key.startswith(_ARRIVAL)}
    if any(arrivals.values()):
        area["arrivals"] = {code: moment for code, moment in arrivals.items() if moment}
    if shape := form.get("area.shape", "").strip():
        try:
            area["polygon"] = outline(shape)
        except Invalid as error:
            problems += error.problems
    circle = {
        name: form.get(f"area.circle.{name}", "").strip().replace(",", ".") for name in ("lat", "lon", "radius_km")
    }
    if any(circle.values()):
        area["circle"] = {name: _number(text) for name, text in circle.items() if text}
    near = {name: form.get(f"area.near.{name}", "").strip() for name in ("address", "radius_km")}
    if near["address"]:
        area["near"] = {"address": near["address"], "radius_km": _number(near["radius_km"].replace(",", "."))}
    return area


def _number(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def outline(text: str) -> list[list[float]]:
    """(lat, lon) corners of a pasted GeoJSON Polygon, or Feature of one, or of lines `lat, lon`. Invalid says what is wrong."""
    if not text.lstrip().startswith(("{", "[[[")):
        pairs = [_CORNER.fullmatch(line) for line in re.split(r"[\n;]+", text) if line.strip()]
        if not all(pairs):
            raise _not_an_area("has a line that is not a latitude and a longitude")
        return [[float(pair[1]), float(pair[2])] for pair in pairs if pair]
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _not_an_area("is not GeoJSON that can be read") from None
    ring = _ring(found)
    return [_lat_lon(each) for each in ring]


def _ring(found: Any) -> list[Any]:
    if isinstance(found, dict) and found.get("type") == "FeatureCollection":
        features = found.get("features")
        if not isinstance(features, list) or len(features) != 1:
            raise _not_an_area("holds several shapes")
        found = features[0]
    if isinstance(found, dict) and found.get("type") == "Feature":
        found = found.get("geometry")
    rings = found.get("coordinates") if isinstance(found, dict) and found.get("type") == "Polygon" else found
    if not isinstance(rings, list) or len(rings) != 1 or not isinstance(rings[0], list):
        raise _not_an_area("is not one polygon without holes")
    return rings[0]


def _lat_lon(corner: Any) -> list[float]:
    """GeoJSON puts longitude first."""
    numbers = corner[:2] if isinstance(corner, list) else []
    if len(numbers) != 2 or not all(isinstance(each, int | float) and not isinstance(each, bool) for each in numbers):
        raise _not_an_area("has a corner that is not a pair of numbers")
    lat_lon = [float(numbers[1]), float(numbers[0])]
    if not all(map(math.isfinite, lat_lon)):
        raise _not_an_area("has a corner that is not a pair of numbers")
    return lat_lon


def _not_an_area(what: str) -> Invalid:
    return Invalid(
        [Problem("area.polygon", what, "Paste one GeoJSON Polygon, or a line “latitude, longitude” per corner.")]
    )


def _pictures(form: Form, languages: Sequence[str]) -> list[dict[str, Any]]:
    kept = []
    for number, name in enumerate(form.getlist("picture")):
        if form.get(f"picture.{number}.remove"):
            continue
        alt = {tag: form.get(f"picture.{number}.alt.{tag}", "").strip() for tag in languages}
        licence = form.get(f"picture.{number}.licence", "").strip()
        kept.append({"file": name, "alt": alt, "licence": licence})
    return kept


def slug(title: str) -> str:
    """A name for addresses from what people call an incident: "Flood, Oxley Creek" → "flood-oxley-creek"."""
    plain = unicodedata.normalize("NFKD", title.casefold().translate(_LETTERS)).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:64].strip("-")
