"""An approver's own reply, where data is down: the code from their text, from their very phone, once, approves that very wording.

It goes by services/approval like any approval: not by whoever wrote it, not for a text that changed, not when the audience moved.
"""

import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from broadcaster.domain.errors import BroadcasterError
from broadcaster.domain.rules import SYSTEM
from broadcaster.runtime import Runtime
from broadcaster.services import approval, calling, calling_words
from broadcaster.store import accounts, calls, journal
from broadcaster.store import alerts as alert_store
from broadcaster.store.accounts import Account
from broadcaster.store.alerts import AlertRow
from broadcaster.store.calls import Call

#: Guesses at each code; a sender can be forged, but not what stands in the text.
GUESSES = 5
_CODE = re.compile(rf"(?:(?:yes|ok|ja)[\s,.:]+)?([{calling.CLEAR}]{{{calling.CODE_LENGTH}}})[\s.!]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the approver is answered at once, and in which language."""

    text: str
    language: str


def take(rt: Runtime, phone: str, text: str, modes: Collection[bool], now: datetime, answer_id: str) -> Reply | None:
    """The reply of an approver who was called; None when this text is none, and goes to the inbox like anybody's.

    `phone`: the sender (E.164) as a verified callback names it; `modes`: whose secret proved the callback (True live, False
    exercise): an exercise's account approves nothing live. The same `answer_id` again is the same reply.
    """
    given = _CODE.fullmatch(text.strip())
    if given is None or not rt.profile.night.reply_approves:
        return None
    with rt.db.read() as connection:
        before = calls.answered(connection, answer_id)
        if before is None and not calls.with_code(connection, phone, now):
            return None
    if before is None:
        matched = _match(rt, phone, given[1], modes, now, answer_id)
        if isinstance(matched, Reply):
            return matched
        before = matched
    return _approve(rt, before, now)


def _match(
    rt: Runtime, phone: str, code: str, modes: Collection[bool], now: datetime, answer_id: str
) -> "Call | Reply":
    """The call whose code this is, now used; or what to say. Each guess counts against every code that the phone holds."""
    with rt.db.write() as tx:
        held = calls.with_code(tx, phone, now)
        right = [each for each in held if hmac.compare_digest(each.code_hash or "", calling.code_hash(rt, each, code))]
        fresh = calls.guess(tx, phone, now, GUESSES)
        person, mine = accounts.get(tx, held[0].user_id), right[0] if right else None
        alert = alert_store.get(tx, (mine or held[0]).alert_id)
        if mine is not None and mine.id in fresh and alert.live in modes:
            calls.spend(tx, mine.id, answer_id)
            return mine
        why = "used" if mine is not None and mine.answer_id is not None else "wrong"
        body = {"user": person.id, "phone": f"…{phone[-3:]}"}
        journal.append(tx, alert.incident, SYSTEM, "reply refused", now, alert_id=alert.id, grounds=why, body=body)
    return _said(rt, person, why)


def _approve(rt: Runtime, mine: Call, now: datetime) -> Reply:
    with rt.db.read() as connection:
        person, alert = accounts.get(connection, mine.user_id), alert_store.get(connection, mine.alert_id)
    if alert.approved_by == person.id and alert.content_hash == mine.content_hash:
        # The provider brings the same text twice.
        return _said(rt, person, "approved", {"name": alert.identifier})
    if not _still_theirs(person, mine):
        return _refused(rt, person, alert, "your phone or your access has changed", now)
    actor = replace(person.actor, name=f"{person.name} (by text message)"[:120])
    try:
        approval.approve(rt, mine.alert_id, actor, mine.content_hash, now, mine.phones)
    except BroadcasterError as error:
        return _refused(rt, person, alert, str(error), now)
    return _said(rt, person, "approved", {"name": alert.identifier})


def _still_theirs(person: Account, mine: Call) -> bool:
    return person.active and person.phone == mine.phone and person.phone_verified_at is not None


def _refused(rt: Runtime, person: Account, alert: AlertRow, why: str, now: datetime) -> Reply:
    with rt.db.write() as tx:
        body = {"user": person.id}
        journal.append(tx, alert.incident, SYSTEM, "reply refused", now, alert_id=alert.id, grounds=why, body=body)
    return _said(rt, person, "not", {"why": why})


def _said(rt: Runtime, person: Account, which: str, blanks: Mapping[str, str] | None = None) -> Reply:
    language = calling.language_of(rt, person)
    return Reply(calling_words.words(language)[which].format(**blanks or {}), language)
