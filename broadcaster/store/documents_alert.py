"""The alert file of the contract: from nodes to a Draft."""

from datetime import datetime

from broadcaster.domain.alert import (
    Certainty,
    Circle,
    Draft,
    MsgType,
    Near,
    PictureFile,
    Selector,
    Severity,
    Status,
    Urgency,
)
from broadcaster.store.documents_reader import Node, Reader, Section

#: A drawn area with more corners than this is a mistake (SECURITY "huge polygon").
MAX_CORNERS = 2_000


def read_draft(reader: Reader) -> Draft:
    """Read a draft; `msg_type` (as it is stored) and `msgType` (as the contract spells it) are the same key."""
    top = reader.section()
    fields = top.get("fields")
    if fields is not None and not isinstance(fields.value, dict):
        reader.refuse(fields, f"should be a mapping (name: value), not {fields.kind}")
    draft = Draft(
        incident=top.slug("incident"),
        kind=top.slug("kind"),
        status=top.enum("status", Status) or Status.ACTUAL,
        msg_type=_msg_type(top),
        references=top.texts("references", (), max_length=200),
        languages=top.texts("languages", (), max_length=16),
        severity=top.enum("severity", Severity),
        urgency=top.enum("urgency", Urgency),
        certainty=top.enum("certainty", Certainty),
        fields={key: each.plain() for key, each in fields.value.items()}
        if fields is not None and isinstance(fields.value, dict)
        else {},
        area=_area(top),
        channels=top.texts("channels", (), max_length=32),
        onset=top.moment("onset"),
        expires=top.moment("expires"),
        next_update=top.moment("next_update"),
        resources=top.each("resources", _picture),
        short=top.flag("short"),
        correction=top.words("correction", required=False),
    )
    top.done()
    return draft


def _msg_type(top: Section) -> MsgType:
    stored = top.enum("msg_type", MsgType) if top.has("msg_type") else None
    return stored or top.enum("msgType", MsgType) or MsgType.ALERT


def _area(top: Section) -> Selector:
    area = top.section("area")
    if area is None:
        return Selector()
    selector = Selector(
        zones=_zones(area),
        polygon=_polygon(area),
        circle=_circle(area.section("circle")),
        near=_near(area.section("near")),
        arrivals=_arrivals(area.section("arrivals")),
    )
    area.done()
    drawn = [name for name in ("polygon", "circle", "near") if getattr(selector, name)]
    if len(drawn) > 1:
        area.reader.refuse(area.node, f"has {' and '.join(drawn)}", "Give one of them, with or without zones.")
    return selector


def _zones(area: Section) -> tuple[str, ...]:
    node = area.get("zones")
    if node is None:
        return ()
    zones = []
    for each in area.items(node):
        inner = Section(area.reader, Node(each.place, {"zone": each}))
        zones.append(inner.slug("zone"))
    return tuple(dict.fromkeys(zones))


def _arrivals(arrivals: Section | None) -> dict[str, datetime]:
    """Zone → when the hazard is there."""
    if arrivals is None:
        return {}
    moments = {code: arrivals.moment(code) for code, _ in arrivals.all()}
    return {code: moment for code, moment in moments.items() if moment}


def _circle(circle: Section | None) -> Circle | None:
    if circle is None:
        return None
    found = Circle(circle.number("lat", None, -90, 90), circle.number("lon", None, -180, 180), _radius(circle))
    circle.done()
    return found


def _near(near: Section | None) -> Near | None:
    if near is None:
        return None
    found = Near(near.text("address", max_length=200), _radius(near))
    near.done()
    return found


def _radius(section: Section) -> float:
    return section.number("radius_km", None, 0.01, 500)


def _polygon(area: Section) -> tuple[tuple[float, float], ...]:
    node = area.get("polygon")
    if node is None or node.value == []:
        # A stored draft without a polygon says so with an empty list.
        return ()
    corners = area.items(node) if isinstance(node.value, list) else []
    if len(corners) > MAX_CORNERS:
        area.reader.refuse(node, f"has {len(corners)} corners, at most {MAX_CORNERS} are read", "Simplify it.")
        return ()
    pairs = [_corner(area.reader, each) for each in corners]
    if len({pair for pair in pairs if pair}) < 3:
        area.reader.refuse(node, "has fewer than three corners", "Give at least three [lat, lon] pairs.")
    return tuple(pair for pair in pairs if pair)


def _corner(reader: Reader, node: Node) -> tuple[float, float] | None:
    values = [each.value for each in node.value] if isinstance(node.value, list) else []
    numbers = [each for each in values if isinstance(each, int | float) and not isinstance(each, bool)]
    if len(values) != 2 or len(numbers) != 2:
        reader.refuse(node, f"should be [lat, lon] in degrees, not {node.kind}")
        return None
    lat, lon = numbers
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        reader.refuse(node, f"{lat}, {lon} is not on the earth", "Latitude comes first.")
        return None
    return (lat, lon)


def _picture(section: Section) -> PictureFile:
    return PictureFile(section.text("file", max_length=300), section.words("alt"), section.text("licence", ""))
