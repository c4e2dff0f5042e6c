"""Log-in at the organisation's own OpenID Connect provider: code flow with PKCE, state and nonce, by Authlib.

It replaces the password and nothing else: people, roles and second steps stay ours. Nobody gets an account by it.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Blueprint, Flask, Response, current_app, flash, redirect, request, session, url_for
from flask_login import current_user
from flask_security import login_user
from joserfc.errors import JoseError

from broadcaster.domain.errors import NotAllowed
from broadcaster.settings import Settings
from broadcaster.store import accounts
from broadcaster.store.accounts import Account
from broadcaster.web.auth.destination import is_ours
from broadcaster.web.auth.guard import everybody
from broadcaster.web.auth.passwords import CAME_BACK
from broadcaster.web.auth.people import Person
from broadcaster.web.auth.sessions import PROVIDER_MFA
from broadcaster.web.context import now, runtime
from broadcaster.web.language import gettext as _

log = structlog.get_logger(__name__)

blueprint = Blueprint("oidc", __name__)

_NAME = "oidc"
_NEXT, _AGAIN = "oidc_next", "oidc_again"
#: Seconds that the provider may take to answer, while somebody waits to warn a city.
_PATIENCE = 5
#: Signatures that prove who signed; one made with a shared secret would only prove that somebody knows ours.
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
#: A person asked to show themselves again did so no longer ago than this, by the provider's clock.
_RECENT = timedelta(minutes=5)


def join(app: Flask, settings: Settings) -> None:
    """Add the two routes to `app` where a provider is set up."""
    app.jinja_env.globals["oidc"] = bool(settings.oidc_issuer)
    if not settings.oidc_issuer:
        return
    OAuth(app).register(
        _NAME,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret.get_secret_value(),
        server_metadata_url=f"{settings.oidc_issuer.rstrip('/')}/.well-known/openid-configuration",
        client_kwargs={
            "scope": "openid email profile",
            "code_challenge_method": "S256",
            "default_timeout": _PATIENCE,
        },
    )
    app.register_blueprint(blueprint)


@blueprint.get("/oidc/log-in")
@everybody
def start() -> Response:
    """Off to the provider. `again`: it must ask the person anew, whoever it thinks is sitting there."""
    for key in [key for key in session if key.startswith("_state_") or key in (_NEXT, _AGAIN)]:
        session.pop(key)
    if is_ours(request.args.get("next", "")):
        session[_NEXT] = request.args["next"]
    anew: dict[str, Any] = {}
    if "again" in request.args:
        session[_AGAIN], anew = True, {"prompt": "login", "max_age": 0}
    try:
        provider = _provider()
        answer: Response = provider.authorize_redirect(f"{_public_url()}{url_for('oidc.back')}", **anew)
    except (OSError, RuntimeError, ValueError, NotAllowed) as error:
        log.warning("oidc_silent", error=type(error).__name__)
        return _to_login(
            _("Your organisation's log-in does not answer. Use your password here, or the sealed account.")
        )
    return answer


@blueprint.get("/oidc/back")
@everybody
def back() -> Response:
    """Back from the provider: whom it names, by an address that it has verified, comes in if they have an account here."""
    wanted, again = session.pop(_NEXT, ""), session.pop(_AGAIN, False)
    try:
        claims = _provider().authorize_access_token()["userinfo"]
        account = _whom(claims)
        came_back = again and _just_now(claims)
    except NotAllowed as error:
        return _to_login(str(error))
    except (OAuthError, JoseError, OSError, RuntimeError, ValueError, KeyError) as error:
        log.warning("oidc_refused", error=type(error).__name__)
        return _to_login(_("Your organisation's log-in did not work. Try again, or use your password here."))
    return _let_in(account, claims, wanted if is_ours(wanted) else "", came_back)


def _provider() -> Any:
    """The provider, once it has said what it is; NotAllowed when it says that it is another one."""
    provider = current_app.extensions["authlib.integrations.flask_client"].create_client(_NAME)
    told = provider.load_server_metadata()
    if str(told.get("issuer", "")).rstrip("/") != runtime().settings.oidc_issuer.rstrip("/"):
        provider.server_metadata.clear()
        raise NotAllowed(_("Your organisation's log-in is set up wrongly: it names another issuer."))
    given = told.get("id_token_signing_alg_values_supported") or ["RS256"]
    told["id_token_signing_alg_values_supported"] = [each for each in given if each in _ALGORITHMS]
    return provider


def _whom(claims: dict[str, Any]) -> Account:
    """The account of whoever is named; NotAllowed for an address that nobody verified or that has no account here."""
    email = str(claims.get("email", ""))
    if not email or claims.get("email_verified") is not True:
        raise NotAllowed(_("Your organisation's log-in gave no e-mail address that it has verified."))
    with runtime().db.read() as connection:
        account = accounts.find(connection, email=email)
    if account is None or not account.active or account.sealed_at:
        raise NotAllowed(_("Your organisation knows you, but you have no account here. Ask an admin."))
    return account


def _just_now(claims: dict[str, Any]) -> bool:
    """True when the provider says that the person showed themselves a moment ago, not that it remembered them."""
    at = claims.get("auth_time")
    return isinstance(at, int) and now() - datetime.fromtimestamp(at, now().tzinfo) < _RECENT


def _let_in(account: Account, claims: dict[str, Any], wanted: str, came_back: bool) -> Response:
    """Log in, by way of our own second step where they have one and the provider does not say that it asked for one (RFC 8176)."""
    asked = claims.get("amr")
    session.pop(PROVIDER_MFA, None)
    session.pop(CAME_BACK, None)
    if came_back:
        session[CAME_BACK] = [account.id, int(now().timestamp())]
    person = Person(account, runtime().db)
    there = wanted or url_for("console.home")
    if isinstance(asked, list) and "mfa" in asked:
        session[PROVIDER_MFA] = account.id
    elif not (current_user.is_authenticated and current_user.id == account.id):
        step = current_app.extensions["security"].two_factor_plugins.tf_enter(person, False, "oidc", there)
        if step:
            return step  # type: ignore[no-any-return]
    login_user(person, authn_via=["oidc"])
    return redirect(there)  # type: ignore[return-value]


def _to_login(words: str) -> Response:
    flash(words, "error")
    return redirect(url_for("security.login"))  # type: ignore[return-value]


def _public_url() -> str:
    """Our address as it is set, never what a Host header claims."""
    return runtime().settings.public_url.rstrip("/")
