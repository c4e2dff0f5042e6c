"""The public pages from their files, where no other web server gives them out: no log-in, no database, no queue."""

from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.security import safe_join

from broadcaster.store.status_page import content_security_policy
from broadcaster.web.auth.guard import everybody, polled
from broadcaster.web.context import runtime

blueprint = Blueprint("status", __name__)

#: Shared caches may answer for 15 s, stale ones while we are down for a day.
_CACHE = "public, max-age=15, stale-while-revalidate=60, stale-if-error=86400"
_TYPES = {
    ".atom": "application/atom+xml",
    ".rss": "application/rss+xml",
    ".xml": "application/cap+xml",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".html": "text/html; charset=utf-8",
}


@blueprint.get("/status/", defaults={"path": ""})
@blueprint.get("/status/<path:path>")
@everybody
@polled
def live(path: str) -> Response:
    """A page, feed or picture of the real thing."""
    return _file(runtime().settings.status_root(True), path)


@blueprint.get("/status-exercise/", defaults={"path": ""})
@blueprint.get("/status-exercise/<path:path>")
@everybody
@polled
def exercise(path: str) -> Response:
    """The same of exercises."""
    return _file(runtime().settings.status_root(False), path)


def _file(root: Path, path: str) -> Response:
    pieces = path.split("/")
    if any(piece.startswith(".") for piece in pieces):  # the pages' own book-keeping
        raise NotFound
    wanted = path + "index.html" if not path or path.endswith("/") else path
    found = safe_join(str(root.absolute()), wanted)
    if found is None or wanted.endswith(".gz") or not Path(found).is_file():
        raise NotFound
    packed = request.accept_encodings["gzip"] > 0 and Path(f"{found}.gz").is_file()
    kind = _TYPES.get(Path(wanted).suffix)
    answer = send_from_directory(root.absolute(), wanted + (".gz" if packed else ""), mimetype=kind, conditional=True)
    if packed:
        answer.headers["Content-Encoding"] = "gzip"
    answer.headers["Vary"] = "Accept-Encoding"
    answer.headers["Cache-Control"] = _CACHE
    answer.headers["Content-Security-Policy"] = content_security_policy()
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if wanted.endswith((".json", ".atom", ".rss", ".xml", ".txt")):
        answer.headers["Access-Control-Allow-Origin"] = "*"
    return answer
