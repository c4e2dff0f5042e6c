"""What all benchmarks share: what was asked for, what they answer, and the command line that each has of its own."""

import argparse
import json
import signal
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from bench import machine
from bench.site import Kind

DATABASES: tuple[Kind, ...] = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Options:
    """`full` asks for the sizes that the goals are set for (an hour); without it the same is done with less."""

    databases: tuple[Kind, ...] = DATABASES
    full: bool = False
    rounds: int = 3
    say: Callable[[str], None] = print

    @property
    def some(self) -> tuple[Kind, ...]:
        """All databases in the full run, else the first: for what depends little on which it is."""
        return self.databases if self.full else self.databases[:1]


@dataclass(frozen=True, slots=True)
class Goal:
    """One promise and what came of it. `goal` is the least allowed, or the most when `at_most`."""

    words: str
    measured: float
    goal: float
    unit: str = ""
    at_most: bool = False
    #: What a reader must know to judge the figure, such as a smaller size.
    note: str = ""

    @property
    def met(self) -> bool:
        return self.measured <= self.goal if self.at_most else self.measured >= self.goal

    def plain(self) -> dict[str, Any]:
        """For JSON."""
        bound = "at most" if self.at_most else "at least"
        return {
            "goal": self.words,
            "measured": self.measured,
            bound.replace(" ", "_"): self.goal,
            "unit": self.unit,
            "met": self.met,
            "note": self.note,
        }


@dataclass(slots=True)
class Report:
    """What one benchmark found: a line per goal, and all figures by name."""

    goals: list[Goal] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


Benchmark = Callable[[Options], Report]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed (nearest rank); of few values the largest."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * int(share * 1000) // 1000) - 1))]


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, 99th of a hundred and largest, in seconds."""
    return {
        "p50": round(statistics.median(values), 4),
        "p99": round(percentile(values, 0.99), 4),
        "max": round(max(values), 4),
        "count": len(values),
    }


def table(goals: Sequence[Goal]) -> str:
    """One line per goal: what was measured, what is wanted, and whether it is met, in a word."""
    rows = [(each.words, _figure(each.measured, each.unit), _bound(each), _verdict(each), each.note) for each in goals]
    head = ("goal", "measured", "wanted", "", "note")
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(5)]
    lines = [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:<{widths[3]}}  {row[4]}".rstrip()
        for row in [head, *rows]
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _figure(value: float, unit: str) -> str:
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}{unit}" if value else f"0{unit}"


def _bound(goal: Goal) -> str:
    return f"{'≤' if goal.at_most else '≥'} {goal.goal:,g}{goal.unit}"


def _verdict(goal: Goal) -> str:
    return "met" if goal.met else "MISSED"


def tidy_when_ended() -> None:
    """Let SIGTERM leave by the same doors as Ctrl-C, so that whatever was started is ended."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, leave)


def parser(words: str | None) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    prog = f"python -m {spec.name.removesuffix('.__main__')}" if spec else None
    found = argparse.ArgumentParser(prog=prog, description=words)
    found.add_argument("--database", choices=DATABASES, help="one of them alone; both are the default")
    found.add_argument("--full", action="store_true", help="the sizes that the goals are set for")
    found.add_argument("--rounds", type=int, default=3, help="of which the median counts")
    found.add_argument("--json", default="", metavar="FILE", help="write all figures there; - is the screen")
    return found


def options(given: argparse.Namespace) -> Options:
    """What the command line asks for."""
    chosen = (given.database,) if given.database else DATABASES
    return Options(chosen, given.full, given.rounds)


def write(figures: object, target: str) -> None:
    """The figures as JSON on the screen (-) or in a file; nowhere for an empty name."""
    text = json.dumps(figures, indent=1, default=str)
    if target == "-":
        print(text)
    elif target:
        Path(target).write_text(f"{text}\n", encoding="utf-8")


def command(benchmark: Benchmark, words: str | None) -> None:
    """The command line of one benchmark alone."""
    tidy_when_ended()
    given = parser(words).parse_args()
    print(machine.words())
    began = time.monotonic()
    report = benchmark(options(given))
    print(f"\n{table(report.goals)}\n\n{time.monotonic() - began:.0f} s in all")
    write({"goals": [each.plain() for each in report.goals], "figures": report.figures}, given.json)
