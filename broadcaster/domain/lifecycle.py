"""Every state of an alert, a batch and a delivery, and every way from one to another, as data.

Nothing else assigns a state: services and store ask a `Machine` for the target of an event, and set-based statements take
their WHERE and SET from `sources` and `target`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from broadcaster.domain.errors import WrongState


class AlertState(StrEnum):
    """Where an alert stands between the first word written and the end of its life."""

    DRAFT = "draft"
    DISCARDED = "discarded"
    PENDING_APPROVAL = "pending_approval"
    RETURNED = "returned"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    APPROVED = "approved"
    BROADCASTING = "broadcasting"
    ACTIVE = "active"
    STOPPED = "stopped"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class BatchState(StrEnum):
    """A slice of deliveries that one job sends. `held`: a restored backup waits for a person."""

    PENDING = "pending"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"
    HELD = "held"


class DeliveryState(StrEnum):
    """One message to one place. Accepted is never shown as delivered."""

    PENDING = "pending"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    UNCONFIRMED = "unconfirmed"


S = TypeVar("S", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Machine(Generic[S]):
    """A table of (from, event, to). Each event leads to one state, so that a bulk UPDATE can be made from it."""

    name: str
    initial: frozenset[S]
    transitions: tuple[tuple[S, str, S], ...]

    def advance(self, state: S, event: str) -> S:
        """Return the state after `event`; WrongState says what could have happened instead."""
        for source, name, to in self.transitions:
            if source == state and name == event:
                return to
        possible = sorted({name for source, name, _ in self.transitions if source == state})
        raise WrongState(
            f"this {self.name} is {state.replace('_', ' ')}, so it cannot {event.replace('_', ' ')}"
            + (f"; it can: {', '.join(possible).replace('_', ' ')}" if possible else "; that is final")
        )

    def sources(self, event: str) -> frozenset[S]:
        """States in which `event` may happen."""
        found = frozenset(source for source, name, _ in self.transitions if name == event)
        if not found:
            raise KeyError(event)
        return found

    def target(self, event: str) -> S:
        """The one state to which `event` leads."""
        (to,) = {to for _, name, to in self.transitions if name == event}
        return to


A, B, D = AlertState, BatchState, DeliveryState

ALERT: Machine[AlertState] = Machine(
    "alert",
    frozenset({A.DRAFT}),
    (
        (A.DRAFT, "edit", A.DRAFT),
        (A.PENDING_APPROVAL, "edit", A.DRAFT),
        (A.RETURNED, "edit", A.DRAFT),
        (A.DRAFT, "discard", A.DISCARDED),
        (A.RETURNED, "discard", A.DISCARDED),
        (A.DRAFT, "submit", A.PENDING_APPROVAL),
        (A.PENDING_APPROVAL, "return", A.RETURNED),
        (A.PENDING_APPROVAL, "reject", A.REJECTED),
        (A.PENDING_APPROVAL, "withdraw", A.WITHDRAWN),
        (A.PENDING_APPROVAL, "approve", A.APPROVED),
        (A.PENDING_APPROVAL, "expire", A.EXPIRED),
        (A.APPROVED, "broadcast", A.BROADCASTING),
        (A.APPROVED, "stop", A.STOPPED),
        (A.BROADCASTING, "stop", A.STOPPED),
        (A.BROADCASTING, "finish", A.ACTIVE),
        *(
            (state, event, to)
            for state in (A.BROADCASTING, A.ACTIVE, A.STOPPED)
            for event, to in (("supersede", A.SUPERSEDED), ("cancel", A.CANCELLED), ("expire", A.EXPIRED))
        ),
    ),
)

BATCH: Machine[BatchState] = Machine(
    "batch",
    frozenset({B.PENDING}),
    (
        (B.PENDING, "lease", B.LEASED),
        (B.LEASED, "lease", B.LEASED),
        (B.LEASED, "release", B.PENDING),
        (B.LEASED, "finish", B.DONE),
        (B.LEASED, "kill", B.DEAD),
        (B.DEAD, "revive", B.PENDING),
        (B.DONE, "revive", B.PENDING),
        (B.PENDING, "hold", B.HELD),
        (B.LEASED, "hold", B.HELD),
        (B.DEAD, "hold", B.HELD),
        (B.HELD, "let_go", B.PENDING),
    ),
)

#: "accept", "deliver" and "fail" from pending: the provider's own word, in a receipt, about a message that was looked for and
#: not found; it must not go out again.
#: "deliver" from failed and unconfirmed: a carrier's late word that the phone has it beats an earlier one that it has not.
DELIVERY: Machine[DeliveryState] = Machine(
    "delivery",
    frozenset({D.PENDING}),
    (
        (D.PENDING, "intend", D.SENDING),
        (D.PENDING, "suppress", D.SUPPRESSED),
        (D.PENDING, "exhaust", D.FAILED),
        (D.SENDING, "accept", D.ACCEPTED),
        (D.PENDING, "accept", D.ACCEPTED),
        (D.SENDING, "give_back", D.PENDING),
        (D.SENDING, "fail", D.FAILED),
        (D.PENDING, "fail", D.FAILED),
        (D.ACCEPTED, "fail", D.FAILED),
        (D.UNCONFIRMED, "fail", D.FAILED),
        (D.SENDING, "deliver", D.DELIVERED),
        (D.PENDING, "deliver", D.DELIVERED),
        (D.ACCEPTED, "deliver", D.DELIVERED),
        (D.UNCONFIRMED, "deliver", D.DELIVERED),
        (D.FAILED, "deliver", D.DELIVERED),
        (D.ACCEPTED, "try_again", D.PENDING),
        (D.ACCEPTED, "lapse", D.UNCONFIRMED),
        (D.FAILED, "retry", D.PENDING),
    ),
)

#: Nothing more will happen to these by itself.
FINAL_DELIVERY = frozenset({D.DELIVERED, D.FAILED, D.SUPPRESSED, D.UNCONFIRMED})
#: Deliveries of an alert may leave in these, and only in these (active: an operator tries failed ones again).
SENDING_ALERT = frozenset({A.BROADCASTING, A.ACTIVE})
#: What residents can see as in force or recently sent.
PUBLIC_ALERT = frozenset({A.BROADCASTING, A.ACTIVE, A.STOPPED, A.SUPERSEDED, A.CANCELLED, A.EXPIRED})
