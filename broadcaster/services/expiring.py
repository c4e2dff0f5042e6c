"""Warns whoever answers for an alert 60, 30 and 10 minutes before it runs out while people still follow it: each warning once.

Its end lifts nothing, but the page then says "not renewed", and nobody should learn of that from the page.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from broadcaster.domain.errors import BroadcasterError
from broadcaster.domain.rules import SYSTEM
from broadcaster.runtime import Runtime
from broadcaster.services import single_text
from broadcaster.store import accounts, expiring, journal
from broadcaster.store.accounts import Account
from broadcaster.store.expiring import Ending
from channels.base import ChannelError

#: What the text says, per language of the console; {city}, {mode}, {what}, {time}, {minutes} and {link} are filled in.
WORDS = {
    "en": "{city}: {mode}{what} runs out at {time}, in {minutes} min, and people still follow it. Renew or lift it: {link}",
    "nb": "{city}: {mode}{what} går ut {time}, om {minutes} min, og folk følger det fortsatt. Forny eller opphev: {link}",
}
MODE = {"en": "EXERCISE EXERCISE ", "nb": "ØVELSE ØVELSE "}


def warn(rt: Runtime, now: datetime) -> None:
    """Give every warning whose time has come. Where several have, after a stand-still, one text says it."""
    with rt.db.read() as connection:
        due = [each for each in expiring.soon(connection, now) if each.due]
    for each in due:
        with rt.db.write() as tx:
            for minutes in each.due:
                expiring.note(tx, each.id, minutes, each.owner, now)
            reached = _reached(tx, each)
        last = min(each.due)
        problem = "" if reached else "nobody who answers for it has a proved phone"
        if reached:
            problem = _send(rt, each, reached, now)
        with rt.db.write() as tx:
            expiring.told(tx, each.id, last, reached.id if reached and not problem else "", problem)
            body = {"minutes": last, "told": reached.id if reached and not problem else "", "problem": problem}
            journal.append(tx, each.incident, SYSTEM, "warn of the end", now, alert_id=each.id, body=body)


def _reached(connection: Connection, each: Ending) -> Account | None:
    """Whoever answers for it, else who approved it: the first of them with a phone that is proved."""
    known = {account.id: account for account in accounts.listing(connection) if account.active}
    for user_id in (each.owner, each.approved_by):
        account = known.get(user_id)
        if account is not None and account.phone and account.phone_verified_at is not None:
            return account
    return None


def _send(rt: Runtime, each: Ending, account: Account, now: datetime) -> str:
    """One text by the single-send path, in the person's language; returns why it was not taken, or nothing."""
    tag = account.language if account.language in WORDS else "en"
    spoken = next(iter(rt.kinds.values())).languages
    language = spoken.get(tag) or next(iter(spoken.values()))
    words = WORDS[tag].format(
        city=rt.profile.in_language(rt.profile.sender, tag),
        mode="" if each.live else MODE[tag],
        what=each.title,
        time=language.clock_time(each.expires_at.astimezone(ZoneInfo(rt.profile.timezone))),
        minutes=max(1, round((each.expires_at - now) / timedelta(minutes=1))),
        link=f"{rt.settings.public_url.rstrip('/')}/alerts/{each.id}",
    )
    valid_for = max(60, int((each.expires_at - now).total_seconds()))
    try:
        single_text.send(rt, account.phone or "", words, each.live, valid_for, each.lane)
    except (BroadcasterError, ChannelError) as error:
        return str(error)
    return ""
