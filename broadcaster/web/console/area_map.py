"""What the map is made of: Leaflet from its package, the zones as GeoJSON, and the ground under them, from one file or a tile server."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from flask import Response, current_app, jsonify, request, send_from_directory, url_for

from broadcaster.domain.errors import NotFound
from broadcaster.domain.rules import Role
from broadcaster.store import generations, zones
from broadcaster.store.tiles import TileFile
from broadcaster.web.auth.guard import everybody, needs, polled
from broadcaster.web.console import blueprint
from broadcaster.web.context import runtime
from broadcaster.web.display import said

#: Corners closer together than this (metres) cannot be told apart on a screen that shows a whole zone.
_DETAIL = 10.0
_FILES = frozenset({"leaflet.js", "leaflet.css"})
_DAY = 86_400
_TILES = "broadcaster.tiles"


@blueprint.get("/assets/leaflet/<name>")
@everybody
def leaflet(name: str) -> Response:
    """The map's script and style, from their package on this machine."""
    spec = find_spec("js_lib_leaflet")
    assert spec is not None
    assert spec.origin is not None
    if name not in _FILES:
        raise NotFound("there is no such file")
    folder = Path(spec.origin).parent / "static"
    found = next(folder.rglob(name))
    answer = send_from_directory(found.parent, name, max_age=_DAY)
    answer.headers["Cache-Control"] = f"public, max-age={_DAY}"
    return answer


@blueprint.get("/zones.geojson")
@needs(Role.VIEWER)
@polled
def zones_geojson() -> Response:
    """All zones in force: `code`, `name` in the reader's language, `population` or null, and an outline good for a screen."""
    with runtime().db.read() as connection:
        known, generation = zones.listing(connection), generations.current(connection)
    features = [
        {
            "type": "Feature",
            "properties": {"code": zone.code, "name": said(zone.names), "population": zone.population},
            "geometry": zone.shape.simplified(_DETAIL).geojson(),
        }
        for zone in known
    ]
    answer = jsonify({"type": "FeatureCollection", "features": features})
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(f"{generation}-{len(features)}-{request.accept_languages.best or ''}")
    answer.make_conditional(request)
    return answer


@blueprint.get("/map/<int:zoom>/<int:across>/<int:down>")
@needs(Role.VIEWER)
@polled
def map_tile(zoom: int, across: int, down: int) -> Response:
    """One square of the ground, from the PMTiles file of the settings."""
    tiles = _tiles()
    content = tiles.tile(zoom, across, down) if tiles else None
    if tiles is None or content is None:
        raise NotFound("there is no such tile")
    answer = Response(content, mimetype=tiles.mime_type)
    answer.headers["Cache-Control"] = f"private, max-age={_DAY}"
    return answer


def ground() -> dict[str, Any]:
    """What the map's script is told about what lies under the zones; empty without a setting."""
    settings = runtime().settings
    if not settings.map_tiles:
        return {}
    tiles = _tiles()
    if tiles is None:
        return {"url": settings.map_tiles, "attribution": settings.map_attribution, "most": 19}
    first = url_for("console.map_tile", zoom=0, across=0, down=0)
    url = first.removesuffix("0/0/0") + "{z}/{x}/{y}"
    return {"url": url, "attribution": settings.map_attribution, "most": tiles.most_zoom}


def _tiles() -> TileFile | None:
    """The PMTiles file, opened once in each process."""
    path = runtime().settings.map_tiles
    if not path.endswith(".pmtiles"):
        return None
    if _TILES not in current_app.extensions:
        current_app.extensions[_TILES] = TileFile(Path(path))
    found: TileFile = current_app.extensions[_TILES]
    return found
