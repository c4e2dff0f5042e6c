"""CAP from elsewhere → Alert: forgiving about form (fractions of seconds, open rings), never about meaning."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from broadcaster.domain.alert import (
    Alert,
    Area,
    Category,
    Certainty,
    Circle,
    Info,
    MsgType,
    Reference,
    Resource,
    ResponseType,
    Severity,
    Status,
    Urgency,
)
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.store import cap
from broadcaster.store.cap import Node
from broadcaster.store.cap_rules import DEFAULT_LIFE, MOST_CORNERS

E = TypeVar("E", bound=StrEnum)
#: CAP's own answer when an info has no language (3.2.2).
_DEFAULT_LANGUAGE = "en-US"
_VERSIONS = tuple(f"urn:oasis:names:tc:emergency:cap:1.{minor}" for minor in (2, 1, 0))


def read(data: bytes) -> Alert:
    """The alert in a CAP 1.0, 1.1 or 1.2 message. Times keep the offset they were written with: references stay true.

    What the domain has no place for (restriction, audience, eventCode, signature, …) is left out. Raises Invalid with
    every problem and its line.
    """
    root = cap.parse(data)
    reader = _Reader()
    space, name = _split(root.tag)
    if name != "alert" or space not in _VERSIONS:
        raise Invalid([Problem("file:1", f"is {name!r}, not a CAP alert", f"The root is alert of {cap.NAMESPACE}.")])
    alert = reader.alert(root)
    if reader.problems:
        raise Invalid(reader.problems)
    return alert


def _split(tag: object) -> tuple[str, str]:
    space, _, name = str(tag).rpartition("}")
    return space.lstrip("{"), name


class _Reader:
    """Reads one message and remembers what was wrong with it."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self._corners = 0

    def alert(self, root: Node) -> Alert:
        parts = _children(root)
        sent = self._time(parts, "sent", root) or _NEVER
        return Alert(
            identifier=self._required(parts, "identifier", root),
            sender=self._required(parts, "sender", root),
            sent=sent,
            status=self._choice(parts, "status", root, Status) or Status.TEST,
            msg_type=self._choice(parts, "msgType", root, MsgType) or MsgType.ALERT,
            infos=tuple(self._info(node, sent) for node in parts.get("info", ())),
            references=tuple(self._references(parts)),
            incidents=tuple(_incidents(_text(parts, "incidents"))),
            note=_text(parts, "note"),
            scope=_text(parts, "scope") or "Public",
        )

    def _info(self, node: Node, sent: datetime) -> Info:
        parts = _children(node)
        effective = self._time(parts, "effective") or sent
        return Info(
            language=_text(parts, "language") or _DEFAULT_LANGUAGE,
            categories=tuple(self._each(parts, "category", Category, Category.OTHER)) or (Category.OTHER,),
            event=self._required(parts, "event", node),
            response_types=tuple(self._each(parts, "responseType", ResponseType, None)),
            urgency=next(self._each(parts, "urgency", Urgency, Urgency.UNKNOWN), Urgency.UNKNOWN),
            severity=next(self._each(parts, "severity", Severity, Severity.UNKNOWN), Severity.UNKNOWN),
            certainty=next(self._each(parts, "certainty", Certainty, Certainty.UNKNOWN), Certainty.UNKNOWN),
            sender_name=_text(parts, "senderName"),
            headline=_text(parts, "headline"),
            description=_text(parts, "description"),
            instruction=_text(parts, "instruction"),
            effective=effective,
            onset=self._time(parts, "onset"),
            expires=self._time(parts, "expires") or effective + DEFAULT_LIFE,
            web=_text(parts, "web"),
            contact=_text(parts, "contact"),
            areas=tuple(self._area(each) for each in parts.get("area", ())),
            resources=tuple(self._resource(each) for each in parts.get("resource", ())),
            parameters=tuple(_pairs(parts.get("parameter", ()))),
        )

    def _area(self, node: Node) -> Area:
        parts = _children(node)
        return Area(
            description=self._required(parts, "areaDesc", node),
            polygons=tuple(self._ring(each) for each in parts.get("polygon", ())),
            circles=tuple(circle for each in parts.get("circle", ()) if (circle := self._circle(each))),
            geocodes=tuple(_pairs(parts.get("geocode", ()))),
        )

    def _ring(self, node: Node) -> tuple[tuple[float, float], ...]:
        words = (node.text or "").split()
        before, self._corners = self._corners, self._corners + len(words)
        if self._corners > MOST_CORNERS:
            if before <= MOST_CORNERS:
                self._complain(node, f"makes more than {MOST_CORNERS} corners in all")
            return ()
        try:
            ring = tuple(_pair(word) for word in words)
        except ValueError:
            self._complain(node, "has a corner that is not lat,lon in degrees")
            return ()
        return ring if not ring or ring[0] == ring[-1] else (*ring, ring[0])

    def _circle(self, node: Node) -> Circle | None:
        try:
            centre, radius = (node.text or "").split()
            lat, lon = _pair(centre)
            return Circle(lat, lon, float(radius))
        except ValueError:
            self._complain(node, "is not lat,lon and a radius in kilometres")
            return None

    def _resource(self, node: Node) -> Resource:
        parts = _children(node)
        size = _text(parts, "size")
        return Resource(
            description=_text(parts, "resourceDesc"),
            mime_type=_text(parts, "mimeType"),
            uri=_text(parts, "uri"),
            size=int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None,
            digest=_text(parts, "digest"),
        )

    def _references(self, parts: Mapping[str, list[Node]]) -> Iterator[Reference]:
        for node in parts.get("references", ()):
            for triple in (node.text or "").split():
                try:
                    sender, identifier, sent = triple.rsplit(",", 2)
                    yield Reference(sender, identifier, _moment(sent))
                except ValueError:
                    self._complain(node, f"{triple[:80]!r} is not sender,identifier,sent")

    def _time(self, parts: Mapping[str, list[Node]], name: str, required_in: Node | None = None) -> datetime | None:
        text = _text(parts, name)
        if not text:
            if required_in is not None:
                self._complain(required_in, f"has no {name}")
            return None
        try:
            return _moment(text)
        except ValueError:
            self._complain(parts[name][0], f"{text[:40]!r} is not a time with an offset")
            return None

    def _required(self, parts: Mapping[str, list[Node]], name: str, node: Node) -> str:
        text = _text(parts, name)
        if not text:
            self._complain(node, f"has no {name}")
        return text

    def _choice(self, parts: Mapping[str, list[Node]], name: str, node: Node, kind: type[E]) -> E | None:
        text = self._required(parts, name, node)
        found = _member(kind, text)
        if text and found is None:
            self._complain(parts[name][0], f"{text[:40]!r} is not one of {', '.join(kind)}")
        return found

    @staticmethod
    def _each(parts: Mapping[str, list[Node]], name: str, kind: type[E], unknown: E | None) -> Iterator[E]:
        for node in parts.get(name, ()):
            member = _member(kind, node.text or "") or unknown
            if member is not None:
                yield member

    def _complain(self, node: Node, message: str) -> None:
        self.problems.append(Problem(f"file:{node.sourceline}", f"{_split(node.tag)[1]} {message}"))


#: Stands in for a missing `sent` until the complaint about it is raised.
_NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


def _children(node: Node) -> dict[str, list[Node]]:
    """Children by local name; those of other vocabularies (a signature) are left out."""
    found: dict[str, list[Node]] = {}
    for child in node:
        space, name = _split(child.tag)
        if space in _VERSIONS:
            found.setdefault(name, []).append(child)
    return found


def _text(parts: Mapping[str, list[Node]], name: str) -> str:
    return (parts[name][0].text or "").strip() if name in parts else ""


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        raise ValueError("a time without zone")
    # Python counts offsets in seconds; year 1 and 9999 leave no room for them.
    if not 1900 <= moment.year <= 9000:
        raise ValueError("not a time of our age")
    return moment


def _member(kind: type[E], text: str) -> E | None:
    wanted = text.strip().lower()
    return next((member for member in kind if member.value.lower() == wanted), None)


def _pair(word: str) -> tuple[float, float]:
    lat, lon = (float(each) for each in word.split(","))
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueError("not on earth")
    return lat, lon


def _pairs(nodes: Iterable[Node]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        parts = _children(node)
        if name := _text(parts, "valueName"):
            yield name, _text(parts, "value")


def _incidents(text: str) -> Iterator[str]:
    """Incident names are separated by spaces; one with a space in it stands in quotation marks (3.2.1)."""
    for at, part in enumerate(text.split('"')):
        yield from ([part] if part else []) if at % 2 else part.split()
