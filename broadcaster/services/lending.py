"""Borrowed approvers: people of another house who may decide on some kinds in some zones for some time. Two people add one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from broadcaster.domain.errors import Invalid, NotAllowed, Problem
from broadcaster.domain.rules import Actor, Role
from broadcaster.domain.standing_orders import LONGEST_LOAN, POSTS, Scope
from broadcaster.runtime import Runtime
from broadcaster.store import accounts, journal, zones
from broadcaster.store import loans as store
from broadcaster.store.alerts import AlertRow
from broadcaster.store.tokens import new_id


@dataclass(frozen=True, slots=True)
class Terms:
    """Who is borrowed, from which post of which house, for which kinds and zones, and until when."""

    user_id: str
    post: str
    house: str
    kinds: Collection[str]
    zones: Collection[str]
    until: datetime


def propose(rt: Runtime, terms: Terms, actor: Actor, now: datetime) -> str:
    """Ask for a borrowed approver; counts for nothing until another person confirms it. Returns its id; Invalid with all problems."""
    _person(actor)
    actor.must(Role.AUTHOR, "borrow approvers")
    _not_oneself(rt, actor, terms.user_id, now)
    with rt.db.write() as tx:
        problems = _problems(rt, tx, terms, now)
        if problems:
            raise Invalid(problems)
        loan_id, person = new_id(), accounts.get(tx, terms.user_id)
        values: dict[str, object] = {"user_id": terms.user_id, "post": terms.post, "house": terms.house.strip()[:120]}
        values |= {"kinds": sorted(terms.kinds), "zones": sorted(terms.zones), "from_at": now, "until_at": terms.until}
        store.add(tx, values | {"id": loan_id, "proposed_by": actor.id, "proposed_at": now})
        body = values | {"id": loan_id, "name": person.name}
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "loan.propose", now, grounds=person.name, body=body)
    return loan_id


def confirm(rt: Runtime, loan_id: str, actor: Actor, now: datetime) -> None:
    """The second person's word: from now on the borrowed approver may decide. NotAllowed for whoever proposed it, or is it."""
    _person(actor)
    actor.must(Role.APPROVER, "confirm borrowed approvers")
    with rt.db.read() as connection:
        _not_oneself(rt, actor, store.get(connection, loan_id).user_id, now)
    with rt.db.write() as tx:
        loan = store.get(tx, loan_id)
        if loan.proposed_by == actor.id:
            raise NotAllowed("you proposed this borrowed approver, so another person must confirm")
        store.confirm(tx, loan_id, actor.id, now)
        person = accounts.get(tx, loan.user_id)
        body = {"id": loan_id, "user": loan.user_id, "proposed_by": loan.proposed_by}
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "loan.confirm", now, grounds=person.name, body=body)


def end(rt: Runtime, loan_id: str, actor: Actor, now: datetime) -> None:
    """Take the right back at once; one person is enough for that."""
    _person(actor)
    actor.must(Role.AUTHOR, "end what was borrowed")
    with rt.db.write() as tx:
        loan = store.get(tx, loan_id)
        store.end(tx, loan_id, actor.id, now)
        person = accounts.get(tx, loan.user_id)
        body = {"id": loan_id, "user": loan.user_id}
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "loan.end", now, grounds=person.name, body=body)


def scope_of(rt: Runtime, connection: Connection, actor: Actor, alert: AlertRow | None, now: datetime) -> Scope | None:
    """The loan by which this person may decide on `alert` (None: on anything at all); None when there is none."""
    if not actor.person:
        return None
    for scope in _scopes(rt, connection, actor.id, now):
        if alert is None or scope.covers(alert.kind, alert.draft["area"]):
            return scope
    return None


def holds_any(rt: Runtime, connection: Connection, actor: Actor, now: datetime) -> bool:
    """True when this person is lent to us at all."""
    return scope_of(rt, connection, actor, None, now) is not None


def holders(rt: Runtime, connection: Connection, now: datetime) -> list[tuple[str, str]]:
    """(person, post) of everybody who is lent to us now, by the profile and then by loan."""
    found = []
    for lent in rt.profile.night.lent:
        person = accounts.find(connection, email=lent.email) if now < lent.until else None
        if person is not None:
            found.append((person.id, lent.post))
    return found + [(each.user_id, each.post) for each in store.listing(connection, now) if each.holds(now)]


def _scopes(rt: Runtime, connection: Connection, user_id: str, now: datetime) -> list[Scope]:
    person = accounts.find(connection, id=user_id)
    if person is None or not person.active:
        return []
    named = [each for each in rt.profile.night.lent if each.email == person.email and now < each.until]
    return [Scope(each.kinds, each.zones) for each in named] + [
        each.scope for each in store.of(connection, user_id, now)
    ]


def _person(actor: Actor) -> None:
    if not actor.person:
        raise NotAllowed("an API key does not borrow approvers")


def _not_oneself(rt: Runtime, actor: Actor, user_id: str, now: datetime) -> None:
    """Nobody lends the right to themselves; that they tried stays in the journal."""
    if user_id == actor.id:
        with rt.db.write() as tx:
            journal.append(tx, journal.SYSTEM_CHAIN, actor, "loan.refused", now, body={"user": user_id})
        raise NotAllowed("nobody may borrow themselves as approver")


def _problems(rt: Runtime, tx: Connection, terms: Terms, now: datetime) -> list[Problem]:
    problems = []
    person = accounts.find(tx, id=terms.user_id)
    if person is None or not person.active:
        problems.append(Problem("person", "is nobody who may come in", "Choose a person."))
    elif person.role.covers(Role.APPROVER):
        problems.append(Problem("person", f"{person.name} is an approver already", "Choose another."))
    if terms.post not in POSTS:
        problems.append(Problem("post", f"{terms.post[:40]!r} is not one of: {', '.join(POSTS)}"))
    if not terms.kinds or not set(terms.kinds) <= set(rt.kinds):
        problems.append(Problem("kinds", "names no kind that there is", "Choose at least one."))
    known = {each.code for each in zones.listing(tx)}
    if not terms.zones or not set(terms.zones) <= known:
        problems.append(Problem("zones", "names no zone that there is", "Choose at least one."))
    if terms.until <= now:
        problems.append(Problem("until", "has passed already", "Give a time to come."))
    elif terms.until - now > LONGEST_LOAN:
        problems.append(Problem("until", f"is more than {LONGEST_LOAN.days} days away", "Give an earlier time."))
    return problems
