"""Where one may be led after logging in: to a page of ours, by its path, and nowhere else."""

from urllib.parse import urlsplit

from flask import Flask, Response, redirect, request, url_for


def is_ours(path: str) -> bool:
    """True for a plain path of this site; browsers read backslashes and control characters in ways of their own."""
    if not path.startswith("/") or path.startswith("//") or any(sign == "\\" or sign <= " " for sign in path):
        return False
    parts = urlsplit(path)
    return not parts.scheme and not parts.netloc


def refuse_crafted_links(app: Flask) -> None:
    """A log-in with any other destination begins again without one."""

    @app.before_request
    def destination() -> Response | None:
        if not (request.endpoint or "").startswith("security."):
            return None
        # Flask-Security itself hands the log-in's own full address from the first step to the second.
        own = request.host_url.rstrip("/")
        wanted = [*request.args.getlist("next"), *request.form.getlist("next")]
        if all(is_ours(path.removeprefix(own)) for path in wanted if path):
            return None
        return redirect(url_for("security.login"), 303)  # type: ignore[return-value]
