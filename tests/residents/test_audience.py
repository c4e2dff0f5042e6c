"""Whom an area reaches."""

import io
from pathlib import Path

import pytest

from broadcaster.domain.alert import Circle, Near, Selector
from broadcaster.domain.errors import Invalid
from broadcaster.domain.profile import Profile
from broadcaster.services.residents import import_residents
from broadcaster.services.zones import import_zones
from broadcaster.store import register_files
from broadcaster.store.areas import outline
from broadcaster.store.audience import Area, Count, compile_area, count, slice_of
from broadcaster.store.database import Database
from broadcaster.store.schema import opt_outs
from tests.residents.city import ADA, NOW, SQUARES, collection

CSV = b"""phone,language,household,place,lat,lon,zones,exercise
+61491570001,en,h1,home,-27.503,153.002,,no
+61491570002,en,h1,home,-27.503,153.0125,,yes
+61491570003,nb,h2,home,,,rocklea,no
+61491570003,nb,h2,farm,-27.505,153.025,,no
+61491570004,vi,,home,-27.508,153.018,,yes
+61491570005,en,,home,-27.600,153.100,,no
+61491570006,en,,,,,,no
"""


@pytest.fixture
def register(db: Database, brisbane: Profile) -> Database:
    import_residents(db, brisbane, io.BytesIO(CSV), "replace", actor=ADA, now=NOW)
    return db


def everybody(db: Database, area: Area, *, limit: int = 100, exercise: bool = False, **languages: object) -> list[str]:
    """The phones of all slices, by their last digit."""
    found: list[str] = []
    after, last = 0, False
    wanted: dict[str, object] = {"languages": None, "not_languages": ()} | languages
    while not last:
        with db.read() as connection:
            part = slice_of(
                connection,
                area,
                lane="life-safety",
                exercise=exercise,
                after=after,
                limit=limit,
                **wanted,  # type: ignore[arg-type]
            )
        assert len(part.phones) <= limit
        found += [phone[-1] for _, phone in part.phones]
        after, last = part.cursor, part.last
    return found


def area_of(db: Database, **selector: object) -> Area:
    with db.read() as connection:
        return compile_area(connection, Selector(**selector))  # type: ignore[arg-type]


def counted(db: Database, area: Area, exercise: bool = False, lane: str = "life-safety") -> Count:
    with db.read() as connection:
        return count(connection, area, languages=("en", "nb"), lane=lane, exercise=exercise)


def test_a_zone_reaches_points_inside_it_and_places_said_to_be_in_it(register: Database) -> None:
    assert everybody(register, area_of(register, zones=("rocklea",))) == ["2", "3", "4"]


def test_a_zone_reaches_places_without_a_point_whose_zone_it_overlaps_but_not_its_neighbours(
    register: Database,
) -> None:
    # The creek lies over Annerley and Rocklea; phone 3 is somewhere in Rocklea. Oxley only borders on Rocklea.
    assert everybody(register, area_of(register, zones=("creek",))) == ["2", "3"]
    assert everybody(register, area_of(register, zones=("oxley",))) == ["3"]


def test_a_phone_is_reached_once_whatever_the_number_of_its_places(register: Database) -> None:
    assert everybody(register, area_of(register, zones=("rocklea", "oxley", "creek"))) == ["2", "3", "4"]


def test_slices_of_any_size_make_up_the_same_audience(register: Database) -> None:
    area = area_of(register, zones=("annerley", "rocklea", "oxley"))
    for limit in (1, 2, 3, 50):
        assert everybody(register, area, limit=limit) == ["1", "2", "3", "4"]


def test_a_circle_reaches_points_inside_and_whatever_has_only_a_zone_that_it_touches(register: Database) -> None:
    near_two = Circle(-27.503, 153.0125, 0.2)
    assert everybody(register, area_of(register, circle=near_two)) == ["2", "3"]


def test_a_polygon_reaches_points_outside_every_zone(register: Database) -> None:
    corners = ((-27.61, 153.09), (-27.61, 153.11), (-27.59, 153.11), (-27.59, 153.09))
    assert everybody(register, area_of(register, polygon=corners)) == ["5"]


def test_a_polygon_over_whole_zones_reaches_all_of_them(register: Database) -> None:
    corners = ((-27.52, 152.99), (-27.52, 153.04), (-27.48, 153.04), (-27.48, 152.99))
    area = area_of(register, polygon=corners)
    assert set(area.zones) == {"annerley", "rocklea", "oxley", "creek"}
    assert everybody(register, area) == ["1", "2", "3", "4"]


def test_zones_and_a_drawn_area_add_up(register: Database) -> None:
    area = area_of(register, zones=("annerley",), circle=Circle(-27.6, 153.1, 0.5))
    assert everybody(register, area) == ["1", "5"]


def test_languages_split_an_audience_without_rest_or_overlap(register: Database) -> None:
    area = area_of(register, zones=("annerley", "rocklea"))
    assert everybody(register, area, languages=("nb",)) == ["3"]
    assert everybody(register, area, not_languages=("nb",)) == ["1", "2", "4"]


def test_an_exercise_reaches_only_phones_flagged_for_it_and_a_live_alert_reaches_them_too(register: Database) -> None:
    area = area_of(register, zones=("annerley", "rocklea"))
    assert everybody(register, area, exercise=True) == ["2", "4"]
    assert everybody(register, area, exercise=False) == ["1", "2", "3", "4"]


def test_who_opted_out_of_a_lane_is_excluded_from_that_lane_with_a_reason(register: Database) -> None:
    with register.write() as tx:
        tx.execute(opt_outs.insert().values(phone="+61491570002", lane="life-safety", at=NOW, source="sms"))
    area = area_of(register, zones=("rocklea",))
    assert everybody(register, area) == ["3", "4"]
    assert counted(register, area).excluded == {"opted out": 1}
    assert counted(register, area, lane="information").excluded == {}
    assert counted(register, area).excluded_by_language == {"en": {"opted out": 1}}


@pytest.mark.parametrize("drawn", [False, True])
def test_a_count_says_what_slices_will_hand_out(register: Database, drawn: bool) -> None:
    corners = ((-27.52, 152.995), (-27.52, 153.0199), (-27.4999, 153.0199), (-27.4999, 152.995))
    area = area_of(register, polygon=corners) if drawn else area_of(register, zones=("annerley", "rocklea"))
    found = counted(register, area)
    assert found.phones == len(everybody(register, area)) == 4
    assert found.households == 3
    assert found.languages == {"en": 3, "nb": 1}  # Vietnamese gets the fallback
    assert found.zones["rocklea"] == 3
    assert found.unplaced == 1


def test_a_plan_that_holds_on_to_its_generation_sees_the_same_people_after_an_import(
    register: Database, brisbane: Profile
) -> None:
    area = area_of(register, zones=("rocklea",))
    import_residents(
        register, brisbane, io.BytesIO(b"phone,zones\n+61491570009,rocklea\n"), "replace", actor=ADA, now=NOW
    )
    assert everybody(register, area) == ["2", "3", "4"]
    assert everybody(register, area_of(register, zones=("rocklea",))) == ["9"]
    with register.read() as connection:
        again = compile_area(connection, Selector(zones=("rocklea",)), area.generation)
    assert everybody(register, again) == ["2", "3", "4"]


def test_an_import_leaves_the_register_ready_in_a_file_without_a_number_in_it(
    database_url: str, folder: Path, brisbane: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(register_files, "BLOCK", 2)
    db = Database(database_url, scratch=folder / "register")
    import_zones(db, brisbane, collection(SQUARES), actor=ADA, now=NOW, name="zones.geojson")
    import_residents(db, brisbane, io.BytesIO(CSV), "replace", actor=ADA, now=NOW)
    assert len(list((folder / "register").glob("0*"))) == 2
    assert not any(b"61491570" in path.read_bytes() for path in (folder / "register").iterdir())
    whole = counted(db, area_of(db, zones=("annerley", "rocklea")))
    assert (whole.phones, whole.households, whole.languages) == (4, 3, {"en": 3, "nb": 1})
    (newest,) = sorted((folder / "register").glob("0*"))[-1:]
    newest.write_bytes(newest.read_bytes()[:-1])
    db.dispose()
    again = Database(database_url, scratch=folder / "register")
    assert counted(again, area_of(again, zones=("annerley", "rocklea"))) == whole
    # Nowhere to keep it: it is read for this process alone.
    alone = Database(database_url, scratch=newest / "no folder")
    assert counted(alone, area_of(alone, zones=("annerley", "rocklea"))) == whole
    for each in (again, alone):
        each.dispose()


def test_what_is_selected_can_be_drawn_as_one_shape(register: Database) -> None:
    selector = Selector(zones=("annerley",), circle=Circle(-27.6, 153.1, 0.5))
    with register.read() as connection:
        shape = outline(connection, selector)
    assert len(shape.rings()) == 2


def test_an_unknown_zone_is_named_with_the_nearest_ones(register: Database) -> None:
    with pytest.raises(Invalid) as caught:
        area_of(register, zones=("oxley", "rocklee"))
    (problem,) = caught.value.problems
    assert problem.place == "area.zones[1]"
    assert "rocklea" in problem.cure


NO_AREAS = (
    (Selector(), "area"),
    (Selector(near=Near("1 Ann St", 2)), "area.near"),
    (Selector(circle=Circle(-27.5, 153.0, 0)), "area.circle"),
    (Selector(circle=Circle(-27.5, 183.0, 1)), "area.circle"),
    (Selector(circle=Circle(0.0, 179.99, 50)), "area.circle"),
    (Selector(polygon=((0.0, 0.0), (1.0, 1.0))), "area.polygon"),
    (Selector(polygon=((0.0, 0.0), (1.0, 1.0), (1.0, 0.0), (0.0, 1.0))), "area.polygon"),
    (Selector(polygon=((0.0, 0.0), (1.0, 1.0), (1.0, 0.0)), circle=Circle(0.0, 0.0, 1)), "area"),
)


def test_what_cannot_be_an_area_is_refused_with_its_place(db: Database) -> None:
    with db.read() as connection:
        for selector, place in NO_AREAS:
            with pytest.raises(Invalid) as caught:
                compile_area(connection, selector)
            assert caught.value.problems[0].place == place
