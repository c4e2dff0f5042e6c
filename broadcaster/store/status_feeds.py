"""The public view as Atom (RFC 4287, GeoRSS Simple) and RSS 2.0: one entry per message, newest first."""

import uuid
from datetime import UTC, datetime
from email.utils import format_datetime
from xml.etree import ElementTree as Xml

from broadcaster.domain.alert import MsgType
from broadcaster.store import cap
from broadcaster.store.status_safety import safe_text
from broadcaster.store.status_view import PublicAlert, PublicView
from broadcaster.store.status_words import Tongue

ATOM = "http://www.w3.org/2005/Atom"
GEORSS = "http://www.georss.org/georss"
_ENTRIES = 100


def atom(view: PublicView, tongue: Tongue, with_cap: frozenset[str]) -> str:
    """Feed in the first language; each entry links to its page in every language, and to its CAP."""
    feed = Xml.Element("feed", {"xmlns": ATOM, "xmlns:georss": GEORSS, "xml:lang": tongue.tag})
    _put(feed, "id", f"{view.status_url}/alerts.atom")
    _put(feed, "title", _title(view, tongue))
    _put(feed, "updated", _rfc3339(view.updated_at or view.generated_at))
    _link(feed, "self", f"{view.status_url}/alerts.atom", "application/atom+xml")
    _link(feed, "alternate", f"{view.status_url}/", "text/html")
    author = Xml.SubElement(feed, "author")
    _put(author, "name", _sender(view, tongue))
    for alert in _newest(view):
        entry = Xml.SubElement(feed, "entry")
        _put(entry, "id", _urn(alert))
        _put(entry, "title", _headline(alert, view, tongue))
        _put(entry, "updated", _rfc3339(alert.document.sent))
        _put(entry, "published", _rfc3339(alert.document.sent))
        for language in alert.languages:
            page = f"{view.status_url}/{language}/alerts/{alert.identifier}.html"
            # Readers open the first or the last alternate they meet: so there is one, in the feed's own language.
            rel = "alternate" if language == alert.language(tongue.tag) else "related"
            _link(entry, rel, page, "text/html", language)
        if alert.identifier in with_cap:
            _link(entry, "alternate", f"{view.status_url}/alerts/{alert.identifier}.cap.xml", cap.MIME_TYPE)
        Xml.SubElement(entry, "category", {"term": alert.document.msg_type})
        _put(entry, "summary", _summary(alert, view, tongue))
        _georss(entry, alert, view)
    return _text(feed)


def rss(view: PublicView, tongue: Tongue) -> str:
    """The same in RSS 2.0, linking to the page in the first language."""
    root = Xml.Element("rss", {"version": "2.0", "xmlns:atom": ATOM})
    channel = Xml.SubElement(root, "channel")
    _put(channel, "title", _title(view, tongue))
    _put(channel, "link", f"{view.status_url}/")
    _put(channel, "description", f"{tongue.tell('in_force')}: {_sender(view, tongue)}")
    _put(channel, "language", tongue.tag)
    _put(channel, "lastBuildDate", _rfc822(view.updated_at or view.generated_at))
    own = {"href": f"{view.status_url}/alerts.rss", "rel": "self", "type": "application/rss+xml"}
    Xml.SubElement(channel, "atom:link", own)
    for alert in _newest(view):
        item = Xml.SubElement(channel, "item")
        _put(item, "title", _headline(alert, view, tongue))
        page = f"{view.status_url}/{alert.language(tongue.tag)}/alerts/{alert.identifier}.html"
        _put(item, "link", page)
        _put(item, "description", _summary(alert, view, tongue))
        Xml.SubElement(item, "guid", {"isPermaLink": "false"}).text = _urn(alert)
        _put(item, "pubDate", _rfc822(alert.document.sent))
    return _text(root)


def _newest(view: PublicView) -> list[PublicAlert]:
    return sorted(view.alerts, key=lambda each: each.document.sent, reverse=True)[:_ENTRIES]


def _urn(alert: PublicAlert) -> str:
    """A name for the message that stays the same wherever its pages move: a UUID made from sender and identifier."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"{alert.document.sender},{alert.identifier}").urn


def _title(view: PublicView, tongue: Tongue) -> str:
    drill = f"{tongue.tell('exercise_title')} – " if view.exercise else ""
    return f"{drill}{tongue.tell('title')} – {_sender(view, tongue)}"


def _sender(view: PublicView, tongue: Tongue) -> str:
    return safe_text(view.profile.in_language(view.profile.sender, tongue.tag))


def _headline(alert: PublicAlert, view: PublicView, tongue: Tongue) -> str:
    info = alert.document.info(tongue.tag)
    if view.shown(alert):
        return safe_text(info.headline)
    drill = f"{tongue.tell('exercise_title')} – " if view.exercise else ""
    return drill + tongue.tell("removed_title", event=safe_text(info.event))


def _summary(alert: PublicAlert, view: PublicView, tongue: Tongue) -> str:
    """What it says while it is shown; afterwards only what became of it, as on its page."""
    info = alert.document.info(tongue.tag)
    if view.shown(alert):
        return safe_text("\n".join(filter(None, (info.description, info.instruction))))
    return tongue.tell(f"phase_{alert.phase(view.generated_at)}")


def _georss(entry: Xml.Element, alert: PublicAlert, view: PublicView) -> None:
    """Outlines as GeoRSS Simple: lat and lon both separated by spaces. A Cancel and what is over have none."""
    if not view.shown(alert) or alert.document.msg_type is MsgType.CANCEL:
        return
    for area in alert.document.infos[0].areas:
        for ring in area.polygons:
            _put(entry, "georss:polygon", " ".join(f"{lat:.6f} {lon:.6f}" for lat, lon in ring))
        for circle in area.circles:
            _put(entry, "georss:circle", f"{circle.lat:.6f} {circle.lon:.6f} {circle.radius_km * 1000:.0f}")


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _rfc822(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _put(parent: Xml.Element, name: str, text: str) -> None:
    Xml.SubElement(parent, name).text = safe_text(text)


def _link(parent: Xml.Element, rel: str, href: str, mime_type: str, language: str = "") -> None:
    attributes = {"rel": rel, "href": href, "type": mime_type}
    Xml.SubElement(parent, "link", attributes | ({"hreflang": language} if language else {}))


def _text(root: Xml.Element) -> str:
    Xml.indent(root, "")
    return '<?xml version="1.0" encoding="utf-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"
