"""Reading a GeoJSON file of zones: every complaint with its place, so that a bad file changes nothing."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from broadcaster.domain.errors import Invalid, Problem
from broadcaster.store import geo

#: A zone's code, as alerts and instructions name it.
CODE = re.compile(r"[a-z0-9-]{1,64}\Z")
#: A language tag in `name:en` or `names`.
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")
#: Caps: bytes of a file, zones in it, corners of one zone, letters of one name, complaints listed.
MAX_BYTES, MAX_ZONES, MAX_CORNERS, MAX_NAME, MAX_PROBLEMS = 50_000_000, 5_000, 20_000, 120, 50
#: GeoJSON nests rings this deep; what is deeper is not GeoJSON.
_MAX_DEPTH = 5


@dataclass(frozen=True, slots=True)
class Zone:
    """An area that residents know by name. `names` is per language tag; `geometry` a valid GeoJSON (Multi)Polygon."""

    code: str
    names: Mapping[str, str]
    geometry: Mapping[str, Any]
    population: int | None = None

    @property
    def shape(self) -> geo.Shape:
        return geo.from_geojson(self.geometry)

    def name(self, language: str) -> str:
        """Its name in `language`, else in any, else its code."""
        return self.names.get(language) or next(iter(self.names.values()), self.code)


def read_zones(data: bytes, file: str, fallback: str) -> list[Zone]:
    """All zones of a GeoJSON FeatureCollection; a plain `name` is in language `fallback`. Invalid lists problems."""
    features = _features(data, file)
    problems: list[Problem] = []
    zones: dict[str, Zone] = {}
    for number, feature in enumerate(features, 1):
        place = f"{file}: feature {number}"
        if not isinstance(feature, dict) or feature.get("type") != "Feature":
            problems.append(Problem(place, "is not a GeoJSON Feature."))
            continue
        code, complaints = _code(feature)
        place += f" ({code})" if code else ""
        names = dict(_names(feature, fallback))
        complaints += _names_trouble(names)
        if code in zones:
            complaints.append(Problem("", f"the id {code} was used before.", "Give every zone an id of its own."))
        geometry = feature.get("geometry")
        complaints += _geometry_trouble(geometry)
        population, wrong = _population(feature)
        complaints += wrong
        problems += [Problem(place, each.message, each.cure) for each in complaints]
        if code and geometry and not complaints:
            zones[code] = Zone(code, names, geometry, population)
    if problems:
        more = len(problems) - MAX_PROBLEMS
        rest = [Problem(file, f"and {more} more problems.")] if more > 0 else []
        raise Invalid(problems[:MAX_PROBLEMS] + rest)
    return list(zones.values())


def _features(data: bytes, file: str) -> list[Any]:
    if len(data) > MAX_BYTES:
        raise Invalid([Problem(file, f"is larger than {MAX_BYTES // 1_000_000} MB.", "Simplify the outlines.")])
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise Invalid([Problem(file, "is not UTF-8.", "Save it as UTF-8.")]) from None
    except RecursionError:
        raise Invalid([Problem(file, "is nested too deeply to be GeoJSON.")]) from None
    except ValueError as error:
        place = f"{file}:{getattr(error, 'lineno', 1)}:{getattr(error, 'colno', 1)}"
        raise Invalid([Problem(place, f"is not JSON: {getattr(error, 'msg', error)}.")]) from None
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or document.get("type") != "FeatureCollection":
        cure = "Export the zones as GeoJSON with all features in one collection."
        raise Invalid([Problem(file, "is not a GeoJSON FeatureCollection.", cure)])
    if not features or len(features) > MAX_ZONES:
        raise Invalid([Problem(file, f"holds {len(features)} features; 1 to {MAX_ZONES} can be imported.")])
    return features


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _properties(feature: Mapping[str, Any]) -> Mapping[str, Any]:
    found = feature.get("properties")
    return found if isinstance(found, dict) else {}


def _code(feature: Mapping[str, Any]) -> tuple[str, list[Problem]]:
    given = feature.get("id", _properties(feature).get("id"))
    text = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if CODE.match(text):
        return text, []
    said = "has no id" if not text else f"the id {text[:70]!r} cannot be used"
    return "", [Problem("", f"{said}.", "An id is 1 to 64 of a-z, 0-9 and hyphen.")]


def _names(feature: Mapping[str, Any], fallback: str) -> Iterator[tuple[str, Any]]:
    properties = _properties(feature)
    if "name" in properties:
        yield fallback, properties["name"]
    names = properties.get("names")
    if isinstance(names, dict):
        yield from names.items()
    for key, value in properties.items():
        for separator in (":", "."):
            head, found, tag = key.partition(separator)
            if found and head == "name":
                yield tag, value


def _names_trouble(names: Mapping[str, Any]) -> list[Problem]:
    if not names:
        return [Problem("", "has no name.", "Give a property name, or name:en, name:nb … per language.")]
    problems = []
    for tag, name in names.items():
        if not LANGUAGE.match(tag):
            problems.append(Problem("", f"{tag[:20]!r} is not a language tag.", "Write en, nb, ar …"))
        elif not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME or not name.isprintable():
            problems.append(Problem("", f"the name in {tag} is not a line of 1 to {MAX_NAME} letters."))
    return problems


def _population(feature: Mapping[str, Any]) -> tuple[int | None, list[Problem]]:
    given = _properties(feature).get("population")
    if given is None:
        return None, []
    whole = isinstance(given, int | float) and not isinstance(given, bool) and given == int(given)
    if whole and 0 <= given <= 50_000_000:
        return int(given), []
    return None, [Problem("", "the population is not a whole number of people.")]


def _geometry_trouble(geometry: Any) -> list[Problem]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        return [Problem("", f"its geometry is {kind or 'missing'}.", "A zone is a Polygon or a MultiPolygon.")]
    corners, said = 0, ""
    for pair in _pairs(geometry.get("coordinates"), 0):
        corners += 1
        said = said or _pair_trouble(pair)
    if not said and corners > MAX_CORNERS:
        said = f"has {corners} corners; at most {MAX_CORNERS} are useful. Simplify its outline."
    said = said or geo.trouble(geometry)
    return [Problem("", f"its geometry cannot be used: {said}.")] if said else []


def _pairs(value: Any, depth: int) -> Iterator[Any]:
    """Every coordinate pair, or whatever stands where one should."""
    if isinstance(value, list) and depth < _MAX_DEPTH and (not value or any(isinstance(each, list) for each in value)):
        for each in value:
            yield from _pairs(each, depth + 1)
    else:
        yield value


def _pair_trouble(pair: Any) -> str:
    numbers = isinstance(pair, list) and len(pair) in (2, 3) and all(type(each) in (int, float) for each in pair)
    if not numbers or not all(math.isfinite(each) for each in pair):
        return "a coordinate is not a [longitude, latitude] pair of numbers"
    if abs(pair[0]) > 180 or abs(pair[1]) > 90:
        return f"[{pair[0]}, {pair[1]}] is not on Earth; GeoJSON has longitude first, in degrees"
    return ""
