"""Sends style sheets and scripts packed, and lets browsers keep them: on a bad network they are most of what a page weighs.

Pages are left as they are: an answer that mixes secrets with what somebody typed must not show its contents by its size.
"""

import functools
import gzip

from flask import Flask, Response, request

_TYPES = ("text/css", "text/javascript", "application/javascript", "image/svg+xml")
_FILES = ("static", "bootstrap.static", "console.htmx")
#: Smaller ones fit into one packet anyhow.
_SMALLEST = 800


def pack_files(app: Flask) -> None:
    """Pack every file of `app` that a browser takes packed; each is packed once in a process."""

    @functools.lru_cache(maxsize=64)
    def packed(data: bytes) -> bytes:
        return gzip.compress(data, 9, mtime=0)

    @app.after_request
    def pack(response: Response) -> Response:
        if request.endpoint not in _FILES or response.status_code != 200 or response.mimetype not in _TYPES:
            return response
        response.vary.add("Accept-Encoding")
        if "v" in request.args:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        elif request.endpoint == "bootstrap.static":
            response.headers["Cache-Control"] = "public, max-age=86400"
        if request.accept_encodings["gzip"] <= 0 or request.headers.get("Range"):
            return response
        response.direct_passthrough = False
        data = response.get_data()
        if len(data) >= _SMALLEST:
            response.set_data(packed(data))
            response.headers["Content-Encoding"] = "gzip"
            response.headers.pop("Accept-Ranges", None)
        return response
