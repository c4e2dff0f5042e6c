"""What happens when a resident texts back: stop, start and help are done at once; all else waits for a person, danger first."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from broadcaster.domain.errors import NotAllowed, NotFound
from broadcaster.domain.kind import Lane
from broadcaster.domain.profile import Profile
from broadcaster.domain.rules import Actor, Role
from broadcaster.services import inbound_words
from broadcaster.services.inbound_words import ONLY_AFTER_STOP
from broadcaster.store import inbound, journal, residents
from broadcaster.store.database import Database
from broadcaster.store.inbound import Received

#: A phone gets each kind of answer once in so long; an answering machine that answers our answer thus ends the talk.
PAUSE = timedelta(minutes=10)
#: Letters of a text that are kept; ten segments hold 1,600.
MAX_TEXT = 2_000
LANES = (Lane.LIFE_SAFETY, Lane.INFORMATION)


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer at once, and in which language; an empty text means: say nothing."""

    text: str
    language: str


def receive(
    db: Database,
    profile: Profile,
    now: datetime,
    *,
    provider_id: str,
    phone: str,
    text: str,
    lanes: Sequence[Lane] = LANES,
    channel: str = "sms",
) -> Answer:
    """Take in one text; the same `provider_id` again changes nothing and gets the same answer.

    `phone` is the sender as a verified callback names it, E.164. `lanes` are those of our number that was texted: STOP
    counts for these, because the carrier blocks that number and no other.
    """
    text = text.replace("\0", "")[:MAX_TEXT]
    with db.write() as tx:
        inbound.queue_up(tx, phone)
        before = inbound.by_provider_id(tx, provider_id)
        if before:
            return Answer(_words(profile, before.reply, before.language), before.language)
        received = _read(tx, profile, now, phone, text, channel)
        if received.kind == "stop":
            inbound.opt_out(tx, phone, [str(lane) for lane in lanes], channel, now)
        elif received.kind == "start":
            inbound.opt_in(tx, phone, [str(lane) for lane in lanes])
        inbound.keep(tx, provider_id, received)
    return Answer(_words(profile, received.reply, received.language), received.language)


def _read(tx: Connection, profile: Profile, now: datetime, phone: str, text: str, channel: str) -> Received:
    command = inbound_words.command(text, profile.languages)
    if command and command.word in ONLY_AFTER_STOP and not inbound.opted_out(tx, phone):
        command = None
    kind = command.keyword if command else "text"
    danger = inbound_words.danger(text, profile.danger_words) if kind in inbound.FOR_PEOPLE else ""
    resident = residents.by_phone(tx, phone)
    # A keyword in a language says more than the register; a word of danger may be the same in several.
    spoken = command.language if command else "", resident.language if resident else "", danger
    language = next((each for each in spoken if each in profile.languages), profile.fallback)
    # Danger has an answer of its own to wait for: whoever just got our usual words is told again where to call.
    reply: str = "danger" if danger and kind == "text" else kind
    if not phone.startswith("+") or inbound.answered_since(tx, phone, reply, now - PAUSE):
        reply = ""
    token = secrets.token_urlsafe(16)
    return Received(token, channel, phone, text, language, kind, bool(danger), reply, now, None, None, None, None)


def _words(profile: Profile, reply: str, language: str) -> str:
    if not reply:
        return ""
    name = {"stop": "stopped_texts", "start": "resumed_texts", "help": "help"}.get(reply)
    words = profile.status_texts.get(name, profile.not_monitored) if name else profile.not_monitored
    return profile.in_language(words, language)


def acknowledge(db: Database, token: str, actor: Actor, now: datetime) -> None:
    """A named person has seen a text about danger and takes it on; it is no longer pinned. The first one is noted."""
    _must_be_named(actor, "acknowledge texts")
    with db.write() as tx:
        if _known(tx, token) and inbound.acknowledge(tx, token, actor.id, now):
            journal.append(tx, journal.SYSTEM_CHAIN, actor, "inbound acknowledged", now, body={"text": token})


def mark_answered(db: Database, token: str, actor: Actor, now: datetime) -> None:
    """A named person has dealt with a text, which includes having seen it."""
    _must_be_named(actor, "answer texts")
    with db.write() as tx:
        if _known(tx, token) and inbound.mark_answered(tx, token, actor.id, now):
            inbound.acknowledge(tx, token, actor.id, now)
            journal.append(tx, journal.SYSTEM_CHAIN, actor, "inbound answered", now, body={"text": token})


def _must_be_named(actor: Actor, to: str) -> None:
    if not actor.person:
        raise NotAllowed(f"a person must {to}, not an API key or the service")
    actor.must(Role.AUTHOR, to)


def _known(tx: Connection, token: str) -> bool:
    if inbound.by_token(tx, token) is None:
        raise NotFound("there is no such text")
    return True
