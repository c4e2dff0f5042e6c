"""Looking up an address at a Nominatim server, through our own way out. Loaded on first use, because geopy takes its time."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from geopy.adapters import BaseSyncAdapter
from geopy.exc import GeopyError
from geopy.geocoders import Nominatim

from broadcaster.domain.errors import Invalid, NotReady, Problem
from broadcaster.domain.profile import Geocoder as Hints
from broadcaster.store.outbound import Limits, Outbound


@dataclass(frozen=True, slots=True)
class Found:
    """An address that was looked up: how the geocoder names it, and where it is."""

    label: str
    lat: float
    lon: float


class _Adapter(BaseSyncAdapter):  # type: ignore[misc]
    """Lets geopy speak through our own way out: its address judged, its answer limited, no redirect followed."""

    def __init__(self, outbound: Outbound) -> None:
        super().__init__(proxies=None, ssl_context=None)
        self._outbound = outbound

    def get_text(self, url: str, *, timeout: float, headers: Mapping[str, str]) -> str:
        answer = self._outbound.request("GET", url, headers=headers)
        if answer.status == 429:
            raise NotReady("the geocoder asks to wait; try again in a minute, or give zones or a circle")
        if answer.status != 200:
            raise NotReady(f"the geocoder answered {answer.status}; give zones or a circle instead")
        return answer.body.decode("utf-8", errors="replace")

    def get_json(self, url: str, *, timeout: float, headers: Mapping[str, str]) -> Any:
        try:
            return json.loads(self.get_text(url, timeout=timeout, headers=headers))
        except (ValueError, RecursionError):
            raise NotReady("the geocoder's answer cannot be read; give zones or a circle instead") from None


class Geocoder:
    """Looks up addresses at a Nominatim server; off when its URL is empty. Show ATTRIBUTION beside what it found."""

    ATTRIBUTION = "© OpenStreetMap contributors"

    def __init__(self, url: str, hints: Hints, user_agent: str, turn: Callable[[], None]) -> None:
        """`turn` waits until the whole application may ask again: Nominatim's usage policy allows once a second.

        `user_agent` says who asks, as the same policy demands. The server may be private: the settings name it.
        """
        self._hints, self._turn = hints, turn
        self._server: Nominatim | None = None
        if url:
            parts = urlsplit(url)
            out = Outbound(frozenset((parts.hostname or "",)), Limits(connect_s=3, total_s=8), user_agent)
            out.check(url)
            self._server = Nominatim(
                domain=parts.netloc + parts.path.rstrip("/"),
                scheme=parts.scheme,
                user_agent=user_agent,
                timeout=out.limits.total_s,
                adapter_factory=lambda **_: _Adapter(out),
            )

    def search(self, address: str, language: str, limit: int = 5) -> list[Found]:
        """The best matches, best first. NotReady: it is off or does not answer; Invalid: this is no address."""
        address = " ".join(address.split())
        if not address.isprintable() or not 3 <= len(address) <= 200:
            raise Invalid([Problem("area.near.address", "is not an address of 3 to 200 letters.")])
        if self._server is None:
            raise NotReady("addresses cannot be looked up: set BROADCASTER_GEOCODER_URL, or give zones or a circle")
        suffix, box = self._hints.suffix, self._hints.box
        query = f"{address}, {suffix}" if suffix and suffix.casefold() not in address.casefold() else address
        self._turn()
        try:
            places = self._server.geocode(
                query,
                exactly_one=False,
                limit=limit,
                language=language,
                country_codes=list(self._hints.country_codes) or None,
                viewbox=[(box[0], box[1]), (box[2], box[3])] if box else None,
                bounded=box is not None,
            )
        except (GeopyError, KeyError, TypeError, ValueError):
            raise NotReady("the geocoder's answer cannot be read; give zones or a circle instead") from None
        return [Found(str(place.address), float(place.latitude), float(place.longitude)) for place in places or ()]

    def find(self, address: str, language: str) -> Found:
        """The best match; Invalid when there is none."""
        found = self.search(address, language, limit=1)
        if not found:
            problem = Problem(
                "area.near.address", f"{address!r} was not found.", "Check it, or give zones or a circle."
            )
            raise Invalid([problem])
        return found[0]
