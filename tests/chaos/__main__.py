"""`python -m tests.chaos --seeds 10`: runs on both databases, side by side as the machine allows; a table and the exit code at the end.

`--seed 7 --database sqlite` repeats one run.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chaos.acts import Outcome
from tests.chaos.clocks import install, library
from tests.chaos.plan import LONG, plan
from tests.chaos.report import complaints, table
from tests.chaos.running import run
from tests.processes.installed import ROOT

DATABASES = ("sqlite", "postgresql")


def main() -> int:
    # So that whatever was started is ended in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    words = _arguments()
    if words.plan:
        print(json.dumps(plan(words.seed or 1, LONG).document(), indent=2))  # noqa: T201
        return 0
    if words.seed is not None and words.document:
        outcome = run(words.seed, words.database, LONG)
        words.document.write_text(json.dumps(outcome.document(), indent=2))
        return 1 if complaints(outcome) else 0
    seeds = [words.seed] if words.seed is not None else list(range(words.first, words.first + words.seeds))
    chosen = DATABASES if words.database == "both" else (words.database,)
    install()
    if not library():
        sys.stdout.write("no clock is set wrong: libfaketime is missing (Debian: apt-get install faketime)\n")
    outcomes = _side_by_side([(seed, database) for seed in seeds for database in chosen], words.abreast)
    sys.stdout.write(table(outcomes))
    if words.json:
        words.json.write_text(json.dumps([outcome.document() for outcome in outcomes], indent=2))
    failed = [outcome for outcome in outcomes if complaints(outcome)]
    for outcome in failed:
        for complaint in complaints(outcome):
            sys.stdout.write(f"{outcome.database}, seed {outcome.seed}: {complaint}; see {outcome.folder}\n")
    return 1 if failed else 0


def _arguments() -> Any:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10, help="how many runs on each database")
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--seed", type=int, help="only this one")
    parser.add_argument("--database", choices=(*DATABASES, "both"), default="both")
    parser.add_argument(
        "--abreast", type=int, default=max(1, min(4, os.cpu_count() or 1)), help="runs at the same time"
    )
    parser.add_argument("--json", type=Path, help="where to write what came of all runs")
    parser.add_argument("--plan", action="store_true", help="only print what a seed would do")
    parser.add_argument("--document", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def _side_by_side(wanted: list[tuple[int, str]], abreast: int) -> list[Outcome]:
    """Each run is a process of its own, so that one that hangs or dies is not the end of the others."""
    outcomes: list[Outcome] = []
    running: list[tuple[subprocess.Popen[bytes], int, str, Path]] = []
    with tempfile.TemporaryDirectory(prefix="bc-chaos-") as folder:
        try:
            while wanted or running:
                while wanted and len(running) < abreast:
                    seed, database = wanted.pop(0)
                    document = Path(folder) / f"{database}-{seed}.json"
                    program = [sys.executable, "-m", "tests.chaos", "--seed", str(seed), "--database", database]
                    process = subprocess.Popen([*program, "--document", str(document)], cwd=ROOT)
                    running.append((process, seed, database, document))
                for each in [each for each in running if each[0].poll() is not None]:
                    running.remove(each)
                    outcomes.append(_read(*each))
                time.sleep(0.2)
        finally:
            for process, *_ in running:
                process.terminate()
            for process, *_ in running:
                process.wait()
    return sorted(outcomes, key=lambda outcome: (outcome.database, outcome.seed))


def _read(process: "subprocess.Popen[bytes]", seed: int, database: str, document: Path) -> Outcome:
    try:
        return Outcome(**json.loads(document.read_text()))
    except (OSError, ValueError):
        return Outcome(seed, database, problems=[f"the run ended with exit code {process.returncode} and no result"])


if __name__ == "__main__":
    sys.exit(main())
