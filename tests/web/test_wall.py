"""The wall, the queue and the first hour: what a room, an operator and a new installation see."""

from broadcaster.runtime import Runtime
from broadcaster.services import accounts, channel_checks, first_hour, playbooks, seals
from channels.base import Health
from tests.engine.city import holding
from tests.web.cast import OPERATOR, House
from tests.web.stories import approved, submitted


def test_a_screen_shows_the_wall_with_a_key_that_opens_nothing_else(town: House, rt: Runtime) -> None:
    approved(town, rt, holding())
    submitted(town, rt, holding(incident="creek"))
    key = accounts.add_key(rt, "ops room", ["wall"], OPERATOR, town.clock())
    other = accounts.add_key(rt, "gauge", ["alerts:read"], OPERATOR, town.clock())
    screen = town.browser()
    assert screen.get("/wall").headers["Location"] == "/wall/key"
    assert screen.get("/wall/board").headers["HX-Refresh"] == "true"
    screen.get("/wall/key")
    assert screen.post("/wall/key", {"key": other.secret}).status_code == 403
    answer = screen.post("/wall/key", {"key": key.secret})
    (cookie,) = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith("wall=")]
    assert {"Secure", "HttpOnly", "Path=/wall", "SameSite=Strict"} <= set(cookie.split("; "))
    page = screen.get("/wall").text
    for nothing in ("<form", "<button", "<a ", "<input", key.secret):
        assert nothing not in page
    assert "First message" in page
    assert "0 / 40" in page
    assert screen.get("/wall/board").status_code == 200
    assert screen.get("/alerts/new").status_code == 302
    asked = screen.client.get("/api/v1/alerts", headers={"Authorization": f"Bearer {key.secret}"})
    assert asked.status_code == 403
    accounts.revoke_key(rt, key.key.id, OPERATOR, town.clock())
    assert screen.get("/wall").status_code == 302
    assert town.of("cy").get("/wall").status_code == 200


def test_the_queue_says_what_waits_and_since_when(town: House, rt: Runtime) -> None:
    approved(town, rt, holding())
    page = town.of("cy").get("/queue").text
    assert "server does not answer" in page
    assert "Facebook" in page
    assert town.of("cy").get("/queue/board").status_code == 200


def done(rt: Runtime, house: House) -> set[str]:
    with rt.db.read() as connection:
        return {each.key for each in first_hour.steps(rt, connection, house.clock()) if each.done}


def test_the_first_hour_knows_how_far_it_has_come(house: House, rt: Runtime) -> None:
    assert done(rt, house) == {"people", "address", "staff"} & done(rt, house)
    assert not done(rt, house) & {"zones", "residents", "seal", "holding", "backup", "test", "duty"}
    root = house.of("root")
    assert "The first hour" in root.get("/").text
    assert "The first hour" not in house.of("ben").get("/").text
    assert "does not answer" in root.get(root.post("/first-hour/channels").headers["Location"]).text
    assert "channels" not in done(rt, house)  # nobody listens where the providers should be
    seals.seal(rt, OPERATOR, house.clock())
    for name in ("ben", "root"):
        playbooks.approve_version(rt, "holding", house.people[name].actor, house.clock())
    found = [channel_checks.Checked("sms", "live", True, health=Health("it answers"))]
    channel_checks.note(rt, found, house.people["root"].actor, house.clock())
    assert {"seal", "holding", "channels"} <= done(rt, house)


def test_the_holding_message_is_the_first_button(town: House, rt: Runtime) -> None:
    page = town.of("ada").get("/").text
    first = page[page.index('class="btn main huge"') :]
    assert 'href="/playbooks/holding"' in first[:120]
    assert "waits for a second person" in page
    for name in ("ben", "root"):
        playbooks.approve_version(rt, "holding", town.people[name].actor, town.clock())
    assert "so it goes out at once" in town.of("ada").get("/").text
