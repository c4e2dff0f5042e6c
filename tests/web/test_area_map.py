"""Where an alert is for: the map's parts, whom an area reaches and what is not known about that, and outlines from elsewhere."""

import io
import json
from pathlib import Path

import pytest
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from broadcaster.runtime import Runtime
from broadcaster.settings import Settings, load
from broadcaster.web.headers import policy
from tests.web.cast import House
from tests.web.test_composing import HOLDING, the_draft
from tests.web.test_keeping import opened, typed

PNG = b"\x89PNG\r\n\x1a\n a square of the ground"
SQUARE = {"type": "Polygon", "coordinates": [[[153.0, -27.5], [153.1, -27.5], [153.1, -27.6], [153.0, -27.5]]]}


def pmtiles(path: Path, kind: TileType = TileType.PNG) -> Path:
    """A map file of one picture."""
    with path.open("wb") as file:
        writer = Writer(file)  # type: ignore[no-untyped-call]
        writer.write_tile(zxy_to_tileid(0, 0, 0), PNG)  # type: ignore[no-untyped-call]
        box = {"min_lon_e7": 0, "min_lat_e7": 0, "max_lon_e7": 1, "max_lat_e7": 1}
        more = {"center_zoom": 0, "center_lon_e7": 0, "center_lat_e7": 0}
        header = {"tile_type": kind, "tile_compression": Compression.NONE, **box, **more}
        writer.finalize(header, {})  # type: ignore[no-untyped-call]
    return path


def test_zones_come_as_geojson_to_those_who_are_logged_in(town: House) -> None:
    assert town.browser().get("/zones.geojson").status_code == 302
    found = json.loads(town.of("cy").get("/zones.geojson").text)["features"]
    assert {each["properties"]["code"] for each in found} >= {"rocklea", "oxley"}
    assert all(each["geometry"]["type"] in ("Polygon", "MultiPolygon") for each in found)


def test_the_map_comes_from_this_machine_and_nothing_else_of_its_package_does(house: House) -> None:
    browser = house.browser()
    assert browser.get("/assets/leaflet/leaflet.js").mimetype == "text/javascript"
    assert browser.get("/assets/leaflet/leaflet.css").mimetype == "text/css"
    for other in ("leaflet-src.js", "..%2f__init__.py", "leaflet.js.map"):
        assert browser.get(f"/assets/leaflet/{other}").status_code == 404


def test_a_file_of_pictures_is_the_ground(
    environment: dict[str, str], folder: Path, request: pytest.FixtureRequest
) -> None:
    environment["BROADCASTER_MAP_TILES"] = str(pmtiles(folder / "city.pmtiles"))
    town: House = request.getfixturevalue("town")
    ada = town.of("ada")
    answer = ada.get("/map/0/0/0")
    assert (answer.data, answer.mimetype) == (PNG, "image/png")
    for nowhere in ("/map/1/0/0", "/map/0/1/0", "/map/99/0/0"):
        assert ada.get(nowhere).status_code == 404
    assert town.browser().get("/map/0/0/0").status_code == 302
    assert "/map/{z}/{x}/{y}" in ada.get("/alerts/new/holding?mode=live").text


@pytest.mark.parametrize("content", [b"", b"PNG", b"PMTiles" + b"\x00" * 200, None])
def test_a_map_file_that_is_none_is_said(
    environment: dict[str, str], folder: Path, request: pytest.FixtureRequest, content: bytes | None
) -> None:
    path = folder / "city.pmtiles"
    pmtiles(path, TileType.MVT) if content is None else path.write_bytes(content)
    environment["BROADCASTER_MAP_TILES"] = str(path)
    answer = request.getfixturevalue("town").of("ada").get("/map/0/0/0")
    assert answer.status_code == 503
    assert "city.pmtiles" in answer.text


def test_only_a_tile_server_that_is_set_may_show_pictures() -> None:
    assert "img-src 'self' data:;" in policy()
    assert "img-src 'self' data: https://tiles.example;" in policy("https://tiles.example/{z}/{x}/{y}.png")
    assert "data: https://*.tiles.example:8443;" in policy("https://{s}.tiles.example:8443/{z}/{x}/{y}.png")
    for wrong in ("tiles", "https://tiles.example/", "https://evil; script-src *//{z}", "javascript:{z}"):
        with pytest.raises(Exception, match="MAP_TILES"):
            load({"BROADCASTER_MAP_TILES": wrong})
    assert Settings().map_tiles == ""


def test_what_is_not_known_of_an_area_is_said(town: House) -> None:
    ada = town.of("ada")
    page = typed(ada, opened(ada) | HOLDING | {"area.zones": ["rocklea"]}).text
    assert "How many live in Rocklea is unknown" in page
    circle = {"area.zones": [], "area.circle.lat": "-27.5", "area.circle.lon": "153.01", "area.circle.radius_km": "0,2"}
    page = typed(ada, opened(ada) | HOLDING | circle).text
    assert "Reached in part:" in page
    assert 'data-codes="' in page


def test_an_outline_is_uploaded_and_stays_when_it_cannot_be_read(town: House, rt: Runtime) -> None:
    ada = town.of("ada")
    form = opened(ada) | HOLDING | {"area.zones": [], "action": "save"}
    answer = ada.post(
        "/alerts/new/holding", form | {"area.file": (io.BytesIO(json.dumps(SQUARE).encode()), "a.geojson")}
    )
    assert the_draft(rt, answer.headers["Location"])["area"]["polygon"][0] == [-27.5, 153.0]
    form = opened(ada) | HOLDING | {"action": "save", "new_incident": "Other"}
    answer = ada.post("/alerts/new/holding", form | {"area.file": (io.BytesIO(b"\xff\xfe not json"), "a.geojson")})
    assert answer.status_code == 422
    assert "is not GeoJSON that can be read" in answer.text


def test_an_address_that_cannot_be_looked_up_is_said_beside_it(town: House) -> None:
    ada = town.of("ada")
    near = {"area.near.address": "12 Sherwood Rd", "area.near.radius_km": "1", "action": "find"}
    page = ada.post("/alerts/new/holding", opened(ada) | HOLDING | near).text
    assert "addresses cannot be looked up" in page
    assert 'value="12 Sherwood Rd"' in page
