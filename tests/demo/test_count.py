"""The demo's counter on invented logs: it must see what is lost and what is doubled, or its zeros mean nothing."""

import json
from typing import Any

import pytest

from broadcaster.demo.count import Expected, Tally, audience, count, inside, meet, of_alert, outlines_of
from broadcaster.domain.alert import Selector

SITE = "http://127.0.0.1:8000/status"
SHORT, PAGE = f"{SITE}/a/abcd1234/", f"{SITE}/en/alerts/flood-1.html"
ADA, BEN, CY = "+61491570001", "+61491570002", "+61491570003"
HEAD, TAIL = f"Leave now. {PAGE} 1/2", "Bring medicine. 2/2"
ALERT = Expected(
    site=SITE,
    links=(SHORT, PAGE),
    phones=frozenset({ADA, BEN}),
    posts={"x": [HEAD, TAIL], "facebook": [f"Leave now.\n\n{PAGE}"]},
)


def text(to: str, words: str = f"Leave now. {SHORT}", **more: Any) -> dict[str, Any]:
    return {"id": f"SM{to}", "to": to, "text": words, "in_reply_to": None, "auto": False} | more


def post(key: str, words: str, answers: str | None = None) -> dict[str, Any]:
    return {"id": key, "to": "council", "text": words, "in_reply_to": answers}


def whole() -> dict[str, list[dict[str, Any]]]:
    """Logs in which everybody got everything once."""
    return {
        "twilio": [text(ADA), text(BEN)],
        "x": [post("1", HEAD), post("2", TAIL, "1")],
        "facebook": [post("9", f"Leave now.\n\n{PAGE}")],
    }


def test_everybody_once_is_nothing_lost_and_nothing_doubled() -> None:
    assert count(ALERT, whole()) == Tally(0, 0)


def test_a_text_that_is_not_there_is_lost() -> None:
    sent = whole()
    sent["twilio"].pop()
    assert count(ALERT, sent) == Tally(lost=1)


def test_a_text_that_came_twice_is_doubled() -> None:
    sent = whole()
    sent["twilio"].append(text(ADA))
    assert count(ALERT, sent) == Tally(doubled=1)


def test_a_text_too_many_does_not_make_up_for_one_too_few() -> None:
    assert count(ALERT, whole() | {"twilio": [text(ADA), text(ADA)]}) == Tally(lost=1, doubled=1)


def test_a_text_to_a_phone_that_nobody_wanted_to_reach_counts_as_doubled() -> None:
    sent = whole()
    sent["twilio"].append(text(CY))
    assert count(ALERT, sent) == Tally(doubled=1)


def test_what_a_provider_answered_by_itself_is_no_alert() -> None:
    sent = whole()
    sent["twilio"].append(text(ADA, f"You have left the list. {SHORT}", auto=True))
    assert count(ALERT, sent) == Tally()


def test_the_text_of_another_alert_does_not_stand_in_for_this_one() -> None:
    sent = whole()
    sent["twilio"][0]["text"] = f"Leave now. {SITE}/a/zzzz9999/"
    assert count(ALERT, sent) == Tally(lost=1)


@pytest.mark.parametrize("provider", ["x", "facebook"])
def test_a_provider_that_has_nothing_has_lost_every_post(provider: str) -> None:
    assert count(ALERT, whole() | {provider: []}) == Tally(lost=len(ALERT.posts[provider]))


def test_a_missing_end_of_a_thread_is_lost_and_a_second_one_is_doubled() -> None:
    sent = whole()
    head, tail = sent["x"]
    assert count(ALERT, sent | {"x": [head]}) == Tally(lost=1)
    assert count(ALERT, sent | {"x": [head, tail, tail | {"id": "3"}]}) == Tally(doubled=1)


def test_a_post_with_other_words_than_those_approved_is_one_lost_and_one_doubled() -> None:
    sent = whole()
    sent["facebook"][0]["text"] = f"Stay at home. {PAGE}"
    assert count(ALERT, sent) == Tally(lost=1, doubled=1)


def test_an_update_that_answers_an_alert_is_not_a_part_of_it() -> None:
    sent = whole()
    sent["x"].append(post("3", f"UPDATE. {SITE}/en/alerts/flood-2.html", "1"))
    sent["x"].append(post("4", "The end of the update.", "3"))
    assert [each["id"] for each in of_alert(sent["x"], ALERT)] == ["1", "2"]
    assert count(ALERT, sent) == Tally()


# -- whom an area reaches

SQUARE = [[0, 0], [0, 2], [2, 2], [2, 0], [0, 0]]
GEOJSON = json.dumps(
    {
        "features": [
            {"properties": {"id": "west"}, "geometry": {"type": "Polygon", "coordinates": [SQUARE]}},
            {
                "properties": {"id": "east"},
                "geometry": {
                    "type": "MultiPolygon",
                    "coordinates": [[[[5, 0], [5, 2], [7, 2], [7, 0], [5, 0]]], [[[8, 0], [8, 1], [9, 1], [8, 0]]]],
                },
            },
        ]
    }
).encode()
HEADER = "phone,language,basis,consent_at,household,place,lat,lon,zones,exercise,source\n"


def reached(area: Selector, *places: str) -> frozenset[str]:
    """`places`: "phone lat lon zones"."""
    rows = [[*each.split(" "), "", "", ""][:4] for each in places]
    lines = [f"{phone},en,register,,h,home,{lat},{lon},{zone},no,test\n" for phone, lat, lon, zone in rows]
    return audience((HEADER + "".join(lines)).encode(), outlines_of(GEOJSON), area)


def test_a_zone_reaches_points_inside_and_those_known_by_zone_alone() -> None:
    west = Selector(zones=("west",))
    assert reached(west, f"{ADA} 1 1", f"{BEN} 1 6", f"{CY}   west") == {ADA, CY}


def test_a_phone_is_reached_once_through_any_of_its_places() -> None:
    assert reached(Selector(zones=("east",)), f"{ADA} 1 1", f"{ADA} 1 6", f"{ADA}   east") == {ADA}


def test_a_phone_without_a_place_is_reached_by_nothing() -> None:
    assert reached(Selector(zones=("west", "east")), ADA) == frozenset()


def test_a_drawn_area_reaches_points_inside_and_zones_that_it_meets() -> None:
    drawn = Selector(polygon=((1.5, 1.5), (1.5, 4.0), (3.0, 4.0), (3.0, 1.5)))
    assert reached(drawn, f"{ADA} 1.6 1.6", f"{BEN} 1 1", f"{CY}   west", "+61491570004   east") == {ADA, CY}


def test_a_hole_is_not_inside() -> None:
    ring, hole = [(0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (4.0, 0.0)], [(1.0, 1.0), (1.0, 2.0), (2.0, 2.0), (2.0, 1.0)]
    rings = [[*each, each[0]] for each in (ring, hole)]
    assert inside((3.0, 3.0), rings)
    assert not inside((1.5, 1.5), rings)


def test_an_area_inside_another_meets_it_though_no_edges_cross() -> None:
    outer, inner = outlines_of(GEOJSON)["west"], [[(0.5, 0.5), (0.5, 1.0), (1.0, 1.0), (0.5, 0.5)]]
    assert meet(outer, inner)
    assert meet(inner, outer)
    assert not meet(outlines_of(GEOJSON)["east"], inner)
