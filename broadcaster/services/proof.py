"""Proof of life: the staff's own phones get every text first, so that those who sent it see it arrive, or fail to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from broadcaster.domain.lifecycle import DeliveryState
from broadcaster.runtime import Runtime
from broadcaster.store import fanout, residents, tallies
from broadcaster.store.alerts import AlertRow
from channels import CHANNELS
from channels.base import Message


def first_to_staff(rt: Runtime, tx: Connection, alert: AlertRow, texts: Mapping[int, Message]) -> None:
    """In the approval's transaction, ahead of the plans: one text to each of the profile's staff phones.

    `texts` are the messages of one personal channel by number. A staff member who is also a resident gets the text in the
    language that the register knows; one text per phone and alert, so the plans make none for these phones.
    """
    numbers = {message.language: number for number, message in texts.items()}
    told = [(phone, numbers[_language(rt, tx, phone, numbers)]) for phone in dict.fromkeys(rt.profile.staff_phones)]
    if told:
        (channel,) = {message.channel for message in texts.values()}
        fanout.to_staff(tx, alert, channel, told)


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the text to one staff phone: seconds after the approval until the provider took it, and until it arrived."""

    phone: str
    state: DeliveryState
    reason: str
    code: str
    accepted_after: float | None
    delivered_after: float | None


@dataclass(frozen=True, slots=True)
class Proof:
    """The texts to the staff's phones. `needed` is False for an alert that has no texts at all."""

    told: Sequence[Told]
    needed: bool

    @property
    def arrived(self) -> Sequence[Told]:
        """Those that have arrived, the first one first."""
        there = [each for each in self.told if each.delivered_after is not None]
        return sorted(there, key=lambda each: each.delivered_after or 0.0)


def of_alert(rt: Runtime, connection: Connection, alert: AlertRow) -> Proof:
    """How it stands with the staff's own phones."""
    told = [
        Told(
            row.address,
            DeliveryState(row.state),
            row.reason,
            row.code,
            _after(alert, row.accepted_at),
            _after(alert, row.final_at) if row.state == DeliveryState.DELIVERED else None,
        )
        for row in tallies.staff(connection, alert.id)
    ]
    return Proof(told, any(rt.personal(name) for name in alert.draft["channels"] if name in CHANNELS))


def document(proof: Proof) -> list[dict[str, object]]:
    """As the API and `--json` show it; a phone by its last three digits."""
    return [
        {
            "phone": f"…{each.phone[-3:]}",
            "state": str(each.state),
            "reason": each.reason,
            "accepted_after": each.accepted_after,
            "delivered_after": each.delivered_after,
        }
        for each in proof.told
    ]


def _after(alert: AlertRow, moment: datetime | None) -> float | None:
    """Seconds since the approval; the database's clock may be a little behind ours."""
    if moment is None or alert.approved_at is None:
        return None
    return round(max(0.0, (moment - alert.approved_at).total_seconds()), 1)


def _language(rt: Runtime, tx: Connection, phone: str, numbers: Mapping[str, int]) -> str:
    known = residents.by_phone(tx, phone)
    wanted = (known.language if known else "", rt.profile.fallback)
    return next((each for each in wanted if each in numbers), next(iter(numbers)))
