"""Headers that every answer carries, so that a browser runs only what we wrote and nobody frames our buttons."""

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
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_TWO_YEARS = "max-age=63072000; includeSubDomains"


def add_headers(app: Flask, https: bool) -> None:
    """Put them on every answer of `app`; what a view has set stays. Pages are private and never kept unless a view says so."""

    @app.after_request
    def headers(response: Response) -> Response:
        for name, value in _ALWAYS.items():
            response.headers.setdefault(name, value)
        if https:
            response.headers.setdefault("Strict-Transport-Security", _TWO_YEARS)
        if not (request.endpoint or "").endswith("static"):
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response
