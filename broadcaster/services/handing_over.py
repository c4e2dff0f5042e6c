"""A handover takes two people: the outgoing one signs what the desk looks like, the incoming one confirms, and everything changes owner."""

from datetime import datetime

from broadcaster.domain.alert import content_hash
from broadcaster.domain.errors import Conflict, Invalid, NotAllowed, Problem
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import desk
from broadcaster.store import handovers, incidents, journal, ownership
from broadcaster.store.handovers import Handover
from broadcaster.store.tokens import new_id

#: Free lines, and letters of each.
LINES, LETTERS = 3, 300


def sign(rt: Runtime, lines: list[str], actor: Actor, now: datetime) -> str:
    """Sign the desk as it is; returns the handover's id. Conflict while another one waits to be confirmed.

    Nothing changes its owner yet: whoever signs answers for everything until somebody else confirms.
    """
    _person(actor)
    said = tuple(line.strip() for line in lines if line.strip())
    if len(said) > LINES or any(len(line) > LETTERS for line in said):
        raise Invalid(
            [Problem("lines", f"are more than {LINES}, or longer than {LETTERS} characters", "Shorten them.")]
        )
    with rt.db.read() as connection:
        page = desk.page(rt, connection, now)
    signed = Handover(new_id(), actor.id, said, page, now, None, None, {}, None)
    with rt.db.write() as tx:
        if handovers.waiting(tx) is not None:
            raise Conflict("a handover waits to be confirmed already; confirm it, or let who signed it take it back")
        handovers.sign(tx, signed)
        # What people wrote in their lines may name somebody: the journal knows only that it was this page and these lines.
        body = {"handover": signed.id, "hash": content_hash(page, said)}
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "handover.sign", now, body=body)
    return signed.id


def confirm(rt: Runtime, handover_id: str, actor: Actor, now: datetime) -> Handover:
    """Take over: everything open of whoever signed, and whatever belongs to nobody, is this person's from now on.

    NotAllowed for whoever signed it; Conflict when it was confirmed or taken back meanwhile.
    """
    _person(actor)
    with rt.db.write() as tx:
        signed = handovers.get(tx, handover_id)
        if signed.outgoing == actor.id:
            raise NotAllowed("whoever signed the handover cannot confirm it: that takes the person who comes")
        moved = ownership.pass_on(tx, signed.outgoing, actor.id)
        if not handovers.confirm(tx, handover_id, actor.id, moved, now):
            raise Conflict("this handover was confirmed or taken back meanwhile")
        body = {"handover": handover_id, "from": signed.outgoing, **moved}
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "handover.confirm", now, body=body)
        for name in moved["incidents"]:
            journal.append(tx, name, actor, "take over", now, body={"from": signed.outgoing, "handover": handover_id})
        return handovers.get(tx, handover_id)


def withdraw(rt: Runtime, handover_id: str, actor: Actor, now: datetime) -> None:
    """Take a signed handover back. Whoever signed it may, and an admin for somebody who has left."""
    _person(actor)
    with rt.db.write() as tx:
        signed = handovers.get(tx, handover_id)
        if signed.outgoing != actor.id:
            actor.must(Role.ADMIN, "take back another person's handover")
        if not handovers.withdraw(tx, handover_id, now):
            raise Conflict("this handover was confirmed or taken back meanwhile")
        body = {"handover": handover_id}
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "handover.withdraw", now, body=body)


def tell(rt: Runtime, incident: str, whom: str, what: str, actor: Actor, now: datetime) -> None:
    """Write down who outside the house was told what: the police, the hospital, the county."""
    _person(actor)
    whom, what = whom.strip(), what.strip()
    problems = []
    if not 0 < len(whom) <= 120:
        problems.append(
            Problem("whom", "must have 1 to 120 characters", "Say who was told: the office, not a resident.")
        )
    if not 0 < len(what) <= 300:
        problems.append(Problem("what", "must have 1 to 300 characters", "Say what they were told."))
    if problems:
        raise Invalid(problems)
    with rt.db.write() as tx:
        row = incidents.named(tx, incident)
        if row.closed_at is not None:
            raise Conflict(f"the incident {incident!r} is closed already")
        handovers.tell(tx, row.id, whom, what, actor.id, now)
        journal.append(tx, incident, actor, "told outside", now, grounds=what, body={"whom": whom})


def _person(actor: Actor) -> None:
    if not actor.person:
        raise NotAllowed("a handover is between people, not API keys or the service")
    actor.must(Role.AUTHOR, "hand over the desk")
