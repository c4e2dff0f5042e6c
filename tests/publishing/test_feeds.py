"""Programs that know nothing of us read our feeds and data, and find what the pages say."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from xml.etree import ElementTree as Xml

import feedparser
import pytest
from capvalidator import Validator

from broadcaster.domain.alert import Circle, MsgType, Status
from broadcaster.domain.lifecycle import AlertState
from broadcaster.store.cap_reading import read
from broadcaster.store.status_page import build
from broadcaster.store.status_view import PublicView
from tests.publishing.city import NOW, URL, alert, following, told, view

ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def flood() -> PublicView:
    """One alert, its update, and a third that was cancelled."""
    first = alert(1, state=AlertState.SUPERSEDED, successors=("flood-2",), sent=NOW - timedelta(hours=2))
    second = following(first, alert(2))
    third = alert(3, state=AlertState.CANCELLED, sent=NOW - timedelta(hours=1), text="Ola, 78", personal=True)
    return view(first, second, third, instructions=(told(source="flood-2"),))


def entries(text: str) -> list[Xml.Element]:
    return Xml.fromstring(text).findall(f"{ATOM}entry")


def test_an_independent_reader_finds_no_fault_in_the_feeds(flood: PublicView) -> None:
    files = build(flood).files
    for path, version in (("alerts.atom", "atom10"), ("alerts.rss", "rss20")):
        found = feedparser.parse(files[path].encode())
        assert (found.bozo, found.version) == (False, version)
        assert [each.title for each in found.entries] == [
            "FLOM. Gjør deg klar til å dra",
            "Flom: gjelder ikke lenger",
            "Flom: gjelder ikke lenger",
        ]
        assert found.entries[0].link == f"{URL}/nb/alerts/flood-2.html"
        assert all(each.id.startswith("urn:uuid:") for each in found.entries)
        assert len({each.id for each in found.entries}) == 3


def test_each_entry_is_a_message_with_its_own_lasting_id_and_the_time_it_was_sent(flood: PublicView) -> None:
    again = replace(flood, generated_at=NOW + timedelta(hours=1))
    before, after = (entries(build(each).files["alerts.atom"]) for each in (flood, again))
    assert [each.findtext(f"{ATOM}id") for each in before] == [each.findtext(f"{ATOM}id") for each in after]
    updated = [each.findtext(f"{ATOM}updated") for each in before]
    assert updated == ["2011-01-12T12:20:00Z", "2011-01-12T11:40:00Z", "2011-01-12T10:40:00Z"]


def test_an_entry_links_to_every_language_and_to_its_cap(flood: PublicView) -> None:
    links = entries(build(flood).files["alerts.atom"])[0].findall(f"{ATOM}link")
    found = [(each.get("rel"), each.get("type"), each.get("hreflang"), each.get("href")) for each in links]
    assert found == [
        ("alternate", "text/html", "nb", f"{URL}/nb/alerts/flood-2.html"),
        ("related", "text/html", "en", f"{URL}/en/alerts/flood-2.html"),
        ("alternate", "application/cap+xml", None, f"{URL}/alerts/flood-2.cap.xml"),
    ]
    assert len({each[:3] for each in found}) == len(found)  # RFC 4287, 4.1.2


def test_outlines_are_georss_with_spaces_and_only_while_they_hold(flood: PublicView) -> None:
    georss = "{http://www.georss.org/georss}"
    first, *others = entries(build(flood).files["alerts.atom"])
    outline = first.findtext(f"{georss}polygon")
    assert outline == "-27.530000 152.990000 -27.530000 153.020000 -27.560000 153.020000 -27.530000 152.990000"
    assert not any(each.findall(f"{georss}polygon") for each in others)


def test_a_circle_is_georss_in_metres() -> None:
    shown = alert()
    areas = (replace(shown.document.infos[0].areas[0], polygons=(), circles=(Circle(-27.5, 153.0, 2.5),)),)
    infos = tuple(replace(info, areas=areas) for info in shown.document.infos)
    (entry,) = entries(build(view(replace(shown, document=replace(shown.document, infos=infos)))).files["alerts.atom"])
    assert entry.findtext("{http://www.georss.org/georss}circle") == "-27.500000 153.000000 2500"


def test_a_feed_is_updated_when_something_happened_not_when_it_was_written(flood: PublicView) -> None:
    later = replace(flood, generated_at=NOW + timedelta(hours=1))
    for path in ("alerts.atom", "alerts.rss"):
        assert build(flood).files[path] == build(later).files[path]


def test_rss_times_are_readable_and_guids_are_no_links(flood: PublicView) -> None:
    channel = Xml.fromstring(build(flood).files["alerts.rss"]).find("channel")
    assert channel is not None
    for item in channel.findall("item"):
        published = parsedate_to_datetime(item.findtext("pubDate", ""))
        assert published.utcoffset() == timedelta(0)
        guid = item.find("guid")
        assert guid is not None
        assert guid.get("isPermaLink") == "false"


def test_an_exercise_says_so_in_every_feed_and_file() -> None:
    drill = alert(status=Status.EXERCISE)
    infos = tuple(replace(info, headline=f"ØVELSE ØVELSE: {info.headline}") for info in drill.document.infos)
    files = build(view(replace(drill, document=replace(drill.document, infos=infos)), root="exercise")).files
    for path in ("alerts.atom", "alerts.rss"):
        found = feedparser.parse(files[path].encode())
        assert found.feed.title.startswith("ØVELSE – ")
        assert found.entries[0].title.startswith("ØVELSE ØVELSE:")
    assert json.loads(files["status.json"])["exercise"] is True
    assert "<status>Exercise</status>" in files["alerts/flood-1.cap.xml"]


def test_each_cap_file_is_the_message_and_independent_validators_agree(flood: PublicView) -> None:
    files = build(flood).files
    caps = [path for path in files if path.endswith(".cap.xml")]
    assert caps == ["alerts/flood-1.cap.xml", "alerts/flood-2.cap.xml"]
    for path in caps:
        assert Validator(files[path].encode()).schema()[0]
    first, second = (read(files[path].encode()) for path in caps)
    assert second.msg_type is MsgType.UPDATE
    (reference,) = second.references
    assert (reference.sender, reference.identifier, reference.sent) == (first.sender, first.identifier, first.sent)
    sent = re.search("<sent>(.*?)</sent>", files[caps[0]])
    assert sent
    assert f"<references>alerts@bcc.example,flood-1,{sent[1]}</references>" in files[caps[1]]


def test_the_json_says_what_the_page_says(flood: PublicView) -> None:
    late = replace(flood, instructions=(told("evacuate", source="flood-2", expires=NOW - timedelta(minutes=1)),))
    found = json.loads(build(late).files["status.json"])
    assert found["generated_at"] == "2011-01-12T12:40:00+00:00"
    assert found["next_update_at"] == "2011-01-12T14:40:00+00:00"
    assert found["numbers"]["danger"] == "112"
    (instruction,) = found["instructions"]
    assert (instruction["level"], instruction["not_renewed"]) == (3, True)
    assert instruction["command"]["nb"] == "forlat huset nå"
    assert found["levels"]["3"]["nb"] == "Handle nå"
    second, *others = found["alerts"]
    assert (second["identifier"], second["phase"]) == ("flood-2", "in_force")
    assert {each["phase"] for each in others} == {"replaced", "ended"}
    assert all("headline" not in each for each in others)
    assert second["references"] == ["flood-1"]
    assert second["cap"] == f"{URL}/alerts/flood-2.cap.xml"
    assert datetime.fromisoformat(second["expires_at"]).tzinfo == UTC


def test_nothing_of_a_person_is_left_in_any_file(flood: PublicView) -> None:
    assert not any("Ola" in text for text in build(flood).files.values())


def test_the_plain_text_says_everything_in_each_language(flood: PublicView) -> None:
    text = build(flood).files["alerts.txt"]
    norwegian, english = text.partition("What to do now:")[::2]
    assert "- Rocklea: Gjør deg klar. Gjør deg klar til å dra." in norwegian
    assert "- Rocklea: Get ready. Get ready to leave." in english
    assert "Ved fare: 112" in norwegian
    assert f"{URL}/en/alerts/flood-2.html" in english
    assert "<" not in text
    assert "Flom, kl. 12.40 onsdag 12. jan." in norwegian
