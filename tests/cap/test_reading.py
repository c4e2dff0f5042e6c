"""What comes from elsewhere is read kindly, and nothing in it can harm the reader."""

from pathlib import Path

import pytest

from broadcaster.domain.alert import Alert, Category, Certainty, MsgType, Severity, Status
from broadcaster.domain.errors import Invalid
from broadcaster.store import cap
from broadcaster.store.cap_reading import read
from broadcaster.store.cap_rules import DEFAULT_LIFE

#: In the manner of real feeds: fractions of a second, an open ring, a signature, odd capitals, line breaks in lists.
FEED = """<?xml version="1.0" encoding="utf-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>QFES-123</identifier><sender>feed@qld.example</sender>
  <sent>2026-11-12T22:40:00.1234567+10:00</sent>
  <status>actual</status><msgType>Update</msgType><scope>Restricted</scope><restriction>staff</restriction>
  <code>profile:CAP-AU:3.0</code><note> a note </note>
  <references>feed@qld.example,QFES-121,2026-11-12T20:00:00+10:00
              feed@qld.example,QFES-122,2026-11-12T21:00:00Z</references>
  <incidents>one "two words" three</incidents>
  <info>
    <category>met</category><category>Volcano</category><event>Flood</event>
    <urgency>Soonish</urgency><severity>Severe</severity><certainty>Very Likely</certainty>
    <audience>all</audience><headline>Flood</headline>
    <area><areaDesc>Oxley</areaDesc><polygon>-27.5,153 -27.6,153 -27.6,153.1</polygon>
      <circle>-27.5,153.0 0</circle><geocode><valueName>zone</valueName><value>oxley</value></geocode></area>
  </info>
  <Signature xmlns="http://www.w3.org/2000/09/xmldsig#"><identifier>not this one</identifier></Signature>
</alert>"""


def problems(data: bytes | str) -> list[str]:
    with pytest.raises(Invalid) as refused:
        read(data.encode() if isinstance(data, str) else data)
    return [str(problem) for problem in refused.value.problems]


def test_a_sloppy_feed_is_understood() -> None:
    alert = read(FEED.encode())
    (info,) = alert.infos
    assert (alert.identifier, alert.sender, alert.status) == ("QFES-123", "feed@qld.example", Status.ACTUAL)
    assert (alert.msg_type, alert.scope, alert.note) == (MsgType.UPDATE, "Restricted", "a note")
    assert alert.sent.isoformat() == "2026-11-12T22:40:00.123456+10:00"
    assert [each.identifier for each in alert.references] == ["QFES-121", "QFES-122"]
    assert alert.incidents == ("one", "two words", "three")
    assert (info.language, info.categories) == ("en-US", (Category.MET, Category.OTHER))
    assert (info.severity, info.certainty, info.urgency) == (Severity.SEVERE, Certainty.UNKNOWN, "Unknown")
    assert info.effective == alert.sent
    assert info.expires == alert.sent + DEFAULT_LIFE
    ring = info.areas[0].polygons[0]
    assert ring[0] == ring[-1]
    assert len(ring) == 4


def test_cap_1_1_is_read_too() -> None:
    assert read(FEED.replace("cap:1.2", "cap:1.1").encode()).identifier == "QFES-123"


def test_an_unknown_root_is_refused_by_name() -> None:
    assert "'feed'" in problems('<feed xmlns="http://www.w3.org/2005/Atom"/>')[0]
    assert "not a CAP alert" in problems('<alert xmlns="urn:somebody:else"/>')[0]


def test_everything_that_is_missing_is_named_with_its_line() -> None:
    found = problems(f'<alert xmlns="{cap.NAMESPACE}">\n<info>\n<area/>\n</info>\n</alert>')
    assert [each.split(":")[1] for each in found if "areaDesc" in each] == ["3"]
    for name in ("identifier", "sender", "sent", "status", "msgType", "event"):
        assert any(each.split(" ")[-1] == name for each in found), name


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("22:40:00.1234567+10:00", "22:40:00", "sent '2026-11-12T22:40:00' is not a time with an offset"),
        ("22:40:00.1234567+10:00", "25:99", "is not a time"),
        ("2026-11-12T22:40:00.1234567+10:00", "0001-01-01T00:00:00+14:00", "is not a time"),
        ("QFES-121,2026", "QFES-121;2026", "is not sender,identifier,sent"),
        ("-27.6,153.1<", "-27.6,abc<", "corner that is not lat,lon"),
        ("-27.6,153.1<", "153.1,-27.6<", "corner that is not lat,lon"),
        ("-27.6,153.1<", "-27.6,nan<", "corner that is not lat,lon"),
        ("153.0 0<", "153.0<", "is not lat,lon and a radius"),
        ("<status>actual", "<status>Draft", "'Draft' is not one of Actual, Exercise, Test"),
        ("<msgType>Update", "<msgType>Ack", "'Ack' is not one of Alert, Update, Cancel"),
    ],
)
def test_what_changes_the_meaning_is_refused(before: str, after: str, complaint: str) -> None:
    assert before in FEED
    assert any(complaint in each for each in problems(FEED.replace(before, after)))


def test_broken_xml_is_refused_with_line_and_column() -> None:
    assert problems("<alert>\n<info></alert>")[0].startswith("file:2:")


def test_something_else_altogether_is_refused() -> None:
    for junk in (b"", b"\xff\xfe\x00", b"%PDF-1.7", b'{"json": true}', b'<?xml version="1.0" encoding="klingon"?><a/>'):
        assert problems(junk)


def repeated(at: int) -> str:
    """Ten times the entity before: nine of these make a billion."""
    return f"&{'abcdefghi'[at]};" * 10


GROWTH = "".join(f'<!ENTITY {"bcdefghij"[at]} "{repeated(at)}">' for at in range(9))
BOMB = f'<!DOCTYPE a [<!ENTITY a "ha">{GROWTH}]>'


@pytest.mark.parametrize(
    "head",
    [
        BOMB,
        "<!DOCTYPE alert>",
        '<!DOCTYPE alert SYSTEM "http://127.0.0.1:9/evil.dtd">',
        '<!DOCTYPE alert [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE alert [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>',
    ],
)
def test_entity_bombs_and_external_dtds_are_refused_unopened(head: str) -> None:
    hostile = f'{head}<alert xmlns="{cap.NAMESPACE}"><identifier>&j;</identifier></alert>'
    assert "document type" in problems(hostile)[0]
    assert "document type" in problems(('<?xml version="1.0" encoding="utf-16"?>' + hostile).encode("utf-16"))[0]


def test_a_file_from_the_disk_never_ends_up_in_an_alert(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary")
    included = FEED.replace(
        "<note> a note </note>",
        f'<note><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file://{secret}" parse="text"/></note>',
    )
    assert "canary" not in str(read(included.encode()))


def test_ten_megabytes_are_refused_before_they_are_parsed() -> None:
    assert problems(b"<" * 10_000_000) == ["file: has 10000000 bytes. At most 1048576."]


@pytest.mark.parametrize("depth", [17, 200, 5_000, 70_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    assert problems("<alert>" * depth + "</alert>" * depth)


def test_a_huge_polygon_is_refused_once() -> None:
    ring = " ".join(["1,1"] * 21_000)
    spread = FEED.replace("<circle>", f"<polygon>{ring}</polygon><polygon>{ring}</polygon><circle>")
    assert sum("corners in all" in each for each in problems(spread)) == 1


def test_what_was_written_is_read_back(flood: Alert) -> None:
    assert read(cap.write(flood)) == flood
