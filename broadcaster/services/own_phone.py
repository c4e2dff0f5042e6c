"""A person's own phone: prove whose it is with a code, and send a draft to it, marked as a test, to that number and no other.

These texts are no deliveries of any alert: they go one by one through the provider's SDK, and are counted so that there are never
many of them.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from broadcaster.domain.errors import Conflict, Invalid, NotAllowed, NotReady, Problem
from broadcaster.domain.lifecycle import AlertState
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import composing, drafting, single_texts
from broadcaster.services.composing import Names
from broadcaster.store import accounts, journal, own_texts
from broadcaster.store import alerts as alert_store
from broadcaster.store.accounts import Account
from broadcaster.store.phone_numbers import PhoneReader
from channels.base import Message

CHANNEL = single_texts.CHANNEL
#: NIST SP 800-63B, 5.1.3: a code holds for ten minutes at most; with five tries at six digits a guess is right once in 200,000.
CODE_LIFE = timedelta(minutes=10)
TRIES = 5
#: Texts of one kind to one person, or to one number, in an hour.
MOST = 5
HOUR = timedelta(hours=1)
#: Alerts that may still be tried: their texts are not out yet.
_TRIABLE = (AlertState.DRAFT, AlertState.RETURNED, AlertState.PENDING_APPROVAL)


def ask(rt: Runtime, actor: Actor, typed: str, words: Callable[[str], str], now: datetime) -> str:
    """Note the number that a person gives as their own, not proved yet, and send it a code. Returns it in E.164.

    `words` makes the text that brings the code, in the person's language. Invalid for what is no number, Conflict after too
    many codes, NotReady when texts cannot be sent.
    """
    _person(actor)
    try:
        phone = PhoneReader(rt.profile.phone_region).read(typed)
    except ValueError as error:
        raise Invalid(
            [Problem("phone", str(error), "Write it with its country code, such as +47 900 00 000.")]
        ) from None
    code = f"{secrets.randbelow(10**6):06d}"
    with rt.db.write() as tx:
        account = accounts.get(tx, actor.id)
        _not_too_many(own_texts.since(tx, own_texts.CODE, actor.id, phone, now - HOUR))
        if (account.phone, account.phone_verified_at) != (phone, None):
            accounts.change(tx, actor.id, {"phone": phone, "phone_verified_at": None})
        own_texts.add(tx, own_texts.CODE, actor.id, phone, now, _hash(rt, actor, phone, code))
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "phone.ask", now, body=_of(actor, phone))
    single_texts.send(rt, phone, words(code), True, valid_for=CODE_LIFE)
    return phone


def prove(rt: Runtime, actor: Actor, code: str, now: datetime) -> None:
    """The code that arrived: from now on the number is this person's. Invalid when it is wrong, too old, or guessed at too often."""
    _person(actor)
    with rt.db.write() as tx:
        account = accounts.get(tx, actor.id)
        sent = own_texts.guess(tx, actor.id, account.phone or "", now - CODE_LIFE, TRIES)
        given = _hash(rt, actor, account.phone or "", code.strip())
        right = sent is not None and hmac.compare_digest(sent, given)
        if right:
            own_texts.spend(tx, actor.id)
            accounts.change(tx, actor.id, {"phone_verified_at": now})
            journal.append(tx, journal.SYSTEM_CHAIN, actor, "phone.prove", now, body=_of(actor, account.phone or ""))
    if sent is None:
        raise Invalid([Problem("code", "there is no code that still holds", "Ask for a new one.")])
    if not right:
        raise Invalid([Problem("code", "that is not the code that was sent", "Look at the newest text.")])


def forget(rt: Runtime, actor: Actor, now: datetime) -> None:
    """Take the number away."""
    _person(actor)
    with rt.db.write() as tx:
        account = accounts.get(tx, actor.id)
        if account.phone is not None:
            own_texts.spend(tx, actor.id)
            accounts.change(tx, actor.id, {"phone": None, "phone_verified_at": None})
            journal.append(tx, journal.SYSTEM_CHAIN, actor, "phone.forget", now, body=_of(actor, account.phone))


def try_out(rt: Runtime, alert_id: str, actor: Actor, now: datetime) -> str:
    """Send the text of a draft to this person's own proved number, marked as a test. Returns the number.

    In the person's language where the alert has it. Exercises go by the exercise account. Invalid when the text cannot be made,
    Conflict after five in an hour or when it is out already, NotReady without a proved number or when texts cannot be sent.
    """
    _person(actor)
    actor.must(Role.AUTHOR, "try drafts")
    with rt.db.read() as connection:
        account = accounts.get(connection, actor.id)
        alert = alert_store.get(connection, alert_id)
        if alert.state not in _TRIABLE:
            raise Conflict("this alert is no draft any more; try texts before they go out")
        phone = _proved(account)
        draft = drafting.draft_of(rt, alert, now)
        made = composing.compose(rt, connection, draft, Names(alert.identifier, alert.token), now)
    texts = {text.language: text for text in made.made.messages if text.channel == CHANNEL}
    if not texts:
        problems = [each for each in made.problems if each.place.startswith(CHANNEL)] or made.problems
        raise Invalid(problems or [Problem("channels", "it has no text message", "Choose text messages.")])
    text = texts.get(account.language) or next(iter(texts.values()))
    with rt.db.write() as tx:
        _not_too_many(own_texts.since(tx, own_texts.TRY, actor.id, phone, now - HOUR))
        own_texts.add(tx, own_texts.TRY, actor.id, phone, now)
        body = {**_of(actor, phone), "language": text.language, "text": list(text.parts)}
        journal.append(tx, alert.incident, actor, "try", now, alert_id=alert.id, body=body)
    single_texts.send(rt, phone, marked(rt, alert.kind, text), alert.live, alert.lane, CODE_LIFE)
    return phone


def marked(rt: Runtime, kind: str, text: Message) -> str:
    """The text with a test's marks first and last, whatever other marks it bears."""
    language = rt.kinds[kind].languages[text.language]
    return f"{language.test_first} {text.parts[0]} {language.test_last}"


def _person(actor: Actor) -> None:
    if not actor.person:
        raise NotAllowed("only a person has a phone of their own")


def _proved(account: Account) -> str:
    if not account.phone or account.phone_verified_at is None:
        raise NotReady("you have no phone of your own here yet; set it under your name and prove it with a code")
    return account.phone


def _not_too_many(sent: int) -> None:
    if sent >= MOST:
        raise Conflict("too many texts to this phone in the last hour; wait, and try again")


def _of(actor: Actor, phone: str) -> dict[str, object]:
    """Whom an entry is about; the journal knows a phone by its end."""
    return {"user": actor.id, "phone": f"…{phone[-3:]}"}


def _hash(rt: Runtime, actor: Actor, phone: str, code: str) -> str:
    """Six digits are soon guessed from a plain hash; without the service's own key this one says nothing."""
    key = rt.settings.secret_key.get_secret_value().encode()
    return hmac.new(key, f"own phone.{actor.id}.{phone}.{code}".encode(), hashlib.sha256).hexdigest()
