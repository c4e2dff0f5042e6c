"""The tests' own way into the same command line: `python -m tests.chaos.quick run` is `broadcaster run` with less patience.

Every process that it starts comes in here again. The relations of docs/delivery.md hold: a call is shorter than the lease, and
the grace longer than what may still leave plus the provider's lag.
"""

import sys

from broadcaster import runtime
from broadcaster.cli import main
from broadcaster.domain import breaker
from broadcaster.processes import supervision
from broadcaster.runtime import Timing
from broadcaster.services import holding, sweeping

QUICK = Timing(
    call=1.0,
    lease=2.5,
    grace=4.0,
    slice=0.5,
    stale=1.5,
    page_wait=1.0,
    job=3.0,
    pull_after=1.0,
    pull_again=1.0,
    ring_again=0.5,
)


def hurry() -> None:
    """Replace the patience of this process and of its children."""

    def own(*words: str) -> list[str]:
        return [sys.executable, "-m", "tests.chaos.quick", *words]

    vars(runtime)["Timing"] = lambda: QUICK
    vars(supervision)["_own"] = own
    vars(sweeping).update(LEASE=2.0, AGAIN=1.0)
    vars(holding).update(SILENCE=0.5, LONGEST_SILENCE=2.0)
    # On a busy machine a call takes longer than a second; what then opens would stay open for longer than the whole short form.
    vars(breaker).update(MOST_ERRORS=10_000, SILENT_TRIES=10_000)


if __name__ == "__main__":
    hurry()
    main()
