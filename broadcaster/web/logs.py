"""One line of JSON per request on stderr: what was asked, how it ended, how long it took, and never whose words or numbers."""

import logging
import sys
import time

import structlog
from flask import Flask, Response, g, request

#: A large send brings a million of these: only those that were refused are worth a line, or nothing else would be left in the log.
_MANY = ("webhooks.twilio_status", "webhooks_sinch.status")


def log_to_stderr() -> None:
    """Let structlog write JSON lines to stderr, unless the program has set it up already."""
    if structlog.is_configured():
        return
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def log_requests(app: Flask) -> None:
    """Write one line per request of `app`. The endpoint stands for the address: ids and queries stay out."""
    log = structlog.get_logger("web")

    @app.before_request
    def begin() -> None:
        g.began = time.monotonic()

    @app.after_request
    def end(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        silent = endpoint in ("health.healthz", "static") or (endpoint in _MANY and response.status_code < 300)
        if not silent:
            took = round((time.monotonic() - g.get("began", time.monotonic())) * 1000)
            log.info("request", method=request.method, endpoint=endpoint, status=response.status_code, ms=took)
        return response
