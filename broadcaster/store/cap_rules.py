"""What a CAP 1.2 message must keep beyond the shape that its schema checks, and how CAP writes times and references.

Source of every rule: OASIS Common Alerting Protocol 1.2, section 3.2 (data dictionary) and 3.3 (implementation notes).
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

from broadcaster.domain.alert import Alert, Area, Circle, Info, MsgType, Reference
from broadcaster.domain.errors import Problem

#: Space, comma, < and & would break references; CAP says so for identifier and sender.
_TOKEN = re.compile(r"[^\s,<&]+")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*")
_MARKUP = re.compile(r"<[/!?]?[A-Za-z][^<>]*>|&(#\d+|#x[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]{1,30});")
#: What XML 1.0 cannot hold, lone surrogates included.
_UNWRITABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: Embeddings, overrides and isolates of Unicode UAX #9: they make a text look like another.
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MIME = re.compile(r"[A-Za-z0-9][\w.+!#$&^-]*/[\w.+!#$&^-]+")
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
#: CAP advises headlines of at most 160 characters, so that small devices can show them.
HEADLINE = 160
#: The sum of all polygon corners of one message; more would make readers on phones stall.
MOST_CORNERS = 20_000
#: A message from elsewhere without an end is kept for a day: CAP leaves that to whoever receives it (3.2.2, expires).
DEFAULT_LIFE = timedelta(hours=24)


def cap_time(moment: datetime, zone: tzinfo) -> str:
    """`moment` as CAP writes it: whole seconds, with the offset of `zone`; never Z, and UTC as -00:00 (3.3.2)."""
    local = moment.astimezone(zone).replace(microsecond=0)
    text = local.isoformat()
    # CAP has no offsets finer than a minute; old local times had.
    if not local.utcoffset() or len(text) != 25:
        return f"{local.astimezone(UTC).replace(tzinfo=None).isoformat()}-00:00"
    return text


def cap_reference(reference: Reference, zone: tzinfo) -> str:
    """`sender,identifier,sent`, byte for byte as the message that it names wrote them."""
    return f"{reference.sender},{reference.identifier},{cap_time(reference.sent, zone)}"


def sha1_digest(digest: str) -> bool:
    """True when `digest` is what CAP's `digest` holds: a SHA-1 in hexadecimal (3.2.3). Other digests are left out."""
    return bool(_SHA1.fullmatch(digest))


def problems(alert: Alert) -> list[Problem]:
    """All that keeps `alert` from being valid CAP 1.2, each with its place; empty when it may be written."""
    return [*_envelope(alert), *_references(alert), *_infos(alert)]


def _envelope(alert: Alert) -> Iterator[Problem]:
    for name, value in (("identifier", alert.identifier), ("sender", alert.sender)):
        if not _TOKEN.fullmatch(value):
            yield Problem(name, f"{value!r} is empty or has a space, comma, < or &", "Leave those out.")
    if alert.scope != "Public":
        yield Problem(
            "scope", f"is {alert.scope!r}", "Only Public is published: the others need a restriction or addresses."
        )
    for at, incident in enumerate(alert.incidents, 1):
        if not incident.strip() or '"' in incident:
            yield Problem(f"incidents[{at}]", "is empty or has a quotation mark")
    yield from _writable("note", alert.note)


def _references(alert: Alert) -> Iterator[Problem]:
    if alert.msg_type is not MsgType.ALERT and not alert.references:
        yield Problem("references", f"an {alert.msg_type} must name the messages it is about")
    for at, each in enumerate(alert.references, 1):
        place = f"references[{at}]"
        if not (_TOKEN.fullmatch(each.sender) and _TOKEN.fullmatch(each.identifier)):
            yield Problem(place, "sender or identifier is empty or has a space, comma, < or &")
        if (each.sender, each.identifier) == (alert.sender, alert.identifier):
            yield Problem(place, "a message cannot refer to itself", "Every message needs an identifier of its own.")


def _infos(alert: Alert) -> Iterator[Problem]:
    if not alert.infos:
        yield Problem("info", "there is none", "Say it in at least one language.")
    seen: set[str] = set()
    for at, info in enumerate(alert.infos, 1):
        place = f"info[{at}]"
        tag = info.language.lower()
        if not _LANGUAGE.fullmatch(info.language):
            yield Problem(
                f"{place}.language", f"{info.language!r} is not a language tag", "Write it as in nb or en-AU."
            )
        elif tag in seen:
            yield Problem(f"{place}.language", f"{info.language} comes twice", "One info per language.")
        seen.add(tag)
        if info.categories != alert.infos[0].categories:
            yield Problem(
                f"{place}.category", "differs from the first info's", "All languages describe the same event."
            )
        yield from _info(info, place, alert.sent)
    if sum(len(ring) for info in alert.infos for area in info.areas for ring in area.polygons) > MOST_CORNERS:
        yield Problem("info.area.polygon", f"more than {MOST_CORNERS} corners in all", "Simplify the outlines.")


def _info(info: Info, place: str, sent: datetime) -> Iterator[Problem]:
    if not info.categories:
        yield Problem(f"{place}.category", "there is none")
    if not info.event.strip():
        yield Problem(f"{place}.event", "is empty")
    if len(info.headline) > HEADLINE:
        yield Problem(f"{place}.headline", f"has {len(info.headline)} characters", f"At most {HEADLINE}.")
    for name in ("event", "sender_name", "headline", "description", "instruction", "contact"):
        yield from _writable(f"{place}.{name}", getattr(info, name))
    if info.web and not re.fullmatch(r"https?://[^\s<>\"{}|\\^`]+", info.web):
        yield Problem(f"{place}.web", "is not an absolute http(s) address")
    for at, (name, value) in enumerate(info.parameters, 1):
        if not name.strip():
            yield Problem(f"{place}.parameter[{at}]", "has no valueName")
        yield from _writable(f"{place}.parameter[{at}]", f"{name} {value}")
    yield from _info_times(info, place, sent)
    yield from _resources(info, place)
    for at, area in enumerate(info.areas, 1):
        yield from _area(area, f"{place}.area[{at}]")


def _info_times(info: Info, place: str, sent: datetime) -> Iterator[Problem]:
    if info.expires <= sent:
        yield Problem(f"{place}.expires", "is not after sent")
    if info.expires <= info.effective:
        yield Problem(f"{place}.expires", "is not after effective")


def _resources(info: Info, place: str) -> Iterator[Problem]:
    for at, resource in enumerate(info.resources, 1):
        if not resource.description.strip():
            yield Problem(f"{place}.resource[{at}].resourceDesc", "is empty")
        if not _MIME.fullmatch(resource.mime_type):
            yield Problem(f"{place}.resource[{at}].mimeType", f"{resource.mime_type!r} is not a MIME type")
        yield from _writable(f"{place}.resource[{at}]", f"{resource.description} {resource.uri}")


def _writable(place: str, text: str) -> Iterator[Problem]:
    if _UNWRITABLE.search(text):
        yield Problem(place, "has a character that XML cannot hold", "Remove control characters.")
    if _TURNING.search(text):
        yield Problem(
            place, "has a mark that turns letters around", "Type the text anew: it says something else than it shows."
        )
    if _MARKUP.search(text):
        yield Problem(place, "has HTML in it", "CAP texts are plain.")


def _area(area: Area, place: str) -> Iterator[Problem]:
    if not area.description.strip():
        yield Problem(f"{place}.areaDesc", "is empty")
    yield from _writable(f"{place}.areaDesc", area.description)
    for at, ring in enumerate(area.polygons, 1):
        if fault := ring_fault(ring):
            yield Problem(f"{place}.polygon[{at}]", fault)
    for at, circle in enumerate(area.circles, 1):
        if fault := _circle_fault(circle):
            yield Problem(f"{place}.circle[{at}]", fault)
    for at, (name, value) in enumerate(area.geocodes, 1):
        if not name.strip() or not value.strip():
            yield Problem(f"{place}.geocode[{at}]", "has no name or no value")
        yield from _writable(f"{place}.geocode[{at}]", f"{name} {value}")


def ring_fault(ring: tuple[tuple[float, float], ...]) -> str:
    """What is wrong with a polygon of (lat, lon) corners, or an empty string."""
    if len(ring) < 4:
        return f"has {len(ring)} corners; a closed ring needs at least 4"
    if ring[0] != ring[-1]:
        return "is not closed: the last corner must equal the first"
    if not all(_on_earth(lat, lon) for lat, lon in ring):
        return "has a corner that is not on earth: it is lat,lon in degrees"
    return "crosses itself" if _crosses(ring) else ""


def _circle_fault(circle: Circle) -> str:
    if not _on_earth(circle.lat, circle.lon):
        return "has a centre that is not on earth: it is lat,lon in degrees"
    return "" if 0 <= circle.radius_km <= 20_100 else "has a radius that is not in kilometres on earth"


def _on_earth(lat: float, lon: float) -> bool:
    return -90 <= lat <= 90 and -180 <= lon <= 180


def _crosses(ring: tuple[tuple[float, float], ...]) -> bool:
    """True when two sides that are not neighbours meet. Sides are swept by latitude, so real outlines cost little."""
    corners = [point for at, point in enumerate(ring) if at == 0 or point != ring[at - 1]]
    count = len(corners) - 1
    if count < 3 or any(
        _folds(corners[at - 1] if at else corners[-2], corners[at], corners[at + 1]) for at in range(count)
    ):
        return True
    order = sorted(range(count), key=lambda side: min(corners[side][0], corners[side + 1][0]))
    open_sides: list[int] = []
    for side in order:
        low = min(corners[side][0], corners[side + 1][0])
        open_sides = [other for other in open_sides if max(corners[other][0], corners[other + 1][0]) >= low]
        for other in open_sides:
            neighbours = abs(side - other) in (1, count - 1)
            if not neighbours and _meet(corners[side], corners[side + 1], corners[other], corners[other + 1]):
                return True
        open_sides.append(side)
    return False


def _folds(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> bool:
    """True when the way from a over b to c goes straight back over itself."""
    return _turn(a, b, c) == 0 and (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]) < 0


def _meet(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]) -> bool:
    first, second, third, fourth = _turn(a, b, c), _turn(a, b, d), _turn(c, d, a), _turn(c, d, b)
    if first * second < 0 and third * fourth < 0:
        return True
    touching = ((first, a, b, c), (second, a, b, d), (third, c, d, a), (fourth, c, d, b))
    return any(turn == 0 and _between(start, end, point) for turn, start, end, point in touching)


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _between(a: tuple[float, float], b: tuple[float, float], point: tuple[float, float]) -> bool:
    return min(a[0], b[0]) <= point[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= point[1] <= max(a[1], b[1])
