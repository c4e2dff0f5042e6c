"""Waking the approver: one text to each who is to be called, kept as a row first, so that no submission waits for a provider.

The text leads to the page on which they decide. Where the profile lets a reply approve, it also carries the wording, the number
of phones, and a code for this person, this phone and this very wording (services/replying.py).
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from broadcaster.domain.errors import BroadcasterError
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.rules import SYSTEM
from broadcaster.runtime import Runtime
from broadcaster.services import calling_words, single_texts
from broadcaster.services.duty import OnCall
from broadcaster.store import accounts, calls, journal
from broadcaster.store import alerts as alert_store
from broadcaster.store.accounts import Account
from broadcaster.store.alerts import AlertRow
from broadcaster.store.calls import Call
from broadcaster.store.tokens import new_id

#: A code holds as long as a call is of use; with five guesses at 31^6 one is right once in 170 million.
CODE_LIFE = timedelta(minutes=30)
CODE_LENGTH = 6
UNSURE = "the provider may have taken it, or not"
#: Letters and digits that nobody confuses when they copy them from one text to the next.
CLEAR = "23456789abcdefghjkmnpqrstuvwxyz"


def begin(
    rt: Runtime,
    tx: Connection,
    alert: AlertRow,
    digest: str,
    phones: int,
    people: Iterable[OnCall],
    group: int,
    now: datetime,
) -> list[str]:
    """Note in the caller's transaction that these people are to be called; returns the ids to `ring` after the commit.

    Whoever has no proved phone is not called, and the journal says so.
    """
    made = []
    for person in people:
        ending = f"…{person.phone[-3:]}" if person.phone else "no proved phone"
        call_id = new_id()
        row: dict[str, object] = {
            "id": call_id,
            "alert_id": alert.id,
            "content_hash": digest,
            "user_id": person.user_id,
        }
        row |= {"phone": person.phone, "round": group, "phones": phones, "due_at": now}
        if person.phone and not calls.add(tx, row):
            continue
        made += [call_id] if person.phone else []
        body = {"user": person.user_id, "way": person.way, "phone": ending, "round": group}
        grounds = f"{person.name}, {person.post}, {ending}"
        journal.append(tx, alert.incident, SYSTEM, "call", now, alert_id=alert.id, grounds=grounds, body=body)
    return made


def ring(rt: Runtime, call_ids: Iterable[str]) -> None:
    """After the commit. If the queue is down the sweep rings again."""
    for call_id in call_ids:
        rt.queue.ring_job("call", call_id)


def call(rt: Runtime, call_id: str, now: datetime) -> bool:
    """Send one; False when there was nothing to send. A text that failed is tried again by the sweep, three times in all."""
    with rt.db.write() as tx:
        mine = calls.take(tx, call_id, now)
    if mine is None:
        return False
    with rt.db.read() as connection:
        alert = alert_store.get(connection, mine.alert_id)
        person = accounts.get(connection, mine.user_id)
    if not _still_wanted(alert, person, mine):
        _end(rt, alert, mine, {"sent_at": now, "problem": "no longer needed"}, now)
        return False
    code = _new_code() if rt.profile.night.reply_approves else ""
    until = now + CODE_LIFE
    text = _text(rt, alert, person, mine, code, until)
    if code:
        # Before it leaves: an answer may be here before the provider's word is.
        hashed = {"code_hash": code_hash(rt, mine, code), "code_until": until}
        _end(rt, alert, mine, hashed, now)
    try:
        # The same text twice wakes somebody twice; none at all wakes nobody.
        why = "" if single_texts.send(rt, mine.phone, text, alert.live, valid_for=CODE_LIFE) else UNSURE
    except BroadcasterError as error:
        why = str(error)[:300]
    if why:
        _end(rt, alert, mine, {"problem": why}, now, failed=mine.tries >= calls.TRIES)
        return False
    _end(rt, alert, mine, {"sent_at": now, "problem": None}, now)
    return True


def _still_wanted(alert: AlertRow, person: Account, mine: Call) -> bool:
    waits = alert.state is AlertState.PENDING_APPROVAL and alert.content_hash == mine.content_hash
    return waits and person.active and person.phone == mine.phone and person.phone_verified_at is not None


def _end(
    rt: Runtime, alert: AlertRow, mine: Call, values: dict[str, object], now: datetime, failed: bool = False
) -> None:
    with rt.db.write() as tx:
        calls.done(tx, mine.id, values)
        if failed:
            body = {"user": mine.user_id, "phone": f"…{mine.phone[-3:]}"}
            grounds = str(values["problem"])
            journal.append(
                tx, alert.incident, SYSTEM, "call failed", now, alert_id=alert.id, grounds=grounds, body=body
            )


def _text(rt: Runtime, alert: AlertRow, person: Account, mine: Call, code: str, until: datetime) -> str:
    language = language_of(rt, person)
    said = calling_words.words(language)
    with rt.db.read() as connection:
        texts = [
            each for each in alert_store.texts(connection, alert.id).values() if each.channel == single_texts.CHANNEL
        ]
    own = next((each for each in texts if each.language == language), texts[0] if texts else None)
    return said["reply" if code else "waits"].format(
        city=rt.profile.in_language(rt.profile.sender, language),
        mode=said["live" if alert.live else "drill"],
        kind=rt.profile.in_language(rt.kinds[alert.kind].title, language),
        phones=calling_words.number(mine.phones, language),
        text=own.parts[0] if own else said["no text"],
        code=code.upper(),
        until=f"{until.astimezone(ZoneInfo(rt.profile.timezone)):%H:%M}",
        link=f"{rt.settings.public_url.rstrip('/')}/d/{alert.token}",
    )


def language_of(rt: Runtime, person: Account) -> str:
    """The language in which this person is texted: their console's, else the city's first."""
    return person.language or rt.profile.fallback


def _new_code() -> str:
    return "".join(secrets.choice(CLEAR) for _ in range(CODE_LENGTH))


def code_hash(rt: Runtime, mine: Call, code: str) -> str:
    """Holds for one person, one phone and one wording; without the service's own key it says nothing."""
    key = rt.settings.secret_key.get_secret_value().encode()
    bound = f"reply.{mine.alert_id}.{mine.content_hash}.{mine.user_id}.{mine.phone}.{mine.phones}.{code.lower()}"
    return hmac.new(key, bound.encode(), hashlib.sha256).hexdigest()
