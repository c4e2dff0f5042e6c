"""Headers that every answer carries, so that a browser runs only what we wrote and nobody frames our buttons."""

from urllib.parse import urlsplit

from flask import Flask, Response, request

#: Pictures as data: are the small signs inside Bootstrap's style sheet and the code for an authenticator app.
POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_TWO_YEARS = "max-age=63072000; includeSubDomains"


def policy(tiles: str = "") -> str:
    """The content security policy; `tiles` is the address of a tile server whose pictures the map may show."""
    origin = f" https://{urlsplit(tiles).netloc}" if tiles.startswith("https://") else ""
    origin = f" http://{urlsplit(tiles).netloc}" if tiles.startswith("http://") else origin
    # {s} stands for one of several servers of the same name.
    return POLICY.replace("img-src 'self' data:", f"img-src 'self' data:{origin.replace('{s}', '*')}")


def add_headers(app: Flask, https: bool, tiles: str = "") -> None:
    """Put them on every answer of `app`; what a view has set stays. Pages are private and never kept unless a view says so."""
    always = _ALWAYS | {"Content-Security-Policy": policy(tiles)}

    @app.after_request
    def headers(response: Response) -> Response:
        for name, value in always.items():
            response.headers.setdefault(name, value)
        if https:
            response.headers.setdefault("Strict-Transport-Security", _TWO_YEARS)
        if not (request.endpoint or "").endswith("static"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
