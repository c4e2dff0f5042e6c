"""From settings to channels: whose account a channel speaks for, live or in an exercise, and what it still lacks."""

import json
from collections.abc import Callable

from pydantic import SecretStr

import channels
from broadcaster import clock
from broadcaster.domain.errors import NotReady
from broadcaster.settings import Providers, Settings
from channels.base import Channel

#: Settings that a carrier cannot do without; the others have defaults.
_NEEDS: dict[str, tuple[str, ...]] = {
    "twilio": ("twilio_account_sid", "twilio_auth_token", "twilio_from"),
    "sinch": ("sinch_service_plan_id", "sinch_api_token", "sinch_from"),
    "x": ("x_consumer_key", "x_consumer_secret", "x_access_token", "x_access_secret"),
    "facebook": ("facebook_page_id", "facebook_page_token"),
    "website": (),
}


def carriers(name: str, settings: Settings, live: bool) -> tuple[str, ...]:
    """Who is set up to carry a channel, in order of preference; empty when nobody is.

    An exercise without any account of its own for a channel goes to the sandbox, by the first carrier and by those that live
    alerts have too, so that a failover can be practised. Never half of each: a text that an account could not carry must not end in
    the sandbox, where nobody reads it.
    """
    every, given = channels.carriers(name), settings.providers(live)
    own = tuple(carrier for carrier in every if not _lacking(carrier, given))
    if own or live:
        return own
    urls = _sandbox(settings)
    return tuple(
        carrier
        for carrier in every
        if (carrier in urls or not _NEEDS[carrier]) and (carrier == every[0] or not _lacking(carrier, settings.live))
    )


def missing(name: str, settings: Settings, live: bool) -> str:
    """The settings that a channel lacks; empty when it can be made."""
    if carriers(name, settings, live):
        return ""
    return _say(name, _lacking(channels.carriers(name)[0], settings.providers(live)), live)


def half_set(name: str, settings: Settings, live: bool) -> tuple[str, ...]:
    """What carriers lack that somebody began to set up, in words: with a second carrier that goes unnoticed otherwise."""
    given, able = settings.providers(live), carriers(name, settings, live)
    return tuple(
        _say(f"{name} by {carrier}", lacking, live)
        for carrier in channels.carriers(name)
        if carrier not in able and able
        if (lacking := _lacking(carrier, given)) and len(lacking) < len(_NEEDS[carrier])
    )


def _lacking(carrier: str, given: Providers) -> tuple[str, ...]:
    return tuple(need for need in _NEEDS[carrier] if not _value(given, need))


def _say(what: str, lacking: tuple[str, ...], live: bool) -> str:
    prefix = "BROADCASTER_" if live else "BROADCASTER_EXERCISE_"
    return f"{what} is not set up: set {', '.join(prefix + each.upper() for each in lacking)}"


def _value(given: Providers, name: str) -> str:
    value = getattr(given, name)
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)


def make(name: str, settings: Settings, live: bool, timeout: float, carrier: str = "") -> Channel:
    """The channel by name and carrier (empty: the first that is set up); its calls take at most `timeout` seconds.

    NotReady says what it lacks.
    """
    if lacking := missing(name, settings, live):
        raise NotReady(lacking)
    able = carriers(name, settings, live)
    carrier = carrier or able[0]
    given = settings.providers(live)
    if carrier not in able:
        raise NotReady(_say(f"{name} by {carrier}", _lacking(carrier, given), live))
    if _lacking(carrier, given):
        given = _sandbox_account(carrier, given, settings)
    return _MAKERS[carrier](given, settings, live, timeout)


def _sandbox(settings: Settings) -> dict[str, str]:
    """Addresses of the sandbox that `broadcaster run` keeps for exercises: provider → URL; empty when there is none."""
    try:
        found = json.loads((settings.var_dir / "sandbox.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}


def _sandbox_account(carrier: str, given: Providers, settings: Settings) -> Providers:
    """An exercise without credentials of its own goes to the sandbox, whole: never half an account of each."""
    from channels.sandbox.facebook_rules import FacebookSettings
    from channels.sandbox.sinch_rules import SinchSettings
    from channels.sandbox.twilio_rules import TwilioSettings
    from channels.sandbox.x_auth import XSettings

    urls, twilio, x, facebook = _sandbox(settings), TwilioSettings(), XSettings(), FacebookSettings()
    sinch = SinchSettings()
    accounts: dict[str, dict[str, object]] = {
        "twilio": {
            "twilio_account_sid": twilio.account_sid,
            "twilio_auth_token": twilio.auth_token,
            "twilio_from": f"{EXERCISE_SENDER}=1000",
            "twilio_api_url": urls.get("twilio", ""),
        },
        "sinch": {
            "sinch_service_plan_id": sinch.service_plan_id,
            "sinch_api_token": sinch.api_token,
            "sinch_from": f"{EXERCISE_SENDER}=1000",
            "sinch_callback_secret": sinch.callback_secret,
            "sinch_api_url": urls.get("sinch", ""),
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
    return Providers.model_validate(given.model_dump() | accounts[carrier])


#: Who exercise texts come from in the sandbox: a name, so that it can be nobody's number.
EXERCISE_SENDER = "EXERCISE"


def _twilio(given: Providers, settings: Settings, live: bool, timeout: float) -> Channel:
    from channels.senders import parse_senders
    from channels.sms import Sms, TwilioOptions

    return Sms(
        TwilioOptions(
            account_sid=given.twilio_account_sid,
            auth_token=given.twilio_auth_token.get_secret_value(),
            senders=parse_senders(given.twilio_from),
            info_senders=parse_senders(given.twilio_from_info),
            api_url=given.twilio_api_url,
            timeout=timeout,
            window=settings.sms_in_flight,
        )
    )


def _sinch(given: Providers, settings: Settings, live: bool, timeout: float) -> Channel:
    from channels.senders import parse_senders
    from channels.sinch import Sinch, SinchOptions

    return Sinch(
        SinchOptions(
            service_plan_id=given.sinch_service_plan_id,
            api_token=given.sinch_api_token.get_secret_value(),
            senders=parse_senders(given.sinch_from),
            now=clock.utc_now,
            info_senders=parse_senders(given.sinch_from_info),
            region=given.sinch_region,
            callback_secret=given.sinch_callback_secret.get_secret_value(),
            api_url=given.sinch_api_url,
            timeout=timeout,
            window=settings.sms_in_flight,
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
    "twilio": _twilio,
    "sinch": _sinch,
    "x": _x,
    "facebook": _facebook,
    "website": _website,
}
