"""The ladder for one person awake: its clocks, and what may go by it. Rules only; services and sweeps move the rows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from broadcaster.domain.alert import ResponseType, Severity, Urgency

#: After so long without a decision the next approver is called, and then again after as long.
CALL_EVERY = timedelta(minutes=5)
#: After so long the frozen fallback wording may go.
FALLBACK_AFTER = timedelta(minutes=10)
#: What went without an ordinary second person is countersigned within this time.
REVIEW_WITHIN = timedelta(minutes=60)
#: Where a borrowed approver comes from.
POSTS = ("neighbour", "control-room", "medical-officer", "chief-executive")
#: The longest that an approver is borrowed in one go.
LONGEST_LOAN = timedelta(days=14)
#: Severities at which the fallback wording may go (CAP 1.2).
SEVERE = frozenset({Severity.EXTREME, Severity.SEVERE})


@dataclass(frozen=True, slots=True)
class Scope:
    """What somebody may approve who is no approver of the house: these kinds, in these zones, and nothing else."""

    kinds: frozenset[str]
    zones: frozenset[str]

    def covers(self, kind: str, area: Mapping[str, object]) -> bool:
        """True when an alert of `kind` for the stored `area` is wholly within it.

        Only zones from the list count: of what is drawn by hand nobody can say at a glance where it ends.
        """
        return kind in self.kinds and within(area, self.zones)


def within(area: Mapping[str, object], zones: Collection[str]) -> bool:
    """True when a stored area consists of zones only, all of them among `zones`."""
    named = area.get("zones") or ()
    if not isinstance(named, list | tuple) or not named:
        return False
    return not any(area.get(each) for each in ("polygon", "circle", "near")) and set(named) <= set(zones)


def why_no_fallback(
    urgency: Urgency | None,
    severity: Severity | None,
    responses: Collection[ResponseType],
    area: Mapping[str, object],
    zones: Collection[str],
    always_two: bool,
) -> str:
    """Why the frozen wording for such an alert may not go by one person; empty when it may (SECURITY R1)."""
    if always_two:
        return "this kind always needs a second person"
    if ResponseType.ALL_CLEAR in responses or urgency is Urgency.PAST:
        return "nothing is ever lifted by one person"
    if urgency is not Urgency.IMMEDIATE or severity not in SEVERE:
        return "only what is Immediate, and Severe or Extreme, may go by one person"
    if not within(area, zones):
        return "it reaches outside the zones for which the profile allows it"
    return ""
