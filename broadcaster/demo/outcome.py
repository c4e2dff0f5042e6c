"""What became of one alert of the demo, and the one document that tells it to machines (the shape is the contract's)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broadcaster.demo.count import Tally
from broadcaster.demo.story import Scene


@dataclass(frozen=True, slots=True)
class Played:
    """One alert after it went out. `deliveries`: channel → state → number.

    `first` and `all` are seconds from the approval: to the first page, post or text that a provider has taken, and to the
    moment when every delivery was final; None when that has not come. `missing` says what is not final, "" when all is.
    """

    scene: Scene
    id: str
    identifier: str
    kind: str
    state: str
    deliveries: Mapping[str, Mapping[str, int]]
    first: float | None
    all: float | None
    missing: str = ""


def document(played: Sequence[Played], total: Tally) -> dict[str, Any]:
    """As `demo --json` prints it."""
    return {
        "alerts": [
            {
                "id": each.id,
                "identifier": each.identifier,
                "kind": each.kind,
                "state": each.state,
                "deliveries": {channel: dict(states) for channel, states in each.deliveries.items()},
                "seconds": {"first": each.first, "all": each.all},
            }
            for each in played
        ],
        "lost": total.lost,
        "duplicates": total.doubled,
    }


def complaints(played: Sequence[Played], total: Tally, scenes: int) -> list[str]:
    """Why the demo has failed, a line each; empty when everything reached everybody once."""
    found = [f"{each.identifier} is not final: {each.missing}" for each in played if each.missing]
    if len(played) < scenes:
        found.append(f"only {len(played)} of {scenes} alerts were played")
    if total.lost:
        found.append(f"{total.lost} messages are missing at the providers")
    if total.doubled:
        found.append(f"{total.doubled} messages are at the providers that nobody should have got, or got again")
    return found
