"""The ground under the zones from one PMTiles file, so that the map needs no map server: the only importer of pmtiles."""

from pathlib import Path

from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import MagicNumberNotFound, SpecVersionUnsupported, TileType

from broadcaster.domain.errors import NotReady

#: Kinds of pictures that a browser shows as they are. Vector tiles would need a drawing script of their own.
_PICTURES = {TileType.PNG: "image/png", TileType.JPEG: "image/jpeg", TileType.WEBP: "image/webp"}
#: No map has squares smaller than this; a number beyond it is nobody's.
_DEEPEST = 22


class TileFile:
    """A PMTiles archive of pictures. NotReady when it cannot be opened or holds none."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._reader = Reader(MmapSource(file))  # type: ignore[no-untyped-call]
                header = self._reader.header()  # type: ignore[no-untyped-call]
        except (OSError, ValueError, KeyError, IndexError, MagicNumberNotFound, SpecVersionUnsupported) as error:
            raise NotReady(f"the map file {path.name} cannot be read: {type(error).__name__}") from None
        kind = header["tile_type"]
        if kind not in _PICTURES:
            raise NotReady(f"the map file {path.name} holds no pictures; make it with PNG, JPEG or WebP tiles")
        self.mime_type = _PICTURES[kind]
        self.most_zoom = int(header["max_zoom"])

    def tile(self, zoom: int, across: int, down: int) -> bytes | None:
        """One square, or None where the file has none."""
        if not 0 <= zoom <= _DEEPEST or not (0 <= across < 2**zoom and 0 <= down < 2**zoom):
            return None
        found: bytes | None = self._reader.get(zoom, across, down)  # type: ignore[no-untyped-call]
        return found
