"""Residents and zones through the console: compared first, applied by a person, refused lines told, nothing left lying about."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from broadcaster.runtime import Runtime
from broadcaster.store import generations, residents
from tests.residents.city import SQUARES, collection
from tests.web.cast import Browser, House

CSV = "phone,language,zones\n+61401000001,en,rocklea\n+61401000002,en,oxley\n0400,en,rocklea\n=cmd,en,x\n"


def bring(browser: Browser, text: str, mode: str = "merge") -> TestResponse:
    return browser.post("/residents/import", {"file": (io.BytesIO(text.encode()), "city.csv"), "mode": mode})


def in_force(rt: Runtime) -> int:
    with rt.db.read() as connection:
        return residents.count(connection, generations.current(connection))


def settled(browser: Browser, path: str, until: Callable[..., None]) -> str:
    """The page of an import once it has come to rest."""
    pages: list[str] = []

    def rests() -> bool:
        pages.append(browser.get(path).text)
        return ">Working</h2>" not in pages[-1]

    until(rests, what="the import")
    return pages[-1]


def test_an_import_is_compared_first_and_then_applied(town: House, rt: Runtime, until: Callable[..., None]) -> None:
    ben = town.of("ben")
    answer = bring(ben, CSV)
    path = answer.headers["Location"]
    page = settled(ben, path, until)
    assert "This is what would change" in page
    assert in_force(rt) == 40
    assert "Refused lines" in page
    assert ben.post(f"{path}/apply").status_code == 302
    page = settled(ben, path, until)
    assert "This is in force now" in page
    assert in_force(rt) == 42
    assert ben.post(f"{path}/apply").status_code == 404  # once


def test_the_page_that_follows_along_says_how_far_it_is(town: House, until: Callable[..., None]) -> None:
    ben = town.of("ben")
    path = bring(ben, CSV).headers["Location"]
    settled(ben, path, until)
    part = ben.get(f"{path}/progress").text
    assert "<html" not in part
    assert 'data-poll=""' in part


def test_a_replacement_says_who_would_go(town: House, rt: Runtime, until: Callable[..., None]) -> None:
    ben = town.of("ben")
    path = bring(ben, CSV, "replace").headers["Location"]
    page = settled(ben, path, until)
    assert "Apply: 2 new, 0 changed, 40 gone" in page
    assert in_force(rt) == 40


def test_nothing_lies_about_afterwards_and_files_are_private(
    town: House, rt: Runtime, until: Callable[..., None]
) -> None:
    ben = town.of("ben")
    path = bring(ben, CSV).headers["Location"]
    settled(ben, path, until)
    folder: Path = rt.settings.var_dir / "imports"
    assert all(each.stat().st_mode & 0o077 == 0 for each in folder.iterdir())
    ben.post(f"{path}/apply")
    settled(ben, path, until)
    assert [each.suffix for each in folder.iterdir()] == [".json"]


@pytest.mark.parametrize("text", ["", "name,street\nA,B\n", "phone\nnonsense\n"])
def test_a_file_that_cannot_be_used_changes_nothing_and_says_why(
    town: House, rt: Runtime, until: Callable[..., None], text: str
) -> None:
    ben = town.of("ben")
    page = settled(ben, bring(ben, text).headers["Location"], until)
    assert "Nothing was changed" in page
    assert "city.csv" in page
    assert in_force(rt) == 40


def test_an_import_belongs_to_those_who_may_import(town: House, until: Callable[..., None]) -> None:
    ben = town.of("ben")
    path = bring(ben, CSV).headers["Location"]
    settled(ben, path, until)
    for name in ("cy", "ada"):
        assert town.of(name).get(path).status_code == 404
        assert bring(town.of(name), CSV).status_code == 404


def test_an_import_whose_process_died_is_not_running_for_ever(town: House, until: Callable[..., None]) -> None:
    import json

    ben = town.of("ben")
    path = bring(ben, CSV).headers["Location"]
    settled(ben, path, until)
    from broadcaster.web.context import runtime

    with town.app.app_context():
        file = runtime().settings.var_dir / "imports" / f"{path.rpartition('/')[2]}.json"
    run = json.loads(file.read_text()) | {"state": "running", "at": "2026-01-01T00:00:00+00:00"}
    file.write_text(json.dumps(run))
    assert "has died with its process" in ben.get(path).text


@pytest.mark.parametrize("token", ["x", "../../etc/passwd", "0" * 31, "%00"])
def test_made_up_names_of_imports_lead_nowhere(town: House, token: str) -> None:
    assert town.of("ben").get(f"/residents/imports/{token}").status_code == 404


def test_zones_come_in_and_are_drawn(house: House) -> None:
    ben = house.of("ben")
    assert "None yet. Zones are the areas" in ben.get("/residents").text
    file = (io.BytesIO(collection(SQUARES)), "zones.geojson")
    assert ben.post("/residents/zones", {"file": file}).status_code == 302
    page = ben.get("/residents").text
    assert "Zones imported: 4 new" in page
    assert page.count('<path class="zone"') == 4
    assert "Rocklea" in page


def test_a_bad_file_of_zones_is_refused_with_its_places(house: House) -> None:
    ben = house.of("ben")
    answer = ben.post("/residents/zones", {"file": (io.BytesIO(b'{"type": "FeatureCollection"}'), "z.geojson")})
    assert answer.status_code == 422
    assert "z.geojson" in answer.text


def test_residents_are_counted_and_never_listed(town: House) -> None:
    page = town.of("root").get("/residents").text
    assert ">40</span>" in page
    assert "+61" not in page
