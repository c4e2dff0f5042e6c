"""create_app: the one place where the parts of the web are joined."""

from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from flask_bootstrap import Bootstrap5
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from flask_security import Security
from flask_wtf.csrf import CSRFProtect
from jinja2 import StrictUndefined

from broadcaster import clock
from broadcaster.runtime import Runtime
from broadcaster.web import (
    console,
    context,
    dearness,
    display,
    findings,
    health,
    language,
    shared,
    status_page,
    told,
    webhooks,
    webhooks_sinch,
)
from broadcaster.web.auth import destination, guard, limits, oidc, origin, sessions
from broadcaster.web.auth.people import OneTimeCodes, Passkeys, People
from broadcaster.web.config import configuration, is_https
from broadcaster.web.console import compose_display, night_display
from broadcaster.web.errors import handle_errors
from broadcaster.web.headers import add_headers
from broadcaster.web.logs import log_requests, log_to_stderr
from broadcaster.web.packing import pack_files

_HERE = Path(__file__).parent
TRANSLATIONS = _HERE / "translations"


def create_app(
    rt: Runtime, only: Literal["webhooks"] | None = None, clock: Callable[[], datetime] = clock.utc_now
) -> OpenAPI:
    """The web of one installation. `only="webhooks"`: callbacks and health, so that receipts never delay the stop button."""
    log_to_stderr()
    app = OpenAPI(
        __name__,
        info=Info(title="Broadcaster", version="1"),
        doc_ui=False,
        template_folder=str(rt.folder / "templates" / "console"),
        static_folder=str(_HERE / "static"),
    )
    app.config.update(configuration(rt.settings, TRANSLATIONS))
    context.bind(app, rt, clock)
    log_requests(app)
    guard.watch(app)
    csrf = CSRFProtect()
    handle_errors(app)
    add_headers(app, is_https(rt.settings), rt.settings.map_tiles)
    pack_files(app)
    app.register_blueprint(health.blueprint)
    for callbacks in (webhooks.blueprint, webhooks_sinch.blueprint):
        app.register_blueprint(callbacks)
        csrf.exempt(callbacks)
    _speak(app, rt)
    if only is None:
        _console(app, rt, csrf)
    csrf.init_app(app)
    return app


def _speak(app: OpenAPI, rt: Runtime) -> None:
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["broadcaster.words"] = language.speak(app, TRANSLATIONS, rt.profile)
    display.add_filters(app)
    compose_display.add_filters(app)
    dearness.add_filters(app)
    findings.add_filters(app)
    night_display.add_filters(app)
    shared.share(app)
    told.learn(app, rt.kinds.values())


def _console(app: OpenAPI, rt: Runtime, csrf: CSRFProtect) -> None:
    Bootstrap5(app)
    security = Security(app, People(rt.db), totp_cls=OneTimeCodes, webauthn_util_cls=Passkeys)
    security.i18n_domain = app.extensions["broadcaster.words"]
    sessions.keep_sessions(app, security.login_manager)
    origin.refuse_others(app, rt.settings.public_url)
    destination.refuse_crafted_links(app)
    app.register_blueprint(status_page.blueprint)
    console.register(app)
    limits.limit_guesses(app)
    oidc.join(app, rt.settings)
    if find_spec("broadcaster.web.api") is not None:
        api = import_module("broadcaster.web.api")
        api.register(app, rt)
        csrf.exempt(api.blueprint)
