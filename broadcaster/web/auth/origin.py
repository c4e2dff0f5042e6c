"""A form may only come from a page of ours: the browser says where it came from, and that must be here."""

from urllib.parse import urlsplit

from flask import Flask, request
from werkzeug.exceptions import Forbidden

_CHANGES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
#: These prove themselves with keys and signatures, and take no cookie.
_WITHOUT_COOKIES = ("/api/", "/webhooks/")


def refuse_others(app: Flask, public_url: str) -> None:
    """Refuse what another site's page sends with our cookie, before the token of the form is even looked at."""
    ours = urlsplit(public_url).netloc

    @app.before_request
    def origin() -> None:
        if request.method not in _CHANGES or request.path.startswith(_WITHOUT_COOKIES):
            return
        if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise Forbidden
        claimed = request.headers.get("Origin")
        if claimed is not None and urlsplit(claimed).netloc not in (ours, request.host):
            raise Forbidden
