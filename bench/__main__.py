"""All benchmarks in one run, with the peers beside ours: `make bench`, or `python -m bench --full` for the sizes of the goals."""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from bench import frame, machine
from bench.frame import Goal, Report

#: In the order in which they run.
NAMES = ("fanout", "slow", "latency", "rates", "audience", "receipts", "consoles", "growth", "whole", "preview")
WORDS = {
    False: "A short run: smaller sizes, about ten minutes. `make bench FULL=1` runs the sizes that the goals are set for (an hour).",
    True: "The full run: every size is the goal's own. It takes about an hour.",
}


def _names(text: str) -> tuple[str, ...]:
    wanted = tuple(each.strip() for each in text.split(",") if each.strip())
    if not wanted or set(wanted) - set(NAMES):
        raise argparse.ArgumentTypeError(f"there are {', '.join(NAMES)}")
    return wanted


def main(words: Sequence[str] | None = None) -> int:
    """Run what was asked for and print a line per goal. The exit code is 0 whether goals are met or not: this measures.

    1 when a benchmark itself has failed.
    """
    parser = frame.parser(__doc__)
    parser.add_argument("--only", type=_names, default=NAMES, metavar="NAME,…", help=f"some of {', '.join(NAMES)}")
    given = parser.parse_args(words)
    frame.tidy_when_ended()
    options = replace(frame.options(given), say=_say)
    what, began, goals, figures = machine.words(), time.monotonic(), list[Goal](), dict[str, Any]()
    plain: list[dict[str, Any]] = []
    failed: list[str] = []
    _say(f"{what}\n{WORDS[given.full]}\nOthers use the processor too: trust ratios and processor time before rates.")
    for name in given.only:
        started = time.monotonic()
        _say(f"\n== {name}")
        try:
            report: Report = import_module(f"bench.{name}").run(options)
        except (TimeoutError, RuntimeError) as error:
            # The others can still be measured.
            failed.append(name)
            _say(f"FAILED: {error}")
            continue
        goals += report.goals
        plain += [{"benchmark": name, **each.plain()} for each in report.goals]
        figures[name] = report.figures
        _say(f"\n{frame.table(report.goals)}")
        _say(f"   {time.monotonic() - started:.0f} s")
    _say(f"\n{frame.table(goals)}")
    missed = sum(not each.met for each in goals)
    _say(
        f"\n{len(goals) - missed} of {len(goals)} goals met, {missed} missed; {time.monotonic() - began:.0f} s in all."
    )
    if failed:
        _say(f"Not measured, because it failed: {', '.join(failed)}.")
    document = {
        "machine": what,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "full": given.full,
        "failed": failed,
        "goals": plain,
        "figures": figures,
    }
    frame.write(document, given.json)
    return 1 if failed else 0


def _say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
