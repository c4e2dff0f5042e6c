"""The duty roster: who can be woken to approve, in which order, and that nothing live waits for nobody."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from broadcaster.domain.errors import Invalid, NotAllowed, NotReady, Problem
from broadcaster.domain.rules import Actor, Role
from broadcaster.runtime import Runtime
from broadcaster.services import bounding, lending
from broadcaster.store import accounts, journal
from broadcaster.store import duty as store
from broadcaster.store.accounts import Account
from broadcaster.store.alerts import AlertRow
from broadcaster.store.duty import Watch
from broadcaster.store.tokens import new_id

#: A longer time on duty is a slip of the pen.
LONGEST = timedelta(days=31)
NOBODY = "nobody who may approve this is on duty now; add somebody to the duty roster, or borrow an approver"


@dataclass(frozen=True, slots=True)
class OnCall:
    """Somebody who may decide on an alert now: `way` is duty, backup or borrowed. `phone` is empty when none is proved."""

    user_id: str
    name: str
    post: str
    way: str
    phone: str


@dataclass(frozen=True, slots=True)
class Standing:
    """The roster at this moment, for pages: whether it decides about submissions, and who is on."""

    required: bool
    on_duty: tuple[OnCall, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A time on the roster as somebody gives it; `backup_id` may be empty."""

    user_id: str
    post: str
    from_at: datetime
    until_at: datetime
    backup_id: str = ""


def add(rt: Runtime, entry: Entry, actor: Actor, now: datetime) -> str:
    """Put a person on the roster; returns the id of the row. Invalid with all problems.

    They must be able to approve, and to be reached: a phone that they have proved as their own.
    """
    (watch_id,) = add_all(rt, [entry], actor, now)
    return watch_id


def add_all(rt: Runtime, entries: Sequence[Entry], actor: Actor, now: datetime) -> list[str]:
    """The same for many: all of them, or none."""
    _may_keep(actor)
    made = []
    with rt.db.write() as tx:
        for entry in entries:
            if problems := problems_of(rt, tx, entry, now):
                raise Invalid(problems)
            watch_id, person, post = new_id(), accounts.get(tx, entry.user_id), entry.post.strip()[:80]
            row: dict[str, object] = {"id": watch_id, "user_id": person.id, "post": post}
            row |= {"from_at": entry.from_at, "until_at": entry.until_at, "backup_id": entry.backup_id or None}
            store.add(tx, row | {"added_by": actor.id, "added_at": now})
            grounds = f"{person.name}, {post}"
            body = row | {"name": person.name}
            journal.append(tx, journal.SYSTEM_CHAIN, actor, "duty.add", now, grounds=grounds, body=body)
            made.append(watch_id)
    return made


def problems_of(rt: Runtime, connection: Connection, entry: Entry, now: datetime) -> list[Problem]:
    """All that is wrong with an entry."""
    problems = _time_problems(entry.from_at, entry.until_at, now)
    problems += _person_problems(rt, connection, "person", entry.user_id, now)
    if not entry.post.strip():
        problems.append(Problem("post", "must be filled in", "Such as duty officer."))
    if entry.backup_id:
        problems += _person_problems(rt, connection, "backup", entry.backup_id, now)
        if entry.backup_id == entry.user_id:
            problems.append(Problem("backup", "is the same person", "Name another, or none."))
    return problems


def remove(rt: Runtime, watch_id: str, actor: Actor, now: datetime) -> None:
    """Take a time off the roster. NotFound when it is not on it."""
    _may_keep(actor)
    with rt.db.write() as tx:
        gone = store.remove(tx, watch_id, actor.id, now)
        person = accounts.get(tx, gone.user_id)
        body = {"id": gone.id, "user": gone.user_id, "from": gone.from_at, "until": gone.until_at}
        journal.append(tx, journal.SYSTEM_CHAIN, actor, "duty.remove", now, grounds=person.name, body=body)


def listing(rt: Runtime, now: datetime) -> tuple[tuple[Watch, Account, Account | None], ...]:
    """The roster from now on: each time with its person and their backup."""
    with rt.db.read() as connection:
        people = {each.id: each for each in accounts.listing(connection)}
        found = store.listing(connection, now)
    return tuple((each, people[each.user_id], people.get(each.backup_id or "")) for each in found)


def required(rt: Runtime, connection: Connection, now: datetime) -> bool:
    """True when nothing live is submitted while nobody is on duty: the profile says so, or somebody keeps a roster."""
    if rt.profile.roster in ("required", "off"):
        return rt.profile.roster == "required"
    return store.is_kept(connection, now)


def standing(rt: Runtime, connection: Connection, now: datetime, without: Collection[str] = ()) -> Standing:
    """Who could decide now on whatever these people write (`without`); borrowed approvers for part of it count."""
    on_duty = rounds(rt, connection, None, without, now)
    return Standing(required(rt, connection, now), tuple(each for group in on_duty for each in group))


def rounds(
    rt: Runtime, connection: Connection, alert: AlertRow | None, without: Collection[str], now: datetime
) -> tuple[tuple[OnCall, ...], ...]:
    """Who is called about an alert, group by group: first those on duty, then one after the other whoever stands behind them.

    `without`: whoever wrote, edited or submitted it. `alert` None: any.
    """
    people = {each.id: each for each in accounts.listing(connection)}
    watches = store.on_now(connection, now)
    seen = set(without)

    def able(pairs: Iterable[tuple[str, str]], way: str) -> list[OnCall]:
        found = []
        for user_id, post in pairs:
            person = people.get(user_id)
            if user_id in seen or person is None or not person.active:
                continue
            if alert is not None and not bounding.covers_alert(connection, person.actor, alert):
                continue
            if person.role.covers(Role.APPROVER) or lending.scope_of(rt, connection, person.actor, alert, now):
                seen.add(user_id)
                found.append(_on_call(person, post, way))
        return found

    first = able(((each.user_id, each.post) for each in watches), "duty")
    then = able(((each.backup_id, each.post) for each in watches if each.backup_id), "backup")
    last = able(lending.holders(rt, connection, now), "borrowed")
    groups = [tuple(group) for group in (first, then, last) if group]
    return (groups[0], *((each,) for group in groups[1:] for each in group)) if groups else ()


def must_be_somebody(rt: Runtime, tx: Connection, alert: AlertRow, actor: Actor, now: datetime) -> None:
    """NotReady when a live alert would wait for nobody. Exercises may: there nobody's life hangs on it."""
    if not alert.live or not required(rt, tx, now):
        return
    if not rounds(rt, tx, alert, {*alert.editors, actor.id}, now):
        raise NotReady(NOBODY)


def _on_call(person: Account, post: str, way: str) -> OnCall:
    proved = person.phone if person.phone and person.phone_verified_at is not None else ""
    return OnCall(person.id, person.name, post, way, proved)


def _may_keep(actor: Actor) -> None:
    """Whoever writes alerts may keep the roster: at night they may be the only one awake, and a row gives no rights."""
    if not actor.person and actor.role is not Role.ADMIN:
        raise NotAllowed("an API key does not keep the duty roster")
    actor.must(Role.AUTHOR, "keep the duty roster")


def _time_problems(from_at: datetime, until_at: datetime, now: datetime) -> list[Problem]:
    if until_at <= from_at:
        return [Problem("until", "is not after the beginning", "Put from before until.")]
    if until_at <= now:
        return [Problem("until", "has passed already", "Give a time to come.")]
    if until_at - from_at > LONGEST:
        return [Problem("until", f"is more than {LONGEST.days} days later", "Divide it.")]
    return []


def _person_problems(rt: Runtime, tx: Connection, place: str, user_id: str, now: datetime) -> list[Problem]:
    person = accounts.find(tx, id=user_id)
    if person is None or not person.active:
        return [Problem(place, "is nobody who may come in", "Choose a person.")]
    if not person.role.covers(Role.APPROVER) and not lending.holds_any(rt, tx, person.actor, now):
        return [Problem(place, f"{person.name} may not approve alerts", "Choose an approver.")]
    if not person.phone or person.phone_verified_at is None:
        return [Problem(place, f"{person.name} has no proved phone", "They set it under their name, and prove it.")]
    return []


def by_email(rt: Runtime, given: Mapping[str, str]) -> dict[str, str]:
    """Ids of the people with these addresses, by what they are for. Invalid names the addresses that nobody has."""
    found, problems = {}, []
    with rt.db.read() as connection:
        for place, email in given.items():
            account = accounts.find(connection, email=email) if email.strip() else None
            if email.strip() and account is None:
                problems.append(Problem(place, f"there is no user {email.strip()[:254]}", "`broadcaster user add`"))
            found[place] = account.id if account else ""
    if problems:
        raise Invalid(problems)
    return found
