"""Who did not get it: counted for those who write, listed for crews behind a right, a reason, an hour and the journal."""

import io

import pytest
from sqlalchemy import update

from broadcaster import clock
from broadcaster.domain.alert import Selector
from broadcaster.domain.street import Address, address_of
from broadcaster.runtime import Runtime
from broadcaster.services import addresses, broadcasting, residents, zones
from broadcaster.store import chronicle
from broadcaster.store.schema import deliveries
from tests.engine.city import ROOT, holding
from tests.residents.city import SQUARES, collection
from tests.web.cast import House
from tests.web.stories import approved, row

REGISTER = """phone,household,place,zones,language
+61400000001,smith,12 Oxley Road,rocklea,en
+61400000002,smith,12 Oxley Road,rocklea,en
+61400000003,jones,3/4 Oxley Road,rocklea,en
+61400000004,lee,Oxley Road 2,rocklea,vi
+61730000005,old,Ipswich Road 9B,rocklea,en
+61400000006,boat,boat,rocklea,en
+61400000007,,,oxley,en
"""
ADDRESSES = """household,place,lat,lon,zones
smith,12 Oxley Road,,,rocklea
nobody,8 Ipswich Road,-27.505,153.015,
away,1 Far Street,-27.505,153.025,
,,,,rocklea
"""
STATES = {
    "+61400000001": ("failed", "30005"),
    "+61400000002": ("delivered", ""),
    "+61400000003": ("failed", "30005"),
    "+61400000004": ("unconfirmed", ""),
    "+61730000005": ("failed", "21614"),
    "+61400000006": ("accepted", ""),
    "+61400000007": ("failed", "30005"),
}


@pytest.fixture
def missed(house: House, rt: Runtime) -> str:
    """An alert that reached some of Rocklea and nobody of Oxley."""
    now = clock.utc_now()
    zones.import_zones(rt.db, rt.profile, collection(SQUARES), actor=ROOT, now=now)
    stream = io.BytesIO(REGISTER.encode())
    report = residents.import_residents(rt.db, rt.profile, stream, "merge", actor=ROOT, now=now)
    assert report.refused_lines == 0, report
    found = addresses.import_addresses(rt.db, ADDRESSES.encode(), actor=ROOT, now=now)
    assert (found.households, found.refused_lines) == (3, 1)
    alert_id = approved(house, rt, holding(area=Selector(zones=("rocklea", "oxley")), channels=("website", "sms")))
    broadcasting.materialise(rt, alert_id)
    with rt.db.write() as tx:
        for phone, (state, code) in STATES.items():
            mine = deliveries.c.alert_id == alert_id, deliveries.c.address == phone
            assert tx.execute(update(deliveries).where(*mine).values(state=state, code=code)).rowcount == 1
    return alert_id


def test_households_are_counted_by_zone_and_reason(house: House, missed: str) -> None:
    page = house.of("ada").get(f"/alerts/{missed}/not-reached").text
    table = page[page.index("<tbody>") : page.index("</tbody>")]
    rows = {part.split("</th>")[0]: part.count for part in table.split('<th scope="row">')[1:]}
    assert list(rows) == ["Rocklea", "Oxley"]
    numbers = [[cell.split("<")[0] for cell in part.split('<td class="num">')[1:]] for part in table.split("<tr>")[1:]]
    # Not confirmed, no word yet, failed, landline, said stop, no number; the Smiths have it on one of their phones.
    assert numbers == [["1", "1", "1", "1", "0", "1"], ["0", "0", "1", "0", "0", "1"]]
    assert "+614" not in page
    assert "smith" not in page
    assert house.of("cy").get(f"/alerts/{missed}/not-reached").status_code == 404


def test_a_list_is_by_street_journaled_and_dies(house: House, rt: Runtime, missed: str) -> None:
    ada, ben = house.of("ada"), house.of("ben")
    form = {"zone": "rocklea", "hours": "3", "reason": "Crew 4"}
    assert ada.post(f"/alerts/{missed}/not-reached", form).status_code == 404
    ben.get(f"/alerts/{missed}/not-reached")
    assert ben.post(f"/alerts/{missed}/not-reached", form | {"reason": ""}).status_code == 422
    assert ben.post(f"/alerts/{missed}/not-reached", form | {"hours": "99"}).status_code == 422
    where = ben.post(f"/alerts/{missed}/not-reached", form).headers["Location"]
    assert "smith" not in ben.get(where).text
    answer = ben.post(f"{where}/open")
    assert answer.headers["Cache-Control"] == "private, no-store"
    shown = answer.text
    order = [shown.index(words) for words in ("Ipswich Road", "9B", "Oxley Road", ">2<", "3/4", "No street is known")]
    assert order == sorted(order)
    assert "8 Ipswich" not in shown  # its number stands under its street
    assert "ring +61730000005" in shown
    assert "+614" not in shown
    assert "12" not in shown[shown.index("Oxley Road") : shown.index("No street is known")]
    with rt.db.read() as connection:
        entries = chronicle.latest(connection, row(rt, missed).incident, alert_id=missed)
    assert [each.action for each in entries][:2] == ["list.open", "list.make"]
    assert entries[0].actor_name == "Ben"
    assert entries[1].grounds == "Crew 4"
    assert "+61" not in str([each.body for each in entries if each.action.startswith("list")])
    house.clock.pass_by(hours=3, minutes=1)
    later = house.of("ben")
    assert later.get(where).status_code == 410
    assert later.post(f"{where}/open").status_code == 302
    with rt.db.read() as connection:
        assert chronicle.latest(connection, row(rt, missed).incident, alert_id=missed)[0].action == "list.open"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("12 Oxley Road", Address("Oxley Road", 12)),
        ("Unit 3/12b Oxley Road, Rocklea", Address("Oxley Road", 12, "b", "3")),
        ("Storgata 12 B", Address("Storgata", 12, "B")),
        ("Dr. Wessels gate 4, 2. etg", Address("Dr. Wessels gate", 4)),
        ("h00017", None),
        ("flat 3", None),
        ("mother's flat", None),
        ("", None),
    ],
)
def test_streets_are_read_from_what_registers_say(text: str, address: Address | None) -> None:
    assert address_of(text) == address
