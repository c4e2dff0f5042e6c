"""Puts a run's figures where people read them: plots into docs/images, and the table of goals into docs/benchmarks.md.

`python -m bench.report FIGURES.json …` after `python -m bench --full --json FIGURES.json`. Of several runs, each of some benchmarks,
the later one's figures count.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from bench import plots
from broadcaster.runtime import FOLDER

PAGE, IMAGES = FOLDER / "docs" / "benchmarks.md", FOLDER / "docs" / "images"
BEGIN, END = "<!-- figures: written by python -m bench.report -->", "<!-- end of figures -->"


def figures(document: dict[str, Any], drawn: list[Path]) -> str:
    """The part of the page that a run writes."""
    return "\n".join([BEGIN, *_lines(document, drawn), END])


def _lines(document: dict[str, Any], drawn: list[Path]) -> Iterator[str]:
    met = sum(each["met"] for each in document["goals"])
    yield f"Measured {document['at'][:10]} on {document['machine']}: {met} of {len(document['goals'])} goals met."
    for full, words in ((True, "Full sizes"), (False, "Small sizes")):
        if names := [name for name, each in document["sizes"].items() if each is full]:
            yield f"{words}: {', '.join(names)}."
    yield ""
    yield "| Goal | Measured | Wanted | | |"
    yield "|---|---:|---:|---|---|"
    for each in document["goals"]:
        bound = f"≤ {each['at_most']:,g}" if "at_most" in each else f"≥ {each['at_least']:,g}"
        verdict = "met" if each["met"] else "**missed**"
        measured = plots.figure(each["measured"])
        yield f"| {each['goal']} | {measured}{each['unit']} | {bound}{each['unit']} | {verdict} | {each['note']} |"
    for path in drawn:
        yield ""
        yield f"![{path.stem.removeprefix('bench-').replace('-', ', ').capitalize()}: bars with their figures](images/{path.name})"
    yield ""


def write(document: dict[str, Any]) -> list[Path]:
    """Draw the plots and replace the page's figures; returns the files written."""
    drawn = plots.draw(document, IMAGES)
    page = PAGE.read_text(encoding="utf-8")
    before, _, rest = page.partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + figures(document, drawn) + after, encoding="utf-8")
    return [PAGE, *drawn]


def together(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One document of several runs; `sizes` says of each benchmark whether it ran at its full size."""
    figures = {name: each for run in runs for name, each in run["figures"].items()}
    sizes = {name: run["full"] for run in runs for name in run["figures"]}
    # A goal's name ends with its size where that differs, so what was measured anew is told by its benchmark.
    goals = [
        goal
        for number, run in enumerate(runs)
        for goal in run["goals"]
        if not any(goal["benchmark"] in later["figures"] for later in runs[number + 1 :])
    ]
    return runs[-1] | {"figures": figures, "sizes": sizes, "goals": goals}


def main() -> None:
    """Read the figures of one run or several and write them into the docs."""
    if len(sys.argv) < 2:
        sys.exit("python -m bench.report FIGURES.json …")
    runs = [json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:]]
    for path in write(together(runs)):
        print(path.relative_to(FOLDER))


if __name__ == "__main__":
    main()
