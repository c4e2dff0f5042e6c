"""What all runs came to: a table for people, and what is wrong with one, in words."""

from collections.abc import Sequence

from tests.chaos.acts import RESOLVES, RESUMES, STOP_HOLDS, Outcome

#: Fewer would prove little.
LEAST_KILLS = 25
_HEAD = (
    "database",
    "seed",
    "kills",
    "pauses",
    "faults",
    "lost",
    "doubled",
    "after stop",
    "resumed",
    "resolved",
    "took",
)


def complaints(outcome: Outcome) -> list[str]:
    """Why a run has failed; empty when it has not."""
    found = list(outcome.problems)
    if outcome.lost or outcome.doubled:
        found.append(f"lost {outcome.lost}, doubled {outcome.doubled}")
    if outcome.after_stop is not None and outcome.after_stop > STOP_HOLDS:
        found.append(f"a call came {outcome.after_stop} s after the stop")
    if outcome.resumed is not None and outcome.resumed >= RESUMES:
        found.append(f"a dead worker's batch lay still for {outcome.resumed} s")
    if outcome.resolved is not None and outcome.resolved >= RESOLVES:
        found.append(f"texts were unknown for {outcome.resolved} s")
    return found


def table(outcomes: Sequence[Outcome]) -> str:
    """One line per run, and one for all; times in seconds."""
    rows = [_HEAD, *(_row(outcome) for outcome in outcomes), _total(outcomes)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    rule = "-" * len(lines[0])
    return "\n".join(["", lines[0], rule, *lines[1:-1], rule, lines[-1], ""])


def _row(outcome: Outcome) -> tuple[str, ...]:
    counts = (outcome.kills, outcome.pauses, outcome.faults, outcome.lost, outcome.doubled)
    times = (outcome.after_stop, outcome.resumed, outcome.resolved, outcome.seconds)
    return (outcome.database, str(outcome.seed), *map(str, counts), *map(_seconds, times))


def _total(outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    counts = [
        sum(getattr(each, name) for each in outcomes) for name in ("kills", "pauses", "faults", "lost", "doubled")
    ]
    worst = [
        max((value for each in outcomes if (value := getattr(each, name)) is not None), default=None)
        for name in ("after_stop", "resumed", "resolved", "seconds")
    ]
    return ("all", "", *map(str, counts), *map(_seconds, worst))


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
