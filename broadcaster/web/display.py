"""How pages show times, numbers, phones and states: filters for the console's templates, in the reader's language."""

import functools
import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from flask import Flask, current_app, url_for
from flask_babel import format_currency, format_decimal, get_locale
from flask_login import current_user
from sqlalchemy.exc import SQLAlchemyError

from broadcaster.domain import night
from broadcaster.domain.errors import sentence
from broadcaster.domain.language import Language
from broadcaster.domain.profile import Money
from broadcaster.domain.rules import Role
from broadcaster.store import accounts
from broadcaster.store.accounts import Account
from broadcaster.store.plans import selector_of
from broadcaster.store.zone_files import Zone
from broadcaster.web import mode, words
from broadcaster.web.auth.passwords import came_back
from broadcaster.web.context import now, runtime
from broadcaster.web.failures import cure
from broadcaster.web.language import CONSOLE_LANGUAGES, ngettext
from broadcaster.web.language import gettext as _
from broadcaster.web.plain_page import plain_page
from broadcaster.web.shared import shared

#: How many digits of a phone people below approver see.
_SHOWN = 3


def add_filters(app: Flask) -> None:
    """Make everything here known to the templates of `app`."""
    filters = (
        local,
        clock,
        soon,
        full,
        ago,
        phone,
        said,
        number,
        duration,
        from_iso,
        plain_page,
        channel_words,
        money,
        zone_called,
        order_words,
        sentence,
    )
    app.jinja_env.filters.update({each.__name__: each for each in filters})
    app.jinja_env.globals.update(
        ALERT_STATES=words.ALERT_STATES,
        DELIVERY_STATES=words.DELIVERY_STATES,
        BATCH_STATES=words.BATCH_STATES,
        CHANNELS=words.CHANNELS,
        ROLES=words.ROLES,
        ROLE_NAMES=words.ROLE_NAMES,
        MSG_TYPES=words.MSG_TYPES,
        ACTIONS=words.ACTIONS,
        RUN_STATES=words.RUN_STATES,
        REQUEST_STEPS=words.REQUEST_STEPS,
        WHYS=words.WHYS,
        asleep=asleep,
        what_runs=mode.mode,
        drill_word=mode.drill_word,
        STEP_STATES=words.STEP_STATES,
        FIELD_TYPES=words.FIELD_TYPES,
        VISIBILITIES=words.VISIBILITIES,
        CONSOLE_LANGUAGES=CONSOLE_LANGUAGES,
        channel_name=words.channel,
        reason=words.reason,
        cure=cure,
    )

    @app.context_processor
    def common() -> dict[str, Any]:
        return {
            "profile": runtime().profile,
            "kinds": runtime().kinds,
            "languages": _languages(),
            "locale": str(get_locale()),
            "zone_name": said(runtime().profile.timezone_name),
            "me": current_user.actor if getattr(current_user, "is_authenticated", False) else None,
            "may": may,
            "broken_seal": _broken_seal(),
            "broken_seal_for_all": broken_seal_for_all,
            "came_back": came_back,
            "now": now(),
            "static_url": static_url,
        }


def _broken_seal() -> Account | None:
    """The break-glass account while its seal is broken: everybody who is logged in sees that on every page."""
    return broken_seal_for_all() if getattr(current_user, "is_authenticated", False) else None


def broken_seal_for_all() -> Account | None:
    """The same for a screen that nobody is logged in at."""
    try:
        found: Account | None = shared().of("broken seal", _sealed)
    except SQLAlchemyError:
        return None  # the page that says that something is wrong must still come
    return found if found and found.opened_at and found.active else None


def _sealed() -> Account | None:
    with runtime().db.read() as connection:
        return accounts.sealed(connection)


def static_url(name: str) -> str:
    """A file of the console's own, by name; its address changes with its contents, so that browsers may keep it."""
    return url_for("static", filename=name, v=_contents(f"{current_app.static_folder}/{name}"))


@functools.cache
def _contents(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:10]


def may(role: str) -> bool:
    """True when the person who looks has this role or more."""
    return bool(getattr(current_user, "is_authenticated", False) and current_user.role.covers(Role(role)))


def asleep() -> bool:
    """True while a text wakes nobody in this city."""
    return night.asleep(in_zone(now()))


def in_zone(moment: datetime) -> datetime:
    """The city's wall clock."""
    return moment.astimezone(ZoneInfo(runtime().profile.timezone))


def local(moment: datetime | None) -> str:
    """As the city's clocks show it: "2 am Thu 13 Jan". Empty when there is none."""
    return _language().moment(in_zone(moment)) if moment else ""


def clock(moment: datetime | None) -> str:
    """The city's clock with its seconds, 14:02:10; with the day when that is not today's."""
    if moment is None:
        return ""
    there = in_zone(moment)
    return f"{there:%H:%M:%S}" if there.date() == in_zone(now()).date() else f"{there:%Y-%m-%d %H:%M:%S}"


def soon(moment: datetime | None) -> str:
    """The clock alone within the next 24 hours, else with its day."""
    return _language().soon(in_zone(moment), in_zone(now())) if moment else ""


def full(moment: datetime | None) -> str:
    """Machine-readable with offset, for <time datetime>."""
    return in_zone(moment).isoformat(timespec="seconds") if moment else ""


def channel_words(name: str) -> str:
    """A channel's name for people."""
    return words.channel(name)


def from_iso(text: str) -> datetime:
    """A time as a stored document has it."""
    return datetime.fromisoformat(text)


def order_words(area: Mapping[str, Any], zones: Mapping[str, Zone]) -> str:
    """In which order a stored area is told: "Order: Rocklea 2 pm, then Oxley 3.30 pm, then the rest." Empty when it has none."""
    selector = selector_of(area)
    steps = [
        f"{_language().listed([zone_called(code, zones) for code in codes])} {soon(moment)}"
        for moment, codes in selector.order
    ]
    if not steps:
        return ""
    told = (", " + _("then") + " ").join(steps)
    rest = selector.polygon or selector.circle or set(selector.zones) - set(selector.arrivals)
    return _("Order: %(steps)s, then the rest.", steps=told) if rest else _("Order: %(steps)s.", steps=told)


def _languages() -> Mapping[str, Language]:
    """How languages write times and lists; all kinds share them."""
    return next(iter(runtime().kinds.values())).languages


def _language() -> Language:
    languages = _languages()
    return languages.get(str(get_locale())) or next(iter(languages.values()))


def ago(moment: datetime | None) -> str:
    """Distance from now: "3 min ago", "in 2 h"."""
    if moment is None:
        return ""
    seconds = (moment - now()).total_seconds()
    if abs(seconds) < 30:
        return _("now")
    return _("in %(time)s", time=duration(seconds)) if seconds > 0 else _("%(time)s ago", time=duration(-seconds))


def duration(seconds: float) -> str:
    """Roughly how long: "40 s", "14 min", "2 h 5 min", "3 days"."""
    whole = round(seconds)
    if whole < 90:
        return _("%(number)s s", number=whole)
    minutes = round(whole / 60)
    if minutes < 90:
        return _("%(number)s min", number=minutes)
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return _("%(hours)s h %(minutes)s min", hours=hours, minutes=rest) if rest else _("%(hours)s h", hours=hours)
    days = round(hours / 24)
    return ngettext("%(num)s day", "%(num)s days", days)


def phone(number: str) -> str:
    """A phone for approvers; for others all but its last digits are hidden."""
    return number if may(Role.APPROVER) else f"{'•' * 6}{number[-_SHOWN:]}"


def said(texts: Mapping[str, str]) -> str:
    """Words per language in the reader's, else in the city's first."""
    locale = str(get_locale())
    return texts.get(locale) or runtime().profile.in_language(texts, locale)


def number(value: float) -> str:
    """With the language's separators: 18,412 or 18 412."""
    return str(format_decimal(value))


def money(amount: Money) -> str:
    """A$1,640.00, as the reader's language writes it."""
    return str(format_currency(amount.amount, amount.currency))


def zone_called(code: str, zones: Mapping[str, Zone]) -> str:
    """A zone's name for people; its code where it is not known any more."""
    return said(zones[code].names) if code in zones else code or _("no zone")
