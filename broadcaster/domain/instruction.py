"""Open instructions: what people in a zone were told to do, and still are, until somebody lifts it.

Opened by an alert of a kind that says so, in every zone that the alert reaches; renewed by a later alert with the same key; closed
only by an all-clear that names it. Expiry of an alert never closes one: silence is not safety (SECURITY R15).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction in one zone. `level`: 1 advice, 2 get ready, 3 act now. `expires_at`: when the latest alert that gave it ran out."""

    zone: str
    key: str
    level: int
    alert_id: str
    expires_at: datetime | None

    def not_renewed(self, now: datetime) -> bool:
        """True when its alert has run out and nobody has said anything since: it still holds, and the page must say so."""
        return self.expires_at is not None and self.expires_at <= now


def remaining(
    open_now: Iterable[Instruction], lifted_keys: Iterable[str], lifted_zones: Iterable[str]
) -> tuple[Instruction, ...]:
    """What is still in force once `lifted_keys` are lifted in `lifted_zones`."""
    keys, zones = set(lifted_keys), set(lifted_zones)
    return tuple(each for each in open_now if not (each.key in keys and each.zone in zones))


def worth_saying(open_now: Iterable[Instruction], covers: Mapping[str, Collection[str]]) -> tuple[Instruction, ...]:
    """What texts repeat: not "get ready to leave" where people are told to leave. `covers`: key → weaker keys."""
    everything = tuple(open_now)
    covered = {(each.zone, weaker) for each in everything for weaker in covers.get(each.key, ())}
    return tuple(each for each in everything if (each.zone, each.key) not in covered)


def by_key(instructions: Iterable[Instruction]) -> Mapping[str, Sequence[str]]:
    """Key → its zones in order, the strongest instruction first."""
    ordered = sorted(instructions, key=lambda each: (-each.level, each.key, each.zone))
    found: dict[str, list[str]] = {}
    for each in ordered:
        found.setdefault(each.key, []).append(each.zone)
    return found
