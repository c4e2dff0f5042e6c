"""Who may do what, and what an alert needs before it may go: rules that hold whichever door they are asked at."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from broadcaster.domain.alert import Draft, MsgType, Severity, Status, Urgency
from broadcaster.domain.bounds import EVERYTHING, Bounds
from broadcaster.domain.errors import NotAllowed, Problem

#: An approver confirms the number again when the audience moved by more than this share, or this many phones.
AUDIENCE_SHARE = 0.02
AUDIENCE_PHONES = 100
#: CAP 1.2 has no longest life; past this an alert is certainly a slip of the finger.
LONGEST_LIFE = timedelta(days=31)
#: Lanes in the order in which their alerts go.
LANES = ("life-safety", "information")
#: Minutes since this moment order the arrivals within one class of alerts; so many of them fit between two classes (to 2099).
_ARRIVALS_FROM, _CLASS = datetime(2020, 1, 1, tzinfo=UTC), 42_000_000


class Role(StrEnum):
    """In order: each may do all that the one before it may."""

    VIEWER = "viewer"
    AUTHOR = "author"
    APPROVER = "approver"
    ADMIN = "admin"

    def covers(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a person, an API key, or the service itself. `id` is stable and unguessable for persons.

    `bounds` are the channels and zones that this one may draft and approve for.
    """

    id: str
    name: str
    role: Role | None
    person: bool = True
    scopes: frozenset[str] = frozenset()
    bounds: Bounds = EVERYTHING

    def must(self, role: Role, to: str) -> None:
        """NotAllowed unless this actor's role covers `role`."""
        if self.role is None or not self.role.covers(role):
            raise NotAllowed(f"{self.name} may not {to}: that needs the role {role}")


#: The service's own hand: sweepers, expiry, standing authority.
SYSTEM = Actor("system", "the broadcaster", None, person=False)


def may_approve(
    actor: Actor, editors: frozenset[str], submitted_by: str, status: Status, borrowed: bool = False
) -> None:
    """Four eyes: nobody who wrote, edited or submitted it is the second person, whatever their role (SECURITY R1).

    An exercise follows the same rule, so that people practise what they will do. `borrowed`: two people have lent this actor the
    right to decide on this very kind, there and now.
    """
    if not actor.person:
        raise NotAllowed("an API key or the service cannot be the second person")
    if not borrowed:
        actor.must(Role.APPROVER, "approve alerts")
    if actor.id in editors or actor.id == submitted_by:
        raise NotAllowed(
            f"{actor.name} wrote, edited or submitted this {status} alert, so another person must approve it"
        )


def audience_moved(approved: int, now: int) -> bool:
    """True when the number that the approver saw is no longer the number that would be reached."""
    change = abs(now - approved)
    return change > AUDIENCE_PHONES or change > AUDIENCE_SHARE * max(approved, 1)


def priority(lane: str, severity: Severity, urgency: Urgency, arrival: datetime | None = None) -> int:
    """Which texts go first when several wait: the lowest number. Equal ones go in the order in which they were approved.

    First by lane, then by CAP severity, then by CAP urgency (Extreme and Immediate first, Unknown last), then by when the hazard
    is there (None: nobody has said, after those of whom somebody has). It fits a column of 32 bits: class × 42,000,000 + minutes.
    """
    order = LANES.index(lane) * len(Severity) + list(Severity).index(severity)
    order = order * len(Urgency) + list(Urgency).index(urgency)
    minutes = _CLASS - 1 if arrival is None else int((arrival - _ARRIVALS_FROM).total_seconds() // 60)
    return order * _CLASS + min(max(minutes, 0), _CLASS - 1)


def missing(draft: Draft, now: datetime) -> list[Problem]:
    """What stands between this draft and its submission, apart from its kind's own fields and texts."""
    problems = []
    if not draft.channels:
        problems.append(Problem("channels", "no channel is chosen", "Choose at least one."))
    if draft.area.empty:
        problems.append(Problem("area", "it says nowhere", "Choose zones, or draw an area."))
    if draft.area.near is not None:
        problems.append(Problem("area.near", "the address has not been looked up", "Look it up, or give a circle."))
    problems += [
        Problem(f"area.arrivals.{code}", "is not one of the zones", "Choose the zone as well, or leave its time out.")
        for code in draft.area.arrivals
        if code not in draft.area.zones
    ]
    if draft.expires is None:
        problems.append(Problem("expires", "it has no end", "Say until when this alert holds."))
    else:
        problems += _times(draft, draft.expires, now)
    if draft.msg_type is not MsgType.ALERT and not draft.references:
        problems.append(Problem("references", f"an {draft.msg_type} must say which alert it is about", "Name its id."))
    if draft.msg_type is MsgType.ALERT and draft.references:
        problems.append(Problem("references", "only an Update or a Cancel refers to others", "Set msgType: Update."))
    return problems


def _times(draft: Draft, expires: datetime, now: datetime) -> list[Problem]:
    problems = []
    if expires <= now:
        problems.append(Problem("expires", f"{expires:%Y-%m-%d %H:%M} UTC has passed", "Give a time to come."))
    elif expires - now > LONGEST_LIFE:
        problems.append(Problem("expires", f"is more than {LONGEST_LIFE.days} days away", "Give an earlier time."))
    if draft.onset and draft.onset >= expires:
        problems.append(Problem("onset", "begins after the alert has ended", "Put onset before expires."))
    if draft.next_update and draft.next_update <= now:
        problems.append(Problem("next_update", "has passed already", "Promise a time to come."))
    return problems
