"""Settings of the web framework and its extensions, made from the installation's own."""

import hashlib
import hmac
from datetime import timedelta
from pathlib import Path
from typing import Any

from broadcaster.clock import utc_now
from broadcaster.domain.errors import NotReady
from broadcaster.services.accounts import LONGEST_PASSWORD, SHORTEST_PASSWORD
from broadcaster.settings import Settings
from broadcaster.web.auth.words import SECURITY_WORDS

#: Largest body of an ordinary request, and of an upload, in bytes.
BODY = 1 << 20
UPLOAD = 10 << 20
#: A session ends when nobody has used it for so long, and after so long whatever happens.
IDLE = timedelta(minutes=30)
LONGEST_SESSION = timedelta(hours=12)
_SHORTEST_SECRET = 32


def configuration(settings: Settings, translations: Path) -> dict[str, Any]:
    """Everything that Flask and its extensions read. NotReady without a SECRET_KEY that cannot be guessed."""
    secret = settings.secret_key.get_secret_value()
    if len(secret) < _SHORTEST_SECRET or len(set(secret)) < 10:
        raise NotReady(f"SECRET_KEY must be {_SHORTEST_SECRET} random characters or more")
    https = is_https(settings)
    return {
        "SECRET_KEY": secret,
        "MAX_CONTENT_LENGTH": BODY,
        "SESSION_COOKIE_NAME": "__Host-session" if https else "session",
        "SESSION_COOKIE_SECURE": https,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": LONGEST_SESSION,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session that it belongs to
        "WTF_CSRF_CHECK_DEFAULT": True,
        "BOOTSTRAP_SERVE_LOCAL": True,
        "BABEL_TRANSLATION_DIRECTORIES": str(translations),
        "RATELIMIT_HEADERS_ENABLED": True,
        **_security(secret, https),
    }


def is_https(settings: Settings) -> bool:
    """True when people reach the console over TLS."""
    return settings.public_url.lower().startswith("https://")


def _security(secret: str, https: bool) -> dict[str, Any]:
    values: dict[str, Any] = {
        "PASSWORD_HASH": "argon2",
        "PASSWORD_SCHEMES": ["argon2"],
        "PASSWORD_SINGLE_HASH": True,
        "PASSWORD_LENGTH_MIN": SHORTEST_PASSWORD,
        "PASSWORD_SALT": _derived(secret, "password"),
        "RETURN_GENERIC_RESPONSES": True,
        "CHANGEABLE": True,
        "CHANGE_URL": "/password",
        "SEND_PASSWORD_CHANGE_EMAIL": False,
        "TWO_FACTOR": True,
        "TWO_FACTOR_ENABLED_METHODS": ["authenticator"],
        "TWO_FACTOR_RESCUE_EMAIL": False,
        "TWO_FACTOR_ALWAYS_VALIDATE": True,
        "TWO_FACTOR_SETUP_URL": "/two-factor",
        "TWO_FACTOR_TOKEN_VALIDATION_URL": "/two-factor/code",
        "TWO_FACTOR_RESCUE_URL": "/two-factor/lost",
        "TWO_FACTOR_SELECT_URL": "/two-factor/which",
        "MULTI_FACTOR_RECOVERY_CODES": True,
        "MULTI_FACTOR_RECOVERY_CODES_N": 8,
        "MULTI_FACTOR_RECOVERY_CODES_URL": "/two-factor/recovery-codes",
        "MULTI_FACTOR_RECOVERY_URL": "/two-factor/recovery",
        "TOTP_SECRETS": {"1": _derived(secret, "totp")},
        "TOTP_ISSUER": "Broadcaster",
        # A passkey is a second step here: the password stays the first, so that a lost phone alone opens nothing.
        "WEBAUTHN": True,
        "WAN_ALLOW_AS_FIRST_FACTOR": False,
        "WAN_ALLOW_AS_MULTI_FACTOR": False,
        "WAN_ALLOW_AS_VERIFY": None,
        "WAN_RP_NAME": "Broadcaster",
        "WAN_REGISTER_URL": "/passkeys",
        "WAN_SIGNIN_URL": "/passkeys/log-in",
        "WAN_DELETE_URL": "/passkeys/remove",
        "WAN_VERIFY_URL": "/passkeys/verify",
        "WAN_POST_REGISTER_VIEW": "/account/second-step",
        "DATETIME_FACTORY": utc_now,
        "API_ENABLED_METHODS": ["session"],
        "LOGOUT_METHODS": ["POST"],
        "LOGOUT_CSRF": True,
        "FRESHNESS": timedelta(minutes=15),
        "FRESHNESS_GRACE_PERIOD": timedelta(minutes=5),
        "DEFAULT_REMEMBER_ME": False,
        "POST_LOGIN_VIEW": "/",
        "POST_LOGOUT_VIEW": "/login",
        "POST_CHANGE_VIEW": "/account",
        "TWO_FACTOR_POST_SETUP_VIEW": "/account/second-step",
        "TWO_FACTOR_VALIDITY_COOKIE": {"httponly": True, "secure": https, "samesite": "Strict"},
        "CLI_USERS_NAME": "",
        "CLI_ROLES_NAME": "",
        "LONGEST_PASSWORD": LONGEST_PASSWORD,
        **{f"MSG_{name}": words for name, words in SECURITY_WORDS.items()},
    }
    return {f"SECURITY_{name}": value for name, value in values.items()}


def _derived(secret: str, purpose: str) -> str:
    """A key of its own for each purpose: one that leaks says nothing about the others."""
    return hmac.new(secret.encode(), purpose.encode(), hashlib.sha256).hexdigest()
