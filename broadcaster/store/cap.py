"""Alert ↔ CAP 1.2 XML: written strictly, read leniently and without trust. The only importer of lxml."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, tzinfo
from typing import Protocol, cast

from defusedxml import ElementTree as Guard
from defusedxml.common import DefusedXmlException
from lxml import etree

from broadcaster.domain.alert import Alert, Area, Circle, Info, Resource
from broadcaster.domain.errors import Invalid, Problem
from broadcaster.store.cap_rules import cap_reference, cap_time, problems, sha1_digest

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MIME_TYPE = "application/cap+xml"
#: A message from elsewhere may be this long (bytes) and this deep (elements); the deepest CAP element is the fifth.
MOST_BYTES = 1_048_576
MOST_DEPTH = 16

_Element = etree._Element


class Node(Protocol):
    """What a reader needs of an XML element; `sourceline` counts from 1."""

    sourceline: int | None
    tag: object
    text: str | None

    def __iter__(self) -> Iterator["Node"]: ...


def write(alert: Alert, zone: tzinfo = UTC) -> bytes:
    """CAP 1.2 as UTF-8 XML, with times in `zone`. Raises Invalid with all problems when a rule of CAP is broken.

    The same alert and zone always give the same bytes, so that a reference to it stays true.
    """
    if found := problems(alert):
        raise Invalid(found)
    # The default namespace has no prefix: the stubs do not know that lxml calls it None.
    spaces = cast(Mapping[str, str], {None: NAMESPACE})
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap=dict(spaces))
    _put(root, "identifier", alert.identifier)
    _put(root, "sender", alert.sender)
    _put(root, "sent", cap_time(alert.sent, zone))
    _put(root, "status", alert.status)
    _put(root, "msgType", alert.msg_type)
    _put(root, "scope", alert.scope)
    _put(root, "note", alert.note)
    _put(root, "references", " ".join(cap_reference(each, zone) for each in alert.references))
    _put(root, "incidents", " ".join(f'"{each}"' if " " in each else each for each in alert.incidents))
    for info in alert.infos:
        _put_info(etree.SubElement(root, f"{{{NAMESPACE}}}info"), info, zone)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _put(parent: _Element, name: str, text: str) -> None:
    """Add an element with this text; an empty text is an absent element."""
    if text:
        etree.SubElement(parent, f"{{{NAMESPACE}}}{name}").text = str(text)


def _put_pairs(parent: _Element, name: str, pairs: Iterable[tuple[str, str]]) -> None:
    for key, value in pairs:
        element = etree.SubElement(parent, f"{{{NAMESPACE}}}{name}")
        etree.SubElement(element, f"{{{NAMESPACE}}}valueName").text = key
        etree.SubElement(element, f"{{{NAMESPACE}}}value").text = value


def _put_info(parent: _Element, info: Info, zone: tzinfo) -> None:
    _put(parent, "language", info.language)
    for category in info.categories:
        _put(parent, "category", category)
    _put(parent, "event", info.event)
    for response in info.response_types:
        _put(parent, "responseType", response)
    _put(parent, "urgency", info.urgency)
    _put(parent, "severity", info.severity)
    _put(parent, "certainty", info.certainty)
    _put(parent, "effective", cap_time(info.effective, zone))
    _put(parent, "onset", cap_time(info.onset, zone) if info.onset else "")
    _put(parent, "expires", cap_time(info.expires, zone))
    _put(parent, "senderName", info.sender_name)
    _put(parent, "headline", info.headline)
    _put(parent, "description", info.description)
    _put(parent, "instruction", info.instruction)
    _put(parent, "web", info.web)
    _put(parent, "contact", info.contact)
    _put_pairs(parent, "parameter", info.parameters)
    for resource in info.resources:
        _put_resource(etree.SubElement(parent, f"{{{NAMESPACE}}}resource"), resource)
    for area in info.areas:
        _put_area(etree.SubElement(parent, f"{{{NAMESPACE}}}area"), area)


def _put_resource(parent: _Element, resource: Resource) -> None:
    _put(parent, "resourceDesc", resource.description)
    _put(parent, "mimeType", resource.mime_type)
    _put(parent, "size", "" if resource.size is None else str(resource.size))
    _put(parent, "uri", resource.uri)
    _put(parent, "digest", resource.digest if sha1_digest(resource.digest) else "")


def _put_area(parent: _Element, area: Area) -> None:
    _put(parent, "areaDesc", area.description)
    for ring in area.polygons:
        _put(parent, "polygon", " ".join(f"{_degrees(lat)},{_degrees(lon)}" for lat, lon in ring))
    for circle in area.circles:
        _put(parent, "circle", _circle(circle))
    _put_pairs(parent, "geocode", area.geocodes)


def _circle(circle: Circle) -> str:
    return f"{_degrees(circle.lat)},{_degrees(circle.lon)} {_degrees(circle.radius_km)}"


def _degrees(value: float) -> str:
    """Six decimals (0.1 m) at most, without an exponent and without a negative zero."""
    return f"{round(value, 6) + 0.0:.6f}".rstrip("0").rstrip(".")


def parse(data: bytes) -> Node:
    """The root element of XML from anywhere. Invalid for anything large, deep or broken, or with a DTD in it."""
    if len(data) > MOST_BYTES:
        raise Invalid([Problem("file", f"has {len(data)} bytes", f"At most {MOST_BYTES}.")])
    try:
        # Expat stops at the first <!DOCTYPE, before anything is expanded; lxml then gives every element its line.
        Guard.fromstring(data, forbid_dtd=True)
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        root = etree.fromstring(data, parser)
    except DefusedXmlException:
        raise Invalid(
            [Problem("file", "declares a document type or entities", "Send plain CAP without a DTD.")]
        ) from None
    except Guard.ParseError as error:
        line, column = error.position
        raise Invalid([Problem(f"file:{line}:{column + 1}", "is not well-formed XML here")]) from None
    except (etree.XMLSyntaxError, ValueError, LookupError):
        raise Invalid([Problem("file", "is not XML that can be read", "Send UTF-8.")]) from None
    if _depth(root) > MOST_DEPTH:
        raise Invalid([Problem("file", f"is nested deeper than {MOST_DEPTH}")])
    return cast(Node, root)


def _depth(root: _Element) -> int:
    deepest, level = 0, [root]
    while level and deepest <= MOST_DEPTH:
        deepest, level = deepest + 1, [child for each in level for child in each]
    return deepest
