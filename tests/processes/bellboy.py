"""A worker process for tests: listens on one lane and writes down each job it is called for, instead of doing it.

`python bellboy.py URL LANE FILE`. A batch id of 1000 or more takes as many milliseconds.
"""

import sys
import time
from pathlib import Path
from types import ModuleType


def _jobs(notes: Path) -> ModuleType:
    """A module in place of broadcaster.jobs, with the same names."""

    def note(name: str) -> object:
        def job(number: int | str) -> None:
            with notes.open("a") as file:
                file.write(f"begin {name} {number}\n")
            if isinstance(number, int) and number >= 1000:
                time.sleep(number / 1000)
            with notes.open("a") as file:
                file.write(f"end {name} {number}\n")

        return job

    module = ModuleType("broadcaster.jobs")
    for name in ("deliver_batch", "materialise", "publish", "pull"):
        setattr(module, name, note(name))
    return module


if __name__ == "__main__":
    url, lane, file = sys.argv[1:]
    sys.modules["broadcaster.jobs"] = _jobs(Path(file))

    from broadcaster.store.queue import Worker

    Worker(url, lane).work()
    with Path(file).open("a") as end:
        end.write("left in peace\n")
