"""From settings to channels: whose account a channel speaks for, live or in an exercise, and what it still lacks."""

import json
from collections.abc import Callable

from pydantic import SecretStr

from broadcaster.domain.errors import NotReady
from broadcaster.settings import Providers, Settings
from channels.base import Channel

#: Settings that a channel cannot do without; the others have defaults.
_NEEDS: dict[str, tuple[str, ...]] = {
    "sms": ("twilio_account_sid", "twilio_auth_token", "twilio_from"),
    "x": ("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_secret"),
    "facebook": ("facebook_page_id", "facebook_page_token"),
    "website": (),
}


def missing(name: str, settings: Settings, live: bool) -> str:
    """The settings that a channel lacks; empty when it can be made."""
    given = settings.providers(live)
    lacking = [need for need in _NEEDS[name] if not _value(given, need)]
    if not lacking or (not live and _sandbox(settings)):
        return ""
    prefix = "BROADCASTER_" if live else "BROADCASTER_EXERCISE_"
    return f"{name} is not set up: set {', '.join(prefix + each.upper() for each in lacking)}"


def _value(given: Providers, name: str) -> str:
    value = getattr(given, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def make(name: str, settings: Settings, live: bool, timeout: float) -> Channel:
    """The channel by name, whose calls take at most `timeout` seconds; NotReady says what it lacks."""
    if lacking := missing(name, settings, live):
        raise NotReady(lacking)
    given = settings.providers(live)
    if any(not _value(given, need) for need in _NEEDS[name]):
        given = _sandbox_account(name, given, settings)
    return _MAKERS[name](given, settings, live, timeout)


def _sandbox(settings: Settings) -> dict[str, str]:
    """Addresses of the sandbox that `broadcaster run` keeps for exercises: provider → URL; empty when there is none."""
    try:
        found = json.loads((settings.var_dir / "sandbox.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _sandbox_account(name: str, given: Providers, settings: Settings) -> Providers:
    """An exercise without credentials of its own goes to the sandbox, whole: never half an account of each."""
    from channels.sandbox.facebook_rules import FacebookSettings
    from channels.sandbox.twilio_rules import TwilioSettings
    from channels.sandbox.x_auth import XSettings

    urls, twilio, x, facebook = _sandbox(settings), TwilioSettings(), XSettings(), FacebookSettings()
    accounts: dict[str, dict[str, object]] = {
        "sms": {
            "twilio_account_sid": twilio.account_sid,
            "twilio_auth_token": twilio.auth_token,
            "twilio_from": f"{EXERCISE_SENDER}=1000",
            "twilio_api_url": urls.get("twilio", ""),
        },
        "x": {
            "x_consumer_key": x.consumer_key,
            "x_consumer_secret": x.consumer_secret,
            "x_access_token": x.access_token,
            "x_access_secret": x.access_secret,
            "x_api_url": urls.get("x", ""),
        },
        "facebook": {
            "facebook_page_id": facebook.page_id,
            "facebook_page_token": facebook.page_token,
            "facebook_app_secret": facebook.app_secret,
            "facebook_api_url": urls.get("facebook", ""),
        },
    }
    return Providers.model_validate(given.model_dump() | accounts[name])


#: Who exercise texts come from in the sandbox: a name, so that it can be nobody's number.
EXERCISE_SENDER = "EXERCISE"


def _sms(given: Providers, settings: Settings, live: bool, timeout: float) -> Channel:
    from channels.sms import Sms, TwilioOptions, parse_senders

    return Sms(
        TwilioOptions(
            account_sid=given.twilio_account_sid,
            auth_token=given.twilio_auth_token.get_secret_value(),
            senders=parse_senders(given.twilio_from),
            info_senders=parse_senders(given.twilio_from_info),
            api_url=given.twilio_api_url,
            timeout=timeout,
        )
    )


def _x(given: Providers, settings: Settings, live: bool, timeout: float) -> Channel:
    from channels.x import X, XOptions

    return X(
        XOptions(
            consumer_key=given.x_consumer_key,
            consumer_secret=given.x_consumer_secret.get_secret_value(),
            access_token=given.x_access_token.get_secret_value(),
            access_secret=given.x_access_secret.get_secret_value(),
            api_url=given.x_api_url,
            timeout=timeout,
        )
    )


def _facebook(given: Providers, settings: Settings, live: bool, timeout: float) -> Channel:
    from channels.facebook import Facebook, FacebookOptions

    return Facebook(
        FacebookOptions(
            page_id=given.facebook_page_id,
            page_token=given.facebook_page_token.get_secret_value(),
            app_secret=given.facebook_app_secret.get_secret_value(),
            api_url=given.facebook_api_url,
            api_version=given.facebook_api_version,
            timeout=timeout,
        )
    )


def _website(given: Providers, settings: Settings, live: bool, timeout: float) -> Channel:
    from channels.website import Website, WebsiteOptions

    root = settings.status_root(live)
    if root.parent == settings.var_dir:
        # Ours to make; a folder that the operator named must be there, or it is told.
        root.mkdir(parents=True, exist_ok=True)
    return Website(WebsiteOptions(root=root, base_url=settings.public_address(live)))


_MAKERS: dict[str, Callable[[Providers, Settings, bool, float], Channel]] = {
    "sms": _sms,
    "x": _x,
    "facebook": _facebook,
    "website": _website,
}
